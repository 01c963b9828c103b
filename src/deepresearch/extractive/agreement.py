"""Where two sources say the same thing, and where they say different things about the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from ..report.verification.agreement import compare_statements
from .evidence import Scored, likeness
from .facets import Facet
from .statements import Statement

SAME_TOPIC = 0.6
"""Share of common terms, numbers aside, from which two statements are about the same point."""
SAME_TOPIC_ASKED = 0.5
"""The same where a number or a date is what was asked for, so that both give theirs as the answer."""
NUMBERS = frozenset({"when", "how many"})
"""Kinds of question that a number answers."""
COPY = 0.95
"""Share of common terms from which one statement is a copy of the other."""
MOST = 3


@dataclass(frozen=True)
class Pair:
    kind: Literal["agree", "differ"]
    one: Statement
    other: Statement
    about: tuple[str, str]
    """What differs: the number, date or direction of either; empty where it is a "not"."""


def compare_sources(answers: Sequence[tuple[Facet, Sequence[Scored]]]) -> list[Pair]:
    """Pairs of relevant statements of different documents that agree or differ, the most alike first.

    answers: each facet with the statements that answer it; both of a pair must name what the facet is about.
    """
    pairs = []
    for facet, ranked in answers:
        subject = set(facet.subject)
        fitting = [s for s in ranked if _stands_alone(s.statement) and (not subject or subject & s.statement.terms)]
        for a, b in combinations(fitting, 2):
            one, other = a.statement, b.statement
            least = SAME_TOPIC_ASKED if facet.kind in NUMBERS else SAME_TOPIC
            if one.passage.document != other.passage.document and (pair := _compare(one, other, least)):
                pairs.append((likeness(one, other) + a.score + b.score, pair))
    pairs.sort(key=lambda scored: -scored[0])
    return _distinct([pair for _, pair in pairs])


def _stands_alone(statement: Statement) -> bool:
    """A sentence that is about what its words say, not about the entry it stands under or the one before it."""
    return statement.whole and not statement.term and statement.weight == 1.0


def _compare(one: Statement, other: Statement, least: float) -> Pair | None:
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
