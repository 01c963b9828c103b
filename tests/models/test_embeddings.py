"""The embedding client on the wire: what it sends, what it reads, and every fault with its outcome."""

from collections.abc import Callable
from typing import Any

import pytest

from deepresearch.errors import (
    BrokenReply,
    ContextOverflow,
    KeyRefused,
    ModelError,
    ModelUnreachable,
    NotAnEndpoint,
    RateLimited,
    RequestRefused,
    SettingsError,
    UnknownModel,
)
from deepresearch.models.embeddings import BATCH, EmbeddingClient
from tests.support.loopback import Answer, Request, serving

KEY = "sk-very-secret-0123456789"
Script = Callable[[Request], Answer]


def vectors(request: Request) -> Answer:
    """Each text's length and its place in the request, in turned order: the index counts."""
    texts = request.json()["input"]
    rows = [{"object": "embedding", "index": n, "embedding": [len(text), n, 0.5]} for n, text in enumerate(texts)]
    return Answer(200, {"object": "list", "data": rows[::-1], "model": "m", "usage": {"prompt_tokens": 1}})


def embed(texts: list[str], *script: Script, **options: Any) -> tuple[list[list[float]], list[Request]]:
    """What the client makes of `script`, a function for each request in turn, the last one for ever."""
    asked: list[Request] = []

    def answer(request: Request) -> Answer:
        asked.append(request)
        return script[min(len(asked), len(script)) - 1](request)

    with serving(answer) as url:
        client = EmbeddingClient("m", url + "/v1", KEY, **({"timeout": 5, "retries": 2, "wait": 0.001} | options))
        try:
            return client.embed(texts), asked
        finally:
            client.close()


def always(status: int, body: Any, headers: dict[str, str] | None = None) -> Script:
    return lambda _: Answer(status, body, headers or {})


def rows(*embeddings: Any) -> Script:
    return always(200, {"data": [{"index": place, "embedding": one} for place, one in enumerate(embeddings)]})


def test_the_request_as_sent_and_the_order_of_the_answer() -> None:
    found, (request,) = embed(["a", "bcd"], vectors)
    assert found == [[1.0, 0.0, 0.5], [3.0, 1.0, 0.5]]
    assert (request.method, request.path) == ("POST", "/v1/embeddings")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.json() == {"model": "m", "input": ["a", "bcd"], "encoding_format": "float"}


def test_many_texts_go_in_batches() -> None:
    found, asked = embed(["x" * (number + 1) for number in range(2 * BATCH + 1)], vectors)
    assert [vector[0] for vector in found] == list(range(1, 2 * BATCH + 2))
    assert [len(request.json()["input"]) for request in asked] == [BATCH, BATCH, 1]


def test_no_texts_ask_nothing() -> None:
    assert embed([], vectors) == ([], [])


def test_half_characters_are_replaced() -> None:
    _, (request,) = embed(["a\ud800"], vectors)
    assert request.json()["input"] == ["a?"]


@pytest.mark.parametrize("tail", ["", "/", "/embeddings", "/chat/completions"])
def test_where_it_asks(tail: str) -> None:
    asked = []
    with serving(lambda request: asked.append(request.path) or vectors(request)) as url:
        client = EmbeddingClient("m", f"{url}/v1{tail}")
        client.embed(["a"])
        client.close()
    assert asked == ["/v1/embeddings"]


def test_texts_that_are_too_long_are_cut() -> None:
    def short_context(request: Request) -> Answer:
        if max(map(len, request.json()["input"])) > 600:
            return Answer(400, {"error": {"message": "This model's maximum context length is 512 tokens"}})
        return vectors(request)

    found, _ = embed(["x" * 2000, "y"], short_context)
    assert [vector[0] for vector in found] == [500, 1]


@pytest.mark.parametrize("status", [400, 500])
def test_a_batch_that_is_too_large_is_halved(status: int) -> None:
    def small(request: Request) -> Answer:
        if sum(map(len, request.json()["input"])) > 900:
            words = "input is too large to process. increase the physical batch size"
            return Answer(status, {"error": {"message": words}})
        return vectors(request)

    found, asked = embed(["x" * 400] * 8, small)
    assert [vector[0] for vector in found] == [400] * 8
    assert [len(request.json()["input"]) for request in asked] == [8, 4, 2, 2, 4, 2, 2]


