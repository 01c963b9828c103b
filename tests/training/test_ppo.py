"""Against verl's own functions: `pip install --no-deps verl==0.9.1`, and what that imports (ray, orjson ...)."""

import warnings

import pytest

pytest.importorskip("torch")

import numpy as np
import torch

from deepresearch.training import ppo

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from verl.trainer.ppo import core_algos
except ImportError as error:
    core_algos, missing = None, str(error)
else:
    missing = ""
needs_verl = pytest.mark.skipif(core_algos is None, reason=f"verl 0.9.1 is not installed: {missing}")
CLOSE = {"atol": 1e-6, "rtol": 1e-5}


def batch(seed: int, rows: int = 5, columns: int = 40) -> dict[str, torch.Tensor]:
    made = torch.Generator().manual_seed(seed)
    mask = (torch.rand(rows, columns, generator=made) < 0.6).float()
    mask[:, -1] = 1
    draw = {name: torch.randn(rows, columns, generator=made) for name in ("rewards", "values", "new", "old", "returns")}
    return {"mask": mask, **draw, "advantages": torch.randn(rows, columns, generator=made)}


@needs_verl
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(5))
def test_equal_to_verl_on_random_batches(seed: int) -> None:
    b = batch(seed)
    mask = b["mask"]
    for gamma, lam in ((1.0, 1.0), (0.99, 0.95)):
        advantages, returns = ppo.gae(b["rewards"], b["values"], mask, gamma, lam)
        theirs, their_returns = core_algos.compute_gae_advantage_return(b["rewards"], b["values"], mask, gamma, lam)
        torch.testing.assert_close(ppo.whiten(advantages, mask) * mask, theirs * mask, **CLOSE)
        torch.testing.assert_close(returns * mask, their_returns * mask, **CLOSE)
    ours = ppo.policy_loss(b["new"], b["old"], b["advantages"], mask, 0.2, 0.28)
    found = core_algos.compute_policy_loss(
        b["old"], b["new"], b["advantages"], mask, cliprange_low=0.2, cliprange_high=0.28
    )
    for one, other in zip(ours, found[:3], strict=True):
        torch.testing.assert_close(one, other, **CLOSE)
    ours_value = ppo.value_loss(b["new"], b["values"], b["returns"], mask, 0.5)
    for one, other in zip(
        ours_value, core_algos.compute_value_loss(b["new"], b["returns"], b["values"], mask, 0.5), strict=True
    ):
        torch.testing.assert_close(one, other, **CLOSE)
    groups = [0, 1, 0, 1, 2]
    scored = torch.zeros_like(mask)
    scored[:, -1] = b["rewards"][:, -1]
    theirs, _ = core_algos.compute_grpo_outcome_advantage(scored.clone(), mask, np.array(groups))
    own = ppo.grpo_advantages(scored.sum(-1), groups)[:, None] * mask
    torch.testing.assert_close(own, theirs, **CLOSE)
    logits = torch.randn(5, 40, 30, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(
        ppo.masked_mean(ppo.entropy(logits), mask), core_algos.compute_entropy_loss(logits, mask), **CLOSE
    )


def test_with_gamma_and_lambda_1_the_advantage_is_the_final_reward_less_the_value() -> None:
    values, mask = torch.tensor([[0.1, 0.9, 0.3]]), torch.tensor([[1.0, 0.0, 1.0]])
    advantages, returns = ppo.gae(torch.tensor([[0.0, 0.0, 1.0]]), values, mask, 1.0, 1.0)
    torch.testing.assert_close(advantages[mask > 0], torch.tensor([0.9, 0.7]))
    torch.testing.assert_close(returns[mask > 0], torch.ones(2))


def test_parts_of_a_batch_add_up_to_its_loss() -> None:
    b = batch(3)
    names = ("new", "old", "advantages", "mask")
    whole = ppo.policy_loss(*(b[name] for name in names))[0]
    tokens = float(b["mask"].sum())
    parts = [ppo.policy_loss(*(b[name][rows] for name in names), tokens=tokens)[0] for rows in (slice(2), slice(2, 5))]
    torch.testing.assert_close(sum(parts), whole)


def test_what_the_values_explain() -> None:
    returns = torch.tensor([0.0, 1.0, 0.0, 1.0])
    assert ppo.explained_variance(returns, returns) == 1.0
    assert ppo.explained_variance(torch.zeros(4), returns) == 0.0
    assert ppo.explained_variance(torch.zeros(4), torch.zeros(4)) == 0.0
