"""Claims that turn round what a sentence says: denied, unhedged, widened, reversed."""

from collections.abc import Callable

import pytest

from deepresearch.report.verification import wording
from deepresearch.report.verification.faults import Fault
from deepresearch.report.verification.reading import Line, line
from deepresearch.report.verification.wording import reversed_, unhedged, widened

Check = Callable[[Line, Line], list[Fault]]

CASES = [
    (wording.denied, "The dam was not finished in time.", "The dam was finished in time.", True),
    (wording.denied, "The dam was finished in time.", "The dam was never finished in time.", True),
    (wording.denied, "The dam wasn't finished in time.", "The dam was not finished in time.", False),
    (wording.denied, "Not only the dam was finished.", "The dam was finished.", False),
    (wording.denied, "Denys finished the dam.", "Denys finished the dam.", False),
    (wording.denied, "The mine employed people.", "The mine, which is no longer worked, employed people.", False),
    (wording.denied, "The mine no longer employs people.", "The mine, no longer worked, employs people.", True),
    (wording.denied, "The mine no longer employs people.", "The mine no longer employs people.", False),
    (wording.denied, "项目没有完成。", "项目已经完成。", True),
    (wording.denied, "项目完成。", "项目没有完成。", True),
    (wording.denied, "项目不断扩大。", "项目扩大。", False),
    (unhedged, "Coffee causes headaches.", "Coffee may cause headaches.", True),
    (unhedged, "Coffee might cause headaches.", "Coffee may cause headaches.", False),
    (unhedged, "In May coffee was sold.", "It was sold in May with coffee.", False),
    (unhedged, "咖啡会引起头痛。", "咖啡可能引起头痛。", True),
    (unhedged, "咖啡或许会引起头痛。", "咖啡可能引起头痛。", False),
    (widened, "All patients recovered.", "Some patients recovered.", True),
    (widened, "Patients always recovered.", "Patients recovered.", True),
    (widened, "Most patients recovered.", "Most patients recovered.", False),
    (widened, "所有病人都康复了。", "部分病人康复了。", True),
    (widened, "部分病人康复了。", "部分病人康复了。", False),
    (reversed_, "Sales of cars increased in spring.", "Sales of cars decreased in spring.", True),
    (reversed_, "Sales of cars rose in spring.", "Sales of cars increased in spring.", False),
    (reversed_, "Iron is heavier and cars more expensive.", "Bread is less expensive.", True),
    (reversed_, "汽车销量增长了三成。", "汽车销量下降了三成。", True),
    (reversed_, "汽车销量增长了三成。", "汽车销量上升了三成。", False),
]  # fmt: skip


@pytest.mark.parametrize(("check", "claim", "sentence", "wrong"), CASES)
def test_turned_round(check: Check, claim: str, sentence: str, wrong: bool) -> None:
    faults: list[Fault] = check(line(claim), line(sentence))
    assert bool(faults) is wrong


@pytest.mark.parametrize("check", [wording.denied, unhedged, widened, reversed_])
@pytest.mark.parametrize("text", sorted({c[1] for c in CASES} | {c[2] for c in CASES}))
def test_a_sentence_never_turns_itself_round(check: Check, text: str) -> None:
    assert check(line(text), line(text)) == []


def test_denying_what_nothing_denies() -> None:
    assert wording.unfounded(line("It was not large."), line("It was large. People came."))
    assert wording.unfounded(line("It was not large."), line("It was never large.")) == []
