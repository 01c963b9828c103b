"""The engine against another implementation of the interface (`pip install osmem-server`), where there is one."""

from collections.abc import Iterator
from typing import Any

import pytest

from deepresearch.library.engine import Filters
from deepresearch.library.opensearch import OpenSearchEngine
from deepresearch.trajectory import Passage

osmem = pytest.importorskip("osmem_server")
pytest.importorskip("opensearchpy")
NONE = Filters()
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # its launcher leaves pipes open


@pytest.fixture
def engine() -> Iterator[OpenSearchEngine]:
    with osmem.OsmemServer.start() as server:
        made = OpenSearchEngine(server.url, "deepresearch-x", attempts=1)
        yield made
        made.close()


def passage(number: int, text: str, **fields: Any) -> tuple[int, Passage]:
    return number, Passage(id=f"p{number}", document=f"d{number}", title="", text=text, **fields)


def found(engine: OpenSearchEngine, text: str, filters: Filters = NONE) -> list[int]:
    return [key for key, _ in engine.search(text, 10, filters)]


def test_from_an_empty_server_to_a_search(engine: OpenSearchEngine) -> None:
    assert engine.server_version()
    with pytest.raises(ValueError, match="gone from the server"):
        engine.check()
    engine.clear()
    engine.update([passage(1, "tea coffee"), passage(2, "coffee coffee"), passage(3, "北京的茶叶出口")], 0, [])
    assert found(engine, "coffee") == [2, 1] and found(engine, "茶叶出口") == [3] and found(engine, "nothing") == []
    for _ in range(2):
        engine.update([passage(4, "coffee")], 2, [1])
        assert sorted(found(engine, "coffee")) == [2, 4] and found(engine, "茶叶出口") == []
    engine.clear()
    assert found(engine, "coffee") == []


def test_filters(engine: OpenSearchEngine) -> None:
    engine.clear()
    passages = [
        passage(1, "car", date="2020", language="en", url="https://www.a.example/x"),
        passage(2, "car", date="2020-05", language="zh", url="https://b.example"),
        passage(3, "car"),
    ]
    engine.update(passages, 0, [])
    assert sorted(found(engine, "car")) == [1, 2, 3]
    assert found(engine, "car", Filters(since="2020-06")) == [1] and found(engine, "car", Filters(language="zh")) == [2]
    assert found(engine, "car", Filters(site="a.example")) == [1]
    assert sorted(found(engine, "car", Filters(until="2020-05-31", domains=frozenset({"a.example"})))) == [1]
