"""Patches as text, in the two forms that models write: unified diffs, and `*** Begin Patch` blocks.

Line numbers and counts may be wrong; context may not, except for white space at line ends. A patch is worked out whole,
over all its files, before anything is written.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NoReturn

from ..errors import BadArguments, ToolFailed
from .edit import show_nearest

BOM = "\ufeff"
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")
_LINK_MODE = re.compile(r"(?:(?:new|deleted) file|new|old) mode 1[26]0000|index \S+ 1[26]0000")
_BINARY = ("GIT binary patch", "Binary files ")
_BEGIN, _END = "*** Begin Patch", "*** End Patch"
_UNCHANGED = "Nothing was changed."
_MEND = "Send a unified diff, a *** Begin Patch block, or edits."


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

    def trim(self) -> None:
        """Forget blank lines of context at the end: mostly they separate the hunk from what follows in the patch."""
        while self.lines and self.lines[-1] == (" ", "") and not self.at_end:
            self.lines.pop()

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
    lines = [line.removesuffix("\r") for line in patch.split("\n")]
    begin = next((n for n, line in enumerate(lines) if line.strip() == _BEGIN), None)
    files = _Diff(lines).parse() if begin is None else _Block(lines, begin).parse()
    if not files:
        raise BadArguments("The patch changes no file.", _MEND)
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


def _refuse(number: int, problem: str) -> NoReturn:
    raise BadArguments(f"Line {number + 1} of the patch: {problem}.", _MEND)


class _Diff:
    """Reader of unified diffs, git's among them. Text outside of files and hunks is skipped."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.files: list[FilePatch] = []

    def parse(self) -> list[FilePatch]:
        source = ""
        number = 0
        while number < len(self.lines):
            line = self.lines[number]
            if line.startswith(_BINARY) or _LINK_MODE.match(line):
                _refuse(number, "only text files can be patched, no links and no binary files")
            if line.startswith("copy from "):
                _refuse(number, "copies are not made by patches")
            if line.startswith("rename from "):
                source = line.removeprefix("rename from ")
            elif line.startswith("rename to ") and source:
                self.files.append(FilePatch("update", source, move_to=line.removeprefix("rename to ")))
                source = ""
            elif self._is_header(number):
                self._begin_file(number)
                number += 1
            elif line.startswith("@@"):
                number = self._read_hunk(number)
                continue
            number += 1
        for one in self.files:
            if not (one.hunks or one.move_to):
                raise BadArguments(f"The patch changes no line of {one.path!r}.", _MEND)
        return self.files

    def _is_header(self, number: int) -> bool:
        following = self.lines[number + 1] if number + 1 < len(self.lines) else ""
        return self.lines[number].startswith("--- ") and following.startswith("+++ ")

    def _begin_file(self, number: int) -> None:
        old, new = (self.lines[number + n][4:].split("\t", maxsplit=1)[0] for n in (0, 1))  # a time may follow
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
                _refuse(number, f"it names two files, {old!r} and {new!r}")
            self.files.append(FilePatch("update", new))

    def _read_hunk(self, number: int) -> int:
        if not self.files:
            _refuse(number, "a hunk before any file header (--- and +++)")
        known = _HUNK.match(self.lines[number])
        hunk = Hunk(start=int(known[1]) if known else None)
        first = number
        while (number := number + 1) < len(self.lines) and not self._is_header(number):
            line = self.lines[number]
            if line.startswith("\\"):
                if hunk.lines and hunk.lines[-1][0] != "-":
                    hunk.final_newline = False
                elif hunk.final_newline is None:
                    hunk.final_newline = True
            elif line == "" or line[0] in " +-":
                hunk.lines.append((line[:1] or " ", line[1:]))
            else:
                break
        hunk.trim()
        if not hunk.lines:
            _refuse(first, "a hunk without lines")
        self.files[-1].hunks.append(hunk)
        return number


class _Block:
    """Reader of a `*** Begin Patch` block; text before and after it is skipped."""

    def __init__(self, lines: Sequence[str], begin: int) -> None:
        end = next((n for n, line in enumerate(lines) if n > begin and line.strip() == _END), None)
        if end is None:
            _refuse(begin, f"{_BEGIN} without {_END}: the patch is cut off")
        self.lines = lines[:end]
        self.number = begin + 1

    def parse(self) -> list[FilePatch]:
        files = []
        while self.number < len(self.lines):
            line = self.lines[self.number].strip()
            self.number += 1
            if line.startswith("*** Add File: "):
                files.append(FilePatch("add", line[14:].strip(), [self._added()], overwrite=True))
            elif line.startswith("*** Delete File: "):
                files.append(FilePatch("delete", line[17:].strip()))
            elif line.startswith("*** Update File: "):
                files.append(self._update(line[17:].strip()))
            elif line:
                _refuse(self.number - 1, "it should be *** Add File:, *** Update File: or *** Delete File:")
        return files

    def _added(self) -> Hunk:
        hunk = Hunk(final_newline=True)
        while self.number < len(self.lines) and self.lines[self.number].startswith("+"):
            hunk.lines.append(("+", self.lines[self.number][1:]))
            self.number += 1
        return hunk

    def _update(self, path: str) -> FilePatch:
        one = FilePatch("update", path, overwrite=True)
        first = self.number
        while self.number < len(self.lines):
            line = self.lines[self.number]
            if line.startswith("*** Move to: ") and self.number == first:
                one.move_to = line[13:].strip()
            elif line == "*** End of File" and one.hunks:
                one.hunks[-1].at_end = True
            elif line.startswith("***"):
                break
            else:
                self._hunk_line(one, line)
            self.number += 1
        for hunk in one.hunks:
            hunk.trim()
        # A heading without lines names where the next hunk is.
        for upper, lower in pairwise(one.hunks):
            if not upper.lines:
                lower.headings = upper.headings + lower.headings
        if one.hunks and not one.hunks[-1].lines:
            _refuse(self.number - 1, "a hunk without lines")
        one.hunks = [hunk for hunk in one.hunks if hunk.lines]
        if not (one.hunks or one.move_to):
            _refuse(first - 1, "the update changes no line")
        return one

    def _hunk_line(self, one: FilePatch, line: str) -> None:
        if line.startswith("@@"):
            heading = line.removeprefix("@@").strip().removesuffix("@@").strip()
            one.hunks.append(Hunk(headings=[heading] if heading else [], final_newline=True))
        elif line == "" or line[0] in " +-":
            if not one.hunks:
                one.hunks.append(Hunk(final_newline=True))
            one.hunks[-1].lines.append((line[:1] or " ", line[1:]))
        else:
            _refuse(self.number, "a hunk line begins with a space, + or -")
