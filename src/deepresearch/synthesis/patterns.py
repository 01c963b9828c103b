"""Patterns as queries: every entity of the whole graph that a description fits."""

from collections.abc import Iterable, Sequence

import numpy as np

from .graph import NONE, Ints, KnowledgeGraph, union
from .records import Clue, Pattern
from .relations import Wording

HUGE = 20_000
"""Edges of an entity beyond which a clue is checked candidate by candidate, where there are fewer of those."""


class PatternQuery:
    """Solves patterns over a graph. Keys of the entities that the patterns name must be known to it.

    What a transitive relation joins by several edges counts as joined: the parts of its parts are a thing's parts.
    """

    def __init__(self, graph: KnowledgeGraph, wordings: Sequence[Wording]) -> None:
        """wordings: one for each relation of the graph, in their order."""
        self.graph = graph
        self.class_relations = [number for number, words in enumerate(wordings) if words.is_class]
        self._transitive = {number for number, words in enumerate(wordings) if words.transitive}
        self._members: dict[int, Ints] = {}
        self.numbers: dict[str, int] = {}
        """Entities by key, as far as patterns have named them."""

    def key(self, entity: int) -> str:
        """The key of an entity, which patterns may use from now on."""
        key = self.graph.key(entity)
        self.numbers[key] = entity
        return key

    def solve(self, pattern: Pattern) -> Ints:
        """All entities that fit, sorted."""
        if pattern.name:
            return np.array([self.numbers[pattern.entity]], np.int32)
        found: Ints | None = None
        for _, _, clue in sorted((self._cost(clue), i, clue) for i, clue in enumerate(pattern.clues) if not clue.rank):
            found = self._matching(clue) if found is None else self._filtered(found, clue)
        if pattern.kind:
            kind = self.numbers[pattern.kind]
            found = self.members(kind) if found is None else self.of_kind(found, kind)
        found = NONE if found is None else found
        for clue in pattern.clues:
            if clue.rank:
                found = self._ranked(found, clue)
        return found

    def members(self, kind: int) -> Ints:
        """All entities of a class, and of its subclasses."""
        if kind not in self._members:
            kinds = self._joined([kind], [r for r in self.class_relations if r in self._transitive], False)
            direct = (self.graph.neighbours(int(k), r, False) for k in (kind, *kinds) for r in self.class_relations)
            self._members[kind] = union(direct)
        return self._members[kind]

    def of_kind(self, candidates: Ints, kind: int) -> Ints:
        """The candidates that are of a class."""
        if len(candidates) > HUGE or self._transitive & set(self.class_relations):
            return _both(candidates, self.members(kind))
        keep = [any(self.graph.has_edge(int(c), r, kind) for r in self.class_relations) for c in candidates]
        return _where(candidates, keep)

    def ranking(self, candidates: Ints, relation: int) -> list[tuple[float, int]] | None:
        """(number, entity), the largest first; None where a candidate has no number or two have the same."""
        rows = [(self.graph.number(int(c), relation), int(c)) for c in candidates]
        known = [(value, entity) for value, entity in rows if value is not None]
        if len(known) < len(rows) or len({value for value, _ in known}) < len(rows):
            return None
        return sorted(known, reverse=True)

    def _ranked(self, candidates: Ints, clue: Clue) -> Ints:
        relation = self.graph.relation(clue.relation)
        ranking = self.ranking(candidates, relation) if relation is not None else None
        place = (clue.rank or 1) - 1 if (clue.rank or 1) > 0 else (clue.rank or 1)
        if not ranking or not -len(ranking) <= place < len(ranking):
            return NONE
        return np.array([ranking[place][1]], np.int32)

    def _cost(self, clue: Clue) -> int:
        if clue.value is None:
            return 1 << 40
        return self.graph.degree(self.numbers[clue.value.entity]) if clue.value.name else 1 << 20

    def _ends(self, clue: Clue) -> tuple[int | None, Ints]:
        relation = self.graph.relation(clue.relation)
        return relation, self.solve(clue.value) if clue.value else NONE

    def _matching(self, clue: Clue) -> Ints:
        """All entities of which the clue holds."""
        relation, ends = self._ends(clue)
        if relation is None:
            return NONE
        if clue.value is None:
            assert clue.low is not None and clue.high is not None
            return self.graph.within(relation, clue.low, clue.high)
        if relation in self._transitive:
            return self._joined(ends, [relation], not clue.forward)
        return union(self.graph.neighbours(int(end), relation, not clue.forward) for end in ends)

    def _joined(self, starts: Iterable[int], relations: Sequence[int], forward: bool) -> Ints:
        """Entities that one or more edges of the relations join to the starts."""
        found: set[int] = set()
        open_ = [int(start) for start in starts]
        while open_:
            entity = open_.pop()
            fresh = {int(e) for r in relations for e in self.graph.neighbours(entity, r, forward)} - found
            found |= fresh
            open_ += fresh
        return np.array(sorted(found), np.int32)

    def _filtered(self, candidates: Ints, clue: Clue) -> Ints:
        relation, ends = self._ends(clue)
        if relation is None or not len(candidates):
            return NONE
        huge = len(candidates) > HUGE or self._edges_of(ends) < len(candidates)
        if clue.value is None or huge or relation in self._transitive:
            return _both(candidates, self._matching(clue))
        keep = [bool(np.isin(self.graph.neighbours(int(c), relation, clue.forward), ends).any()) for c in candidates]
        return _where(candidates, keep)

    def _edges_of(self, ends: Ints) -> int:
        return sum(self.graph.degree(int(end)) for end in ends[:HUGE])


def _both(some: Ints, others: Ints) -> Ints:
    found: Ints = np.intersect1d(some, others)
    return found


def _where(candidates: Ints, keep: Sequence[bool]) -> Ints:
    found: Ints = candidates[np.array(keep, bool)]
    return found
