import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.text.quotations import find_quote

TEXT = "The **tower** was\n  built in 1887 — by “Ada Brandt”. It's 62 m tall. 塔高62米，建于1887年。 It held 10⁶ t."


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("built in 1887", "built in 1887"),
        ("The tower was built", "The **tower** was\n  built"),
        ('by "Ada Brandt"', "by “Ada Brandt”"),
        ('"It\'s 62 m tall."', "It's 62 m tall."),
        ("塔高62米", "塔高62米"),
        ("held 10^6 t", "held 10⁶ t"),
        ("The tower ... Ada Brandt", "The **tower** was\n  built in 1887 — by “Ada Brandt"),
        ("1887 - by", "1887 — by"),
        ("built in 1889", None),
        ("Built in 1887", "built in 1887"),
        ("BUILT in 1887", None),
        ("The tower was [...] tall", "The **tower** was\n  built in 1887 — by “Ada Brandt”. It's 62 m tall"),
        ("Ada Brandt ... The tower", None),
        ("", None),
        ("...", None),
        ("x", None),
    ],
)
def test_quotes(quote: str, found: str | None) -> None:
    assert find_quote(quote, TEXT) == found


def test_an_ellipsis_does_not_reach_across_the_whole_report() -> None:
    assert find_quote("start … end", "start" + " word" * 500 + " end") is None


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60), st.data())
def test_what_is_found_is_a_part_of_the_text(text: str, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, len(text)))
    found = find_quote(text[begin:end], text)
    assert found is None or found in text
