"""What a name tells of a model's size, and what is remembered of a model."""

from pathlib import Path

import pytest

from deepresearch.local import facts
from deepresearch.local.facts import KnownModels, ModelFacts, parameters_in


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("qwen2.5-coder-1.5b", 1.5e9),
        ("SmolLM2-135M-Instruct", 1.35e8),
        ("deepseek-r1:7b", 7e9),
        ("Mixtral-8x7B-Instruct-v0.1", 5.6e10),
        ("Qwen/Qwen3-30B-A3B", 3e10),
        ("unsloth/gemma-3-4b-it-GGUF:Q4_K_M", 4e9),
        ("gpt-4o-mini", None),
        ("llama-3.1-8bit", None),
        ("step-3.5-flash", None),
        ("text-embedding-3-small", None),
        ("", None),
    ],
)
def test_the_size_in_a_name(name: str, parameters: float | None) -> None:
    assert parameters_in(name) == parameters


def test_facts_in_words_and_combined() -> None:
    told = ModelFacts(context=4096, tools=False)
    assert told.over(ModelFacts(8192, 1.5e9, True, True)) == ModelFacts(4096, 1.5e9, False, True)
    assert told.over(ModelFacts(parameters=6.3e8)).in_words() == "630M, a context of 4096 tokens, no tools"
    assert ModelFacts(parameters=3.9e9).is_small and not ModelFacts(parameters=4e9).is_small
    assert not ModelFacts().is_small


def test_what_was_asked_is_remembered_for_a_week(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = KnownModels(tmp_path / "data")
    known.put("a", ModelFacts(tools=True, schema=False))
    known.put("b", ModelFacts(schema=True))
    assert KnownModels(tmp_path / "data").get("a") == ModelFacts(tools=True, schema=False)
    assert known.get("c") == ModelFacts()
    monkeypatch.setattr(facts, "KEPT", -1.0)
    assert known.get("a") == ModelFacts()


def test_a_damaged_memory_is_no_memory(tmp_path: Path) -> None:
    (tmp_path / "models.json").write_text('{"a": ')
    known = KnownModels(tmp_path)
    assert known.get("a") == ModelFacts()
    known.put("a", ModelFacts(tools=True))
    assert known.get("a").tools