def test_a_context_that_nothing_fits_ends() -> None:
    refusal = always(400, {"error": {"message": "maximum context length is 1 token"}})
    with pytest.raises(ContextOverflow):
        embed(["x" * 1000], refusal)


@pytest.mark.parametrize(
    "script",
    [
        always(429, {"error": {"message": "slow down"}}),
        always(503, {"error": {"message": "loading"}}),
        always(500, b"oops"),
        rows([1.0]),
        always(200, {"error": {"message": "overloaded"}}),
    ],
)
def test_what_another_attempt_can_help(script: Script) -> None:
    found, asked = embed(["a", "bc"], script, vectors)
    assert len(found) == 2 and len(asked) == 2


@pytest.mark.parametrize(
    ("script", "kind", "tries", "said"),
    [
        (always(401, {"error": {"message": f"bad key {KEY}"}}), KeyRefused, 1, "refuses the key"),
        (always(404, {"error": {"message": "model m not found"}}), UnknownModel, 1, "does not know the model m"),
        (always(404, b"<html>nothing</html>"), NotAnEndpoint, 1, "a web page"),
        (always(200, b"<html>hello</html>"), NotAnEndpoint, 1, "a web page"),
        (always(200, {"choices": []}), NotAnEndpoint, 1, "no embeddings"),
        (always(200, [1]), NotAnEndpoint, 1, "no embeddings"),
        (always(307, b"", {"location": "http://127.0.0.1:1/"}), NotAnEndpoint, 1, "redirects"),
        (always(422, {"detail": f"no {KEY}"}), RequestRefused, 1, r"no \*\*\*"),
        (always(429, {"error": "slow"}), RateLimited, 3, "Attempt 3 of 3"),
        (always(500, {"error": "broken"}), ModelUnreachable, 3, "broken"),
        (rows([1.0]), BrokenReply, 3, "1 vectors for 2 texts"),
        (rows([1.0], [1.0], [1.0]), BrokenReply, 3, "3 vectors for 2 texts"),
        (rows([1.0], [1.0, 2.0]), BrokenReply, 1, "differ in length"),
        (rows([1.0], []), BrokenReply, 3, "no list of numbers"),
        (rows([1.0], "AAAA"), BrokenReply, 3, "no list of numbers"),
        (rows([1.0], [None]), BrokenReply, 3, "finite numbers"),
        (rows([1.0], [True]), BrokenReply, 3, "finite numbers"),
        (always(200, b'{"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [NaN]}]}'), BrokenReply, 3,
         "finite numbers"),
        (always(200, {"data": [{"index": 0, "embedding": [1]}] * 2}), BrokenReply, 3, "not numbered"),
        (always(200, {"data": [{"embedding": [1]}] * 2}), BrokenReply, 3, "not numbered"),
        (always(200, {"data": [7, 8]}), BrokenReply, 3, "not numbered"),
    ],
)  # fmt: skip
def test_failures_are_named(script: Script, kind: type[ModelError], tries: int, said: str) -> None:
    asked = []

    def counted(request: Request) -> Answer:
        asked.append(request)
        return script(request)

    with pytest.raises(kind, match=said) as caught:
        embed(["a", "bc"], counted)
    assert len(asked) == tries
    assert type(caught.value) is kind and caught.value.hint
    assert KEY not in str(caught.value)
    assert "model.base_url" not in str(caught.value)


def test_nobody_there() -> None:
    with serving(vectors) as url:
        pass
    client = EmbeddingClient("m", url, retries=1, wait=0.001)
    with pytest.raises(ModelUnreachable, match=r"library\.dense_url"):
        client.embed(["a"])
    client.close()


@pytest.mark.parametrize(("url", "key"), [("", ""), ("ftp://a.example", ""), ("http://a.example/v1", "a\nb")])
def test_what_cannot_be_an_endpoint(url: str, key: str) -> None:
    with pytest.raises(SettingsError):
        EmbeddingClient("m", url, key)
