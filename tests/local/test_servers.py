"""Each kind of server is recognised by what it answers, with what it tells of its models."""

from typing import Any

import pytest

from deepresearch.local.facts import ModelFacts
from deepresearch.local.servers import LocalModel, choose, facts_at, find_models
from deepresearch.settings import ModelSettings, NetworkSettings
from tests.support.local_servers import LLAMA_CPP, LM_STUDIO, OLLAMA, VLLM, WEB_SITE, serving


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (
            OLLAMA,
            [
                ("Ollama", "qwen3:4b", ModelFacts(8192, 4_022_468_096.0, True), True, True),
                ("Ollama", "nomic-embed-text:latest", ModelFacts(embeddings=True), False, False),
                ("Ollama", "llama3:70b", ModelFacts(4096, 7e10, False), False, True),
            ],
        ),
        (
            LM_STUDIO,
            [
                ("LM Studio", "qwen2.5-7b-instruct", ModelFacts(4096, 7e9, True), True, True),
                ("LM Studio", "gemma-3-1b", ModelFacts(None, 1e9), False, True),
                ("LM Studio", "text-embedding-e5-small", ModelFacts(embeddings=True), False, False),
            ],
        ),
        (LLAMA_CPP, [("llama.cpp", "tiny", ModelFacts(4096, 630_167_424.0, False), True, True)]),
        (VLLM, [("vLLM", "Qwen/Qwen3-8B", ModelFacts(40_960, 8e9), True, True)]),
        (WEB_SITE, []),
    ],
)
def test_what_a_server_tells(answers: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    with serving(answers) as port:
        found = find_models([port])
    assert [(one.server, one.name, one.facts, one.loaded, one.chats) for one in found] == expected
    assert all(one.base_url == f"http://127.0.0.1:{port}/v1" for one in found)


def test_several_ports_and_one_where_nothing_is() -> None:
    with serving(LLAMA_CPP) as first, serving(VLLM) as second:
        assert [one.name for one in find_models([second, 9, first])] == ["Qwen/Qwen3-8B", "tiny"]


def test_facts_of_a_named_model() -> None:
    with serving(VLLM) as port:
        model = ModelSettings(name="Qwen/Qwen3-8B", base_url=f"http://127.0.0.1:{port}/v1")
        assert facts_at(model, "", NetworkSettings()) == ModelFacts(40_960, 8e9)
        assert facts_at(model, "a key", NetworkSettings()) == ModelFacts(40_960)
    assert facts_at(model, "", NetworkSettings()) == ModelFacts()


def model(name: str, size: float | None, loaded: bool = False, chats: bool = True) -> LocalModel:
    return LocalModel("s", "u", name, ModelFacts(parameters=size), loaded, chats)


@pytest.mark.parametrize(
    ("models", "name"),
    [
        ([model("small", 1e9), model("middle", 8e9), model("huge", 70e9)], "middle"),
        ([model("middle", 8e9), model("loaded", 1e9, loaded=True)], "loaded"),
        ([model("loaded", 70e9, loaded=True), model("middle", 8e9)], "loaded"),
        ([model("huge", 70e9), model("less", 30e9)], "less"),
        ([model("vectors", 1e8, loaded=True, chats=False), model("chat", None)], "chat"),
        ([model("vectors", 1e8, chats=False)], None),
    ],
)
def test_the_model_that_auto_takes(models: list[LocalModel], name: str | None) -> None:
    chosen = choose(models)
    assert (chosen.name if chosen else None) == name
