"""Pages of a PDF as lines of print in reading order, with what a form was filled in with."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from .signs import lowered, raised, symbols

GAP = 1.6
"""Sizes of the print between two words that are in different columns."""
_SPACE = 0.15
"""Sizes of the print from which a gap is a blank."""
_SMALLER = 0.88
"""Size of raised or lowered print against that beside it."""
_NEAR = 0.4
"""Sizes of the print within which raised print belongs to what is before it."""
_DEPTH = 0.22
"""Part of the size of the print that is below the line."""
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_MOVABLE = re.compile(r"[\d+\-−*†‡§=()]+[a-z]?|[a-z]")  # what may be raised or lowered
_PRIVATE = re.compile("[\uf020-\uf0ff]")
_LEAST_ROWS = 5  # lines beside each other that make columns


@dataclass(frozen=True)
class PrintedLine:
    """A line of print, or the part of one that is in a column."""

    text: str
    page: int
    left: float
    right: float
    bottom: float
    top: float
    size: float
    """Of the print, in points."""


def page_lines(document: Any, number: int) -> list[PrintedLine]:
    """The lines of a page. document: of pdf_oxide. number: of the page, from 1."""
    lines = list(_printed(_pieces(document, number)))
    for field, name in _fields(document, number):
        _put(field, name, lines)
    return _ordered(lines)


def _pieces(document: Any, number: int) -> list[PrintedLine]:
    """The pieces of print of a page, each of one font and size, in the order of the file."""
    pieces: list[PrintedLine] = []
    heights: dict[tuple[str, int], list[float]] | None = None
    spans = sorted(document.extract_spans(number - 1), key=lambda span: span.sequence)
    sizes = [round(abs(span.font_size), 1) for span in spans]
    for place, (span, size) in enumerate(zip(spans, sizes, strict=True)):
        text = _cleaned(span.text, span.font_name)
        left, base, width, _ = span.bbox
        if not text.strip() or not size:
            continue
        small = size < _SMALLER * max(sizes[max(0, place - 1) : place + 2])
        if small and _MOVABLE.fullmatch(text.strip()):  # its height may be given as that of its line
            if heights is None:
                heights = defaultdict(list)
                for found in document.extract_chars(number - 1):
                    heights[found.char, round(found.origin_x)].append(found.origin_y)
            near = heights.get((text.strip()[0], round(left)), [base])
            base = min(near, key=lambda height, base=base: abs(height - base))  # type: ignore[misc]
        bottom = base - _DEPTH * size
        pieces.append(PrintedLine(text, number, left, left + width, bottom, bottom + size, size))
    return pieces


def _printed(pieces: list[PrintedLine]) -> Iterator[PrintedLine]:
    """Pieces of print put together to lines, which wide gaps divide."""
    line: PrintedLine | None = None
    for piece in pieces:
        gap = piece.left - line.right if line else 0.0
        if line and _is_beside(line, piece) and -5 * piece.size < gap < GAP * max(piece.size, line.size):
            line = _joined(line, piece, gap)
            continue
        if line:
            yield replace(line, text=" ".join(line.text.split()))
        line = piece
    if line:
        yield replace(line, text=" ".join(line.text.split()))


def _is_beside(one: PrintedLine, other: PrintedLine) -> bool:
    return min(one.top, other.top) - max(one.bottom, other.bottom) > 0.5 * min(one.size, other.size)


def _joined(line: PrintedLine, piece: PrintedLine, gap: float) -> PrintedLine:
    """The line with one more piece of print behind it; either may be raised or lowered against the other."""
    blank = "" if line.text.endswith(" ") or gap < _SPACE * min(line.size, piece.size) else " "
    if gap < _NEAR * line.size and (way := _shift(piece, line)):
        before = line.text.rstrip()
        text = before + (raised(piece.text, before) if way > 0 else lowered(piece.text))
        return replace(line, text=text + " " * piece.text.endswith(" "), right=piece.right)
    if gap < _NEAR * piece.size and _shift(line, piece) > 0:
        return replace(piece, text=raised(line.text) + blank + piece.text, left=line.left)
    top, bottom = max(line.top, piece.top), min(line.bottom, piece.bottom)
    return replace(line, text=line.text + blank + piece.text, right=piece.right, top=top, bottom=bottom)


def _shift(piece: PrintedLine, other: PrintedLine) -> int:
    """1: the piece is raised against the print beside it; -1: lowered; 0: neither."""
    if piece.size > _SMALLER * other.size or not _MOVABLE.fullmatch(piece.text.strip()):
        return 0
    height = (piece.bottom + _DEPTH * piece.size) - (other.bottom + _DEPTH * other.size)
    return int(height > 0.15 * other.size) - int(height < -0.06 * other.size)


def _cleaned(text: str, font: str) -> str:
    if _PRIVATE.search(text):
        name = font.rpartition("+")[2].partition("-")[0].partition(",")[0]
        name = re.sub(r"(?i)^(symbol|wingdings)(?:mt|ps)?.*?(\d?)$", r"\1 \2", name).strip()
        text = _PRIVATE.sub(lambda match: symbols(match[0], name), text)
    return re.sub(r"[\x01-\x08\x0b-\x1f]", "", text).replace("\x00", "\ufffd").translate(_LIGATURES)


# Forms and what was written on the page afterwards.


def _fields(document: Any, number: int) -> Iterator[tuple[PrintedLine, str]]:
    """Values of form fields with the fields' names, and texts that were typed onto the page."""
    for note in document.get_annotations(number - 1):
        kind, field = note.get("subtype"), note.get("field_type") or ""
        text = name = ""
        if kind == "Widget":
            text, name = note.get("field_value") or "", note.get("field_name") or ""
            if field.startswith(("Checkbox", "Radio")):
                text = "☑" if "true" in field or text not in ("", "Off") else "☐"
        elif kind in ("FreeText", "Text"):
            text, name = note.get("contents") or "", "Remark" if kind == "Text" else ""
        if text.strip() and note.get("rect") and not field.startswith("Push"):
            left, bottom, right, top = note["rect"]
            size = round(min(max(top - bottom, 1.0), 14.0), 1)
            yield PrintedLine(" ".join(text.split()), number, left, right, bottom, top, size), name


