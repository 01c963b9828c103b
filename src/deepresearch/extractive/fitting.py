"""Which candidates can answer a part, and how well their form fits it.

The learned weights compare words. What they cannot see is added here to the scores: a heading or a key of a row that is
about what is asked, an entry that defines it, and whether a number counts what is asked or a name is a person's.
"""

import math
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from ..text.characters import has_han
from ..text.dates import dates
from ..text.names import is_weak, names_in
from ..text.numbers import MEASURED, Quantity, quantities
from .candidates import ASKS, Candidate, Unit
from .features import FOUND_OUT, Asked, Pool, covered, has_form, rarity, shows, without_number
from .parts import Part
from .question import phrases_of
from .ranking import Ranked
from .words import advises_against, content_terms, pattern, related

DEMANDING = frozenset({"date", "number", "size", "money", "duration", "percentage", "version", "person"})
"""Kinds of question whose answer shows."""
TO_BE_DONE = frozenset({"how", "list"})
EXPLAINED = frozenset({"how", "why", "change"})
"""Kinds of question in which a number or a date that is asked for as well is only what the explanation is about."""
EXAMINED = 40
"""Candidates among which the kind of answer must show."""
SECTION, ROW, BOUND = 2.0, 2.0, 1.5
"""What is added at most for the heading, the key of a row, and for what the answer is bound to."""
ASKING = 1.6
"""How much more a heading tells that is a question itself."""
ABOUT = 0.5
"""Share of what is asked that the sentence with the number or the name has, from which it is surely bound to it."""
BESIDE = 0.5
"""How surely what is quoted beside the surest must be bound to it."""
LEAST = 0.1
"""What it is where that is not sure."""
BEFORE, BEHIND = 5, 3
"""Words before and behind a number among which is what it counts."""
CLASSIFIERS = "个名位人余多项种条家所部座件只口户处"
"""Chinese words between a number and whatever it counts."""
NEAR_ZH = 12
"""Characters between a number and what it counts in Chinese."""
SHORTEST_TITLE = 2
"""Characters of a Chinese title that is a name where the question has it."""
_WORDS = re.compile(r"\S+\s*")


def fit_form(ranked: Iterable[Ranked], asked: Asked, pool: Pool) -> list[Ranked]:
    """The candidates in the order of their scores with what their form adds."""
    sought = asked.sought or asked.weights
    sections = {ident: _loosely(sought, terms) ** 2 for ident, terms in pool.section_terms.items()}
    names = asked.part.name_terms
    if FOUND_OUT & set(asked.part.kinds) or len(asked.part.names) > 1:  # what is said of another thing is no answer
        told = dict.fromkeys(names, 1.0)
        if not FOUND_OUT & set(asked.part.kinds):  # a name that nearly all passages have tells none from another
            told = {term: 1 - pool.commonness.get(term, 0.0) for term in names}
        sections = {
            ident: worth * (covered(told, pool.section_terms[ident]) if sum(told.values()) else 1.0)
            for ident, worth in sections.items()
        }
    scored = [_with_form(one, sections[one.candidate.passage.id], asked) for one in ranked]
    return sorted(scored, key=lambda one: -one.score)


def _with_form(one: Ranked, around: float, asked: Asked) -> Ranked:
    candidate, first = one.candidate, one.candidate.units[0]
    *above, heading = candidate.passage.heading or [candidate.passage.title]
    labels = [
        heading,
        *(one for one in above[-1:] if ASKS.search(one)),
        *([first.above] if first.kind != "row" else []),
    ]
    labels = [without_number(label) for label in labels]
    section = around * max(about(label, asked) * (ASKING if ASKS.search(label) else 1.0) for label in labels)
    worth = SECTION * section
    if first.kind == "row" and len(candidate.units) == 1:
        worth += ROW * about(_key(first), asked) * _loosely(asked.weights, candidate.terms | candidate.context)
    return replace(one, score=one.score + worth, values={**one.values, "section": section})


