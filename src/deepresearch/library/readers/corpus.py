"""Corpora: JSON lines and JSON lists whose rows are documents."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import DocumentError
from ...text.encoding import decode
from ..documents import Document, Problem
from .text import paragraphs

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes; what is longer is no document, and falls apart into lines that are no JSON."""


def read_json_lines(path: Path) -> Iterator[Document | Problem]:
    """A document per line. A line that cannot be used is yielded as a Problem. Raises OSError."""
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode("utf-8-sig"))
            except (ValueError, RecursionError) as error:
                yield Problem(f"{path}:{number}", f"not a JSON object in UTF-8: {error}")
                continue
            yield document_of(row, path, number)


def read_json(path: Path) -> Iterator[Document | Problem]:
    """A document per entry of a list. Raises DocumentError where the file is something else, OSError."""
    try:
        rows = json.loads(decode(path.read_bytes(), str(path)))
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"{path} is not sound JSON: {error}.", "Mend it, or use JSON lines.") from error
    if not isinstance(rows, list):
        raise DocumentError(f"{path} is no corpus: not a list.", "Give a list of objects with `id` and `text`.")
    for number, row in enumerate(rows, 1):
        yield document_of(row, path, number)


def document_of(row: Any, path: Path, number: int) -> Document | Problem:
    """The document of row `number`, from 1, or why there is none."""
    place = f"{path}:{number}"
    if not isinstance(row, dict):
        return Problem(place, "not an object with `id` and `text`")
    text = row.get("text")
    if not isinstance(text, str):
        return Problem(place, "no `text`")
    id = row.get("id")
    return Document(
        id=str(id) if isinstance(id, str | int) and str(id) else place,
        title=_string(row.get("title")) or "",
        blocks=paragraphs(text),
        url=_string(row.get("url")),
        date=_string(row.get("date")),
        language=_string(row.get("language")),
        row=True,
    )


def _string(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None
