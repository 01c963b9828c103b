"""Open a path below a folder, such that no `..`, link or race leads out of it.

Nothing is checked first and used later: the descriptor that is returned was reached through the folder's own
descriptor, one component after another.
"""

import errno
import os

MOST_LINKS = 40
"""Links followed in one path, as the kernel counts them."""


def open_below(root: int, path: str, flags: int) -> int:
    """Open the existing `path` below the folder with descriptor `root`; links that stay inside are followed.

    Each step opens one name without following links; `..` goes back to the descriptor that we came from, never to
    the parent that the file system names. flags: of os.open.
    Raises OSError: EXDEV where the path leads outside, ELOOP for loops of links, else as os.open does.
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
