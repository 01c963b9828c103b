# ruff: noqa: E501  lines of print are easier to read on one line
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


def test_a_large_total_is_text_and_a_numbered_title_with_an_amount_is_not(docs: Path) -> None:
    lines = [(72, 740, 20, "Corner shop"), (72, 700, 10, "Tea 4.50, bread 3.20 and butter, which was cheaper")]
    lines += [(72, 670, 14, "TOTAL $9.90"), (72, 640, 14, "2 From $1 to $2"), (72, 610, 10, "Prices have doubled.")]
    kinds = [(block.kind, block.text) for block in pdf(docs, [lines]).blocks]
    assert ("heading", "2 From $1 to $2") in kinds and ("heading", "Corner shop") in kinds
    assert any(kind == "paragraph" and "TOTAL $9.90" in text for kind, text in kinds)


def test_a_line_drawn_with_signs_parts_paragraphs_and_is_no_text(docs: Path) -> None:
    lines = [(72, 700, 10, "Rewards applied -25.00 dollars"), (72, 688, 10, "==========================")]
    found = pdf(docs, [[*lines, (72, 676, 10, "In all it makes 821.14 dollars")]]).blocks
    assert [block.text for block in found] == ["Rewards applied -25.00 dollars", "In all it makes 821.14 dollars"]


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


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        ([(72, 740, 20, "Mills"), (72, 700, 10, "Text of it."), (72, 660, 20, "*TX1*")], "Mills"),
        ([(72, 740, 20, "1 Introduction"), (72, 700, 10, "Text of it.")], "paper"),
    ],
)
def test_the_largest_print_is_the_title_where_it_can_be_one(docs: Path, lines: list[Line], title: str) -> None:
    assert pdf(docs, [lines], title="").title == title


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


def test_what_viewers_can_repair_is_read(docs: Path) -> None:
    path = docs / "paper.pdf"
    path.write_bytes(make_pdf([[(72, 700, 10, "Text of a page.")]]).replace(b"endstream", b"endstrexm"))
    (document,) = read(path)
    assert isinstance(document, Document) and document.blocks[0].text == "Text of a page."


def text(docs: Path, lines: list[Line], **options: object) -> str:
    return "\n".join(block.text for block in pdf(docs, [lines], **options).blocks)


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ([(72, 700, 12, "It holds 10"), (128, 705, 8, "6"), (136, 700, 12, "litres of water.")], "It holds 10⁶ litres of water."),
        ([(72, 700, 12, "The gas CO"), (135, 697, 8, "2"), (143, 700, 12, "is heavy.")], "The gas CO₂ is heavy."),
        ([(72, 700, 12, "Built in 1998."), (142, 705, 7, "12"), (154, 700, 12, "Later more.")], "Built in 1998.[12] Later more."),
        ([(72, 700, 12, "Of 2,500"), (118.5, 705, 8, "4"), (127, 700, 12, "tonnes.")], "Of 2,500⁴ tonnes."),
        ([(72, 700, 12, "It holds 10"), (131, 705, 8, "6"), (140, 700, 12, "of it.")], "It holds 10⁶ of it."),
        ([(72, 700, 12, "Room 10"), (160, 705, 8, "6"), (180, 700, 12, "beds.")], "Room 10 6 beds."),
        ([(72, 700, 12, "Price 10"), (116.2, 700, 12, "6"), (127, 700, 12, "pieces.")], "Price 106 pieces."),
    ],
)  # fmt: skip
def test_raised_and_lowered_print(docs: Path, lines: list[Line], shown: str) -> None:
    assert text(docs, lines) == shown


LEFT = [
    "The mill at the river burned in the spring of",
    "that year, and nobody was hurt. It was built",
    "again by the guild, which paid for it out of",
    "the toll of the bridge. The wheel is still in",
    "its place, and children are shown it.",
    "No grain has been ground there since.",
]
RIGHT = [
    "The harbour wall is of another age. Its first",
    "stones were laid in 1904 by a company that",
    "failed soon after. The town took over what",
    "was there, and the sea took half of it in the",
    "storm of 1911, as the plate by the steps says.",
    "It was finished only after the war.",
]


