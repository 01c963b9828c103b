"""Where two sources say the same thing, and where they say different things about the same."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from ..text.names import is_weak, names_in
from .evidence import Scored, likeness
from .facets import Facet
from .statements import Statement
from .words import content_terms

SAME_TOPIC = 0.6
"""Share of common terms, numbers aside, from which two statements are about the same point."""
SAME_TOPIC_ASKED = 0.5
"""The same where a number or a date is what was asked for, so that both give theirs as the answer."""
NUMBERS = frozenset({"when", "how many"})
"""Kinds of question that a number answers."""
AGREE = 0.6
COMMON = 4
"""Terms that two statements must have in common at least."""
COPY = 0.95
MOST = 3

_NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")
_UNIT = re.compile(r"\s*(%|[^\W\d_]+)?")
_NOT = re.compile(
    r"\b(?:not|no|never|cannot|can't|won't|doesn't|don't|isn't|aren't|without|nor)\b|不|没有|无法|未|非", re.IGNORECASE
)


@dataclass(frozen=True)
class Pair:
    kind: Literal["agree", "differ"]
    one: Statement
    other: Statement
    about: tuple[str, str]
    """What differs: the numbers of either; empty where it is a "not"."""


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


def _same_names(one: Statement, other: Statement) -> bool:
    """They name something in common, or nothing at all."""
    words = [
        {term for name in names_in(s.text) if not is_weak(name.text) for term in content_terms(name.text)}
        for s in (one, other)
    ]
    fewer = min(map(len, words))
    return 2 * len(words[0] & words[1]) >= fewer if fewer else not any(words)


def _compare(one: Statement, other: Statement, least: float) -> Pair | None:
    """The pair, if they have `least` of their terms in common and then differ or agree."""
    numbers = _numbers(one.text), _numbers(other.text)
    words = one.terms - _flat(numbers[0]), other.terms - _flat(numbers[1])
    common = len(words[0] & words[1])
    longer, shorter = max(map(len, words)) or 1, min(map(len, words)) or 1
    if common < COMMON or common / shorter < least or not _same_names(one, other):
        return None
    for unit in numbers[0].keys() & numbers[1].keys():
        if not numbers[0][unit] & numbers[1][unit]:
            about = ", ".join(sorted(numbers[0][unit])), ", ".join(sorted(numbers[1][unit]))
            return Pair("differ", one, other, about)
    if common / longer < AGREE or common / shorter < SAME_TOPIC:
        return None
    if bool(_NOT.search(one.text)) != bool(_NOT.search(other.text)):
        return Pair("differ", one, other, ("", ""))
    return Pair("agree", one, other, ("", "")) if common / longer < COPY else None


def _numbers(text: str) -> dict[str, frozenset[str]]:
    """Numbers of a text by what they count: the word after them, or "year"."""
    found: dict[str, set[str]] = {}
    for match in _NUMBER.finditer(text):
        value = match.group().replace(",", "")
        unit = _UNIT.match(text, match.end())
        word = (unit.group(1) or "").casefold() if unit else ""
        key = "year" if re.fullmatch(r"1\d{3}|20\d\d", value) and "," not in match.group() else word.rstrip("s")
        if key:
            found.setdefault(key, set()).add(value)
    return {key: frozenset(values) for key, values in found.items()}


def _flat(numbers: dict[str, frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*numbers.values())


def _distinct(pairs: Sequence[Pair]) -> list[Pair]:
    """At most MOST pairs of each kind, no statement twice."""
    kept: list[Pair] = []
    for pair in pairs:
        used = {s for p in kept for s in (p.one.text, p.other.text)}
        if {pair.one.text, pair.other.text} & used or sum(p.kind == pair.kind for p in kept) >= MOST:
            continue
        kept.append(pair)
    return kept
