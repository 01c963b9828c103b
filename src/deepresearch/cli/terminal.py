"""Writing to a terminal: people's lines to standard error, results to standard output, nothing that could steer it."""

import json
import os
import re
import shutil
import sys
from typing import TextIO

from ..text.characters import clean

WIDEST = 110
"""Columns of a rendered report: longer lines are hard to read."""
_IN_PAGE = re.compile(r"\[((?:\\.|[^\[\]\\])+)\]\(#[^()\s]*\)|<a id=\"[^\"]*\"></a>")
"""Links within the report, and their targets."""


def say(text: str) -> None:
    """A line for the person watching; where it cannot be written, what is done for that person continues.

    Raises BrokenPipeError where standard error is a pipe whose reader has gone: nobody wants more.
    """
    if sys.stderr is None:  # closed with `2>&-`; print would write to standard output instead
        return
    try:
        print(clean(text), file=sys.stderr, flush=True)
    except BrokenPipeError:
        raise
    except OSError:  # a full disk behind `2> FILE`
        discard(sys.stderr)


def discard(stream: TextIO) -> None:
    """Send what is still buffered for `stream` nowhere, so that the interpreter does not fail over it when it exits."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, stream.fileno())
    os.close(sink)


def put(text: str) -> None:
    """A result."""
    print(clean(text), flush=True)


def put_report(markdown: str) -> None:
    """A report: rendered for a person at a terminal, Markdown as it is for a pipe or a file."""
    if not sys.stdout.isatty():
        put(markdown)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    text = without_places(clean(markdown))
    Console(width=min(Console().width, WIDEST)).print(Markdown(text, hyperlinks=False))


def without_places(markdown: str) -> str:
    """A report without links to places in it: a terminal cannot jump to a reference."""
    return _IN_PAGE.sub(lambda found: found[1] or "", markdown)


def dump(value: object) -> str:
    """One line of JSON, escaped as far as standard output needs it."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    return json.dumps(value, ensure_ascii=not encoding.startswith("utf"))


def width() -> int:
    """Columns of the terminal; where standard output is none, as many as a line of a table may have."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 160


def table(rows: list[list[str]], width: int) -> str:
    """Columns padded to their widest cell; the last one cut so that a line has at most `width` columns."""
    from rich.cells import cell_len, chop_cells, set_cell_size  # Chinese characters take two columns

    sizes = [max(map(cell_len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    room = max(20, width - sum(sizes) - 2 * len(sizes))
    lines = []
    for *cells, last in rows:
        cut = last if cell_len(last) <= room else chop_cells(last, room - 1)[0] + "…"
        lines.append("  ".join([*map(set_cell_size, cells, sizes), cut]).rstrip())
    return "\n".join(lines)
