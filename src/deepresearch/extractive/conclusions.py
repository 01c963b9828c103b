"""What follows from two values that were found: which is earlier or larger, how far apart they are, whether they are
the same.

The values are read from sentences about the two things by the readers of dates and numbers. Where one of them is not
found, or the two cannot be compared, nothing is concluded.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from ..text.characters import has_han, normalise
from ..text.dates import Date, dates
from ..text.names import without_remark
from ..text.numbers import Quantity, quantities
from ..text.wordlists import word_set
from .candidates import Candidate, Unit
from .features import Pool
from .parts import Part
from .ranking import Ranked
from .words import content_terms, lexicon, related, stem

EXAMINED = 150
"""Candidates among which the values are sought."""
_FIGURES = re.compile(r"^[\d.,\s]+")
SHORTEST = 2
"""Characters of a title that is looked for in the question."""


@dataclass(frozen=True)
class Conclusion:
    """What two values say together."""

    kind: str
    """earlier, later, more, less, apart, same or unlike: a key of `conclusions` in phrases.toml."""
    things: tuple[str, str]
    """What is compared, the one that the question asks for first."""
    values: tuple[str, str]
    """Their values as the sources write them."""
    said: tuple[Candidate, Candidate]
    """The sentences that give them."""
    gap: str = ""
    """How far they are apart."""


@dataclass(frozen=True)
class _Found:
    value: Date | Quantity | str
    text: str
    candidate: Candidate


def conclude(part: Part, ranked: Sequence[Ranked], pool: Pool) -> Conclusion | None:
    """What the values of the two things that `part` compares say, where both are found."""
    asked = next((kind for kind, look in _looks().items() if look.search(part.text)), "")
    things = _things(part, pool) if asked else ()
    if len(things) != 2:
        return None
    wanted = _wanted(part, things)
    for read, compared in ((_date, _by_date), (_number, _by_number), (_nationality, _by_name)):
        one, other = (_value(thing, things, read, wanted, part, ranked, pool) for thing in things)
        if one and other and (found := compared(asked, one, other)):
            kind, turned, gap = found
            pair = ((things[0], one), (things[1], other))
            (first, mine), (second, theirs) = pair[::-1] if turned else pair
            values, said = (mine.text, theirs.text), (mine.candidate, theirs.candidate)
            return Conclusion(kind, (first, second), values, said, gap)
    return None


@cache
def _looks() -> dict[str, re.Pattern[str]]:
    """How questions for each conclusion look, by the order that they ask for."""
    return {kind: re.compile(look) for kind, look in lexicon()["conclusions"].items()}


def _things(part: Part, pool: Pool) -> tuple[str, ...]:
    """The two things: the sides, the titles of documents in the question, or the names."""
    titles = {without_remark(title) for title in pool.titles.values()}
    within = [t for t in titles if len(t) >= SHORTEST and t in part.text]
    within = [t for t in within if not any(t != other and t in other for other in within)]
    options = (tuple(sorted(within, key=part.text.find)), part.sides, part.names)
    return next((found for found in options if len(found) == 2), ())


def _wanted(part: Part, things: Sequence[str]) -> frozenset[str]:
    """Terms near which the value is, by the words of the question that say what is compared."""
    own = {term for thing in things for term in content_terms(thing)}
    return frozenset(other for term in part.terms if term not in own for other in related(term))


def _value(
    thing: str,
    things: Sequence[str],
    read: Callable[[Unit, frozenset[str]], tuple[Date | Quantity | str, str] | None],
    wanted: frozenset[str],
    part: Part,
    ranked: Sequence[Ranked],
    pool: Pool,
) -> _Found | None:
    """The value of one thing in the best sentence that is about it and not about the other."""
    [rival] = [other for other in things if other != thing] or [thing]
    for one in ranked[:EXAMINED]:
        candidate, text = one.candidate, one.candidate.text
        titled = without_remark(pool.titles[candidate.passage.document]) == thing
        alone = len(candidate.units) == 1 and (titled or thing in text) and rival not in text
        if alone and (found := read(candidate.units[0], wanted)):
            return _Found(*found, candidate)
    return None


def _date(unit: Unit, wanted: frozenset[str]) -> tuple[Date, str] | None:
    """The first date behind a word that is asked for, or the first of a life where birth is asked for."""
    text = normalise(unit.text)
    found = [one for one in dates(text) if one.year and one.span == 1]
    if re.search(lexicon()["sentences"]["lifespan"], text) and not wanted.isdisjoint(related("birth")):
        return (found[0], text[found[0].start : found[0].end]) if found else None
    for one in found:
        if not wanted.isdisjoint(content_terms(text[: one.start])) or (
            has_han(text) and not wanted.isdisjoint(content_terms(text[one.end :]))
        ):
            return one, text[one.start : one.end]
    return None


def _number(unit: Unit, wanted: frozenset[str]) -> tuple[Quantity, str] | None:
    """The only number with a unit in a sentence that has a word that is asked for."""
    text = normalise(unit.text)
    dated = [(one.start, one.end) for one in dates(text)]
    found = [q for q in quantities(text) if not (q.ordinal or any(a <= q.start < b for a, b in dated))]
    if len(found) != 1 or found[0].bound or wanted.isdisjoint(unit.terms | unit.above_terms):
        return None
    return found[0], text[found[0].start : found[0].until].strip()


def _nationality(unit: Unit, wanted: frozenset[str]) -> tuple[str, str] | None:
    """The only word for a nationality in the sentence."""
    words = {word for word in re.findall(r"[A-Z][a-z]+", unit.text) if word.casefold() in word_set("names", "demonyms")}
    asked = not wanted.isdisjoint(related(stem("nationality")) | related(stem("country")))
    return (word, word) if asked and len(words) == 1 and (word := words.pop()) else None


def _by_date(asked: str, one: _Found, other: _Found) -> tuple[str, bool, str] | None:
    """(kind, whether the other comes first, gap) of two dates."""
    a, b = one.value, other.value
    assert isinstance(a, Date)
    assert isinstance(b, Date)
    mine, theirs = _parts(a), _parts(b)
    common = min(len(mine), len(theirs))
    if asked == "same":
        same = mine[:common] == theirs[:common]
        return ("same" if same else "unlike", False, "") if len(mine) == len(theirs) or not same else None
    if mine[:common] == theirs[:common]:
        return None
    if asked == "apart":
        return "apart", mine > theirs, _span(*sorted((mine, theirs)))
    return (asked, (mine > theirs) == (asked == "earlier"), "") if asked in ("earlier", "later") else None


def _parts(value: Date) -> tuple[int, ...]:
    given = (value.year, value.month, value.day)
    return tuple(n for n in given[: given.index(None) if None in given else 3] if n)


def _span(first: tuple[int, ...], last: tuple[int, ...]) -> str:
    """The time between two dates: days where both are whole, else years."""
    if len(first) == len(last) == 3:
        return f"{(date(*last) - date(*first)).days} days"
    return f"{last[0] - first[0]} years"


def _by_number(asked: str, one: _Found, other: _Found) -> tuple[str, bool, str] | None:
    """(kind, whether the other comes first, gap) of two numbers of the same unit."""
    a, b = one.value, other.value
    assert isinstance(a, Quantity)
    assert isinstance(b, Quantity)
    if a.unit != b.unit or a.about or b.about:
        return None
    if asked == "same":
        return "same" if a.value == b.value else "unlike", False, ""
    if a.value == b.value:
        return None
    if asked == "apart":
        unit = _FIGURES.sub("", one.text)
        return "apart", a.value < b.value, f"{abs(a.value - b.value) / a.factor:,.10g} {unit}".strip()
    return (asked, (a.value < b.value) == (asked == "more"), "") if asked in ("more", "less") else None


def _by_name(asked: str, one: _Found, other: _Found) -> tuple[str, bool, str] | None:
    return ("same" if one.value == other.value else "unlike", False, "") if asked == "same" else None
