"""The index over words on an OpenSearch server: the terms, fields and weights are those of the one on disk."""

from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Any

from ..text.terms import content_terms, tokenise
from ..trajectory import Passage
from ..web.engines.opensearch import OpenSearchIndex
from .engine import Filters
from .index import BOOSTS, NAME, day, name_of, names_in, sites

MOST_TERMS, MOST_NAMED = 128, 48
"""Distinct terms that are looked up, and terms in which titles are sought: the server takes 1,024 clauses."""
_TERMS = {"type": "text", "analyzer": "terms", "index_options": "freqs"}
BODY = {
    "settings": {
        "analysis": {
            "tokenizer": {"terms": {"type": "whitespace", "max_token_length": 1024}},
            "analyzer": {"terms": {"type": "custom", "tokenizer": "terms"}},
        },
        "similarity": {"default": {"type": "BM25", "k1": 1.2, "b": 0.75}},
    },
    "mappings": {
        "dynamic": "strict",
        "properties": {
            **dict.fromkeys((*BOOSTS, "name"), _TERMS),
            **{name: {"type": "integer"} for name in ("first_day", "last_day")},
            **{name: {"type": "keyword"} for name in ("language", "site")},
            "key": {"type": "long"},
        },
    },
}
"""What the server is told of the index: terms come ready made, so it only splits them at spaces."""


class OpenSearchEngine:
    """An Engine over one index of the server."""

    name = "opensearch"
    version = "1"

    def __init__(self, index: OpenSearchIndex) -> None:
        self.notes: list[str] = []
        self._index = index

    def check(self) -> None:
        """See Engine."""
        if not self._index.exists():
            raise ValueError("the index is gone from the server")

    def update(self, batch: Iterable[tuple[int, Passage]], above: int, dropped: Iterable[int]) -> None:
        """See Engine: every step may be done twice, so nothing needs to know how far an earlier update came."""
        self.check()
        self._index.delete_above("key", above)
        gone = ((str(key), None) for key in dropped)
        self._index.write(chain(gone, ((str(key), _fields(key, passage)) for key, passage in batch)))
        self._index.refresh()

    def search(self, text: str, k: int, filters: Filters) -> list[tuple[int, float]]:
        """See Engine; of more than 10,000 the best 10,000."""
        if not (terms := tokenise(text)) or k < 1:
            return []
        found = self._index.search(_query(text, terms, filters), k)
        if found is None:
            raise ValueError("the index is gone from the server")
        return sorted(((int(id), score) for id, score in found), key=lambda hit: (-hit[1], hit[0]))

    def clear(self) -> None:
        """See Engine."""
        self._index.replace(BODY)

    def close(self) -> None:
        self._index.close()


def _fields(key: int, passage: Passage) -> dict[str, Any]:
    title, heading = tokenise(passage.title), tokenise("\n".join(passage.heading))
    fields: dict[str, Any] = {
        "key": key,
        "body": " ".join(title + heading + tokenise(passage.text)),
        "title": " ".join(title),
        "heading": " ".join(heading),
        "name": " ".join(map(name_of, dict.fromkeys([passage.title, *passage.heading[-1:]]))),
        "site": sites(passage.url),
    }
    if passage.date:
        fields |= {"first_day": day(passage.date, last=False), "last_day": day(passage.date, last=True)}
    if passage.language:
        fields["language"] = passage.language
    return fields


def _query(text: str, terms: list[str], filters: Filters) -> dict[str, Any]:
    counts = Counter(content_terms(text)).most_common(MOST_TERMS)
    wanted = [_term(field, term, count * boost) for term, count in counts for field, boost in BOOSTS.items()]
    function = set(terms) - {term for term, _ in counts}
    wanted += [_term("name", name, NAME) for name in names_in(terms[:MOST_NAMED], function)]
    return {"bool": {"should": wanted, "minimum_should_match": 1, "filter": _filters(filters)}}


def _term(field: str, term: str, boost: float) -> dict[str, Any]:
    return {"term": {field: {"value": term, "boost": boost}}}


def _filters(filters: Filters) -> list[dict[str, Any]]:
    """The filters as queries that all must hold and score nothing."""
    queries: list[dict[str, Any]] = []
    if filters.since:
        queries.append({"range": {"last_day": {"gte": day(filters.since, last=False)}}})
    if filters.until:
        queries.append({"range": {"first_day": {"lte": day(filters.until, last=True)}}})
    if filters.language:
        queries.append({"term": {"language": {"value": filters.language}}})
    if filters.site:
        queries.append({"term": {"site": {"value": filters.site}}})
    if filters.domains is not None:
        queries.append({"terms": {"site": sorted(filters.domains)}})
    return queries
