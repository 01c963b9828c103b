"""Figures of a judge against labels, worked out by hand."""

import pytest

from deepresearch.training.judge_agreement import HEADER, agreement, summarise
from deepresearch.training.judging import CRITERION, CriterionOpinion, JudgeForm, LabelledReport
from tests.training.judging_data import Scripted, labelled, tiny_tokenizer

FORM = JudgeForm(tiny_tokenizer())


def given(*levels: str, probability: float = 1.0) -> list[CriterionOpinion]:
    return [CriterionOpinion(level, "", probability) for level in levels]


def with_flaw(item: LabelledReport) -> LabelledReport:
    """The first criterion as a flaw."""
    first = item.criteria[0].model_copy(update={"role": "negative", "weight": -1.0})
    return item.model_copy(update={"criteria": [first, *item.criteria[1:]]})


def test_each_class_has_a_figure_of_its_own() -> None:
    items = [labelled(0, ("fully", "not")), labelled(1, ("not", "partially")), labelled(2, ("not",))]
    found = summarise(items, [given("fully", "not"), given("fully", "not"), given("not")])
    assert found.level == {"not": pytest.approx(2 / 3), "partially": 0.0, "fully": 1.0}
    assert found.balanced == pytest.approx(5 / 9)
    assert found.verdicts == 5 and found.confusion["partially > not"] == 1
    # Of wanted criteria only fully counts: four bits are 0 (one of them given as 1), one is 1.
    assert found.bits == {0: pytest.approx(3 / 4), 1: 1.0}


def test_the_bit_of_a_flaw_is_there_where_it_is_partly_there() -> None:
    found = summarise([with_flaw(labelled(0, ("fully",)))], [given("partially")])
    assert found.level["fully"] == 0.0 and found.bits == {0: None, 1: 1.0}


def test_a_reply_that_cannot_be_read_agrees_with_nothing() -> None:
    found = summarise([labelled(0, ("not", "fully")), labelled(1, ("not",))], [None, given("not")])
    assert found.unreadable == pytest.approx(2 / 3)
    assert found.level == {"not": 0.5, "partially": None, "fully": 0.0}
    assert found.calibration == 0.0, "over the verdicts that there are"


def test_calibration_is_the_distance_of_confidence_and_agreement() -> None:
    items = [labelled(n, ("not",)) for n in range(4)]
    opinions = [given("not", probability=0.95), given("not", probability=0.95), given("fully", probability=0.95)]
    found = summarise(items, [*opinions, given("not", probability=0.55)])
    assert found.calibration == pytest.approx((abs(3 * 0.95 - 2) + abs(0.55 - 1)) / 4)
    assert len(HEADER) == len(found.row())


async def test_a_judge_that_counts_places_is_not_robust_to_order() -> None:
    """It calls the first criterion met and the others not, whatever they say; a second report moves nothing."""
    mark = tiny_tokenizer().get_vocab()[CRITERION]
    engine = Scripted(lambda prompt: ["fully", *["not"] * (list(prompt).count(mark) - 1)])
    items = [labelled(n, ("fully", "not")) for n in range(5)]
    found = await agreement(engine, FORM, items)
    assert (found.balanced, found.order, found.padding) == (1.0, 0.0, 1.0)
    assert (await agreement(engine, FORM, [labelled(0, ("not",))])).order is None


async def test_a_judge_that_reads_the_wrong_report_is_not_robust_to_padding() -> None:
    decode = tiny_tokenizer().decode
    engine = Scripted(lambda prompt: ["fully" if decode(list(prompt)).count("Report") == 1 else "not"])
    found = await agreement(engine, FORM, [labelled(n, ("fully",)) for n in range(4)])
    assert (found.padding, found.order) == (0.0, None)
