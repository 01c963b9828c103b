"""Spreadsheets: every sheet under its name, values as the sheet shows them, the first row names the columns."""

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from ..documents import Block, Document, ReadProblem
from .cell_format import BUILT_IN, plain_number, shown, shown_text
from .office import Package, at, integer, local, value, words
from .rows import Grid, about, cover, grid_row, row_blocks
from .signs import is_symbol_font, lowered, raised, symbols

MOST_CELLS = 2_000_000
"""Cells read of one file; the rest is left out and reported."""
WIDEST_SHEET = 16_384  # columns of a sheet
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")


def read_xlsx(path: Path) -> Iterator[Document | ReadProblem]:
    """One document. Raises DocumentError, OSError."""
    with Package(path) as package:
        book = _Book(package)
        blocks = [block for name, part in book.sheets() for block in book.sheet(name, part)]
        if book.left < 0:
            yield ReadProblem(str(path), f"only its first {MOST_CELLS} cells are read")
        yield package.document(blocks)


class _Book:
    def __init__(self, package: Package) -> None:
        self.left = MOST_CELLS
        self._package = package
        self._part = package.main("xl/workbook.xml")
        self._root = package.xml(self._part)
        self._since_1904 = value(self._root, "workbookPr", "date1904") in ("1", "true")
        parts = {relation.kind: root for relation, root in package.related(self._part, "sharedStrings", "styles")}
        self._strings = [_rich(entry) for entry in parts["sharedStrings"]] if "sharedStrings" in parts else []
        self._formats = _formats(parts.get("styles"))

    def sheets(self) -> Iterator[tuple[str, str]]:
        """Name and part of every sheet of cells."""
        relations = self._package.relations(self._part)
        for sheet in self._root.iter("{*}sheet"):
            relation = relations.get(value(sheet, name="id") or "")
            if relation and relation.kind == "worksheet":
                hidden = " (hidden)" if sheet.get("state") in ("hidden", "veryHidden") else ""
                yield (sheet.get("name") or "") + hidden, relation.target

    def sheet(self, name: str, part: str) -> list[Block]:
        """The blocks of one sheet, with its remarks and drawings."""
        grid, merged = self._cells(part)
        rows, wide = _spread(grid, merged)
        blocks = row_blocks(rows, wide=wide)
        for relation, root in self._package.related(part, "comments", "drawing"):
            blocks += _comments(root) if relation.kind == "comments" else _drawing(root)
        return [Block("heading", name, 1), *blocks] if blocks else []

    def _cells(self, part: str) -> tuple[Grid, list[tuple[int, int, int, int]]]:
        """Texts, and the areas of merged cells: first row and column, last row and column."""
        grid: Grid = {}
        merged = []
        row = -1
        data = io.BytesIO(self._package.data(part))
        for _, element in etree.iterparse(
            data, tag=["{*}row", "{*}mergeCell"], resolve_entities=False, no_network=True, huge_tree=True
        ):
            if local(element) == "mergeCell":
                ends = [_place(reference) for reference in (element.get("ref") or "").split(":")]
                if len(ends) == 2 and None not in ends:
                    merged.append((*ends[0], *ends[1]))  # type: ignore[misc]
                continue
            number = element.get("r") or ""
            row = int(number) - 1 if number.isdecimal() else row + 1
            self.left -= len(element) + 1
            if self.left < 0:
                break
            cells = self._row(element)
            if cells:
                grid[row] = cells
            element.clear()
        return grid, merged

    def _row(self, element: Any) -> dict[int, str]:
        cells: dict[int, str] = {}
        column = -1
        for cell in element.iterchildren("{*}c"):
            place = _place(cell.get("r") or "")
            column = place[1] if place else column + 1
            if (text := self._text(cell)) and column < WIDEST_SHEET:
                cells[column] = text
        return cells

    def _text(self, cell: Any) -> str:
        """What a cell shows."""
        kind = cell.get("t") or "n"
        if kind == "inlineStr":
            return _rich(at(cell, "is"))
        text, formula = cell.findtext("{*}v") or "", at(cell, "f")
        if not text:
            return "" if formula is None else _not_computed(formula)
        style = integer(cell.get("s"))
        code = self._formats[style] if style < len(self._formats) else "General"
        if kind == "s":
            number = integer(text, -1)
            found = self._strings[number] if 0 <= number < len(self._strings) else None
            return f"[text {text} is missing]" if found is None else shown_text(found, code)
        if kind == "b":
            return "TRUE" if text in ("1", "true") else "FALSE"
        if kind == "d":
            return text.removesuffix("T00:00:00").replace("T", " ")
        try:
            return text if kind in ("str", "e") else shown(float(text), code, self._since_1904)
        except ValueError:
            return text


