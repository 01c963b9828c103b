"""Embeddings of an endpoint: what is put before texts, and an endpoint that fails."""

import pytest

from deepresearch.errors import LibraryError
from deepresearch.library.dense.embedder import EndpointEmbedder, Kind, prompts
from deepresearch.models.embeddings import EmbeddingClient
from tests.support.loopback import Answer, Request, serving

pytest.importorskip("numpy")
VECTOR = {"data": [{"index": 0, "embedding": [1.0, 0.0]}]}


@pytest.mark.parametrize(
    ("model", "query", "passage"),
    [
        ("intfloat/multilingual-e5-small", "query: ", "passage: "),
        ("e5-large-v2", "query: ", "passage: "),
        ("multilingual-e5-large-instruct", "Instruct: ", ""),
        ("BAAI/bge-base-zh-v1.5", "为这个句子", ""),
        ("bge-small-en-v1.5.Q8_0.gguf", "Represent this sentence", ""),
        ("bge-m3", "", ""),
        ("nomic-embed-text:latest", "search_query: ", "search_document: "),
        ("text-embedding-3-small", "", ""),
        ("phase5-model", "", ""),
    ],
)
def test_models_get_what_they_were_trained_on(model: str, query: str, passage: str) -> None:
    found = prompts(model)
    assert found["query"].startswith(query) and bool(found["query"]) == bool(query)
    assert found["passage"] == passage


def embedder(url: str, model: str = "e5-small", **given: str) -> EndpointEmbedder:
    return EndpointEmbedder(EmbeddingClient(model, url + "/v1", retries=2, wait=0.001), **given)


def test_the_prefix_is_sent_and_part_of_the_name() -> None:
    sent: list[str] = []

    def answer(request: Request) -> Answer:
        sent.extend(request.json()["input"])
        return Answer(200, VECTOR)

    kinds: list[Kind] = ["query", "passage"]
    with serving(answer) as url:
        ordinary, own, none = embedder(url), embedder(url, query="ask: "), embedder(url, query="", passage="")
        for kind in kinds:
            for one in (ordinary, own, none):
                one.embed(["tea"], kind)
        assert len({one.name for one in (ordinary, own, none)}) == 3  # vectors of these cannot be compared
        for one in (ordinary, own, none):
            one.close()
        assert none.name == "endpoint:e5-small"
    assert sent == ["query: tea", "ask: tea", "tea", "passage: tea", "passage: tea", "tea"]


@pytest.mark.parametrize(
    ("status", "words", "asked_again"),
    [(503, "loading", False), (401, "bad key", False), (404, "model e5-small not found", False),
     (400, "maximum context length is 1 token", True), (422, "no such field", True)],
)  # fmt: skip
def test_an_endpoint_that_fails_is_not_asked_again_in_this_run(status: int, words: str, asked_again: bool) -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Answer:
        asked.append(request)
        return Answer(status, {"error": {"message": words}})

    with serving(answer) as url:
        failing = embedder(url)
        with pytest.raises(LibraryError):
            failing.embed(["tea"], "query")
        first = len(asked)
        with pytest.raises(LibraryError):
            failing.embed(["tea"], "query")
        failing.close()
    assert (len(asked) > first) is asked_again
