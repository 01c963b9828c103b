"""Two reports on one question, side by side."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ..models import ChatModel
from ..trajectory import Usage
from .asking import Asked, Asker, Unusable, add_cost, add_usage, json_object
from .kept import KeptReplies

AXES = ("completeness", "depth", "fitness", "readability")
"""Completeness, depth, requirement fitness and readability, graded 1 to 5."""
Side = Literal["a", "b", "tie"]
_BETTER: dict[str, Side] = {"first": "a", "second": "b", "tie": "tie"}
_TURNED: dict[Side, Side] = {"a": "b", "b": "a", "tie": "tie"}


class Comparison(BaseModel):
    """How two reports compare."""

    model_config = ConfigDict(frozen=True)

    better: Side | None
    """None: no verdict; `problem` says why."""
    a: dict[str, float] = {}
    """Grades of the first report on each axis, mean of both orders."""
    b: dict[str, float] = {}
    agreed: bool = True
    """Whether both orders named the same report; where they did not, it is a tie."""
    reasons: tuple[str, ...] = ()
    problem: str = ""
    by: str = ""
    usage: Usage = Usage()
    cost: float | None = 0.0
    requests: int = 0

    @property
    def deeper_and_no_less_complete(self) -> bool:
        """Whether b is deeper than a and at least as complete: what a new draft must be to replace the old one."""
        if self.better is None:
            return False
        return self.b["depth"] > self.a["depth"] and self.b["completeness"] >= self.a["completeness"]


@dataclass(frozen=True)
class _Grading:
    """One order, turned back: `a` is a whichever stood first."""

    better: Side
    a: dict[str, float]
    b: dict[str, float]
    reason: str


async def compare(model: ChatModel, question: str, a: str, b: str, kept: KeptReplies | None = None) -> Comparison:
    """Compare two reports in both orders. Only what both orders say makes one better. Raises ModelError."""
    asker = Asker(model, kept)

    def ask(first: str, second: str) -> Any:
        return asker.ask("compare", {"question": question, "first": first, "second": second}, read_grading)

    straight, swapped = await asyncio.gather(ask(a, b), ask(b, a))
    return _joined(straight, swapped, model.name)


def read_grading(text: str) -> _Grading:
    """The grades in a reply. Raises Unusable."""
    found = json_object(text, "better")
    better = found["better"].strip().casefold() if isinstance(found["better"], str) else ""
    if better not in _BETTER:
        raise Unusable(f'"better" is {found["better"]!r:.40}, not "first", "second" or "tie"')
    reason = found.get("reason")
    first, second = _grades(found.get("first"), "first"), _grades(found.get("second"), "second")
    return _Grading(_BETTER[better], first, second, reason.strip() if isinstance(reason, str) else "")


def compare_mechanically(question: str, a: str, b: str, supported: tuple[int, int] | None = None) -> Comparison:
    """Compare by counting, for work without a model: a weak stand-in, and marked as such (`by` is "mechanical").

    Depth is the number of sentences that cite (or of citations that were found to support their claims: `supported`,
    for a and b), completeness the share of the question's words that come up, fitness whether the language is the
    question's, readability the share of paragraphs of at most 900 characters; none is a grade of 1 to 5. The better
    report is ahead on more of the four.
    """
    first, second = _counts(question, a), _counts(question, b)
    if supported:
        first["depth"], second["depth"] = map(float, supported)
    sign = sum((second[axis] > first[axis]) - (second[axis] < first[axis]) for axis in AXES)
    better: Side = "b" if sign > 0 else "a" if sign < 0 else "tie"
    return Comparison(better=better, a=first, b=second, by="mechanical", reasons=("counted, not read",))


@dataclass(frozen=True)
class Tally:
    """Comparisons of one system with another, seen from the first."""

    win: int
    tie: int
    loss: int

    @property
    def n(self) -> int:
        return self.win + self.tie + self.loss

    @property
    def non_inferior(self) -> float | None:
        """Share of wins and ties."""
        return (self.win + self.tie) / self.n if self.n else None

    @property
    def share(self) -> float | None:
        """Wins and half the ties."""
        return (self.win + self.tie / 2) / self.n if self.n else None


def tally(sides: Sequence[Side | None]) -> Tally:
    """Count from a's side; comparisons without a verdict are left out."""
    return Tally(sides.count("a"), sides.count("tie"), sides.count("b"))


