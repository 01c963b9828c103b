"""Rows of cells to blocks: what CSV, spreadsheets, slides, pages and text documents share."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ..documents import Block
from ..passages import size

WIDEST = 12
"""Columns up to which a table is written as Markdown; in wider ones every cell is put beside its column's name."""
LONGEST_ROW = 60
"""Words of an average row up to which a table is written as Markdown."""
WIDEST_SPAN, WIDEST_ROW = 200, 1000
"""Columns that one cell may cover, and those of a table."""
MOST_CELLS = 1_000_000
"""Cells of a table once merged ones are repeated."""


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
    rows: list[list[str]] = []
    wide: set[int] = set()
    left_over = MOST_CELLS
    above: dict[int, tuple[int, str]] = {}
    """By column: for how many rows more a cell above covers it, and its text."""
    for number, cells in enumerate(table):
        row: list[str] = []
        waiting = list(reversed(cells))
        reach = max(above, default=-1)
        while (waiting or len(row) <= reach) and len(row) < WIDEST_ROW:
            column = len(row)
            if column in above:
                left, text = above.pop(column)
                row.append(text)
                if left > 1:
                    above[column] = (left - 1, text)
            elif not waiting:
                row.append("")
            else:
                cell = waiting.pop()
                columns = max(1, min(cell.columns, WIDEST_SPAN))
                whole = columns > 1 and columns >= width
                if columns > 1 and not whole:
                    wide.add(number)
                texts = [cell.text, *([""] if whole else [cell.text]) * (columns - 1)]
                if (left := min(cell.rows, len(table) - number) - 1) > 0:
                    above |= {column + place: (left, text) for place, text in enumerate(texts)}
                row += texts
        rows.append(row)
        left_over -= len(row)
        if left_over < 0:
            break
    return rows, wide


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


def _table(rows: list[list[str]], page: int | None, wide: Collection[int]) -> list[Block]:
    blocks: list[Block] = []
    several = max((sum(map(bool, row)) for row in rows), default=0)
    while rows and several > 1 and sum(map(bool, rows[0])) == 1:  # a caption above the columns' names
        blocks.append(Block("paragraph", "".join(rows.pop(0)), page=page))
        wide = {number - 1 for number in wide}
    rows = joined_head(rows, wide) if rows else rows
    width = max(map(len, rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    used = [column for column in range(width) if any(row[column] for row in rows)]
    rows = [[row[column] for column in used] for row in rows]
    if len(used) < 2 or len(rows) < 2:
        return blocks + [Block("paragraph", " | ".join(row), page=page) for row in rows]
    if len(used) > WIDEST or sum(size(" ".join(row)) for row in rows) > LONGEST_ROW * len(rows):
        return blocks + [Block("paragraph", _named(rows[0], row), page=page) for row in rows[1:]]
    return [*blocks, Block("table", markdown_table(rows), page=page)]


def _named(names: list[str], row: list[str]) -> str:
    return "\n".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, row, strict=True) if cell)


def about(**fields: str | None) -> list[Block]:
    """A document's own metadata (author, ...), as the paragraph before its text."""
    lines = [f"{name.capitalize()}: {' '.join(value.split())}" for name, value in fields.items() if value]
    return [Block("paragraph", "\n".join(lines))] if lines else []
