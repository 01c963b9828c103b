import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.text.characters import count_han, fold_accents, has_han, mark_raised, normalise


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("“Hi” ‘there’ – ok", "\"Hi\" 'there' - ok"),
        ("ＡＢＣ１２％", "ABC12%"),
        ("a\u00a0b\n c", "a b c"),
        ("10⁶", "10^6"),
        ("10⁻⁶", "10^-6"),
        ("CO₂ and m²", "CO2 and m2"),
        ("150，200名", "150, 200名"),
        ("1,200", "1,200"),
        ("好，2016年", "好,2016年"),
    ],
)
def test_one_typographic_form(text: str, plain: str) -> None:
    assert normalise(text) == plain


@given(st.text() | st.text(st.sampled_from("1２，,²⁶₂“‘´`…—　a水"), max_size=20))
def test_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_raised_digits_are_marked_behind_digits_only() -> None:
    assert mark_raised("10⁶ m² x⁶ 5₂ H₂") == "10^6 m² x⁶ 5_2 H₂"


@pytest.mark.parametrize(
    ("text", "han"), [("水", True), ("𠀀", True), ("カナ", False), ("한국", False), ("abc", False)]
)
def test_ideographs(text: str, han: bool) -> None:
    assert has_han(text) is han


def test_ideographs_are_counted() -> None:
    assert count_han("水ab 火。カ") == 2 and count_han("abc") == 0


def test_accents_fold_in_latin_and_greek_alone() -> None:
    assert fold_accents("éàώ") == "eaω" and fold_accents("がй") == "がй"
