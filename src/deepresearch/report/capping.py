"""Tables that no reader and no office program could take, cut before any format is written."""

import re

from ..text.markdown import line_starts, parse

MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 200, 24, 2000
"""Of one table: body rows, columns, and characters of a cell."""
_PIPE = re.compile(r"(?<!\\)\|")


def cap_tables(text: str, sentence: str) -> str:
    """`text` (Markdown) with gigantic tables cut, each followed by `sentence` with what was cut filled in."""
    if text.count("\n") < MOST_ROWS and text.count("|") < MOST_COLUMNS and len(text) < LONGEST_CELL:
        return text
    starts = line_starts(text)
    pieces = []
    end = 0
    for first, last in _tables(text):
        start, stop = starts[min(first, len(starts) - 1)], starts[min(last, len(starts) - 1)]
        pieces += [text[end:start], _capped(text[start:stop], sentence)]
        end = stop
    return "".join([*pieces, text[end:]])


def _tables(text: str) -> list[tuple[int, int]]:
    """First line and line after the last of each table that stands outside lists and quotations."""
    tokens = [t for t in parse(text) if t.type == "table_open" and t.level == 0 and t.map]
    return [(t.map[0], t.map[1]) for t in tokens if t.map]


def _capped(table: str, sentence: str) -> str:
    rows = table.rstrip("\n").split("\n")
    cells = [_PIPE.split(row.strip().removeprefix("|").removesuffix("|")) for row in rows]
    columns = len(cells[0])
    if len(rows) - 2 <= MOST_ROWS and columns <= MOST_COLUMNS and all(len(c) <= LONGEST_CELL for r in cells for c in r):
        return table
    kept = [f"|{'|'.join(_cut(cell) for cell in row[:MOST_COLUMNS])}|" for row in cells[: MOST_ROWS + 2]]
    counts = {"rows": len(kept) - 2, "columns": min(columns, MOST_COLUMNS)}
    told = sentence.format(**counts, all_rows=len(rows) - 2, all_columns=columns)
    return "\n".join(kept) + f"\n\n*{told}*\n\n"


def _cut(cell: str) -> str:
    """`cell`, cut before a mark or an escape rather than within it."""
    if len(cell) <= LONGEST_CELL:
        return cell
    return re.sub(r"\\?(?:\ue000\{?\d*)?$", "", cell[:LONGEST_CELL]) + "…"
