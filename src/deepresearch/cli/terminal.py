"""Writing to a terminal: people's lines to standard error, results to standard output, nothing that could steer it."""

import json
import sys
import unicodedata

WIDEST = 110
"""Columns of a rendered report: longer lines are hard to read."""
_KEPT = {"\n", "\t"}
_BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def plain(text: str) -> str:
    """`text` without control characters and direction marks: titles and pages come from strangers."""
    return "".join(c for c in text if c in _KEPT or not (c in _BIDI or unicodedata.category(c) in ("Cc", "Cs", "Co")))


def say(text: str) -> None:
    """A line for the person watching."""
    print(plain(text), file=sys.stderr, flush=True)


def put(text: str) -> None:
    """A result."""
    print(plain(text), flush=True)


def put_report(markdown: str) -> None:
    """A report: rendered for a person at a terminal, Markdown as it is for a pipe or a file."""
    if not sys.stdout.isatty():
        put(markdown)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(width=min(Console().width, WIDEST)).print(Markdown(plain(markdown), hyperlinks=False))


def dump(value: object) -> str:
    """One line of JSON, escaped as far as standard output needs it."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    return json.dumps(value, ensure_ascii=not encoding.startswith("utf"))


def clip(text: str, length: int) -> str:
    """One line of at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def table(rows: list[list[str]]) -> str:
    """Columns padded to their widest cell."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
