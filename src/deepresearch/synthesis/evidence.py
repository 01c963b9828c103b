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
        self._known: dict[tuple[Triple | tuple[int, int], str], SupportingPassage | None] = {}
        self.failed = 0
        """Searches that failed; the edges count as unsupported."""

    async def support(self, edge: Triple, language: str) -> SupportingPassage | None:
        """A passage that names both ends and the relation, in that language where there is one."""
        if len(self._known) > REMEMBERED:
            self._known.clear()
        if (edge, language) not in self._known:
            head, tail = self._graph.name(edge.head, language), self._graph.name(edge.tail, language)
            fact = fact_text(self._wordings[edge.relation], language, head, tail) if head and tail else ""
            names = [self._graph.all_names(edge.head), self._graph.all_names(edge.tail)]
            keys = [self._graph.key(edge.head), self._wordings[edge.relation].key, self._graph.key(edge.tail)]
            self._known[edge, language] = await self._look(fact, names, edge.relation, keys, language)
        return self._known[edge, language]

    async def support_number(self, entity: int, relation: int, language: str) -> SupportingPassage | None:
        """A passage that names the entity, its number and the relation."""
        number = self._graph.number(entity, relation)
        name = self._graph.name(entity, language)
        key = ((entity, relation), language)
        if key not in self._known and number is not None:
            fact = fact_text(self._wordings[relation], language, name, plain_number(number)) if name else ""
            keys = [self._graph.key(entity), self._wordings[relation].key, plain_number(number)]
            names = [self._graph.all_names(entity), [plain_number(number)]]
            self._known[key] = await self._look(fact, names, relation, keys, language)
        return self._known.get(key)

    async def _look(
        self, fact: str, names: list[list[str]], relation: int, keys: list[str], language: str
    ) -> SupportingPassage | None:
        if not fact:
            return None
        for passage in await self._passages(fact):
            if passage.language in (None, language):
                text = normalise(f"{passage.title}\n{passage.text}")
                cues = self._wordings[relation].cues
                has_cue = not cues or any(cue in text.casefold() for cue in cues)
                if has_cue and all(any(is_named(name, text) for name in some) for some in names):
                    return SupportingPassage(
                        passage=passage.id,
                        document=passage.document,
                        title=passage.title,
                        text=passage.text,
                        url=passage.url,
                        fact=fact,
                        edge=keys,
                    )
        return None

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
