"""The index over words on an OpenSearch server: the terms, fields and weights are those of the one on disk.

Requests use an alias of the index, so that another can replace it in one step.
"""

import logging
from collections.abc import Iterable
from functools import partial
from itertools import chain, islice
from typing import Any

from ..errors import MissingPackage
from ..text.terms import tokenise
from ..trajectory import Passage
from .engine import Filters
from .servers import OPENSEARCH, Connection, reason_of
from .text_index import BOOSTS, fields_of, weighted_terms

MOST_HITS = 10_000  # hits that the server gives at most (index.max_result_window)
BULK, BULK_BYTES = 500, 4 * 2**20  # documents and bytes of one bulk request
GONE = "the index is gone from the server"

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
"""The index as the server is asked to make it: terms come ready made, so it only splits them at spaces."""


class OpenSearchEngine:
    """An Engine over one index of the server."""

    name = "opensearch"
    version = "1"

    def __init__(
        self, url: str, alias: str, key: str = "", *, timeout: float = 120.0, attempts: int = 4, wait: float = 0.5
    ) -> None:
        """key: USER:PASSWORD, or a bearer token. timeout: longest silence, seconds. attempts, wait: where another
        attempt can help, and the first pause between two, seconds.

        Raises SettingsError for an address that cannot be one, LibraryError where the client is not installed.
        """
        url = OPENSEARCH.check_address(url)
        try:
            from opensearchpy import OpenSearch  # noqa: PLC0415  an extra, and slow to load
        except ModuleNotFoundError as error:
            raise MissingPackage("OpenSearch", "opensearch-py", "opensearch") from error
        logging.getLogger("opensearch").addHandler(logging.NullHandler())  # failures are raised, not printed
        self.notes: list[str] = []
        self._alias = alias
        self._attempts = attempts
        self._server = Connection(OPENSEARCH, url, key, attempts, wait, _read)
        self._ask = self._server.ask
        self._client = OpenSearch(
            url,
            http_auth=tuple(key.split(":", 1)) if ":" in key else None,
            headers={"authorization": f"Bearer {key}"} if key and ":" not in key else None,
            timeout=timeout,
            max_retries=0,
        )

    def server_version(self) -> str:
        """What the server calls itself. Raises LibraryError."""
        return self._ask(lambda: str(self._client.info()["version"]["number"]))

    def check(self) -> None:
        if self._current() is None:
            raise ValueError(GONE)

    def update(self, batch: Iterable[tuple[int, Passage]], above: int, dropped: Iterable[int]) -> None:
        """See Engine: every step may be done twice, so nothing needs to know how far an earlier update came."""
        self.check()
        newer = {"query": {"range": {"key": {"gt": above}}}}
        self._refresh()  # a deletion by query sees only what a search sees
        answer = self._ask(lambda: self._client.delete_by_query(index=self._alias, body=newer))
        if answer.get("failures") or answer.get("timed_out") or answer.get("version_conflicts"):
            raise self._server.failure(None, "it has not removed everything: let one process write at a time")
        gone: Iterable[dict[str, Any]] = ({"_op_type": "delete", "_id": str(key)} for key in dropped)
        new = ({"_id": str(key), "_source": fields_of(key, passage)} for key, passage in batch)
        actions = chain(gone, new)
        while chunk := list(islice(actions, BULK)):
            self._ask(partial(self._write, chunk))
        self._refresh()

    def search(self, text: str, k: int, filters: Filters) -> list[tuple[int, float]]:
        """See Engine; of more than 10,000 the best 10,000."""
        if not tokenise(text) or k < 1:
            return []
        asked = {"query": _query(text, filters), "size": min(k, MOST_HITS), "_source": False}

        def request() -> list[tuple[int, float]]:
            found = self._client.search(
                index=self._alias,
                body={**asked, "track_total_hits": False},
                params={"allow_partial_search_results": "false"},
            )
            return [(int(hit["_id"]), float(hit["_score"])) for hit in found["hits"]["hits"]]

        return sorted(self._ask(request, missing=GONE), key=lambda hit: (-hit[1], hit[0]))

    def clear(self) -> None:
        """See Engine: an empty index takes the place of the one that is there in one step."""
        current = self._current()
        new = f"{self._alias}-{'b' if current == f'{self._alias}-a' else 'a'}"
        actions: list[dict[str, Any]] = [{"add": {"index": new, "alias": self._alias}}]
        if current:
            actions.append({"remove_index": {"index": current}})
        indices = self._client.indices
        self._ask(lambda: indices.delete(index=new, params={"ignore": 404}))  # left by a clear that was cut short
        self._ask(lambda: indices.create(index=new, body=BODY))
        self._ask(lambda: indices.update_aliases(body={"actions": actions}))

    def close(self) -> None:
        self._client.close()

    def _current(self) -> str | None:
        """The index that the alias names."""
        answer = self._ask(lambda: self._client.indices.get_alias(name=self._alias, params={"ignore": 404}))
        return None if "error" in answer else next(iter(answer), None)

    def _refresh(self) -> None:
        self._ask(lambda: self._client.indices.refresh(index=self._alias))

    def _write(self, actions: list[dict[str, Any]]) -> None:
        """Raises LibraryError that names a document that is not taken."""
        from opensearchpy.helpers import streaming_bulk  # noqa: PLC0415

        results = streaming_bulk(
            self._client,
            actions,
            max_chunk_bytes=BULK_BYTES,
            raise_on_error=False,
            max_retries=self._attempts - 1,
            initial_backoff=1,
            index=self._alias,
            require_alias=True,
        )
        for accepted, answer in results:
            ((action, result),) = answer.items()
            status, error = result.get("status"), result.get("error")
            if not (accepted or (action == "delete" and status == 404 and not error)):
                raise self._server.failure(status, f"document {result.get('_id')}: {reason_of({'error': error})}")


def _read(error: Exception) -> tuple[int | None, str, bool]:
    """See Connection."""
    from opensearchpy.exceptions import TransportError  # noqa: PLC0415

    if not isinstance(error, TransportError):
        return None, f"an answer of another form: {error}", False
    status = error.status_code if isinstance(error.status_code, int) else None
    return status, (reason_of(error.info) if status else "") or str(error.error), status is None


def _query(text: str, filters: Filters) -> dict[str, Any]:
    wanted = [
        {"term": {field: {"value": term, "boost": boost}}}
        for field, term, boost in weighted_terms(text, MOST_TERMS, MOST_NAMED)
    ]
    forms = {">=": "gte", "<=": "lte"}
    narrow: list[dict[str, Any]] = [
        {"term": {name: {"value": value}}} if comparison == "=" else {"range": {name: {forms[comparison]: value}}}
        for name, comparison, value in filters.conditions()
    ]
    if filters.domains is not None:
        narrow.append({"terms": {"site": sorted(filters.domains)}})
    return {"bool": {"should": wanted, "minimum_should_match": 1, "filter": narrow}}
