"""What follows from a run's record: pure functions of its events."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

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


class Priced(Protocol):
    """What has cost tokens and US dollars; None: the price is unknown."""

    @property
    def usage(self) -> Usage: ...

    @property
    def cost(self) -> float | None: ...


def spent(on: Iterable[Priced]) -> tuple[Usage, float | None]:
    """Tokens and US dollars of all of `on` together; None dollars as soon as one price is unknown."""
    paid = list(on)
    tokens = {name: sum(getattr(one.usage, name) for one in paid) for name in ("input", "cached", "output")}
    costs = [one.cost for one in paid]
    return Usage(**tokens), None if None in costs else sum(cost or 0.0 for cost in costs)


def total_usage(events: Iterable[Event]) -> Usage:
    """Tokens of all turns, results and checks together."""
    return spent(e for e in events if isinstance(e, PAID))[0]


def total_cost(events: Iterable[Event]) -> float | None:
    """US dollars of all turns, results and checks together; None as soon as one price is unknown."""
    return spent(e for e in events if isinstance(e, PAID))[1]


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
