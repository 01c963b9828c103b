"""Which candidates come first, and what their features are."""

import pytest

from deepresearch.extractive.features import Pool, features, gather, prepare, rarity, short_titles
from deepresearch.extractive.parts import parts_of
from deepresearch.extractive.question import analyse
from deepresearch.extractive.ranking import choose, model, rank
from deepresearch.library.authority import Authority
from deepresearch.trajectory import Passage
from tests.extractive.test_candidates import passage

TABLE = Authority.load()


def ranked_texts(question: str, passages: list[Passage]) -> list[str]:
    [part] = parts_of([analyse(question)])
    pool = gather(passages, TABLE)
    return [one.candidate.text for one in choose(rank(pool, prepare(part, pool)), 5)]


def values(question: str, pool: Pool, place: int = 0) -> dict[str, float]:
    [part] = parts_of([analyse(question)])
    return features(pool.candidates[place], prepare(part, pool), pool)


GEESE = [
    passage("Geese sleep on the water at night. Geese eat grass, seeds and water plants.", "g1"),
    passage("Geese eat grass, seeds and some water plants. The weather was fine on that day.", "g2"),
    passage("Ducks eat insects in the summer.", "d1"),
]


def test_what_is_asked_comes_first_and_is_not_repeated() -> None:
    texts = ranked_texts("What do Geese eat?", GEESE)
    assert "eat grass" in texts[0]
    assert sum("eat grass" in text for text in texts) == 1


def test_every_feature_has_a_weight_and_the_answer_its_threshold() -> None:
    assert model()["weights"].keys() == values("What do Geese eat?", gather(GEESE, TABLE)).keys()
    assert 0 < model()["answer"]["threshold"] < 1


def test_features_are_bounded() -> None:
    [part] = parts_of([analyse("When did Geese eat 7 seeds, and why?")])
    pool = gather(GEESE, TABLE)
    asked = prepare(part, pool)
    assert all(-1 <= value <= 1.5 for c in pool.candidates for value in features(c, asked, pool).values())


def test_rare_words_tell_more_than_common_ones() -> None:
    assert rarity("timsort") > rarity("water") > rarity("the")


def test_an_entry_defines_its_term() -> None:
    pool = gather([passage("descriptor\n\nAny object which defines the method for getting a value.")], TABLE)
    assert values("What is a descriptor?", pool)["defines"] == 1.0


@pytest.mark.parametrize(
    ("question", "text", "shown"),
    [
        ("When was the bridge built?", "The bridge was built in 1931.", 1.0),
        ("When was the bridge built?", "The bridge was built of stone.", 0.0),
        ("How much does a ticket cost?", "A ticket costs 7 euros at the door.", 1.0),
        ("How much does a ticket cost?", "A ticket costs you 7 minutes of patience.", 0.0),
        ("这座桥是哪一年建成的？", "这座桥于 1931 年建成。", 1.0),
        ("How long does a charge last?", "A charge lasts two days at least.", 1.0),
        ("How big can a table get?", "A table has up to 32 TB.", 1.0),
        ("How big can a table get?", "A table has up to 32 owners.", 0.0),
        ("What is the difference between a hat and a cap?", "They differ: a cap is soft.", 1.0),  # as the question says
    ],
)
def test_the_kind_of_answer_shows(question: str, text: str, shown: float) -> None:
    assert values(question, gather([passage(text)], TABLE))["answer"] == shown


def test_of_equal_words_the_source_with_most_authority_is_kept() -> None:
    text = "Geese eat grass, seeds and water plants."
    pages = [
        passage(text, "a", url="https://someones-blog.example/geese"),
        passage(text, "b", url="https://www.nature.com/geese"),
    ]
    assert [c.passage.id for c in gather(pages, TABLE).candidates] == ["b"]


def test_titles_lose_the_name_of_the_site() -> None:
    pages = [
        passage("x", "a", "Tasks — Docs 3.11"),
        passage("x", "b", "Queues — Docs 3.11"),
        passage("x", "c", "Cat - Cats", heading=["Cat"]),
    ]
    assert short_titles(pages) == {"a": "Tasks", "b": "Queues", "c": "Cat"}


def test_what_is_asked_about_a_name_counts_beside_the_name() -> None:
    pool = gather([passage("Alice Brown flew to Oslo.", "a1"), passage("Alice Brown lives here.", "a2")], TABLE)
    flying, living = values("Who flies with Alice Brown?", pool), values("Who flies with Alice Brown?", pool, 1)
    assert flying["sought_loosely"] == 1.0 and flying["sought_covered"] == 0.0  # flew is a form of fly
    assert living["sought_loosely"] == 0.0
