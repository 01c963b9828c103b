"""What the newest events mean for the next step: pure functions of the record."""

import traceback
from collections.abc import Container, Sequence

from ..derived import find, registered, started
from ..errors import DeepResearchError, NoToolCalling
from ..policy import Phase
from ..settings import Settings
from ..text.markdown import unfenced
from ..trajectory import (
    WHOLE,
    Answered,
    Call,
    Event,
    Observation,
    PlanApproved,
    PlanProposed,
    PolicyChanged,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    Turn,
    UserSteered,
)
from .announcement import is_announcement
from .budget import UNUSABLE_REPLIES

UNUSABLE = frozenset(
    "malformed_call unknown_tool bad_arguments withdrawn empty_reply cut_off repetition no_citations no_search "
    "announcement".split()
)
"""Reasons of observations that mean a mistake of the policy."""
NOT_SOURCES = frozenset({"todo", "file"})
"""Tools that keep the policy's own notes and look nothing up."""
TURNS_FOR_A_PLAN = 4
"""A budget of fewer turns has none to spare for a plan."""


def tail(events: Sequence[Event]) -> tuple[Turn | None, list[Event]]:
    """The newest turn and what came after it; without a turn, all events."""
    since: list[Event] = []
    for event in reversed(events):
        if isinstance(event, Turn):
            return event, since[::-1]
        since.append(event)
    return None, since[::-1]


def report_in_hand(since: Sequence[Event]) -> Answered | None:
    """The report among the events since the newest turn, unless it was sent back, is being redrafted, or is done."""
    report: Answered | None = None
    for event in since:
        if isinstance(event, Answered):
            report = event
        elif isinstance(event, RunFinished) or (isinstance(event, Observation) and event.call is None):
            report = None
    return report


def open_calls(turn: Turn, since: Sequence[Event]) -> list[Call]:
    """Calls of `turn` that have no observation yet, in order."""
    done = {e.call for e in since if isinstance(e, Observation)}
    return [call for call in turn.calls if call.id not in done]


def is_settled(turn: Turn, since: Sequence[Event]) -> bool:
    """Whether a turn without calls has been dealt with: as plan, as report, or sent back."""
    return bool(turn.calls) or any(
        isinstance(e, PlanProposed | Answered | PolicyChanged) or (isinstance(e, Observation) and e.call is None)
        for e in since
    )


def phase_of(turn: Turn | None, due_since: int | None, turns: int, settings: Settings) -> Phase:
    """In which phase `turn`, the newest of `turns`, was made, or, for None, the next one will be.

    due_since: number of the event since which the report is due, if it is.
    """
    if due_since is not None and (turn is None or due_since < turn.seq):
        return "answer"
    first = turns == (1 if turn else 0)
    return "plan" if first and settings.plan != "off" and settings.budget.turns >= TURNS_FOR_A_PLAN else "work"


def unapproved_plan(since: Sequence[Event], settings: Settings) -> str | None:
    """The plan, among the events since the newest turn, that a person has yet to approve."""
    plans = find(since, PlanProposed)
    return plans[-1].text if plans and settings.plan == "ask" and not find(since, PlanApproved) else None


def events_of_request(request: str, text: str, events: Sequence[Event]) -> list[Event]:
    """The events by which a person's or another process's request takes effect."""
    turn, since = tail(events)
    interrupted = [
        Observation(call=call.id, tool=call.tool, status="error", reason="interrupted", shown="Interrupted on request.")
        for call in (open_calls(turn, since) if turn else [])
    ]
    match request:
        case "cancel":
            return [RunCancelled(reason=text), RunFinished(reason="cancelled")]
        case "pause":
            return [RunPaused(reason="asked")]
        case "approve":
            return [PlanApproved(text=text)]
        case "deliver":
            return [*interrupted]
        case "finish_early":
            return [*interrupted, UserSteered(text=text, finish_early=True)]
        case _:
            return [UserSteered(text=text)]


def failed(error: Exception) -> RunFailed:
    """The event of a run that ends with `error`; for an internal error with the place where it happened."""
    if not isinstance(error, DeepResearchError):
        return RunFailed(reason="internal", message=f"{type(error).__name__}: {error}", details=_place(error))
    details = _place(error) if error.fault == "ours" else ""
    return RunFailed(reason=error.reason, message=str(error), fault=error.fault, details=details)


