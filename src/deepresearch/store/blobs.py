"""Long texts beside the journal, by content hash: whole pages, full tool results."""

import hashlib
import re
from pathlib import Path

from ..errors import InternalError, JournalDamaged
from ..files import sync_folder, write_file

_HASH = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """Texts by content hash: one file each, in subfolders by the first two digits."""

    def __init__(self, folder: Path, durable: bool = True) -> None:
        """durable: a text is on the disk when `put` returns."""
        self.folder = folder
        self._durable = durable

    def put(self, text: str) -> str:
        """Keep `text`; gives its SHA-256 (hex). The same text again costs nothing.

        Raises InternalError where it cannot be written.
        """
        # Half a surrogate pair, as split streams leave it, must come back as it was.
        data = text.encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        try:
            if path.is_file() and path.read_bytes() == data:
                return digest
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
                if self._durable:
                    sync_folder(self.folder)
            if self._durable:
                write_file(path, [data])
            else:
                path.write_bytes(data)
        except OSError as error:
            raise InternalError(
                f"A text of {len(data)} bytes could not be stored in {path.parent}: {error.strerror}.",
                "Repair the disk, then resume the run.",
            ) from error
        return digest

    def get(self, digest: str) -> str:
        """The text of that hash. Raises JournalDamaged where it is missing or not what was put."""
        # An imported record can contain anything, and the hash becomes a path.
        if not _HASH.fullmatch(digest):
            raise JournalDamaged(f"{digest[:80]!r} is not a content hash.")
        path = self._path(digest)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise JournalDamaged(f"Text {digest} cannot be read from {path}: {error.strerror}.") from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise JournalDamaged(f"Text {digest}: {path} does not hold what was put there.")
        return data.decode("utf-8", "surrogatepass")

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest
