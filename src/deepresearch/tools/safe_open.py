"""Open a path beneath a folder, such that no `..`, link or race leads out of it.

Nothing is checked first and used later: the descriptor that comes back was reached through the folder's own
descriptor, one component after another. Linux 5.6 and newer do the whole walk in one call (openat2); elsewhere
`walk_beneath` does the same step by step.
"""

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import ClassVar

Opener = Callable[[int, str, int], int]
"""(descriptor of the folder, relative path, flags of os.open) -> descriptor. Raises OSError."""

MOST_LINKS = 40
"""Links followed in one path, as the kernel counts them."""
MOST_TRIES = 100
"""Attempts while somebody renames folders under our feet."""

_OPENAT2 = 437
"""Number of the system call, the same on every architecture that Python runs on."""
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_BENEATH = 0x08


_SYSCALL = ctypes.CDLL(None, use_errno=True).syscall
_SYSCALL.restype = ctypes.c_long


class _OpenHow(ctypes.Structure):
    _fields_: ClassVar = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


def open_beneath(root: int, path: str, flags: int) -> int:
    """Open the existing `path` beneath the folder `root`; links that stay inside are followed.

    Raises OSError: EXDEV where the path leads outside, ELOOP for loops of links, else as os.open does.
    """
    return _best_opener()(root, path, flags)


def kernel_confines() -> bool:
    """Whether the kernel does the walk, not we."""
    return _best_opener() is openat2_beneath


@cache
def _best_opener() -> Opener:
    """openat2 where it works: an old kernel does not know it, and some sandboxes forbid it."""
    if not sys.platform.startswith("linux"):
        return walk_beneath
    folder = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.close(openat2_beneath(folder, ".", os.O_RDONLY | os.O_DIRECTORY))
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EPERM):
            raise
        return walk_beneath
    finally:
        os.close(folder)
    return openat2_beneath


def openat2_beneath(root: int, path: str, flags: int) -> int:
    """`open_beneath` by the kernel."""
    how = _OpenHow(flags | os.O_CLOEXEC, 0, _RESOLVE_BENEATH | _RESOLVE_NO_MAGICLINKS)
    name = os.fsencode(path)
    for _ in range(MOST_TRIES):
        number = ctypes.c_long(_OPENAT2)
        opened = _SYSCALL(number, ctypes.c_int(root), name, ctypes.byref(how), ctypes.c_size_t(ctypes.sizeof(how)))
        if opened >= 0:
            return int(opened)
        problem = ctypes.get_errno()
        if problem not in (errno.EAGAIN, errno.EINTR):
            break
    raise OSError(problem, os.strerror(problem), path)


def walk_beneath(root: int, path: str, flags: int) -> int:
    """`open_beneath` component by component.

    Each step opens one name without following links; `..` goes back to the descriptor that we came from, never to
    the parent that the file system names.
    """
    folders = [os.dup(root)]
    names = path.split("/")[::-1]
    links = 0
    try:
        while names:
            name = names.pop()
            if name == "..":
                if len(folders) == 1:
                    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
                os.close(folders.pop())
            elif name not in ("", "."):
                step = flags if not names else os.O_RDONLY | os.O_DIRECTORY
                opened = _open_name(folders[-1], name, step)
                if isinstance(opened, str):
                    links += 1
                    _check_link(opened, links, flags, last=not names)
                    names += opened.split("/")[::-1]
                elif not names:
                    return opened
                else:
                    folders.append(opened)
        return os.open(".", flags | os.O_CLOEXEC, dir_fd=folders[-1])
    finally:
        for folder in folders:
            os.close(folder)


def _open_name(folder: int, name: str, flags: int) -> int | str:
    """The descriptor of `name` in `folder`, or the target of the link that it is."""
    try:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        try:
            return os.readlink(name, dir_fd=folder)
        except OSError:
            raise error from None  # no link, so the first error is the one that counts


def _check_link(target: str, links: int, flags: int, last: bool) -> None:
    if target.startswith("/"):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), target)
    if links > MOST_LINKS or (last and flags & os.O_NOFOLLOW):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), target)
