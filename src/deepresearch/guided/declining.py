"""Which parts are declined whatever the model writes: the extractive policy's test, on the evidence that there is.

That policy declines what its own searches bring no answer to. Searches in the model's words bring answers that are
worded otherwise, but also passages that have a word of the question by chance, with which the terms asked for are all
read somewhere. So what these searches alone make answerable must pass the test in one passage, by itself.
"""

from collections.abc import Sequence
from dataclasses import replace

from ..extractive.answers import NEAREST, Answer, answer_part
from ..extractive.features import gather
from ..extractive.policy import answers_of
from ..extractive.ranking import choose
from ..extractive.research import Research, read_events
from ..trajectory import Event, Observation, Passage, Turn

ASKED = "Searching in the words of the model."
FOLLOWED = "Searching by what was found."
"""What the turns say of themselves that search in words of the model."""
EXAMINED = 12
"""Passages that are tested by themselves, the most promising first."""


def answers_with(research: Research, events: Sequence[Event]) -> list[Answer]:
    """What the passages read so far say on each part. events: those that `research` was read from."""
    answers = answers_of(research)
    if ASKED not in research.steps or not any(answer.answered for answer in answers):
        return answers
    alone = {answer.part.text for answer in answers_of(read_events(_without_model(events))) if answer.answered}
    return [a if not a.answered or a.part.text in alone else _by_passage(a, research) for a in answers]


def declined(answer: Answer) -> Answer:
    """The answer as one that nothing read gives, with what came nearest."""
    nearest = answer.nearest or tuple(one.candidate for one in choose(answer.ranked, NEAREST))
    return replace(answer, answered=False, short=(), further=(), rows=(), nearest=nearest)


def _without_model(events: Sequence[Event]) -> list[Event]:
    """The events without the searches in the model's words."""
    turns = [event for event in events if isinstance(event, Turn) and event.text in (ASKED, FOLLOWED)]
    calls = {call.id for turn in turns for call in turn.calls}
    return [e for e in events if e not in turns and not (isinstance(e, Observation) and e.call in calls)]


def _by_passage(answer: Answer, research: Research) -> Answer:
    """The answer from those passages alone that pass the test by themselves; declined where none does."""
    candidates = [*answer.quoted, *(one.candidate for one in answer.ranked)]
    first = list({c.passage.id: c.passage for c in candidates}.values())[:EXAMINED]
    passing = {passage.id for passage in first if _passes(passage, answer, research)}
    if not passing:
        return declined(answer)
    short, further = (tuple(c for c in some if c.passage.id in passing) for some in (answer.short, answer.further))
    ranked = tuple(one for one in answer.ranked if one.candidate.passage.id in passing)
    return replace(answer, short=short or (ranked[0].candidate,), further=further, rows=(), ranked=ranked)


def _passes(passage: Passage, answer: Answer, research: Research) -> bool:
    return answer_part(gather([passage], research.authority, research.aliases), answer.part).answered
