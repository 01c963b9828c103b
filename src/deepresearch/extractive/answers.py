"""An answer to each part of the question, or none: which candidates answer, and whether anything does.

A part is declined where what was read does not show what is asked: its rarest terms, or the kind of answer. How likely
the best candidate answers is learned from questions that their passages answer and questions that they do not
(`python -m benchmarks.train_ranking`), and so is the likelihood from which it counts as an answer.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from ..text.characters import has_han
from .candidates import Candidate
from .chains import WHOLE, along, joined
from .comparison import Contrast, compare_sides, explains, joint, names
from .features import OF_KIND, Asked, Pool, covered, has_form, prepare, rarity, shows
from .fitting import ABOUT, EXAMINED, LEAST, bound, fit_form, fitting, share_named
from .parts import Part
from .question import unclear
from .ranking import Ranked, choose, model, rank
from .trail import Step
from .words import content_terms, points_elsewhere, related

SHORT = 4
"""Candidates in the short answer of one part."""
SHORT_OF_MANY = 2
"""The same where the question has several parts, or beside the table of a comparison."""
FURTHER = 5
"""Candidates in the findings of one part, beyond the short answer."""
LONGEST = 6
"""Candidates in the short answer where a trail leads it."""
CLOSE, BEARING = 2.5, 2.0
"""How far below the best score the score may be of what is quoted first, and of the findings."""
EQUAL = 1.05
"""The same for what is quoted first though it has nothing asked for that the quotations before it do not have."""
ADDS = 0.08
"""Share of what is asked that this must be."""
NEARLY = 0.6
"""Share of what the best have of the asked terms that a finding must have."""
NEAREST = 3
"""Candidates shown where nothing answers."""
UNSURE = 0.25
"""Weight of a Chinese pair of characters that neither the passages nor general text have: mostly no word."""
SURELY = 0.9
SECTION_FITS = 0.5
"""How far the section must be about what is asked to be quoted beyond the paragraph."""
TOLD = 0.6
"""Rarity from which a term that no passage has counts as missing."""


@dataclass(frozen=True)
class Answer:
    """What the passages say on one part of the question."""

    part: Part
    answered: bool
    likelihood: float
    """How likely the best candidate answers, 0 to 1."""
    short: tuple[Candidate, ...] = ()
    """What is quoted first, best first; empty where the part is declined."""
    further: tuple[Candidate, ...] = ()
    """What else bears on it, best first."""
    rows: tuple[Contrast, ...] = ()
    """Of a comparison: what is said of each thing, aspect by aspect."""
    nearest: tuple[Candidate, ...] = ()
    """What came nearest, where nothing answers."""
    missing: tuple[str, ...] = ()
    """Asked terms that nothing read has."""
    shown: bool = False
    """What is quoted first shows the kind of answer that is asked for."""
    whole: bool = False
    """What is quoted first is in a section that is about what is asked: what follows there belongs to the answer."""
    ranked: tuple[Ranked, ...] = field(default=(), repr=False)

    @property
    def quoted(self) -> tuple[Candidate, ...]:
        """All that is quoted as an answer."""
        return (*self.short, *(c for row in self.rows for c in row.said), *self.further)


def answer_parts(
    pool: Pool, parts: Sequence[Part], on_trail: Collection[str] = (), steps: Sequence[Step] = ()
) -> list[Answer]:
    """An answer to each of `parts`, nothing quoted twice.

    on_trail: passages that the question's relations led to. steps: how they led there, of a question of one part.
    """
    taken: list[Candidate] = []
    answers = []
    for part in parts:
        answer = answer_part(pool, part, on_trail, SHORT if len(parts) == 1 else SHORT_OF_MANY, taken)
        if len(parts) == 1 and not (part.sides or answer.whole or unclear(part.text)):
            answer = _chained(answer, steps, pool)
        answer = replace(answer, shown=answer.answered and _shown(answer, prepare(part, pool, on_trail)))
        taken += answer.quoted
        answers.append(answer)
    return answers


def answer_part(
    pool: Pool, part: Part, on_trail: Collection[str] = (), most: int = SHORT, taken: Sequence[Candidate] = ()
) -> Answer:
    """The answer to one part, or that there is none. taken: what is quoted already."""
    asked = prepare(part, pool, on_trail)
    by_words = rank(pool, asked)
    likelihood = likely(fitting(by_words, asked, pool), asked, pool)
    everything = fit_form(by_words, asked, pool)
    ranked = fitting(everything, asked, pool)
    missing = tuple(t for t in asked.rarest if rarity(t) >= TOLD and not _was_read(t, pool))
    if likelihood < model()["answer"]["threshold"]:
        nearest = tuple(one.candidate for one in choose(everything, NEAREST))
        return Answer(part, False, likelihood, nearest=nearest, missing=missing, ranked=tuple(everything))
    short: list[Candidate] = []
    rows: tuple[Contrast, ...] = ()
    if part.sides:
        short = _close(joint(ranked, asked), asked, SHORT_OF_MANY)
        rows = compare_sides(pool, asked, short)
        if rows and explains(rows[0], part) and not any(shows(candidate, "compare", asked) for candidate in short):
            short = []  # it names both and compares nothing
    if not (short or rows):
        short = _close(ranked, asked, most)
    shown = [c for row in rows for c in row.said]
    bearing = _bearing(everything)
    if rows:
        bearing = [one for one in bearing if any(names(one.candidate, side, part.sides) for side in part.sides)]
    further = choose(bearing, FURTHER, [*taken, *shown, *short])
    return Answer(
        part,
        True,
        likelihood,
        tuple(short),
        tuple(one.candidate for one in further),
        rows,
        missing=missing,
        whole=any(one.values["section"] >= SECTION_FITS for one in everything if one.candidate in short),
        ranked=tuple(everything),
    )


def _close(fit: Sequence[Ranked], asked: Asked, most: int) -> list[Candidate]:
    """The best of `fit`, and of those nearly as good what is as good or adds something that is asked for; those of a
    section that is about what is asked in its order."""
    if not fit:
        return []
    close = [one for one in fit if one.score >= fit[0].score - CLOSE and one.candidate.says_by_itself]
    if not close or (fit[0].candidate.has_before and not points_elsewhere(fit[0].candidate.text)):
        close = [fit[0], *close]
    chosen: list[Candidate] = []
    told: set[str] = set()
    best = close[0]
    for one in choose(close, most):
        had = one.candidate.terms | one.candidate.context
        here = {term for term in asked.weights if has_form(term, had)}
        adds = covered(asked.weights, here - told) >= ADDS and one.values["section"] >= best.values["section"] / 2
        names = asked.part.name_terms & (best.candidate.terms | best.candidate.context)
        beside = (best.values["section"] >= SECTION_FITS and not asked.part.name_terms <= had) or (
            bool(names) and names.isdisjoint(had)
        )
        if not chosen or (not beside and (one.score >= best.score - EQUAL or adds)):
            chosen.append(one.candidate)
            told |= here
    if best.values["section"] < SECTION_FITS:
        return chosen
    home = best.candidate.passage

    def in_section(candidate: Candidate) -> tuple[bool, int, int]:
        passage = candidate.passage
        away = (passage.document, passage.heading) != (home.document, home.heading)
        return away, 0 if away else passage.position, 0 if away else candidate.units[0].index

    return sorted(chosen, key=in_section)


def _chained(answer: Answer, steps: Sequence[Step], pool: Pool) -> Answer:
    """The answer led by a chain of quotations, where the question has several steps. The relations that were followed
    speak for it, however few of the words of the question it has; two quotations that were joined must have most."""
    chain = along(answer.ranked, steps)
    answered = answer.answered or bool(chain)
    if not chain and not answer.whole:
        chain, share = joined(answer.ranked, prepare(answer.part, pool), pool)
        answered = answered or (share >= WHOLE and _holds(chain, answer.part))
    if not (chain and answered):
        return answer
    short: list[Candidate] = []
    for candidate in [*chain, *answer.short]:
        if not any(candidate.overlaps(other) for other in short):
            short.append(candidate)
    short = short[:LONGEST]
    further = tuple(c for c in answer.further if not any(c.overlaps(other) for other in short))
    return replace(answer, answered=True, short=tuple(short), further=further, nearest=())


def _shown(answer: Answer, asked: Asked) -> bool:
    """The kind of answer that is asked for is in what is quoted first, a number or a person surely bound to what is
    asked or on the trail; of an open question anything is."""
    if not asked.answers or any(all(row.cells) for row in answer.rows):
        return True
    return any(
        bound(candidate, kind, asked) >= (LEAST if candidate.passage.id in asked.on_trail else ABOUT)
        for candidate in answer.short
        for kind in asked.answers
    )


def _holds(chain: Sequence[Candidate], part: Part) -> bool:
    """The quotations have all that the part names, and its years and versions."""
    terms = frozenset().union(*(c.terms | c.context for c in chain))
    numbers = [term for term in part.terms if term[0].isdigit() and len(term) > 1]
    return share_named(part, terms) == 1.0 and all(number in terms for number in numbers)


def _bearing(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Those of `ranked` that have nearly as much of what is asked as the best, and are nearly as good."""
    best = ranked[0]
    least = {
        name: NEARLY * max(one.values[name] for one in ranked[:NEAREST]) for name in ("covered", "covered_in_context")
    }
    return [
        one
        for one in ranked[:EXAMINED]
        if one.score >= best.score - BEARING
        and not points_elsewhere(one.candidate.text)
        and all(one.values[name] >= value for name, value in least.items())
    ]