def _key(row: Unit) -> str:
    return row.text.partition("|")[0]


def _loosely(weights: dict[str, float], had: frozenset[str]) -> float:
    return covered(weights, {term for term in weights if has_form(term, had)})


def about(label: str, asked: Asked) -> float:
    """How far a heading or key is about what is asked of the things named, 0 to 1: all its words are asked for, or it
    has all that is asked for."""
    terms = _terms(label)
    if not terms:
        return 0.0
    met = {term for term in asked.weights if has_form(term, terms)}
    subject = asked.part.name_terms if asked.sought else frozenset()
    if not met - subject:
        return 0.0
    total = sum(map(rarity, terms))
    precise = sum(rarity(term) for term in terms if any(has_form(term, related(t)) for t in met)) / total
    share = covered(asked.weights, met)
    return max(precise * math.sqrt(math.sqrt(share)), share)


@lru_cache(maxsize=1 << 14)
def _terms(label: str) -> frozenset[str]:
    """The terms of a heading or a key, of Chinese ones without pairs of characters across function words."""
    return frozenset(content_terms(phrases_of(label) if has_han(label) else label))


def fitting(ranked: Sequence[Ranked], asked: Asked, pool: Pool) -> list[Ranked]:
    """Those of the first of `ranked` that can answer, best first.

    Where the part demands a date, a number, an amount or a person, it shows, bound to what is asked, in a document that
    names what the part names; where the part asks what to do, they do not say what not to do.
    """
    first = ranked[:EXAMINED]
    if TO_BE_DONE & set(asked.part.kinds):
        first = [one for one in first if not advises_against(one.candidate.text)]
    compares = pattern("alternatives").search(asked.part.text)  # whoever is asked about is named in it
    demanded = [kind for kind in asked.answers if kind in DEMANDING and not (compares and kind == "person")]
    if not demanded or asked.part.kind in EXPLAINED:
        return list(first)
    binds = bool({"number", "person"} & set(demanded))
    found = [(max(bound(one.candidate, kind, asked) for kind in demanded), one) for one in first]
    least = BESIDE * max((share for share, _ in found), default=0.0) if binds else 0.0
    fit = [
        replace(one, score=one.score + BOUND * share * binds)
        for share, one in found
        if share > 0 and share >= least and _names_its_subject(one, asked, pool)
    ]
    return sorted(fit, key=lambda one: -one.score)


def bound(candidate: Candidate, kind: str, asked: Asked) -> float:
    """How surely what the candidate shows of the kind is said of what is asked, 0 to 1; 0 where it shows nothing."""
    chinese_person = kind == "person" and candidate.chinese  # their names cannot be told from other words
    if chinese_person or candidate.passage.id in asked.on_trail:
        return LEAST * bool(chinese_person or shows(candidate, kind, asked))
    if kind not in DEMANDING or not shows(candidate, kind, asked):
        return float(bool(shows(candidate, kind, asked)))
    counted = _counted(asked.part.text) if kind == "number" else ""
    shares = [0.0]
    for unit in candidate.units:
        if counted and _counts(unit, counted, asked):
            return 1.0
        if counted and not has_han(counted) and not _speaks_of(counted, unit, candidate):
            continue
        if _shown_in(unit, candidate, kind, asked):
            here = unit.terms | unit.above_terms
            share = _loosely(asked.sought, here) if asked.sought else 1.0
            relation = kind == "person" and has_form(next(iter(asked.sought), ""), here)  # wrote, founder
            sure = share >= ABOUT and kind != "person" and not counted
            shares.append(1.0 if relation else share if sure else LEAST * share)
    return max(shares)


def _speaks_of(counted: str, unit: Unit, candidate: Candidate) -> bool:
    """What is counted is in the unit or above it."""
    had = unit.terms | unit.above_terms | candidate.context
    return any(has_form(term, had) for term in content_terms(counted)[:1])


