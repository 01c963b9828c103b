"""CSV and TSV: the first row names the columns."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from ...errors import DocumentError
from ...text.encoding import decode
from ..documents import Document, ReadProblem
from .rows import row_blocks

DELIMITERS = ",;\t|"


def read_csv(path: Path) -> Iterator[Document | ReadProblem]:
    """One document. Raises DocumentError, OSError."""
    text = decode(path.read_bytes(), str(path))
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, path)))
    except csv.Error as error:
        raise DocumentError(f"{path} is not valid CSV: {error}.", "Correct it, or save it as text.") from error
    yield Document(str(path), path.stem, row_blocks(rows))


def _delimiter(text: str, path: Path) -> str:
    """The one that most of the first lines have, most evenly."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    lines = [line for line in text[:20_000].split("\n")[:20] if line.strip()]

    def evenness(delimiter: str) -> tuple[int, int]:
        counts = [line.count(delimiter) for line in lines]
        usual = max(set(counts), key=lambda count: (counts.count(count), count), default=0)
        return (counts.count(usual) if usual else 0, usual)

    return max(DELIMITERS, key=evenness)
