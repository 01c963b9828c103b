"""Spreadsheets (xlsx, xls): every sheet under its name, values instead of formulas, the first row names the columns."""

import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..documents import Block, Document, ReadProblem
from .rows import about, row_blocks
from .zipped import check_office

MOST_CELLS = 2_000_000
"""Of a file; what follows is left out, and said so."""


def read_xlsx(path: Path) -> Iterator[Document | ReadProblem]:
    """One document. Raises DocumentError, OSError; whatever openpyxl raises on damaged files."""
    import openpyxl  # noqa: PLC0415  the other kind has a library of its own

    check_office(path)
    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    try:
        budget = _Budget()
        blocks = []
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # what it declares may be a million empty rows
            rows = ([_shown(cell) for cell in row] for row in sheet.iter_rows(values_only=True))
            blocks += _sheet(sheet.title, budget.bounded(rows))
        meta = book.properties
    finally:
        book.close()
    if budget.spent:
        yield ReadProblem(str(path), f"only its first {MOST_CELLS} cells are read")
    date = meta.modified or meta.created
    blocks = about(author=meta.creator) + blocks
    yield Document(str(path), meta.title or path.stem, blocks, date=date.date().isoformat() if date else None)


def read_xls(path: Path) -> Iterator[Document | ReadProblem]:
    """One document. Raises OSError; whatever xlrd raises on damaged files."""
    import xlrd  # noqa: PLC0415

    with path.open("rb") as file:  # the library prints to the terminal by itself
        book = xlrd.open_workbook(file_contents=file.read(), logfile=_Silent(), on_demand=True)
    budget = _Budget()
    blocks = []
    for sheet in book.sheets():
        rows = ([_old(cell, book.datemode) for cell in sheet.row(row)] for row in range(sheet.nrows))
        blocks += _sheet(sheet.name, budget.bounded(rows))
    if budget.spent:
        yield ReadProblem(str(path), f"only its first {MOST_CELLS} cells are read")
    yield Document(str(path), path.stem, about(author=book.user_name.strip()) + blocks)


class _Silent:
    def write(self, text: str) -> None:
        """A stream that nobody reads."""


class _Budget:
    def __init__(self) -> None:
        self._left = MOST_CELLS
        self.spent = False

    def bounded(self, rows: Iterable[list[str]]) -> Iterator[list[str]]:
        for row in rows:
            self._left -= len(row) + 1
            if self._left < 0:
                self.spent = True
                return
            yield row


def _sheet(name: str, rows: Iterable[list[str]]) -> list[Block]:
    blocks = row_blocks(rows)
    return [Block("heading", name, 1), *blocks] if blocks else []


def _shown(value: Any) -> str:
    """A cell's value as people would write it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "minutes")
    return str(value)


def _old(cell: Any, datemode: int) -> str:
    import xlrd  # noqa: PLC0415

    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return _shown(xlrd.xldate_as_datetime(cell.value, datemode))
        except (ValueError, OverflowError):
            return _shown(cell.value)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return str(bool(cell.value))
    return "" if cell.ctype == xlrd.XL_CELL_ERROR else _shown(cell.value)
