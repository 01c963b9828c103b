"""Hand-worked cases of the two views, and what must hold for any verdicts."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.judge.reward import Outcome, Score, bit, outcome, score, value
from deepresearch.judge.rubrics import Rubric
from deepresearch.judge.verdicts import LEVELS, CriterionVerdict, Level


def rubric(id: str, weight: float, **more: Any) -> Rubric:
    return Rubric(id=id, criterion="x", weight=weight, **more)


def verdicts(rubrics: list[Rubric], levels: str) -> list[CriterionVerdict]:
    """n: not, p: partially, f: fully, ?: undecided, !: unusable."""
    names: dict[str, Any] = {"n": "not", "p": "partially", "f": "fully", "?": "undecided", "!": "unusable"}
    return [CriterionVerdict(rubric=r.id, level=names[letter]) for r, letter in zip(rubrics, levels, strict=True)]


def scored(weights: list[float], levels: str, view: Any = "binary", **more: Any) -> Score:
    rubrics = [rubric(f"c{n}", weight, **more) for n, weight in enumerate(weights)]
    return score(rubrics, verdicts(rubrics, levels), view)


@pytest.mark.parametrize(
    ("weights", "levels", "binary", "ternary"),
    [
        ([5, 3, 2], "fff", 1.0, 1.0),
        ([5, 3, 2], "fpn", 0.5, 0.65),  # 5/10; (5 + 1.5)/10
        ([5, 3, -4], "ffn", 1.0, 1.0),  # the flaw is not there
        ([5, 3, -4], "ffp", 0.5, 0.75),  # (8 - 4)/8; (8 - 2)/8
        ([5, 3, -4], "fff", 0.5, 0.5),
        ([5, 3, -4], "npf", -0.5, -0.3125),  # -4/8; (1.5 - 4)/8
        ([10, 1], "nf", 1 / 11, 1 / 11),
        ([10, 1], "fn", 10 / 11, 10 / 11),
        ([10, -10], "ff", 0.0, 0.0),
        ([0, 2], "ff", 1.0, 1.0),  # a weight of zero changes nothing
        ([0, 2], "nf", 1.0, 1.0),
        ([5, 3, 2], "f?!", 1.0, 1.0),  # what has no verdict leaves both sums
        ([5, 3, 2], "n?f", 2 / 7, 2 / 7),
        ([3, -2], "f!", 1.0, 1.0),
        ([0.1, 0.2, 0.3], "fff", 1.0, 1.0),  # exact sums: 0.1 + 0.2 + 0.3 over itself
    ],
)
def test_hand_worked(weights: list[float], levels: str, binary: float, ternary: float) -> None:
    assert scored(weights, levels).value == binary
    assert scored(weights, levels, "ternary").value == ternary


def test_the_strict_bits() -> None:
    wanted, flaw = rubric("w", 1), rubric("f", -1)
    assert [bit(wanted, level) for level in LEVELS] == [0, 0, 1]
    assert [bit(flaw, level) for level in LEVELS] == [0, 1, 1]
    assert [value(wanted, level, "ternary") for level in LEVELS] == [0, 0.5, 1]
    assert [value(flaw, level, "ternary") for level in LEVELS] == [0, 0.5, 1]


@pytest.mark.parametrize(
    ("weights", "levels", "why"),
    [
        ([], "", "no criterion has a verdict"),
        ([5, 3], "?!", "no criterion has a verdict"),
        ([0, 0], "ff", "weight above zero"),
        ([-2, -3], "nf", "weight above zero"),
        ([5, -3], "?f", "weight above zero"),
    ],
)
def test_no_score_has_a_reason(weights: list[float], levels: str, why: str) -> None:
    found = scored(weights, levels)
    assert found.value is None and why in found.why_none


def test_what_is_left_out_is_named() -> None:
    found = scored([5, 3, 2], "f?!")
    assert (found.counted, found.left_out, found.earned, found.possible) == (1, ("c1", "c2"), 5, 5)


@pytest.mark.parametrize(("level", "expected"), [("n", 1.0), ("p", 0.0), ("f", 0.0), ("?", 1.0)])
def test_a_fatal_flaw_zeroes_the_report(level: str, expected: float) -> None:
    rubrics = [rubric("a", 5), rubric("b", -1, fatal=True)]
    for view in ("binary", "ternary"):
        found = score(rubrics, verdicts(rubrics, "f" + level), view)  # type: ignore[arg-type]
        assert found.value == expected
    assert score(rubrics, verdicts(rubrics, "ff")).fatal == ("b",)
    assert score([rubrics[1]], verdicts([rubrics[1]], "f")).value == 0.0


def test_verdicts_must_fit_the_criteria() -> None:
    with pytest.raises(ValueError, match="no criterion of this set"):
        score([rubric("a", 1)], [CriterionVerdict(rubric="b", level="fully")])
    with pytest.raises(ValueError, match="two verdicts"):
        score(
            [rubric("a", 1)],
            [CriterionVerdict(rubric="a", level="fully"), CriterionVerdict(rubric="a", level="undecided")],
        )


def trials(weights: list[float], *levels: str, view: Any = "binary") -> Outcome:
    rubrics = [rubric(f"c{n}", weight) for n, weight in enumerate(weights)]
    return outcome(rubrics, [verdicts(rubrics, row) for row in levels], view)


def test_trials_are_averaged() -> None:
    found = trials([3, 1], "ff", "fn", "nn")
    assert [t.value for t in found.trials] == [1, 0.75, 0]
    assert found.score == (1 + 0.75 + 0) / 3
    assert found.spread == pytest.approx(0.5204164998665332)


def test_a_trial_without_a_score_is_left_out_of_the_mean() -> None:
    found = trials([3, 1], "fn", "??", "f!")
    assert [t.value for t in found.trials] == [0.75, None, 1.0]
    assert found.score == 0.875


def test_no_trial_at_all() -> None:
    found = trials([3])
    assert found.score is None and found.why_none == "there is no trial" and found.spread is None


weight = st.one_of(st.integers(-10, 10), st.floats(-10, 10).filter(lambda w: w == 0 or abs(w) > 1e-3))
rows = st.lists(st.tuples(weight, st.sampled_from("npf?!")), min_size=1, max_size=30)
views = st.sampled_from(["binary", "ternary"])


@given(rows, views, st.randoms(use_true_random=False))
def test_the_order_of_criteria_does_not_matter(
    table: list[tuple[float, str]], view: Any, shuffler: random.Random
) -> None:
    rubrics = [rubric(f"c{n}", w) for n, (w, _) in enumerate(table)]
    found = verdicts(rubrics, "".join(level for _, level in table))
    turned, other = list(rubrics), list(found)
    shuffler.shuffle(turned)
    shuffler.shuffle(other)
    assert score(turned, other, view).value == score(rubrics, found, view).value


@given(rows, views)
def test_bounds(table: list[tuple[float, str]], view: Any) -> None:
    found = scored([w for w, _ in table], "".join(level for _, level in table), view)
    if found.value is not None:
        judged = [w for w, level in table if level in "npf"]
        below = sum(w for w in judged if w < 0) / sum(w for w in judged if w > 0)
        assert below - 1e-9 <= found.value <= 1 + 1e-12


@given(rows, views, st.data())
def test_a_better_verdict_never_lowers_the_score(
    table: list[tuple[float, str]], view: Any, data: st.DataObject
) -> None:
    levels = [level for _, level in table]
    judged = [n for n, level in enumerate(levels) if level in "npf"]
    before = scored([w for w, _ in table], "".join(levels), view)
    if not judged or before.value is None:
        return
    at = data.draw(st.sampled_from(judged))
    steps = "npf" if table[at][0] >= 0 else "fpn"
    better = steps[min(steps.index(levels[at]) + 1, 2)]
    after = scored([w for w, _ in table], "".join([*levels[:at], better, *levels[at + 1 :]]), view)
    assert after.value is not None and after.value >= before.value - 1e-12


@given(rows)
def test_half_credit_lies_on_the_right_side_of_the_strict_bits(table: list[tuple[float, str]]) -> None:
    """Half credit for a wanted criterion is more than the strict bit, half a flaw is less."""
    strict = scored([w for w, _ in table], "".join(level for _, level in table))
    half = scored([w for w, _ in table], "".join(level for _, level in table), "ternary")
    if strict.value is not None and half.value is not None:
        assert half.value >= strict.value - 1e-12


@given(rows, st.sampled_from([2, 4, 8]))
def test_weights_are_relative(table: list[tuple[float, str]], factor: int) -> None:
    levels = "".join(level for _, level in table)
    one = scored([w for w, _ in table], levels).value
    assert scored([w * factor for w, _ in table], levels).value == one


def test_levels_are_three() -> None:
    levels: tuple[Level, ...] = LEVELS
    assert levels == ("not", "partially", "fully")
