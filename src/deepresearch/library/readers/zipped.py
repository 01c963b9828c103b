"""Untrusted zip archives: the size of their content is bounded before anything is unpacked."""

import zipfile
from pathlib import Path

from ...errors import DocumentError

MOST_ENTRIES = 10_000
LARGEST = 512 * 1024 * 1024  # bytes of all entries, unpacked
LARGEST_RATIO = 200
"""Unpacked to packed size of an entry over a MiB; text and XML are packed 5 to 50 times smaller."""
_HINT = "Open it in the program that made it and save it again."


def open_zip(path: Path) -> zipfile.ZipFile:
    """The archive at `path`; its entries unpack to what it declares, never to more. Raises DocumentError, OSError."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise DocumentError(f"{path} is damaged: {error}.", _HINT) from error
    if reason := _objection(archive.infolist()):
        archive.close()
        raise DocumentError(f"{path} is not unpacked: {reason}.", _HINT)
    return archive


def unpacked(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    """One entry. Raises DocumentError that names `path` where it is missing or damaged."""
    try:
        return archive.read(name)
    except KeyError:
        raise DocumentError(f"{path} is damaged: it has no {name}.", _HINT) from None
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise DocumentError(f"{path} is damaged: {error}.", _HINT) from error


def _objection(entries: list[zipfile.ZipInfo]) -> str:
    if len(entries) > MOST_ENTRIES:
        return f"it has {len(entries)} entries, more than {MOST_ENTRIES}"
    total = sum(entry.file_size for entry in entries)
    if total > LARGEST:
        return f"it would unpack to {total // 2**20} MiB, more than {LARGEST // 2**20}"
    for entry in entries:
        if entry.file_size > 2**20 and entry.file_size > LARGEST_RATIO * max(entry.compress_size, 1):
            return f"{entry.filename} would unpack to {entry.file_size // max(entry.compress_size, 1)} times its size"
        if entry.flag_bits & 1:
            return "it is encrypted"
    return ""
