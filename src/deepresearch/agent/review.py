"""From a reply without calls to the accepted report: what the reply is, its check, its revision, its second draft.

Each method gives the one event that comes next, which the loop records; so a review that was interrupted continues
from the record like everything else.
"""

from collections.abc import Awaitable, Callable, Sequence

from ..policy import Phase
from ..settings import ReportSettings
from ..text.markdown import unfenced
from ..trajectory import WHOLE, Answered, Event, Observation, PlanProposed, RunFinished, Turn, Verified
from .drafting import EDIT, ask_outline, assembled, has_drafted, next_step, step_of
from .run_state import unusable
from .tool_executor import Recorder, ToolExecutor
from .verifier import REPORT_FILE, Verifier, current_report, revision_note, shrunk


class Review:
    """The review of one run's report."""

    def __init__(
        self,
        question: str,
        settings: ReportSettings,
        verifier: Verifier,
        executor: ToolExecutor,
        events: Sequence[Event],
    ) -> None:
        """`events`: the growing record."""
        self._question = question
        self._settings = settings
        self._verifier = verifier
        self._executor = executor
        self._events = events

    async def classify(self, turn: Turn, phase: Phase) -> Event:
        """What `turn`, which has no calls, is: the plan, the report, a step of its drafting, or unusable.

        Raises NoToolCalling.
        """
        text = self._text(turn)
        step = step_of(self._events)
        if phase == "plan" and text.strip():
            return PlanProposed(text=text)
        read = turn.model_copy(update={"text": text})
        if problem := unusable(read, phase, self._events, drafting=step is not None):
            return problem
        if step and (report := current_report(self._events)):
            return await self._draft(step, text, report)
        partial = phase == "answer" or turn.finish not in WHOLE
        return shrunk(text, self._events) or self.report_of(read).model_copy(update={"partial": partial})

    def report_of(self, turn: Turn) -> Answered:
        """The text of `turn` as the report."""
        return Answered(text=turn.text, by=turn.model, parts=turn.parts)

    async def advance(self, report: Answered, since: Sequence[Event], spare: bool) -> Event:
        """The next step of `report`: a second draft from its evidence, its check, its revision, or the end of the run.

        since: the events since the newest turn. spare: whether there is budget left for what the report can do
        without, and a policy that revises.
        """
        verified = next((event for event in since if isinstance(event, Verified)), None)
        more = spare and not report.partial
        drafting = self._settings.draft == "synthesis" and self._verifier.compares
        if more and drafting and not has_drafted(self._events):
            return ask_outline()
        if verified is None:
            ask = more and self._settings.ask
            return await self._verifier.check(report, self._executor.registered, ask, self._question)
        note = revision_note(verified, self._events, self._settings.max_revisions) if more else None
        if note and self._executor.write(REPORT_FILE, report.text):
            return note
        return RunFinished(reason="partial" if report.partial else "answered")

    async def deliver(
        self, reason: str, write: Callable[[], Awaitable[Turn]] | None, record: Recorder
    ) -> RunFinished | None:
        """End the run early with a report, marked partial for `reason`; None where there is nothing to report.

        The report is the current one, else what `write` makes of what was gathered, where something was.
        """
        report = current_report(self._events)
        if report is None and write is not None:
            report = self.report_of(await record(await write()))
        if report is None:
            return None
        partial = Answered(text=report.text, by=report.by, parts=report.parts, partial=True, reason=reason)
        delivered = await record(partial)
        await record(await self._verifier.check(delivered, self._executor.registered, False, self._question))
        return await record(RunFinished(reason="partial"))

    async def _draft(self, step: Observation, reply: str, report: Answered) -> Event:
        """Continue the drafting of which `reply` was a step; `report` remains until a better one is there."""
        if step.reason == EDIT:
            return await self._verifier.better(self._question, report.text, reply)
        following = next_step(step, reply, self._executor.registered)
        if following and following.reason == EDIT:
            draft = assembled(self._events, report.text)
            following = following if self._executor.write(REPORT_FILE, draft) else None
        return following or Answered(text=report.text, by=report.by, parts=report.parts)

    def _text(self, turn: Turn) -> str:
        """The text of `turn`; where it only names the report's file, what is in that; without a fence around all."""
        text = turn.text
        if text.strip().strip("`") == REPORT_FILE:
            text = self._executor.read(REPORT_FILE) or text
        return unfenced(text)
