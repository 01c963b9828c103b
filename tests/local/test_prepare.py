"""A run's model is found or named, asked once what it can do, and limits and policy follow from that."""

from pathlib import Path
from typing import Any

import pytest

from deepresearch.errors import SettingsError
from deepresearch.local.prepare import ready_model
from deepresearch.settings import Settings
from deepresearch.threads import in_thread
from tests.support.chat_server import ChatServer, Received

POLICIES = ("chat", "extractive", "guided")


def settings_of(folder: Path, **model: Any) -> Settings:
    return Settings.model_validate({"store": {"folder": str(folder)}, "model": model})


def able(request: Received) -> dict[str, Any]:
    if request.body.get("response_format"):
        return {"text": '{"sentence": "The sea is wide."}'}
    return {"calls": [{"name": "search", "arguments": {"query": "tram line 9"}}]}


def unable(request: Received) -> dict[str, Any]:
    return {"text": "The sea is wide."}


@pytest.mark.parametrize(
    ("behaviour", "listed", "policy", "words"),
    [
        (able, {"id": "m-8b", "max_model_len": 40_960}, "chat", "8.0B, a context of 40960 tokens, tools, schema"),
        (unable, {"id": "m-8b", "max_model_len": 40_960}, "guided", "no tools, no schema"),
        (able, {"id": "m-1b", "max_model_len": 8192}, "guided", "1.0B"),
        (able, {"id": "m-8b", "max_model_len": 2048}, "guided", "2048"),
        (able, {"id": "m-8b", "max_model_len": 1024}, "extractive", "1024"),
    ],
)
async def test_auto_takes_what_is_served_and_asks_it_once(
    tmp_path: Path, behaviour: Any, listed: dict[str, Any], policy: str, words: str
) -> None:
    async with ChatServer([behaviour], models=[listed]) as server:
        port = int(server.url.rsplit(":", 1)[1].removesuffix("/v1"))
        given = settings_of(tmp_path, name="auto", ports=[9, port], api_key="sk-elsewhere")
        ready = await in_thread(ready_model, given, POLICIES)
        asked = len(server.requests)
        again = await in_thread(ready_model, given, POLICIES)
        assert asked == (6 if behaviour is unable else 2) and len(server.requests) == asked
        assert all("authorization" not in request.headers for request in server.requests)
    assert again.facts == ready.facts
    assert (ready.recorded.model.name, ready.recorded.model.base_url) == (listed["id"], server.url)
    assert ready.policy == policy == ready.settings.policy and words in ready.notes[0]
    assert any(f"Policy {policy}" in note for note in ready.notes) == (policy != "chat")


async def test_a_model_that_cannot_be_asked_is_used_by_what_its_name_tells(tmp_path: Path) -> None:
    async with ChatServer([{"status": 503}], models=[{"id": "m-1b", "max_model_len": 8192}]) as server:
        given = settings_of(tmp_path, name="auto", base_url=server.url)
        ready = await in_thread(ready_model, given, POLICIES)
        assert "What m-1b can do is not known" in ready.notes[1] and ready.policy == "guided"
        await in_thread(ready_model, given, POLICIES)
        assert len(server.requests) == 2, "nothing is remembered of an asking that failed"


async def test_a_named_model_is_asked_nothing_and_the_policy_of_the_settings_holds(tmp_path: Path) -> None:
    async with ChatServer([able], models=[{"id": "m-1b", "context_length": 4096}]) as server:
        given = settings_of(tmp_path, name="m-1b", base_url=server.url)
        chosen = await in_thread(ready_model, given, POLICIES)
        told = await in_thread(ready_model, given.model_copy(update={"policy": "chat"}), POLICIES)
        without = await in_thread(ready_model, given, ("chat", "extractive"))
        assert not server.requests
    assert (chosen.policy, told.policy, without.policy) == ("guided", "chat", "chat")
    assert chosen.recorded.policy == "auto"
    assert not [note for note in told.notes if "olicy" in note]


async def test_limits_follow_from_the_context(tmp_path: Path) -> None:
    async with ChatServer([able], models=[{"id": "m", "context_length": 4096}]) as server:
        given = settings_of(tmp_path, name="m", base_url=server.url)
        ready = await in_thread(ready_model, given, POLICIES)
    model, view = ready.settings.model, ready.settings.context
    assert model.max_tokens == 1024 and view.limit + model.max_tokens < 4096
    assert view.target < view.limit and view.observation * 3 * view.keep <= view.limit
    assert "4096" in ready.notes[0]
    assert ready.recorded.context == given.context


async def test_the_guided_policy_is_shown_results_whole(tmp_path: Path) -> None:
    async with ChatServer([able], models=[{"id": "m-1b", "context_length": 4096}]) as server:
        given = settings_of(tmp_path, name="m-1b", base_url=server.url)
        ready = await in_thread(ready_model, given, POLICIES)
    assert ready.policy == "guided" and ready.settings.context == given.context
    assert ready.settings.model.context == 4096


async def test_a_long_context_changes_nothing(tmp_path: Path) -> None:
    async with ChatServer([able], models=[{"id": "m", "context_length": 131_072}]) as server:
        given = settings_of(tmp_path, name="m", base_url=server.url)
        ready = await in_thread(ready_model, given, POLICIES)
    assert ready.settings.context == given.context and not ready.notes
    assert ready.settings.model.max_tokens == given.model.max_tokens and ready.settings.model.temperature == 1.0


@pytest.mark.parametrize(("given", "expected"), [({}, 0.3), ({"temperature": 0.9}, 0.9)])
def test_small_models_are_cooler_unless_told_otherwise(tmp_path: Path, given: dict[str, Any], expected: float) -> None:
    ready = ready_model(settings_of(tmp_path, name="m-1b", base_url="http://127.0.0.1:9/v1", **given), POLICIES)
    assert ready.settings.model.temperature == expected


def test_nothing_served_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ports 9 of this machine") as caught:
        ready_model(settings_of(tmp_path, name="auto", ports=[9]), POLICIES)
    assert "--model-file" in caught.value.hint


def test_without_a_model_nothing_is_asked(tmp_path: Path) -> None:
    assert ready_model(settings_of(tmp_path), POLICIES).policy == "extractive"
