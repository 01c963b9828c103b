"""Pages of a PDF as lines of print in reading order, with what a form was filled in with."""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .signs import lowered, raised, symbols

GAP = 1.6
"""Sizes of the print between two words that are in different columns."""
_SMALLER = 0.88
"""Size of raised or lowered print against that beside it."""
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_NEAR = 0.4
"""Sizes of the print within which raised print belongs to what is before it."""
_MOVABLE = re.compile(r"[\d+\-−*†‡§=()]+|(?<=[\d^)])[a-z]\b")
"""Characters that may be superscripts or subscripts."""
_PRIVATE = re.compile("[\uf020-\uf0ff]")
_LEAST_ROWS = 5
"""Lines beside each other that make columns."""
_TEXT, _CHECK, _RADIO, _COMBO, _LIST = 6, 2, 3, 4, 5
"""Kinds of form fields, as PDFium numbers them."""
_REMARK, _FREE_TEXT, _WIDGET = 1, 3, 20
"""Kinds of annotations."""


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


def page_lines(page: Any, number: int, forms: Any) -> list[PrintedLine]:
    """The lines of a page. forms: the environment of the document's forms, None where there are none."""
    textpage = page.get_textpage()
    try:
        lines = list(_printed(textpage, number))
    finally:
        textpage.close()
    for field, name in _fields(page, number, forms):
        _put(field, name, lines)
    return _ordered(lines)


def _printed(textpage: Any, number: int) -> Iterator[PrintedLine]:
    from pypdfium2 import raw  # noqa: PLC0415  slow to import

    text = textpage.get_text_range()
    position = 0
    for piece in re.split(r"(\r\n|\n|\r)", text):
        line = _Line(textpage, piece, position)
        position += len(piece)
        for first, last in line.parts() if piece.strip() else ():
            left, low, _, top = line.box(first)
            _, bottom, right, _ = line.box(last - 1)
            size = raw.FPDFText_GetFontSize(textpage, line.place(first))
            shown = _cleaned(line.shown(first, last))
            yield PrintedLine(shown, number, left, right, bottom, top, round(max(size, top - low), 1))


class _Line:
    """A line of PDFium's text, and where its characters are on the page."""

    def __init__(self, textpage: Any, text: str, position: int) -> None:
        """position: of the line in the text of the page."""
        from pypdfium2 import raw  # noqa: PLC0415  slow to import

        self._raw = raw
        self._textpage = textpage
        self._text = text
        self._position = position
        self._box, self._x, self._y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()

    def place(self, index: int) -> int:
        """PDFium's number of a character of the line."""
        return max(0, int(self._raw.FPDFText_GetCharIndexFromTextIndex(self._textpage, self._position + index)))

    def box(self, index: int) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of a character."""
        box = self._box
        self._raw.FPDFText_GetLooseCharBox(self._textpage, self.place(index), box)
        return box.left, box.bottom, box.right, box.top

    def parts(self) -> Iterator[tuple[int, int]]:
        """First and last index of the parts that wide gaps divide."""
        start, end = len(self._text) - len(self._text.lstrip()), len(self._text.rstrip())
        for gap in re.compile(r"\s+").finditer(self._text, start, end):
            before, after = gap.start() - 1, gap.end()
            _, low, right, top = self.box(before)
            if not -5 * (top - low) < self.box(after)[0] - right < GAP * max(top - low, 1.0):
                yield start, before + 1
                start = after
        yield start, end

    def shown(self, first: int, last: int) -> str:
        """A part of the line with raised and lowered print and the letters of symbol fonts as signs."""
        text = self._text[first:last]
        if _PRIVATE.search(text):
            return "".join(
                symbols(character, self._font(index)) if _PRIVATE.match(character) else character
                for index, character in enumerate(text, first)
            )
        parts: list[str] = []
        done = 0
        for start, end in self._runs(text, first):
            if way := self._shift(first + start, first + end):
                before = ("".join(parts) + text[done:start]).rstrip()
                parts = [before, raised(text[start:end], before) if way > 0 else lowered(text[start:end])]
                done = end
        return "".join([*parts, text[done:]])

    def _runs(self, text: str, first: int) -> Iterator[tuple[int, int]]:
        """Start and end of the pieces of `text` that may be raised or lowered, each of one size of print."""
        for run in _MOVABLE.finditer(text):
            start, end = run.span()
            if end - start > 1 and self._print(first + start) != self._print(first + end - 1):
                for place in range(start + 1, end):
                    if self._print(first + place) != self._print(first + place - 1):
                        yield start, place
                        start = place
            yield start, end

    def _shift(self, start: int, end: int) -> int:
        """1: this part is raised; -1: lowered; 0: neither. Judged by the print right beside it."""
        text = self._text
        beside = start - 1
        if start > 1 and text[beside].isspace() and not text[beside - 1].isspace():
            beside -= 1  # a narrow gap before print of another size is read as a blank
        elif not start:
            beside = end
        if beside >= len(text) or text[beside].isspace():
            return 0
        size, height = self._print(start)
        other, base = self._print(beside)
        if not other or size > _SMALLER * other or abs(self.box(start)[0] - self.box(beside)[2]) > _NEAR * other:
            return 0
        return int(height - base > 0.15 * other) - int(base - height > 0.06 * other)

    def _print(self, index: int) -> tuple[float, float]:
        """Size of a character's print, and the height on which it is put."""
        place = self.place(index)
        self._raw.FPDFText_GetCharOrigin(self._textpage, place, self._x, self._y)
        return self._raw.FPDFText_GetFontSize(self._textpage, place), self._y.value

    def _font(self, index: int) -> str:
        flags, buffer = ctypes.c_int(), ctypes.create_string_buffer(200)
        self._raw.FPDFText_GetFontInfo(self._textpage, self.place(index), buffer, 200, flags)
        name = buffer.value.decode("utf-8", "replace").rpartition("+")[2].partition("-")[0].partition(",")[0]
        return re.sub(r"(?i)^(symbol|wingdings)(?:mt|ps)?.*?(\d?)$", r"\1 \2", name).strip()


