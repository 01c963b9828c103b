"""A run's log: its events in order, with one writer; and how an event is written as text and read back."""

import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from .. import trajectory
from ..errors import InternalError, JournalDamaged, UserError
from ..trajectory import Event, Usage

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Row(NamedTuple):
    """An event as it is stored."""

    seq: int
    time: float
    type: str
    body: str
    """The event as JSON."""


@dataclass(frozen=True)
class Request:
    """What another process asks of a live run."""

    id: int
    run: str
    kind: str
    """cancel, pause, steer, approve, finish_early."""
    body: dict[str, Any]
    time: float


@dataclass(frozen=True)
class RunSummary:
    """A run in one line."""

    run: str
    question: str
    """Empty where the record has no run.started event."""
    state: trajectory.RunState | Literal["damaged"]
    """`running` with `live` False: the process died, the run can be resumed. `damaged`: `open` names the place."""
    live: bool
    """A process is writing it now."""
    started: float
    """Time of the first event, seconds since the epoch."""
    updated: float
    """Time of the newest event."""
    events: int
    turns: int
    usage: Usage
    cost: float | None
    """US dollars; None as soon as one turn's price is unknown."""


class RunLog:
    """One run, open for writing by this process alone."""

    def __init__(
        self,
        run: str,
        events: list[Event],
        write: Callable[[Sequence[Row]], None],
        take: Callable[[], list[Request]],
        release: Callable[[], None],
    ) -> None:
        """Made by a store. write: keeps rows, all or none, durable on return. release: gives the lock back."""
        self.run = run
        self.events = events
        """Every event so far, in order."""
        self._write = write
        self._take = take
        self._release = release
        self._closed = False
        self._guard = threading.Lock()

    def append(self, *events: Event) -> list[Event]:
        """Record `events` together, all or none, durable on return; gives them as recorded.

        `run` and `seq` are filled in, `time` where it is 0. What comes back, and enters `self.events`, has been read
        back from the recorded text: a resumed run sees exactly what this one saw.
        Raises InternalError where the events cannot be recorded; `self.events` is then as before.
        """
        with self._guard:
            self._check_open()
            now = time.time()
            numbered = [
                event.model_copy(update={"run": self.run, "seq": seq, "time": event.time or now})
                for seq, event in enumerate(events, len(self.events) + 1)
            ]
            rows, recorded = zip(*map(self._encoded, numbered), strict=True) if numbered else ((), ())
            self._write(rows)
            self.events.extend(recorded)
        return list(recorded)

    def take_requests(self) -> list[Request]:
        """What other processes have asked for since the last time, oldest first; each is handed out once."""
        self._check_open()
        return self._take()

    def close(self) -> None:
        """Let another process write the run."""
        if not self._closed:
            self._closed = True
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise InternalError(f"Run {self.run}: its log has been closed.")

    def _encoded(self, event: Event) -> tuple[Row, Event]:
        """An event as it is stored, and as it will be read back."""
        try:
            row = Row(event.seq, event.time, event.type, encode(event))
            return row, _parse(row.body)
        except (ValueError, RecursionError) as error:
            problem = f"event {event.seq} ({event.type}) cannot be recorded: {in_words(error)}"
            raise InternalError(f"Run {self.run}: {problem}.") from error


def check_run_id(run: str) -> None:
    """Raises UserError unless `run` may become part of a path."""
    if not _RUN_ID.fullmatch(run):
        raise UserError(
            f"{run[:120]!r} cannot be the id of a run.",
            "Use up to 100 letters, digits, dots, hyphens and underscores, the first a letter or digit.",
        )


def encode(event: Event) -> str:
    """The event as one line of JSON. Raises ValueError."""
    try:
        return event.model_dump_json()
    except PydanticSerializationError:
        # Half a surrogate pair, as split streams leave it, can only be written as an escape.
        return json.dumps(event.model_dump(mode="json"))


def decode(run: str, seq: int, body: str | bytes) -> Event:
    """The event stored as number `seq` of `run`. Raises JournalDamaged."""
    try:
        event = _parse(body)
    except (ValueError, RecursionError) as error:
        raise damaged(run, seq, f"cannot be read: {in_words(error)}") from error
    if (event.run, event.seq) != (run, seq):
        raise damaged(run, seq, f"is event {event.seq} of run {event.run} by its own content")
    return event


def damaged(run: str, seq: int, what: str) -> JournalDamaged:
    """The error for one bad record."""
    return JournalDamaged(
        f"Run {run}: event {seq} {what}.",
        "Nothing was changed. Restore the data folder from a copy, or begin the run again.",
    )


def _parse(body: str | bytes) -> Event:
    record = json.loads(body)
    if not isinstance(record, dict):
        raise ValueError("it is not an object")
    return trajectory.parse_event(record)


def in_words(error: Exception) -> str:
    """What is wrong, in one line."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place}: {first['msg']}" if place else first["msg"]
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
