"""The report of a run as one structure, from which every format is written."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..derived import answer, find, registered, started, state
from ..errors import ExportError, SettingsError
from ..library.authority import Authority, SiteVerdict
from ..text.markdown import code_ranges, is_inside
from ..trajectory import BudgetReached, Event, Judged, RunCancelled, RunFailed, Turn, UserSteered
from .capping import cap_tables
from .checks import Checks, make_checks
from .citations import Mark, Reference, Resolved, newest_check, resolve_answer, sources
from .cost import Line, cost_lines, minutes, number
from .dates import asks_about_now
from .labels import Labels, labels_for
from .markup import clean, closing_fence, language_tag, one_line, split_title

LONGEST_TITLE = 140
NO_MODEL = frozenset(("", "extractive", "scripted"))
"""What stands in a turn's `model` where no language model made it."""
_NUMBER_MARK = re.compile(r"(?<![!\\])\[\d{1,3}(?:\s*[,，–-]\s*\d{1,3})*\](?![(:])")


@dataclass(frozen=True)
class Report:
    """Everything a reader is shown, in no format yet. All texts may hold hostile markup: a format escapes them."""

    run: str
    status: str
    """As derived.state gives it."""
    language: str
    title: str
    question: str
    asked: str
    """The day that "now" means in the question, or ""."""
    written: float
    """When the report was written, seconds since the epoch."""
    models: tuple[str, ...]
    """Names of the models that took part; none: written without one."""
    body: str
    """Markdown with a placeholder (markup.PLACEHOLDER) for each of `marks`; the title is not in it."""
    marks: tuple[Mark, ...]
    references: tuple[Reference, ...]
    sources: tuple[dict[str, Any], ...]
    """As citations.sources gives them."""
    unregistered: tuple[str, ...]
    """Ids that the policy cited without having been shown them."""
    partial: str | None
    """Why the report is partial, in the report's language; None where it is not."""
    checks: Checks | None
    """What the check of the citations found; None where there was none."""
    trust: Mapping[str, SiteVerdict]
    """What is known about each document that was shown, by its path or id."""
    now: bool
    """Whether the question asks about the present; then `asked` is the day it was answered for."""
    notes: tuple[str, ...]
    cost: tuple[Line, ...]
    answer: str
    """The policy's text as it came."""
    style: str = ""
    """Style of the references, by name; "": the house's own (styles.py)."""

    @property
    def checked(self) -> bool:
        return self.checks is not None

    @property
    def labels(self) -> Labels:
        return labels_for(self.language)


def make_report(events: Sequence[Event], style: str = "") -> Report:
    """The report of a run, its references in `style`. Raises ExportError where none has been written yet."""
    opening = started(events)
    answered = answer(events)
    if answered is None:
        raise ExportError(f"Run {opening.run} has no report yet.", f"Go on with it: deepresearch resume {opening.run}")
    resolved = resolve_answer(events)
    language = language_tag(opening.task.language) or "en"
    labels = labels_for(language)
    title, body = split_title(resolved.text)
    check = newest_check(events)
    trust, untold = _trust(events)
    return Report(
        run=opening.run,
        status=state(events),
        language=language,
        title=title or one_line(opening.task.question, LONGEST_TITLE) or labels.question,
        question=opening.task.question,
        asked=opening.task.date,
        written=answered.time,
        models=tuple(dict.fromkeys(t.model for t in find(events, Turn) if t.model not in NO_MODEL)),
        body=cap_tables(_with_card(body, _quality_card(events)), labels.table_cut),
        marks=resolved.marks,
        references=resolved.references,
        sources=tuple(sources(events)),
        unregistered=tuple(resolved.unregistered),
        partial=_why_partial(events, answered.partial, labels),
        checks=make_checks(check, resolved.marks, registered(events)) if check else None,
        trust=trust,
        now=asks_about_now(opening.task.question),
        notes=(*_notes(events, resolved, labels), *([labels.remarks["verdicts"]] if untold else [])),
        cost=cost_lines(events),
        answer=answered.text,
        style=style,
    )


def _with_card(body: str, card: str) -> str:
    return f"{body}{closing_fence(body)}\n\n{card}" if card else body


def _quality_card(events: Sequence[Event]) -> str:
    """The newest judgement of the newest report, as Markdown to stand at its end; empty where there is none."""
    report = answer(events)
    cards = [e.card for e in find(events, Judged) if report and e.answered == report.seq]
    return clean(cards[-1]) if cards else ""


def _trust(events: Sequence[Event]) -> tuple[dict[str, SiteVerdict], bool]:
    """What is known about each document, and whether the user's own file of verdicts could not be read."""
    search = started(events).settings.get("search")
    own = search.get("authority") if isinstance(search, dict) else None
    try:
        table, untold = Authority.load(Path(own) if isinstance(own, str) and own else None), False
    except SettingsError:
        table, untold = Authority.load(), True
    return {p.document: table.of(p) for p in reversed(registered(events).values())}, untold


def _why_partial(events: Sequence[Event], partial: bool, labels: Labels) -> str | None:
    if not partial:
        return None
    reasons = labels.reasons
    landed = [e for e in find(events, UserSteered) if e.finish_early]
    turns = find(events, Turn)
    if reached := find(events, BudgetReached):
        return _limit_reached(reached[-1], labels)
    if landed:
        return one_line(landed[-1].text, 200) or reasons["asked"]
    if turns and turns[-1].finish == "length":
        return reasons["length"]
    if find(events, RunCancelled):
        return reasons["cancelled"]
    return reasons["early"]


def _limit_reached(event: BudgetReached, labels: Labels) -> str:
    if event.limit.startswith("identical"):
        return labels.reasons["circles"]
    name = labels.limits.get(event.limit, event.limit)
    used = minutes(event.used) if event.limit == "minutes" else number(event.used)
    return labels.reasons["limit"].format(limit=name, used=used, of=number(event.of))


def _notes(events: Iterable[Event], resolved: Resolved, labels: Labels) -> list[str]:
    remarks = labels.remarks
    notes = []
    if removed := sum(bool(mark.removed) for mark in resolved.marks):
        notes.append(remarks["removed"].format(n=removed))
    if unlinked := unlinked_numbers(resolved.text):
        notes.append(remarks["unlinked"].format(n=unlinked))
    if not resolved.references:
        notes.append(remarks["uncited"])
    elif (check := newest_check(events)) is None:
        notes.append(remarks["unchecked"])
    else:
        notes += [one_line(note, 300) for note in check.notes]
    if failures := [e for e in list(events)[-1:] if isinstance(e, RunFailed)]:
        notes.append(remarks["failed"].format(message=one_line(failures[0].message or failures[0].reason, 300)))
    return notes


def unlinked_numbers(text: str) -> int:
    """How many marks such as [7] stand in `text` outside code: they look like citations and are none."""
    code = code_ranges(text)
    return sum(not is_inside(code, match.start()) for match in _NUMBER_MARK.finditer(text))
