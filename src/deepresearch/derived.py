"""What follows from a run's record: pure functions of its events."""

from collections.abc import Iterable, Sequence
from typing import Any

from .trajectory import (
    Answered,
    Event,
    Observation,
    Passage,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    RunState,
    Turn,
    Usage,
    Verified,
)


def find(events: Iterable[Event], kind: type[Any]) -> list[Any]:
    """The events of one class, in order."""
    return [event for event in events if isinstance(event, kind)]


def started(events: Sequence[Event]) -> RunStarted:
    """The opening event. Raises ValueError where the record has none."""
    for event in events:
        if isinstance(event, RunStarted):
            return event
    raise ValueError("the record has no run.started event")


def observations(events: Iterable[Event]) -> list[Observation]:
    """Every observation, those of one turn in the order of its calls.

    Calls of a turn run side by side and are recorded as they end; nothing derived may depend on that timing.
    """
    ordered: list[Observation] = []
    of_turn: list[Observation] = []
    place: dict[str, int] = {}

    def flush() -> None:
        ordered.extend(sorted(of_turn, key=lambda o: place.get(o.call or "", len(place))))
        of_turn.clear()

    for event in events:
        if isinstance(event, Turn):
            flush()
            place = {call.id: number for number, call in enumerate(event.calls)}
        elif isinstance(event, Observation):
            of_turn.append(event)
    flush()
    return ordered


def registered(events: Iterable[Event]) -> dict[str, Passage]:
    """Every passage that the policy has been shown, by id, in the order first shown."""
    shown: dict[str, Passage] = {}
    for observation in observations(events):
        for passage in observation.passages:
            shown.setdefault(passage.id, passage)
    return shown


def counts_as_turn(turn: Turn, policy: str) -> bool:
    """Whether `turn` uses up a turn of a run of `policy`: a report written in its place by the extractive policy does
    not."""
    return policy in ("", "extractive") or turn.model != "extractive"


def answer(events: Iterable[Event]) -> Answered | None:
    """The newest report, or None."""
    answers = find(events, Answered)
    return answers[-1] if answers else None


PAID = (Turn, Observation, Answered, Verified)
"""Events that may have cost tokens."""


def total_usage(events: Iterable[Event]) -> Usage:
    """Tokens of all turns, results and checks together."""
    paid = [e for e in events if isinstance(e, PAID)]
    return Usage(
        input=sum(e.usage.input for e in paid),
        cached=sum(e.usage.cached for e in paid),
        output=sum(e.usage.output for e in paid),
    )


def total_cost(events: Iterable[Event]) -> float | None:
    """US dollars of all turns, results and checks together; None as soon as one price is unknown."""
    costs = [e.cost for e in events if isinstance(e, PAID)]
    return None if None in costs else sum(c for c in costs if c is not None)


def state(events: Iterable[Event]) -> RunState:
    """The state of the run."""
    now: RunState = "running"
    for event in events:
        match event:
            case RunFinished(reason="cancelled"):
                now = "cancelled"
            case RunFinished():
                now = "finished"
            case RunFailed():
                now = "failed"
            case RunPaused():
                now = "paused"
            case RunResumed():
                now = "running"
            case _:
                pass
    return now
