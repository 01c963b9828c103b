"""Formulas and tags in reports."""

import pytest

from deepresearch.report.blocks import TextRun, blocks
from deepresearch.report.labels import labels_for


def runs(text: str) -> list[TextRun]:
    [block] = blocks(text, labels_for("en"))
    return [inline for inline in block.inlines if isinstance(inline, TextRun)]  # type: ignore[union-attr]


def formulas(text: str) -> list[str]:
    return [run.text for run in runs(text) if run.formula]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Energy is $E = mc^2$ here.", ["E = mc^2"]),
        (r"a \(x_i\) b \[\frac{a}{b}\]", ["x_i", r"\frac{a}{b}"]),
        ("$$\na + b\n$$", ["a + b"]),
        ("for $n$ of $f(x)$", ["n", "f(x)"]),
    ],
)
def test_formulas(text: str, found: list[str]) -> None:
    assert formulas(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 to $10.",
        "US$5 and US$7",
        "$5B/$10B",
        "$3 (x=2) and $4",
        "between $1.2 trillion and A$3",
        "`$x$`",
        r"\$x\$",
        "涨到$50，后来跌到$40。",
    ],
)
def test_money_is_no_formula(text: str) -> None:
    assert formulas(text) == []


def test_tags_that_match_are_read_and_the_rest_is_text() -> None:
    assert runs("H<sub>2</sub>O") == [TextRun("H"), TextRun("2", shift="sub"), TextRun("O")]
    assert runs("<b>x <i>y</i></b>") == [TextRun("x ", bold=True), TextRun("y", bold=True, italic=True)]
    assert "".join(r.text for r in runs("<b>x *y</b> z*")) == "<b>x y</b> z"
    assert [r.text for r in runs("<p>a</p> <span>b</span>")] == ["a b"]
    assert "".join(r.text for r in runs("<b onclick=X>x</b>")) == "<b onclick=X>x</b>"


def test_links_in_html() -> None:
    assert runs('<a href="https://a.test/">x</a>')[0].url == "https://a.test/"
    assert [(r.text, r.url) for r in runs('<a href="javascript:X(1)">x</a>')] == [("x", None)]
    assert runs("<a href='https://a.test/' onclick=X>x</a>")[0].text.startswith("<a href")