@pytest.mark.parametrize("by_row", [True, False])
def test_columns_are_read_one_after_the_other(docs: Path, by_row: bool) -> None:
    left: list[Line] = [(72, 660 - 12 * n, 10, line) for n, line in enumerate(LEFT)]
    right: list[Line] = [(320, 660 - 12 * n, 10, line) for n, line in enumerate(RIGHT)]
    columns = [line for pair in zip(left, right, strict=True) for line in pair] if by_row else left + right
    head: list[Line] = [
        (72, 700, 10, "Both stories are told in the guide to the town, which can be had for nothing at the gate.")
    ]
    found = text(docs, head + columns)
    assert " ".join(LEFT[:3]) in found and " ".join(RIGHT[:3]) in found
    assert found.index("Both stories") < found.index("No grain") < found.index("The harbour wall")


def test_three_columns(docs: Path) -> None:
    columns = [
        [f"{name} {word} of the old town hall" for word in ("one", "two", "six", "ten", "red", "big")] for name in "ABC"
    ]
    lines: list[Line] = [
        (x, 660 - 12 * n, 10, column[n]) for n in range(6) for x, column in zip((60, 230, 400), columns, strict=True)
    ]
    found = text(docs, lines)
    assert [found.index(part) for part in ("A one", "A big", "B one", "B big", "C one", "C big")] == sorted(
        found.index(part) for part in ("A one", "A big", "B one", "B big", "C one", "C big")
    )


def test_a_table_is_read_row_by_row(docs: Path) -> None:
    rows = [
        ("Mill", "1904", "12"),
        ("Wall", "1911", "40"),
        ("Gate", "1920", "7"),
        ("Quay", "1931", "9"),
        ("Dock", "1944", "3"),
        ("Pier", "1950", "5"),
    ]
    lines: list[Line] = [
        (x, 700 - 14 * n, 10, cell) for n, row in enumerate(rows) for x, cell in zip((72, 250, 430), row, strict=True)
    ]
    assert "Mill 1904 12" in text(docs, lines) and "Pier 1950 5" in text(docs, lines)


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["A well-known writer is here. The story is well-", "known to everybody."], "is well-known to everybody"),
        (["The exam-", "ple is short."], "The example is short"),
        (["OF ANY KIND, IM-", "PLIED."], "KIND, IMPLIED."),
        (["A state of the art and a cost benefit came. The cost-", "benefit table follows."], "The cost-benefit table"),
    ],
)
def test_words_broken_at_the_end_of_a_line(docs: Path, lines: list[str], shown: str) -> None:
    assert shown in text(docs, [(72, 700 - 12 * n, 10, line) for n, line in enumerate(lines)])


def test_values_of_a_form_are_beside_their_labels(docs: Path) -> None:
    lines: list[Line] = [
        (60, 740, 10, "Applicant name:"),
        (60, 700, 10, "Grant (euro):"),
        (90, 660, 10, "I agree"),
        (60, 620, 10, "Return by May."),
    ]
    fields = [
        ("Tx", "name", "Ingrid Solberg", (200, 735, 400, 755)),
        ("Ch", "amount", "12,750", (200, 695, 400, 715)),
        ("Btn", "agree", "Yes", (60, 655, 80, 675)),
        ("Tx", "remark", "Roof first", (60, 500, 400, 520)),
        ("Tx", "empty", "", (60, 460, 400, 480)),
    ]
    found = text(docs, lines, fields=fields)
    for part in ("Applicant name: Ingrid Solberg", "Grant (euro): 12,750", "☑ I agree", "remark: Roof first"):
        assert part in found
    assert "empty" not in found


def test_a_page_without_text_leaves_a_mark(docs: Path) -> None:
    document = pdf(docs, [[(72, 700, 10, "First page.")], [], [(72, 700, 10, "Third page.")]])
    assert [(block.page, block.text) for block in document.blocks][1] == (
        2,
        "[Page 2 has no text: it is empty, or a picture.]",
    )
