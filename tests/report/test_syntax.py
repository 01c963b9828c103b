"""Formulas and tags in reports."""

import pytest

from deepresearch.report.blocks import BlockQuote, TextRun, blocks
from deepresearch.text.labels import labels_for


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
    assert runs("<b>x *y</b> z*")[0] == TextRun("x *y", bold=True)
    assert [r.text for r in runs("<p>a</p> <span>b</span>")] == ["a b"]
    assert "".join(r.text for r in runs("<b onclick=X>x</b>")) == "<b onclick=X>x</b>"


def test_links_in_html() -> None:
    assert runs('<a href="https://a.test/">x</a>')[0].url == "https://a.test/"
    assert [(r.text, r.url) for r in runs('<a href="javascript:X(1)">x</a>')] == [("x", None)]
    assert runs("<a href='https://a.test/' onclick=X>x</a>")[0].text.startswith("<a href")


@pytest.mark.parametrize(
    "text",
    [
        r"It says “the mill burned\[1\] in March”.",
        r"It says “the mill \[citation needed\] burned”.",
        r"An index a\[0\] and x\[i=1\], as in \[note_1\].",
        r"\[1\]",
        r"\[citation needed\]",
        r"The pattern “\(x = 1\)” and “$E = mc^2$” are quoted.",
        'He wrote "$x_1$ is here" and left.',
        r"他写道「\(a = b\)」。",
        r"In brackets \(see below\) and \(1\).",
        "> Their text: $E = mc^2$ and \\(x_1\\)",
        r"`\(x_1\)` and `$x$`",
        r"\\(x_1\\) is escaped",
    ],
)
def test_brackets_and_quotations_are_no_formula(text: str) -> None:
    labels = labels_for("en")
    found = [b for block in blocks(text, labels) for b in (block.blocks if isinstance(block, BlockQuote) else [block])]
    assert not any(getattr(i, "formula", False) for b in found for i in b.inlines)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "\\[\nx = 1\n\\]",
        "\\[ n! \\]",
        r"so \(\alpha\) and \[\sqrt{2}\]",
        "\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}",
    ],
)
def test_formulas_outside_quotations_stay(text: str) -> None:
    assert formulas(text)


def test_a_formula_behind_a_closed_quotation_is_one() -> None:
    assert formulas("It “says so”, and $x_1$ too.") == ["x_1"]


@pytest.mark.parametrize(
    ("text", "bold"),
    [
        ("**“重点”**，后文", "“重点”"),
        ("**注意：**3.2亿", "注意："),
        ("前文**《书名》**后文", "《书名》"),
        ("GPT**“新品”**发布", "“新品”"),
        ("**结论（一）**Then", "结论（一）"),
        ("**한국어(괄호)**입니다", "한국어(괄호)"),
        ("**日本語（注）。**この", "日本語（注）。"),
        ("__注意：__后文", "注意："),
    ],
)
def test_emphasis_beside_chinese_japanese_and_korean_punctuation(text: str, bold: str) -> None:
    found = runs(text)
    assert [r.text for r in found if r.bold] == [bold] and not any("*" in r.text or "_" in r.text for r in found)


def test_emphasis_elsewhere_is_as_ever() -> None:
    assert [(r.text, r.bold) for r in runs("2**3 and a ** b **, but **c** d")] == [
        ("2**3 and a ** b **, but ", False),
        ("c", True),
        (" d", False),
    ]
    assert not any(r.italic for r in runs("snake_case_name and 变量_名_字"))
