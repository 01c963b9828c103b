"""One writer per run: an advisory lock of the operating system, which ends with the process that holds it."""

import fcntl
import os
import time
from pathlib import Path

from ..errors import InternalError, RunBusy

TRIES = 3
"""Attempts: `is_locked` takes the lock for a moment, which may make one attempt fail."""


class RunLock:
    """The right to write one run, held from construction to `release`."""

    def __init__(self, path: Path, run: str) -> None:
        """Take the lock whose file is `path`. Raises RunBusy naming the process that holds it, InternalError."""
        try:
            self._file = path.open("a+")
        except OSError as error:
            raise InternalError(f"The lock {path} cannot be opened: {error.strerror}.") from error
        for _ in range(TRIES):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.01)
            else:
                break
        else:
            self._file.close()
            raise RunBusy(
                f"Run {run} is being written by {_holder(path)}.", "Wait for it, or cancel it, and try again."
            )
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Release the lock. The file stays: deleting it would let two processes hold two locks."""
        self._file.close()


def is_locked(path: Path) -> bool:
    """Whether a living process (this one included) holds the lock whose file is `path`."""
    try:
        file = path.open()
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _holder(path: Path) -> str:
    pid = path.read_text().strip()
    if pid == str(os.getpid()):
        return f"this very process ({pid})"
    return f"process {pid}" if pid else "another process"
