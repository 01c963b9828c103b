"""Synthesis-driven drafting: the first report is written again from its evidence, section by section.

Outline, sections from the passages that they rest on, an edit by patch, and a comparison that keeps the new draft only
if it is deeper and no less complete (arXiv 2512.20491, report writing; the steps between are this project's choice).
Pure functions of the record: each step is a note to the policy, and the reply that follows it is that step's result.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..tools.fencing import one_line, show_passage
from ..trajectory import Answered, Event, Observation, Passage, RunFinished, Turn
from .verifier import REPORT_FILE

STEP = "draft."
OUTLINE, SECTION, EDIT = (STEP + name for name in ("outline", "section", "edit"))
MOST_SECTIONS = 10
FEWEST_SECTIONS = 2
MOST_PASSAGES = 12
"""Passages that are shown in full for one section."""
_HEADING = re.compile(r"^#{1,4}\s+(\S.*)$", re.MULTILINE)
_ID = re.compile(r"[\w.-]+")

ASK_OUTLINE = (
    "Your report is saved. Now it is written once more, deeper, from the evidence. First the outline: for each section "
    "a line `## heading`, below it in one or two sentences what the section argues, and \\cite{ids} of every "
    f"passage that it rests on, also of passages that your report did not use. {FEWEST_SECTIONS} to {MOST_SECTIONS} "
    "sections; the first answers the question. Call no tool in this reply."
)
ASK_EDIT = (
    f"All sections are in {REPORT_FILE}. Read it as its reader: fix repetition, contradictions, gaps "
    f"between sections and sentences without a source, with file patch. Then reply with {REPORT_FILE} and nothing else."
)


class OutlineSection(NamedTuple):
    """One section of the outline."""

    heading: str
    passages: list[str]
    """Ids of registered passages that it rests on."""


def step_of(events: Sequence[Event]) -> Observation | None:
    """The drafting step to which the newest turn replies; None: drafting has not begun, or is over."""
    for event in reversed(events):
        if isinstance(event, Answered | RunFinished):
            return None
        if isinstance(event, Observation) and event.call is None and event.reason.startswith(STEP):
            return event
    return None


def has_drafted(events: Sequence[Event]) -> bool:
    """Whether the report in hand has been through drafting, or had its chance."""
    for event in reversed(events):
        if isinstance(event, RunFinished):
            return False
        if isinstance(event, Observation) and event.call is None and event.reason.startswith(STEP):
            return True
    return False


def ask_outline() -> Observation:
    """The first step."""
    return Observation(call=None, reason=OUTLINE, shown=ASK_OUTLINE)


def sections_of(outline: str, registered: Mapping[str, Passage]) -> list[OutlineSection]:
    """The sections of an outline; those that rest on no registered passage remain, without any."""
    heads = list(_HEADING.finditer(outline))
    ends = [head.start() for head in heads[1:]] + [len(outline)]
    sections = []
    for head, end in zip(heads, ends, strict=False):
        body = outline[head.end() : end]
        ids = list(dict.fromkeys(name for name in _ID.findall(body) if name in registered))
        sections.append(OutlineSection(one_line(head[1]), ids))
    return sections[:MOST_SECTIONS]


def ask_section(outline: str, number: int, registered: Mapping[str, Passage]) -> Observation | None:
    """The note that asks for section `number` (from 0), with its passages; None: the outline has no such section."""
    sections = sections_of(outline, registered)
    if number >= len(sections) or len(sections) < FEWEST_SECTIONS:
        return None
    section = sections[number]
    passages = [registered[name] for name in section.passages[:MOST_PASSAGES]]
    lines = [
        f"Write section {number + 1} of {len(sections)}: {section.heading}",
        "Argue from these passages, weigh them against each other, say what follows from them and what does not; cite "
        "each with \\cite{id} inside the sentence that rests on it. Begin with the heading. No tool in this reply.",
        *map(show_passage, passages),
    ]
    data = {"outline": outline, "number": number, "of": len(sections)}
    return Observation(call=None, reason=SECTION, shown="\n\n".join(lines), data=data)


def next_step(step: Observation, reply: str, registered: Mapping[str, Passage]) -> Observation | None:
    """The step after `step`, to which the policy has given `reply`; None: the outline was no outline.

    Before an EDIT step is recorded, the sections must be in REPORT_FILE (see `assembled`).
    """
    if step.reason == OUTLINE:
        return ask_section(reply, 0, registered)
    assert step.data is not None
    another = ask_section(step.data["outline"], step.data["number"] + 1, registered)
    return another or Observation(call=None, reason=EDIT, shown=ASK_EDIT)


def assembled(events: Sequence[Event], report: str) -> str:
    """The sections written since the outline, in order, under the title of `report`."""
    texts: dict[int, str] = {}
    number: int | None = None
    for event in events:
        match event:
            case Observation(call=None, reason=reason) if reason == OUTLINE:
                texts, number = {}, None
            case Observation(call=None, reason=reason, data={"number": int(at)}) if reason == SECTION:
                number = at
            case Turn(calls=[]) if number is not None and event.text.strip():
                texts[number] = event.text.strip()
            case _:
                pass
    from ..report.markup import split_title  # noqa: PLC0415  the room is slow to import, and seldom needed here

    title, _ = split_title(report)
    return "\n\n".join(([f"# {title}"] if title else []) + [texts[n] for n in sorted(texts)]) + "\n"