def _put(field: PrintedLine, name: str, lines: list[PrintedLine]) -> None:
    """A value beside its label: behind the print to its left, a box before that to its right; else behind its name."""
    middle = (field.bottom + field.top) / 2
    row = [place for place, line in enumerate(lines) if line.bottom - 2 <= middle <= line.top + 2 and name != "Remark"]
    right = [place for place in row if field.text in "☑☐" and lines[place].left >= field.right - 2]
    if right:
        place = min(right, key=lambda place: lines[place].left)
        lines[place] = replace(lines[place], text=f"{field.text} {lines[place].text}")
        return
    left = [place for place in row if lines[place].right <= field.left + 4]
    if left:
        place = max(left, key=lambda place: lines[place].right)
        lines[place] = replace(lines[place], text=f"{lines[place].text} {field.text}", right=field.right)
        return
    below = next((place for place, line in enumerate(lines) if line.top < middle), len(lines))
    size = lines[below - 1].size if below else field.size
    lines.insert(below, replace(field, text=f"{name}: {field.text}" if name else field.text, size=size))


# The order of reading.


def _ordered(lines: list[PrintedLine]) -> list[PrintedLine]:
    """The lines of a page with columns one column after the other, between those that are as wide as both.

    Lines beside each other that are not columns of text, as in tables, stay one line.
    """
    gutter = _gutter(lines)
    if gutter is None:
        return _rejoined(lines)
    ordered: list[PrintedLine] = []
    sides: tuple[list[PrintedLine], list[PrintedLine]] = ([], [])
    for line in sorted(lines, key=lambda line: (-round(line.bottom), line.left)):
        if line.left < gutter < line.right:
            ordered += [*_ordered(sides[0]), *_ordered(sides[1]), line]
            sides = ([], [])
        else:
            sides[line.left >= gutter].append(line)
    return ordered + _ordered(sides[0]) + _ordered(sides[1])


def _gutter(lines: list[PrintedLine]) -> float | None:
    """The middle of the gap between two columns of running text; None where there are none."""
    if len(lines) < 2 * _LEAST_ROWS:
        return None
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    for share in (0.5, 0.47, 0.53, 0.44, 0.56, 0.4, 0.6, 0.36, 0.64, 0.32, 0.68):
        place = left + share * (right - left)
        one = [line for line in lines if line.right <= place]
        other = [line for line in lines if line.left >= place]
        across = [line for line in lines if line.left < place < line.right]
        narrow = sum(line.right - line.left < 0.55 * (right - left) for line in across)
        if min(len(one), len(other)) < _LEAST_ROWS or len(across) > 0.4 * len(lines) or narrow > 0.1 * len(lines):
            continue
        beside = sum(any(abs(a.bottom - b.bottom) < a.size for b in other) for a in one)
        if beside >= _LEAST_ROWS and all(_is_column(side, right - left) for side in (one, other)):
            return place
    return None


def _is_column(lines: list[PrintedLine], width: float) -> bool:
    """Whether lines are running text: most are of several words, and wide for a page of that `width`."""
    running = sum(len(line.text) > 18 and line.right - line.left > 0.2 * width for line in lines)
    return running > 0.5 * len(lines)


def _rejoined(lines: list[PrintedLine]) -> list[PrintedLine]:
    """Parts of one line that only a wide gap divided, as one line again."""
    joined: list[PrintedLine] = []
    for line in lines:
        before = joined[-1] if joined else None
        if before and _is_beside(before, line) and line.left >= before.right:
            joined[-1] = replace(before, text=f"{before.text} {line.text}", right=line.right)
        else:
            joined.append(line)
    return joined
