"""Subgraphs around seeds: breadth first, with hubs as leaves."""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..errors import UserError
from .graph import Ints, KnowledgeGraph

SEED_DEGREES = (3, 10)
SIZES = (10, 40)
HUB = 1000
"""An entity of higher degree stays a leaf: what it is linked to says little about it."""
PER_NODE = 8
"""Neighbours taken of one node, so that a subgraph does not fill up with the first one's."""


@dataclass(frozen=True)
class Triple:
    """A triple by its numbers."""

    head: int
    relation: int
    tail: int


@dataclass
class Subgraph:
    """Nodes in the order found, the seed first, and all edges between them that were walked."""

    nodes: list[int]
    edges: list[Triple] = field(default_factory=list)


def seeds(graph: KnowledgeGraph, degrees: tuple[int, int] = SEED_DEGREES) -> Ints:
    """Entities whose degree is within the bounds. Raises UserError where there is none."""
    found: Ints = np.flatnonzero((graph.degrees >= degrees[0]) & (graph.degrees <= degrees[1]))
    if not len(found):
        raise UserError(
            f"No entity of the graph has between {degrees[0]} and {degrees[1]} edges, so there is no seed.",
            "Give other --seed-degrees.",
        )
    return found


def grow(
    graph: KnowledgeGraph,
    seed: int,
    rng: random.Random,
    size: int,
    hub: int = HUB,
    skip: Sequence[int] = (),
) -> Subgraph:
    """The subgraph of at most `size` nodes around `seed`. skip: relations that are not followed."""
    grown = Subgraph([seed])
    known = {seed}
    edges: set[Triple] = set()
    queue = deque([seed])
    while queue:
        node = queue.popleft()
        if node != seed and graph.degree(node) > hub:
            continue
        for other, edge in _some(graph, node, rng, skip):
            if other not in known:
                if len(known) >= size:
                    continue
                known.add(other)
                grown.nodes.append(other)
                queue.append(other)
            edges.add(edge)
    grown.edges = sorted(edges, key=lambda e: (e.head, e.relation, e.tail))
    return grown


def _some(graph: KnowledgeGraph, node: int, rng: random.Random, skip: Sequence[int]) -> Iterator[tuple[int, Triple]]:
    """A few neighbours with the edge to each, relations that are rare at this node before frequent ones."""
    found: list[tuple[int, Triple]] = []
    for forward in (True, False):
        relations, others = graph.edges(node, forward)
        places = list(range(len(relations)))
        for place in rng.sample(places, PER_NODE) if len(places) > PER_NODE else places:
            relation, other = int(relations[place]), int(others[place])
            if relation not in skip and other != node:
                found.append((other, Triple(node, relation, other) if forward else Triple(other, relation, node)))
    rng.shuffle(found)
    yield from found
