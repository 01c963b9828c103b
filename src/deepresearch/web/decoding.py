"""Bodies within limits: raw bytes counted, decompression bounded by zlib's own output limit.

A cap on what a client library hands out is not a cap: the library inflates first and counts afterwards.
"""

import zlib

from ..errors import FetchFailed

STEP = 64 * 1024  # most bytes that zlib may put out at once
RATIO = 200
"""Decoded over raw; pages reach 50, DEFLATE can reach 1,032."""
RATIO_FLOOR = 2**20
"""Decoded bytes below which the ratio is not looked at."""
MOST_MEMBERS = 1_000  # parts of one gzip stream; honest ones have one
_GZIP = 31  # zlib's window bits for gzip, the only encoding that is asked for


def is_gzip(header: str, place: str) -> bool:
    """Whether a body is compressed. Raises FetchFailed for nested encodings (bomb) and for others (wrong_kind)."""
    names = [name for part in header.lower().split(",") if (name := part.strip()) and name != "identity"]
    if len(names) > 1:
        raise FetchFailed(f"{place}: encodings within encodings ({header[:60]}) are not undone.", outcome="bomb")
    if names and names[0].removeprefix("x-") != "gzip":
        raise FetchFailed(f"{place} is encoded as {names[0][:30]!r}, which was not asked for.", outcome="wrong_kind")
    return bool(names)


class Body:
    """Takes raw chunks, gives the decoded body; never has in memory more than `max_bytes` and a little.

    Every method raises FetchFailed: too_large, bomb, broken.
    """

    def __init__(self, gzipped: bool, max_bytes: int, place: str, *, cut: bool = False) -> None:
        """place: names the page in errors. cut: a longer body is cut at `max_bytes`, rather than refused."""
        self._gzipped = gzipped
        self._place = place
        self._cut = cut
        self._max_bytes = max_bytes
        self._inflater: zlib._Decompress | None = None
        # Pieces, not one growing buffer: that is copied as it grows, and then takes twice its size.
        self._pieces: list[bytes] = []
        self._length = 0
        self._members = 0
        self._ended = False
        self.raw = 0  # bytes received
        self.is_full = False
        """Whether the body has been cut: nothing more is wanted."""

    def feed(self, chunk: bytes) -> None:
        """Take the next raw chunk."""
        self.raw += len(chunk)
        if self.raw > self._max_bytes and not self._cut:
            raise self._too_large()
        if not self._gzipped:
            self._take(chunk)
        elif chunk:
            self._inflate(chunk)

    def finish(self) -> bytes:
        """The whole body."""
        if self._inflater and not self._inflater.eof and not self.is_full:
            raise FetchFailed(f"{self._place}: the compressed body ends before its end.", outcome="broken")
        return b"".join(self._pieces)

    def _inflate(self, data: bytes) -> None:
        while data and not (self._ended or self.is_full):
            if (self._inflater is None or self._inflater.eof) and not self._begin(data):
                return
            assert self._inflater
            try:
                out = self._inflater.decompress(data, STEP)
                # A full step may leave more inside zlib although all input is taken.
                while len(out) == STEP and not (self._inflater.unconsumed_tail or self.is_full):
                    self._take(out)
                    out = self._inflater.decompress(b"", STEP)
            except zlib.error as error:
                raise FetchFailed(
                    f"{self._place}: the compressed body is damaged ({error}).", outcome="broken"
                ) from error
            self._take(out)
            data = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail

    def _begin(self, data: bytes) -> bool:
        """Start on the next member; whatever follows the last one and is none is ignored, as browsers do."""
        if self._members and data[0] != 0x1F:
            self._ended = True
            return False
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise FetchFailed(f"{self._place} is made of more than {MOST_MEMBERS} gzip streams.", outcome="bomb")
        self._inflater = zlib.decompressobj(_GZIP)
        return True

    def _take(self, out: bytes) -> None:
        self._length += len(out)
        if self._length > max(RATIO_FLOOR, RATIO * self.raw):
            raise FetchFailed(
                f"{self._place}: {self.raw} bytes unpack to more than {RATIO} times as much.", outcome="bomb"
            )
        if self._length > self._max_bytes:
            if not self._cut:
                raise self._too_large()
            self.is_full = True
            out = out[: len(out) - (self._length - self._max_bytes)]
        self._pieces.append(out)

    def _too_large(self) -> FetchFailed:
        return FetchFailed(f"{self._place} is larger than {self._max_bytes / 2**20:.1f} MiB.", outcome="too_large")
