"""Reinforcement of a judge with rewards that can be verified: form, agreement with labels, and the same verdict when
the criteria change their order and another report stands beside.

Each report is judged several times as it is and several times changed (its twin); advantages are relative to the other
replies to the same prompt, the objective is that of ppo.py. A verdict earns only where it is right, so that constant
verdicts, which are perfectly robust, gain nothing by that; rare classes weigh as much as common ones.
"""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import torch

from ..errors import CheckpointError, Diverged
from ..judge.verdicts import LEVELS, Level
from .curves import Curve, CurveFile
from .engine import Generated, LocalEngine
from .judging import CriterionOpinion, JudgeForm, LabelledReport, padded, reordered
from .packing import Batch, hidden_states, set_rate, token_logprobs
from .ppo import grpo_advantages, policy_loss

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FORM, AGREE, ROBUST = 0.1, 0.7, 0.2
"""Shares of a reward: that it can be read, right verdicts, right verdicts that the twin's replies share."""
STATE = "judge_rl.pt"


@dataclass(frozen=True)
class JudgeRLOptions:
    """How a judge is reinforced."""

    updates: int = 100
    reports: int = 16
    """Reports of an update; each is judged 2 x samples times."""
    samples: int = 4
    learning_rate: float = 1e-5
    clip_low: float = 0.2
    clip_high: float = 0.2
    clip: float = 1.0
    """Largest norm of the gradient."""
    micro_replies: int = 32
    """Replies whose gradient is computed at once."""
    save_every: int = 20
    seed: int = 0


@dataclass(frozen=True)
class JudgeReply:
    """One judging of a report: what was asked, what came, what it earned."""

    prompt: list[int]
    generated: Generated
    group: int
    """Which prompt of the update."""
    score: float


def class_weights(items: Sequence[LabelledReport]) -> dict[Level, float]:
    """For each verdict the weight that gives every class of `items` the same sum."""
    counts = Counter(one.level for item in items for one in item.criteria)
    present = [level for level in LEVELS if counts[level]]
    return {level: counts.total() / (len(present) * counts[level]) for level in present}


def verdict_reward(
    item: LabelledReport,
    opinions: Sequence[CriterionOpinion] | None,
    twin: Mapping[str, Level],
    weights: Mapping[Level, float],
) -> float:
    """The reward of one reply, 0 to 1. twin: by criterion, the commonest verdict of the replies to the twin."""
    if opinions is None:
        return 0.0
    earned, possible = 0.0, 0.0
    for one, opinion in zip(item.criteria, opinions, strict=True):
        possible += weights[one.level]
        if opinion.level == one.level:
            earned += weights[one.level] * (AGREE + ROBUST * (twin.get(one.criterion) == opinion.level))
    return FORM + earned / possible


def reinforce(
    model: "PreTrainedModel",
    engine: LocalEngine,
    form: JudgeForm,
    items: Sequence[LabelledReport],
    options: JudgeRLOptions,
    out: Path,
) -> Curve:
    """Train `model`, with which `engine` generates; what was interrupted is continued by the same call.

    `out` gets judge_rl.jsonl and the state to resume from. Raises CheckpointError where that is of another run,
    Diverged where the gradient is no number any more, ModelError where the engine stops: the state stays.
    """
    out.mkdir(parents=True, exist_ok=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, betas=(0.9, 0.95), weight_decay=0.0)
    done = _resume(model, optimizer, options, out / STATE)
    weights = class_weights(items)
    curve = CurveFile(out / "judge_rl.jsonl", done)
    try:
        for update in range(done, options.updates):
            engine.forget()  # the weights have changed
            replies = asyncio.run(_replies(engine, form, items, weights, options, update))
            scores = [reply.score for reply in replies]
            figures = _learn(model, optimizer, replies, options)
            unreadable, length = fmean(score == 0.0 for score in scores), fmean(len(r.generated.ids) for r in replies)
            curve.add(update=update + 1, reward=fmean(scores), unreadable=unreadable, length=length, **figures)
            if update + 1 == options.updates or (update + 1) % options.save_every == 0:
                _save(model, optimizer, options, update + 1, out / STATE)
        return curve.curve
    finally:
        curve.close()


