import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

from deepresearch.agent.rollouts import run_in_memory
from deepresearch.agent.setup import check_policy, policy_of
from deepresearch.errors import ContextOverflow, SettingsError
from deepresearch.policy import View
from deepresearch.settings import Settings
from deepresearch.store import Blobs
from deepresearch.tools import default_tools
from deepresearch.training.checkpoints import save_checkpoint
from deepresearch.training.engine import LocalEngine
from deepresearch.training.policy import LocalPolicy, open_local
from deepresearch.trajectory import Task
from tests.training.world import TASK, Facts, run_of, tiny_dialect, tiny_model, turns_of


async def test_a_checkpoint_works_in_the_loop_and_its_turns_carry_what_was_sampled(tmp_path: Path) -> None:
    dialect = tiny_dialect()
    save_checkpoint(tmp_path / "model", tiny_model(), dialect.tokenizer, dialect)
    flags = {"model.checkpoint": str(tmp_path / "model"), "model.max_tokens": 20, "budget.turns": 4, "plan": "off"}
    settings = Settings().changed(flags)
    assert policy_of(settings) == "local"
    task = Task(question=TASK.question, libraries=["facts"])
    samples = []
    for folder in ("r", "r/again"):
        (tmp_path / folder).mkdir()
        tools = default_tools([Facts()])
        blobs = Blobs(tmp_path / "blobs", durable=False)
        events, _ = await run_in_memory(task, open_local(settings, tools), tools, settings, tmp_path / folder, blobs)
        samples.append([turn.sample for turn in turns_of(events)])
        for turn in turns_of(events):
            assert turn.sample is not None
            assert len(turn.sample.logprobs) == len(turn.sample.completion_ids) == turn.usage.output
            before = [event for event in events if event.seq < turn.seq]
            phase = "answer" if any(event.type == "budget.reached" for event in before) else "work"
            assert turn.sample.prompt_ids == dialect.prompt(View(task, before, [], frozenset(), phase))  # type: ignore[arg-type]
    assert samples[0] == samples[1], "temperature 0"
    assert samples[0]


async def test_a_used_up_context_is_named() -> None:
    engine = LocalEngine(tiny_model(), slots=1, context=40)
    policy = LocalPolicy(engine, tiny_dialect())
    with pytest.raises(ContextOverflow, match="40"):
        await policy.decide(View(Task(question="q"), run_of(question="word " * 60), [], frozenset(), "work"))
    await engine.close()


def test_without_checkpoint_or_extra_the_reason_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    local = Settings(policy="local")
    check_policy(local)
    with pytest.raises(SettingsError, match="--checkpoint"):
        open_local(local, [])
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(SettingsError, match=r"\[train\]"):
        open_local(local.changed({"model.checkpoint": str(tmp_path)}), [])
