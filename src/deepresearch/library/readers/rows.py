"""Rows of cells to blocks: what CSV, spreadsheets, slides and text documents share."""

from collections.abc import Iterable

from ..documents import Block
from ..passages import size

WIDEST = 12
"""Columns up to which a table is kept as Markdown; in wider ones every cell stands beside its column's name."""
LONGEST_ROW = 60
"""Words of an average row up to which the same holds."""


def row_blocks(rows: Iterable[list[str]], page: int | None = None) -> list[Block]:
    """Blocks of the tables in `rows`: an empty row ends a table, its first row names its columns."""
    blocks: list[Block] = []
    table: list[list[str]] = []
    for row in rows:
        cells = [" ".join(cell.split()) for cell in row]
        if any(cells):
            table.append(cells)
        else:
            blocks += _table(table, page)
            table = []
    return blocks + _table(table, page)


def _table(rows: list[list[str]], page: int | None) -> list[Block]:
    blocks: list[Block] = []
    wide = max((sum(map(bool, row)) for row in rows), default=0)
    while rows and wide > 1 and sum(map(bool, rows[0])) == 1:  # a caption above the columns' names
        blocks.append(Block("paragraph", "".join(rows.pop(0)), page=page))
    width = max(map(len, rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    used = [column for column in range(width) if any(row[column] for row in rows)]
    rows = [[row[column] for column in used] for row in rows]
    if len(used) < 2 or len(rows) < 2:
        return blocks + [Block("paragraph", " | ".join(row), page=page) for row in rows]
    if len(used) > WIDEST or sum(size(" ".join(row)) for row in rows) > LONGEST_ROW * len(rows):
        return blocks + [Block("paragraph", _named(rows[0], row), page=page) for row in rows[1:]]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(used))
    return [*blocks, Block("table", "\n".join(lines), page=page)]


def _named(names: list[str], row: list[str]) -> str:
    return "\n".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, row, strict=True) if cell)


def about(**fields: str | None) -> list[Block]:
    """What a document says about itself (author, ...), as the paragraph before its text."""
    lines = [f"{name.capitalize()}: {' '.join(value.split())}" for name, value in fields.items() if value]
    return [Block("paragraph", "\n".join(lines))] if lines else []
