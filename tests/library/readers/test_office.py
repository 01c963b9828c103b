import datetime
import io
import os
import zipfile
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from deepresearch.errors import DocumentError, LibraryError
from deepresearch.library import Library, reading
from deepresearch.library.documents import Block, Document
from deepresearch.library.readers import sheets, zipped
from deepresearch.library.reading import read

SHARED = Path(os.environ.get("DEEPRESEARCH_SHARED", Path(__file__).parents[4] / "shared"))
OLD = SHARED / "data/markitdown_files"
needs_old = pytest.mark.skipif(not OLD.is_dir(), reason="no shared data beside the checkout")


def only(path: Path) -> Document:
    (document,) = read(path)
    assert isinstance(document, Document)
    return document


def test_word(docs: Path) -> None:
    made = docx.Document()
    made.core_properties.author, made.core_properties.title = "Ada", ""
    made.core_properties.modified = datetime.datetime(2024, 3, 5, tzinfo=datetime.UTC)
    made.add_heading("Report", 0)
    made.add_heading("Part", 2)
    made.add_paragraph("Plain text with ").add_run("bold words.").bold = True
    made.add_paragraph("first", style="List Bullet")
    table = made.add_table(2, 2)
    for cell, text in zip((c for row in table.rows for c in row.cells), ("Name", "Use", "a|b", "c"), strict=True):
        cell.text = text
    body = made.element.body
    body.insert(
        3,
        parse_xml(
            f"<w:p {nsdecls('w')}><w:r><w:t>See </w:t></w:r>"
            "<w:hyperlink><w:r><w:t>the link</w:t></w:r></w:hyperlink>"
            "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t>, new.</w:t></w:r></w:ins></w:p>"
        ),
    )
    body.insert(
        4,
        parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>In a field.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        ),
    )
    made.add_comment(made.paragraphs[0].runs, text="A remark.", author="Bo")
    path = docs / "a.docx"
    made.save(str(path))
    document = only(path)
    assert (document.title, document.date) == ("Report", "2024-03-05")
    assert document.blocks == [
        Block("paragraph", "Author: Ada"),
        Block("heading", "Report", 1),
        Block("heading", "Part", 2),
        Block("paragraph", "Plain text with bold words."),
        Block("paragraph", "See the link, new."),
        Block("paragraph", "In a field."),
        Block("item", "- first"),
        Block("table", "| Name | Use |\n| --- | --- |\n| a\\|b | c |"),
        Block("heading", "Comments", 1),
        Block("item", "- A remark."),
    ]


