"""How much of a claim's words a passage holds, and in which of its sentences."""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Set
from dataclasses import dataclass

from ...text.characters import count_han, normalise
from .reading import Reading, Sentence

MOST = 3
"""Sentences of a passage that are taken together as evidence."""
GAIN = 0.04
"""Share of the claim's weight that a further sentence must add."""
GRAM = 5
GRAM_HAN = 2


@dataclass(frozen=True)
class Overlap:
    """Shares of the claim, each between 0 and 1."""

    best: float
    """Content terms, by weight, of the best single sentence."""
    words: float
    """Terms, function words included, found anywhere in the passage or its title."""
    pairs: float
    """Neighbouring terms that are neighbours in the passage too."""
    letters: float
    """Runs of letters found in the best few sentences or the title."""
    evidence: tuple[int, ...]
    """Indexes of the best few sentences, the best first."""


def weigh(readings: Iterable[Reading]) -> dict[str, float]:
    """How telling each term is: its inverse document frequency over all sentences, log((n + 1) / (df + 0.5))."""
    counts: Counter[str] = Counter()
    many = 0
    for reading in readings:
        for sentence in reading.sentences:
            counts.update(sentence.terms)
            many += 1
    return {term: math.log((many + 1) / (count + 0.5)) for term, count in counts.items()}


def overlap(claim: Reading, passage: Reading, weights: Mapping[str, float], given: frozenset[str]) -> Overlap:
    """What `claim` and `passage` have in common. given: terms of the claim that need not be found."""
    rarest = max(weights.values(), default=1.0)
    needed = {term: max(0.1, weights.get(term, rarest)) for term in claim.terms - given} or dict.fromkeys(
        claim.terms, 1.0
    )
    total = sum(needed.values()) or 1.0
    chosen = _choose(needed, total, passage.sentences, needed.keys() & passage.around)
    first = passage.sentences[chosen[0]].terms if chosen else frozenset()
    texts = " ".join([passage.title, *(passage.sentences[n].text for n in sorted(chosen))])
    return Overlap(
        best=sum(weight for term, weight in needed.items() if term in first) / total,
        words=_share(claim.vocabulary - given, passage.vocabulary),
        pairs=_share(claim.pairs, passage.pairs),
        letters=letters(claim.text, texts),
        evidence=tuple(chosen),
    )


def _share(some: Set[Hashable], others: Set[Hashable]) -> float:
    return len(some & others) / len(some) if some else 0.0


def _choose(
    needed: Mapping[str, float], total: float, sentences: tuple[Sentence, ...], at_hand: Iterable[str]
) -> list[int]:
    """The sentence that holds most of the claim, then those that add most to it."""
    missing = dict(needed)
    chosen: list[int] = []
    while len(chosen) < MOST:
        gains = [
            (sum(missing[term] for term in s.terms & missing.keys()), -n)
            for n, s in enumerate(sentences)
            if n not in chosen
        ]
        gain, index = max(gains, default=(0.0, 0))
        if gain <= (GAIN * total if chosen else 0.0):
            break
        chosen.append(-index)
        for term in [*sentences[-index].terms, *at_hand]:
            missing.pop(term, None)
    return chosen


def letters(claim: str, passage: str) -> float:
    """Share of the claim's letter runs that the passage holds: pairs of Chinese characters, fives of others."""
    one, other = (normalise(text).casefold() for text in (claim, passage))
    size = GRAM_HAN if count_han(one) > len(one) / 3 else GRAM
    grams = {one[i : i + size] for i in range(len(one) - size + 1)}
    held = {other[i : i + size] for i in range(len(other) - size + 1)}
    return len(grams & held) / len(grams) if grams else 0.0
