"""Candidates in the order in which they answer a part: features times learned weights.

The weights are data, `ranking.json`, made by `python -m benchmarks.train_ranking` from labelled questions.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from .candidates import Candidate
from .features import Asked, Pool, features

WEIGHTS = "ranking.json"
LIKENESS = 0.55
"""Share of common terms from which a candidate mostly repeats another."""
TRUST = 2.0
"""What doubling the trust in a source adds to a score."""


@dataclass(frozen=True)
class Ranked:
    """A candidate with its features and its score, which only orders the candidates of one part."""

    candidate: Candidate
    score: float
    values: Mapping[str, float]
    """Its features by their names."""


@cache
def model() -> dict[str, Any]:
    """The learned weights."""
    data: dict[str, Any] = json.loads(files(__package__).joinpath(WEIGHTS).read_text(encoding="utf-8"))
    return data


def rank(pool: Pool, asked: Asked) -> list[Ranked]:
    """The candidates of passages that have anything of what is asked, best first."""
    weights: dict[str, float] = model()["weights"]
    ranked = []
    for candidate in pool.candidates:
        ident = candidate.passage.id
        if asked.passage_cover.get(ident, 0.0) == 0.0 and ident not in asked.on_trail:
            continue
        values = features(candidate, asked, pool)
        score = sum(weights[name] * value for name, value in values.items())
        trust = TRUST * math.log2(pool.trust[candidate.passage.document])
        ranked.append(Ranked(candidate, score + trust, values))
    return sorted(ranked, key=lambda one: -one.score)


def choose(ranked: Iterable[Ranked], most: int, taken: Iterable[Candidate] = ()) -> list[Ranked]:
    """The first `most` that neither overlap nor repeat what was chosen before."""
    chosen: list[Ranked] = []
    shown = list(taken)
    for one in ranked:
        if len(chosen) == most:
            break
        if not any(one.candidate.overlaps(other) or _repeats(one.candidate, other) for other in shown):
            chosen.append(one)
            shown.append(one.candidate)
    return chosen


def _repeats(one: Candidate, other: Candidate) -> bool:
    """They say much the same; what gives other numbers is no repetition but a difference worth showing."""
    new = {term for term in one.terms - other.terms if term[0].isdigit()}
    return likeness(one, other) > LIKENESS and not new


def likeness(one: Candidate, other: Candidate) -> float:
    """Share of common terms, against the shorter of the two, 0 to 1."""
    shorter = min(len(one.terms), len(other.terms))
    return len(one.terms & other.terms) / shorter if shorter else 0.0
