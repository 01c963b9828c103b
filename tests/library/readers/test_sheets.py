"""Spreadsheets as no library writes them: what they show is read."""
# ruff: noqa: E501  XML is easier to read on one line

from pathlib import Path

import pytest

from deepresearch.library.documents import Document
from deepresearch.library.readers.sheets import read_xlsx

from .office_maker import OFFICE, package

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
BOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
MACROS = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"


def sheet(path: Path, rows: str, more: str = "", kind: str = BOOK, strict: bool = False, **parts: str) -> list[str]:
    """The texts of a workbook with one sheet of these rows."""
    files = {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{more}</worksheet>',
        **{f"xl/{name}.xml": text.replace("MAIN", f'xmlns="{MAIN}"') for name, text in parts.items()},
    }
    relations = {"worksheet": "sheet1.xml"} | {name: f"{name}.xml" for name in parts}
    (document,) = read_xlsx(package(path, files, "xl/workbook.xml", relations, kind, strict))
    assert isinstance(document, Document)
    return [block.text for block in document.blocks[1:]]


def row(number: int, *cells: str) -> str:
    """A row of cells that are given as XML, or as text."""
    made = (c if c.startswith("<c") else f'<c t="inlineStr"><is><t>{c}</t></is></c>' if c else "<c/>" for c in cells)
    return f'<row r="{number}">{"".join(made)}</row>'


def v(value: str, style: int = 0) -> str:
    return f'<c s="{style}"><v>{value}</v></c>'


STYLES = '<styleSheet MAIN><numFmts><numFmt numFmtId="170" formatCode="0.0,,&quot;M&quot;"/></numFmts><fills><fill/></fills><cellXfs><xf numFmtId="0"/><xf numFmtId="10"/><xf numFmtId="170"/><xf numFmtId="15"/><xf numFmtId="11"/></cellXfs></styleSheet>'


def test_values_as_shown_with_a_style_sheet_that_libraries_refuse(tmp_path: Path) -> None:
    rows = row(1, "a", "b", "c", "d") + row(2, v("0.475", 1), v("3400000", 2), v("44259", 3), v("12345", 4))
    assert sheet(tmp_path / "a.xlsx", rows, styles=STYLES) == [
        "| a | b | c | d |\n| --- | --- | --- | --- |\n| 47.50% | 3.4M | 4-Mar-21 | 1.23E+04 |"
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<c><f>SUM(A1:A3)</f></c>", "[formula =SUM(A1:A3), never computed]"),
        ('<c><f t="shared" si="0"/><v/></c>', "[formula, never computed]"),
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ('<c t="str"><f>A1&amp;"x"</f><v>yx</v></c>', "yx"),
        ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"),
        ('<c t="b"><v>1</v></c>', "TRUE"),
        ('<c t="d"><v>2021-03-04T00:00:00</v></c>', "2021-03-04"),
        ('<c t="s"><v>7</v></c>', "[text 7 is missing]"),
        (
            '<c t="inlineStr"><is><r><t>10</t></r><r><rPr><vertAlign val="superscript"/></rPr><t>6</t></r><r><t xml:space="preserve"> m</t></r></is></c>',
            "10⁶ m",
        ),
        ('<c t="inlineStr"><is><r><rPr><rFont val="Symbol"/></rPr><t>\u00a3</t></r><r><t> 5</t></r></is></c>', "≤ 5"),
    ],
)
def test_kinds_of_cells(tmp_path: Path, cell: str, text: str) -> None:
    assert sheet(tmp_path / "a.xlsx", row(1, "Name", "Value") + row(2, "x", cell)) == [
        f"| Name | Value |\n| --- | --- |\n| x | {text} |"
    ]


@pytest.mark.parametrize(
    ("rows", "areas", "table"),
    [
        (
            row(1, "Region", "Station", "Output", "")
            + row(2, "", "", "Spring", "Autumn")
            + row(3, "North", "Alder", "12", "14")
            + row(4, "", "Birch", "15", "18"),
            ["A1:A2", "B1:B2", "C1:D1", "A3:A4"],
            "| Region | Station | Output / Spring | Output / Autumn |\n| --- | --- | --- | --- |\n| North | Alder | 12 | 14 |\n| North | Birch | 15 | 18 |",
        ),
        (
            row(1, "Town", "A", "B") + row(2, "Ely", "closed", ""),
            ["B2:C2"],
            "| Town | A | B |\n| --- | --- | --- |\n| Ely | closed | closed |",
        ),
        (
            row(1, "Town", "Sort") + row(2, "Ely", "a") + row(3, "", "b") + row(4, "", "c"),
            ["A2:A4"],
            "| Town | Sort |\n| --- | --- |\n| Ely | a |\n| Ely | b |\n| Ely | c |",
        ),
    ],
)
def test_labels_of_merged_cells_are_on_every_row_and_column(
    tmp_path: Path, rows: str, areas: list[str], table: str
) -> None:
    merged = "".join(f'<mergeCell ref="{area}"/>' for area in areas)
    assert sheet(tmp_path / "a.xlsx", rows, f"<mergeCells>{merged}</mergeCells>") == [table]


def test_a_heading_over_the_whole_table_is_there_once(tmp_path: Path) -> None:
    rows = row(1, "Output of the mills") + row(2, "Mill", "t") + row(3, "Ely", "4")
    found = sheet(tmp_path / "a.xlsx", rows, '<mergeCells><mergeCell ref="A1:B1"/></mergeCells>')
    assert found == ["Output of the mills", "| Mill | t |\n| --- | --- |\n| Ely | 4 |"]


@pytest.mark.parametrize("way", ["strict", "macros", "no styles"])
def test_sound_files_of_other_kinds_are_read(tmp_path: Path, way: str) -> None:
    rows = row(1, "Pond", "Depth") + row(2, "Mill", v("2.4"))
    assert sheet(tmp_path / "a.xlsm", rows, kind=MACROS if way == "macros" else BOOK, strict=way == "strict") == [
        "| Pond | Depth |\n| --- | --- |\n| Mill | 2.4 |"
    ]


def test_empty_rows_divide_tables(tmp_path: Path) -> None:
    rows = row(1, "A", "B") + row(2, "1", "2") + row(900_000, "C", "D") + row(900_001, "3", "4")
    assert len(sheet(tmp_path / "a.xlsx", rows)) == 2
