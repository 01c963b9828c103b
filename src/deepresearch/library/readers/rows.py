"""Rows of cells to blocks: what CSV, spreadsheets, slides, pages and text documents share."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from ..documents import Block
from ..passages import size

WIDEST = 12
"""Columns up to which a table is written as Markdown; in wider ones every cell is put beside its column's name."""
LONGEST_ROW = 60
"""Words of an average row up to which a table is written as Markdown."""
WIDEST_SPAN, WIDEST_ROW = 200, 1000
"""Columns that one cell may cover, and those of a table."""
MOST_CELLS = 1_000_000  # cells of a table once merged ones are repeated
Grid = dict[int, dict[int, str]]
"""Texts of the cells by row and column, from 0."""


@dataclass
class Cell:
    """A cell of a table that may cover several rows and columns."""

    text: str
    rows: int = 1
    columns: int = 1


def spread(table: Sequence[Sequence[Cell]]) -> tuple[list[list[str]], set[int]]:
    """The table with a merged cell's text in every row and column that it covers; and which rows have wide cells.

    A cell that is as wide as the table is a heading of the rows below it: its text is there once.
    """
    width = max((sum(min(cell.columns, WIDEST_SPAN) for cell in row) for row in table), default=0)
    grid: Grid = {}
    wide: set[int] = set()
    room = MOST_CELLS
    for number, cells in enumerate(table):
        column = 0
        for cell in cells:
            while column in grid.get(number, {}):
                column += 1
            if column >= WIDEST_ROW or room < 0:
                break
            columns = max(1, min(cell.columns, WIDEST_SPAN))
            rows = min(cell.rows, len(table) - number, room // columns + 1)
            cover(grid, (number, column, number + rows - 1, column + columns - 1), cell.text, width, wide)
            room -= rows * columns
    return [grid_row(grid.get(number, {})) for number in range(len(table))], wide


def cover(grid: Grid, area: tuple[int, int, int, int], text: str, width: int, wide: set[int]) -> None:
    """Put the text of a merged cell into every empty place of its area: first row and column, last row and column.

    width: of the table. wide: gets the row, unless the cell is as wide as the table.
    """
    top, left, bottom, right = area
    right = min(right, left + WIDEST_SPAN - 1)
    whole = right > left and right - left + 1 >= min(width, WIDEST_SPAN)
    if right > left and not whole:
        wide.add(top)
    for row in range(top, bottom + 1):
        for column in range(left, right + 1):
            grid.setdefault(row, {}).setdefault(column, "" if whole and column > left else text)


def grid_row(cells: dict[int, str]) -> list[str]:
    """The cells of one row, with empty ones between them."""
    return [cells.get(column, "") for column in range(max(cells, default=-1) + 1)]


def row_blocks(rows: Iterable[list[str]], page: int | None = None, wide: Collection[int] = ()) -> list[Block]:
    """Blocks of the tables in `rows`: an empty row ends a table, its first row names its columns.

    wide: numbers of rows with labels over several columns; where one names the columns, so does the row below it.
    """
    blocks: list[Block] = []
    table: list[list[str]] = []
    first = 0
    for number, row in enumerate(rows):
        cells = [" ".join(cell.split()) for cell in row]
        if any(cells):
            if not table:
                first = number
            table.append(cells)
        else:
            blocks += _table(table, page, {number - first for number in wide})
            table = []
    return blocks + _table(table, page, {number - first for number in wide})


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equal length as Markdown, the first as the head."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines)


def joined_head(rows: list[list[str]], wide: Collection[int]) -> list[list[str]]:
    """`rows` with the rows that name the columns as one: labels over several columns, and those below them."""
    count = 1
    while count - 1 in wide and count < min(len(rows) - 1, 4):
        count += 1
    width = max(map(len, rows), default=0)
    head = [row + [""] * (width - len(row)) for row in rows[:count]]
    names = [" / ".join(dict.fromkeys(filter(None, column))) for column in zip(*head, strict=True)]
    return [names, *rows[count:]]


def without_empty_columns(rows: list[list[str]]) -> list[list[str]]:
    """`rows`, made equally long, without the columns in which no row has text."""
    return [list(row) for row in zip(*filter(any, zip_longest(*rows, fillvalue="")), strict=True)]


def _table(rows: list[list[str]], page: int | None, wide: Collection[int]) -> list[Block]:
    blocks: list[Block] = []
    several = max((sum(map(bool, row)) for row in rows), default=0)
    while rows and several > 1 and sum(map(bool, rows[0])) == 1:  # a caption above the columns' names
        blocks.append(Block("paragraph", "".join(rows.pop(0)), page=page))
        wide = {number - 1 for number in wide}
    rows = joined_head(rows, wide) if rows else rows
    rows = without_empty_columns(rows)
    if len(rows) < 2 or len(rows[0]) < 2:
        return blocks + [Block("paragraph", " | ".join(row), page=page) for row in rows]
    if len(rows[0]) > WIDEST or sum(size(" ".join(row)) for row in rows) > LONGEST_ROW * len(rows):
        for row in rows[1:]:
            cells = (f"{name}: {cell}" if name else cell for name, cell in zip(rows[0], row, strict=True) if cell)
            blocks.append(Block("paragraph", "\n".join(cells), page=page))
        return blocks
    return [*blocks, Block("table", markdown_table(rows), page=page)]


def about(**fields: str | None) -> list[Block]:
    """A document's own metadata (author, ...), as the paragraph before its text."""
    lines = [f"{name.capitalize()}: {' '.join(value.split())}" for name, value in fields.items() if value]
    return [Block("paragraph", "\n".join(lines))] if lines else []
