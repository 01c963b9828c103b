"""Word documents as no library writes them: what they show is read."""
# ruff: noqa: E501  XML is easier to read on one line

from pathlib import Path

import pytest

from deepresearch.library.documents import Document
from deepresearch.library.readers.word import read_word

from .office_maker import WORD, p, run, word

RAISED = '<w:vertAlign w:val="superscript"/>'
LOWERED = '<w:vertAlign w:val="subscript"/>'


def texts(path: Path) -> list[str]:
    (document,) = read_word(path)
    assert isinstance(document, Document)
    return [block.text for block in document.blocks]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (run("3.2 × 10") + run("6", RAISED) + run(" m") + run("3", RAISED) + run(" of CO") + run("2", LOWERED), "3.2 × 10⁶ m³ of CO₂"),
        (run("2,500") + run("4", '<w:position w:val="8"/><w:sz w:val="12"/>') + run(" tonnes"), "2,500⁴ tonnes"),
        (run("the 21") + run("st", RAISED) + run(" of May, T") + run("max", LOWERED), "the 21st of May, T_max"),
        (run("In 1998.") + '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteReference w:id="7"/></w:r>', "In 1998.[1]"),
        (run("dose ") + '<w:r><w:sym w:font="Symbol" w:char="F0B3"/></w:r>' + run(" 5 mg"), "dose ≥ 5 mg"),
        (run("done ") + '<w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r>', "done ✓"),
        (run("k") + run("\uf057", '<w:rFonts w:ascii="Symbol"/>') + run(" at 3"), "kΩ at 3"),
        ('<w:r><w:sym w:font="Wingdings 3" w:char="F021"/></w:r>' + run(" x"), "[sign 21 of the font wingdings 3] x"),
        (run("seen") + run(" secret", "<w:vanish/>") + run(" here"), "seen here"),
        (run("now ") + run("50", "<w:strike/>") + run(" €", "<w:dstrike/>") + run(" 40 €"), "now ~~50 €~~ 40 €"),
        (run("soft") + "<w:r><w:softHyphen/></w:r>" + run("ware"), "software"),
        ("<m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>4</m:t></m:r></m:den></m:f></m:oMath>" + run(" of it"), "1/4 of it"),
        ('<w:sdt><w:sdtPr><w:text/></w:sdtPr><w:sdtContent>' + run("Ingrid") + "</w:sdtContent></w:sdt>", "Ingrid"),
        (run("Name: ") + "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>" + run("Click to enter") + "</w:sdtContent></w:sdt>", "Name:"),
        ('<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:checked/></w:checkBox></w:ffData></w:fldChar></w:r>' + run(" yes"), "☑ yes"),
        ('<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="a"/><w:listEntry w:val="b"/></w:ddList></w:ffData></w:fldChar></w:r>', "b"),
        ('<w:r><w:drawing><wp:inline><wp:docPr id="1" name="x" descr="Plan of the mill"/></wp:inline></w:drawing></w:r>', "[Plan of the mill]"),
        ('<w:r><w:pict><v:shape alt="A red door"/></w:pict></w:r>', "[A red door]"),
        ('<w:r><w:ruby><w:rt><w:r><w:t>kan</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢</w:t></w:r></w:rubyBase></w:ruby></w:r>', "漢(kan)"),
    ],
)  # fmt: skip
def test_a_paragraph_shows_it(docs: Path, body: str, shown: str) -> None:
    assert texts(word(docs / "a.docx", p(body))) == [shown]


def test_footnotes_have_the_numbers_of_the_text(docs: Path) -> None:
    body = p(
        run("One")
        + '<w:r><w:footnoteReference w:id="9"/></w:r>'
        + run(" two")
        + '<w:r><w:footnoteReference w:id="3"/></w:r>'
    )
    notes = f'<w:footnote w:id="0" w:type="separator">{p("")}</w:footnote><w:footnote w:id="3">{p(run("Third."))}</w:footnote><w:footnote w:id="9">{p(run("Ninth."))}</w:footnote>'
    assert texts(word(docs / "a.docx", body, footnotes=notes)) == [
        "One[1] two[2]",
        "Footnotes",
        "[2] Third.",
        "[1] Ninth.",
    ]


def level(number: int, form: str, text: str, start: int = 1, more: str = "") -> str:
    return f'<w:lvl w:ilvl="{number}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>{more}<w:lvlText w:val="{text}"/></w:lvl>'


