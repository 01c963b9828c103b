"""Words in common."""

from deepresearch.report.verification.checking import copies
from deepresearch.report.verification.lexical import overlap, weigh
from deepresearch.report.verification.reading import read
from deepresearch.trajectory import Passage


def test_rare_terms_weigh_more() -> None:
    weights = weigh([read("The dam is old."), read("The dam is large."), read("The mill is old.")])
    assert weights["larg"] > weights["old"] > 0


def test_the_best_sentence_comes_first_and_others_add_to_it() -> None:
    passage = read("Rice is white. The dam was built by farmers. It cost nine dollars.")
    found = overlap(read("The dam that farmers built cost nine dollars."), passage, weigh([passage]), frozenset())
    assert found.evidence == (1, 2) and found.best < 1 and found.words > 0.8


def test_the_same_text_is_all_in_common() -> None:
    text = read("冰会浮在水面上。")
    found = overlap(text, text, weigh([text]), frozenset())
    assert (found.best, found.words, found.pairs, found.letters) == (1, 1, 1, 1)


def test_copies_of_a_text_are_found() -> None:
    text = "The old dam of Orva was built by farmers and monks in the long winter of the great flood."
    passages = [
        Passage(id=i, document=i, title="", text=t)
        for i, t in (("a", text), ("b", "New. " + text), ("c", "Another text altogether, " * 5))
    ]
    assert copies(passages) == {"b": "a"}
