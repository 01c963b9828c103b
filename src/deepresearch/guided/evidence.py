"""What the model reads: for each part of the question the passages that are most likely to answer it.

The order is that of the extractive policy's candidates fused with that of the searches: what either puts first is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..extractive.answers import Answer
from ..extractive.candidates import Candidate, units_of
from ..extractive.research import Research
from ..text.characters import count_han
from ..trajectory import Passage

MOST = 8
"""Passages read for a question of one part."""
LEAST = 3
"""Passages read for each part, however many there are."""
LONGEST = 900
"""Characters of a passage that the model is shown; of Chinese, where a character is a token or so, half of that."""
SMOOTHING = 8
"""Added to each rank before fusing, so that the first place does not outweigh everything."""
LONGEST_PLACE = 160


@dataclass(frozen=True)
class Window:
    """What is read for one part."""

    part: int
    passage: Passage
    text: str
    """Title, place and text of the passage, or of what of it is around its best candidate."""
    candidate: Candidate
    """What of the passage is quoted where no sentence of the model holds."""
    is_chosen: bool
    """The extractive policy would quote the passage."""


def windows_of(research: Research, answers: Sequence[Answer]) -> list[Window]:
    """What is to be read, in the order of the parts, the most promising first."""
    most = max(LEAST, MOST // max(1, len(answers)))
    return [window for part, answer in enumerate(answers) for window in _of_part(part, answer, research)[:most]]


def _of_part(part: int, answer: Answer, research: Research) -> list[Window]:
    if not answer.answered:
        return []
    best: dict[str, Candidate] = {}
    sides = (candidate for row in answer.rows for candidate in row.said)
    for candidate in (*answer.short, *sides, *(one.candidate for one in answer.ranked)):
        best.setdefault(candidate.passage.id, candidate)
    chosen = {candidate.passage.id for candidate in answer.quoted}
    found = _searched(research)
    scores = {ident: 1 / (SMOOTHING + place) for place, ident in enumerate(best)}
    for ident, place in found.items():
        if ident in scores:
            scores[ident] += 1 / (SMOOTHING + place)
    windows = []
    for ident in sorted(scores, key=lambda ident: -scores[ident])[:MOST]:
        candidate = best[ident]
        passage = candidate.passage
        first, last = candidate.units[0].index, candidate.units[-1].index
        text = f"[{_place(passage)}]\n{_around(passage.text, first, last)}"
        windows.append(Window(part, passage, text, candidate, ident in chosen))
    return windows


def _searched(research: Research) -> dict[str, int]:
    """Passage to its best place in any search by words."""
    found: dict[str, int] = {}
    for asked in research.asked:
        for place, ident in enumerate(asked.hits if not asked.title else ()):
            found[ident] = min(place, found.get(ident, place))
    return found


def _place(passage: Passage) -> str:
    """Title and headings in one line, which say what the passage speaks of."""
    named = dict.fromkeys(" ".join(text.split()) for text in (passage.title, *passage.heading[-2:]))
    return " / ".join(filter(None, named))[:LONGEST_PLACE]


def _around(text: str, first: int, last: int) -> str:
    """The text whole, or as many of its units around those from `first` to `last` as there is room for."""
    longest = LONGEST // 2 if count_han(text) > len(text) / 4 else LONGEST
    if len(text) <= longest:
        return text
    units = units_of(text)
    size = sum(len(unit.text) + 1 for unit in units[first : last + 1])
    centre = first + last
    while first > 0 or last + 1 < len(units):
        goes_back = first > 0 and (last + 1 == len(units) or first + last >= centre)
        unit = units[first - 1 if goes_back else last + 1]
        size += len(unit.text) + 1
        if size > longest:
            break
        first, last = (first - 1, last) if goes_back else (first, last + 1)
    lines: list[str] = []
    for unit in units[first : last + 1]:
        lines += [line for line in (unit.above, unit.text) if line and line not in lines]
    return "\n".join(lines)[: 2 * longest]
