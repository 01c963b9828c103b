"""The Word document, opened again."""

import re
from io import BytesIO
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from deepresearch.report import make_report
from deepresearch.report import word as writer
from deepresearch.trajectory import Citation, Uncited, Verified

from .conftest import MakeRun, make_run, passage
from .hostile import FIELD, HOSTILE, RICH
from .test_citations import MARKDOWN


def opened(*args: Any, style: str = "", **more: Any) -> Any:
    return docx.Document(BytesIO(writer.docx(make_report(make_run(*args, **more), style))))


def text_of(document: Any) -> str:
    return "\n".join("".join(t.text or "" for t in p.iter(qn("w:t"))) for p in document.element.body.iter(qn("w:p")))


def test_everything_is_there_again() -> None:
    document = opened(RICH, language="zh")
    heads = [(p.style.name, p.text) for p in document.paragraphs if p.style.name.startswith(("Heading", "Title"))]
    assert heads[:3] == [("Title", "Water 水"), ("Heading 1", "Findings"), ("Heading 2", "细节")]
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [
        ["Name", "值"],
        ["a", "1 [2]"],
        ["b", "-5 %"],
    ]
    assert document.tables[0].rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    text = text_of(document)
    for part in ("nested", "    pass", "[注 1] The note.", "E = mc^2", "第一点 [1b]", "2.second"):
        assert part in text.replace("\t", "")
    links = {rel.target_ref for rel in document.part.rels.values() if rel.is_external}
    assert links == {"https://a.test/x?y=1&z=2", "https://b.test/x"}


def test_marks_lead_to_their_passages() -> None:
    body = opened(RICH).element.body
    anchors = [link.get(qn("w:anchor")) for link in body.iter(qn("w:hyperlink")) if link.get(qn("w:anchor"))]
    names = [mark.get(qn("w:name")) for mark in body.iter(qn("w:bookmarkStart"))]
    assert anchors == ["ref_1a", "ref_1b", "ref_2", "ref_1a", "ref_2"]
    assert sorted(names) == ["ref_1", "ref_1a", "ref_1b", "ref_2"]


def test_every_run_may_be_chinese() -> None:
    styles = opened(RICH).styles
    fonts = list(styles.element.iter(qn("w:rFonts")))
    assert {f.get(qn("w:eastAsia")) for f in fonts} == {"Microsoft YaHei"}
    assert not any("Theme" in name for f in fonts for name in f.attrib)
    assert styles.element.find(f".//{qn('w:docDefaults')}//{qn('w:rFonts')}") is not None


def test_verdicts_travel() -> None:
    check = Verified(
        citations=[Citation(passage="p1", level="contradicts", reason="No.")], uncited=[Uncited(claim="C.")]
    )
    text = text_of(opened("A \\cite{p1}.", after=[check]))
    for part in (
        "[1, contradicts]",
        "0 of 1 citations support",
        "[1] contradicts. No.",
        "Statements without a citation",
        "C.",
    ):
        assert part in text


def test_a_style() -> None:
    assert "Title of b.md. (2024, May). https://b.test/x" in text_of(opened("A \\cite{q1}.", style="apa"))


def test_hostile_text_is_inert() -> None:
    shown = [passage("p1", FIELD, FIELD, title=FIELD, url="javascript:X(1)", heading=[FIELD])]
    document = opened(HOSTILE, shown, question=FIELD)
    xml = document.element.xml
    assert not re.search("[\u202e\x00\x08\x0b\x1b\ufffe]", xml)
    assert {rel.target_ref for rel in document.part.rels.values() if rel.is_external} <= {
        "http://evil.test/a.png",
        "http://evil.test",
        "https://a.test/%5C%7D%7B#x_y~z%25",
        "https://a.test/%5C%7D%7B#x_y~z%",
    }
    cells = [cell.text for row in document.tables[0].rows for cell in row.cells]
    assert [cell[:2] for cell in cells] == ["'=", "'@", "-5", "'+", "'-", "+"]
    assert set(re.findall(r'w:instr="([^"]*)"', xml)) <= {"PAGE"} and "w:fldChar" not in xml


@settings(max_examples=15, deadline=None)
@given(MARKDOWN, st.text(max_size=20))
def test_any_text_can_be_written(text: str, title: str) -> None:
    opened(
        text, [passage("p1", text=text, title=title), passage("p2"), passage("q1", title, url=title)], question=title
    )


def test_without_the_package(run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    from deepresearch.errors import ExportError
    from deepresearch.report import markup

    monkeypatch.setattr(markup, "find_spec", lambda name: None)
    with pytest.raises(ExportError, match=r"python-docx is not installed. pip install 'step-deepresearch\[office\]'"):
        writer.docx(make_report(run("x")))
