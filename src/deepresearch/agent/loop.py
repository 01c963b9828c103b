"""The loop: query the policy, act on its calls, record everything, until the report is there.

What happens next is read off the events alone (`step`), and every event is durable before its effect is used. So a
run that was killed anywhere continues by replaying its journal; only a call that was in flight runs again.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, cast

from ..derived import started
from ..errors import ContentFiltered, ContextOverflow, DeepResearchError, InternalError, NoAnswer
from ..policy import Phase, Policy, View
from ..settings import Settings
from ..store import Blobs, RunLog
from ..threads import on_disk
from ..tools.base import Tool
from ..trajectory import Event, EventBase, Observation, PolicyChanged, RunFailed, RunFinished, RunPaused, Turn
from . import run_state
from .budget import BudgetTracker
from .control import Control, Handlers
from .review import Review
from .tool_executor import ToolExecutor
from .verifier import Verifier, current_report
from .view import Transcript

E = TypeVar("E", bound=EventBase)
End = RunFinished | RunFailed | RunPaused


class Run:
    """One run of one policy over one journal."""

    def __init__(
        self,
        log: RunLog,
        policy: Policy,
        tools: Sequence[Tool],
        settings: Settings,
        folder: Path,
        blobs: Blobs,
        *,
        fallback: Policy | None = None,
        handlers: Handlers | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        """`log` has at least run.started; `folder` is the run's own. `fallback` writes the report from what was
        gathered where `policy` cannot. `verifier` checks reports; None: mechanically only."""
        self.log = log
        self.policy = policy
        self.settings = settings
        self.fallback = fallback
        self.handlers = handlers or Handlers()
        self.verifier = verifier or Verifier()
        self.task = started(log.events).task
        self.transcript = Transcript(reasoning=True)
        self.budget = BudgetTracker()
        self.executor = ToolExecutor(tools, settings, folder, blobs, log.events)
        self.review = Review(self.task.question, settings.report, self.verifier, self.executor, log.events)
        self.control = Control()
        self._recording = asyncio.Lock()
        for event in log.events:
            self._apply(event)

    async def go(self) -> End:
        """Run to the end, to a pause, or to an error, which is recorded as run.failed, and where something was gathered
        ends in a partial report instead. Raises what is our own fault, after recording it; a cancelled task is recorded
        as a pause."""
        try:
            while True:
                try:
                    if end := await self.step():
                        return end
                except DeepResearchError as error:
                    if error.fault == "ours":
                        raise
                    last = await self._deliver(str(error)) or await self.record(self.after(error))
                    if not isinstance(last, PolicyChanged):
                        return last
        except asyncio.CancelledError:
            await self.record(RunPaused(reason="stopped"))
            raise
        except Exception as error:  # any other exception stops the run: recorded first, then raised
            await self.record(run_state.failed(error))
            if isinstance(error, DeepResearchError):
                raise
            raise InternalError(f"Run {self.log.run} stopped by a fault: {error!r}.", "It can be resumed.") from error

    async def step(self) -> End | None:
        """Do the one next thing that the events demand; the ending event when there is one."""
        await self.control.poll(self.log)
        for request, text in self.control.take():
            if end := await self._answer(request, text):
                return end
        turn, since = run_state.tail(self.log.events)
        event: Event | None = None
        if report := run_state.report_in_hand(since):
            spare = self.policy.revises and self.budget.has_spare(self.settings.budget, time.time())
            event = await self.control.until_asked(self.review.advance(report, since, spare))
        elif turn and run_state.open_calls(turn, since):
            await self.act(turn, since)
        elif turn and not run_state.is_settled(turn, since):
            event = await self.control.until_asked(self.review.classify(turn, self._phase(turn)))
        elif not self.budget.finish_early and (plan := run_state.unapproved_plan(since, self.settings)):
            event = await self.control.approval(plan, self.handlers)
        else:
            event = await self.query()
        return await self._record_all([] if event is None else [event])

    def after(self, error: DeepResearchError) -> PolicyChanged | RunFailed:
        """The event for an error that leaves nothing to report: the failure, or the change to another policy."""
        return run_state.failed(error)

    async def query(self) -> Event | None:
        """The policy's next turn within what is left of the budget; the end where no better report can come."""
        failures = run_state.failures_in_a_row(self.log.events)
        await self._record_all(self.budget.check(self.settings.budget, failures, time.time()))
        await self._compact()
        phase = self._phase()
        if phase == "answer" and (report := current_report(self.log.events)):
            return RunFinished(reason="partial" if report.partial else "answered")
        if phase == "answer" and run_state.gave_up(self.log.events, self.budget.turns, self.settings):
            raise NoAnswer("The policy's replies could not be used.", "See them with `deepresearch trajectory`.")
        return await self.control.until_asked(self._decide(self.policy, phase))

    async def act(self, turn: Turn, since: Sequence[Event]) -> None:
        """Carry out the calls of `turn` that have no observation yet, and record each result."""
        done = [event for event in since if isinstance(event, Observation)]
        withdrawn = self._phase(turn) == "answer"
        left = self.budget.tool_calls_left(self.settings.budget)
        await self.control.until_asked(self.executor.act(turn, done, withdrawn, left, self.task, self.record))

    async def record(self, event: E) -> E:
        """Make the event durable, then let it take effect; carried through even where the caller is cancelled."""

        async def keep() -> Event:
            async with self._recording:
                [stored] = await on_disk(self.log.append, cast(Event, event))
                self._apply(stored)
            self.handlers.tell(stored)
            return stored

        return cast(E, await asyncio.shield(asyncio.ensure_future(keep())))

    async def close(self) -> None:
        """Close the journal, the policies, the verifier and the tools."""
        async with self._recording:
            self.log.close()
        for policy in filter(None, (self.policy, self.fallback)):
            await policy.close()
        await self.verifier.close()
        await on_disk(self.executor.close)  # closing a database writes to the disk

    async def _deliver(self, reason: str) -> End | None:
        """End the run with a report from what is there; None where nothing was gathered."""
        fallback = self.fallback if self.executor.registered else None
        write = (lambda: self._decide(fallback, "answer")) if fallback else None
        return await self.review.deliver(reason, write, self.record)

    async def _answer(self, request: str, text: str) -> End | None:
        """Do what a person or another process asks for."""
        end = await self._record_all(run_state.events_of_request(request, text, self.log.events))
        if request == "deliver":
            return await self._deliver(text) or await self.record(RunPaused(reason="stopped"))
        return end

    async def _decide(self, policy: Policy, phase: Phase) -> Turn:
        tools = self.executor.names if phase == "work" else frozenset()
        while True:
            try:
                turn = await policy.decide(View(self.task, self.log.events, self.transcript.messages, tools, phase))
                return self.executor.number(turn, self.budget.turns + 1)
            except (ContextOverflow, ContentFiltered) as refusal:
                if not await self._compact(refusal):
                    raise

    async def _compact(self, refusal: DeepResearchError | None = None) -> bool:
        """Shorten the view where it has grown long, or where the endpoint refused it; whether that could be done."""
        if compaction := self.transcript.compaction(self.settings.context, refusal):
            self.executor.keep_readable(compaction, self.transcript)
            await self.record(compaction)
        return compaction is not None

    async def _record_all(self, events: Sequence[Event]) -> End | None:
        """Record the events up to the one that ends the run, if there is one."""
        for event in events:
            if isinstance(stored := await self.record(event), End):
                return stored
        return None

    def _apply(self, event: Event) -> None:
        self.transcript.apply(event)
        self.budget.apply(event)
        self.executor.apply(event)

    def _phase(self, turn: Turn | None = None) -> Phase:
        return run_state.phase_of(turn, self.budget.due_since, self.budget.turns, self.settings)
