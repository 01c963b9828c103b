"""The loop: query the policy, act on its calls, record everything, until the report is there.

What happens next is read off the events alone (`_step`), and every event is durable before its effect is used. So a
run that was killed anywhere goes on by replaying its journal; only a call that was in flight runs again.
"""

import asyncio
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, cast

from ..derived import started
from ..errors import ContextOverflow, DeepResearchError, InternalError, NoAnswer
from ..policy import Phase, Policy, View
from ..settings import Settings
from ..store import Blobs, RunLog
from ..tools.base import Tool
from ..trajectory import (
    Answered,
    Event,
    EventBase,
    Observation,
    PlanApproved,
    PlanProposed,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    Turn,
    UserSteered,
    Verified,
)
from .budget import UNUSABLE_REPLIES, BudgetTracker
from .control import Control, Handlers
from .drafting import EDIT, ask_outline, assembled, has_drafted, next_step, step_of
from .run_state import failures_in_a_row, is_settled, open_calls, report_in_hand, tail, unusable
from .tool_executor import ToolExecutor
from .verifier import REPORT_FILE, Verifier, sent_back, shrunk, standing
from .view import Transcript

E = TypeVar("E", bound=EventBase)
End = RunFinished | RunFailed | RunPaused
OVERFLOW_CUT = 0.7
"""Share of the view that is kept when the server says that it was too long."""
TURNS_FOR_A_PLAN = 4
"""A budget of fewer turns has none to spare for a plan."""


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
        """`log` holds at least run.started; `folder` is the run's own.

        `fallback` writes the report from what was gathered where `policy` fails to while a report is due.
        `verifier` checks reports; None: mechanically only.
        """
        self.log = log
        self.policy = policy
        self.settings = settings
        self.fallback = fallback
        self.handlers = handlers or Handlers()
        self.verifier = verifier or Verifier()
        self.task = started(log.events).task
        self.transcript = Transcript(settings.context.reasoning)
        self.budget = BudgetTracker()
        self.executor = ToolExecutor(tools, settings, folder, blobs, log.events)
        self.control = Control()
        self._finish_early: UserSteered | None = None
        for event in log.events:
            self._apply(event)

    async def go(self) -> End:
        """Run to the end, to a pause, or to an error, which is recorded as run.failed.

        Raises what is our own fault, after recording it; a cancelled task is recorded as a pause.
        """
        try:
            while (end := await self._step()) is None:
                pass
        except asyncio.CancelledError:
            self._record(RunPaused(reason="stopped"))
            raise
        except DeepResearchError as error:
            end = self._record(RunFailed(reason=error.reason, message=str(error), fault=error.fault))
            if error.fault == "ours":
                raise
        except Exception as error:  # whatever else escapes is our fault: recorded first, then loud
            where = traceback.format_exc()
            self._record(RunFailed(reason="internal", message=f"{type(error).__name__}: {error}", details=where))
            raise InternalError(f"Run {self.log.run} stopped by a fault: {error!r}.", "It can be resumed.") from error
        return end

    async def close(self) -> None:
        """Let go of the journal, the policies, the verifier and the tools."""
        for policy in (self.policy, self.fallback):
            if policy is not None:
                await policy.close()
        await self.verifier.close()
        for tool in self.executor.tools.values():
            tool.close()
        self.log.close()

    def poll(self) -> None:
        """Take up requests that other processes have left in the store."""
        for request in self.log.take_requests():
            self.control.ask(request.kind, str(request.body.get("text", "")))

    async def _step(self) -> End | None:
        """Do the one next thing that the events demand; the ending event when there is one."""
        self.poll()
        if end := self._hear():
            return end
        turn, since = tail(self.log.events)
        if report := report_in_hand(since):
            return await self._conclude(report, since)
        if turn and open_calls(turn, since):
            await self._act(turn, since)
        elif turn and not is_settled(turn, since):
            await self._settle(turn)
        elif self._waits_for_approval(since):
            return await self._wait_for_approval()
        else:
            return await self._decide()
        return None

    async def _conclude(self, report: Answered, since: Sequence[Event]) -> End | None:
        """Take a report one step on: write it anew from its evidence, check it, send it back, or end the run."""
        verified = next((e for e in since if isinstance(e, Verified)), None)
        spare = self.policy.revises and not report.partial and self.budget.has_spare(self.settings.budget, time.time())
        if spare and self.settings.report.draft == "synthesis" and not has_drafted(self.log.events):
            self._record(ask_outline())
        elif verified is None:
            ask = spare and self.settings.report.ask
            checked = await self.control.until_asked(self.verifier.check(report, self.executor.registered, ask))
            if checked is not None:
                self._record(checked)
        elif (
            spare
            and (note := sent_back(verified, self.log.events, self.settings.report.max_revisions))
            and self.executor.write(REPORT_FILE, report.text)
        ):
            self._record(note)
        else:
            return self._record(RunFinished(reason="partial" if report.partial else "answered"))
        return None

    async def _act(self, turn: Turn, since: Sequence[Event]) -> None:
        """Carry out the calls of `turn` that have no observation yet."""
        done = [event for event in since if isinstance(event, Observation)]
        withdrawn = self._phase(turn) == "answer"
        left = self.budget.tool_calls_left(self.settings.budget)
        await self.control.until_asked(self.executor.act(turn, done, withdrawn, left, self.task, self._record))

    async def _decide(self) -> End | None:
        """Query the policy within what is left, and record its turn; a report that was only to be mended stands."""
        failures = failures_in_a_row(self.log.events)
        for event in self.budget.check(self.settings.budget, failures, time.time()):
            self._record(event)
        self._compact()
        phase = self._phase()
        if phase == "answer" and (report := standing(self.log.events)):
            return self._record(RunFinished(reason="partial" if report.partial else "answered"))
        policy = self.policy
        if phase == "answer" and self._gave_up():
            if self.fallback is None or not self.executor.registered:
                raise NoAnswer("The policy's replies could not be used.", "See them with `deepresearch trajectory`.")
            policy = self.fallback
        turn = await self.control.until_asked(self._query(policy, phase))
        if turn is not None:
            self._record(self.executor.number(turn, self.budget.turns + 1))
        return None

    async def _query(self, policy: Policy, phase: Phase) -> Turn:
        while True:
            tools = self.executor.names if phase == "work" else frozenset()
            try:
                return await policy.decide(View(self.task, self.log.events, self.transcript.messages, tools, phase))
            except ContextOverflow:
                if not self._compact(limit=round(self.transcript.tokens * OVERFLOW_CUT)):
                    raise

    async def _settle(self, turn: Turn) -> None:
        """A turn without calls is the plan, the report, a step of its drafting, or of no use."""
        phase = self._phase(turn)
        said = turn.model_copy(update={"text": self._said(turn)})
        step = step_of(self.log.events)
        if phase == "plan" and turn.text.strip():
            self._record(PlanProposed(text=turn.text))
        elif problem := unusable(said, phase, self.log.events, drafting=step is not None):
            self._record(problem)
        elif step and (report := standing(self.log.events)):
            await self._draft(step, said.text, report)
        else:
            partial = phase == "answer" or turn.finish == "length"
            report = Answered(text=said.text, partial=partial, by=turn.model, parts=turn.parts)
            self._record(shrunk(said.text, self.log.events) or report)

    async def _draft(self, step: Observation, reply: str, report: Answered) -> None:
        """Go on with the drafting of which `reply` was a step; `report` stands until a better one is there."""
        if step.reason == EDIT:
            better = await self.control.until_asked(self.verifier.better(self.task.question, report.text, reply))
            if better is not None:
                self._record(better)
            return
        following = next_step(step, reply, self.executor.registered)
        if following and following.reason == EDIT:
            draft = assembled(self.log.events, report.text)
            following = following if self.executor.write(REPORT_FILE, draft) else None
        self._record(following or Answered(text=report.text))

    def _said(self, turn: Turn) -> str:
        """The text of `turn`, or, where it only names the report's file, what stands in that."""
        if turn.calls or turn.text.strip().strip("`") != REPORT_FILE:
            return turn.text
        return self.executor.read(REPORT_FILE) or turn.text

    def _phase(self, turn: Turn | None = None) -> Phase:
        """In which phase `turn` was made, or, for None, the next one will be."""
        due = [event.seq for event in (self.budget.reached, self._finish_early) if event]
        if due and (turn is None or min(due) < turn.seq):
            return "answer"
        first = self.budget.turns == (1 if turn else 0)
        plans = self.settings.plan != "off" and self.settings.budget.turns >= TURNS_FOR_A_PLAN
        return "plan" if first and plans else "work"

    def _gave_up(self) -> bool:
        spent = self.budget.turns >= self.settings.budget.turns
        return spent or failures_in_a_row(self.log.events) >= UNUSABLE_REPLIES

    def _waits_for_approval(self, since: Sequence[Event]) -> bool:
        kinds = {type(event) for event in since}
        if self._finish_early:
            return False
        return self.settings.plan == "ask" and PlanProposed in kinds and PlanApproved not in kinds

    async def _wait_for_approval(self) -> End | None:
        plan = next(e for e in reversed(self.log.events) if isinstance(e, PlanProposed))
        if self.handlers.approve is None:
            return self._record(RunPaused(reason="plan"))
        changes = await self.control.until_asked(self.handlers.approve(plan.text))
        if changes is not None:
            self._record(PlanApproved(text=changes))
        return None

    def _hear(self) -> End | None:
        """Turn what people asked for into events."""
        for kind, text in self.control.take():
            match kind:
                case "cancel":
                    self._record(RunCancelled(reason=text))
                    return self._record(RunFinished(reason="cancelled"))
                case "pause":
                    return self._record(RunPaused(reason="asked"))
                case "approve":
                    self._record(PlanApproved(text=text))
                case "finish_early":
                    turn, since = tail(self.log.events)
                    self.executor.abandon(open_calls(turn, since) if turn else [], self._record)
                    self._record(UserSteered(text=text, finish_early=True))
                case _:
                    self._record(UserSteered(text=text))
        return None

    def _compact(self, limit: int | None = None) -> bool:
        compaction = self.transcript.compaction(self.settings.context, limit)
        if compaction is None:
            return False
        self.executor.keep_readable(compaction, self.transcript)
        self._record(compaction)
        return True

    def _record(self, event: E) -> E:
        """Make the event durable, then let it take effect."""
        [kept] = self.log.append(cast(Event, event))
        self._apply(kept)
        if self.handlers.watch:
            self.handlers.watch(kept)
        return cast(E, kept)

    def _apply(self, event: Event) -> None:
        self.transcript.apply(event)
        self.budget.apply(event)
        self.executor.apply(event)
        match event:
            case UserSteered(finish_early=True):
                self._finish_early = event
            case RunFinished():
                self._finish_early = None
            case _:
                pass