def _cleaned(text: str) -> str:
    text = re.sub(r"[\x01\x03-\x08\x0b-\x1f]", "", text.strip()).replace("\x00", "\ufffd")
    return text.translate(_LIGATURES)


# Forms and what was written on the page afterwards.


def _fields(page: Any, number: int, forms: Any) -> Iterator[tuple[PrintedLine, str]]:
    """Values of form fields with the fields' names, and texts that were typed onto the page."""
    from pypdfium2 import raw  # noqa: PLC0415

    for place in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, place)
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        text = name = ""
        if kind == _WIDGET and forms is not None:
            text, name = _value(annotation, forms), _name(annotation, forms)
        elif kind in (_FREE_TEXT, _REMARK):
            name = "Remark" if kind == _REMARK else ""
            text = _string(partial(raw.FPDFAnnot_GetStringValue, annotation, b"Contents"))
        box = raw.FS_RECTF()
        raw.FPDFAnnot_GetRect(annotation, box)
        raw.FPDFPage_CloseAnnot(annotation)
        if text.strip():
            height = min(max(box.top - box.bottom, 1.0), 14.0)
            text, size = " ".join(text.split()), round(height, 1)
            yield PrintedLine(text, number, box.left, box.right, box.bottom, box.top, size), name


def _name(annotation: Any, forms: Any) -> str:
    from pypdfium2 import raw  # noqa: PLC0415

    asked = (raw.FPDFAnnot_GetFormFieldAlternateName, raw.FPDFAnnot_GetFormFieldName)
    names = (_string(partial(ask, forms, annotation)) for ask in asked)
    return next((" ".join(name.split()) for name in names if name.strip()), "")


def _value(annotation: Any, forms: Any) -> str:
    from pypdfium2 import raw  # noqa: PLC0415

    kind = raw.FPDFAnnot_GetFormFieldType(forms, annotation)
    if kind in (_CHECK, _RADIO):
        return "☑" if raw.FPDFAnnot_IsChecked(forms, annotation) else "☐"
    if kind not in (_TEXT, _COMBO, _LIST):
        return ""
    return _string(partial(raw.FPDFAnnot_GetFormFieldValue, forms, annotation))


def _string(ask: Any) -> str:
    """A text that PDFium writes into a buffer, after it has been asked for its length."""
    size = ask(None, 0)
    buffer = ctypes.create_string_buffer(max(size, 2))
    ask(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[: max(0, size - 2)].decode("utf-16-le", "replace")


def _put(field: PrintedLine, name: str, lines: list[PrintedLine]) -> None:
    """A value beside its label: behind the print to its left, a box before that to its right; else behind its name."""
    middle = (field.bottom + field.top) / 2
    row = [place for place, line in enumerate(lines) if line.bottom - 2 <= middle <= line.top + 2]
    if name == "Remark":
        row = []
    if field.text in "☑☐":
        right = [place for place in row if lines[place].left >= field.right - 2]
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

    Lines beside each other that are no columns of text, as in tables, stay one line.
    """
    gutter = _gutter(lines)
    if gutter is None:
        return _rejoined(lines)
    ordered: list[PrintedLine] = []
    band: list[PrintedLine] = []
    for line in sorted(lines, key=lambda line: (-round(line.bottom), line.left)):
        if line.left < gutter < line.right:
            ordered += [*_by_column(band, gutter), line]
            band = []
        else:
            band.append(line)
    return ordered + _by_column(band, gutter)


def _by_column(band: list[PrintedLine], gutter: float) -> list[PrintedLine]:
    left, right = [line for line in band if line.right <= gutter], [line for line in band if line.left >= gutter]
    return _ordered(left) + _ordered(right)


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
        height = min(before.top, line.top) - max(before.bottom, line.bottom) if before else 0.0
        if before and height > 0.5 * min(before.size, line.size) and line.left >= before.right:
            joined[-1] = replace(before, text=f"{before.text} {line.text}", right=line.right)
        else:
            joined.append(line)
    return joined