async def _replies(
    engine: LocalEngine,
    form: JudgeForm,
    items: Sequence[LabelledReport],
    weights: Mapping[Level, float],
    options: JudgeRLOptions,
    update: int,
) -> list[JudgeReply]:
    """The reports of an update and their twins, each judged `samples` times at temperature 1."""
    rng = random.Random(f"judge rl {options.seed} {update}")  # noqa: S311  not for secrets
    chosen = rng.sample(items, min(options.reports, len(items)))
    asked = [one for item in chosen for one in (item, padded(reordered(item, rng), items, rng))]
    groups = [group for group in range(len(asked)) for _ in range(options.samples)]
    replies = await asyncio.gather(*(form.ask(engine, asked[group], 1.0, rng.getrandbits(31)) for group in groups))
    read = [form.read(reply, len(asked[group].criteria)) for reply, group in zip(replies, groups, strict=True)]
    common = [
        _commonest(item, read[group * options.samples : (group + 1) * options.samples])
        for group, item in enumerate(asked)
    ]
    return [
        JudgeReply(
            form.prompt(asked[group].question, asked[group].report, asked[group].criteria),
            reply,
            group,
            verdict_reward(asked[group], opinions, common[group ^ 1], weights),
        )
        for reply, opinions, group in zip(replies, read, groups, strict=True)
    ]


def _commonest(item: LabelledReport, replies: Sequence[Sequence[CriterionOpinion] | None]) -> dict[str, Level]:
    """By criterion, the verdict of most replies; the first of two that are as common."""
    read = [opinions for opinions in replies if opinions]
    return {
        one.criterion: Counter(opinions[place].level for opinions in read).most_common(1)[0][0]
        for place, one in enumerate(item.criteria if read else ())
    }


def _learn(
    model: "PreTrainedModel", optimizer: torch.optim.Optimizer, replies: Sequence[JudgeReply], options: JudgeRLOptions
) -> dict[str, float]:
    """One update over all replies; what was measured. Raises Diverged."""
    scores = torch.tensor([reply.score for reply in replies])
    advantages = grpo_advantages(scores, [reply.group for reply in replies])
    total = sum(len(reply.generated.ids) for reply in replies)
    figures = dict.fromkeys(("loss", "clip_fraction", "kl"), 0.0)
    model.train()
    for start in range(0, len(replies), options.micro_replies):
        part = replies[start : start + options.micro_replies]
        own = [len(reply.generated.ids) for reply in part]
        batch = Batch.of(
            [
                ([*r.prompt, *r.generated.ids], [0.0] * len(r.prompt) + [1.0] * n)
                for r, n in zip(part, own, strict=True)
            ],
            model.device,
        )
        places = batch.weights.nonzero().squeeze(-1)
        new = token_logprobs(model.get_output_embeddings(), hidden_states(model, batch)[places], batch.targets[places])
        old = torch.tensor([value for reply in part for value in reply.generated.logprobs], device=model.device)
        gain = advantages[start : start + len(part)].repeat_interleave(torch.tensor(own)).to(model.device)
        found = policy_loss(new, old, gain, torch.ones_like(new), options.clip_low, options.clip_high, total)
        found[0].backward()
        for name, value in zip(figures, found, strict=True):
            figures[name] += float(value.detach())
    norm = float(torch.nn.utils.clip_grad_norm_(model.parameters(), options.clip))
    if not math.isfinite(norm):
        raise Diverged("The gradient of the judge is not finite.", f"Resume from {STATE} with a lower learning rate.")
    optimizer.step()
    optimizer.zero_grad()
    return {**figures, "norm": norm}


def _save(
    model: "PreTrainedModel", optimizer: torch.optim.Optimizer, options: JudgeRLOptions, update: int, path: Path
) -> None:
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "run": _run(options), "update": update}
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def _resume(model: "PreTrainedModel", optimizer: torch.optim.Optimizer, options: JudgeRLOptions, path: Path) -> int:
    """Put the saved state, where there is one, into model and optimizer; the number of updates done."""
    if not path.exists():
        return 0
    state: dict[str, Any] = torch.load(path, weights_only=True)
    wanted = _run(options)
    if {name: state["run"].get(name) for name in wanted} != wanted:
        raise CheckpointError(f"{path} is of a run with other options.", "Name another folder, or delete it.")
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    set_rate(optimizer, options.learning_rate)
    return int(state["update"])


def _run(options: JudgeRLOptions) -> dict[str, Any]:
    """What must be the same for a run to be continued."""
    free = ("updates", "save_every", "learning_rate")
    return {name: value for name, value in asdict(options).items() if name not in free}
