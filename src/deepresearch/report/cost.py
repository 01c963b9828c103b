"""What a run used and what it was allowed, derived from its events; amounts as readers see them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..derived import counts_as_turn, find, started, total_cost, total_usage
from ..trajectory import Event, Judged, Observation, PlanApproved, RunResumed, RunStarted, Turn


@dataclass(frozen=True)
class CostLine:
    """One line of the cost table."""

    name: str
    """turns, tool_calls, tokens, input, cached, output, cost (US dollars) or minutes."""
    used: float | None
    """None: not known (the model's price is unknown)."""
    limit: float | None = None
    """None: no limit."""


def cost_lines(events: Iterable[Event]) -> tuple[CostLine, ...]:
    """The cost table of a run."""
    events = list(events)
    limits = {name: _amount(limit) for name, limit in budget(events).items()}
    usage, policy = total_usage(events), started(events).policy
    return (
        CostLine("turns", sum(counts_as_turn(turn, policy) for turn in find(events, Turn)), limits.get("turns")),
        CostLine("tool_calls", sum(o.call is not None for o in find(events, Observation)), limits.get("tool_calls")),
        CostLine("tokens", usage.input + usage.output, limits.get("tokens")),
        CostLine("input", usage.input),
        CostLine("cached", usage.cached),
        CostLine("output", usage.output),
        CostLine("cost", total_cost(events), limits.get("cost")),
        CostLine("minutes", working_seconds(events) / 60, limits.get("minutes")),
    )


def budget(events: Iterable[Event]) -> dict[str, Any]:
    """The limits in force at the end: those of the start, with what a resumption changed."""
    limits: dict[str, Any] = {}
    for event in events:
        if isinstance(event, RunStarted | RunResumed):
            recorded = event.settings.get("budget")
            limits |= recorded if isinstance(recorded, dict) else {}
            dotted = {k.removeprefix("budget."): v for k, v in event.settings.items() if k.startswith("budget.")}
            limits |= dotted
    return limits


def _amount(limit: Any) -> float | None:
    """A recorded limit as a number; None for one that limits nothing (infinity) or is none.

    A record holds infinity as a text, and one of another version or hand may hold anything.
    """
    try:
        amount = float(limit)
    except (TypeError, ValueError, OverflowError):
        return None
    return (limit if isinstance(limit, int) else amount) if math.isfinite(amount) else None


def working_seconds(events: Iterable[Event]) -> float:
    """Seconds between the first and the last event, without the time for which the run lay still."""
    total = 0.0
    last: float | None = None
    for event in events:
        if last is not None and not isinstance(event, RunResumed | PlanApproved | Judged):
            total += max(0.0, event.time - last)
        last = event.time
    return total


def number(value: float) -> str:
    """`value` for a reader: thousands apart, at most two places after the point (four below one)."""
    text = f"{value:,.{4 if abs(value) < 1 else 2}f}"
    return text.rstrip("0").rstrip(".") or "0"


def minutes(value: float) -> str:
    """`value` minutes for a reader, who gains nothing from fractions of a second."""
    return "< 0.01" if 0 < value < 0.01 else number(round(value, 2))


def counted(n: float, noun: str) -> str:
    """`n` of a thing in English: 1 document, 2 documents."""
    return f"{number(n)} {noun if n == 1 else noun + 's'}"


def minute(seconds: float) -> str:
    """A moment as day and minute, UTC; "" for one that is not known."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC") if seconds > 0 else ""
    except (OverflowError, ValueError, OSError):  # a time no calendar has
        return ""
