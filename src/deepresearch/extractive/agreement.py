"""Where two sources say the same thing, and where they say different things about the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from ..report.verification.agreement import compare_statements
from .candidates import Candidate, is_signature
from .parts import Part
from .ranking import Ranked, likeness
from .words import leans

SAME_TOPIC = 0.6
"""Share of common terms, numbers aside, from which two statements are about the same point."""
SAME_TOPIC_ASKED = 0.5
"""The same where a number or a date is what was asked for, so that both give theirs as the answer."""
NUMBERS = frozenset({"date", "number", "size", "money", "duration", "percentage"})
"""Kinds of question that a number answers."""
COPY = 0.95
"""Share of common terms from which one statement is a copy of the other."""
MOST = 3
COMPARED = 60
"""Candidates of a part that are compared with each other."""


@dataclass(frozen=True)
class Pair:
    kind: Literal["agree", "differ"]
    one: Candidate
    other: Candidate
    about: tuple[str, str]
    """What differs: the number, date or direction of either; empty where it is a "not"."""


def compare_sources(answers: Sequence[tuple[Part, Sequence[Ranked]]]) -> list[Pair]:
    """Pairs of relevant statements of different documents that agree or differ, the most alike first.

    answers: each part with its candidates; both of a pair must name what the part names.
    """
    pairs = []
    for part, ranked in answers:
        subject = part.name_terms
        fitting = [
            s for s in ranked[:COMPARED] if _stands_alone(s.candidate) and (not subject or subject & s.candidate.terms)
        ]
        for a, b in combinations(fitting, 2):
            one, other = a.candidate, b.candidate
            least = SAME_TOPIC_ASKED if part.kind in NUMBERS else SAME_TOPIC
            if one.passage.document != other.passage.document and (pair := _compare(one, other, least)):
                pairs.append((likeness(one, other) + a.score + b.score, pair))
    pairs.sort(key=lambda scored: -scored[0])
    return _distinct([pair for _, pair in pairs])


def _stands_alone(candidate: Candidate) -> bool:
    """One sentence that is about what its words say, not about the entry it is under or the sentence before it."""
    only = len(candidate.units) == 1 and candidate.units[0].kind == "sentence"
    return only and not is_signature(candidate.above) and not leans(candidate.text)


def _compare(one: Candidate, other: Candidate, least: float) -> Pair | None:
    """The pair, if they have `least` of their words in common and then differ or agree; copies do not agree."""
    found = compare_statements(one.text, other.text, least)
    if found is None or (found.kind == "agree" and len(one.terms & other.terms) >= COPY * len(one.terms | other.terms)):
        return None
    return Pair(found.kind, one, other, found.values)


def _distinct(pairs: Sequence[Pair]) -> list[Pair]:
    """At most MOST pairs of each kind, no statement twice."""
    kept: list[Pair] = []
    for pair in pairs:
        used = {s for p in kept for s in (p.one.text, p.other.text)}
        if {pair.one.text, pair.other.text} & used or sum(p.kind == pair.kind for p in kept) >= MOST:
            continue
        kept.append(pair)
    return kept