def _place(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


def gave_up(events: Sequence[Event], turns: int, settings: Settings) -> bool:
    """Whether the policy, of which the report is due, is not to be asked again."""
    return turns >= settings.budget.turns or failures_in_a_row(events) >= UNUSABLE_REPLIES


def failures_in_a_row(events: Sequence[Event]) -> int:
    """How many of the newest turns, without a gap, were unusable."""
    failures = 0
    results: list[Observation] = []
    for event in reversed(events):
        if isinstance(event, RunResumed | PolicyChanged):
            return failures
        if isinstance(event, Observation):
            results.append(event)
        elif isinstance(event, Turn):
            if not results or any(r.reason not in UNUSABLE for r in results):
                return failures
            failures += 1
            results = []
    return failures


def unusable(turn: Turn, phase: Phase, events: Sequence[Event], drafting: bool = False) -> Observation | None:
    """Why a turn without calls cannot be taken as the report, as a note to the policy; None: it can.

    A cut-off report is sent back once, and so is a model's report without a citation although there are passages to
    cite, or that never searched although there are sources. What only announces is never a report. The extractive
    policy is exempt.
    drafting: the turn is a step of a report's drafting, which need not cite.
    Raises NoToolCalling where a model that was told to search answers again without.
    """
    given = _reasons_sent_back(events)
    by_model = turn.model != "extractive"
    never_looked = has_sources(events) and not any(map(_has_looked, find(events, Observation)))
    if not turn.text.strip():
        return _sent_back("empty_reply", "Your reply was empty. Call a tool, or write the report.")
    if turn.finish == "repetition":
        return _sent_back("repetition", "Your reply repeated itself and was cut off. Write it again, each thing once.")
    if turn.finish not in WHOLE and "cut_off" not in given:
        return _sent_back("cut_off", "Your reply was cut off at its length limit. Write the whole report, but shorter.")
    if phase == "work" and by_model and never_looked:
        if "no_search" in given:
            raise NoToolCalling(
                f"{turn.model or 'The model'} answered twice without calling a tool, but has sources to search.",
                "If its server cannot call tools, try --dialect toolcall; if it can, turn tool calling on there.",
            )
        return _sent_back(
            "no_search", "You have not searched yet. Call batch_web_surfer, and answer from what it shows."
        )
    if by_model and not drafting and is_announcement(turn.text):
        return _sent_back(
            "announcement",
            "You only said what you will do next. Call the tool that does it, or write the report."
            if phase == "work"
            else "You only said what you will do next. No tool can be used now: write the report from what you have.",
        )
    citable = by_model and not drafting and phase == "work" and registered(events)
    if citable and "no_citations" not in given and not _cites(turn.text, citable):
        return _sent_back(
            "no_citations",
            "You called no tool, so your reply counts as the report, but it cites nothing. Continue with tools, or "
            "write the report with \\cite{passage id} inside each sentence that rests on a passage you were shown.",
        )
    return None


def _has_looked(result: Observation) -> bool:
    """Whether a tool was used that could find something: a call that could not be read or carried out finds nothing."""
    return bool(result.call) and result.tool not in NOT_SOURCES and result.reason not in UNUSABLE


def _cites(text: str, known: Container[str]) -> bool:
    from ..report.citations import find_marks  # noqa: PLC0415  the room is slow to import

    return next(find_marks(unfenced(text), known), None) is not None


def _reasons_sent_back(events: Sequence[Event]) -> set[str]:
    """The reasons for which replies have been sent back since the run was begun or last resumed."""
    found: set[str] = set()
    for event in events:
        if isinstance(event, RunResumed | PolicyChanged):
            found.clear()
        elif isinstance(event, Observation) and event.call is None:
            found.add(event.reason)
    return found


def has_sources(events: Sequence[Event]) -> bool:
    """Whether the run was given anything to search."""
    opening = started(events)
    task, search = opening.task, opening.settings.get("search", {})
    return bool(task.attachments or task.libraries or search.get("web"))


def _sent_back(reason: str, text: str) -> Observation:
    return Observation(call=None, status="error", reason=reason, shown=text)
