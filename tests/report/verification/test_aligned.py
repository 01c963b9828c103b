"""Claims that turn round what a sentence says: denied, unhedged, widened, reversed."""

import pytest

from deepresearch.report.verification import direction, hedging, negation, scope
from deepresearch.report.verification.aligned import line
from deepresearch.report.verification.faults import Fault

CASES = [
    (negation, "The dam was not finished in time.", "The dam was finished in time.", True),
    (negation, "The dam was finished in time.", "The dam was never finished in time.", True),
    (negation, "The dam wasn't finished in time.", "The dam was not finished in time.", False),
    (negation, "Not only the dam was finished.", "The dam was finished.", False),
    (negation, "Denys finished the dam.", "Denys finished the dam.", False),
    (negation, "The mine employed 300 people.", "The mine, which is no longer worked, employed 300 people.", False),
    (negation, "The mine no longer employs people.", "The mine, no longer worked by night, employs people.", True),
    (negation, "The mine no longer employs people.", "The mine no longer employs people.", False),
    (negation, "项目没有完成。", "项目已经完成。", True),
    (negation, "项目完成。", "项目没有完成。", True),
    (negation, "项目不断扩大。", "项目扩大。", False),
    (hedging, "Coffee causes headaches.", "Coffee may cause headaches.", True),
    (hedging, "Coffee might cause headaches.", "Coffee may cause headaches.", False),
    (hedging, "In May coffee was sold.", "It was sold in May with coffee.", False),
    (hedging, "咖啡会引起头痛。", "咖啡可能引起头痛。", True),
    (hedging, "咖啡或许会引起头痛。", "咖啡可能引起头痛。", False),
    (scope, "All patients recovered.", "Some patients recovered.", True),
    (scope, "Patients always recovered.", "Patients recovered.", True),
    (scope, "Most patients recovered.", "Most patients recovered.", False),
    (scope, "The drug cured cancer.", "The drug cured cancer in mice.", True),
    (scope, "所有病人都康复了。", "部分病人康复了。", True),
    (scope, "部分病人康复了。", "部分病人康复了。", False),
    (direction, "Sales of cars increased in spring.", "Sales of cars decreased in spring.", True),
    (direction, "Sales of cars rose in spring.", "Sales of cars increased in spring.", False),
    (direction, "Iron is heavier and cars more expensive.", "Bread is less expensive.", True),
    (direction, "汽车销量增长了三成。", "汽车销量下降了三成。", True),
    (direction, "汽车销量增长了三成。", "汽车销量上升了三成。", False),
]  # fmt: skip


@pytest.mark.parametrize(("check", "claim", "sentence", "wrong"), CASES)
def test_turned_round(check: object, claim: str, sentence: str, wrong: bool) -> None:
    faults: list[Fault] = check.check(line(claim), line(sentence))  # type: ignore[attr-defined]
    assert bool(faults) is wrong


@pytest.mark.parametrize("check", [negation, hedging, scope, direction])
@pytest.mark.parametrize("text", sorted({c[1] for c in CASES} | {c[2] for c in CASES}))
def test_a_sentence_never_turns_itself_round(check: object, text: str) -> None:
    assert check.check(line(text), line(text)) == []  # type: ignore[attr-defined]


def test_denying_what_nothing_denies() -> None:
    assert negation.unfounded(line("It was not large."), line("It was large. People came."))
    assert negation.unfounded(line("It was not large."), line("It was never large.")) == []


def test_the_opposite_stands_closer() -> None:
    evidence = line("The drug decreased the risk of nausea but increased the risk of postoperative bleeding.")
    assert direction.turned(line("The drug decreases risk of postoperative bleeding."), evidence)
    assert direction.turned(line("The drug increases risk of postoperative bleeding."), evidence) == []
