"""Thinking in a text; calls in a text are tested with their reader (test_calls.py)."""

from hypothesis import given
from hypothesis import strategies as st

from deepresearch.models.call_text import split_thinking


def test_thinking_first() -> None:
    assert split_thinking("<think>\nHm.\n</think>\n\nYes.") == ("Hm.", "Yes.")


def test_thinking_between_sentences_and_several_blocks() -> None:
    assert split_thinking("<think>a</think>A<think>b</think>B") == ("ab", "AB")


def test_a_template_that_opens_the_thinking_itself() -> None:
    assert split_thinking("Hm.</think>Yes.") == ("Hm.", "Yes.")


def test_no_tags_no_change() -> None:
    text = "\n a < b </thin <thinker> \n"
    assert split_thinking(text) == ("", text)


def test_thinking_that_never_ends_is_thinking() -> None:
    assert split_thinking("<think>Hm. <b>") == ("Hm. <b>", "")


def test_a_tag_in_code_or_quotes_is_text() -> None:
    for text in ("Use `<think>` tags.", "```\n<think>\n</think>\n```\nThat is how.", 'It says "<think>".'):
        assert split_thinking(text) == ("", text)


def test_a_tag_that_prose_mentions_does_not_swallow_the_report() -> None:
    text = "Models emit <think> tokens.\nMore."
    assert split_thinking(text) == ("", text)
    assert split_thinking(text, cut=True) == ("tokens.\nMore.", "Models emit ")


@given(st.lists(st.sampled_from(["<think>x</think>", "a", "b ", "\n", "<", "你"]), max_size=25))
def test_what_is_thought_is_never_visible_and_what_is_said_is_never_lost(parts: list[str]) -> None:
    reasoning, text = split_thinking("".join(parts))
    assert "x" not in text and set(reasoning) <= {"x"}
    assert text == "".join(part for part in parts if "x" not in part).lstrip() or "x" not in "".join(parts)
