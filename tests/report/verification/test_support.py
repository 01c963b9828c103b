"""Claims scored against passages."""

import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.report.verification import support
from deepresearch.report.verification.support import MEANT
from deepresearch.trajectory import Passage

TEXT = "The dam of Orva was finished on 12 March 1998. It cost 1.23 billion dollars. Some farmers may lose their land."
PASSAGE = Passage(id="p", document="d.md", title="Dams", text=TEXT)


@pytest.mark.parametrize(
    ("claim", "level", "kinds"),
    [
        ("The dam of Orva was finished on 12 March 1998.", "supports", []),
        ("The dam of Orva cost 1.2 billion dollars and was finished in 1998.", "supports", []),
        ("The dam of Orva was finished on 13 March 1998.", "contradicts", ["date"]),
        ("The dam of Orva was not finished on 12 March 1998.", "contradicts", ["negation"]),
        ("The dam of Selm was finished on 12 March 1998.", "partly", ["name"]),
        ("All farmers lose their land.", "contradicts", ["hedge", "scope"]),
        ("Whales sing at night in cold seas.", "unrelated", []),
    ],
)
def test_levels(claim: str, level: str, kinds: list[str]) -> None:
    found = support(claim, PASSAGE)
    assert (found.level, sorted(f.kind for f in found.faults)) == (level, kinds)


def test_evidence_is_the_sentence_that_says_it() -> None:
    start, end = support("It cost 1.23 billion dollars.", PASSAGE).evidence[0]
    assert TEXT[start:end] == "It cost 1.23 billion dollars."


def test_what_is_only_in_part_about_the_same_is_no_contradiction() -> None:
    text = "The dam of Orva was finished in spring."
    assert support("The dam of Orva was not finished in spring.", text).level == "contradicts"
    found = support("The dam of Orva was not finished by masons, smiths or carpenters.", text)
    assert (found.level, [f.kind for f in found.faults]) == ("partly", ["negation"])


def test_other_languages_are_left_undecided() -> None:
    assert support("大坝于1998年建成。", PASSAGE).level == "seen"


SOLD = Passage(id="q", document="d.md", title="Dams", text="Fish live there. The kilowatts were auctioned abroad.")


@pytest.mark.parametrize(("cosine", "level"), [(1.0, "partly"), (0.5, "partly"), (0.4, "unrelated")])
def test_meaning_makes_partly_of_unrelated_and_no_more(cosine: float, level: str) -> None:
    claim = "Its electricity went to foreign buyers."
    plain = support(claim, SOLD)
    found = support(claim, SOLD, embed=lambda texts: [[1.0] if t == claim else [cosine * ("auc" in t)] for t in texts])
    assert (plain.level, plain.by, found.level, found.by) == ("unrelated", "mechanical", level, "semantic")
    assert found.score == pytest.approx((plain.score + cosine) / 2)
    if level == "partly":
        start, end = found.evidence[0]
        assert SOLD.text[start:end] == "The kilowatts were auctioned abroad."


@pytest.mark.parametrize(
    "claim",
    [
        "The dam of Orva was finished on 12 March 1998.",
        "The dam of Orva was finished on 13 March 1998.",
        "大坝于1998年建成。",
    ],
)
def test_meaning_is_not_asked_where_words_decide_or_languages_differ(claim: str) -> None:
    def embed(texts: Sequence[str]) -> list[list[float]]:
        raise AssertionError(texts)

    assert support(claim, PASSAGE, embed=embed) == support(claim, PASSAGE)


def test_texts_that_the_model_cannot_read_change_nothing() -> None:
    claim = "Whales sing at night in cold seas."
    assert support(claim, PASSAGE, embed=lambda texts: [[0.0, 0.0] for _ in texts]) == support(claim, PASSAGE)


def test_of_a_long_passage_the_likeliest_sentences_are_embedded() -> None:
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> list[list[float]]:
        asked.extend(texts)
        return [[1.0] for _ in texts]

    text = " ".join(f"Nothing of interest happened in week {n}." for n in range(40)) + " Whales breathe air."
    support("Whales sing at night in cold seas.", text, embed=embed)
    assert len(asked) == 1 + MEANT and "Whales breathe air." in asked


def test_header_words_need_not_be_found() -> None:
    assert (
        support("Place: Orva; Cost: 1.23 billion dollars", PASSAGE, given="Place Cost").score
        > support("Place: Orva; Cost: 1.23 billion dollars", PASSAGE).score
    )


@given(st.text(max_size=80), st.text(max_size=200))
def test_any_text_has_a_score(claim: str, passage: str) -> None:
    found = support(claim, passage)
    assert 0 <= found.score <= 1 and all(0 <= a < b <= len(passage) for a, b in found.evidence)


@given(
    st.lists(
        st.sampled_from(["rice", "grows", "in", "12", "Asia", "not", "1998", "冰会浮", "may", "all", "."]),
        min_size=5,
        max_size=30,
    )
)
def test_a_text_never_contradicts_itself(words: list[str]) -> None:
    text = "Rice " + " ".join(words)
    assert support(text, text).level not in ("contradicts", "unrelated")


@pytest.mark.parametrize("piece", ["It had {n},000 items, ", "aaa bbb ccc ", "工人农民商业城市"])
def test_a_claim_without_end_takes_no_time(piece: str) -> None:
    start = time.process_time()
    claim, text = ("".join(piece.replace("{n}", str(n)) for n in range(many)) for many in (600, 1200))
    support(claim, text)
    assert time.process_time() - start < 10
