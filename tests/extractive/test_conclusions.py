"""What is concluded from two values that were found, and when nothing is."""

import pytest

from tests.extractive.test_answers import answers
from tests.extractive.test_candidates import passage
from tests.extractive.test_writing import written

ANN = passage("Ann Marsh (born 4 May 1961) is a Danish painter.", "a", "Ann Marsh", document="a")
BEN = passage("Ben Stone (born 17 August 1959) is a Danish writer.", "b", "Ben Stone", document="b")
CUP = passage("Cup Lake is a lake with an area of 120 km.", "c", "Cup Lake", document="c")
DOT = passage("Dot Lake has an area of 95 km and many fish.", "d", "Dot Lake", document="d")
JIA = passage("甲桥建成于1931年，全长三百米。", "j", "甲桥", document="j")
YI = passage("乙桥建成于1957年，在城东。", "y", "乙桥", document="y")
PAGES = [ANN, BEN, CUP, DOT, JIA, YI]


@pytest.mark.parametrize(
    ("question", "kind", "things", "gap"),
    [
        ("Who is older, Ann Marsh or Ben Stone?", "earlier", ("Ben Stone", "Ann Marsh"), ""),
        ("Who is younger, Ann Marsh or Ben Stone?", "later", ("Ann Marsh", "Ben Stone"), ""),
        ("Are Ann Marsh and Ben Stone of the same nationality?", "same", ("Ann Marsh", "Ben Stone"), ""),
        ("Which has the larger area, Cup Lake or Dot Lake?", "more", ("Cup Lake", "Dot Lake"), ""),
        ("How much larger is the area of Cup Lake than that of Dot Lake?", "apart", ("Cup Lake", "Dot Lake"), "25 km"),
        ("How many days older is Ben Stone than Ann Marsh by birth?", "apart", ("Ben Stone", "Ann Marsh"), "626 days"),
        ("甲桥和乙桥哪个建成更早？", "earlier", ("甲桥", "乙桥"), ""),
    ],
)
def test_two_values_answer_together(question: str, kind: str, things: tuple[str, str], gap: str) -> None:
    [answer] = answers(question, PAGES)
    assert answer.concluded is not None
    assert (answer.concluded.kind, set(answer.concluded.things), answer.concluded.gap) == (kind, set(things), gap)
    if kind != "same" and not gap:
        assert answer.concluded.things == things
    assert all(said in answer.short for said in answer.concluded.said)


@pytest.mark.parametrize(
    "question",
    [
        "Who is older, Ann Marsh or Cup Lake?",  # no birth is told of it
        "Which has the larger area, Cup Lake or Ann Marsh?",
        "Who are Ann Marsh and Ben Stone?",  # asks for no conclusion
    ],
)
def test_nothing_is_concluded_from_one_value(question: str) -> None:
    assert all(answer.concluded is None for answer in answers(question, PAGES))


def test_dates_that_do_not_tell_conclude_nothing() -> None:
    pages = [
        passage("Ann Marsh (born 1961) is a painter.", "a", "Ann Marsh", document="a"),
        passage("Ben Stone (born 3 May 1961) is a writer.", "b", "Ben Stone", document="b"),
    ]
    assert answers("Who is older, Ann Marsh or Ben Stone?", pages)[0].concluded is None


def test_the_conclusion_is_written_first_with_both_citations() -> None:
    report = written("Who is older, Ann Marsh or Ben Stone?", [ANN, BEN])
    first = report.split("## Short answer", 1)[1].strip().split("\n", maxsplit=1)[0]
    assert first == "**Ben Stone**: 17 August 1959 is earlier than 4 May 1961 (Ann Marsh)\\cite{b}\\cite{a}."
