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


def test_what_adds_nothing_is_not_in_the_short_answer() -> None:
    pages = [
        Passage(**{**passage(text, f"p{n}", "Locks").model_dump(), "position": n})
        for n, text in enumerate(
            [
                "Can a lock be opened without a key?\n\nNo. A lock of steel opens with its own key alone.",
                "A lock can be opened by a key of brass. Locks are sold in shops.",
            ]
        )
    ]
    first = written("Can a lock be opened without a key?", pages).split("## Short answer", 1)[1].split("\n## ", 1)[0]
    assert "“No. A lock of steel" in first and "brass" not in first


def test_a_section_about_what_is_asked_is_quoted_on_into_the_next_passage() -> None:
    texts = [
        "Oil the chain before it is cleaned:",
        "```\nclean --chain\n```\n\nThe chain is dried after it is cleaned.",
    ]
    pages = [
        passage(text, f"p{n}", "Bicycles", document="b", heading=["Bicycles", "Cleaning the chain"], position=n)
        for n, text in enumerate(texts)
    ]
    first = written("How do I clean the chain of a bicycle?", pages).split("## Short answer", 1)[1]
    assert "clean --chain" in first and "dried" in first


def test_why_a_page_was_not_read_is_said_in_the_language_of_the_report() -> None:
    pages = [passage("甲桥建成于1931年。", "p1", "甲桥")]
    research = Research(analyse("甲桥建成于哪一年？"), {"p1": pages[0]}, [PastQuery("甲桥", "", ["p1"])], answered=True)
    research.unread = {"http://a.example/": "http_404: a.example: HTTP 404.", "http://b.example/": "robots: no."}
    report = write_report(research, answer_parts(gather(pages), parts_of([research.question])))
    assert "服务器返回 HTTP 404" in report and "robots.txt 不允许" in report


def test_beside_what_compares_a_row_without_one_of_its_cells_is_not_shown() -> None:
    both = passage("A canoe is light, whereas a barge is heavy and carries much more.", "p1", "Boats")
    alone = passage("A barge is built of iron plates in the yard of the harbour.", "p2", "Barge")
    text = written("What is the difference between a canoe and a barge?", [both, alone])
    assert "whereas" in text and "| --- |" not in text


def test_a_paragraph_around_a_quotation_repeats_nothing_that_was_quoted() -> None:
    same = "The clerks meet every Monday in the old office."
    pages = [
        passage(f"{same} A barge of iron leaks because rust eats its plates.", "p1", "Barges", document="d"),
        passage(
            f"{same} In winter frost splits the seams and bolts, a reason why the barge of iron leaks every spring.",
            "p2",
            "Barges",
            document="d",
            position=9,
        ),
    ]
    text = written("Why does a barge of iron leak?", pages)
    assert text.count(same.rstrip(".")) == 1 and "rust" in text and "frost splits" in text
