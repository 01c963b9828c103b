"""Corpora: JSON lines and JSON lists whose rows are documents.

The text of a row is in its field `text`, or in the one that the caller names.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import DocumentError
from ...text.encoding import decode
from ...text.names import subject_of
from ..documents import Document, ReadProblem
from .text import paragraphs

TEXT = "text"
LONGEST_LINE = 16 * 1024 * 1024
"""Bytes; what is longer is not a document, and falls apart into lines that are not JSON."""


def read_json_lines(path: Path, text_field: str = TEXT) -> Iterator[Document | ReadProblem]:
    """A document per line. A line that cannot be used is yielded as a ReadProblem. Raises OSError."""
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode("utf-8-sig"))
            except (ValueError, RecursionError) as error:
                yield ReadProblem(f"{path}:{number}", f"not a JSON object in UTF-8: {error}")
                continue
            yield document_of(row, path, number, text_field)


def read_json(path: Path, text_field: str = TEXT) -> Iterator[Document | ReadProblem]:
    """A document per entry of a list. Raises DocumentError where the file is something else, OSError."""
    try:
        rows = json.loads(decode(path.read_bytes(), str(path)))
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"{path} is not valid JSON: {error}.", "Correct it, or use JSON lines.") from error
    if not isinstance(rows, list):
        raise DocumentError(f"{path} is not a corpus: not a list.", "Give a list of objects with `id` and `text`.")
    for number, row in enumerate(rows, 1):
        yield document_of(row, path, number, text_field)


def document_of(row: Any, path: Path, number: int, text_field: str = TEXT) -> Document | ReadProblem:
    """The document of row `number`, from 1, or why there is none."""
    place = f"{path}:{number}"
    if not isinstance(row, dict):
        return ReadProblem(place, f"not an object with `id` and `{text_field}`")
    text = row.get(text_field)
    if not isinstance(text, str):
        named = ", ".join(f"`{name}`" for name in list(row)[:8])
        advice = f" (its fields: {named}); --text-field of `index build` names another" if text_field not in row else ""
        return ReadProblem(place, f"no `{text_field}`{advice}")
    id = row.get("id")
    return Document(
        id=str(id) if isinstance(id, str | int) and str(id) else place,
        title=_string(row.get("title")) or subject_of(text),
        blocks=paragraphs(text),
        url=_string(row.get("url")),
        date=_string(row.get("date")),
        language=_string(row.get("language")),
        row=True,
    )


def _string(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None
