"""The folder that a policy may read and write in, and the only way into it.

Every path comes from a model and may be hostile. It is opened below the workspace (safe_open.py), reads are of
regular files only and bounded, and writes replace whole files by rename: a file is the old one or the new one, and
a hard link or a device of that name is never written through.
"""

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from ..errors import BadArguments, Denied, PolicyError, ToolFailed
from .safe_open import MOST_LINKS, open_below
from .transaction import Target, Transaction

MAX_FILE = 8 * 2**20
"""Largest file that is read or written, bytes."""
QUOTA = 256 * 2**20
"""Disk space that all files of a workspace may take, bytes."""
MAX_ENTRIES = 10_000
"""Most files and folders of a workspace."""

Kind = Literal["file", "folder", "link", "other"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_SHORTHAND = re.compile(r"~(?:$|/|[\w.-]+/)|\$\{?[A-Za-z_]")
_BLOCK = 512
"""Bytes in the unit of st_blocks."""
_LONGEST_QUOTE = 120
"""Characters of a path that a message repeats."""


@dataclass(frozen=True)
class Entry:
    path: str
    kind: Kind
    size: int
    """Bytes."""
    modified: float
    """Seconds since the epoch."""
    space: int
    """Disk space taken, bytes: a sparse file takes less than its size."""


@dataclass(frozen=True)
class Change:
    """The state that a path is to have afterwards."""

    path: str
    data: bytes | None
    """Whole content; None: delete the file."""


class Workspace:
    """A workspace folder.

    Methods raise BadArguments for a path that cannot be one, Denied for a path that leads outside, ToolFailed for
    what does not work inside; the message names the path.
    """

    def __init__(self, root: Path, *, quota: int = QUOTA) -> None:
        """`root` is made where missing. `quota`: disk space that all files together may take, bytes."""
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._names = {str(root.absolute()), os.path.realpath(root)}
        self._quota = quota
        self._room = Room(0, 0)

    def relative(self, path: str) -> str:
        """`path` as a path relative to the workspace; an absolute one that begins with the workspace is taken as such.

        This only reads the text: where the path leads is decided when it is opened.
        """
        if not path.strip():
            raise BadArguments("The path is empty.", "Give a path in the workspace, such as notes.md.")
        if _CONTROL.search(path):
            raise BadArguments(f"Path {_quote(path)} holds a control character.", "Use a plain name such as notes.md.")
        if _SHORTHAND.match(path):
            raise Denied(
                f"Path {_quote(path)} begins with a shell shorthand, and none is expanded here.",
                "Give a path relative to the workspace, such as notes.md.",
            )
        if not path.startswith("/"):
            return path
        for name in self._names:
            if path == name or path.startswith(name + "/"):
                return path[len(name) :].lstrip("/") or "."
        raise Denied(f"{_quote(path)} is outside the workspace.", "Give a path relative to it, such as notes.md.")

    def read(self, path: str) -> bytes:
        """The whole content of a regular file."""
        path = self.relative(path)
        with _named(path):
            return self._read(path)

    def find(self, path: str) -> bytes | None:
        """Like `read`, but None where there is no such file."""
        path = self.relative(path)
        with _named(path):
            try:
                return self._read(path)
            except FileNotFoundError:
                return None

    def stat(self, path: str, *, follow: bool = True) -> Entry:
        """What is at `path`; with `follow`, a link that stays inside is its target."""
        path = self.relative(path)
        with _named(path):
            if follow:
                with suppress(NotADirectoryError), closing(Target(self._open(path, _FOLDER), ".")) as target:
                    return _entry(path, os.fstat(target.folder))
            with closing(self._locate(path, follow)) as target:
                return _entry(path, os.stat(target.name, dir_fd=target.folder, follow_symlinks=False))

    def entries(self, path: str = ".", *, recursive: bool = False, limit: int = MAX_ENTRIES) -> list[Entry]:
        """A folder's entries by name, at most `limit`; with `recursive` also those below it, but not behind links."""
        path = self.relative(path).rstrip("/") or "."
        with _named(path):
            waiting = self._scan(path, os.O_RDONLY)
        found: list[Entry] = []
        while waiting and len(found) < limit:
            found.append(entry := waiting.pop())
            if recursive and entry.kind == "folder":
                with suppress(OSError):  # a folder that vanishes or closes while we walk has nothing to show
                    waiting += self._scan(entry.path, os.O_NOFOLLOW)
        return found

    def write(self, path: str, data: bytes) -> None:
        """Write `data` as the file's whole content; missing folders above it are made."""
        self.apply([Change(path, data)], secrets.token_hex(8))

    def apply(self, changes: Sequence[Change], tag: str) -> None:
        """Make all `changes`, or none. To apply the same changes once more changes nothing.

        `tag` names the temporary files, so that a second attempt after a crash clears away what the first left.
        A folder is removed only where it is empty and the only change.
        """
        self._check_room(changes)
        with Transaction(tag) as transaction:
            for change in changes:
                path = self.relative(change.path)
                with _named(path):
                    self._stage(transaction, path, change.data)
            with _named(", ".join(change.path for change in changes)):
                transaction.commit()

    def _open(self, path: str, flags: int) -> int:
        root = os.open(self._root, _FOLDER | os.O_CLOEXEC)
        try:
            return open_below(root, path, flags)
        finally:
            os.close(root)

    def _read(self, path: str) -> bytes:
        file = self._open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            _check_readable(path, os.fstat(file))
            with os.fdopen(file, "rb", closefd=False) as opened:
                data = opened.read(MAX_FILE + 1)
        finally:
            os.close(file)
        if len(data) > MAX_FILE:  # it has grown since
            raise _too_large(path, len(data))
        return data

    def _stage(self, transaction: Transaction, path: str, data: bytes | None) -> None:
        if data is None:
            with suppress(FileNotFoundError):  # gone already, together with its folder
                transaction.stage(self._locate(path, follow=False), None)
            return
        if len(data) > MAX_FILE:
            raise _too_large(path, len(data))
        self._make_folders(transaction, path)
        transaction.stage(self._locate(path), data)

    def _locate(self, path: str, follow: bool = True) -> Target:
        """Folder and name that `path` means; a link as the last component is followed, if it stays inside."""
        for _ in range(MOST_LINKS):
            head, _, name = path.rpartition("/")
            if name in ("", ".", ".."):
                raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
            with ExitStack() as opened:
                target = opened.enter_context(closing(Target(self._open(head or ".", _FOLDER), name)))
                link = target.link() if follow else None
                if link is None:
                    opened.pop_all()
                    return target
            if link.startswith("/"):
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
            path = f"{head or '.'}/{link}"
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)

    def _make_folders(self, transaction: Transaction, path: str) -> None:
        """Make the folders above `path` that do not exist yet."""
        names = path.split("/")[:-1]
        for depth in range(1, len(names) + 1):
            folder = "/".join(names[:depth])
            try:
                os.close(self._open(folder, _FOLDER))
            except FileNotFoundError:
                if ".." in names:  # what that means in a folder yet to be made is anyone's guess
                    raise
                transaction.make_folder(self._locate(folder))

    def _scan(self, path: str, flags: int) -> list[Entry]:
        """Entries of one folder, the last by name first."""
        prefix = "" if path == "." else f"{path}/"
        entries = []
        folder = self._open(path, _FOLDER | flags)
        try:
            with os.scandir(folder) as found:
                for one in found:
                    with suppress(FileNotFoundError):  # removed since
                        entries.append(_entry(prefix + one.name, one.stat(follow_symlinks=False)))
        finally:
            os.close(folder)
        return sorted(entries, key=lambda entry: entry.path, reverse=True)

    def _check_room(self, changes: Sequence[Change]) -> None:
        """The new files must fit in addition to the present ones: for a moment old and new exist together."""
        new = [change.data for change in changes if change.data is not None]
        if not new:
            return
        size = sum(map(len, new))
        if size > self._room.space or len(new) > self._room.entries:
            self._room = self._measure_room(size, len(new))
        self._room = Room(self._room.space - size, self._room.entries - len(new))

    def _measure_room(self, size: int, count: int) -> "Room":
        """A share of what is left, to be used up before all files are looked at again."""
        entries = self.entries(recursive=True)
        taken = sum(entry.space for entry in entries)
        if size > self._quota - taken or len(entries) + count > MAX_ENTRIES:
            raise ToolFailed(
                f"No room in the workspace: it holds {len(entries)} files and folders (of {MAX_ENTRIES}) that take "
                f"{taken} bytes (of {self._quota}).",
                "Delete what is not needed any more.",
            )
        return Room(max(size, (self._quota - taken) // 8), max(count, (MAX_ENTRIES - len(entries)) // 8))


class Room(NamedTuple):
    """Bytes and entries that may be added before the workspace is measured again."""

    space: int
    entries: int


def _entry(path: str, info: os.stat_result) -> Entry:
    kinds: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
    kind = kinds.get(stat.S_IFMT(info.st_mode), "other")
    return Entry(path, kind, info.st_size, info.st_mtime, info.st_blocks * _BLOCK)


def _check_readable(path: str, info: os.stat_result) -> None:
    if stat.S_ISDIR(info.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(info.st_mode):
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO), path)
    if info.st_nlink > 1:
        raise Denied(
            f"{_quote(path)} has a second name (hard link), so it may be a file of somebody else's.",
            "Copy its content into a file of its own.",
        )
    if info.st_size > MAX_FILE:
        raise _too_large(path, info.st_size)


@contextmanager
def _named(path: str) -> Iterator[None]:
    """Turn a system error about `path` into an error for the policy."""
    try:
        yield
    except OSError as error:
        known = _MEANINGS.get(error.errno or 0)
        if known is None:
            raise ToolFailed(f"{_quote(path)}: {error.strerror or error}.") from error
        kind, message, hint = known
        raise kind(f"{_quote(path)} {message}.", hint) from error


_NAME_IT = "Use action list to see what there is."
_MEANINGS: dict[int, tuple[type[PolicyError], str, str]] = {
    errno.EXDEV: (Denied, "leads outside the workspace", "Give a path inside it, such as notes.md."),
    errno.ELOOP: (ToolFailed, "goes round in a circle of links", _NAME_IT),
    errno.ENOENT: (ToolFailed, "does not exist", _NAME_IT),
    errno.ENOTDIR: (ToolFailed, "treats a file as a folder", _NAME_IT),
    errno.EISDIR: (ToolFailed, "is a folder, not a file", _NAME_IT),
    errno.ENXIO: (ToolFailed, "is not a regular file", _NAME_IT),
    errno.ENOTEMPTY: (ToolFailed, "is a folder that is not empty", "Delete what is in it first."),
    errno.ENAMETOOLONG: (ToolFailed, "is too long a path", "Use shorter names."),
}


def _too_large(path: str, size: int) -> ToolFailed:
    return ToolFailed(f"{_quote(path)} has {size} bytes, more than the {MAX_FILE} that can be handled.")


def _quote(path: str) -> str:
    """A hostile path as it may be in a message: escaped and cut."""
    quoted = ascii(path) if _CONTROL.search(path) else f"'{path}'"
    return quoted if len(quoted) <= _LONGEST_QUOTE else f"{quoted[:_LONGEST_QUOTE]}…'"
