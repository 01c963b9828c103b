"""What a run has asked and found so far, read back from its events: the policy keeps no other memory."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ..derived import started
from ..library.authority import Authority
from ..trajectory import Event, Observation, Passage, PlanApproved, Turn, UserSteered
from .aliases import read_aliases
from .question import Question, analyse

SURFER = "batch_web_surfer"
TOO_LONG = "too long to be shown"


@dataclass
class PastQuery:
    """One query as it was asked, with what it brought."""

    text: str
    title: str
    hits: list[str]
    """Passage ids, best first, those shown before included."""


@dataclass(eq=False)  # one is what it was read from: what follows from it need only be found out once
class Research:
    question: Question
    passages: dict[str, Passage] = field(default_factory=dict)
    """All passages shown, in the order first shown."""
    asked: list[PastQuery] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    """What the turns that searched or read said of themselves."""
    added: list[Question] = field(default_factory=list)
    """What people asked for on the way."""
    failures: dict[str, str] = field(default_factory=dict)
    """Source to what went wrong there."""
    answered: bool = False
    """Some source answered some search, if only that it has nothing."""
    opened: dict[str, list[str]] = field(default_factory=dict)
    """Document to the passages of it that were read by opening it; none where it could not be opened."""
    crowded: set[str] = field(default_factory=set)
    """Documents that were opened, but beside others there was no room to show them."""
    unread: dict[str, str] = field(default_factory=dict)
    """Document to why it could not be opened."""
    overrides: str = ""
    """The user's own table of authority."""
    listed: bool = False
    """The sub-questions are on the todo list."""
    ticked_off: bool = False
    """And they were settled at the end."""

    @property
    def questions(self) -> list[Question]:
        return [self.question, *self.added]

    @property
    def authority(self) -> Authority:
        """Which sources deserve trust."""
        return _authority(self.overrides)

    @cached_property
    def aliases(self) -> list[tuple[str, str]]:
        """Names in the questions, each with another one for the same thing."""
        return read_aliases(self.questions, list(self.passages.values()))

    @property
    def found(self) -> set[str]:
        """Passages that searches brought."""
        return {hit for asked in self.asked for hit in asked.hits}

    @property
    def evidence(self) -> list[Passage]:
        """What can be quoted: of a page that was read its own paragraphs, and no excerpt of it."""
        return [p for p in self.passages.values() if not (p.excerpt and self.opened.get(p.document))]

    def read_at(self, ident: str) -> list[Passage]:
        """The passage, or, of an excerpt, what was read of its page."""
        passage = self.passages[ident]
        paragraphs = self.opened.get(passage.document, []) if passage.excerpt else []
        return [self.passages[one] for one in paragraphs] or [passage]

    def was_asked(self, text: str, title: str = "") -> bool:
        key = (text.casefold(), title.casefold())
        return any((a.text.casefold(), a.title.casefold()) == key for a in self.asked)

    @property
    def untitled(self) -> bool:
        """Names were looked up as titles, and no document is titled by any: they have to be found by their words."""
        looked_up = [asked for asked in self.asked if asked.title]
        return bool(looked_up) and not any(asked.hits for asked in looked_up)

    def titles_asked(self) -> set[str]:
        return {a.title.casefold() for a in self.asked if a.title}


@cache
def _authority(overrides: str) -> Authority:
    """The table, with the user's own before it as long as that is there."""
    path = Path(overrides).expanduser() if overrides else None
    return Authority.load(path if path and path.is_file() else None)


def read_events(events: Sequence[Event]) -> Research:
    """The state of the research after `events`."""
    first = started(events)
    research = Research(analyse(first.task.question))
    research.overrides = str(first.settings.get("search", {}).get("authority", ""))
    calls: dict[str, dict[str, Any]] = {}
    for event in events:
        match event:
            case Turn():
                calls |= {call.id: call.arguments or {} for call in event.calls}
                if any(call.tool == SURFER for call in event.calls):
                    research.steps.append(event.text)
            case Observation(tool="todo"):
                research.ticked_off, research.listed = research.listed, True
            case Observation(tool="batch_web_surfer", call=str(call)):
                _take(research, event, calls.get(call, {}))
            case UserSteered(text=text) | PlanApproved(text=text) if text.strip():
                research.added.append(analyse(text))
    return research


def _take(research: Research, seen: Observation, arguments: dict[str, Any]) -> None:
    """One result of the search tool; what failed counts as asked, so that it is not asked for ever."""
    research.passages |= {p.id: p for p in seen.passages}
    if arguments.get("action") == "batch_open":
        _take_opened(research, seen, arguments)
        return
    if seen.status in ("error", "timeout", "denied"):
        research.failures[SURFER] = seen.shown
        research.asked += [PastQuery(text, title, []) for text, title in _wanted(arguments)]
        return
    research.answered = True
    for query in (seen.data or {}).get("queries", []):
        hits = [hit["passage"] for hit in query["hits"] if hit["passage"] in research.passages]
        research.asked.append(PastQuery(query["text"], query["title"], hits))
        research.failures |= query["failed"]


def _take_opened(research: Research, seen: Observation, arguments: dict[str, Any]) -> None:
    """What became of each page that was to be opened."""
    for asked in arguments.get("references", []):
        reference = str(asked.get("reference", "") if isinstance(asked, dict) else asked)
        known = research.passages.get(reference)
        document = known.document if known else reference
        told = [r for r in (seen.data or {}).get("references", []) if r["reference"] == reference]
        if len(arguments["references"]) > 1 and any(one["passages"] for one in told):
            shown = any(ident in research.passages for one in told for ident in one["passages"])
            if not shown and document not in research.crowded:
                research.crowded.add(document)
                continue
        read = research.opened.setdefault(document, [])
        read += [ident for one in told for ident in one["passages"] if ident in research.passages and ident not in read]
        if not read:
            failed = [why for one in told for why in one["failed"].values()]
            whole = _told_of(reference, arguments, seen.shown) if seen.status != "ok" else TOO_LONG
            research.unread[document] = "; ".join(failed) or whole


def _told_of(reference: str, arguments: dict[str, Any], message: str) -> str:
    """What a message about several references says of one."""
    references = [str(r.get("reference", "") if isinstance(r, dict) else r) for r in arguments["references"]]
    names = "|".join(map(re.escape, references))
    parts = re.split(rf"(?:^|\s)({names}): ", message)
    return dict(zip(parts[1::2], parts[2::2], strict=True)).get(reference, message).rstrip("; ")


def _wanted(arguments: dict[str, Any]) -> list[tuple[str, str]]:
    """(text, title) of the queries of a call as it was made; a call that cannot be read has none."""
    queries = arguments.get("queries", [])
    whole = [{"text": q} if isinstance(q, str) else q for q in queries] if isinstance(queries, list) else []
    return [(str(q.get("text", "")), str(q.get("title", ""))) for q in whole if isinstance(q, dict)]
