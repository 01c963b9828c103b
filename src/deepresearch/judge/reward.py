"""From verdicts to a score.

Of a criterion with weight w, a verdict counts w x value, and the score is the sum of these over the sum of the weights
above zero. Values:

                    not  partially  fully
    binary, wanted   0       0        1      the strict bits: only `fully` earns a wanted criterion,
    binary, flaw     0       1        1      and a flaw that is partly there is there
    ternary          0      0.5       1      for both

Flaws have weights below zero, so the score may be below zero; it is never clamped. What has no verdict in a trial
(undecided, unusable) is left out of both sums of that trial, and counted. A fatal flaw whose bit is 1 makes the score
of its trial 0, whatever else is there. The score of several trials is the mean of theirs.
"""

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from .rubrics import Rubric
from .verdicts import LEVELS, CriterionVerdict, Level

View = Literal["binary", "ternary"]
_TERNARY: dict[Level, float] = {"not": 0.0, "partially": 0.5, "fully": 1.0}


class Score(BaseModel):
    """The score of one trial."""

    model_config = ConfigDict(frozen=True)

    value: float | None
    """At most 1; None where there is nothing to divide by."""
    why_none: str = ""
    earned: float = 0.0
    """The upper sum."""
    possible: float = 0.0
    """The lower sum."""
    counted: int = 0
    """Criteria with a verdict."""
    left_out: tuple[str, ...] = ()
    """Ids of criteria without one."""
    fatal: tuple[str, ...] = ()
    """Ids of fatal flaws that are there."""


class Outcome(BaseModel):
    """Several trials together."""

    model_config = ConfigDict(frozen=True)

    view: View
    score: float | None
    """Mean of the trials' scores; trials without one are left out."""
    why_none: str = ""
    spread: float | None = None
    """Sample standard deviation of the trials' scores, with two of them or more."""
    trials: tuple[Score, ...]


def bit(rubric: Rubric, level: Level) -> int:
    """The strict bit of a verdict, 0 or 1."""
    return int(level != "not" if rubric.negative else level == "fully")


def value(rubric: Rubric, level: Level, view: View) -> float:
    """What a verdict is worth, 0 to 1, before the weight."""
    return float(bit(rubric, level)) if view == "binary" else _TERNARY[level]


def score(rubrics: Sequence[Rubric], verdicts: Iterable[CriterionVerdict], view: View = "binary") -> Score:
    """The score of one trial's verdicts. The sums are exact, so the order of criteria does not matter.

    Raises ValueError for two verdicts on one criterion, or one on a criterion that is not in `rubrics`.
    """
    levels = _levels(rubrics, verdicts)
    judged = [rubric for rubric in rubrics if rubric.id in levels]
    earned = math.fsum(rubric.weight * value(rubric, levels[rubric.id], view) for rubric in judged)
    possible = math.fsum(rubric.weight for rubric in judged if rubric.weight > 0)
    fatal = tuple(r.id for r in judged if r.fatal and bit(r, levels[r.id]))
    result: float | None = None
    why_none = ""
    if fatal:
        result = 0.0
    elif possible:
        result = earned / possible
    else:
        why_none = "no criterion has a verdict" if not judged else "no criterion with a verdict has a weight above zero"
    return Score(
        value=result,
        why_none=why_none,
        earned=earned,
        possible=possible,
        counted=len(judged),
        left_out=tuple(rubric.id for rubric in rubrics if rubric.id not in levels),
        fatal=fatal,
    )


def outcome(rubrics: Sequence[Rubric], trials: Sequence[Sequence[CriterionVerdict]], view: View = "binary") -> Outcome:
    """The outcome of several trials, each the verdicts of one. Raises ValueError as `score` does."""
    scores = tuple(score(rubrics, verdicts, view) for verdicts in trials)
    values = [s.value for s in scores if s.value is not None]
    return Outcome(
        view=view,
        score=statistics.fmean(values) if values else None,
        why_none="" if values else scores[0].why_none if scores else "there is no trial",
        spread=statistics.stdev(values) if len(values) > 1 else None,
        trials=scores,
    )


def _levels(rubrics: Sequence[Rubric], verdicts: Iterable[CriterionVerdict]) -> dict[str, Level]:
    known = {rubric.id for rubric in rubrics}
    levels: dict[str, Level] = {}
    seen: set[str] = set()
    for verdict in verdicts:
        if verdict.rubric not in known:
            raise ValueError(f"a verdict on {verdict.rubric!r}, which is no criterion of this set")
        if verdict.rubric in seen:
            raise ValueError(f"two verdicts on {verdict.rubric!r} in one trial")
        seen.add(verdict.rubric)
        if verdict.level in LEVELS:
            levels[verdict.rubric] = verdict.level
    return levels
