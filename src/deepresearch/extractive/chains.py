"""The quotations that show, step by step, how a question of several steps is answered.

Where names were followed, the steps are those of the trail. Else two documents are joined of which one names the other,
if together they have clearly more of what is asked than any quotation alone.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from ..text.characters import has_han
from ..text.names import without_remark
from .candidates import Candidate
from .features import Asked, Pool
from .ranking import Ranked
from .trail import Step
from .words import content_terms, related

MOST_STEPS, LAST = 4, 2
"""Steps of the trail that are quoted, and quotations of the last step."""
EXAMINED = 150
"""Candidates among which two are joined."""
GAIN, LEAST = 0.12, 0.6
"""Share of what is asked that two quotations must have beyond the best one alone, and in all."""
WHOLE = 0.85
"""Share from which they answer what no quotation alone does."""
SHORTEST, SHORTEST_ZH = 4, 2
"""Characters of a title that is looked for in other documents."""


def along(ranked: Sequence[Ranked], steps: Sequence[Step]) -> list[Candidate]:
    """What shows the steps of the trail: for each what names the next thing, then what is said of that thing, by how
    much of what is left to be asked about it that has, and whether it has the kind of answer. ranked: best first.

    A step to a document that is not titled by that thing, and has nothing of what is asked, led away from the question.
    """
    chain: list[Candidate] = []
    for step in steps[:MOST_STEPS]:
        sources = (one.candidate for one in ranked if one.candidate.passage.id in step.source)
        naming = [c for c in sources if step.name in c.text][:1]
        wanted = [term for term in step.wanted if not (naming and term in naming[0].terms)]
        here = [
            (len(_found(tuple(wanted), one.candidate.terms)), step.expected in one.candidate.text, one)
            for one in ranked
            if one.candidate.passage.id in step.target
        ]
        here.sort(key=lambda found: (-found[0], -found[1], -found[2].values["answer"]))
        told = [one.candidate for has, _, one in here if has == here[0][0]]
        if not told or not (here[0][0] or step.name.casefold() in told[0].passage.title.casefold()):
            continue
        last = [c for c in told if not c.overlaps(told[0])] if step == steps[-1] and here[0][0] else []
        chain += [*naming, told[0], *last[: LAST - 1]]
    return chain


def joined(ranked: Sequence[Ranked], asked: Asked, pool: Pool) -> tuple[list[Candidate], float]:
    """Two candidates of which one names the document of the other, and the share of what is asked that they have
    together; nothing where two have hardly more than one."""
    examined = [one.candidate for one in ranked[:EXAMINED]]
    had = {c.key: _found(tuple(asked.weights), c.terms | c.context) for c in examined}
    total = sum(asked.weights.values()) or 1.0

    def share(terms: Collection[str]) -> float:
        return sum(asked.weights[term] for term in terms) / total

    alone = max(map(share, had.values()), default=1.0)
    pairs = [(share(had[one.key] | had[other.key]), [one, other]) for one, other in _mentions(examined, pool)]
    together, pair = max(pairs, key=lambda found: found[0], default=(0.0, []))
    return (pair, together) if together >= max(LEAST, alone + GAIN) else ([], 0.0)


@lru_cache(maxsize=1 << 12)
def _found(wanted: tuple[str, ...], terms: frozenset[str]) -> frozenset[str]:
    """Those of the wanted terms that are there, if in another form."""
    return frozenset(term for term in wanted if not related(term).isdisjoint(terms))


def _mentions(candidates: Sequence[Candidate], pool: Pool) -> Iterator[tuple[Candidate, Candidate]]:
    """Pairs of candidates of which the first names the document of the second."""
    names = {c.passage.document: without_remark(pool.titles[c.passage.document]) for c in candidates}
    fit = {d: n for d, n in names.items() if len(n) >= (SHORTEST_ZH if has_han(n) else SHORTEST) and content_terms(n)}
    for one in candidates:
        named = {document for document, name in fit.items() if document != one.passage.document and name in one.text}
        yield from ((one, other) for other in candidates if other.passage.document in named)
