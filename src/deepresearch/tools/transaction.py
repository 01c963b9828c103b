"""Replace, make and remove several files as one step: all of it or none of it.

New contents are first written whole to temporary files beside their targets, which is where a full disk shows;
then renames put them in place. A failure among the renames takes back those that were done.
"""

import errno
import os
import stat
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass

from ..errors import ToolFailed


@dataclass(frozen=True)
class Target:
    """A name in an open folder; close it, or hand it to a transaction, which does."""

    folder: int
    """Descriptor, owned."""
    name: str

    def close(self) -> None:
        os.close(self.folder)

    def link(self) -> str | None:
        """Where the name points, if it is a link."""
        try:
            return os.readlink(self.name, dir_fd=self.folder)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):  # something else, or nothing yet
                return None
            raise

    def state(self) -> os.stat_result | None:
        """What the name is now, a link being itself; None: nothing."""
        try:
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def identity(self) -> tuple[int, int, str]:
        """The same for every path that leads to this name."""
        folder = os.fstat(self.folder)
        return folder.st_dev, folder.st_ino, self.name


@dataclass
class _Step:
    target: Target
    temporary: str
    backup: str
    removal: bool
    old: os.stat_result | None = None
    done: bool = False

    def clear(self) -> None:
        """Remove temporary files. One that stays is untidy, not wrong: the next transaction of this tag removes it."""
        for name in (self.temporary, self.backup):
            with suppress(OSError):
                os.unlink(name, dir_fd=self.target.folder)

    def write(self, data: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(self.temporary, flags, 0o666, dir_fd=self.target.folder)
        try:
            if self.old is not None:
                os.fchmod(file, self.old.st_mode & 0o777)
            left = memoryview(data)
            while left:
                left = left[os.write(file, left) :]
            os.fsync(file)
        finally:
            os.close(file)

    def perform(self, keep: bool) -> None:
        """Put the new state in place; `keep` the old one under the backup's name."""
        folder, name = self.target.folder, self.target.name
        if self.removal:
            if keep:
                os.rename(name, self.backup, src_dir_fd=folder, dst_dir_fd=folder)
            elif self.old is not None and stat.S_ISDIR(self.old.st_mode):
                os.rmdir(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)
        else:
            if keep and self.old is not None:
                os.link(name, self.backup, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            os.rename(self.temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        self.done = True

    def take_back(self) -> None:
        folder, name = self.target.folder, self.target.name
        if self.old is None:
            os.unlink(name, dir_fd=folder)
        else:
            os.rename(self.backup, name, src_dir_fd=folder, dst_dir_fd=folder)


class Transaction(ExitStack):
    """Stage everything, then `commit`; leaving the context without a commit leaves no trace. Raises OSError."""

    def __init__(self, tag: str) -> None:
        """`tag` names the temporary files; those that a crashed transaction of this tag left are cleared away."""
        super().__init__()
        self._tag = tag
        self._steps: list[_Step] = []
        self._made: list[Target] = []
        self._taken: set[tuple[int, int, str]] = set()
        self._committed = False

    def make_folder(self, target: Target) -> None:
        """Make a folder at once, so that files can be staged in it."""
        self.enter_context(closing(target))
        os.mkdir(target.name, dir_fd=target.folder)
        self._made.append(target)
        self.callback(self._remove_folder, target)

    def _remove_folder(self, made: Target) -> None:
        if not self._committed:
            with suppress(OSError):  # somebody else put something in it meanwhile
                os.rmdir(made.name, dir_fd=made.folder)

    def stage(self, target: Target, data: bytes | None) -> None:
        """Prepare to write `data` to the target, or, for None, to remove it."""
        step = self._step(target, removal=data is None)
        if data is None:
            return
        if step.old is not None and not stat.S_ISREG(step.old.st_mode):
            code = errno.EISDIR if stat.S_ISDIR(step.old.st_mode) else errno.ENXIO
            raise OSError(code, os.strerror(code), target.name)
        step.write(data)

    def _step(self, target: Target, removal: bool) -> _Step:
        prefix = f".{self._tag}-{len(self._steps)}"
        step = _Step(target, f"{prefix}.new", f"{prefix}.old", removal)
        self.enter_context(closing(target))
        self.callback(step.clear)
        self._steps.append(step)
        step.clear()
        step.old = target.state()
        identity = target.identity()
        if identity in self._taken:
            raise ToolFailed(f"Two changes of one call mean the same file, {target.name!r}.", "Change a file once.")
        self._taken.add(identity)
        return step

    def commit(self) -> None:
        """Put everything in place and make it durable, or take back what was done and raise."""
        steps = [step for step in self._steps if not (step.removal and step.old is None)]
        try:
            for step in steps:
                step.perform(keep=len(steps) > 1)
            for folder in [step.target.folder for step in steps] + [made.folder for made in self._made]:
                os.fsync(folder)
        except OSError:
            for step in reversed(steps) if len(steps) > 1 else ():
                if step.done:
                    step.take_back()
            raise
        self._committed = True
