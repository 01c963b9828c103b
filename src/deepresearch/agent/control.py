"""Who watches a run, what people ask of it while it runs, and how that interrupts what is in progress."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..store import RunLog
from ..threads import on_disk
from ..trajectory import Event, PlanApproved, RunPaused

T = TypeVar("T")
CUTS_SHORT = frozenset({"finish_early", "deliver", "pause", "cancel"})
"""Requests that do not wait for the step in progress."""
POLL = 0.3
"""Seconds between two looks for requests of other processes."""
RENAMED = {"land": "finish_early"}
"""Earlier names of requests, which older processes may still leave in the store."""


@dataclass
class Handlers:
    """Callbacks of a run for progress and for questions to a person; all optional."""

    watch: Callable[[Event], None] | None = None
    """Gets every event once it is durable."""
    approve: Callable[[str], Coroutine[Any, Any, str]] | None = None
    """Asks a person about the plan; returns the changes wanted, or an empty text. None: the run pauses and waits."""
    indexing: Callable[[int, int, str], None] | None = None
    """Called as documents are read: files done, files in all, current file."""
    skipped: Callable[[Sequence[tuple[str, str]]], None] | None = None
    """Called with the documents that could not be read: (path, reason) of each."""
    repaired: Callable[[str], None] | None = None
    """Called with what had to be repaired in a library or done without, and before long work on it."""

    def tell(self, event: Event) -> None:
        """Give `event` to the watcher, if there is one; a watcher that fails is logged, and not called again."""
        if self.watch:
            try:
                self.watch(event)
            except Exception:  # a watcher may fail in any way, and the run is not its business
                self.watch = None
                logging.getLogger(__name__).exception("The watcher of run %s failed and is not called again", event.run)


class Control:
    """The inbox of one run."""

    def __init__(self) -> None:
        self._inbox: list[tuple[str, str]] = []
        self._bell = asyncio.Event()
        self._next_poll = 0.0

    def ask(self, kind: str, text: str = "") -> None:
        """Hand in a request.

        steer: `text` is shown to the policy. finish_early: the policy writes the report now. deliver: the run ends at
        once with a report from what was gathered, for the reason `text`. approve: the plan, with changes. pause and
        cancel.
        """
        kind = RENAMED.get(kind, kind)
        self._inbox.append((kind, text))
        if kind in CUTS_SHORT:
            self._bell.set()

    def take(self) -> list[tuple[str, str]]:
        """(kind, text) of each request since the last time, oldest first."""
        requests, self._inbox = self._inbox, []
        self._bell.clear()
        return requests

    async def poll(self, log: RunLog) -> None:
        """Take up requests that other processes have left in the store, where POLL seconds have passed."""
        if time.monotonic() < self._next_poll:
            return
        self._next_poll = time.monotonic() + POLL
        for request in await on_disk(log.take_requests):
            self.ask(request.kind, str(request.body.get("text", "")))

    async def approval(self, plan: str, handlers: Handlers) -> PlanApproved | RunPaused | None:
        """A person's answer to the plan; a pause where nobody can be asked, None where a request cut it short."""
        if handlers.approve is None:
            return RunPaused(reason="plan")
        changes = await self.until_asked(handlers.approve(plan))
        return None if changes is None else PlanApproved(text=changes)

    async def until_asked(self, work: Coroutine[Any, Any, T]) -> T | None:
        """The outcome of `work`, or None where a request cut it short; then `work` has been cancelled."""
        job = asyncio.ensure_future(work)
        bell = asyncio.ensure_future(self._bell.wait())
        try:
            await asyncio.wait({job, bell}, return_when=asyncio.FIRST_COMPLETED)
            return job.result() if job.done() else None
        finally:
            bell.cancel()
            if not job.done():
                job.cancel()
                await asyncio.wait({job})
