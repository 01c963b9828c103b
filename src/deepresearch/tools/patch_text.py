"""Patches as text, in the two forms that models write: unified diffs, and `*** Begin Patch` blocks.

Line numbers and counts may be wrong; context may not, except for white space at line ends. A patch is worked out whole,
over all its files, before anything is written.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from ..errors import BadArguments, ToolFailed
from .edit import show_nearest

BOM = "\ufeff"
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")
_LINK_MODE = re.compile(r"(?:(?:new|deleted) file|new|old) mode 1[26]0000|index \S+ 1[26]0000")
_BINARY = ("GIT binary patch", "Binary files ")
_BEGIN, _END = "*** Begin Patch", "*** End Patch"
_UNCHANGED = "Nothing was changed."
_HINT = "Send a unified diff, a *** Begin Patch block, or edits."


@dataclass
class Hunk:
    lines: list[tuple[str, str]] = field(default_factory=list)
    """Mark (" ", "-" or "+") and text, without line end."""
    start: int | None = None
    """Line of the old text, from 1, at which the hunk begins by its own header."""
    headings: list[str] = field(default_factory=list)
    """Lines that are somewhere above the hunk, in order."""
    at_end: bool = False
    """The hunk ends with the file."""
    final_newline: bool | None = None
    """Whether a new last line ends with a newline; None: as the file had it."""

    @property
    def old(self) -> list[str]:
        return [text for mark, text in self.lines if mark != "+"]

    @property
    def writes_last_line(self) -> bool:
        """The last line that the hunk leaves is one that it brings."""
        return [mark for mark, _ in self.lines if mark != "-"][-1:] == ["+"]


@dataclass
class FilePatch:
    """What a patch does to one file."""

    action: Literal["add", "update", "delete"]
    path: str
    hunks: list[Hunk] = field(default_factory=list)
    move_to: str | None = None
    overwrite: bool = False
    """A file at the path to add or to move to may be replaced."""


def plan_patch(patch: str, read: Callable[[str], str | None]) -> dict[str, str | None]:
    """The content that each path has after `patch`; None: deleted.

    read: gives the content of a path now, None where there is nothing.
    Raises BadArguments for a patch that cannot be read, ToolFailed for one that does not fit, and what `read` raises.
    """
    after: dict[str, str | None] = {}

    def current(path: str) -> str | None:
        return after[path] if path in after else read(path)

    for one in parse_patch(patch):
        if one.action == "add":
            if not one.overwrite and current(one.path) is not None:
                raise ToolFailed(f"{one.path!r} exists already.", "Patch it instead of adding it.")
            after[one.path] = apply_hunks("", one.hunks, one.path)
            continue
        before = current(one.path)
        if before is None:
            raise ToolFailed(f"{one.path!r} does not exist.", "Use action list to see what there is.")
        new = apply_hunks(before, one.hunks, one.path)
        if one.action == "delete":
            if one.hunks and new:
                raise ToolFailed(f"The patch deletes {one.path!r} but not all of its lines.", "Read the file again.")
            after[one.path] = None
        elif one.move_to is None:
            after[one.path] = new
        else:
            if not one.overwrite and current(one.move_to) is not None:
                raise ToolFailed(f"{one.move_to!r} exists already.", "Move to another name.")
            after[one.path] = None
            after[one.move_to] = new
    return after


def parse_patch(patch: str) -> list[FilePatch]:
    """The files of a patch, in order. Raises BadArguments that names the line."""
    files = _Reader(patch).read()
    if not files:
        raise BadArguments("The patch changes no file.", _HINT)
    return files


def apply_hunks(text: str, hunks: Sequence[Hunk], path: str) -> str:
    """`text` with the hunks applied in order. Raises ToolFailed where one does not fit, naming `path`."""
    bom = BOM if text.startswith(BOM) else ""
    lines = [line for line in re.split(r"(?<=\n)", text.removeprefix(BOM)) if line]
    ending = "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"
    done: list[str] = []
    end = 0
    for number, hunk in enumerate(hunks, 1):
        start = _find(hunk, lines, end, f"Hunk {number} of {path!r}")
        done += lines[end:start]
        end = start
        for mark, line in hunk.lines:
            if mark == "+":
                done.append(line + ending)
                continue
            if mark == " ":
                done.append(lines[end])
            end += 1
    if end == len(lines) and hunks and hunks[-1].writes_last_line:
        newline = hunks[-1].final_newline
        if newline is None:
            newline = not lines or lines[-1].endswith("\n")
        if not newline:
            done[-1] = done[-1].removesuffix(ending)
    done += lines[end:]
    # The last line of the old text may have had no end, and is now above an added one.
    done[:-1] = [line if line.endswith("\n") else line + ending for line in done[:-1]]
    return bom + "".join(done)


def _find(hunk: Hunk, lines: Sequence[str], after: int, name: str) -> int:
    """The line, from 0, at which the hunk applies, at or below `after`."""
    bodies = [line.rstrip("\r\n") for line in lines]
    for heading in hunk.headings:
        places = [n for n in range(after, len(bodies)) if bodies[n].strip() == heading.strip()]
        if not places:
            raise ToolFailed(f"{name}: there is no line {heading!r} below line {after}.", _UNCHANGED)
        after = places[0] + 1
    old = hunk.old
    if not old:
        if hunk.start and lines:
            raise ToolFailed(f"{name} has no context.", f"Give a line before or after the place. {_UNCHANGED}")
        return after if hunk.headings else len(lines) if hunk.start is None else 0
    last = len(lines) - len(old)
    candidates = range(max(after, last) if hunk.at_end else after, last + 1)
    for bare in (str, str.rstrip):
        wanted, there = [bare(line) for line in old], [bare(body) for body in bodies]
        places = [n for n in candidates if there[n] == wanted[0] and there[n : n + len(old)] == wanted]
        if hunk.start is not None and places:
            return min(places, key=lambda n: abs(n + 1 - (hunk.start or 0)))
        if len(places) > 1 and not hunk.headings:
            where = ", ".join(str(n + 1) for n in places[:5])
            raise ToolFailed(f"{name} fits {len(places)} places (lines {where}).", "Add context or an @@ heading.")
        if places:
            return places[0]
    below = f" below line {after}" if after else ""
    nearest = show_nearest("".join(lines), "\n".join(old))
    raise ToolFailed(f"{_UNCHANGED} {name} does not fit{below}. {nearest}")


class _Reader:
    """Reads a patch in either form; text outside of files and hunks is skipped."""

    def __init__(self, patch: str) -> None:
        self.lines = [line.removesuffix("\r") for line in patch.split("\n")]
        self.at = 0
        """The line, from 0, that is read next."""
        self.files: list[FilePatch] = []

    def read(self) -> list[FilePatch]:
        begin = next((n for n, line in enumerate(self.lines) if line.strip() == _BEGIN), None)
        if begin is None:
            self._read_diff()
        else:
            self._read_block(begin)
        return self.files

    def _refuse(self, problem: str, at: int | None = None) -> NoReturn:
        raise BadArguments(f"Line {(self.at if at is None else at) + 1} of the patch: {problem}.", _HINT)

    def _read_diff(self) -> None:
        """A unified diff, git's among them."""
        source = ""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.startswith(_BINARY) or _LINK_MODE.match(line):
                self._refuse("only text files can be patched, no links and no binary files")
            if line.startswith("copy from "):
                self._refuse("copies are not made by patches")
            if line.startswith("@@"):
                self._add_diff_hunk()
                continue
            if line.startswith("rename from "):
                source = line.removeprefix("rename from ")
            elif line.startswith("rename to ") and source:
                self.files.append(FilePatch("update", source, move_to=line.removeprefix("rename to ")))
                source = ""
            elif self._is_header():
                self._begin_file()
                self.at += 1
            self.at += 1
        for one in self.files:
            if not (one.hunks or one.move_to):
                raise BadArguments(f"The patch changes no line of {one.path!r}.", _HINT)

    def _is_header(self) -> bool:
        """Whether the file header of a diff begins here."""
        return [line[:4] for line in self.lines[self.at : self.at + 2]] == ["--- ", "+++ "]

    def _begin_file(self) -> None:
        old, new = (self.lines[self.at + n][4:].split("\t", maxsplit=1)[0] for n in (0, 1))  # a time may follow
        last = self.files[-1] if self.files else None
        if last and last.move_to == new.removeprefix("b/") and last.path == old.removeprefix("a/"):
            return
        if old == "/dev/null":
            self.files.append(FilePatch("add", new.removeprefix("b/")))
        elif new == "/dev/null":
            self.files.append(FilePatch("delete", old.removeprefix("a/")))
        else:
            if old.startswith("a/") and new.startswith("b/"):
                old, new = old[2:], new[2:]
            if old != new:
                self._refuse(f"it names two files, {old!r} and {new!r}")
            self.files.append(FilePatch("update", new))

    def _add_diff_hunk(self) -> None:
        if not self.files:
            self._refuse("a hunk before any file header (--- and +++)")
        first = self.at
        known = _HUNK.match(self.lines[first])
        self.at += 1
        hunk = self._read_lines(Hunk(start=int(known[1]) if known else None), diff=True)
        if not hunk.lines:
            self._refuse("a hunk without lines", first)
        self.files[-1].hunks.append(hunk)

    def _read_lines(self, hunk: Hunk, *, diff: bool) -> Hunk:
        """Read the lines of a hunk, up to the first that cannot be one."""
        while self.at < len(self.lines) and not (diff and self._is_header()):
            line = self.lines[self.at]
            if line.startswith("\\"):
                if hunk.lines and hunk.lines[-1][0] != "-":
                    hunk.final_newline = False
                elif hunk.final_newline is None:
                    hunk.final_newline = True
            elif line == "" or line[0] in " +-":
                hunk.lines.append((line[:1] or " ", line[1:]))
            else:
                hunk.at_end = line == "*** End of File"
                self.at += hunk.at_end
                break
            self.at += 1
        while hunk.lines and hunk.lines[-1] == (" ", "") and not hunk.at_end:
            hunk.lines.pop()  # blank context at the end mostly separates the hunk from what follows in the patch
        return hunk

    def _read_block(self, begin: int) -> None:
        """A `*** Begin Patch` block."""
        end = next((n for n, line in enumerate(self.lines) if n > begin and line.strip() == _END), None)
        if end is None:
            self._refuse(f"{_BEGIN} without {_END}: the patch is cut off", begin)
        self.lines, self.at = self.lines[:end], begin + 1
        while self.at < len(self.lines):
            name, _, path = self.lines[self.at].strip().partition(": ")
            self.at += 1
            if name == "*** Add File":
                added = self._read_lines(Hunk(final_newline=True), diff=False)
                if any(mark != "+" for mark, _ in added.lines):
                    self._refuse("the lines of an added file begin with +", self.at - 1)
                self.files.append(FilePatch("add", path.strip(), [added], overwrite=True))
            elif name == "*** Delete File":
                self.files.append(FilePatch("delete", path.strip()))
            elif name == "*** Update File":
                self.files.append(self._read_update(path.strip()))
            elif name:
                self._refuse("it should be *** Add File:, *** Update File: or *** Delete File:", self.at - 1)

    def _read_update(self, path: str) -> FilePatch:
        one = FilePatch("update", path, overwrite=True)
        first, headings, pending = self.at, list[str](), False
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.startswith("*** Move to: ") and self.at == first:
                one.move_to = line[13:].strip()
                self.at += 1
                continue
            if line.startswith("***"):
                break
            begins = line.startswith("@@")
            if begins:
                heading = line.removeprefix("@@").strip().removesuffix("@@").strip()
                headings += [heading] if heading else []
                self.at += 1
            start = self.at
            hunk = self._read_lines(Hunk(headings=headings, final_newline=True), diff=False)
            pending = not hunk.lines  # a heading without lines names where the next hunk is
            if hunk.lines:
                one.hunks.append(hunk)
                headings = []
            elif self.at == start and not begins:
                self._refuse("a hunk line begins with a space, + or -")
        if pending:
            self._refuse("a hunk without lines", self.at - 1)
        if not (one.hunks or one.move_to):
            self._refuse("the update changes no line", first - 1)
        return one
