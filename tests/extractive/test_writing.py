"""What the report shows beside the answers."""

import re

from deepresearch.extractive.answers import answer_parts
from deepresearch.extractive.features import gather
from deepresearch.extractive.parts import parts_of
from deepresearch.extractive.question import analyse
from deepresearch.extractive.research import PastQuery, Research
from deepresearch.extractive.writing import write_report
from deepresearch.trajectory import Passage
from tests.extractive.test_candidates import passage


def written(question: str, pages: list[Passage]) -> str:
    asked = [PastQuery(question, "", [page.id for page in pages])]
    research = Research(analyse(question), {page.id: page for page in pages}, asked, answered=True)
    return write_report(research, answer_parts(gather(pages), parts_of([research.question])))


BARGES = [
    passage(
        f"A barge of iron has the risk of {one.lower()} at sea, a danger to {one.lower()}ers who sail in it.",
        f"b{place}",
        "Barges",
        document="barges",
        heading=["Barges", one],
        position=place,
    )
    for place, one in enumerate("Leak Rust Storm Theft Noise Smell Ice Fire Fog Sand Worm Rat Wind Salt Rot".split())
]


def test_aspects_that_were_seen_and_not_quoted_are_the_next_questions() -> None:
    quoted, _, left = written("What are the risks of a barge of iron?", BARGES).partition("## Next questions")
    proposed = re.findall(r"What does \*Barges\* say under “(.*)”\?", left)
    assert len(proposed) == 3 and not any(f"risk of {one.lower()}" in quoted for one in proposed)


def test_a_question_for_one_thing_proposes_no_aspects() -> None:
    assert "## Next questions" not in written("When was the barge of iron built?", BARGES)