def _was_read(term: str, pool: Pool) -> bool:
    return term in pool.terms or not related(term).isdisjoint(pool.terms)


def signals(ranked: Sequence[Ranked], asked: Asked, pool: Pool) -> dict[str, float]:
    """What shows whether the first of `ranked` answers."""
    best = ranked[:NEAREST]
    weights = {t: _told(t, asked.part, pool) for t in asked.part.terms}
    total = sum(weights.values()) or 1.0
    rarest = max(weights, key=lambda t: weights[t], default="")

    def most(name: str) -> float:
        return max((one.values[name] for one in best), default=0.0)

    names = ("covered", "covered_in_context", "covered_loosely", "rarest_in_context", "names_in_context")
    return {
        **{name: most(name) for name in names},
        "numbers_in_context": max((_numbers_met(one, asked) for one in best), default=0.0),
        "best_passage": asked.best_passage,
        "known": sum(w for t, w in weights.items() if _was_read(t, pool)) / total,
        "rarest_known": float(not rarest or _was_read(rarest, pool)),
        "names_known": share_named(asked.part, pool.terms),
        **{name: most(name) for name in ("answer", "heading_fits")},
    }


def _numbers_met(one: Ranked, asked: Asked) -> float:
    """The share of the numbers in the question (years, versions) that the candidate or what is above it has."""
    told = [term for term in asked.part.terms if term[0].isdigit() and len(term) > 1]
    return sum(n in _around(one) for n in told) / len(told) if told else 1.0


