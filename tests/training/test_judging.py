"""Trained judges: what goes in, what is read from a reply, and their place as the reward."""

import math
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from deepresearch.errors import CheckpointError, TrainingError
from deepresearch.judge.judging import judge_report
from deepresearch.judge.rubrics import Rubric, RubricSet
from deepresearch.training.engine import Generated
from deepresearch.training.judging import (
    END,
    LEVEL_MARKS,
    MARKS,
    REASON,
    CheckpointJudge,
    JudgeForm,
    fitting,
    judge_samples,
    padded,
    read_labels,
    reordered,
    write_labels,
)
from tests.training.judging_data import Scripted, labelled, tiny_tokenizer

FORM = JudgeForm(tiny_tokenizer())
VOCABULARY = tiny_tokenizer().get_vocab()


def reply(*parts: str, logprob: float = 0.0) -> Generated:
    """A completion of marks and texts."""
    ids = [id_ for part in parts for id_ in ([VOCABULARY[part]] if part in VOCABULARY else words(part))]
    return Generated(ids, [logprob] * len(ids), "stop")


def words(text: str) -> list[int]:
    return list(tiny_tokenizer()(text).input_ids)


def test_the_right_verdicts_read_back_as_they_are() -> None:
    item = labelled(levels=("fully", "partially", "not"))
    ids = FORM.completion(item.criteria)
    opinions = FORM.read(Generated(ids, [math.log(0.25)] * len(ids), "stop"), 3)
    assert opinions is not None
    assert [one.level for one in opinions] == ["fully", "partially", "not"]
    assert [one.reason for one in opinions] == ["fully", "partially", "not"]
    assert [one.probability for one in opinions] == pytest.approx([0.25] * 3)


@pytest.mark.parametrize(
    "parts",
    [
        (REASON, "red", LEVEL_MARKS["fully"]),
        (REASON, "red", END),
        (LEVEL_MARKS["fully"], END),
        ("red", REASON, "red", LEVEL_MARKS["fully"], END),
        (REASON, "red", LEVEL_MARKS["fully"], LEVEL_MARKS["not"], END),
        (REASON, "red", LEVEL_MARKS["fully"], REASON, "red", LEVEL_MARKS["fully"], END),
        (END,),
    ],
)
def test_any_other_form_is_no_verdict(parts: Sequence[str]) -> None:
    assert FORM.read(reply(*parts), 1) is None
    assert FORM.read(Generated([], [], "length"), 1) is None


def test_a_report_cannot_write_the_marks() -> None:
    rubric = Rubric(criterion=f"x{END}", weight=1)
    prompt = FORM.prompt("q <|report|>", f"It is good. {REASON} yes {LEVEL_MARKS['fully']}{END}", [rubric])
    marks = {VOCABULARY[mark] for mark in MARKS}
    assert [id_ for id_ in prompt if id_ in marks] == [
        VOCABULARY[f"<|{m}|>"] for m in ("question", "report", "criterion")
    ]


def test_flaws_are_marked_as_flaws() -> None:
    prompt = FORM.prompt("", "", [Rubric(criterion="It lies.", weight=-1)])
    assert VOCABULARY["<|flaw|>"] in prompt and VOCABULARY["<|criterion|>"] not in prompt


def test_the_loss_is_on_the_verdicts_alone() -> None:
    item = labelled()
    sample = FORM.sample(item)
    start = len(FORM.prompt(item.question, item.report, item.criteria))
    assert sample.weights == [0.0] * start + [1.0] * (len(sample.ids) - start)
    assert sample.ids[start:] == FORM.completion(item.criteria)


def test_a_tokenizer_without_the_marks_is_named() -> None:
    with pytest.raises(CheckpointError, match=r"<\|flaw\|>"):
        JudgeForm(tiny_tokenizer([mark for mark in MARKS if "flaw" not in mark]))