@dataclass(frozen=True)
class Accuracy:
    """A pairwise judge against known labels. Choices that cannot be used count as wrong."""

    n: int
    straight: int
    """Right with the pair as it is."""
    swapped: int
    """Right with the pair swapped."""
    both: int
    same: int
    """Pairs on which both orders give the same, right or wrong."""
    unusable: int
    """Choices that could not be read, of 2 n."""

    @property
    def mean(self) -> float:
        """Mean accuracy of both orders."""
        return (self.straight + self.swapped) / (2 * self.n) if self.n else math.nan


def accuracy(choices: Sequence[tuple[Side | None, Side | None]], labels: Sequence[Side]) -> Accuracy:
    """How well choices (as it is, swapped; both naming a or b of the pair as it is) meet `labels`."""
    pairs = list(zip(choices, labels, strict=True))
    return Accuracy(
        n=len(pairs),
        straight=sum(straight == label for (straight, _), label in pairs),
        swapped=sum(swapped == label for (_, swapped), label in pairs),
        both=sum(straight == swapped == label for (straight, swapped), label in pairs),
        same=sum(straight == swapped for straight, swapped in choices),
        unusable=sum(choice is None for pair in choices for choice in pair),
    )


def _joined(straight: Asked[_Grading], swapped: Asked[_Grading], by: str) -> Comparison:
    paid: dict[str, Any] = {
        "by": by,
        "usage": add_usage(straight.usage, swapped.usage),
        "cost": add_cost(straight.cost, swapped.cost),
        "requests": straight.requests + swapped.requests,
    }
    one, other = straight.value, swapped.value
    if one is None or other is None:
        return Comparison(better=None, problem=straight.problem or swapped.problem, **paid)
    turned = _Grading(_TURNED[other.better], other.b, other.a, other.reason)
    return Comparison(
        better=one.better if one.better == turned.better else "tie",
        a={axis: (one.a[axis] + turned.a[axis]) / 2 for axis in AXES},
        b={axis: (one.b[axis] + turned.b[axis]) / 2 for axis in AXES},
        agreed=one.better == turned.better,
        reasons=tuple(reason for reason in (one.reason, turned.reason) if reason),
        **paid,
    )


def _grades(given: Any, name: str) -> dict[str, float]:
    grades = given if isinstance(given, dict) else {}
    for axis in AXES:
        grade = grades.get(axis)
        if isinstance(grade, bool) or not isinstance(grade, int | float) or not 1 <= grade <= 5:
            raise Unusable(f'"{name}" has no grade of 1 to 5 for {axis}')
    return {axis: float(grades[axis]) for axis in AXES}


def _counts(question: str, report: str) -> dict[str, float]:
    from ..text.language import detect_language  # noqa: PLC0415  not needed where a model compares
    from .drafting import question_parts  # noqa: PLC0415
    from .measures import Measures  # noqa: PLC0415
    from .wanted import find_text  # noqa: PLC0415

    measures = Measures(report)
    words = [word for part in question_parts(question) for word in part]
    short = [p for p in measures.paragraphs if len(p) <= 900]
    return {
        "completeness": sum(bool(find_text(word, measures.prose)) for word in words) / max(len(words), 1),
        "depth": float(sum(sentence.cites for sentence in measures.sentences)),
        "fitness": float(detect_language(question) == measures.language),
        "readability": len(short) / max(len(measures.paragraphs), 1),
    }
