"""The whole path: a tiny model in the real loop, its reports judged, its weights moved."""

import asyncio
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from deepresearch.agent.rollouts import SharedSource
from deepresearch.errors import CheckpointError, Diverged, TrainingError
from deepresearch.settings import Settings
from deepresearch.training.checkpoints import Checkpoint, load_checkpoint
from deepresearch.training.curves import read_points
from deepresearch.training.episodes import Episode, EpisodeOptions, EpisodeRow
from deepresearch.training.ppo_trainer import PPOOptions, PPOTrainer
from deepresearch.training.rewards import Reward
from tests.training.world import TASK, Facts, tiny_dialect, tiny_model

SETTINGS = Settings().changed({"plan": "off", "budget.turns": 3})
EPISODES = EpisodeOptions(max_new=12, at_once=1, tools=("batch_web_surfer",))
OPTIONS = PPOOptions(tasks=3, updates=4, critic_warmup=1, save_every=2, slots=2, episodes=EPISODES)


def trainer(out: Path, options: PPOOptions = OPTIONS, model: Any = None) -> PPOTrainer:
    dialect = tiny_dialect()
    checkpoint = Checkpoint(model or tiny_model(), dialect.tokenizer, dialect, out)
    return PPOTrainer(checkpoint, [TASK], [SharedSource(Facts())], SETTINGS, options, out)


def bandit(made: PPOTrainer, rewarded: int, other: int) -> list[Episode]:
    """Two episodes of one token each, of which one was rewarded."""
    prompt = [5, 6, 7]
    with torch.no_grad():
        logprobs = made.model(input_ids=torch.tensor([prompt])).logits[0, -1].log_softmax(-1)
    return [
        Episode(
            TASK,
            [],
            [EpisodeRow([*prompt, token], [False] * 3 + [True], [0.0] * 3 + [float(logprobs[token])])],
            Reward(float(token == rewarded), {}, token == rewarded),
        )
        for token in (rewarded, other)
    ]


@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_one_update_raises_the_probability_of_what_was_rewarded(tmp_path: Path, algorithm: Any) -> None:
    options = PPOOptions(algorithm=algorithm, tries=2, tasks=1, critic_warmup=0, mini_batches=1, learning_rate=1e-3)
    made = trainer(tmp_path, options)
    episodes = bandit(made, rewarded=11, other=12)
    before = {e.ids[-1]: e.logprobs[-1] for e in episodes}
    measured = made._learn(episodes)
    assert measured["kl"] == pytest.approx(0, abs=1e-5), "the policy that sampled is the one that learns"
    after = {e.ids[-1]: e.logprobs[-1] for e in bandit(made, rewarded=11, other=12)}
    assert after[11] > before[11]
    assert after[12] < before[12]
    asyncio.run(made.close())


def test_the_critic_learns_what_to_expect_and_is_warmed_up_alone(tmp_path: Path) -> None:
    made = trainer(tmp_path, PPOOptions(tasks=1, critic_warmup=100, mini_batches=1, critic_rate=3e-3))
    episodes = bandit(made, rewarded=11, other=12)
    for episode in episodes:
        episode.reward = Reward(0.8, {}, True)
    weights = [weight.clone() for weight in made.model.parameters()]
    losses = [made._learn(episodes)["value_loss"] for _ in range(8)]
    assert losses[-1] < 0.5 * losses[0]
    assert all(torch.equal(old, new) for old, new in zip(weights, made.model.parameters(), strict=True))
    asyncio.run(made.close())


async def test_an_interrupted_run_continues_to_the_same_weights(tmp_path: Path) -> None:
    whole = trainer(tmp_path / "whole")
    curve = await whole.train()
    assert [point["update"] for point in curve.points] == [1, 2, 3, 4]
    needed = {"reward", "kl", "clip_fraction", "entropy", "explained_variance", "tokens", "calls", "zero", "norm"}
    needed |= {"met_answer", "met_fact", "rollout_seconds", "judge_seconds", "update_seconds"}
    assert needed <= set(curve.points[-1])
    first = trainer(tmp_path / "parts")
    for _ in range(2):
        await first.step()
    first._save()
    await first.step()  # lost: nothing was saved after it
    await first.close()
    second = trainer(tmp_path / "parts", model=tiny_model(seed=9))
    assert second.update == 2
    await second.train()
    for name, weight in whole.model.state_dict().items():
        torch.testing.assert_close(second.model.state_dict()[name], weight, atol=1e-6, rtol=0)
    assert [p["update"] for p in read_points(tmp_path / "parts" / "curve.jsonl")] == [3, 4]
    loaded = load_checkpoint(tmp_path / "parts" / "model")
    assert loaded.dialect.describe() == tiny_dialect().describe()
    with pytest.raises(CheckpointError, match="seed"):
        trainer(tmp_path / "parts", PPOOptions(**{**OPTIONS.__dict__, "seed": 5}))


async def test_an_engine_that_stops_ends_the_run_resumable(tmp_path: Path) -> None:
    made = trainer(tmp_path)
    with torch.no_grad():
        made.model.lm_head.weight.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"3 of 3 episodes of update 1 failed.*not finite"):
        await made.train()


def test_a_loss_that_is_no_number_leaves_the_weights_alone(tmp_path: Path) -> None:
    made = trainer(tmp_path, PPOOptions(tasks=1, critic_warmup=0, mini_batches=1))
    episodes = bandit(made, rewarded=11, other=12)
    episodes[0].reward = Reward(float("nan"), {}, True)
    weights = [weight.clone() for weight in made.model.parameters()]
    with pytest.raises(Diverged, match="learning rate"):
        made._learn(episodes)
    assert all(torch.equal(old, new) for old, new in zip(weights, made.model.parameters(), strict=True))
    asyncio.run(made.close())


def test_impossible_options_are_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="several tries"):
        trainer(tmp_path, PPOOptions(algorithm="grpo"))
    dialect = tiny_dialect()
    checkpoint = Checkpoint(tiny_model(), dialect.tokenizer, dialect, tmp_path)
    with pytest.raises(TrainingError, match="no tasks"):
        PPOTrainer(checkpoint, [], [], SETTINGS, OPTIONS, tmp_path)


def test_a_resumed_run_has_the_learning_rates_asked_for_and_a_model_as_new_as_its_state(tmp_path: Path) -> None:
    made = trainer(tmp_path)
    made._save()
    asyncio.run(made.close())
    shutil.rmtree(tmp_path / "model")
    again = trainer(tmp_path, replace(OPTIONS, learning_rate=1e-6, critic_rate=1e-5))
    assert [group["lr"] for group in again.optimizer.param_groups] == [1e-6]
    assert [group["lr"] for group in again.critic_optimizer.param_groups] == [1e-5]
    assert load_checkpoint(tmp_path / "model")
    asyncio.run(again.close())
    weights = tmp_path / "model" / "model.safetensors"
    os.utime(weights, (1, 1))
    asyncio.run(trainer(tmp_path).close())
    assert weights.stat().st_mtime > 1


def test_grpo_compares_episodes_however_many_rows_they_have(tmp_path: Path) -> None:
    made = trainer(tmp_path, PPOOptions(algorithm="grpo", tries=2, tasks=1))
    good, bad = bandit(made, rewarded=11, other=12)
    plain = {e.episode: float(e.advantages[0]) for e in made._experience([good, bad])}
    good.rows = good.rows * 3
    compacted = made._experience([good, bad])
    assert len(compacted) == 4
    assert all(float(e.advantages[0]) == pytest.approx(plain[e.episode]) for e in compacted)
    asyncio.run(made.close())
