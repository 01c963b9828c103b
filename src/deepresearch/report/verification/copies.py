"""Passages that hold one text: however many of them a claim cites, it rests on one source."""

from collections.abc import Sequence
from functools import lru_cache

from ...text.terms import tokenise
from ...trajectory import Passage

ALIKE = 0.8
"""Share of the shorter passage's word triples from which the other one is a copy."""
SHORTEST = 8
"""Triples from which a common text is no accident."""


def copies(passages: Sequence[Passage]) -> dict[str, str]:
    """For each passage that repeats an earlier one, the id of that one."""
    first: list[Passage] = []
    repeated: dict[str, str] = {}
    for passage in passages:
        original = next((p for p in first if p.id != passage.id and _are_copies(p.text, passage.text)), None)
        if original:
            repeated[passage.id] = original.id
        else:
            first.append(passage)
    return repeated


def _are_copies(one: str, other: str) -> bool:
    shapes = _shape(one), _shape(other)
    fewer = min(map(len, shapes))
    return fewer >= SHORTEST and len(shapes[0] & shapes[1]) >= ALIKE * fewer


@lru_cache(maxsize=1024)
def _shape(text: str) -> frozenset[tuple[str, ...]]:
    terms = tokenise(text)
    return frozenset(zip(terms, terms[1:], terms[2:], strict=False))