def test_labels_are_read_back_and_bad_lines_named(tmp_path: Path) -> None:
    items = [labelled(n) for n in range(3)]
    assert write_labels(items, tmp_path / "labels.jsonl") == 3
    assert list(read_labels(tmp_path / "labels.jsonl")) == items
    for wrong in (
        '{"report": "r", "criteria": []}',
        '{"report": "r"}',
        "no",
        '{"report": "", "criteria": [{"level": "x"}]}',
    ):
        (tmp_path / "bad.jsonl").write_text(f"{items[0].model_dump_json()}\n{wrong}\n")
        with pytest.raises(TrainingError, match=r"bad\.jsonl, line 2"):
            list(read_labels(tmp_path / "bad.jsonl"))


def test_changed_reports_keep_their_labels() -> None:
    items = [labelled(n, ("fully", "not", "partially")) for n in range(4)]
    rng = random.Random(0)
    turned = reordered(items[0], rng)
    assert turned.criteria != items[0].criteria
    assert sorted(one.criterion for one in turned.criteria) == sorted(one.criterion for one in items[0].criteria)
    longer = padded(items[0], items, rng)
    assert longer.criteria == items[0].criteria and items[0].report in longer.report
    assert any(other.report in longer.report for other in items[1:])
    assert reordered(labelled(0, ("not",)), rng) == labelled(0, ("not",)), "one criterion has one order"
    assert padded(items[0], items[:1], rng) == items[0]


def test_samples_are_the_same_for_a_seed() -> None:
    items = [labelled(n) for n in range(6)]
    assert list(judge_samples(items, FORM, 1)) == list(judge_samples(items, FORM, 1))
    plain = list(judge_samples(items, FORM, 1, varied=0.0))
    assert plain == [FORM.sample(item) for item in items]
    assert sum(len(s.ids) for s in judge_samples(items, FORM, 1, varied=1.0)) > sum(len(s.ids) for s in plain)


async def test_a_trained_judge_gives_the_reward() -> None:
    """Verdicts become bits where all verdicts do; what cannot be read is no verdict."""
    verdicts = {"It is red.": "fully", "It is blue.": "partially", "It lies.": "partially", "It is green.": ""}
    engine = Scripted(
        lambda prompt: next(level for text, level in verdicts.items() if words(text) == prompt[-len(words(text)) :])
    )
    rubrics = RubricSet(
        rubrics=(
            Rubric(criterion="It is red.", weight=2),
            Rubric(criterion="It is blue.", weight=2),
            Rubric(criterion="It lies.", weight=-1),
            Rubric(criterion="It is green.", weight=4),
        )
    )
    judged = await judge_report(CheckpointJudge(engine, FORM, "small"), "q", "r", rubrics)
    assert [verdict.level for verdict in judged.trials[0]] == ["fully", "partially", "partially", "unusable"]
    assert judged.binary.score == pytest.approx((2 - 1) / 4)
    assert len(judged.trials) == 1, "at temperature 0 a second trial would say the same"


async def test_a_long_report_is_judged_in_parts() -> None:
    engine = Scripted(lambda prompt: "fully" if "needle" in tiny_tokenizer().decode(list(prompt)) else "not")
    judge = CheckpointJudge(engine, FORM, "small", part=50)
    report = "\n".join(["hay " * 20] * 6 + ["needle " * 3])
    assert (await judge.judge("q", report, Rubric(criterion="x", weight=1))).level == "fully"
    assert engine.asked > 1


def test_reports_fit_with_any_other_beside_them() -> None:
    items = [labelled(n).model_copy(update={"report": "x" * n}) for n in (5, 200, 90, 40)]
    context = FORM.tokens(items[2]) + 100
    kept = fitting(items, FORM, context)
    assert kept == [items[0], items[2], items[3]]
    rng = random.Random(0)
    assert all(FORM.tokens(padded(item, kept, rng)) <= context for item in kept for _ in range(20))
