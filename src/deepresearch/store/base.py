"""What a store is: runs, each a log with one writer and any number of readers."""

import difflib
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Protocol, Self

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from .. import derived, trajectory
from ..errors import InternalError, JournalDamaged, UnknownRun, UserError
from ..trajectory import Event, Usage
from .blobs import Blobs

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

    @property
    def next_seq(self) -> int:
        """The number that the next event will get."""
        return len(self.events) + 1

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
                for seq, event in enumerate(events, self.next_seq)
            ]
            rows = [self._row(event) for event in numbered]
            recorded = [self._read_back(row) for row in rows]
            self._write(rows)
            self.events.extend(recorded)
        return recorded

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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise InternalError(f"Run {self.run}: its log has been closed.")

    def _row(self, event: Event) -> Row:
        try:
            return Row(event.seq, event.time, event.type, encode(event))
        except (ValueError, RecursionError) as error:
            raise self._refusal(event.seq, event.type, error) from error

    def _read_back(self, row: Row) -> Event:
        try:
            return _parse(row.body)
        except (ValueError, RecursionError) as error:
            raise self._refusal(row.seq, row.type, error) from error

    def _refusal(self, seq: int, kind: str, error: Exception) -> InternalError:
        return InternalError(f"Run {self.run}: event {seq} ({kind}) cannot be recorded: {in_words(error)}.")


class Store(Protocol):
    """Where runs are stored. `run` may be a unique prefix of the id wherever an existing run is meant."""

    @property
    def blobs(self) -> Blobs:
        """Long texts beside the journal."""
        ...

    def create(self, run: str) -> RunLog:
        """Begin a run; it exists from its first event on. Raises UserError (id taken or unfit), RunBusy."""
        ...

    def open(self, run: str) -> RunLog:
        """Open an existing run for writing. Raises UnknownRun, RunBusy, JournalDamaged (naming run and event)."""
        ...

    def read(self, run: str, after: int = 0) -> list[Event]:
        """The events whose seq is above `after`, also while a process writes. Raises UnknownRun, JournalDamaged."""
        ...

    def runs(self) -> list[RunSummary]:
        """All runs, the newest first."""
        ...

    def find(self, run: str) -> str:
        """The full id. Raises UnknownRun: no such run (with the nearest ids), or several that begin so."""
        ...

    def request(self, run: str, kind: str, body: dict[str, Any]) -> None:
        """Ask the process that writes `run` for something; durable on return. Raises UnknownRun."""
        ...

    def is_live(self, run: str) -> bool:
        """Whether a process is writing the run now. `run` is the full id; False where there is no such run."""
        ...

    def run_folder(self, run: str) -> Path:
        """The run's own folder for files, created if need be. `run` is the full id. Raises UserError."""
        ...

    def delete(self, run: str) -> None:
        """Remove a run with its folder; blobs stay, since runs share them. Raises UnknownRun, RunBusy."""
        ...

    def close(self) -> None:
        """Close files and connections."""
        ...


def check_run_id(run: str) -> None:
    """Raises UserError unless `run` may become part of a path."""
    if not _RUN_ID.fullmatch(run):
        raise UserError(
            f"{run[:120]!r} cannot be the id of a run.",
            "Use up to 100 letters, digits, dots, hyphens and underscores, the first a letter or digit.",
        )


def choose_run(run: str, known: Sequence[str]) -> str:
    """The one of `known` that `run` means, in full or by a unique prefix. Raises UnknownRun."""
    if run in known:
        return run
    begins = [name for name in known if run and name.startswith(run)]
    if len(begins) == 1:
        return begins[0]
    if begins:
        listed = ", ".join(begins[:5]) + (", ..." if len(begins) > 5 else "")
        raise UnknownRun(f"{len(begins)} runs begin with {run}: {listed}.", "Give more of the id.")
    near = difflib.get_close_matches(run, known, n=3, cutoff=0.4)
    raise UnknownRun(
        f"There is no run {run[:120]!r} in this data folder.",
        f"Nearest: {', '.join(near)}." if near else "`deepresearch list` shows all runs.",
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


def summarise(
    run: str, events: Sequence[Event], *, count: int, started: float, updated: float, live: bool
) -> RunSummary:
    """The line for one run. `events` need hold only the lifecycle events and the turns; the rest is of all events."""
    return RunSummary(
        run=run,
        question=next((event.task.question for event in derived.find(events, trajectory.RunStarted)), ""),
        state=derived.state(events),
        live=live,
        started=started,
        updated=updated,
        events=count,
        turns=len(derived.find(events, trajectory.Turn)),
        usage=derived.total_usage(events),
        cost=derived.total_cost(events),
    )


def newest_first(summaries: Iterable[RunSummary]) -> list[RunSummary]:
    """Sorted for listing."""
    return sorted(summaries, key=lambda summary: (summary.started, summary.run), reverse=True)


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