def numbered(text: str, number: int = 1, depth: int = 0) -> str:
    return p(run(text), f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>')


@pytest.mark.parametrize(
    ("levels", "items", "shown"),
    [
        ([level(0, "decimal", "%1."), level(1, "lowerLetter", "%2)")], [("a", 0), ("b", 1), ("c", 1), ("d", 0), ("e", 1)], ["1. a", "a) b", "b) c", "2. d", "a) e"]),
        ([level(0, "decimal", "%1", 4), level(1, "decimal", "%1.%2")], [("a", 0), ("b", 1), ("c", 1)], ["4 a", "4.1 b", "4.2 c"]),
        ([level(0, "upperRoman", "Article %1."), level(1, "decimal", "%1.%2", 1, "<w:isLgl/>")], [("a", 0), ("b", 0), ("c", 1)], ["Article I. a", "Article II. b", "2.1 c"]),
        ([level(0, "chineseCountingThousand", "第%1条")], [("x", 0)] * 12, [f"第{n}条 x" for n in "一 二 三 四 五 六 七 八 九 十 十一 十二".split()]),
        ([level(0, "bullet", "\uf0b7")], [("a", 0), ("b", 0)], ["- a", "- b"]),
    ],
)  # fmt: skip
def test_automatic_numbers_are_those_that_word_shows(
    docs: Path, levels: list[str], items: list[tuple[str, int]], shown: list[str]
) -> None:
    numbering = f'<w:abstractNum w:abstractNumId="5">{"".join(levels)}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="5"/></w:num>'
    body = "".join(numbered(text, 1, depth) for text, depth in items)
    assert texts(word(docs / "a.docx", body, numbering=numbering)) == shown


def test_a_list_that_begins_again_and_headings_with_numbers(docs: Path) -> None:
    numbering = f'<w:abstractNum w:abstractNumId="5">{level(0, "decimal", "%1.")}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="5"/></w:num>'
    numbering += '<w:num w:numId="2"><w:abstractNumId w:val="5"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride></w:num>'
    styles = '<w:style w:type="paragraph" w:styleId="H"><w:name w:val="heading 2"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    body = numbered("a") + numbered("b") + numbered("c", 2) + p(run("Title"), '<w:pStyle w:val="H"/>')
    (document,) = read_word(word(docs / "a.docx", body, numbering=numbering, styles=styles))
    assert isinstance(document, Document)
    assert [block.text for block in document.blocks] == ["1. a", "2. b", "7. c", "8. Title"]
    assert (document.blocks[3].kind, document.blocks[3].level) == ("heading", 2)


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{p(run(text) if text else '')}</w:tc>"


def test_labels_of_merged_cells_are_on_every_row_and_column(docs: Path) -> None:
    start, on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    rows = [
        cell("Region", start) + cell("Station", start) + cell("Output", '<w:gridSpan w:val="2"/>'),
        cell("", on) + cell("", on) + cell("Spring") + cell("Autumn"),
        cell("North", start) + cell("Alder") + cell("12") + cell("14"),
        cell("", on) + cell("Birch") + cell("15") + cell("18"),
    ]
    body = "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"
    assert texts(word(docs / "a.docx", body)) == [
        "| Region | Station | Output / Spring | Output / Autumn |\n| --- | --- | --- | --- |\n"
        "| North | Alder | 12 | 14 |\n| North | Birch | 15 | 18 |"
    ]


def test_charts_are_read_as_their_figures(docs: Path) -> None:
    points = lambda *values: "".join(f'<c:pt idx="{n}"><c:v>{v}</c:v></c:pt>' for n, v in enumerate(values))  # noqa: E731
    chart = f"<c:chart><c:plotArea><c:barChart><c:ser><c:tx><c:v>Output</c:v></c:tx><c:cat>{points('2020', '2021')}</c:cat><c:val>{points('12.50', '15')}</c:val></c:ser></c:barChart></c:plotArea></c:chart>"
    body = p('<w:r><w:drawing><c:chart r:id="rId1"/></w:drawing></w:r>')
    assert texts(word(docs / "a.docx", body, chart=chart)) == [
        "| Category | Output |\n| --- | --- |\n| 2020 | 12.5 |\n| 2021 | 15 |"
    ]


@pytest.mark.parametrize("way", ["strict", "macros", "null", "template", "no styles"])
def test_sound_files_of_other_kinds_are_read(docs: Path, way: str) -> None:
    kinds = {
        "macros": "application/vnd.ms-word.document.macroEnabled.main+xml",
        "template": WORD.replace("document.main", "template.main"),
    }
    body = p(run("The tunnel opened in 1931."))
    path = word(
        docs / ("a.docm" if way == "macros" else "a.docx"),
        body,
        kinds.get(way, WORD),
        strict=way == "strict",
        null=way == "null",
    )
    assert texts(path) == ["The tunnel opened in 1931."]


def test_what_cannot_be_read_leaves_a_mark(docs: Path) -> None:
    body = (
        p('<w:r><w:drawing><c:chart r:id="rId9"/></w:drawing></w:r>')
        + '<w:altChunk r:id="rId8"/>'
        + p("<w:r><w:object/></w:r>")
    )
    assert texts(word(docs / "a.docx", body)) == [
        "[a drawing that cannot be read]",
        "[an embedded document that is not read]",
        "[an embedded object]",
    ]


def test_headers_and_footers_are_read_once(docs: Path) -> None:
    head = p(run("Draft of 3 May, not for quotation"))
    found = texts(word(docs / "a.docx", p(run("Text.")), header=head, footer=p(run("12"))))
    assert found == ["Text.", "Headers and footers", "Draft of 3 May, not for quotation"]
