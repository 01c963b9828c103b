"""Two reports on one question, side by side."""

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ..derived import spent
from ..models import ChatModel
from ..models.reply_cache import ReplyCache
from ..models.structured import StructuredClient, StructuredReply, Unusable, json_object
from ..trajectory import Usage
from .prompt import prompt

AXES = ("completeness", "depth", "fitness", "readability")
"""Completeness, depth, requirement fitness and readability, graded 1 to 5."""
Side = Literal["a", "b", "tie"]
_BETTER: dict[str, Side] = {"first": "a", "second": "b", "tie": "tie"}
_TURNED: dict[Side, Side] = {"a": "b", "b": "a", "tie": "tie"}


class Comparison(BaseModel):
    """How two reports compare."""

    model_config = ConfigDict(frozen=True)

    better: Side | None
    """None: no verdict; `problem` tells why."""
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
    """The grades of one request; `a` is the first report of the call, whichever the prompt showed first."""

    better: Side
    a: dict[str, float]
    b: dict[str, float]
    reason: str


async def compare(model: ChatModel, question: str, a: str, b: str, kept: ReplyCache | None = None) -> Comparison:
    """Compare two reports in both orders. A report is better only where both orders agree on it. Raises ModelError."""
    asker = StructuredClient(model, kept)

    def ask(first: str, second: str) -> Any:
        return asker.ask(prompt("compare", {"question": question, "first": first, "second": second}), read_grading)

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


def _joined(straight: StructuredReply[_Grading], swapped: StructuredReply[_Grading], by: str) -> Comparison:
    usage, cost = spent([straight, swapped])
    requests = straight.requests + swapped.requests
    paid: dict[str, Any] = {"by": by, "usage": usage, "cost": cost, "requests": requests}
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
