"""Quoted passages without the marks of Markdown, and otherwise letter for letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.report.markup import plain


@pytest.mark.parametrize(
    ("passage", "shown"),
    [
        ("- **Same again.** `append` adds an *item*.", "Same again. append adds an item."),
        ("* one\n  + two\n• three\n- - four", "one\ntwo\nthree\nfour"),
        ("| a | `b` |\n|:--|---|\n| **1** | x \\| y |", "a b\n1 x | y"),
        ("``a ` b`` and _so on_", "a ` b and so on"),
        ("他说**“好。”**就走了", "他说“好。”就走了"),
        ("***both*** and **a *b* c**", "both and a b c"),
        ("Before\n```python\n- x = **kwargs\n```\n- after", "Before\n- x = **kwargs\nafter"),
        ("~~~\n```\n~~~\n*x*", "```\nx"),
    ],
)
def test_marks_go(passage: str, shown: str) -> None:
    assert plain(passage) == shown


@pytest.mark.parametrize(
    "passage",
    [
        "2**3 and 4**5, 2 * 3 * 4, a*b*c",
        "__init__ and snake_case_name, f(*args, **kwargs)",
        "/* a */ b /* c */",
        "*.txt and *.md",
        "1. First. 2. Second.",
        "-5 degrees, - an aside - and a|b",
        "\\*\\*no\\*\\*",
        "a lone ` or ** or _",
        "",
    ],
)
def test_what_is_no_mark_stays(passage: str) -> None:
    assert plain(passage) == passage


@given(st.text(st.sampled_from("ab1好 \n\t*_`|-+•\\/.:~[]")))
def test_only_marks_are_taken_away(passage: str) -> None:
    shown = plain(passage)
    rest = iter(passage)
    assert all(letter in rest for letter in shown if not letter.isspace())
    if "```" not in passage and "~~~" not in passage:
        assert [c for c in shown if c.isalnum()] == [c for c in passage if c.isalnum()]
