"""Index servers behind their official clients: every failure is named, retried where that helps, and shows no key."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deepresearch.errors import LibraryError
from deepresearch.library.dense.qdrant import QdrantVectors
from deepresearch.library.engine import Filters
from deepresearch.library.opensearch import OpenSearchEngine
from deepresearch.trajectory import Passage
from tests.support.loopback import Answer, Request, serving
from tests.support.opensearch_server import OpenSearchServer, opensearch
from tests.support.qdrant_server import qdrant

pytest.importorskip("opensearchpy")
KEY = "very-secret-0123456789"
KINDS = ["qdrant", "opensearch"]


def client(kind: str, url: str) -> Any:
    if kind == "qdrant":
        return QdrantVectors(url, "c", KEY, timeout=2, attempts=3, wait=0.001)
    return OpenSearchEngine(url, "c", f"user:{KEY}", timeout=2, attempts=3, wait=0.001)


def search(kind: str, made: Any) -> Any:
    if kind == "opensearch":
        return made.search("word", 3, Filters())
    np = pytest.importorskip("numpy")
    return made.search(np.array([1.0], dtype="float32"), 3, Filters())


def failure(kind: str, answer: Callable[[Request], Answer]) -> tuple[LibraryError, int]:
    asked = []

    def counted(request: Request) -> Answer:
        asked.append(request)
        return answer(request)

    with serving(counted) as url:
        made = client(kind, url)
        with pytest.raises(LibraryError) as caught:
            search(kind, made)
        made.close()
    assert caught.value.hint
    for form in (KEY, base64.b64encode(f"user:{KEY}".encode()).decode()):
        assert form not in str(caught.value)
    return caught.value, len(asked)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "body", "tries", "told"),
    [
        (401, b"", 1, "refuses the key (HTTP 401)"),
        (403, {"status": {"error": f"no {KEY}"}}, 1, "refuses the key"),
        (307, b"", 1, "redirects elsewhere (HTTP 307)"),
        (400, {"error": {"type": "parsing_exception", "reason": f"bad {KEY}"}, "status": 400}, 1,
         "refuses the request (HTTP 400: parsing_exception: bad [key])"),
        (413, b"<html>too large</html>", 1, "refuses the request (HTTP 413"),
        (429, {"error": "slow down"}, 3, "fails (HTTP 429"),
        (503, {"status": {"error": "loading"}}, 3, "fails (HTTP 503"),
        (200, b"<html>hello</html>", 1, "gives no usable answer"),
        (200, {"hello": "world"}, 1, "gives no usable answer"),
    ],
)  # fmt: skip
def test_failures_are_named(kind: str, status: int, body: Any, tries: int, told: str) -> None:
    headers = {"location": "http://127.0.0.1:1/"} if status == 307 else {}
    error, asked = failure(kind, lambda _: Answer(status, body, headers))
    assert told in error.message
    assert asked == tries


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_is_echoed_as_it_was_sent(kind: str) -> None:
    def echo(request: Request) -> Answer:
        sent = request.headers.get("authorization", "") + request.headers.get("api-key", "")
        return Answer(400, {"error": sent})

    error, _ = failure(kind, echo)
    assert "[key]" in error.message


@pytest.mark.parametrize("kind", KINDS)
def test_no_server(kind: str) -> None:
    with serving(lambda _: Answer(200, {})) as url:
        pass
    made = client(kind, url)
    with pytest.raises(LibraryError, match="gives no usable answer") as caught:
        search(kind, made)
    assert f"library.{kind}_url" in caught.value.hint
    made.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_passing_fault_is_not_met_again(kind: str) -> None:
    made_by = {"qdrant": qdrant, "opensearch": opensearch}[kind]
    with made_by() as server:
        failures = [Answer(503, {"error": "busy"}), Answer(429, {"error": "busy"})]
        server.fail = lambda _: failures.pop() if failures else None
        made = client(kind, server.url)
        with pytest.raises(ValueError, match="gone from the server"):
            search(kind, made)
        assert len(server.asked) == 3
        made.close()


def test_system_proxies_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with qdrant() as vectors, opensearch() as words:
        for kind, url in (("qdrant", vectors.url), ("opensearch", words.url)):
            made = client(kind, url)
            with pytest.raises(ValueError, match="gone from the server"):
                search(kind, made)
            made.close()


def test_a_collection_of_another_form_is_named() -> None:
    with qdrant() as server:
        made = client("qdrant", server.url)
        server.engine.create_collection("c", vectors_config={})
        with pytest.raises(ValueError, match="not made by this program"):
            made.check()
        made.close()


@pytest.fixture
def words() -> Iterator[OpenSearchServer]:
    with opensearch() as server:
        yield server


def passages(*numbers: int) -> list[tuple[int, Passage]]:
    return [(number, Passage(id=f"p{number}", document="d", title="", text="word 文")) for number in numbers]


def test_a_cleared_index_takes_the_place_of_the_old_one_in_one_step(words: OpenSearchServer) -> None:
    engine = OpenSearchEngine(words.url, "c")
    for name in ("c-a", "c-b", "c-a"):
        engine.clear()
        assert (list(words.indexes), words.aliases) == ([name], {"c": name})
        engine.update(passages(1), 0, [])
    words.indexes["c-b"] = words.indexes["c-a"]  # left by a clear that was cut short
    engine.clear()
    assert list(words.indexes) == ["c-b"] and engine.search("word", 5, Filters()) == []
    engine.close()


def test_documents_without_room_are_sent_again(words: OpenSearchServer) -> None:
    engine = OpenSearchEngine(words.url, "c", attempts=2)
    engine.clear()
    refused: list[str] = []
    words.full = lambda id: id == "2" and (refused.append(id) or len(refused) < 2)  # type: ignore[func-returns-value]
    engine.update(passages(1, 2, 3), 0, [])
    assert {key for key, _ in engine.search("word", 9, Filters())} == {1, 2, 3} and len(refused) == 2
    engine.close()


def test_a_refused_document_is_named(words: OpenSearchServer) -> None:
    engine = OpenSearchEngine(words.url, "c", attempts=1)
    engine.clear()
    words.full = lambda id: id == "2"
    with pytest.raises(LibraryError, match=r"HTTP 429.*document 2: opensearch_rejected"):
        engine.update(passages(1, 2), 0, [])
    engine.close()


@pytest.mark.parametrize("told", [{"failures": [{"status": 500}]}, {"timed_out": True}, {"version_conflicts": 2}])
def test_an_unfinished_deletion_is_named(words: OpenSearchServer, told: dict[str, Any]) -> None:
    engine = OpenSearchEngine(words.url, "c")
    engine.clear()
    words.fail = lambda request: Answer(200, told) if request.path.endswith("_delete_by_query") else None
    with pytest.raises(LibraryError, match="not removed everything"):
        engine.update([], 3, [])
    engine.close()
