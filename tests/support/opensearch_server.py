"""The REST interface of OpenSearch as far as it is used here, written from its documentation.

It is not the server. It takes what the documentation allows and nothing else (unknown parameters, unknown fields of a
mapping or a query, bulk requests that are no sound lines of JSON are refused with the documented errors), keeps writes
from searches until a refresh, and scores as Lucene's BM25Similarity does.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.loopback import Answer, Request, serving

K1, B = 1.2, 0.75
CLAUSES = 1024


class Refused(Exception):
    def __init__(self, status: int, type: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.error = {"root_cause": [{"type": type, "reason": reason}], "type": type, "reason": reason}


@dataclass
class Index:
    mapping: dict[str, Any]
    written: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What a search sees: what was written when it was refreshed last."""


@dataclass
class OpenSearchServer:
    authorization: str = ""
    url: str = ""
    indexes: dict[str, Index] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    fail: Callable[[Request], Answer | None] = lambda _: None
    """Answers in its place where it gives an answer."""
    full: Callable[[str], bool] = lambda _: False
    """Whether it has no room for the document with this id."""

    def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        if failed := self.fail(request):
            return failed
        if self.authorization and request.headers.get("authorization") != self.authorization:
            return Answer(401, b"Unauthorized", {"content-type": "text/plain"})
        try:
            return Answer(200, self._do(request))
        except Refused as refused:
            return Answer(refused.status, {"error": refused.error, "status": refused.status})

    def _do(self, request: Request) -> Any:
        match (request.method, *request.path.strip("/").split("/")):
            case ("GET", "_alias", alias):
                return self._alias(request, alias)
            case ("POST", "_aliases"):
                return self._change_aliases(request)
            case ("PUT", name):
                return self._create(request, name)
            case ("DELETE", name):
                _take(request, set())
                self._index(name, alias=False)
                del self.indexes[name]
                self.aliases = {alias: index for alias, index in self.aliases.items() if index != name}
                return {"acknowledged": True}
            case ("POST", name, "_refresh"):
                _take(request, set())
                index = self._index(name)
                index.seen = dict(index.written)
                return {"_shards": {"total": 2, "successful": 1, "failed": 0}}
            case ("POST", name, "_bulk"):
                return self._bulk(request, name)
            case ("POST", name, "_delete_by_query"):
                return self._delete(request, name)
            case ("POST", name, "_search"):
                return self._search(request, name)
        raise Refused(400, "illegal_argument_exception", f"no handler for {request.method} {request.path}")

    def _alias(self, request: Request, alias: str) -> Any:
        _take(request, set())
        if alias not in self.aliases:
            raise Refused(404, "aliases_not_found_exception", f"alias [{alias}] missing")
        return {self.aliases[alias]: {"aliases": {alias: {}}}}

    def _change_aliases(self, request: Request) -> Any:
        _take(request, set())
        aliases, indexes = dict(self.aliases), dict(self.indexes)
        for action in _only(request.json(), "actions")["actions"]:
            ((kind, given),) = action.items()
            if kind == "add":
                assert set(given) == {"index", "alias"} and given["index"] in indexes
                aliases[given["alias"]] = given["index"]
            else:
                assert kind == "remove_index" and set(given) == {"index"}
                del indexes[given["index"]]
        self.aliases, self.indexes = aliases, indexes
        return {"acknowledged": True}

    def _create(self, request: Request, name: str) -> Any:
        _take(request, set())
        if name != name.lower() or name[0] in "-_+" or any(sign in name for sign in '\\/*?"<>| ,#:'):
            raise Refused(400, "invalid_index_name_exception", f"Invalid index name [{name}]")
        if name in self.indexes:
            raise Refused(400, "resource_already_exists_exception", f"index [{name}] already exists")
        body = _only(request.json(), "settings", "mappings", "aliases")
        mapping = _only(body["mappings"], "dynamic", "properties")
        analysis = _only(body["settings"], "analysis", "similarity")["analysis"]
        for kind in mapping["properties"].values():
            _only(kind, "type", "analyzer", "index_options")
            assert kind["type"] in ("text", "keyword", "long", "integer")
            assert kind["type"] != "text" or kind["analyzer"] in analysis["analyzer"]
        self.indexes[name] = Index(mapping)
        return {"acknowledged": True, "shards_acknowledged": True, "index": name}

    def _index(self, name: str, alias: bool = True) -> Index:
        found = self.indexes.get(self.aliases.get(name, name) if alias else name)
        if found is None:
            raise Refused(404, "index_not_found_exception", f"no such index [{name}]")
        return found

    def _bulk(self, request: Request, name: str) -> Any:
        _take(request, {"require_alias"})
        if request.headers["content-type"] not in ("application/x-ndjson", "application/json"):
            raise Refused(406, "illegal_argument_exception", "Content-Type header is not supported")
        if not request.body.endswith(b"\n"):
            raise Refused(400, "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]")
        lines = [json.loads(line) for line in request.body[:-1].split(b"\n")]
        items = []
        while lines:
            ((action, given),) = lines.pop(0).items()
            assert action in ("index", "delete") and set(given) == {"_id"}
            document = lines.pop(0) if action == "index" else None
            items.append({action: {"_index": name, "_id": given["_id"], **self._line(name, given["_id"], document)}})
        errors = any("error" in told for item in items for told in item.values())
        return {"took": 1, "errors": errors, "items": items}

    def _line(self, name: str, id: str, document: dict[str, Any] | None) -> dict[str, Any]:
        try:
            if name not in self.aliases:
                reason = (
                    f"no such index [{name}] and [require_alias] request flag is [true] and [{name}] is not an alias"
                )
                raise Refused(404, "index_not_found_exception", reason)
            if self.full(id):
                raise Refused(
                    429, "opensearch_rejected_execution_exception", "rejected execution of coordinating operation"
                )
            index = self._index(name)
            if document is None:
                gone = index.written.pop(id, None)
                return {"result": "deleted", "status": 200} if gone else {"result": "not_found", "status": 404}
            for field_name, value in document.items():
                self._check(index, field_name, value)
        except Refused as refused:
            return {"status": refused.status, "error": {"type": refused.error["type"], "reason": str(refused)}}
        created = id not in index.written
        index.written[id] = document
        return {"result": "created" if created else "updated", "status": 201 if created else 200}

    def _check(self, index: Index, name: str, value: Any) -> None:
        properties = index.mapping["properties"]
        if name not in properties:
            reason = f"mapping set to strict, dynamic introduction of [{name}] within [_doc] is not allowed"
            raise Refused(400, "strict_dynamic_mapping_exception", reason)
        number = properties[name]["type"] in ("long", "integer")
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, int if number else str):
                raise Refused(400, "mapper_parsing_exception", f"failed to parse field [{name}]")

    def _delete(self, request: Request, name: str) -> Any:
        _take(request, set())
        index = self._index(name)
        query = _only(request.json(), "query")["query"]
        gone = [id for id, document in index.seen.items() if self._score(index, document, query) is not None]
        for id in gone:
            index.written.pop(id, None)
        return {"took": 1, "timed_out": False, "deleted": len(gone), "version_conflicts": 0, "failures": []}

    def _search(self, request: Request, name: str) -> Any:
        _take(request, {"allow_partial_search_results"})
        index = self._index(name)
        body = _only(request.json(), "query", "size", "_source", "track_total_hits")
        if body["size"] > 10_000:
            raise Refused(400, "illegal_argument_exception", "Result window is too large")
        if (count := json.dumps(body["query"]).count('"boost"')) > CLAUSES:
            raise Refused(400, "too_many_clauses", f"maxClauseCount is set to {CLAUSES}: {count}")
        scored = ((self._score(index, document, body["query"]), id) for id, document in index.seen.items())
        hits = sorted(((score, id) for score, id in scored if score is not None), key=lambda hit: -hit[0])
        found = [{"_index": name, "_id": id, "_score": score} for score, id in hits[: body["size"]]]
        return {"took": 1, "timed_out": False, "_shards": {"total": 1, "failed": 0}, "hits": {"hits": found}}

    def _score(self, index: Index, document: dict[str, Any], query: dict[str, Any]) -> float | None:
        """None: no match."""
        ((kind, given),) = query.items()
        if kind == "bool":
            _only(given, "should", "minimum_should_match", "filter")
            assert given["minimum_should_match"] == 1
            if any(self._score(index, document, part) is None for part in given["filter"]):
                return None
            scores = [self._score(index, document, part) for part in given["should"]]
            found = [score for score in scores if score is not None]
            return sum(found) if found else None
        ((name, wanted),) = given.items()
        assert name in index.mapping["properties"]
        if kind == "terms":
            return 1.0 if set(wanted) & set(_values(document, name)) else None
        if kind == "range":
            _only(wanted, "gt", "gte", "lte")
            held = _values(document, name)
            return 1.0 if any(_in_range(value, wanted) for value in held) else None
        assert kind == "term"
        _only(wanted, "value", "boost")
        if index.mapping["properties"][name]["type"] == "text":
            return self._bm25(index, document, name, wanted["value"], wanted.get("boost", 1.0))
        return 1.0 if wanted["value"] in _values(document, name) else None

    def _bm25(self, index: Index, document: dict[str, Any], name: str, term: str, boost: float) -> float | None:
        if not (count := Counter(document.get(name, "").split())[term]):
            return None
        fields = [other.get(name, "").split() for other in index.seen.values()]
        fields = [terms for terms in fields if terms]
        holding = sum(term in terms for terms in fields)
        idf = math.log(1 + (len(fields) - holding + 0.5) / (holding + 0.5))
        average = sum(map(len, fields)) / len(fields)
        length = len(document[name].split())
        return boost * idf * count / (count + K1 * (1 - B + B * length / average))


def _values(document: dict[str, Any], name: str) -> list[Any]:
    value = document.get(name, [])
    return value if isinstance(value, list) else [value]


def _in_range(value: int, wanted: dict[str, int]) -> bool:
    above = value > wanted.get("gt", -math.inf) and value >= wanted.get("gte", -math.inf)
    return above and value <= wanted.get("lte", math.inf)


def _take(request: Request, known: set[str]) -> None:
    if unknown := request.params.keys() - known:
        raise Refused(
            400, "illegal_argument_exception", f"request [{request.path}] contains unrecognized parameter: {unknown}"
        )


def _only(given: dict[str, Any], *known: str) -> dict[str, Any]:
    if unknown := given.keys() - set(known):
        raise Refused(400, "parsing_exception", f"Unknown key for a value in [{sorted(unknown)[0]}].")
    return given


@contextmanager
def opensearch(authorization: str = "") -> Iterator[OpenSearchServer]:
    server = OpenSearchServer(authorization)
    with serving(server.answer) as server.url:
        yield server
