"""A policy that cannot work with its model hands the run on instead of failing it."""

from pathlib import Path
from typing import Any

import pytest

from deepresearch.agent.loop import Run
from deepresearch.agent.policies.scripted import ScriptedPolicy
from deepresearch.agent.policies.succession import Succession
from deepresearch.agent.setup import new_run, resumed_run
from deepresearch.derived import answer, find
from deepresearch.errors import ContextOverflow, DeepResearchError, KeyRefused, NoToolCalling
from deepresearch.settings import Settings
from deepresearch.store import MemoryStore
from deepresearch.trajectory import PolicyChanged, RunFailed, RunFinished, Task, Turn
from tests.support.chat_server import ChatServer, Received


class Named(ScriptedPolicy):
    def __init__(self, name: str) -> None:
        super().__init__([Turn(text=name)])
        self.name = name


@pytest.mark.parametrize(
    ("name", "error", "others", "follows"),
    [
        ("chat", NoToolCalling("no"), ("guided", "extractive"), "guided"),
        ("chat", NoToolCalling("no"), ("extractive",), None),
        ("chat", ContextOverflow("long"), ("guided", "extractive"), "guided"),
        ("chat", ContextOverflow("long"), ("extractive",), "extractive"),
        ("guided", ContextOverflow("long"), ("guided", "extractive"), "extractive"),
        ("extractive", ContextOverflow("long"), ("guided", "extractive"), None),
        ("chat", KeyRefused("no"), ("guided", "extractive"), None),
    ],
)
def test_what_follows(name: str, error: DeepResearchError, others: tuple[str, ...], follows: str | None) -> None:
    def opener(other: str) -> Any:
        return lambda: Named(other)

    succession = Succession(Named(name), {other: opener(other) for other in others})
    change = succession.after(error)
    assert (change.policy if change else None) == follows and succession.name == (follows or name)
    assert change is None or change.reason == str(error)


def overflowing(request: Received) -> dict[str, Any]:
    message = "the request exceeds the available context size (n_ctx: 512, n_prompt_tokens: 1200)"
    return {"status": 400, "body": {"error": {"type": "exceed_context_size_error", "message": message}}}


@pytest.fixture
def task(tmp_path: Path) -> Task:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "tram.md").write_text("# Tram line 9\n\nTram line 9 opened in 1903 with twelve cars.\n")
    return Task(question="When did tram line 9 open?", attachments=[str(tmp_path / "docs")])


async def finish(run: Run) -> Any:
    try:
        return await run.go()
    finally:
        await run.close()


@pytest.mark.parametrize("plan", ["off", "show"])
async def test_a_context_too_short_for_the_first_prompt_ends_in_a_report(tmp_path: Path, task: Task, plan: str) -> None:
    store = MemoryStore()
    async with ChatServer([overflowing]) as server:
        model = {"name": "m", "base_url": server.url, "retries": 0}
        values = {"model": model, "plan": plan, "policy": "chat", "store": {"folder": str(tmp_path / "data")}}
        run = new_run(store, Settings.model_validate(values), task)
        end = await finish(run)
    assert run.executor.longest == run.model.recorded.context.observation
    [change] = find(run.log.events, PolicyChanged)
    assert change.policy == "extractive" and "n_ctx: 512" in change.reason
    assert isinstance(end, RunFinished)
    report = answer(run.log.events)
    assert report and "1903" in report.text and report.by == "extractive"
    ids = [call.id for turn in find(run.log.events, Turn) for call in turn.calls]
    assert len(ids) == len(set(ids))
    store.close()


async def test_a_resumed_run_keeps_the_policy_that_followed(tmp_path: Path, task: Task) -> None:
    store = MemoryStore()
    async with ChatServer([overflowing]) as server:
        model = {"name": "m", "base_url": server.url, "retries": 0}
        values = {"model": model, "plan": "off", "policy": "chat", "store": {"folder": str(tmp_path / "data")}}
        settings = Settings.model_validate(values)
        run = new_run(store, settings, task)
        while not find(run.log.events, PolicyChanged):
            try:
                await run.step()
            except ContextOverflow as error:
                await run.record(run.after(error))
        await run.close()
        asked = len(server.requests)
        again = resumed_run(store, run.log.run, {}, settings)
        assert again.policy.name == "extractive"
        assert isinstance(await finish(again), RunFinished) and len(server.requests) == asked
    store.close()


async def test_a_change_of_model_starts_with_the_policy_asked_for(tmp_path: Path, task: Task) -> None:
    store = MemoryStore()
    async with ChatServer([overflowing]) as server, ChatServer([{"status": 401}]) as other:
        values = {"model": {"name": "m", "base_url": server.url}, "store": {"folder": str(tmp_path / "data")}}
        settings = Settings.model_validate({**values, "plan": "off"})
        run = new_run(store, settings, task)
        await run.record(PolicyChanged(policy="extractive"))
        await run.close()
        again = resumed_run(store, run.log.run, {"model": {"base_url": other.url}}, settings)
        assert again.policy.name == "chat"
        assert isinstance(await finish(again), RunFailed)
    store.close()
