"""A store without files, for rollouts and tests: the same behaviour, lost when the process ends."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import RunBusy, UserError
from ..trajectory import Event
from .base import Request, Row, RunLog, RunSummary, check_run_id, choose_run, newest_first, summarise
from .blobs import MemoryBlobs


class MemoryStore:
    """Runs in memory. Only `run_folder`, where it is asked for, makes a temporary folder."""

    def __init__(self) -> None:
        self.blobs = MemoryBlobs()
        self._events: dict[str, list[Event]] = {}
        self._requests: dict[str, list[Request]] = {}
        self._live: set[str] = set()
        self._asked = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def create(self, run: str) -> RunLog:
        check_run_id(run)
        if self._events.get(run):
            raise UserError(f"Run {run} exists already.", "Resume it, or choose another id.")
        return self._log(run)

    def open(self, run: str) -> RunLog:
        return self._log(self.find(run))

    def read(self, run: str, after: int = 0) -> list[Event]:
        return self._events[self.find(run)][after:]

    def runs(self) -> list[RunSummary]:
        return newest_first(
            summarise(
                run,
                events,
                count=len(events),
                started=events[0].time,
                updated=events[-1].time,
                live=run in self._live,
            )
            for run, events in self._events.items()
            if events
        )

    def find(self, run: str) -> str:
        if self._events.get(run):
            return run
        return choose_run(run, [name for name, events in self._events.items() if events])

    def request(self, run: str, kind: str, body: dict[str, Any]) -> None:
        run = self.find(run)
        self._asked += 1
        self._requests.setdefault(run, []).append(Request(self._asked, run, kind, body, time.time()))

    def is_live(self, run: str) -> bool:
        return run in self._live

    def run_folder(self, run: str) -> Path:
        check_run_id(run)
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="deepresearch-")
        folder = Path(self._folder.name) / run
        folder.mkdir(exist_ok=True)
        return folder

    def delete(self, run: str) -> None:
        run = self.find(run)
        if run in self._live:
            raise RunBusy(f"Run {run} is being written by this very process.", "Close its log first.")
        del self._events[run]
        self._requests.pop(run, None)

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _log(self, run: str) -> RunLog:
        if run in self._live:
            raise RunBusy(f"Run {run} is being written by this very process.", "Close its log first.")
        self._live.add(run)
        # The log extends the very list that readers see.
        return RunLog(
            run,
            self._events.setdefault(run, []),
            write=_nothing,
            take=lambda: self._requests.pop(run, []),
            release=lambda: self._live.discard(run),
        )


def _nothing(rows: Sequence[Row]) -> None:
    """Memory needs no writing."""
