"""Which files are read, and by which reader."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from ..errors import DocumentError, LibraryError
from ..text.dates import iso_date
from ..text.language import primary_code
from .bounded import read_bounded
from .documents import Document, Problem

LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is read whole; JSON lines and Parquet are read piece by piece and may be of any size."""
LARGEST_LIGHT = 256 * 1024
"""Bytes up to which pages and tables are read in this process: so small a file can do little harm."""
_PAGES = frozenset([".html", ".htm", ".xhtml"])
_LIGHT = _PAGES | {".csv", ".tsv"}
_OFFICE = {".docx": "docx", ".xlsx": "openpyxl", ".pptx": "pptx", ".xls": "xlrd", ".msg": "olefile"}
"""The packages of the extra `office` that these kinds need."""
_BOUNDED = _OFFICE.keys() | {".pdf", ".epub", ".eml", ".xml", ".rss", ".atom"}
"""Kinds in which a small file can ask for much time or memory: read in a process with limits."""
_KNOWN = (
    _LIGHT
    | _BOUNDED
    | frozenset([".md", ".markdown", ".jsonl", ".json", ".parquet", ".ipynb"])
    | frozenset([".txt", ".text", ".rst", ".org", ".adoc", ".log", ""])
)
_CORPORA = frozenset([".jsonl", ".json", ".parquet"])
"""Kinds whose rows are documents: their readers are told in which field the text is."""
Reader = Callable[..., Iterator[Document | Problem]]
LONGEST_TITLE = 300
"""Characters."""
_UNSOUND = re.compile("[\x00\ud800-\udfff]")
_ZIP, _OLE = "a zip archive or office document", "an old office document"
_MAGIC = (
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
_HELD = {".pdf": "a PDF", ".parquet": "Parquet data", ".xls": _OLE, ".msg": _OLE} | dict.fromkeys(
    [".docx", ".xlsx", ".pptx", ".epub"], _ZIP
)
"""What files of these kinds start with."""


def read(path: Path, text_field: str = "text") -> Iterator[Document | Problem]:
    """The documents of one file. text_field: of a corpus, which field or column of its rows is the text.

    Raises DocumentError that names the file and what to do where it cannot be read, LibraryError where a
    package is missing, OSError from the file system.
    """
    suffix = path.suffix.lower()
    if suffix not in _KNOWN:
        raise DocumentError(
            f"{path} is of a kind that is not read ({suffix}).", "Convert it to text, Markdown, HTML or PDF."
        )
    _check(path)
    if suffix in _OFFICE and not find_spec(_OFFICE[suffix]):
        hint = "Run: pip install 'step-deepresearch[office]'"
        raise LibraryError(f"{path}: reading {suffix} needs the package {_OFFICE[suffix]}.", hint)
    bounded = suffix in _BOUNDED or (suffix in _LIGHT and path.stat().st_size > LARGEST_LIGHT)
    reader = partial(reader_of(path), text_field=text_field) if suffix in _CORPORA else reader_of(path)
    for item in read_bounded(path) if bounded else reader(path):
        yield _tidy(item) if isinstance(item, Document) else item


def is_corpus(path: Path) -> bool:
    """Whether the rows of the file are documents."""
    return path.suffix.lower() in _CORPORA


def reader_of(path: Path) -> Reader:
    """The reader of a kind that is read."""
    suffix = path.suffix.lower()
    return _binary_reader(suffix) if suffix in _BOUNDED else _text_reader(suffix)


# The readers' libraries are slow to import: each is loaded when its first file comes.
def _text_reader(suffix: str) -> Reader:
    if suffix in (".md", ".markdown"):
        from .readers.markdown import read_markdown as reader  # noqa: PLC0415
    elif suffix in _PAGES:
        from .readers.html import read_html as reader  # noqa: PLC0415
    elif suffix == ".jsonl":
        from .readers.corpus import read_json_lines as reader  # noqa: PLC0415
    elif suffix == ".json":
        from .readers.corpus import read_json as reader  # noqa: PLC0415
    elif suffix == ".parquet":
        from .readers.parquet import read_parquet as reader  # noqa: PLC0415
    elif suffix in (".csv", ".tsv"):
        from .readers.csv import read_csv as reader  # noqa: PLC0415
    elif suffix == ".ipynb":
        from .readers.notebook import read_notebook as reader  # noqa: PLC0415
    else:
        from .readers.text import read_text as reader  # noqa: PLC0415
    return reader


def _binary_reader(suffix: str) -> Reader:
    if suffix == ".pdf":
        from .readers.pdf import read_pdf as reader  # noqa: PLC0415
    elif suffix == ".docx":
        from .readers.word import read_word as reader  # noqa: PLC0415
    elif suffix == ".pptx":
        from .readers.slides import read_slides as reader  # noqa: PLC0415
    elif suffix == ".xlsx":
        from .readers.sheets import read_xlsx as reader  # noqa: PLC0415
    elif suffix == ".xls":
        from .readers.sheets import read_xls as reader  # noqa: PLC0415
    elif suffix == ".epub":
        from .readers.epub import read_epub as reader  # noqa: PLC0415
    elif suffix == ".eml":
        from .readers.mail import read_eml as reader  # noqa: PLC0415
    elif suffix == ".msg":
        from .readers.mail import read_msg as reader  # noqa: PLC0415
    else:
        from .readers.feed import read_feed as reader  # noqa: PLC0415
    return reader


def _check(path: Path) -> None:
    """Raises DocumentError for what cannot be the kind of file that its name promises."""
    length = path.stat().st_size
    suffix = path.suffix.lower()
    if length == 0:
        raise DocumentError(f"{path} is empty.", "Remove it or fill it.")
    if length > LARGEST and suffix not in (".jsonl", ".parquet"):
        raise DocumentError(
            f"{path} has {length // 2**20} MiB, more than the {LARGEST // 2**20} MiB that are read.", "Split it."
        )
    with path.open("rb") as file:
        start = file.read(1024)
    held = next((name for magic, name in _MAGIC if start.startswith(magic)), "")
    expected = _HELD.get(suffix, "")
    if held != expected and not (expected == "a PDF" and b"%PDF-" in start):
        said = suffix or "no kind"
        raise DocumentError(
            f"{path} is not what its name says ({said}): it holds {held or 'something else'}.",
            "Rename it by what it is.",
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
