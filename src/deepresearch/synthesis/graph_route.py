"""The graph route: seed, subgraph, evidence for each edge, a pattern with one solution, its question."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from .data_files import Card
from .drawing import Drawer, Material, depth, described, difficulty, hops, leak, near_misses, walk
from .evidence import EvidenceSearch, Search
from .generation import Progress, Rejected, write_tasks
from .graph import KnowledgeGraph
from .patterns import PatternQuery
from .questions import QuestionWriter
from .records import Clue, DataCard, Pattern, Provenance, SourceFile, SupportingPassage, SyntheticTask
from .relations import Wording, wording
from .subgraphs import HUB, SEED_DEGREES, SIZES, Subgraph, Triple, grow, seeds

OTHER_ROOT = 0.4
"""How often the answer is not the seed but another node of its subgraph."""


@dataclass(frozen=True)
class GraphOptions:
    """What determines the tasks, beside graph and library."""

    count: int = 100
    seed: int = 0
    languages: Sequence[str] = ("en",)
    seed_degrees: tuple[int, int] = SEED_DEGREES
    sizes: tuple[int, int] = SIZES
    hub: int = HUB
    library: str = ""
    """Name of what is searched, for the record."""


class GraphRoute:
    """Makes tasks from one graph and one place to search."""

    def __init__(self, graph: KnowledgeGraph, search: Search, options: GraphOptions) -> None:
        self.graph = graph
        self.options = options
        keys = graph.relations
        self.wordings: list[Wording] = [wording(key, graph.relation_labels.get(key, "")) for key in keys]
        self.query = PatternQuery(graph, self.wordings)
        self.evidence = EvidenceSearch(graph, search, self.wordings)
        self._seeds = seeds(graph, options.seed_degrees)
        self.supported = 0

    async def attempt(self, number: int, own_seed: str, rng: random.Random) -> SyntheticTask:
        """The task of one attempt. own_seed: what `rng` was made from, for the record. Raises Rejected."""
        language = self.options.languages[number % len(self.options.languages)]
        seed = int(self._seeds[rng.randrange(len(self._seeds))])
        subgraph = grow(
            self.graph, seed, rng, rng.randint(*self.options.sizes), self.options.hub, self.query.class_relations
        )
        root = self._root(subgraph, rng)
        edges = await self._supported(subgraph, language)
        if not edges:
            raise Rejected("no edge of the subgraph has a supporting passage")
        numeric = self.graph.numeric
        numbers = {root: [n for n in numeric if await self.evidence.support_number(root, n, language)]}
        pattern = Drawer(self.query, self.wordings, Material(edges, numbers), language, rng).draw(root)
        evidence = await self._evidence(pattern, language)
        return self._task(pattern, root, language, evidence, own_seed, rng)

    def _root(self, subgraph: Subgraph, rng: random.Random) -> int:
        others = [node for node in subgraph.nodes[1:] if self.graph.degree(node) <= self.options.hub]
        return rng.choice(others) if others and rng.random() < OTHER_ROOT else subgraph.nodes[0]

    async def _supported(self, subgraph: Subgraph, language: str) -> list[Triple]:
        edges = [edge for edge in subgraph.edges if not self.wordings[edge.relation].hidden]
        found = await asyncio.gather(*(self.evidence.support(edge, language) for edge in edges))
        kept = [edge for edge, passage in zip(edges, found, strict=True) if passage]
        self.supported += len(kept)
        return kept

    async def _evidence(self, pattern: Pattern, language: str) -> list[SupportingPassage]:
        """A passage for each fact of the pattern, in the order in which they are needed. Raises Rejected."""
        writer = QuestionWriter(self.query, language)
        found: dict[str, SupportingPassage] = {}

        def name(part: Pattern) -> str:
            return self.graph.name(self.query.numbers[part.entity], language)

        for step, owner in enumerate(described(pattern)):
            for clue in owner.clues:
                for passage in await self._clue_evidence(owner, clue, language):
                    query = writer.search_text(clue, name)
                    if clue.value is None:
                        query = f"{passage.title} {query}"
                    found.setdefault(passage.fact, passage.model_copy(update={"step": step, "query": query}))
        return list(found.values())

    async def _clue_evidence(self, owner: Pattern, clue: Clue, language: str) -> list[SupportingPassage]:
        entity = self.query.numbers[owner.entity]
        relation = self.graph.relation(clue.relation)
        assert relation is not None
        if clue.value:
            other = self.query.numbers[clue.value.entity]
            edge = Triple(entity, relation, other) if clue.forward else Triple(other, relation, entity)
            found = [await self.evidence.support(edge, language)]
        else:
            compared = [entity]
            if clue.rank:
                rest = owner.model_copy(update={"clues": [c for c in owner.clues if not c.rank]})
                compared += [int(e) for e in self.query.solve(rest) if int(e) != entity]
            found = [await self.evidence.support_number(e, relation, language) for e in compared]
        if not all(found):
            raise Rejected("a compared number has no supporting passage")
        return [passage for passage in found if passage]

    def _task(
        self,
        pattern: Pattern,
        root: int,
        language: str,
        evidence: list[SupportingPassage],
        seed: str,
        rng: random.Random,
    ) -> SyntheticTask:
        writer = QuestionWriter(self.query, language)
        question = writer.question(pattern, rng)
        if why := leak(self.graph, root, question, pattern):
            raise Rejected(why)
        names = self.graph.all_names(root)
        answer = self.graph.name(root, language)
        score = difficulty(pattern)
        values = [clue.value for _, clue in walk(pattern) if clue.value]
        parts = [(value.entity, self.query.numbers[value.entity]) for value in values]
        missed = [self.graph.name(e, language) for e in near_misses(self.query, pattern, root)]
        return SyntheticTask(
            id=f"graph-{language}-{blake2b(pattern.model_dump_json().encode(), digest_size=6).hexdigest()}",
            question=question,
            language=language,
            answer=answer,
            aliases=[name for name in names if name != answer],
            plan=writer.plan(pattern),
            evidence=evidence,
            distractors=[name for name in missed if name],
            hops=hops(pattern),
            depth=depth(pattern),
            difficulty=score,
            level="easy" if score < 5 else "medium" if score < 8 else "hard",
            provenance=Provenance(
                route="graph",
                seed=seed,
                pattern=pattern,
                pages=list(dict.fromkeys(e.document for e in evidence)),
                notes={"names": {key: self.graph.name(entity, language) for key, entity in parts}},
            ),
        )


async def make_graph_tasks(
    graph: KnowledgeGraph,
    search: Search,
    out: Path,
    options: GraphOptions,
    sources: Sequence[SourceFile] = (),
    progress: Progress = lambda done, wanted, what: None,
) -> DataCard:
    """Write `options.count` tasks to `out`, or as many as there are; continues a file that was begun.

    Raises UserError for a graph without seeds, a library that supports nothing, and where no task could be made.
    """
    route = GraphRoute(graph, search, options)
    card = Card(out, "graph", options.seed, sources)
    card.problems, card.problem_count = graph.about["problems"], graph.about["problem_count"]
    made = await write_tasks(route.attempt, options, card, progress, lambda: not route.supported)
    if route.evidence.failed:
        card.problem(f"{route.evidence.failed} searches failed", "their facts counted as unsupported")
    return card.write() if route.evidence.failed else made