def _around(one: Ranked) -> frozenset[str]:
    return one.candidate.terms | one.candidate.context


def _told(term: str, part: Part, pool: Pool) -> float:
    """How much it tells that a term is missing. A Chinese pair of characters is surely a word where it is one in
    general text, or where nothing read has any of its phrase; else it may be cut across two words."""
    weight = rarity(term) * (OF_KIND if term in part.kind_terms else 1.0)
    if not has_han(term) or rarity(term) < 1.0 or _was_read(term, pool):
        return weight
    phrases = [pairs for phrase in part.phrases if term in (pairs := content_terms(phrase))]
    return weight if any(_is_word_unread(term, pairs, pool) for pairs in phrases) else UNSURE * weight


def _is_word_unread(term: str, pairs: list[str], pool: Pool) -> bool:
    """A whole word that nothing read has is around the pair of characters: nothing read has any pair of its phrase,
    or neither the pair before nor the one behind it. (Between two words that were read, one pair alone is unread.)"""
    at = pairs.index(term)
    beside = pairs[at - 1 : at] + pairs[at + 1 : at + 2] if at else pairs[1:2]
    if not any(_was_read(t, pool) for t in pairs):
        return True
    return len(beside) == 2 and not any(_was_read(t, pool) for t in beside)


def _word_unread(part: Part, pool: Pool) -> bool:
    """The term that tells most is Chinese, surely a word, and nowhere in what was read."""
    told = {term: _told(term, part, pool) for term in part.terms}
    rarest = max(told, key=lambda term: told[term], default="")
    return has_han(rarest) and told[rarest] >= SURELY and not _was_read(rarest, pool)


def likely(ranked: Sequence[Ranked], asked: Asked, pool: Pool) -> float:
    """How likely the first of `ranked` answers the part, 0 to 1; not at all where nothing read has a name in it or the
    Chinese word that tells most, or where what is best has none of its years and versions."""
    part = asked.part
    numbers = any(_numbers_met(one, asked) for one in ranked[:NEAREST])
    if not numbers or unclear(part.text) or share_named(part, pool.terms) < 1.0 or _word_unread(part, pool):
        return 0.0
    learned = model()["answer"]
    values = signals(ranked, asked, pool)
    told = sum(weight * values[name] for name, weight in learned["weights"].items())
    return 1 / (1 + math.exp(-learned["bias"] - told))
