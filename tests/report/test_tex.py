"""Formulas hold nothing but mathematics."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.report.tex import canonical, is_harmless, mathml, rows


def test_a_formula_is_mathml() -> None:
    made = mathml(r"\frac{a}{b} \le \alpha_i")
    assert made is not None
    assert made.startswith("<math ") and "<mfrac>" in made and "≤" in made and "α" in made


@pytest.mark.parametrize(
    "tex",
    [
        r"\input{/etc/passwd}",
        r"\write18{id}",
        r"\href{javascript:X(1)}{x}",
        r"\def\x{y}",
        r"\catcode`\%=12",
        r"\csname input\endcsname",
        "^^5cinput{x}",
        "a % b",
        "a } b",
        "{" * 40 + "}" * 40,
        r"\begin{document}x\end{document}",
        r"\begin{cases}x",
        "x" * 3000,
        "a $ b",
        r"\textcolor{red}{x}",
    ],
)
def test_what_is_no_mathematics_is_refused(tex: str) -> None:
    assert not is_harmless(tex)
    assert mathml(tex) is None


PIECES = ["\\frac", "{", "}", "^", "_", "\\text", "<b>", "&", "\\left(", "\\", "x", "\\input", "\\begin{cases}", "水"]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join))
def test_any_formula_is_inert(tex: str) -> None:
    made = mathml(tex)
    if made is not None:
        assert not re.search(r"<(?!/?m)|href|style=|\son|script", made)


@pytest.mark.parametrize("name", ["aligned", "align", "align*", "gathered", "gather", "split", "cases", "eqnarray"])
def test_rows_stay_rows(name: str) -> None:
    tex = f"\\begin{{{name}}}\na &= b + c \\\\\nd &= \\frac{{1}}{{2}} \\nonumber\n\\end{{{name}}}"
    assert (mathml(tex, True) or "").count("<mtr>") == 2 and "&amp;" not in (mathml(tex, True) or "")
    assert rows(tex) == ["a = b + c", "d = \\frac{1}{2}"]
    assert is_harmless(canonical(tex)) and "nonumber" not in canonical(tex)


def test_one_row_and_a_matrix_are_left_together() -> None:
    assert rows("x = \\sqrt{2}") == ["x = \\sqrt{2}"]
    assert len(rows("\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}")) == 1
    assert rows("\\begin{equation} y = 3 \\label{e} \\end{equation}") == ["y = 3"]
