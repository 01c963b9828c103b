"""A report judged by a set of criteria, in several trials."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from ..trajectory import Usage
from .reward import Outcome, View, outcome
from .rubrics import Rubric, RubricSet
from .verdicts import CriterionVerdict, paid

TRIALS = 3
AT_ONCE = 8
"""Requests at the same time."""


class Judge(Protocol):
    """Decides how far a report meets a criterion."""

    name: str
    deterministic: bool
    """Whether a second trial would give the same verdicts."""

    async def judge(self, question: str, report: str, rubric: Rubric, trial: int = 0) -> CriterionVerdict:
        """The verdict; its level is undecided or unusable where there is none. Raises ModelError."""
        ...


class Judgement(BaseModel):
    """A judged report: every verdict, and both views of the score."""

    model_config = ConfigDict(frozen=True)

    question: str
    judge: str
    rubrics: RubricSet
    trials: tuple[tuple[CriterionVerdict, ...], ...]
    binary: Outcome
    """The strict bits: the reward."""
    ternary: Outcome
    undecided: int
    """Verdicts that the judge could not give, of all trials."""
    unusable: int
    """Replies that could not be used, of all trials."""
    invented: int
    """Verdicts of all trials that rest on words that are not in the report."""
    requests: int
    """Requests sent now; the rest came from the cache."""
    usage: Usage
    cost: float | None
    """US dollars of all replies, cached ones included; None where a price is unknown."""

    def view(self, view: View) -> Outcome:
        return self.binary if view == "binary" else self.ternary


async def judge_report(
    judge: Judge, question: str, report: str, rubrics: RubricSet, *, trials: int = TRIALS, at_once: int = AT_ONCE
) -> Judgement:
    """Judge `report` (Markdown) by every criterion, `trials` times; once where the judge is deterministic.

    Raises ModelError where an endpoint does not work; verdicts given until then are in the cache, where there is one.
    """
    limit = asyncio.Semaphore(at_once)
    rounds = range(1 if judge.deterministic else trials)

    async def one(rubric: Rubric, trial: int) -> CriterionVerdict:
        async with limit:
            return await judge.judge(question, report, rubric, trial)

    tasks = [[asyncio.ensure_future(one(rubric, trial)) for rubric in rubrics.rubrics] for trial in rounds]
    every = [task for row in tasks for task in row]
    try:
        await asyncio.gather(*every)
    finally:
        for task in every:
            task.cancel()
        await asyncio.gather(*every, return_exceptions=True)
    return summarise(judge.name, question, rubrics, [[task.result() for task in row] for row in tasks])


def summarise(judge: str, question: str, rubrics: RubricSet, trials: Sequence[Sequence[CriterionVerdict]]) -> Judgement:
    """The judgement that follows from verdicts."""
    every = [verdict for row in trials for verdict in row]
    return Judgement(
        question=question,
        judge=judge,
        rubrics=rubrics,
        trials=tuple(tuple(row) for row in trials),
        binary=outcome(rubrics.rubrics, trials, "binary"),
        ternary=outcome(rubrics.rubrics, trials, "ternary"),
        undecided=sum(verdict.level == "undecided" for verdict in every),
        unusable=sum(verdict.level == "unusable" for verdict in every),
        invented=sum(verdict.invented for verdict in every),
        **paid(every),
    )