def _shown_in(unit: Unit, candidate: Candidate, kind: str, asked: Asked) -> bool:
    if kind == "person":
        return any(_people(unit.text, asked))
    if kind == "number" and _counted(asked.part.text):
        return any(_plain_numbers(unit.text, asked)) or bool(pattern("no_limit").search(unit.text))
    return bool(shows(replace(candidate, units=(unit,)), kind, asked))


def _people(text: str, asked: Asked) -> Iterator[str]:
    """Names in the text that neither are in the question nor hold a whole name of it."""
    whole = [own for name in asked.part.names if (own := set(content_terms(name)))]
    for name in names_in(text):
        own = set(content_terms(name.text))
        known = own <= asked.weights.keys() or any(one <= own for one in whole)
        if name.text[0].isupper() and own and not is_weak(name.text) and not known:
            yield name.text


def _plain_numbers(text: str, asked: Asked) -> Iterator[Quantity]:
    """Numbers in the text that can count things: no dates and no measures, and none that the question has."""
    dated = [(d.start, d.end) for d in dates(text)]
    counted = content_terms(_counted(asked.part.text))  # "2000 columns" is no year
    for one in quantities(text):
        is_date = one.unit not in counted and any(start <= one.start < end for start, end in dated)
        other = one.unit in MEASURED or (has_han(one.unit) and one.unit not in CLASSIFIERS + asked.part.text)
        if not (one.ordinal or is_date or other or f"{one.bare.value:g}" in asked.numbers):
            yield one


@lru_cache(maxsize=64)
def _counted(question: str) -> str:
    """The words after "how many", or the Chinese ones after 多少, as far as they can be what is counted."""
    found = pattern("counted").search(question)
    word = next(filter(None, found.groups()), "") if found else ""
    measured = quantities(f"5{word}" if has_han(word) else f"5 {word}")
    return "" if measured and measured[0].unit in MEASURED else word


def _counts(unit: Unit, word: str, asked: Asked) -> bool:
    """A number of the unit counts one of the words: they are near each other, or the number is in a row or an entry
    whose key or head has them."""
    numbers = list(_plain_numbers(unit.text, asked))
    if not numbers:
        return False
    if has_han(word):
        return any(word[:2] in unit.text[max(0, n.start - NEAR_ZH) : n.until + NEAR_ZH] for n in numbers)
    terms = [other for term in content_terms(word) for other in related(term)]
    if unit.kind == "row":
        return any(has_form(t, frozenset(content_terms(_key(unit)))) for t in terms)
    for n in numbers:
        before = "".join(_WORDS.findall(unit.text[: n.start])[-BEFORE:])
        after = "".join(_WORDS.findall(unit.text[n.end :])[:BEHIND])
        if not set(terms).isdisjoint(content_terms(f"{before} {after}")):
            return True
    return False


def _names_its_subject(one: Ranked, asked: Asked, pool: Pool) -> bool:
    passage = one.candidate.passage
    if passage.id in asked.on_trail:
        return True
    titles = {t for t in pool.titles.values() if has_han(t) and len(t) >= SHORTEST_TITLE and t in asked.part.text}
    told = not titles or pool.titles[passage.document] in titles or any(t in one.candidate.text for t in titles)
    return told and share_named(asked.part, pool.document_terms[passage.document]) == 1.0


def share_named(part: Part, terms: Collection[str]) -> float:
    """The share of what the part names that is among `terms`; of `TechMart` the whole word or all its parts."""
    named = [own for name in part.names if (own := content_terms(name))]
    whole = [len(own) > 1 and all(t in own[0] for t in own[1:]) for own in named]
    met = [
        all(t in terms or not related(t).isdisjoint(terms) for t in own) or (one and own[0] in terms)
        for own, one in zip(named, whole, strict=True)
    ]
    return sum(met) / len(met) if met else 1.0
