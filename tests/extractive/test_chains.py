"""Chains of quotations: what shows each step of a question of several steps."""

from deepresearch.extractive.answers import Answer, answer_parts
from deepresearch.extractive.features import gather
from deepresearch.extractive.parts import parts_of
from deepresearch.extractive.question import analyse
from deepresearch.extractive.trail import Step
from deepresearch.trajectory import Passage
from tests.extractive.test_candidates import passage

FILM = passage("Salt Road is a 1988 film directed by Ada Lind. It was shown at festivals.", "film", "Salt Road")
DIRECTOR = passage(
    "Ada Lind (born 1950) is a film director, known for the film Salt Road. She has taught direction of films since "
    "1990. She grew up in a village by the sea. Her father, Olaf Lind, was a sailor.",
    "director",
    "Ada Lind",
)
PARISH = passage("Torvik is a village in the parish of Nesse. It has a small harbour.", "village", "Torvik")
COUNTY = passage("Nesse is a parish by the sea. Its population was 412 in 1990.", "parish", "Nesse")
OTHERS = [
    passage("The population of a country is counted every ten years.", "o1", "Census"),
    passage("The director of a film decides on the cast, as a father would.", "o2", "Directing"),
]


def answer(question: str, pages: list[Passage], steps: tuple[Step, ...] = ()) -> Answer:
    [found] = answer_parts(gather([*pages, *OTHERS]), parts_of([analyse(question)]), (), steps)
    return found


def test_of_what_the_last_step_led_to_that_is_quoted_which_is_still_asked() -> None:
    step = Step("Ada Lind", frozenset(["film"]), frozenset(["director"]), ("father",))
    found = answer("Who is the father of the director of the film Salt Road?", [FILM, DIRECTOR], (step,))
    assert [c.passage.id for c in found.short[:2]] == ["film", "director"]
    assert "Olaf Lind" in found.short[1].text


def test_the_name_that_is_tied_to_the_last_relation_is_preferred() -> None:
    told = passage(
        "Ada Lind was the mother of three sons. She retired with her father in mind. Her father was Olaf Lind.",
        "director",
        "Ada Lind",
    )
    step = Step("Ada Lind", frozenset(["film"]), frozenset(["director"]), ("father",), "Olaf Lind")
    found = answer("Who is the father of the director of the film Salt Road?", [FILM, told], (step,))
    assert "Olaf Lind" in found.short[1].text


def test_two_documents_of_which_one_names_the_other_are_joined() -> None:
    question = "The village Torvik is in a parish that had a population of how many in 1990?"
    found = answer(question, [PARISH, COUNTY])
    assert found.answered
    assert [c.passage.id for c in found.short[:2]] == ["village", "parish"]
    assert "412" in found.short[1].text


def test_documents_that_do_not_name_each_other_are_not_joined() -> None:
    elsewhere = passage("Selje is a parish by the sea. Its population was 9,120 in 1990.", "parish", "Selje")
    found = answer("The village Torvik is in a parish that had a population of how many in 1990?", [PARISH, elsewhere])
    assert not (found.answered and {"village", "parish"} <= {c.passage.id for c in found.short[:2]})
