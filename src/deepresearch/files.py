"""Files that are whole or not there: written aside, synced, renamed into place."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path


def write_file(path: Path, chunks: Iterable[bytes]) -> None:
    """Put `chunks` at `path`, replacing what is there; durable on return.

    Whoever looks sees the old file or the whole new one. The folder must exist. A device or pipe (/dev/null) is written
    to, never replaced. Raises OSError.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as device:
            device.writelines(chunks)
        return
    aside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        with aside.open("xb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:  # of any kind, a cancellation too: no half-written file stays
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: a rename alone may be lost with the power. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
