"""Corpora in Parquet: a document per row, read a batch at a time, so that files may be of any size."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import DocumentError, MissingPackage
from ..documents import Document, ReadProblem
from .corpus import TEXT, document_of

COLUMNS = ("id", "title", "url", "date", "language")  # optional columns that are read besides the text
_KINDS = {
    "text": "(large_)?string",
    "title": "(large_)?string|null",
    "id": "(large_)?string|null|u?int",
    "date": "(large_)?string|null|u?int|date|timestamp",
}
"""How the types of columns begin; of those that are not named here as that of the title."""
BATCH = 1000  # rows in memory at once
LONGEST = 16 * 1024 * 1024
"""Characters of a cell; what is longer is not a document."""
LARGEST_GROUP = 2**30  # bytes, unpacked, of a column in one row group
BUFFER = 1024 * 1024  # bytes of a column read at once


def read_parquet(path: Path, text_field: str = TEXT) -> Iterator[Document | ReadProblem]:
    """A document per row; a row that cannot be used is yielded as a ReadProblem.

    Raises MissingPackage without pyarrow, DocumentError for a damaged file or one without the columns of a corpus,
    OSError from the file system.
    """
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415  an optional package
    except ImportError:
        raise MissingPackage(f"{path}: reading .parquet", "pyarrow", "parquet") from None
    number = 0
    try:
        with parquet.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False) as file:
            columns = _columns(file.schema_arrow, path, text_field)
            _check_size(file.metadata, columns, path)
            for batch in file.iter_batches(BATCH, columns=columns, use_threads=False):
                cells = {name: _texts(batch.column(name)) for name in columns}
                for place in range(batch.num_rows):
                    number += 1
                    yield _row({name: column[place] for name, column in cells.items()}, path, number, text_field)
    except (ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the file system's own
        raise DocumentError(f"{path} is not sound Parquet: {str(error)[:300]}.", "Write it again.") from error


def _columns(schema: Any, path: Path, text_field: str) -> list[str]:
    """The text's column and those of COLUMNS that the file has. Raises DocumentError where it is not a corpus."""
    if schema.get_field_index(text_field) < 0:  # it is nowhere, or there twice
        raise DocumentError(
            f"{path} has no one column `{text_field}` (its columns: {', '.join(schema.names[:10]) or 'none'}).",
            "Name the column with the texts: --text-field COLUMN.",
        )
    found = [text_field, *(name for name in COLUMNS if name != text_field and schema.get_field_index(name) >= 0)]
    for name in found:
        kind = schema.field(name).type
        suits = _KINDS["text" if name == text_field else name if name in _KINDS else "title"]
        if not re.match(suits, str(kind.value_type if str(kind).startswith("dictionary") else kind)):
            raise DocumentError(f"{path}: the column `{name}` is of the type {kind}.", "Write it as a string.")
    return found


def _check_size(metadata: Any, columns: list[str], path: Path) -> None:
    """Raises DocumentError where a part that is read in one piece is huge by its own metadata."""
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        chunks = (group.column(place) for place in range(group.num_columns))
        largest = max((c.total_uncompressed_size for c in chunks if c.path_in_schema in columns), default=0)
        if largest > LARGEST_GROUP:
            raise DocumentError(
                f"{path}: row group {number} has {largest // 2**20} MiB in one column, more than the "
                f"{LARGEST_GROUP // 2**20} MiB that are read.",
                "Write it with smaller row groups.",
            )


def _texts(column: Any) -> list[Any]:
    """The cells as text or None; as an error where the text is not UTF-8 or too long."""
    import pyarrow  # noqa: PLC0415

    if pyarrow.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pyarrow.types.is_timestamp(column.type):
        column = column.cast(pyarrow.timestamp(column.type.unit))  # without its zone, which a date does not need
    return [_text(value) for value in column.cast(pyarrow.large_string())]


def _text(value: Any) -> str | ValueError | None:
    try:
        text: str | None = value.as_py()
    except UnicodeDecodeError:
        return ValueError("not in UTF-8")
    return ValueError(f"more than {LONGEST} characters") if text and len(text) > LONGEST else text


def _row(cells: dict[str, Any], path: Path, number: int, text_field: str) -> Document | ReadProblem:
    for name, cell in cells.items():
        if isinstance(cell, ValueError):
            return ReadProblem(f"{path}:{number}", f"`{name}`: {cell}")
    return document_of(cells, path, number, text_field)
