"""The report of a run as one structure, from which every format is written."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..derived import answer, find, registered, started, state
from ..errors import ExportError, SettingsError
from ..library.authority import Authority, SiteVerdict
from ..text.characters import clean, one_line
from ..text.labels import Labels, labels_for
from ..trajectory import (
    Answered,
    AnsweredPart,
    BudgetReached,
    Event,
    Judged,
    Passage,
    RunCancelled,
    RunFailed,
    Turn,
    UserSteered,
    Verified,
)
from .blocks import Block, blocks
from .citations import WEAKEST_FIRST, Cited, Level, Mark, Reference, Resolved, newest_check, resolve_answer, sources
from .cost import CostLine, cost_lines, minutes, number
from .dates import asks_about_now
from .markup import closing_fence, language_tag, split_title
from .own_references import unlinked_marks, without_own_references

LONGEST_TITLE, LONGEST_CLAIM = 140, 240
NO_MODEL = frozenset(("", "extractive", "scripted"))
"""What is in a turn's `model` where no language model made it."""


@dataclass(frozen=True)
class Bare:
    """A statement that cites nothing."""

    claim: str
    suggestion: Passage | None
    """A passage that was shown and may support it."""


@dataclass(frozen=True)
class Checks:
    """What the check of a report's citations found."""

    counts: dict[Level, int]
    """Citations (a passage at a mark) by level, the weakest first."""
    weak: tuple[Cited, ...]
    """The citations that the check did not find to support their sentence."""
    uncited: tuple[Bare, ...]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class ReportModel:
    """Everything a reader is shown, in no format yet. Any text may contain hostile markup: a format escapes it."""

    run: str
    language: str
    title: str
    question: str
    asked: str
    """The day that "now" means in the question, or ""."""
    written: float
    """When the report was written, seconds since the epoch."""
    writers: tuple[str, ...]
    """Names of the models that wrote it; none: written without one."""
    models: tuple[str, ...]
    """Names of the models that took part in the run."""
    parts: tuple[AnsweredPart, ...]
    """Parts of the question, where it is known which of them the report answers."""
    body: str
    """Markdown with a placeholder (syntax.PLACEHOLDER) for each of `marks`; the title is not in it."""
    marks: tuple[Mark, ...]
    references: tuple[Reference, ...]
    sources: tuple[dict[str, Any], ...]
    """As citations.sources gives them."""
    unregistered: tuple[str, ...]
    """Ids that the policy cited without having been shown them."""
    partial: str | None
    """Why the report is partial, who wrote it and what can be done, in the report's language; None: it is not."""
    checks: Checks | None
    """What the check of the citations found; None where there was none."""
    trust: Mapping[str, SiteVerdict]
    """What is known about each document that was shown, by its path or id."""
    now: bool
    """Whether the question asks about the present; then `asked` is the day it was answered for."""
    notes: tuple[str, ...]
    cost: tuple[CostLine, ...]
    """Lines of the cost table, without those of which nothing was used."""
    answer: str
    """The policy's text, unchanged."""
    style: str = ""
    """Style of the references, by name; "": the one that needs no package (styles.py)."""

    @property
    def checked(self) -> bool:
        return self.checks is not None

    @property
    def without_model(self) -> bool:
        """Whether no language model wrote it: then every sentence is quoted."""
        return not self.writers

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """`body` as blocks, for writers."""
        return blocks(self.body, self.labels)

    @property
    def labels(self) -> Labels:
        return labels_for(self.language)


Content = str | bytes | dict[str, bytes]


@dataclass(frozen=True)
class Format:
    """A way to write a report."""

    file: str
    """Name of the file in the export's folder."""
    render: Callable[[ReportModel, Sequence[Event]], Content]
    """The file's content; or several files by name, `file` among them. Raises ExportError where a tool is missing."""


def make_report(events: Sequence[Event], style: str = "") -> ReportModel:
    """The report of a run, its references in `style`. Raises ExportError where none has been written yet."""
    opening = started(events)
    answered = answer(events)
    if answered is None:
        raise ExportError(f"Run {opening.run} has no report yet.", f"Continue it: deepresearch resume {opening.run}")
    resolved = resolve_answer(events)
    language = language_tag(opening.task.language) or "en"
    labels = labels_for(language)
    title, body = split_title(resolved.text)
    body, left_out = without_own_references(body, resolved.references, registered(events))
    check = newest_check(events)
    trust, unread = _trust(events)
    models = tuple(dict.fromkeys(t.model for t in find(events, Turn) if t.model not in NO_MODEL))
    writers = models if not answered.by else tuple({answered.by} - NO_MODEL)
    notes = [*_notes(events, resolved, labels), *([labels.of("remarks", "verdicts")] if unread else [])]
    return ReportModel(
        run=opening.run,
        language=language,
        title=title or one_line(opening.task.question, LONGEST_TITLE) or labels.question,
        question=opening.task.question,
        asked=opening.task.date,
        written=answered.time,
        writers=writers,
        models=models,
        parts=tuple(answered.parts),
        body=_with_card(body, events),
        marks=resolved.marks,
        references=resolved.references,
        sources=tuple(sources(events)),
        unregistered=tuple(resolved.unregistered),
        partial=_partial(events, answered, bool(models) and not writers, labels) if answered.partial else None,
        checks=make_checks(check, resolved.marks, registered(events)) if check else None,
        trust=trust,
        now=asks_about_now(opening.task.question),
        notes=(*notes, *([labels.of("remarks", "own_list")] if left_out else [])),
        cost=tuple(line for line in cost_lines(events) if line.used != 0),
        answer=answered.text,
        style=style,
    )


