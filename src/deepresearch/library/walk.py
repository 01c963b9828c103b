"""Which files are under a path."""

import os
from collections.abc import Iterator
from pathlib import Path

from .documents import ReadProblem

MADE = frozenset(["node_modules", "__pycache__", "_static", "_sources"])
"""Folders of machine-made copies; `_sources` repeats every page of a Sphinx manual."""


def files_under(roots: list[Path], own: Path) -> Iterator[Path | ReadProblem]:
    """Files to read, each once, sorted by path; what is passed over is yielded as a ReadProblem.

    Links are followed, loops are not. What a root itself is called does not matter. `own` is the data folder: what
    the project wrote itself is not a source.
    """
    seen = {_mark(own.stat())} if own.exists() else set()
    for root in roots:
        stack = [root]
        while stack:
            path = stack.pop()
            found = _look(path, seen, named=path is root)
            if isinstance(found, list):
                stack += reversed(found)
            else:
                yield found


def absolute(path: Path) -> Path:
    """`path` from the root, without `..`, links left as they are: people know their files by these names."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _look(path: Path, seen: set[tuple[int, int]], named: bool) -> Path | ReadProblem | list[Path]:
    """The file itself, the entries of a folder, or what is wrong."""
    if any("\ud800" <= character <= "\udfff" for character in str(path)):
        return ReadProblem(ascii(str(path)), "its name is not UTF-8")
    if not named and path.name.startswith("."):
        return ReadProblem(str(path), "hidden")
    try:
        status = path.stat()
        mark = _mark(status)
        if mark in seen:
            return ReadProblem(str(path), "a link to what is read already, or the data folder")
        seen.add(mark)
        if path.is_file():
            return path
        if not path.is_dir():
            return ReadProblem(str(path), "neither a file nor a folder")
        if not named and path.name in MADE:
            return ReadProblem(str(path), "a folder of machine-made copies")
        return sorted(path.iterdir())
    except OSError as error:
        return ReadProblem(str(path), f"cannot be read: {error.strerror}")


def _mark(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
