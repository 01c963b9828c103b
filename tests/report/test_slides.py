"""The presentation, opened again."""

from io import BytesIO
from typing import Any

import pptx
import pytest
from hypothesis import given, settings

from deepresearch.report import make_report
from deepresearch.report import slides as writer
from deepresearch.report.slide_layout import ROOM
from deepresearch.trajectory import Citation, Uncited, Verified

from .conftest import make_run, passage
from .hostile import FIELD, HOSTILE, RICH
from .test_citations import MARKDOWN


def opened(*args: Any, **more: Any) -> list[list[str]]:
    """The texts of each slide."""
    deck = pptx.Presentation(BytesIO(writer.pptx(make_report(make_run(*args, **more)))))
    return [
        [s.text_frame.text for s in slide.shapes if s.has_text_frame and s.text_frame.text] for slide in deck.slides
    ]


def test_one_idea_each_with_its_sources() -> None:
    found = opened(RICH, language="zh")
    assert found[0][0].startswith("Water 水\n问题：")
    assert found[1][0] == "Findings" and "It boils at 100 °C [1a]; H2O." in found[1][1]
    assert found[1][-1] == "[1] Title of a.md"
    assert any(
        slide[:2] == ["Findings", "细节"] and slide[2] == "1. 第一点 [1b]\n\u2003– nested\n2. second" for slide in found
    )
    [box] = [slide for slide in found if "来源不一致" in slide]
    assert box[-2].startswith("Differ (5 against 6). A [1a]; B [2].")
    [references] = [slide for slide in found if slide[0] == "参考文献"]
    assert "[2] Title of b.md · 2024-05 · 未评级的来源 · https://b.test/x" in references[1]


def test_long_paragraphs_are_cut_at_a_sentence_and_stand_whole_in_the_notes() -> None:
    text = "First sentence here. " * 60 + "\\cite{p1} Last one."
    deck = pptx.Presentation(BytesIO(writer.pptx(make_report(make_run(text)))))
    slide = deck.slides[1]
    shown = slide.shapes[1].text_frame.text
    assert shown.endswith("here.[1]") and len(shown) <= ROOM + len("[1]")
    assert "Last one." in slide.notes_slide.notes_text_frame.text


def test_large_tables_are_cut_with_a_sentence() -> None:
    rows = "\n".join(f"| r{n} | 1 |" for n in range(30))
    text = opened(f"| a | b |\n|---|---|\n{rows}")
    assert any("8 rows and 2 columns of it are shown, of 30 and 2" in t for slide in text for t in slide)


def test_verdicts_travel() -> None:
    found = opened("A \\cite{p1}.", after=[Verified(citations=[Citation(passage="p1", level="unrelated")])])
    assert "0 of 1 citations support" in found[0][0] and "A [1, unrelated]." in found[1][1]


def test_what_the_check_found_stands_on_slides_of_its_own() -> None:
    weak = [Citation(passage="p1", mark=n, level="partly", claim=f"Claim {n}.", reason="Less.") for n in range(6)]
    check = Verified(citations=weak, uncited=[Uncited(claim="Bare claim.", suggestion="p2")])
    found = opened("A \\cite{p1}. " * 6 + "[7] \\cite{nowhere}", after=[check])
    weak_slides = [s for s in found if "Citations that do not fully support their sentence" in s]
    assert [len(s[-1].splitlines()) for s in weak_slides] == [6]
    assert weak_slides[0][-1].startswith("• [1] supports in part. “Claim 0.” Less.")
    many = opened("A \\cite{p1}.", after=[Verified(uncited=[Uncited(claim=f"Claim {n}.") for n in range(40)])])
    assert many[-1][-1].endswith("\n… and 20 more") and len(many) < 12
    [bare] = [s for s in found if "Statements without a citation" in s]
    assert bare[-1] == "• Bare claim. (may be supported by: Title of a.md)"
    assert [len(s[1].splitlines()) for s in found if s[0] == "Notes"] == [2]


def test_a_font_for_chinese_is_named() -> None:
    deck = pptx.Presentation(BytesIO(writer.pptx(make_report(make_run("x")))))
    themes = [r.target_part.blob for r in deck.slide_masters[0].part.rels.values() if r.reltype.endswith("/theme")]
    assert all(theme.count(b'<a:ea typeface="Microsoft YaHei"/>') == 2 for theme in themes) and themes


def test_hostile_text_is_inert() -> None:
    shown = [passage("p1", FIELD, FIELD, title=FIELD, url="javascript:X(1)")]
    file = BytesIO(writer.pptx(make_report(make_run(HOSTILE, shown, question=FIELD))))
    deck = pptx.Presentation(file)
    links = {r.target_ref for s in deck.slides for r in s.part.rels.values() if r.is_external}
    assert all(link.startswith(("http://", "https://")) for link in links)
    tables = [shape.table for slide in deck.slides for shape in slide.shapes if shape.has_table]
    assert [cell.text[:2] for cell in tables[0].rows[0].cells] == ["'=", "'@", "-5"]


@settings(max_examples=10, deadline=None)
@given(MARKDOWN)
def test_any_text_can_be_written(text: str) -> None:
    opened(text)


@pytest.mark.parametrize("lead", ["- ", "1. ", ""])
def test_what_is_cut_keeps_its_citation(lead: str) -> None:
    long = "word " * 200
    shown = [t for slide in opened(f"{lead}{long}\\cite{{p1}}. More \\cite{{q1}}.\n")[1:] for t in slide if "word" in t]
    assert shown[0].endswith("…[1]") and "[2]" not in shown[0]


def test_a_sentence_that_stays_keeps_its_own_citation_alone() -> None:
    text = f"- It boils \\cite{{p1}}. {'It floats on the water of the lake. ' * 20}\\cite{{q1}}\n"
    [line] = [t for slide in opened(text)[1:] for t in slide if "boils" in t]
    assert line.startswith("• It boils[1].") or line.startswith("• It boils [1].")
    assert line.endswith("lake.[2]")


def test_short_lists_quotations_and_code_share_a_slide() -> None:
    [_, slide, *_] = opened("Lead:\n\n- one\n  1. two\n\n  after\n- three\n\n> quoted\n\n```\ncode\n```\n\nEnd.")
    assert slide[-1] == "Lead:\n• one\n\u20031. two\n\u2003after\n• three\nquoted\ncode\nEnd."
