"""Each edge of a subgraph is searched again, and kept only with a passage that states it."""

from collections.abc import Awaitable, Callable, Sequence

from ..errors import SearchFailed
from ..text.characters import normalise
from ..text.names import is_named
from ..trajectory import Passage
from ..web.search import Query, SearchResult
from .graph import KnowledgeGraph
from .records import SupportingPassage
from .relations import Wording, tail_text
from .subgraphs import Triple

Search = Callable[[Query], Awaitable[SearchResult]]
REMEMBERED = 100_000
"""Edges whose passage is kept in memory."""
LOOKED_AT = 8
"""Passages of one search."""
SHORTEST = 2
"""Characters of a name that can be looked for."""


class EvidenceSearch:
    """Looks for a passage that supports an edge; every edge once."""

    def __init__(self, graph: KnowledgeGraph, search: Search, wordings: Sequence[Wording]) -> None:
        self._graph = graph
        self._search = search
        self._wordings = wordings
        self._known: dict[tuple[int, int, str, str], SupportingPassage | None] = {}
        self.failed = 0
        """Searches that failed; the edges count as unsupported."""

    async def support(self, edge: Triple, language: str) -> SupportingPassage | None:
        """A passage that names both ends and the relation, in that language where there is one."""
        tail, names = self._graph.name(edge.tail, language), self._graph.all_names(edge.tail)
        return await self._look(edge.head, edge.relation, tail, names, self._graph.key(edge.tail), language)

    async def support_number(self, entity: int, relation: int, language: str) -> SupportingPassage | None:
        """A passage that names the entity, its number and the relation."""
        number = self._graph.number(entity, relation)
        shown = plain_number(number) if number is not None else ""
        return await self._look(entity, relation, shown, [shown], shown, language)

    async def _look(
        self, head: int, relation: int, tail: str, tail_names: list[str], tail_key: str, language: str
    ) -> SupportingPassage | None:
        """The passage, looked for once; None where a side has no name."""
        key = (head, relation, tail_key, language)
        if len(self._known) > REMEMBERED:
            self._known.clear()
        if key not in self._known:
            words, name = self._wordings[relation], self._graph.name(head, language)
            fact = fact_text(words, language, name, tail) if name and tail else ""
            sides = [self._graph.all_names(head), tail_names]
            found = None
            for passage in await self._passages(fact) if fact else []:
                text = normalise(f"{passage.title}\n{passage.text}")
                has_cue = not words.cues or any(cue in text.casefold() for cue in words.cues)
                has_names = all(any(is_named(name, text) for name in some) for some in sides)
                if passage.language in (None, language) and has_cue and has_names:
                    edge = [self._graph.key(head), words.key, tail_key]
                    found = SupportingPassage.of(passage, fact=fact, edge=edge)
                    break
            self._known[key] = found
        return self._known[key]

    async def _passages(self, query: str) -> list[Passage]:
        try:
            result = await self._search(Query(text=query, k=LOOKED_AT))
        except SearchFailed:
            self.failed += 1
            return []
        return [hit.passage for hit in result.hits]


def fact_text(words: Wording, language: str, head: str, tail: str) -> str:
    """The fact as a sentence."""
    verb = (words.form(language, "vp") or "{}").format(tail_text(words, language, tail))
    return f"{head}{verb}。" if language == "zh" else f"{head} {verb}."


def plain_number(number: float) -> str:
    """A number as people write it in a text."""
    return f"{number:,.0f}" if number == int(number) and abs(number) >= 10_000 else f"{number:g}"
