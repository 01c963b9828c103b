"""Long texts beside the journal, by content hash: whole pages, full tool results."""

import hashlib
import re
from pathlib import Path
from typing import Protocol

from ..errors import InternalError, JournalDamaged
from ..files import sync_folder, write_file

_HASH = re.compile(r"[0-9a-f]{64}")


class Blobs(Protocol):
    """Texts by content hash."""

    def put(self, text: str) -> str:
        """Keep `text`, durable on return; gives its SHA-256 (hex). The same text again costs nothing.

        Raises InternalError where it cannot be written.
        """
        ...

    def get(self, digest: str) -> str:
        """The text of that hash. Raises JournalDamaged where it is missing or not what was put."""
        ...


class FolderBlobs:
    """One file per text, in subfolders by the first two digits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, text: str) -> str:
        data = _encode(text)
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        try:
            if path.is_file() and path.read_bytes() == data:
                return digest
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
                sync_folder(self.folder)
            write_file(path, [data])
        except OSError as error:
            raise InternalError(
                f"A text of {len(data)} bytes could not be stored in {path.parent}: {error.strerror}.",
                "Repair the disk, then resume the run.",
            ) from error
        return digest

    def get(self, digest: str) -> str:
        _check(digest)
        path = self._path(digest)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise JournalDamaged(f"Text {digest} cannot be read from {path}: {error.strerror}.") from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise JournalDamaged(f"Text {digest}: {path} does not hold what was put there.")
        return _decode(data)

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest


class MemoryBlobs:
    """The same in memory."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def put(self, text: str) -> str:
        digest = hashlib.sha256(_encode(text)).hexdigest()
        self._texts[digest] = text
        return digest

    def get(self, digest: str) -> str:
        _check(digest)
        if digest not in self._texts:
            raise JournalDamaged(f"Text {digest} is not in this store.")
        return self._texts[digest]


def _check(digest: str) -> None:
    # An imported record can contain anything, and the hash becomes a path.
    if not _HASH.fullmatch(digest):
        raise JournalDamaged(f"{digest[:80]!r} is not a content hash.")


def _encode(text: str) -> bytes:
    # Half a surrogate pair, as split streams leave it, must come back as it was.
    return text.encode("utf-8", "surrogatepass")


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
