import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.text.negation import negations


@pytest.mark.parametrize(
    "text",
    [
        "It is not safe.",
        "It isn't safe.",
        "It can't fly.",
        "Nobody came.",
        "They failed to agree.",
        "这并不安全。",
        "他没有来。",
        "尚未完成",
    ],
)
def test_denials(text: str) -> None:
    assert negations(text)


@pytest.mark.parametrize(
    "text",
    [
        "It is safe.",
        "Not only is it safe, it is cheap.",
        "It did not open until 1998.",
        "See No. 5 and no 7.",
        "非洲的无线电不仅便宜",
        "未来的南非",
        "",
    ],
)
def test_what_only_looks_like_a_denial(text: str) -> None:
    assert not negations(text)


def test_what_is_denied() -> None:
    (english,) = negations("The new drug doesn't cure colds, they say.")
    assert english.denied[0] == "cure" and english.word == "n't"
    assert "The new drug doesn't cure"[english.start :].startswith("n't")
    (chinese,) = negations("该药不会治疗感冒")
    assert chinese.denied == ("治疗",) and chinese.word == "不"


def test_a_denial_ends_with_its_clause() -> None:
    (negation,) = negations("It was not. Dogs barked loudly.")
    assert negation.denied == ()


@given(st.text(st.sampled_from("no not n't 不没未非洲.,;A") | st.characters(), max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert all(negation.word for negation in negations(text))