def test_sheets(docs: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Prices"
    for row in (["Table 1"], ["Item", "Price", "Since"], ["tea", 2.5, datetime.datetime(2024, 1, 2)], [], ["lonely"]):
        first.append(row)
    wide = book.create_sheet("Wide")
    wide.append([f"c{n}" for n in range(20)])
    wide.append([*range(19), None])
    book.create_sheet("Empty")
    book.properties.creator = "Ada"
    path = docs / "a.xlsx"
    book.save(path)
    blocks = only(path).blocks
    assert blocks[:-1] == [
        Block("paragraph", "Author: Ada"),
        Block("heading", "Prices", 1),
        Block("paragraph", "Table 1"),
        Block("table", "| Item | Price | Since |\n| --- | --- | --- |\n| tea | 2.5 | 2024-01-02 0:00:00 |"),
        Block("paragraph", "lonely"),
        Block("heading", "Wide", 1),
    ]
    assert blocks[-1].text.startswith("c0: 0\nc1: 1\n")
    assert blocks[-1].text.endswith("c18: 18")


def test_endless_sheets_are_cut_and_say_so(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_CELLS", 10)
    book = openpyxl.Workbook()
    assert book.active is not None
    for number in range(10):
        book.active.append([number, number])
    path = docs / "a.xlsx"
    book.save(path)
    problem, document = sheets.read_xlsx(path)
    assert "first 10 cells" in problem.reason  # type: ignore[union-attr]
    assert isinstance(document, Document)


def test_slides(docs: Path) -> None:
    show = pptx.Presentation()
    show.core_properties.author, show.core_properties.title = "Ada", "Talk"
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Opening"
    slide.placeholders[1].text = "one\ntwo"
    slide.notes_slide.notes_text_frame.text = "Say hello."
    slide = show.slides.add_slide(show.slide_layouts[6])
    table = slide.shapes.add_table(2, 2, 0, 0, Inches(2), Inches(1)).table
    for cell, text in zip(table.iter_cells(), ("A", "B", "1", "2"), strict=True):
        cell.text = text
    data = CategoryChartData()
    data.categories = ["East"]
    data.add_series("Sales", [19.5])
    kind = XL_CHART_TYPE.COLUMN_CLUSTERED
    slide.shapes.add_chart(kind, 0, Inches(3), Inches(2), Inches(2), data)
    path = docs / "a.pptx"
    show.save(str(path))
    document = only(path)
    assert document.title == "Talk"
    assert document.blocks == [
        Block("paragraph", "Author: Ada"),
        Block("heading", "Opening", 1, 1),
        Block("item", "- one", page=1),
        Block("item", "- two", page=1),
        Block("heading", "Speaker notes", 2, 1),
        Block("paragraph", "Say hello.", page=1),
        Block("heading", "Slide 2", 1, 2),
        Block("table", "| A | B |\n| --- | --- |\n| 1 | 2 |", page=2),
        Block("table", "| Category | Sales |\n| --- | --- |\n| East | 19.5 |", page=2),
    ]


def archive(entries: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries.items():
            made.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".pptx", ".epub"])
@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"[Content_Types].xml": b" " * 8_000_000}, "times its size"),
        ({str(number): b"" for number in range(60)}, "60 entries"),
        ({str(number): b"0123456789" * 90 for number in range(20)}, "would unpack to"),
    ],
)
def test_bombs(docs: Path, suffix: str, entries: dict[str, bytes], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped, "MOST_ENTRIES", 50)
    monkeypatch.setattr(zipped, "LARGEST", 10_000 if len(entries) == 20 else 2**30)
    path = docs / f"a{suffix}"
    path.write_bytes(archive(entries))
    with pytest.raises(DocumentError, match=said) as caught:
        zipped.open_zip(path)
    assert str(path) in caught.value.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(docs: Path, encoding: str) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Types>&b;</Types>'
    path = docs / "a.docx"
    path.write_bytes(archive({"[Content_Types].xml": bomb.encode(encoding)}))
    with pytest.raises(DocumentError, match="document type"):
        list(read(path))


@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".pptx", ".xls", ".msg"])
def test_damaged_files_are_named(docs: Path, suffix: str) -> None:
    path = docs / f"a{suffix}"
    old = suffix in (".xls", ".msg")
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) if old else archive({"[Content_Types].xml": b"<a/>"})
    )
    with pytest.raises(DocumentError) as caught:
        list(read(path))
    assert str(path) in caught.value.message


def test_without_the_extra(docs: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reading._PACKAGES, "docx", "no_such_package")
    path = docs / "a.docx"
    docx.Document().save(str(path))
    with pytest.raises(LibraryError, match=r"pip install 'step-deepresearch\[office\]'"):
        list(read(path))
    (docs / "b.txt").write_text("Some text.")
    (skipped,) = library.add([docs]).skipped
    assert skipped[0] == str(path)
    assert "step-deepresearch[office]" in skipped[1]


@needs_old
def test_old_sheets() -> None:
    blocks = only(OLD / "test.xls").blocks
    assert blocks[1] == Block("heading", "Sheet1", 1)
    assert blocks[2].text.startswith("| Alpha | Beta | Gamma | Delta |\n|")


@needs_old
def test_outlook() -> None:
    document = only(OLD / "test_outlook_msg.msg")
    assert (document.title, document.date) == ("Test Email Message", "2024-12-22")
    assert "<test.sender@example.com>\nTo: test.recipient@example.com\n" in document.blocks[0].text
    assert document.blocks[1].text.startswith("This is the body of the test email message")
