"""Servers of the user's own: every failure is named, retried where that can help, and shows no key."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from deepresearch.errors import LibraryError, SettingsError
from deepresearch.web.engines.opensearch import OpenSearchIndex
from deepresearch.web.engines.qdrant import QdrantCollection
from deepresearch.web.engines.server import is_on_this_machine
from tests.support.loopback import Answer, Request, serving
from tests.support.opensearch_server import opensearch
from tests.support.qdrant_server import qdrant

KEY = "very-secret-0123456789"
LIMITS: dict[str, Any] = {"timeout": 2, "attempts": 3, "wait": 0.001}
CLIENTS: dict[str, Callable[[str], Any]] = {
    "qdrant": lambda url: QdrantCollection(url, "c", KEY, **LIMITS),
    "opensearch": lambda url: OpenSearchIndex(url, "c", f"user:{KEY}", **LIMITS),
}
ASK = {
    "qdrant": lambda client: client.nearest([1.0], 1, []),
    "opensearch": lambda client: client.search({"bool": {}}, 1),
}


@pytest.fixture(params=["qdrant", "opensearch"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def failure(kind: str, answer: Callable[[Request], Answer]) -> tuple[LibraryError, int]:
    asked = []

    def counted(request: Request) -> Answer:
        asked.append(request)
        return answer(request)

    with serving(counted) as url:
        client = CLIENTS[kind](url)
        with pytest.raises(LibraryError) as caught:
            ASK[kind](client)
        client.close()
    assert caught.value.hint
    for form in (KEY, base64.b64encode(f"user:{KEY}".encode()).decode()):
        assert form not in str(caught.value)
    return caught.value, len(asked)


@pytest.mark.parametrize(
    ("status", "body", "tries", "said"),
    [
        (401, b"", 1, "refuses the key (HTTP 401)"),
        (403, {"status": {"error": f"no {KEY}"}}, 1, "refuses the key"),
        (307, b"", 1, "redirects elsewhere (HTTP 307)"),
        (400, {"error": {"type": "parsing_exception", "reason": f"bad {KEY}"}, "status": 400}, 1,
         "refuses the request (HTTP 400: parsing_exception: bad [key])"),
        (400, {"status": {"error": "Format error"}}, 1, "HTTP 400: Format error"),
        (413, b"<html>too large</html>", 1, "refuses the request (HTTP 413)"),
        (429, {"error": "slow down"}, 3, "fails (HTTP 429: slow down)"),
        (503, {"status": {"error": "loading"}}, 3, "fails (HTTP 503: loading)"),
        (200, b"<html>hello</html>", 1, "something else than a JSON object"),
        (200, [1, 2], 1, "something else than a JSON object"),
        (200, {"hello": "world"}, 1, "answers a search otherwise than expected"),
    ],
)  # fmt: skip
def test_failures_are_named(kind: str, status: int, body: Any, tries: int, said: str) -> None:
    headers = {"location": "http://127.0.0.1:1/"} if status == 307 else {}
    error, asked = failure(kind, lambda _: Answer(status, body, headers))
    assert said in error.message
    assert asked == tries


def test_an_answer_without_end(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deepresearch.web.engines.server.LARGEST", 1000)
    error, _ = failure(kind, lambda _: Answer(200, b"x" * 5000))
    assert "answers with more than" in error.message


def test_a_key_that_is_echoed_as_it_was_sent(kind: str) -> None:
    def echo(request: Request) -> Answer:
        sent = request.headers.get("authorization", "") + request.headers.get("api-key", "")
        return Answer(400, {"error": sent})

    error, _ = failure(kind, echo)
    assert "[key]" in error.message


def test_nobody_there(kind: str) -> None:
    with serving(lambda _: Answer(200, {})) as url:
        pass
    client = CLIENTS[kind](url)
    with pytest.raises(LibraryError, match="gives no answer") as caught:
        ASK[kind](client)
    assert f"library.{kind}_url" in caught.value.hint
    client.close()


def test_a_fault_that_passes(kind: str) -> None:
    made = {"qdrant": qdrant, "opensearch": opensearch}[kind]
    with made() as server:
        failures = [Answer(503, {"error": "busy"}), Answer(429, {"error": "busy"})]
        server.fail = lambda _: failures.pop() if failures else None
        client = CLIENTS[kind](server.url)
        assert ASK[kind](client) is None, "there is no such index"
        assert len(server.asked) == 3
        client.close()


def test_keys_as_sent() -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Answer:
        asked.append(request)
        return Answer(404, {})

    with serving(answer) as url:
        for client in (
            OpenSearchIndex(url, "c", "user:pass"),
            OpenSearchIndex(url, "c", "token"),
            OpenSearchIndex(url, "c"),
        ):
            client.search({}, 1)
            client.close()
        collection = QdrantCollection(url, "c", "token")
        collection.dimensions()
        collection.close()
    assert [request.headers.get("authorization") for request in asked] == [
        "Basic dXNlcjpwYXNz",
        "Bearer token",
        None,
        None,
    ]
    assert asked[3].headers["api-key"] == "token"


@pytest.mark.parametrize("url", ["", "127.0.0.1:9200", "ftp://a.example", "http://user:secret@a.example"])
def test_what_cannot_be_an_address(kind: str, url: str) -> None:
    with pytest.raises(SettingsError, match=f"library.{kind}_url") as caught:
        CLIENTS[kind](url)
    assert "secret@" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:9200", True),
        ("http://[::1]:9200", True),
        ("https://localhost", True),
        ("http://10.0.0.1", False),
        ("http://search.example", False),
        ("http://localhost.example", False),
        ("", False),
    ],
)
def test_what_is_on_this_machine(url: str, here: bool) -> None:
    assert is_on_this_machine(url) is here