def _not_computed(formula: Any) -> str:
    text = (formula.text or "").strip()
    return f"[formula{' =' + text if text else ''}, never computed]"


def _place(reference: str) -> tuple[int, int] | None:
    """Row and column, from 0, of a reference such as B7."""
    match = _REFERENCE.fullmatch(reference)
    if not match:
        return None
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match[2]) - 1, column - 1


def _rich(element: Any) -> str:
    """The text of a cell whose parts may be raised, lowered, or in a symbol font."""
    parts: list[str] = []
    for child in () if element is None else element:
        text = (child.text if local(child) == "t" else child.findtext("{*}t") if local(child) == "r" else "") or ""
        if is_symbol_font(font := value(child, "rPr/rFont")):
            text = symbols(text, font)
        way = value(child, "rPr/vertAlign")
        if way == "superscript":
            text = raised(text, "".join(parts))
        parts.append(lowered(text) if way == "subscript" else text)
    return "".join(parts).replace("_x000D_", "").strip()


def _formats(root: Any) -> list[str]:
    """The number format of each style of cells."""
    declared = () if root is None else root.iter("{*}numFmt")
    known = BUILT_IN | {integer(one.get("numFmtId")): one.get("formatCode") or "General" for one in declared}
    cells = at(root, "cellXfs")
    return [known.get(integer(one.get("numFmtId")), "General") for one in (() if cells is None else cells)]


def _spread(grid: Grid, merged: Iterable[tuple[int, int, int, int]]) -> tuple[list[list[str]], set[int]]:
    """Rows of the sheet, a merged cell's text in every place that it covers; and rows with labels of several columns.

    A label as wide as all else in the sheet is there once. Several rows without a cell count as one.
    """
    wide: set[int] = set()
    width = max((max(cells) for cells in grid.values()), default=0) + 1
    last = max(grid, default=-1)
    for top, left, bottom, right in merged:
        if text := grid.get(top, {}).get(left):
            cover(grid, (top, left, min(bottom, last), right), text, width, wide)
    numbers: dict[int, int] = {}
    rows: list[list[str]] = []
    for row in sorted(grid):
        if rows and row - 1 not in grid:
            rows.append([])
        numbers[row] = len(rows)
        rows.append(grid_row(grid[row]))
    return rows, {numbers[row] for row in wide}


def _comments(root: Any) -> list[Block]:
    """Remarks on cells."""
    found = ((comment.get("ref") or "", words(comment)) for comment in root.iter("{*}comment"))
    return [Block("item", f"- Remark on {reference}: {text}") for reference, text in found if text]


def _drawing(root: Any) -> list[Block]:
    """Texts in shapes, and descriptions of pictures."""
    texts = [words(shape) for shape in root.iter("{*}txBody")]
    pictures = (" ".join((found.get("descr") or "").split()) for found in root.iter("{*}cNvPr"))
    return [Block("paragraph", text) for text in [*texts, *(f"[{text}]" for text in pictures if text)] if text]


def read_xls(path: Path) -> Iterator[Document | ReadProblem]:
    """One document. Raises OSError; whatever xlrd raises on damaged files."""
    import xlrd  # noqa: PLC0415  the other kind needs no library

    with path.open("rb") as file:  # the library prints to the terminal by itself
        book = xlrd.open_workbook(file_contents=file.read(), logfile=io.StringIO(), formatting_info=True)
    left = MOST_CELLS
    blocks = []
    for sheet in book.sheets():
        grid: Grid = {}
        for row in range(sheet.nrows):
            left -= sheet.ncols + 1
            if left < 0:
                break
            cells = {column: _old(book, cell) for column, cell in enumerate(sheet.row(row))}
            if cells := {column: text for column, text in cells.items() if text}:
                grid[row] = cells
        merged = [(top, first, bottom - 1, end - 1) for top, bottom, first, end in sheet.merged_cells]
        rows, wide = _spread(grid, merged)
        if found := row_blocks(rows, wide=wide):
            blocks += [Block("heading", sheet.name, 1), *found]
    if left < 0:
        yield ReadProblem(str(path), f"only its first {MOST_CELLS} cells are read")
    yield Document(str(path), path.stem, about(author=book.user_name.strip()) + blocks)


def _old(book: Any, cell: Any) -> str:
    import xlrd  # noqa: PLC0415

    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
    if cell.ctype not in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        return str(cell.value).strip()
    found = book.format_map.get(book.xf_list[cell.xf_index].format_key) if cell.xf_index is not None else None
    if found is None:
        return plain_number(cell.value)
    return shown(cell.value, BUILT_IN.get(found.format_key, found.format_str), book.datemode == 1)
