"""From a file to documents: which reader, in which process, and what is made of its result."""

import atexit
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from queue import LifoQueue
from typing import Any

from ..errors import DocumentError, MissingPackage, ProcessFailed
from ..sandbox.process import Worker
from ..text.dates import iso_date
from ..text.language import primary_code
from .documents import Block, Document, ReadProblem
from .readers import READERS, Reader

LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is read whole; JSON lines and Parquet are read piece by piece and may be of any size."""
WORKERS = 2
"""Files that are read at once by processes with limits: one that takes long does not delay all others."""
LONGEST_TITLE = 300  # characters
_HARMLESS = frozenset(
    ["md", "markdown", "jsonl", "json", "parquet", "ipynb", "txt", "text", "rst", "org", "adoc", "log"]
)
"""Kinds that are read in this process. In others a small file can ask for much time or memory."""
_CORPORA = frozenset(["jsonl", "json", "parquet"])
"""Kinds whose rows are documents: their readers are given the field in which the text is."""
_PACKAGES = {"xls": "xlrd", "msg": "olefile"}
"""The packages of the extra `office` that these kinds need."""
_UNSOUND = re.compile("[\x00\ud800-\udfff]")
_ZIP, _OLE = "a zip archive or office document", "an old office document"
SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"\x1f\x8b", "gzip data"),
    (b"\xfd7zXZ", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"PK\x03\x04", _ZIP),
    (b"\xd0\xcf\x11\xe0", _OLE),
    (b"{\\rtf", "an RTF document"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PAR1", "Parquet data"),
)
_EXPECTED = {
    "pdf": "a PDF",
    "parquet": "Parquet data",
    "xls": _OLE,
    "msg": _OLE,
    **dict.fromkeys("docx docm dotx dotm xlsx xlsm xltx xltm pptx pptm ppsx ppsm potx potm epub".split(), _ZIP),
}
"""What files of these kinds start with; those of the other built-in kinds start with none of these."""


def read(path: Path, text_field: str = "text") -> Iterator[Document | ReadProblem]:
    """The documents of one file. text_field: of a corpus, which field or column of its rows is the text.

    Raises DocumentError that names the file and what to do where it cannot be read, MissingPackage where a
    package is missing, OSError from the file system.
    """
    kind = kind_of(path)
    if kind not in READERS.names():
        raise DocumentError(
            f"{path} is of a type that cannot be read (.{kind}).", "Convert it to text, Markdown, HTML or PDF."
        )
    _check(path, kind)
    package = _PACKAGES.get(kind)
    if package and not find_spec(package):
        raise MissingPackage(f"{path}: reading .{kind}", package, "office")
    for item in _reader(path, text_field)(path) if kind in _HARMLESS else read_bounded(path):
        yield _tidy(item) if isinstance(item, Document) else item


def kind_of(path: Path) -> str:
    """The name under which the reader of a file is registered; of a file without a suffix, that of plain text."""
    return path.suffix[1:].lower() or "txt"


def is_corpus(path: Path) -> bool:
    """Whether the rows of the file are documents."""
    return kind_of(path) in _CORPORA


def _reader(path: Path, text_field: str = "text") -> Reader:
    reader = READERS.get(kind_of(path))
    return partial(reader, text_field=text_field) if is_corpus(path) else reader


# Reading in another process.


def read_bounded(path: Path, worker: Worker | None = None) -> list[Document | ReadProblem]:
    """The documents of a file, read by a child process with limits.

    Raises DocumentError that names the file and the limit where one was reached; otherwise what the reader raises.
    """
    taken = worker or _workers.get()
    try:
        return [_from_json(path, *value) for value in taken.call(path)]
    except ProcessFailed as failure:
        hint = "Save it again, split it, or convert it to text."
        raise DocumentError(f"{path} cannot be read: {failure.message}.", hint) from None
    finally:
        if worker is None:
            _workers.put(taken)


def as_json(path: Path) -> Iterator[tuple[str, Any]]:
    """What the reader of a file yields or raises, as values that JSON can carry: what the child process runs."""
    try:
        for item in _reader(path)(path):
            yield type(item).__name__, _fields(item)
    except DocumentError as error:
        yield "DocumentError", [error.message, error.hint]
    except OSError as error:
        if error.errno is None:  # a parser's own
            raise
        yield "OSError", [error.errno, error.strerror]


def _fields(item: Document | ReadProblem) -> dict[str, Any]:
    if isinstance(item, ReadProblem):
        return asdict(item)
    blocks = [(block.kind, block.text, block.level, block.page) for block in item.blocks]
    return {**vars(item), "blocks": blocks}


def _from_json(path: Path, kind: str, fields: Any) -> Document | ReadProblem:
    if kind == "DocumentError":
        raise DocumentError(*fields)
    if kind == "OSError":
        raise OSError(*fields)
    if kind == "ReadProblem":
        return ReadProblem(**fields)
    return Document(**{**fields, "blocks": [Block(*block) for block in fields["blocks"]]})


_workers: LifoQueue[Worker] = LifoQueue()
"""Last in, first out: a second child is started only where two files are read at once."""
for _ in range(WORKERS):
    _workers.put(made := Worker(f"{__name__}:as_json"))
    atexit.register(made.close)


# Before and after reading.


def _check(path: Path, kind: str) -> None:
    """Raises DocumentError for what cannot be the kind of file that its name promises."""
    length = path.stat().st_size
    if length == 0:
        raise DocumentError(f"{path} is empty.", "Remove it or fill it.")
    if length > LARGEST and kind not in ("jsonl", "parquet"):
        raise DocumentError(
            f"{path} has {length // 2**20} MiB, more than the {LARGEST // 2**20} MiB that are read.", "Split it."
        )
    if not READERS.is_built_in(kind):
        return
    with path.open("rb") as file:
        start = file.read(1024)
    found = next((name for magic, name in SIGNATURES if start.startswith(magic)), "")
    expected = _EXPECTED.get(kind, "")
    if found != expected and not (expected == "a PDF" and b"%PDF-" in start):
        raise DocumentError(
            f"{path} is not what its name suggests ({path.suffix or 'no kind'}): it is {found or 'something else'}.",
            "Give the file the suffix of what it is.",
        )


def _tidy(document: Document) -> Document:
    """`document` as it can be stored: no half characters, no zero bytes, dates and language codes in one form."""
    return replace(
        document,
        id=_sound(document.id),
        title=" ".join(_sound(document.title).split())[:LONGEST_TITLE],
        blocks=[
            replace(block, text=_sound(block.text)) if _UNSOUND.search(block.text) else block
            for block in document.blocks
        ],
        url=_sound(document.url) if document.url else None,
        date=iso_date(document.date),
        language=primary_code(document.language),
    )


def _sound(text: str) -> str:
    return _UNSOUND.sub("\ufffd", text)
