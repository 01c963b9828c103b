from pathlib import Path

import pytest

from deepresearch.errors import DocumentError
from deepresearch.library import reading
from deepresearch.library.documents import Document
from deepresearch.library.reading import read
from tests.library.pdf_maker import make_pdf


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.txt", make_pdf([[(72, 700, 10, "text")]]), "it is a PDF"),
        ("a.html", b"\x1f\x8b\x08" + bytes(50), "it is gzip data"),
        ("a.md", b"PK\x03\x04" + bytes(50), "zip archive"),
        ("a.pdf", b"\x89PNG\r\n\x1a\n", "PNG image"),
        ("a.txt", b"abc\x00\x01\x02def" * 50, "not text"),
        ("a.txt", b"", "empty"),
        ("a.rtf", b"{\\rtf1", "cannot be read"),
        ("a.docx", b"PK\x03\x04", "damaged"),
        ("a.docx", b"Dear all", "it is something else"),
        ("a.xls", b"PK\x03\x04", "zip archive"),
        ("a.parquet", b"PK\x03\x04", "zip archive"),
    ],
)
def test_what_a_file_is_not(docs: Path, name: str, data: bytes, said: str) -> None:
    path = docs / name
    path.write_bytes(data)
    with pytest.raises(DocumentError, match=said) as caught:
        list(read(path))
    assert str(path) in caught.value.message


def test_too_large(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST", 10)
    path = docs / "a.txt"
    path.write_text("more than ten bytes")
    with pytest.raises(DocumentError, match="MiB"):
        list(read(path))


@pytest.mark.parametrize("name", ["README", "a.txt", "a.TXT", "a.rst"])
def test_plain_text(docs: Path, name: str) -> None:
    path = docs / name
    path.write_text("First paragraph\nover two lines.\n\n- an item\n\nLast.")
    (document,) = read(path)
    assert isinstance(document, Document)
    assert [(block.kind, block.text) for block in document.blocks] == [
        ("paragraph", "First paragraph\nover two lines."),
        ("item", "- an item"),
        ("paragraph", "Last."),
    ]
