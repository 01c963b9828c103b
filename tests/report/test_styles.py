"""Reference styles by name."""

import pytest

from deepresearch.errors import ExportError
from deepresearch.report import make_report
from deepresearch.report.blocks import TextRun
from deepresearch.report.html import html
from deepresearch.report.latex import latex
from deepresearch.report.markdown import markdown
from deepresearch.report.styles import HOUSE, check_style, entries

from .conftest import make_run, passage

SHOWN = [
    passage("p1", "a", title="Water <i>x</i> & 'that'", url="https://a.test/x?a=1&b=2", date="2024-05"),
    passage("q1", "b.md", title="水的性质", url="https://b.test/", language="zh"),
]


def written(style: str) -> list[str]:
    report = make_report(make_run("A \\cite{p1}. B \\cite{q1}.", SHOWN), style)
    return ["".join(run.text for run in entry) for entry in entries(report)]


@pytest.mark.parametrize(
    ("style", "first", "second"),
    [
        (
            "apa",
            "Water <i>x</i> & 'that'. (2024, May). https://a.test/x?a=1&b=2",
            "水的性质. (n.d.). Retrieved September 21",
        ),
        (
            "IEEE",
            "“Water <i>x</i> & 'that'”. Accessed: Sep. 21, 2026. [Online]. Available: https://a.test/",
            "“水的性质”.",
        ),
        (
            "GB/T 7714-2015",
            "Water <i>x</i> & 'that'[EB/OL]. (2024-05)[2026-09-21]. https://a.test/",
            "水的性质[EB/OL].",
        ),
        ("nature", "Water <i>x</i> & 'that'. https://a.test/x?a=1&b=2 (2024).", "水的性质. https://b.test/."),
    ],
)
def test_styles(style: str, first: str, second: str) -> None:
    entry, other = written(style)
    assert entry.startswith(first) and other.startswith(second)


def test_italics_are_runs_and_titles_are_text() -> None:
    [entry, _] = entries(make_report(make_run("A \\cite{p1}. B \\cite{q1}.", SHOWN), "apa"))
    assert entry[0] == TextRun("Water <i>x</i> & 'that'", italic=True)


@pytest.mark.parametrize(
    "style", ["modern-language-association", "chicago-author-date", "elsevier-harvard", "vancouver", "mla"]
)
def test_other_styles_give_an_entry_for_each(style: str) -> None:
    assert len(written(style)) == 2 and all("https://" in entry for entry in written(style))


@pytest.mark.parametrize("style", ["apa", "ieee", "gb-t-7714"])
def test_a_document_without_an_address_keeps_its_path(style: str) -> None:
    report = make_report(make_run("A \\cite{p1}.", [passage("p1", "notes/water.md")]), style)
    for written in (markdown(report), html(report), latex(report)["report.tex"].decode()):
        assert "notes/water.md" in written.partition("References")[2]
    assert not entries(report)[0][-1].text.endswith(" ")


def test_house_style_needs_nothing() -> None:
    assert check_style("") == check_style("numeric") == HOUSE
    assert written("numeric") == []


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(ExportError, match=r"Nearest names: .*nature"):
        check_style("natur")
    with pytest.raises(ExportError, match="Known: numeric, apa, ieee"):
        check_style("zzzzqqqq")
