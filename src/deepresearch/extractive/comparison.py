"""A comparison by aspect: what is said of each of the things compared on the same point, side by side.

What is said of one thing goes beside what is said of the other in the same words: these words are the aspect.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..text.characters import HAN
from .candidates import Candidate
from .features import Asked, Pool, prepare, rarity, shows
from .fitting import fit_form
from .parts import Part
from .ranking import Ranked, choose, rank
from .words import content_terms, is_general, stem

MOST_ROWS = 3
PER_SIDE = 10
"""Candidates of each side among which its cells are sought."""
LONGEST_CELL = 2
"""Units in one cell."""
BEGINNING = 40
"""Characters at whose beginning a sentence says what it is about."""
MARKS = 6
"""Characters that may stand before and within what a sentence begins with."""
COMPARES = 1.5
"""Worth of a candidate that names all sides and says how they compare."""
SHARED = 0.6
"""Worth of a term that two cells share, beside their scores."""
ASPECT = 0.9
"""Worth of the shared terms from which they are an aspect."""
LONGEST_ASPECT = 3  # words

_WORD = re.compile(r"[A-Za-z][\w-]*")
_HAN_RUN = re.compile(f"[{HAN}]{{2,}}")


@dataclass(frozen=True)
class Contrast:
    """What is said of each thing compared on one point."""

    aspect: str
    """Words that the cells share, as the first of them writes them; empty where they share none."""
    cells: tuple[Candidate | None, ...]
    """One for each side; None where nothing is said of it."""
    shared: frozenset[str]
    """Terms that the cells share."""

    @property
    def said(self) -> list[Candidate]:
        """The cells that are not empty."""
        return [cell for cell in self.cells if cell]


def compare_sides(pool: Pool, asked: Asked, taken: Sequence[Candidate]) -> tuple[Contrast, ...]:
    """The rows of the comparison that is asked for, best first; the first says what each thing is where no point is
    common to all. taken: what is quoted already; if it compares, only what is asked of them is shown beside it."""
    part = asked.part
    compared = any(shows(candidate, "compare", asked) for candidate in taken)
    told = [_said_of(side, part, pool, asked.on_trail, compared) for side in part.sides]
    sides = frozenset(t for side in part.sides for t in content_terms(side))
    aspects = frozenset(part.terms) - sides
    rows: list[Contrast] = []
    used = list(taken)
    for _ in range(MOST_ROWS):
        left = [[one for one in ranked if not any(one.candidate.overlaps(u) for u in used)] for ranked in told]
        row = _best_row([choose(ranked, PER_SIDE) for ranked in left], sides, part, pool)
        if row is None or (rows and not (row.shared and all(row.cells))) or (compared and not row.shared & aspects):
            break
        rows.append(row)
        used += row.said
    return tuple(rows)


def explains(row: Contrast, part: Part) -> bool:
    """Every cell begins with what it is about, or is under its name."""
    for side, cell in zip(part.sides, row.cells, strict=True):
        labels = [cell.text[: len(side) + MARKS], cell.above, *cell.passage.heading[-1:]] if cell else []
        if not any(set(content_terms(side)) <= set(content_terms(label)) for label in labels):
            return False
    return True


def joint(ranked: Sequence[Ranked], asked: Asked) -> list[Ranked]:
    """Those of `ranked` that name all sides, those first that compare them."""
    sides = asked.part.sides
    both = [one for one in ranked if all(names(one.candidate, side, sides) for side in sides)]
    scored = [replace(one, score=one.score + COMPARES * bool(shows(one.candidate, "compare", asked))) for one in both]
    return sorted(scored, key=lambda one: -one.score)


def names(candidate: Candidate, side: str, sides: Collection[str]) -> bool:
    """The candidate or the term above it names the thing, as a word of its own where another thing's name has it."""
    own = set(content_terms(side))
    if not own <= candidate.terms | candidate.units[0].above_terms:
        return False
    if not any(own < set(content_terms(other)) for other in sides):
        return True
    return bool(
        re.search(rf"(?<![\w-]){re.escape(side)}(?![\w-])", f"{candidate.above} {candidate.text}", re.IGNORECASE)
    )


def _said_of(side: str, part: Part, pool: Pool, on_trail: Collection[str], compared: bool) -> list[Ranked]:
    """What explains one thing, its entry or what begins with it, best first; where nothing does and nothing compares,
    what names it; never what names another of the things as well."""
    own = set(content_terms(side))
    others = [other for other in part.sides if other != side]
    asked = prepare(part.side(side), pool, on_trail)
    told = [
        one
        for one in fit_form(rank(pool, asked), asked, pool)
        if (names(one.candidate, side, part.sides) or own <= one.candidate.context)
        and not any(names(one.candidate, other, part.sides) for other in others)
        and len(one.candidate.units) <= LONGEST_CELL
        and one.candidate.says_by_itself
    ]
    explaining = [one for one in told if one.values["defines"] == 1.0] or [
        one for one in told if own <= set(content_terms(one.candidate.text[:BEGINNING]))
    ]
    fit = explaining if explaining or compared else told
    return list(fit[: 3 * PER_SIDE])


def _best_row(told: list[list[Ranked]], sides: frozenset[str], part: Part, pool: Pool) -> Contrast | None:
    """The first thing's candidate with those of the others that fit it best."""
    first = next((place for place, ranked in enumerate(told) if ranked), None)
    if first is None:
        return None
    best: tuple[float, list[Ranked | None]] = (float("-inf"), [])
    for anchor in told[first]:
        row: list[Ranked | None] = []
        total = 0.0
        for place, ranked in enumerate(told):
            fit = [anchor] if place == first else [o for o in ranked if not o.candidate.overlaps(anchor.candidate)]
            worth = [one.score + SHARED * _in_common(anchor, one, sides, part, pool)[0] for one in fit]
            row.append(fit[worth.index(max(worth))] if fit else None)
            total += max(worth, default=0.0)
        if total > best[0]:
            best = total, row
    chosen = best[1]
    anchor = next(cell for cell in chosen if cell)
    others = [cell for cell in chosen if cell and cell is not anchor]
    common = frozenset[str]()
    if others:
        found = [_in_common(anchor, other, sides, part, pool) for other in others]
        common = found[0][1].intersection(*(terms for _, terms in found)) if min(found)[0] >= ASPECT else common
    cells = tuple(cell.candidate if cell else None for cell in chosen)
    return Contrast(_label(anchor.candidate, common), cells, common)


def _in_common(
    one: Ranked, other: Ranked, sides: frozenset[str], part: Part, pool: Pool
) -> tuple[float, frozenset[str]]:
    """What two candidates share beyond the things compared, with what it is worth; what is asked counts twice."""
    if one is other:
        return 0.0, frozenset()
    shared = (one.candidate.terms & other.candidate.terms) - sides
    terms = frozenset(t for t in shared if not is_general(t) and not t[0].isdigit())
    worth = sum(rarity(t) * (1 - pool.commonness.get(t, 0.0)) * (2 if t in part.terms else 1) for t in terms)
    return worth, terms


def _label(candidate: Candidate, terms: frozenset[str]) -> str:
    """The terms as words of the candidate's text; in Chinese its stretches of which every pair of characters is one."""
    words = [word for word in _WORD.findall(candidate.text) if stem(word) in terms]
    for piece in _HAN_RUN.findall(candidate.text):
        run = ""
        for one, other in pairwise(piece + " "):
            run += one
            if one + other not in terms:
                words += [run] if len(run) > 1 else []
                run = ""
    return ("、" if candidate.chinese else ", ").join([*dict.fromkeys(words)][:LONGEST_ASPECT])
