"""Reports taken apart into claims."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.report.citations import find_marks
from deepresearch.report.claims import Claim, claims_of
from deepresearch.text.characters import clean


def split_claims(text: str) -> list[Claim]:
    text = clean(text)
    return claims_of(text, list(find_marks(text, ())))


def claims(text: str, kind: str | None = None) -> list[Claim]:
    return [c for c in split_claims(text) if kind in (None, c.kind)]


def pairs(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(c.text, c.ids) for c in split_claims(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Water boils \\cite{a}. Ice floats.", [("Water boils.", ("a",)), ("Ice floats.", ())]),
        ("Ice floats. \\cite{a} Steam rises.", [("Ice floats.", ("a",)), ("Steam rises.", ())]),
        ("Ice floats.\\cite{a} Steam rises.\\cite{b}", [("Ice floats.", ("a",)), ("Steam rises.", ("b",))]),
        ("冰会浮起\\cite{a}。水会沸腾。\\cite{b}", [("冰会浮起。", ("a",)), ("水会沸腾。", ("b",))]),
        ("It grew (see \\cite{a}) fast.", [("It grew (see) fast.", ("a",))]),
        ("It grew (\\cite{a}) fast.", [("It grew fast.", ("a",))]),
        ("It grew 3.5 % in the U.S. Senate, e.g. by Dr. Smith \\cite{a}.", None),
        ("He said “It works. It is good.” \\cite{a}", [("He said “It works. It is good.”", ("a",))]),
        ("他说：“很好。真的。”\\cite{a}", [("他说：“很好。真的。”", ("a",))]),
        (
            "**Bold** and *thin* [link](http://x.y/z_(1)) `code` \\cite{a, b}.",
            [("Bold and thin link code.", ("a", "b"))],
        ),
    ],
)
def test_a_mark_backs_its_own_sentence(text: str, expected: list[tuple[str, tuple[str, ...]]] | None) -> None:
    assert pairs(text) == (expected or [(text.replace(" \\cite{a}", ""), ("a",))])


def test_several_marks_in_a_sentence_back_their_own_parts() -> None:
    (claim,) = split_claims("A is 5 \\cite{a}, while B is 6 \\cite{b}\\cite{c}.")
    assert claim.text == "A is 5, while B is 6."
    assert claim.parts == ("A is 5", "while B is 6.", "while B is 6.")
    assert claim.ids == ("a", "b", "c")


def test_lists_headings_captions_and_quotations_are_told_apart() -> None:
    text = (
        "# Title\n\n- one \\cite{a}\n- two\n\nFigure 1: A dam \\cite{b}\n\n"
        "> Line one.\n> Line two.\n\n\\cite{c}\n\n**Label**\n"
    )
    assert [(c.kind, c.text, c.ids) for c in split_claims(text)] == [
        ("heading", "Title", ()),
        ("item", "one", ("a",)),
        ("item", "two", ()),
        ("caption", "Figure 1: A dam", ("b",)),
        ("quotation", "Line one. Line two.", ("c",)),
        ("heading", "Label", ()),
    ]


def test_a_row_is_a_claim_with_the_words_of_the_header() -> None:
    text = (
        "| Country | People |\n|---|---|\n| Japan | 125 million \\cite{a} |\n"
        "| China \\cite{b} | 1.4 billion \\cite{c} |\n"
    )
    rows = [(c.text, c.ids, c.given) for c in claims(text, "row")]
    assert rows == [
        ("Country: Japan; People: 125 million", ("a",), "Country People"),
        ("Country: China", ("b",), "Country"),
        ("Country: China; People: 1.4 billion", ("c",), "Country People"),
    ]


def test_a_first_cell_that_is_a_statement_is_no_part_of_the_claims_beside_it() -> None:
    one, other = "Merging joins two histories and keeps every commit of both as it is.", "Rebasing writes commits anew."
    text = f"| merge | rebase |\n|---|---|\n| {one} \\cite{{a}} | {other} \\cite{{b}} |\n"
    assert [(c.text, c.ids) for c in claims(text, "row")] == [
        (f"merge: {one}", ("a",)),
        (f"rebase: {other}", ("b",)),
    ]


def test_code_holds_no_claims_and_its_marks_none() -> None:
    assert pairs("```\nx \\cite{a}.\n```\n\nIce floats `\\cite{b}` well.") == [("Ice floats \\cite{b} well.", ())]


def test_sections_are_known() -> None:
    assert [c.section for c in split_claims("Before.\n\n## Method\n\nHow.")] == ["", "Method", "Method"]


PIECES = st.lists(
    st.sampled_from(
        [
            *("\\cite{a}", "\\cite{b, c}", "\\cite", "ice floats", "冰会浮起", "3.5", "[^1]", "\ue000", "\n", "\n\n"),
            *"{ } [ ]( ) | `` ` ** “ ” 。 ![".split(),
            *("- ", "# ", "> ", ". ", "    ", "1. ", "```\n", "|a|b|\n|-|-|\n|c|d|\n"),
        ]
    ),
    max_size=40,
).map("".join)


@given(PIECES)
def test_no_text_breaks_it_and_no_mark_is_given_twice(text: str) -> None:
    marks = list(find_marks(clean(text), ()))
    found = [mark for claim in split_claims(text) for mark in claim.marks]
    assert len(found) == len(set(found)) and set(found) <= set(range(len(marks)))
    for claim in split_claims(text):
        assert len(claim.parts) == len(claim.marks)
        assert ("\ue000" not in claim.text and "\\cite{a}" not in claim.text.replace("`", "")) or "`" in text


def test_html_pictures_and_the_marks_of_notes_are_no_words() -> None:
    text = '<div class="x">Ice</div> floats[^1] ![a dam](https://a.test/x.png).\n\n[^1]: A note.\n'
    assert [(c.kind, c.text) for c in split_claims(text)] == [("sentence", "Ice floats."), ("note", "[note 1] A note.")]


def test_a_row_far_down_a_table_is_a_claim_too() -> None:
    rows = "".join(f"| row {n} is {n} \\cite{{p{n}}} | x |\n" for n in range(300))
    assert len(claims("| a | b |\n|---|---|\n" + rows, "row")) == 300


def test_raised_digits_are_not_digits_of_the_number_before_them() -> None:
    texts = [
        claim.text for claim in split_claims("It held 10<sup>6</sup> litres of H<sub>2</sub>O, or 3<sup>-2</sup>.")
    ]
    assert texts == ["It held 10^6 litres of H2O, or 3^-2."]
