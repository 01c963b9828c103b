"""The recipes for large models agree with themselves, with the arithmetic, and with what docs/training.md says."""

import re
from pathlib import Path

import pytest
import yaml

from benchmarks.arithmetic import QWEN_7B, QWEN_32B, Cost, Shape, cache_bytes, cost

ROOT = Path(__file__).parents[2]
SIZES = ("7b_32k", "7b_128k", "32b_32k", "32b_128k")
CARD = 80.0
"""Gigabytes of a GPU."""
EPISODES = 128
"""Of one update of PPO."""


def parts(size: str) -> tuple[Shape, int]:
    model, context = size.split("_")
    return {"7b": QWEN_7B, "32b": QWEN_32B}[model], int(context[:-1]) * 1024


def fine_tuning(size: str) -> tuple[int, Cost]:
    """GPUs and cost by recipes/sft.sh."""
    script = (ROOT / "recipes" / "sft.sh").read_text()
    line = re.search(rf"^\s*{size}\) nodes=(\d+) context=(\d+) share=(\d+) rows=(\d+)", script, re.MULTILINE)
    assert line
    nodes, context, share, rows = map(int, line.groups())
    shape, expected = parts(size)
    assert context == expected and rows % (8 * nodes // share) == 0
    return 8 * nodes, cost(shape, context, 8 * nodes, share, rows)


def reinforcement(size: str) -> tuple[int, Cost]:
    """GPUs and cost of one of the two models by verl's recipe."""
    recipe = yaml.safe_load((ROOT / "recipes" / f"verl_ppo_{size}.yaml").read_text())
    common = yaml.safe_load((ROOT / "recipes" / "verl_ppo.yaml").read_text())
    shape, context = parts(size)
    actor, rollout, critic = (
        recipe["actor_rollout_ref"]["actor"], recipe["actor_rollout_ref"]["rollout"], recipe["critic"],
    )  # fmt: skip
    share = actor["fsdp_config"]["ulysses_sequence_parallel_size"]
    assert (
        common["data"]["max_prompt_length"] + recipe["data"]["max_response_length"]
        == rollout["max_model_len"]
        == context
    )
    assert actor["ppo_max_token_len_per_gpu"] * share >= context, "a whole episode fits"
    assert critic == {
        "ppo_max_token_len_per_gpu": actor["ppo_max_token_len_per_gpu"],
        "fsdp": {"ulysses_sequence_parallel_size": share},
    }
    assert shape.heads % share == 0, "heads are divided among the processes that share a row"
    assert common["data"]["train_batch_size"] == EPISODES
    gpus = recipe["trainer"]["nnodes"] * recipe["trainer"]["n_gpus_per_node"]
    return gpus, cost(shape, context, gpus, share, EPISODES)


@pytest.mark.parametrize("size", SIZES)
def test_a_size_fits_its_cards_and_the_page_says_so(size: str) -> None:
    gpus, tuned = fine_tuning(size)
    gpus_of_ppo, reinforced = reinforcement(size)
    assert gpus == gpus_of_ppo and tuned.gigabytes < 0.8 * CARD and reinforced.gigabytes < 0.8 * CARD
    shape, context = parts(size)
    row = (
        f"| {size.partition('_')[0].upper()}, {context // 1024}K | {gpus} | {tuned.gigabytes:.0f} | "
        f"{tuned.tokens / tuned.seconds:,.0f} | {reinforced.gigabytes:.0f} | {cache_bytes(shape, context) / 1e9:.1f} | "
        f"{2 * reinforced.seconds / 60:.0f} min |"
    )
    assert row in (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
