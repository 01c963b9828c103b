"""From a verified subgraph to a pattern that one entity of the whole graph fits, and that no single look-up solves."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..text.names import is_named
from .generation import Rejected
from .graph import Ints, KnowledgeGraph
from .patterns import PatternQuery
from .records import Clue, Pattern
from .relations import LANGUAGES, Wording
from .subgraphs import Triple

MOST_CLUES = 4
DEEPEST = {"en": 3, "zh": 2}
"""Longest chain from the answer to a name; in Chinese what describes a thing stands before it, so that longer ones
cannot be read."""
RANKED_AMONG = (3, 12)
"""Sizes of the groups of which the answer may be the largest, second largest, ..."""
DESCRIBED = 0.5
"""How often a neighbour is described instead of named."""
FOREIGN = 0.2
"""How often a name is given in another language, where there is one in LATIN."""
LATIN = ("de", "fr", "es", "it", "pt")
_COMMON_STEMS = frozenset("unite repub islan south north easte weste centr saint franc dolla".split())


@dataclass
class Material:
    """What a pattern may be drawn from: edges and numbers with a passage that supports them."""

    edges: Sequence[Triple]
    numbers: Mapping[int, Sequence[int]] = field(default_factory=dict)
    """Entity to its supported numeric relations."""

    def __post_init__(self) -> None:
        self.touching: dict[int, list[Triple]] = {}
        for edge in self.edges:
            self.touching.setdefault(edge.head, []).append(edge)
            self.touching.setdefault(edge.tail, []).append(edge)


class Drawer:
    """Draws patterns in one language from one subgraph."""

    def __init__(
        self, query: PatternQuery, wordings: Sequence[Wording], material: Material, language: str, rng: random.Random
    ) -> None:
        self._query = query
        self._graph: KnowledgeGraph = query.graph
        self._wordings = wordings
        self._material = material
        self._language = language
        self._rng = rng

    def draw(self, root: int) -> Pattern:
        """A pattern whose only solution is `root`. Raises Rejected."""
        if not self._can_name(root):
            raise Rejected("the answer's name is missing or ambiguous")
        pattern = Pattern(entity=self._query.key(root), kind=self._kind_of(root))
        if not pattern.kind:
            raise Rejected("the answer has no class")
        used = {root}
        for edge in self._edges(root, used):
            clue = self._clue(root, edge, used, 1)
            if clue and not self._is_lookup(pattern, clue):
                pattern.clues.append(clue)
            if len(pattern.clues) >= 2 and self._solutions(pattern) == 1:
                break
            if len(pattern.clues) == MOST_CLUES:
                break
        if not pattern.clues:
            raise Rejected("every clue is a look-up")
        self._narrow(root, pattern)
        if self._query.solve(pattern).tolist() != [root]:
            raise Rejected("several entities fit")
        self._prune(root, pattern)
        if not _has_steps(pattern):
            raise Rejected("too few steps")
        return pattern

    def _edges(self, node: int, used: set[int]) -> Iterator[Triple]:
        """Supported edges of a node that may be told, one relation after another."""
        edges = [e for e in self._material.touching.get(node, []) if self._can_ask(e, node)]
        self._rng.shuffle(edges)
        told: dict[tuple[int, bool], int] = {}
        ranked = []
        for edge in edges:
            kind = (edge.relation, edge.head == node)
            told[kind] = told.get(kind, 0) + 1
            ranked.append((told[kind], edge))
        for _, edge in sorted(ranked, key=lambda pair: pair[0]):
            if (edge.tail if edge.head == node else edge.head) not in used:
                yield edge

    def _can_ask(self, edge: Triple, node: int) -> bool:
        words = self._wordings[edge.relation]
        return not words.hidden and (edge.head == node or not (words.named or words.partial))

    def _clue(self, node: int, edge: Triple, used: set[int], depth: int) -> Clue | None:
        """The edge as a clue about `node`; None where its other end can be neither named nor described."""
        forward = edge.head == node
        other = edge.tail if forward else edge.head
        value = None
        can_describe = depth < DEEPEST[self._language] and not self._wordings[edge.relation].named
        if can_describe and self._rng.random() < DESCRIBED:
            value = self._described(other, used, depth, edge if forward else None)
        if value is None and self._can_name(other):
            value = self._named(other)
        if value is None and can_describe:
            value = self._described(other, used, depth, edge if forward else None)
        if value is None:
            return None
        used.add(other)
        return Clue(relation=self._wordings[edge.relation].key, forward=forward, value=value)

    def _described(self, node: int, used: set[int], depth: int, told: Triple | None) -> Pattern | None:
        """The tail of `told`, or a head, by clues; one that another head shares is described by that alone."""
        kind = self._kind_of(node)
        if not kind:
            return None
        pattern = Pattern(entity=self._query.key(node), kind=kind)
        inner = used | {node}
        wanted = self._rng.choice((1, 1, 2))
        for edge in self._edges(node, inner):
            shared = told is not None and edge.relation == told.relation and edge.tail == node
            repeated = told is not None and depth > 1 and edge.relation == told.relation and not shared
            can_share = not pattern.clues and self._wordings[edge.relation].form(self._language, "shared")
            if (shared and not can_share) or repeated:
                continue
            if clue := self._clue(node, edge, inner, depth + 1):
                pattern.clues.append(clue)
            if pattern.clues and shared:
                break
            if len(pattern.clues) == wanted:
                break
        if not pattern.clues:
            return None
        used |= inner
        return pattern

    def _named(self, node: int) -> Pattern:
        own = self._graph.name(node, self._language)
        foreign = [
            (name, code)
            for code in LATIN
            if (name := self._graph.name(node, code)) and name != own and not self._graph.is_ambiguous(name)
        ]
        if foreign and self._kind_of(node) and self._rng.random() < FOREIGN:
            name, code = self._rng.choice(foreign)
            return Pattern(entity=self._query.key(node), name=name, name_language=code, kind=self._kind_of(node))
        return Pattern(entity=self._query.key(node), name=own)

    def _narrow(self, root: int, pattern: Pattern) -> None:
        """Add a clue about a number, where several entities still fit."""
        solutions = self._query.solve(pattern)
        if len(solutions) == 1:
            return
        numeric = list(self._material.numbers.get(root, ()))
        self._rng.shuffle(numeric)
        for relation in numeric:
            words = self._wordings[relation]
            if rank := self._rank(root, pattern, solutions, relation):
                pattern.clues.append(Clue(relation=words.key, rank=rank))
                return
            number = self._graph.number(root, relation)
            if number is None:
                continue
            low, high = (number, number) if words.form(self._language, "exact") else around(number, self._rng)
            clue = Clue(relation=words.key, low=low, high=high)
            if self._solutions(pattern.model_copy(update={"clues": [*pattern.clues, clue]})) < len(solutions):
                pattern.clues.append(clue)
            if self._solutions(pattern) == 1:
                return

    def _rank(self, root: int, pattern: Pattern, solutions: Ints, relation: int) -> int | None:
        """The place of `root` among the solutions; None where it has none worth asking for, or where it depends on
        whether those that the question names are among them."""
        if len(solutions) > RANKED_AMONG[1] or not self._wordings[relation].form(self._language, "largest"):
            return None
        named = {self._query.numbers[c.value.entity] for _, c in walk(pattern) if c.value and c.value.name}
        ranks: set[int] = set()
        for group in (solutions, np.array([e for e in solutions.tolist() if e not in named], np.int32)):
            ranking = self._query.ranking(group, relation) or []
            if len(ranking) < RANKED_AMONG[0]:
                return None
            place = [entity for _, entity in ranking].index(root)
            ranks |= {place + 1, place - len(ranking)} if not ranks else set()
            ranks &= {place + 1, place - len(ranking)}
        return next((rank for rank in sorted(ranks, key=abs) if abs(rank) <= 3), None)

    def _prune(self, root: int, pattern: Pattern) -> None:
        """Take out what the answer does not depend on."""
        for clue in list(pattern.clues):
            rest = pattern.model_copy(update={"clues": [c for c in pattern.clues if c is not clue]})
            if not clue.rank and rest.clues and self._query.solve(rest).tolist() == [root]:
                pattern.clues.remove(clue)

    def _is_lookup(self, pattern: Pattern, clue: Clue) -> bool:
        """Whether one fact with a name in it gives the answer away."""
        alone = bool(clue.value and clue.value.name)
        return alone and self._solutions(pattern.model_copy(update={"clues": [clue]})) == 1

    def _solutions(self, pattern: Pattern) -> int:
        return len(self._query.solve(pattern))

    def _kind_of(self, node: int) -> str:
        """The key of the rarest class of an entity that has a name in the language."""
        kinds = [int(k) for r in self._query.class_relations for k in self._graph.neighbours(node, r, True)]
        named = [kind for kind in kinds if self._graph.name(kind, self._language)]
        return self._query.key(min(named, key=lambda kind: (self._graph.degree(kind), kind))) if named else ""

    def _can_name(self, node: int) -> bool:
        name = self._graph.name(node, self._language)
        return bool(name) and not self._graph.is_ambiguous(name)


def _has_steps(pattern: Pattern) -> bool:
    """Whether several facts have to be found one after another: a chain, a comparison, or three clues and more."""
    ranked = any(clue.rank for clue in pattern.clues)
    return len(pattern.clues) > 1 if ranked else depth(pattern) >= 2 or hops(pattern) >= 3


def hops(pattern: Pattern) -> int:
    """Facts that a pattern joins."""
    return sum(1 + (hops(clue.value) if clue.value else 0) for clue in pattern.clues)


def depth(pattern: Pattern) -> int:
    """Length of its longest chain."""
    return max((1 + (depth(clue.value) if clue.value else 0) for clue in pattern.clues), default=0)


def difficulty(pattern: Pattern) -> float:
    """Grows with facts, length of the longest chain, and what is described, foreign, ranged or ranked."""
    hidden = sum(
        1 for p, clue in walk(pattern) if clue.rank or (clue.value and (clue.value.name_language or clue.value.clues))
    )
    compared = 2.0 * any(clue.rank for clue in pattern.clues)
    return hops(pattern) + 2.0 * (depth(pattern) - 1) + hidden + compared


def walk(pattern: Pattern) -> Iterator[tuple[Pattern, Clue]]:
    """Every clue with the pattern that it belongs to, the inner ones first."""
    for clue in pattern.clues:
        if clue.value:
            yield from walk(clue.value)
        yield pattern, clue


def described(pattern: Pattern) -> Iterator[Pattern]:
    """What a pattern describes, in the order in which it has to be found; itself at the end."""
    for clue in pattern.clues:
        if clue.value and clue.value.clues:
            yield from described(clue.value)
    yield pattern


def around(number: float, rng: random.Random) -> tuple[float, float]:
    """Bounds of two figures around a number."""
    step = 10.0 ** (math.floor(math.log10(abs(number))) - 1) if number else 1.0
    low, high = number * rng.uniform(0.6, 0.9), number * rng.uniform(1.1, 1.5)
    return math.floor(min(low, high) / step) * step, math.ceil(max(low, high) / step) * step


def near_misses(query: PatternQuery, pattern: Pattern, answer: int, most: int = 8) -> list[int]:
    """Entities that meet all top clues but one."""
    found: dict[int, None] = {}
    for clue in pattern.clues:
        rest = [c for c in pattern.clues if c is not clue]
        if any(not c.rank for c in rest):
            for entity in query.solve(pattern.model_copy(update={"clues": rest}))[: 4 * most]:
                found.setdefault(int(entity))
    return [entity for entity in found if entity != answer][:most]


def leak(graph: KnowledgeGraph, answer: int, question: str, pattern: Pattern) -> str:
    """Why the question gives its answer away; empty where it does not."""
    if any(is_named(name, question) for name in graph.all_names(answer)):
        return "the question names the answer"
    usual = [graph.name(answer, language) for language in LANGUAGES]
    stems = {stem for name in usual for stem in _stems(name)}
    named = [clue.value.name for _, clue in walk(pattern) if clue.value and clue.value.name]
    if any(stems & _stems(name) for name in named):
        return "a name in the question resembles the answer"
    return ""


def _stems(name: str) -> set[str]:
    """Beginnings of words, and pairs of Chinese characters, by which names of one origin resemble each other."""
    words = [word[:5].casefold() for word in name.replace("-", " ").split() if word.isascii() and len(word) >= 4]
    han = [name[i : i + 2] for i in range(len(name) - 1) if not name[i : i + 2].isascii()]
    return {*words, *han} - _COMMON_STEMS
