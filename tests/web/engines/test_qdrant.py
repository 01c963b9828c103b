"""The Qdrant client, read by Qdrant's own models and answered by its own in-process engine."""

from collections.abc import Iterator

import pytest

from deepresearch.errors import LibraryError
from deepresearch.web.engines.qdrant import QdrantCollection
from tests.support.loopback import Answer
from tests.support.qdrant_server import QdrantServer, qdrant

FIELDS = {"key": "integer", "language": "keyword"}


@pytest.fixture
def server() -> Iterator[QdrantServer]:
    with qdrant("a-key") as made:
        yield made


@pytest.fixture
def collection(server: QdrantServer) -> Iterator[QdrantCollection]:
    made = QdrantCollection(server.url, "c", "a-key", attempts=2, wait=0.001)
    yield made
    made.close()


def point(id: int, *vector: float, language: str = "en") -> dict:
    return {"id": id, "vector": vector, "payload": {"key": id, "language": language}}


def test_a_collection_from_its_making_to_its_end(collection: QdrantCollection) -> None:
    assert collection.dimensions() is None and collection.nearest([1.0, 0.0], 3, []) is None
    collection.create(2, FIELDS)
    assert collection.dimensions() == 2
    collection.upsert([point(1, 1, 0), point(2, 0, 1, language="zh"), point(3, 1, 1)])
    found = collection.nearest([1.0, 0.0], 2, [])
    assert found is not None and [id for id, _ in found] == [1, 3]
    assert found[0][1] == pytest.approx(1) and found[1][1] == pytest.approx(0.5**0.5)
    assert collection.nearest([1.0, 0.0], 3, [{"key": "language", "match": {"value": "zh"}}]) == [(2, 0.0)]
    collection.upsert([point(1, 0, 1)])
    collection.delete_above("key", 2)
    collection.delete([2, 77])
    assert collection.nearest([0.0, 1.0], 5, []) == [(1, pytest.approx(1))]
    collection.remove()
    collection.remove()
    assert collection.dimensions() is None


def test_every_change_is_waited_for(server: QdrantServer, collection: QdrantCollection) -> None:
    collection.create(2, FIELDS)
    collection.upsert([point(1, 1, 0)])
    collection.delete([1])
    collection.delete_above("key", 0)
    changes = [request for request in server.asked if "/points" in request.path or "/index" in request.path]
    assert len(changes) == 5 and all(request.params == {"wait": "true"} for request in changes)


def test_many_ids_go_in_parts(
    server: QdrantServer, collection: QdrantCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepresearch.web.engines.qdrant.MOST_IDS", 2)
    collection.create(2, FIELDS)
    before = len(server.asked)
    collection.delete([1, 2, 3])
    assert [request.json() for request in server.asked[before:]] == [{"points": [1, 2]}, {"points": [3]}]


def test_a_wrong_key(server: QdrantServer) -> None:
    collection = QdrantCollection(server.url, "c", "another")
    with pytest.raises(LibraryError, match="refuses the key") as caught:
        collection.dimensions()
    assert "DEEPRESEARCH_QDRANT_API_KEY" in caught.value.hint and "another" not in str(caught.value)
    collection.close()


def test_a_point_that_is_no_point_is_refused(collection: QdrantCollection) -> None:
    collection.create(2, FIELDS)
    with pytest.raises(LibraryError, match="HTTP 400: Format error"):
        collection.upsert([{"id": 1, "vectors": [1, 0]}])


def test_a_change_that_is_only_begun(server: QdrantServer, collection: QdrantCollection) -> None:
    begun = {"result": {"operation_id": 1, "status": "acknowledged"}, "status": "ok", "time": 0.1}
    server.fail = lambda _: Answer(200, begun)
    with pytest.raises(LibraryError, match="not completed"):
        collection.delete([1])


def test_a_collection_that_is_described_otherwise(server: QdrantServer, collection: QdrantCollection) -> None:
    server.fail = lambda _: Answer(200, {"result": {"config": {"params": {"vectors": {"named": {"size": 3}}}}}})
    with pytest.raises(LibraryError, match="otherwise than expected"):
        collection.dimensions()
