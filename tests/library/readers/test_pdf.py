from pathlib import Path

import pytest

from deepresearch.errors import DocumentError
from deepresearch.library.documents import Block, Document
from deepresearch.library.reading import read
from tests.library.pdf_maker import Line, make_pdf


def pdf(docs: Path, pages: list[list[Line]], **options: object) -> Document:
    path = docs / "paper.pdf"
    path.write_bytes(make_pdf(pages, **options))  # type: ignore[arg-type]
    (document,) = read(path)
    assert isinstance(document, Document)
    return document


def test_headings_paragraphs_and_pages(docs: Path) -> None:
    document = pdf(
        docs,
        [
            [
                (72, 740, 20, "On Libraries"),
                (72, 700, 14, "1 History"),
                (72, 680, 10, "The first libraries were made of clay tablets and were kept in pa-"),
                (72, 668, 10, "laces by kings who could not read them at all."),
                (72, 640, 10, "A second paragraph stands after a gap and goes on over"),
            ],
            [
                (72, 740, 10, "the end of the page."),
                (72, 700, 14, "1.1 Today"),
                (72, 680, 10, "Nowadays everybody reads."),
            ],
        ],
    )
    assert document.title == "On Libraries"
    assert document.date == "2024-03-05"
    assert document.blocks == [
        Block("heading", "On Libraries", 1, 1),
        Block("heading", "1 History", 1, 1),
        Block(
            "paragraph",
            "The first libraries were made of clay tablets and were kept in palaces by kings who could not read them "
            "at all.",
            0,
            1,
        ),
        Block("paragraph", "A second paragraph stands after a gap and goes on over the end of the page.", 0, 1),
        Block("heading", "1.1 Today", 2, 2),
        Block("paragraph", "Nowadays everybody reads.", 0, 2),
    ]


def test_running_heads_and_page_numbers_go(docs: Path) -> None:
    page = [
        [
            (72, 760, 8, "Annual Report 2024"),
            (72, 700, 10, f"Text of page {'abcde'[n]} that is unlike the text of other pages."),
            (72, 688, 10, "It goes on."),
            (72, 676, 10, "And on."),
            (300, 30, 8, f"{n + 1}"),
        ]
        for n in range(5)
    ]
    text = " ".join(block.text for block in pdf(docs, page).blocks)
    assert text.count("unlike the text") == 5
    assert "Annual Report" not in text
    assert not any(f" {n} " in f" {text} " for n in range(1, 6))


@pytest.mark.parametrize("title", ["untitled", "(anonymous)", "paper.docx", ""])
def test_a_title_that_is_none(docs: Path, title: str) -> None:
    document = pdf(docs, [[(72, 740, 20, "Real Title"), (72, 700, 10, "Text of the body.")]], title=title)
    assert document.title == "Real Title"


def test_declared_title(docs: Path) -> None:
    assert pdf(docs, [[(72, 740, 10, "Some text")]], title="Declared Title").title == "Declared Title"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (make_pdf([[(72, 700, 10, "secret")]], encrypted=True), "encrypted"),
        (make_pdf([[]]), "no text"),
        (make_pdf([[(72, 700, 10, "text")]])[:200], "damaged"),
        (b"%PDF-1.7\n" + b"\x00\xff" * 500, "damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG image"),
        (b"plain text", "something else"),
        (b"", "empty"),
    ],
)
def test_what_cannot_be_read_is_named(docs: Path, data: bytes, said: str) -> None:
    path = docs / "broken.pdf"
    path.write_bytes(data)
    with pytest.raises(DocumentError, match=said) as caught:
        list(read(path))
    assert str(path) in caught.value.message
    assert caught.value.hint
