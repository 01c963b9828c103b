"""Slides as no library writes them: what they show is read."""
# ruff: noqa: E501  XML is easier to read on one line

from pathlib import Path

import pytest

from deepresearch.library.documents import Document
from deepresearch.library.readers.slides import read_slides

from .office_maker import NAMES, OFFICE, package

P = "http://schemas.openxmlformats.org/presentationml/2006/main"
SHOW = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
MACROS = "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml"
_DECLARED = f'xmlns:p="{P}" ' + " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NAMES.items())


def slides(path: Path, *trees: str, kind: str = SHOW) -> list[str]:
    """The texts of a show whose slides have these shapes."""
    files, relations = {}, {}
    for number, tree in enumerate(trees, 1):
        files[f"ppt/slide{number}.xml"] = f"<p:sld {_DECLARED}><p:cSld><p:spTree>{tree}</p:spTree></p:cSld></p:sld>"
        relations[f"slide{number}"] = f"slide{number}.xml"
    entries = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in range(1, len(trees) + 2))
    files["ppt/presentation.xml"] = (
        f'<p:presentation xmlns:p="{P}" xmlns:r="{OFFICE}"><p:sldIdLst>{entries}</p:sldIdLst></p:presentation>'
    )
    (document,) = read_slides(package(path, files, "ppt/presentation.xml", relations, kind))
    assert isinstance(document, Document)
    return [block.text for block in document.blocks][:-1]  # the last entry leads nowhere


def shape(*paragraphs: str, kind: str = "", y: int = 0) -> str:
    placeholder = f'<p:ph type="{kind}"/>' if kind else ""
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="1" name="x"/><p:nvPr>{placeholder}</p:nvPr></p:nvSpPr><p:spPr><a:xfrm><a:off x="0" y="{y}"/></a:xfrm></p:spPr>'
        f"<p:txBody>{''.join(f'<a:p>{one}</a:p>' for one in paragraphs)}</p:txBody></p:sp>"
    )


def r(text: str, more: str = "", inside: str = "") -> str:
    return f"<a:r><a:rPr {more}>{inside}</a:rPr><a:t>{text}</a:t></a:r>"


@pytest.mark.parametrize(
    ("paragraph", "shown"),
    [
        (r("3.2 × 10") + r("6", 'baseline="30000"') + r(" m of CO") + r("2", 'baseline="-25000"'), "3.2 × 10⁶ m of CO₂"),
        (r("In 1998.") + r("4", 'baseline="30000"') + r(" More"), "In 1998.[4] More"),
        (r("dose ") + r("\uf0b3", "", '<a:sym typeface="Symbol"/>') + r(" 5 mg"), "dose ≥ 5 mg"),
        ("<m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>4</m:t></m:r></m:den></m:f></m:oMath>", "1/4"),
    ],
)  # fmt: skip
def test_a_paragraph_shows_it(tmp_path: Path, paragraph: str, shown: str) -> None:
    assert slides(tmp_path / "a.pptx", shape(r("Title"), kind="title") + shape(paragraph, y=9)) == ["Title", shown]


def number(kind: str, more: str = "", level: int = 0) -> str:
    return f'<a:pPr lvl="{level}"><a:buAutoNum type="{kind}" {more}/></a:pPr>'


def test_automatic_numbers(tmp_path: Path) -> None:
    body = shape(
        number("arabicPeriod", 'startAt="4"') + r("Dogs"),
        number("alphaLcParenR", "", 1) + r("Small"),
        number("alphaLcParenR", "", 1) + r("Large"),
        number("arabicPeriod", 'startAt="4"') + r("Fires"),
        r("Plain"),
    )
    assert slides(tmp_path / "a.pptx", body)[1:] == ["4. Dogs", "a) Small", "b) Large", "5. Fires", "- Plain"]


def test_labels_of_merged_cells_are_on_every_row_and_column(tmp_path: Path) -> None:
    def cell(text: str, more: str = "") -> str:
        return f"<a:tc {more}><a:txBody><a:p>{r(text) if text else ''}</a:p></a:txBody></a:tc>"

    rows = [
        cell("Region", 'rowSpan="2"') + cell("Output", 'gridSpan="2"') + cell("", 'hMerge="1"'),
        cell("", 'vMerge="1"') + cell("Spring") + cell("Autumn"),
        cell("North", 'rowSpan="2"') + cell("12") + cell("14"),
        cell("", 'vMerge="1"') + cell("15") + cell("18"),
    ]
    table = "".join(f"<a:tr>{row}</a:tr>" for row in rows)
    frame = (
        f"<p:graphicFrame><a:graphic><a:graphicData><a:tbl>{table}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    )
    assert slides(tmp_path / "a.pptx", frame)[1:] == [
        "| Region | Output / Spring | Output / Autumn |\n| --- | --- | --- |\n| North | 12 | 14 |\n| North | 15 | 18 |"
    ]


def test_what_cannot_be_read_leaves_a_mark(tmp_path: Path) -> None:
    found = slides(tmp_path / "a.pptx", "<p:graphicFrame><a:graphic/></p:graphicFrame>", kind=MACROS)
    assert found == ["Slide 1", "[an embedded object that is not read]"]


def test_a_slide_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    files = {
        "ppt/presentation.xml": f'<p:presentation xmlns:p="{P}" xmlns:r="{OFFICE}"><p:sldIdLst><p:sldId r:id="rId7"/></p:sldIdLst></p:presentation>'
    }
    (document,) = read_slides(package(tmp_path / "a.pptm", files, "ppt/presentation.xml", {}, MACROS))
    assert isinstance(document, Document) and document.blocks[0].text == "[Slide 1 cannot be read.]"
