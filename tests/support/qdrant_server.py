"""The REST interface of Qdrant as far as it is used here, over the in-process engine of Qdrant's own Python client.

It is not the server. What comes in is read by the models that Qdrant generates from its own description of the
interface, which know no other fields; what goes out has the form that this description gives.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from qdrant_client import QdrantClient
from qdrant_client.http import models

from tests.support.loopback import Answer, Request, serving


@dataclass
class QdrantServer:
    key: str = ""
    url: str = ""
    asked: list[Request] = field(default_factory=list)
    fail: Callable[[Request], Answer | None] = lambda _: None
    """Answers in its place where it gives an answer."""

    def __post_init__(self) -> None:
        self.engine = QdrantClient(":memory:")

    def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        if failed := self.fail(request):
            return failed
        if self.key and request.headers.get("api-key") != self.key:
            return _error(401, "Must provide an API key or an Authorization bearer token")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the engine remarks that it needs no indexes
                return Answer(200, {"result": self._do(request), "status": "ok", "time": 0.001})
        except ValidationError as error:
            return _error(400, f"Format error in JSON body: {error.errors()[0]['msg']}")
        except LookupError as error:
            return _error(404, f"Not found: Collection `{error.args[0]}` doesn't exist!")

    def _do(self, request: Request) -> Any:
        _, place, name, *rest = request.path.split("/")
        assert place == "collections" and name, request.path
        exists = self.engine.collection_exists(name)
        match (request.method, *rest):
            case ("PUT",):
                given = _read(models.CreateCollection, request)
                assert not exists
                return self.engine.create_collection(name, vectors_config=given.vectors)
            case ("DELETE",):
                return self.engine.delete_collection(name) if exists else False
        if not exists:
            raise LookupError(name)
        match (request.method, *rest):
            case ("GET",):
                return self.engine.get_collection(name).model_dump(mode="json")
            case ("PUT", "index"):
                given = _read(models.CreateFieldIndex, request)
                assert given.field_schema in set(models.PayloadSchemaType)
            case ("PUT", "points"):
                given = TypeAdapter(models.PointInsertOperations).validate_json(request.body)
                self.engine.upsert(name, given.batch if isinstance(given, models.PointsBatch) else given.points)
            case ("POST", "points", "delete"):
                selector = TypeAdapter(models.PointsSelector).validate_json(request.body)
                self.engine.delete(name, selector)
            case ("POST", "points", "query"):
                return self._query(name, _read(models.QueryRequest, request))
            case unknown:
                raise AssertionError(f"nothing is known of {unknown}")
        assert request.params == {"wait": "true"}, "an answer would come before the change"
        return {"operation_id": 1, "status": "completed"}

    def _query(self, name: str, given: models.QueryRequest) -> dict[str, Any]:
        found = self.engine.query_points(name, given.query, query_filter=given.filter, limit=given.limit)
        points = [{"id": point.id, "version": 1, "score": point.score} for point in found.points]
        return {"points": points}


def _read(kind: type[Any], request: Request) -> Any:
    assert issubclass(kind, BaseModel) and kind.model_config["extra"] == "forbid"
    return kind.model_validate_json(request.body)


def _error(status: int, message: str) -> Answer:
    return Answer(status, {"status": {"error": message}, "time": 0.001})


@contextmanager
def qdrant(key: str = "") -> Iterator[QdrantServer]:
    server = QdrantServer(key)
    with serving(server.answer) as server.url:
        yield server
    server.engine.close()
