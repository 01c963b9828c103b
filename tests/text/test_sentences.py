from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.text.sentences import sentence_spans, split_sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["Dr. J. R. Smith paid $3.50.", "He left."],
        ["The U.S. Senate met.", "It voted."],
        ["It is in the U.S.", "The law is old."],
        ["Use e.g. Fig. 3 and cf. Sec. 2.1 of it.", "Then stop!", "Why?"],
        ["He said: “Go home.”", "Then he left... slowly.", "(It rained.)", "Yes."],
        ["See https://a.example/b.c?d=e. for more at 3.11.2 now.", "Done."],
        ["It was Smith et al. who said so.", "Acme Inc. went.", "Others at Acme Inc.", "It stayed."],
        ["他说：“走吧。”", "然后离开了。", "价格是3.5元！", "真的吗？", "是的……"],
        ["Python 3.11 很快。", "Use it.", "好！"],
        ["Title", "First paragraph"],
        ["Some:", "- one item", "- two items", "1. third item"],
        ["Steps follow.", "1. Open it.", "2. Close it."],
        ["no end"],
    ],
)
def test_splits(sentences: list[str]) -> None:
    separator = "" if "。" in sentences[0] and "Use" not in sentences[1] else " "
    if sentences[0] in ("Title",):
        separator = "\n\n"
    elif sentences[0] in ("Some:", "Steps follow."):
        separator = "\n"
    assert split_sentences(separator.join(sentences)) == sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It did.[1] The end.", ["It did.[1]", "The end."]),
        ("It did.[citation needed] The end.", ["It did.[citation needed]", "The end."]),
        ("It did.[1][note 2] The end.", ["It did.[1][note 2]", "The end."]),
        ("It did.¹² The end.", ["It did.¹²", "The end."]),
        ("他来了。[3]然后走了。", ["他来了。[3]", "然后走了。"]),
        ("水是液体．冰是固体．", ["水是液体．", "冰是固体．"]),
        ("值为３．５．然后", ["值为３．５．", "然后"]),
        ("水は液体です｡氷は｢固体｣です｡", ["水は液体です｡", "氷は｢固体｣です｡"]),
        ("See arr.[0] for it.", ["See arr.[0] for it."]),
    ],
)
def test_note_marks_and_other_full_stops(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@given(
    st.text(st.sampled_from("水火木金土"), min_size=1),
    st.sampled_from("。．｡！？"),
    st.sampled_from(["", "[1]", "[来源请求]", "”"]),
)
def test_a_chinese_full_stop_ends_a_sentence(words: str, stop: str, behind: str) -> None:
    assert split_sentences(f"{words}{stop}{behind}{words}") == [f"{words}{stop}{behind}", words]


def test_line_breaks_within_a_sentence_do_not_end_it() -> None:
    assert split_sentences("One sentence\nover two lines. Another.") == ["One sentence\nover two lines.", "Another."]


@given(st.text(st.sampled_from("aB1 .。!？?\n-“”\"'()U.S.e.g.第、…*•") | st.characters(), max_size=200))
def test_nothing_is_lost(text: str) -> None:
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())


@given(st.text())
def test_spans_are_in_order_and_stripped(text: str) -> None:
    spans = sentence_spans(text)
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