def _with_card(body: str, events: Sequence[Event]) -> str:
    """The report's text, at its end the newest judgement of it, where there is one."""
    report = answer(events)
    cards = [e.card for e in find(events, Judged) if report and e.answered == report.seq]
    return f"{body}{closing_fence(body)}\n\n{clean(cards[-1])}" if cards and cards[-1] else body


def _trust(events: Sequence[Event]) -> tuple[dict[str, SiteVerdict], bool]:
    """What is known about each document, and whether the user's own file of verdicts could not be read."""
    search = started(events).settings.get("search")
    own = search.get("authority") if isinstance(search, dict) else None
    try:
        table, unread = Authority.load(Path(own) if isinstance(own, str) and own else None), False
    except SettingsError:
        table, unread = Authority.load(), True
    return {p.document: table.of(p) for p in reversed(registered(events).values())}, unread


def make_checks(verified: Verified, marks: Sequence[Mark], known: Mapping[str, Passage]) -> Checks:
    """What `verified` found in a report with these `marks`; `known` are the registered passages."""
    every = [cited for mark in marks for cited in mark.cited]
    found = Counter(cited.level for cited in every)
    return Checks(
        {level: found[level] for level in WEAKEST_FIRST if found[level]},
        tuple(cited for cited in every if cited.check and cited.level != "supports"),
        tuple(Bare(one_line(u.claim, LONGEST_CLAIM), known.get(u.suggestion or "")) for u in verified.uncited),
    )


def _partial(events: Sequence[Event], answered: Answered, by_other: bool, labels: Labels) -> str:
    """Why a report is partial, who wrote it where that was not the run's own model, and what can be done with it."""
    reason = one_line(answered.reason, 300) or _why_partial(events, labels)
    sentences = [reason.rstrip(".。") + labels.stop] + ([labels.written_without] if by_other else [])
    run = started(events).run
    steps = labels.next_steps if state(events) == "cancelled" else labels.next_steps_open
    return labels.between.join([*sentences, steps.format(run=run)])


def _why_partial(events: Sequence[Event], labels: Labels) -> str:
    asked = [e for e in find(events, UserSteered) if e.finish_early]
    turns = find(events, Turn)
    if reached := find(events, BudgetReached):
        return _limit_reached(reached[-1], labels)
    if asked:
        return one_line(asked[-1].text, 200).rstrip(".。") or labels.of("reasons", "asked")
    if turns and turns[-1].finish == "length":
        return labels.of("reasons", "length")
    return labels.of("reasons", "cancelled" if find(events, RunCancelled) else "early")


def _limit_reached(event: BudgetReached, labels: Labels) -> str:
    if event.limit.startswith("identical"):
        return labels.of("reasons", "circles")
    name = labels.of("limits", event.limit, event.limit)
    used = minutes(event.used) if event.limit == "minutes" else number(event.used)
    return labels.of("reasons", "limit").format(limit=name, used=used, of=number(event.of))


def _notes(events: Sequence[Event], resolved: Resolved, labels: Labels) -> list[str]:
    notes = []
    if removed := sum(bool(mark.removed) for mark in resolved.marks):
        notes.append(labels.of("remarks", "removed").format(n=removed))
    if unlinked := unlinked_marks(resolved.text, registered(events)):
        notes.append(labels.of("remarks", "unlinked").format(n=unlinked))
    if not resolved.references:
        notes.append(labels.of("remarks", "uncited"))
    elif (check := newest_check(events)) is None:
        notes.append(labels.of("remarks", "unchecked"))
    else:
        notes += [one_line(note, 300) for note in check.notes]
    if failures := [e for e in events[-1:] if isinstance(e, RunFailed)]:
        message = one_line(failures[0].message or failures[0].reason, 300)
        notes.append(labels.of("remarks", "failed").format(message=message))
    return notes
