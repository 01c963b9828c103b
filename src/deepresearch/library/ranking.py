"""Fusion of rankings and removal of near-duplicates, after the index has scored the hits."""

from collections.abc import Iterable, Sequence
from itertools import islice
from zlib import crc32

from ..text.terms import tokenise
from ..web.search import Hit

ALIKE = 0.8
"""Share of common word triples from which two passages count as one."""
_SKETCH = 8
K = 60  # constant of reciprocal-rank fusion; the customary value


def fuse(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    """One ranking out of those of several engines, best first.

    By reciprocal rank (Cormack et al. 2009): a passage scores the sum of 1 / (60 + its rank) over the rankings that
    have it. What there is only one of stays as it is, its scores included.
    """
    if len(rankings) == 1:
        return list(rankings[0])
    scores: dict[str, float] = {}
    hits: dict[str, Hit] = {}
    for ranking in rankings:
        for rank, hit in enumerate(ranking, 1):
            scores[hit.passage.id] = scores.get(hit.passage.id, 0.0) + 1 / (K + rank)
            hits.setdefault(hit.passage.id, hit)
    return sorted((Hit(hits[id].passage, score) for id, score in scores.items()), key=lambda hit: -hit.score)


class Repeats:
    """Finds near-duplicates: each text is compared with those given before."""

    def __init__(self) -> None:
        self._shapes: list[frozenset[int]] = []
        self._by_sketch: dict[int, list[int]] = {}

    def of(self, text: str) -> int | None:
        """Which earlier text, counted from 0, `text` repeats. One that repeats none is remembered and counted: None."""
        shape = _shape(text)
        sketch = sorted(shape)[:_SKETCH]
        near = sorted({number for part in sketch for number in self._by_sketch.get(part, ())})
        for number in near:
            other = self._shapes[number]
            if len(shape & other) >= ALIKE * len(shape | other):
                return number
        for part in sketch:
            self._by_sketch.setdefault(part, []).append(len(self._shapes))
        self._shapes.append(shape)
        return None


def without_repeats(hits: Iterable[Hit], k: int) -> list[Hit]:
    """The first `k` hits that are not near-duplicates of a better one."""
    repeats = Repeats()
    return list(islice((hit for hit in hits if repeats.of(hit.passage.text) is None), k))


def _shape(text: str) -> frozenset[int]:
    terms = tokenise(text)
    triples = zip(terms, terms[1:], terms[2:], strict=False)
    return frozenset(crc32(" ".join(triple).encode()) for triple in triples) or frozenset([crc32(text.encode())])
