"""The quotations that show, step by step, how a question of several steps is answered.

Where names were followed, the steps are those of the trail. Else two documents are joined of which one names the other,
if together they have clearly more of what is asked than any quotation alone.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

from ..text.characters import has_han
from ..text.names import without_remark
from .candidates import Candidate
from .features import Asked, Pool
from .ranking import Ranked
from .trail import Step
from .words import content_terms, related

MOST_STEPS = 4
"""Steps of the trail that are quoted."""
LAST = 2
"""Quotations of the last step."""
EXAMINED = 150
"""Candidates among which two are joined."""
GAIN = 0.12
"""Share of what is asked that two quotations must have beyond the best one alone."""
LEAST = 0.6
"""Share of what is asked that two quotations must have."""
WHOLE = 0.85
"""Share from which they answer what no quotation alone does."""
SHORTEST_TITLE, SHORTEST_TITLE_ZH = 4, 2
"""Characters of a title that is looked for in other documents."""


def along(ranked: Sequence[Candidate], steps: Sequence[Step]) -> list[Candidate]:
    """What shows the steps of the trail: for each what names the next thing, then what is said of that thing, by how
    much of what is left to be asked about it that has. ranked: the candidates, best first.

    A step to a document that is not titled by that thing, and has nothing of what is asked, led away from the question.
    """
    chain: list[Candidate] = []
    for step in steps[:MOST_STEPS]:
        told = sorted((c for c in ranked if c.passage.id in step.target), key=lambda c: -_has(c, step.wanted))
        if not told or not (_has(told[0], step.wanted) or step.name.casefold() in told[0].passage.title.casefold()):
            continue
        naming = (c for c in ranked if c.passage.id in step.source and step.name in c.text)
        most = _has(told[0], step.wanted)
        last = [c for c in told if _has(c, step.wanted) == most and not c.overlaps(told[0])][: LAST - 1]
        chain += [*list(naming)[:1], told[0], *(last if step == steps[-1] and most else ())]
    return chain


def _has(candidate: Candidate, wanted: Iterable[str]) -> int:
    """How many of the wanted terms the candidate has, if in another form."""
    return sum(not related(term).isdisjoint(candidate.terms) for term in wanted)


def joined(ranked: Sequence[Ranked], asked: Asked, pool: Pool) -> tuple[list[Candidate], float]:
    """Two candidates of which one names the document of the other, and the share of what is asked that they have
    together; nothing where two have hardly more than one."""
    had = {one.candidate.key: _asked_in(one.candidate, asked) for one in ranked[:EXAMINED]}
    total = sum(asked.weights.values()) or 1.0

    def share(terms: Collection[str]) -> float:
        return sum(asked.weights[term] for term in terms) / total

    alone = max(map(share, had.values()), default=1.0)
    by_document: dict[str, list[Candidate]] = {}
    for one in ranked[:EXAMINED]:
        by_document.setdefault(one.candidate.passage.document, []).append(one.candidate)
    best: tuple[float, float, list[Candidate]] = (max(LEAST, alone + GAIN), 0.0, [])
    place = {one.candidate.key: n for n, one in enumerate(ranked[:EXAMINED])}
    for candidate, document in _mentions(by_document, pool):
        for other in by_document[document]:
            both = share(had[candidate.key] | had[other.key])
            best = max(
                best, (both, -(place[candidate.key] + place[other.key]), [candidate, other]), key=lambda b: b[:2]
            )
    return best[2], best[0] if best[2] else 0.0


def _asked_in(candidate: Candidate, asked: Asked) -> frozenset[str]:
    return _found(tuple(asked.weights), candidate.terms | candidate.context)


@lru_cache(maxsize=1 << 12)
def _found(wanted: tuple[str, ...], terms: frozenset[str]) -> frozenset[str]:
    return frozenset(term for term in wanted if not related(term).isdisjoint(terms))


def _mentions(by_document: dict[str, list[Candidate]], pool: Pool) -> Iterator[tuple[Candidate, str]]:
    """Candidates with the document that each names."""
    names = {document: without_remark(pool.titles[document]) for document in by_document}
    for document, name in names.items():
        if len(name) < (SHORTEST_TITLE_ZH if has_han(name) else SHORTEST_TITLE) or not content_terms(name):
            continue
        for other, candidates in by_document.items():
            if other != document:
                yield from ((c, document) for c in candidates if name in c.text)
