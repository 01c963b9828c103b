"""Where two sources say the same, and where they say different things about the same."""

import pytest

from deepresearch.extractive.agreement import compare_sources
from deepresearch.extractive.features import gather, prepare
from deepresearch.extractive.parts import parts_of
from deepresearch.extractive.question import analyse
from deepresearch.extractive.ranking import rank
from tests.extractive.test_candidates import passage

TOWER = "The Eiffel Tower in Paris"


@pytest.mark.parametrize(
    ("one", "other", "kinds"),
    [
        (f"{TOWER} has a height of 330 metres.", f"{TOWER} has a height of 324 metres.", ["differ"]),
        (f"{TOWER} is open at night in winter.", f"{TOWER} is not open at night in winter.", ["differ"]),
        (f"{TOWER} is painted again each decade.", f"{TOWER} is painted again each decade by hand.", ["agree"]),
        (f"{TOWER} is open at night in winter.", f"{TOWER} is open at night, in winter.", []),
        (f"{TOWER} has a height of 330 metres.", f"{TOWER} sells 7 kinds of ice cream.", []),
        ("The Eiffel Tower was built in 1889 by Eiffel.", "The Goose Tower was built in 1365 by Valdemar.", []),
    ],
)
def test_where_sources_agree_and_differ(one: str, other: str, kinds: list[str]) -> None:
    [part] = parts_of([analyse("Tell me about the Eiffel Tower.")])
    pool = gather([passage(one, "a"), passage(other, "b")])
    assert [pair.kind for pair in compare_sources([(part, rank(pool, prepare(part, pool)))])] == kinds
