"""Proximal policy optimisation as pure functions of tensors, equal to those of verl.trainer.ppo.core_algos.

Tensors have a row for each episode and a column for each token; `mask` is 1 at the agent's own tokens, 0 elsewhere.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

DUAL_CLIP = 3.0
"""Largest ratio that counts where the advantage is below zero."""
MOST_DIFFERENCE = 20.0
"""Largest difference of two log-probabilities whose ratio is formed."""


def masked_mean(values: Tensor, mask: Tensor, tokens: float | None = None) -> Tensor:
    """Mean over the mask. tokens: what to divide by instead, for a part of a larger batch."""
    return (values * mask).sum() / (mask.sum() + 1e-8 if tokens is None else tokens)


def whiten(values: Tensor, mask: Tensor) -> Tensor:
    """`values` with mean 0 and variance 1 over the mask, which needs two tokens at least."""
    centred = values - masked_mean(values, mask)
    count = mask.sum()
    return centred * torch.rsqrt(masked_mean(centred**2, mask) * count / (count - 1) + 1e-8)


def gae(rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float) -> tuple[Tensor, Tensor]:
    """Generalised advantage estimates, not yet whitened, and returns; tokens outside the mask are skipped over."""
    following, last = torch.zeros_like(values[:, 0]), torch.zeros_like(values[:, 0])
    advantages = torch.zeros_like(values)
    for column in reversed(range(values.shape[1])):
        own = mask[:, column]
        new = rewards[:, column] + gamma * following - values[:, column] + gamma * lam * last
        following = torch.where(own > 0, values[:, column], following)
        last = torch.where(own > 0, new, last)
        advantages[:, column] = last
    return advantages, advantages + values


def grpo_advantages(scores: Tensor, groups: Sequence[Hashable]) -> Tensor:
    """Each score against the others of its group, in their standard deviations. A group of one keeps its score."""
    members: dict[Hashable, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)
    advantages = scores.clone()
    for places in members.values():
        if len(places) > 1:
            own = scores[places]
            advantages[places] = (own - own.mean()) / (own.std() + 1e-6)
    return advantages


def policy_loss(
    new: Tensor,
    old: Tensor,
    advantages: Tensor,
    mask: Tensor,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    tokens: float | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """The clipped loss of log-probabilities, the share of tokens whose ratio was clipped, and an estimate of the KL
    divergence of the new policy from the old one."""
    difference = (new - old).clamp(-MOST_DIFFERENCE, MOST_DIFFERENCE)
    ratio = difference.exp()
    plain = -advantages * ratio
    clipped = -advantages * ratio.clamp(1 - clip_low, 1 + clip_high)
    worse = torch.maximum(plain, clipped)
    losses = torch.where(advantages < 0, torch.minimum(worse, -advantages * DUAL_CLIP), worse)
    clip_fraction = masked_mean((clipped > plain).float(), mask, tokens)
    return masked_mean(losses, mask, tokens), clip_fraction, masked_mean(-difference, mask, tokens)


def value_loss(
    new: Tensor, old: Tensor, returns: Tensor, mask: Tensor, clip: float, tokens: float | None = None
) -> tuple[Tensor, Tensor]:
    """Half the squared error of values that may move by `clip`, and the share of tokens where that limit counted."""
    plain = (new - returns) ** 2
    clipped = (torch.clamp(new, old - clip, old + clip) - returns) ** 2
    loss = 0.5 * masked_mean(torch.maximum(plain, clipped), mask, tokens)
    return loss, masked_mean((clipped > plain).float(), mask, tokens)


def entropy(logits: Tensor) -> Tensor:
    """Entropy of each distribution, nats."""
    return torch.logsumexp(logits, -1) - (logits.softmax(-1) * logits).sum(-1)


def explained_variance(values: Tensor, returns: Tensor) -> float:
    """How much of the returns' variance the values explain: 1 all of it, 0 none; below 0 they do harm."""
    spread = returns.var()
    return float(1 - (returns - values).var() / spread) if spread > 1e-12 else 0.0
