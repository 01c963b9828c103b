"""Which statements are quoted for a facet: the best, and each new beside those already chosen."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from .facets import Facet
from .scoring import Pool, in_pairs, score_statement
from .statements import Statement

RELEVANT, RELEVANT_PAIRS = 0.36, 0.31
"""Score, of about 1, from which a statement is worth quoting; the second for Chinese pairs."""
NEAR_BEST, ENOUGH, FURTHER = 0.62, 4, 0.5
"""Share of the best score below which a statement is left out; where that leaves less than enough, the second."""
FALLBACK = 2
"""Statements on what a compared thing is, or of sources in another language, where none says what is asked."""
NOVELTY = 0.45
"""How much likeness to a chosen statement costs."""
ALIKE = 0.75
"""Share of common terms from which two statements say the same."""


@dataclass(frozen=True)
class Scored:
    statement: Statement
    score: float


def rank(pool: Pool, facet: Facet, on_trail: Collection[str] = ()) -> list[Scored]:
    """Statements worth quoting for the facet, best first; of a compared thing at least what it is."""
    fitting = [s for s in pool.statements if facet.kind == "how to" or not s.opens_example]
    scored = [Scored(s, score_statement(s, facet, pool, on_trail)) for s in fitting]
    best = min(1.0, max((s.score for s in scored), default=0.0))  # a definition leaves room for what else is said
    least = RELEVANT_PAIRS if in_pairs(facet) else RELEVANT
    worth = [s for s in scored if s.score >= max(least, NEAR_BEST * best)]
    if len(worth) < ENOUGH:
        worth = [s for s in scored if s.score >= max(least, FURTHER * best)]
    if not worth and facet.kind == "comparison" and facet.aspects and not facet.together:
        worth = rank(pool, replace(facet, aspects=(), kind="definition"), on_trail)[:FALLBACK]
    return sorted(worth or _by_names(pool, facet, on_trail), key=lambda s: -s.score)


def _by_names(pool: Pool, facet: Facet, on_trail: Collection[str]) -> list[Scored]:
    """Statements in the other language about the names in the facet, whose other words they cannot have."""
    if not facet.aspects or not facet.subjects or facet.together:
        return []
    foreign = [s for s in pool.statements if s.chinese != facet.chinese]
    return rank(replace(pool, statements=foreign), replace(facet, aspects=()), on_trail)[:FALLBACK]


def choose(ranked: Sequence[Scored], most: int, taken: Iterable[Statement] = ()) -> list[Scored]:
    """At most `most` statements: each time the one that is best after what it repeats is taken off."""
    chosen: list[Scored] = []
    shown = list(taken)
    left = list(ranked)
    while left and len(chosen) < most:
        values = [s.score * (1 - NOVELTY * _likeness(s.statement, shown)) for s in left]
        best = left.pop(max(range(len(left)), key=lambda i: (values[i], -i)))
        if _likeness(best.statement, shown) < ALIKE:
            chosen.append(best)
            shown.append(best.statement)
    return chosen


def _likeness(statement: Statement, others: Iterable[Statement]) -> float:
    return max((likeness(statement, other) for other in others), default=0.0)


def likeness(one: Statement, other: Statement) -> float:
    """Share of common terms, against the shorter of the two, 0 to 1."""
    shorter = min(len(one.terms), len(other.terms))
    return len(one.terms & other.terms) / shorter if shorter else 0.0
