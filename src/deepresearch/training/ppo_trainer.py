"""Reinforcement learning in the project's own loop: PPO with a learned critic, or GRPO.

One update: try tasks with the policy as it is, judge the reports, and move the policy towards what earned more than the
critic expected. The reward comes at the end of an episode; the loss is taken on the tokens that the policy sampled, by
the ids and log-probabilities with which it sampled them. Rows are packed without padding, as for the supervised stages.
"""

import asyncio
import copy
import json
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ..errors import CheckpointError, Diverged, TrainingError
from ..settings import Settings
from . import ppo
from .checkpoints import Checkpoint, save_checkpoint
from .curves import Curve, CurveFile
from .engine import LocalEngine, TokenEngine
from .episodes import Episode, EpisodeOptions, EpisodeRow, Sources, roll_out, summary
from .packing import Batch, check_model, hidden_states, set_rate
from .records import ResearchTask

MOST_FAILED = 0.5
"""Share of failed episodes from which an update would say little of the policy."""


@dataclass(frozen=True)
class PPOOptions:
    """How a policy is trained."""

    algorithm: Literal["ppo", "grpo"] = "ppo"
    updates: int = 40
    tasks: int = 128
    """Tasks of one update."""
    tries: int = 1
    """Episodes of each task; GRPO compares those of one task, and needs several."""
    critic_warmup: int = 3
    """Updates at the beginning that train the critic alone."""
    epochs: int = 1
    """Times that each episode is learnt from."""
    mini_batches: int = 2
    """Steps of the optimizer in each epoch."""
    micro_tokens: int = 16_384
    """Tokens whose gradient is computed at once."""
    learning_rate: float = 1e-4
    critic_rate: float = 2e-4
    clip_low: float = 0.2
    clip_high: float = 0.2
    value_clip: float = 0.5
    entropy: float = 0.0
    """Weight of the entropy that is added to the objective."""
    gamma: float = 1.0
    lam: float = 1.0
    largest_norm: float = 1.0
    """Of the gradient."""
    slots: int = 64
    """Runs whose caches the engine holds."""
    save_every: int = 5
    seed: int = 0
    episodes: EpisodeOptions = field(default_factory=EpisodeOptions)


class Critic(torch.nn.Module):
    """The value of each state: a head on a copy of the policy's backbone, so that it begins with what that has read."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.backbone = copy.deepcopy(model)
        width = int(model.get_input_embeddings().weight.shape[1])
        self.head = torch.nn.Linear(width, 1)
        torch.nn.init.zeros_(self.head.weight)
        torch.nn.init.zeros_(self.head.bias)

    def forward(self, batch: Batch, places: Tensor) -> Tensor:
        """One value for each of `places` in the batch."""
        values: Tensor = self.head(hidden_states(self.backbone, batch)[places].float()).squeeze(-1)
        return values


@dataclass
class Experience:
    """A row with what is learnt from it; every tensor has one value for each own token."""

    row: EpisodeRow
    score: float
    episode: int
    group: str
    old: Tensor
    values: Tensor
    advantages: Tensor
    returns: Tensor


class PPOTrainer:
    """One training run; what was interrupted is continued by making it again with the same folder."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        tasks: Sequence[ResearchTask],
        sources: Sources,
        settings: Settings,
        options: PPOOptions,
        out: Path,
        engine: TokenEngine | None = None,
    ) -> None:
        """Trains the checkpoint's model in place. `out` gets curve.jsonl, state.pt to resume from, and model/.

        engine: what samples, over the same weights; by default one in this process. Raises TrainingError for
        impossible options, CheckpointError where `out` is of another run.
        """
        if not tasks:
            raise TrainingError("There are no tasks.", "Make some: deepresearch synth graph.")
        if options.algorithm == "grpo" and options.tries < 2:
            raise TrainingError("GRPO compares several tries of a task.", "Set tries to 4 or more.")
        self.model, self.checkpoint = checkpoint.model, checkpoint
        check_model(self.model)
        self.tasks, self.sources, self.settings, self.options, self.out = list(tasks), sources, settings, options, out
        context = int(self.model.config.get_text_config().max_position_embeddings)
        self.engine = engine or LocalEngine(self.model, options.slots, min(context, settings.model.context or context))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=options.learning_rate, weight_decay=0.0)
        self.critic: Critic | None = None
        if options.algorithm == "ppo":
            self.critic = Critic(self.model).to(self.model.device)
            self.critic_optimizer = torch.optim.AdamW(
                self.critic.parameters(), lr=options.critic_rate, weight_decay=0.0
            )
        out.mkdir(parents=True, exist_ok=True)
        self.update = self._resume()
        self.curve = CurveFile(out / "curve.jsonl", self.update)

    async def train(self, progress: Callable[[str], None] = lambda line: None) -> Curve:
        """All updates that are left. Raises TrainingError where most episodes fail, Diverged where the loss is no
        number any more; the state saved last can be resumed."""
        try:
            while self.update < self.options.updates:
                point = await self.step()
                self.curve.add(**point)
                progress(describe(point, self.options.updates))
                if self.update == self.options.updates or self.update % self.options.save_every == 0:
                    self._save()
        finally:
            await self.close()
        return self.curve.curve

    async def close(self) -> None:
        """Close engine and curve."""
        await self.engine.close()
        self.curve.close()

    async def step(self) -> dict[str, float]:
        """One update; what was measured."""
        options, number = self.options, self.update
        began = time.perf_counter()
        chosen = random.Random(f"{options.seed} {number}").choices(self.tasks, k=options.tasks)  # noqa: S311
        tried = [task for task in chosen for _ in range(options.tries)]
        named = replace(options.episodes, name=f"u{number}", seed=options.seed)
        episodes = await roll_out(tried, self.engine, self.checkpoint.dialect, self.sources, self.settings, named)
        rolled = time.perf_counter()
        self._check(episodes)
        learnt = await asyncio.to_thread(self._learn, episodes)
        if isinstance(self.engine, LocalEngine):
            self.engine.forget()
        self.update = number + 1
        judging = sum(episode.seconds.get("judge", 0.0) for episode in episodes)
        return {
            "update": self.update,
            **summary(episodes),
            **learnt,
            "rollout_seconds": rolled - began,
            "judge_seconds": judging,
            "update_seconds": time.perf_counter() - rolled,
        }

    def _check(self, episodes: Sequence[Episode]) -> None:
        failed = [episode for episode in episodes if episode.failed]
        usable = any(any(row.own) for episode in episodes if not episode.failed for row in episode.rows)
        if len(failed) > MOST_FAILED * len(episodes) or not usable:
            reasons = Counter(episode.problem for episode in failed).most_common(1)
            why = reasons[0][0] if reasons else "nothing was sampled"
            raise TrainingError(
                f"{len(failed)} of {len(episodes)} episodes of update {self.update + 1} failed: {why[:300]}",
                f"Correct that and run the same command: it continues from {self.out}.",
            )

    def _learn(self, episodes: Sequence[Episode]) -> dict[str, float]:
        """Train critic and policy on the episodes that did not fail."""
        options = self.options
        torch.manual_seed(options.seed * 1_000_003 + self.update)
        self.model.train()
        experience = self._experience(episodes)
        steps: list[dict[str, float]] = []
        order = random.Random(f"{options.seed} {self.update} order")  # noqa: S311
        for _ in range(options.epochs):
            order.shuffle(experience)
            size = math.ceil(len(experience) / options.mini_batches)
            for start in range(0, len(experience), size):
                steps.append(self._optimise(experience[start : start + size]))
        values, returns = torch.cat([e.values for e in experience]), torch.cat([e.returns for e in experience])
        measured = {name: value / len(steps) for name, value in _added(steps).items()}
        if self.critic:
            measured["explained_variance"] = ppo.explained_variance(values, returns)
        return measured

    def _experience(self, episodes: Sequence[Episode]) -> list[Experience]:
        """Rows with advantages, normalised over all own tokens."""
        options = self.options
        made = []
        for number, episode in enumerate(episodes):
            for row in episode.rows if not episode.failed else []:
                old = torch.tensor([logprob for logprob, own in zip(row.logprobs, row.own, strict=True) if own])
                if len(old):
                    empty = torch.zeros_like(old)
                    made.append(
                        Experience(row, episode.reward.score, number, episode.task.id, old, empty, empty, empty)
                    )
        if self.critic:
            for part in self._micro_batches(made):
                batch, places = self._batch(part)
                with torch.no_grad():
                    values = self.critic(batch, places).cpu().split([len(e.old) for e in part])
                for e, own in zip(part, values, strict=True):
                    rewards, mask = torch.zeros_like(own), torch.ones_like(own)
                    rewards[-1] = e.score
                    found = ppo.gae(rewards[None], own[None], mask[None], options.gamma, options.lam)
                    e.values, e.advantages, e.returns = own, found[0][0], found[1][0]
            whole = torch.cat([e.advantages for e in made])
            parts = ppo.whiten(whole, torch.ones_like(whole)).split([len(e.old) for e in made])
        else:
            tries = {e.episode: e for e in made}  # an episode counts once, however often it was compacted
            scores = torch.tensor([e.score for e in tries.values()])
            found = ppo.grpo_advantages(scores, [e.group for e in tries.values()])
            own = dict(zip(tries, found, strict=True))
            parts = tuple(own[e.episode].expand(len(e.old)) for e in made)
        for e, advantages in zip(made, parts, strict=True):
            e.advantages = advantages
        return made

    def _optimise(self, mini: Sequence[Experience]) -> dict[str, float]:
        """One step of both optimizers; what was measured."""
        options = self.options
        total = float(sum(len(e.old) for e in mini))
        measured: list[dict[str, float]] = []
        trains_policy = self.critic is None or self.update >= options.critic_warmup
        for part in self._micro_batches(mini):
            batch, places = self._batch(part)
            old, advantages, returns, values = (
                torch.cat([getattr(e, name) for e in part]).to(self.model.device)
                for name in ("old", "advantages", "returns", "values")
            )
            ones = torch.ones_like(old)
            if self.critic:
                loss, clipped = ppo.value_loss(
                    self.critic(batch, places), values, returns, ones, options.value_clip, total
                )
                loss.backward()
                measured.append({"value_loss": loss.item(), "value_clip_fraction": clipped.item()})
            with torch.set_grad_enabled(trains_policy):
                logits = self._logits(batch, places)
                new = logits.log_softmax(-1).gather(1, batch.targets[places][:, None]).squeeze(1)
                spread = ppo.masked_mean(ppo.entropy(logits), ones, total)
                loss, clipped, kl = ppo.policy_loss(
                    new, old, advantages, ones, options.clip_low, options.clip_high, total
                )
                if trains_policy:
                    (loss - options.entropy * spread).backward()
            found = {"policy_loss": loss, "clip_fraction": clipped, "kl": kl, "entropy": spread}
            measured.append({name: value.item() for name, value in found.items()})
        return self._take_step(_added(measured), trains_policy)

    def _take_step(self, measured: dict[str, float], trains_policy: bool) -> dict[str, float]:
        """Move the weights; what was measured, with the gradients' norms. Raises Diverged where a number is none, with
        the weights as they were."""
        trained: list[tuple[str, Any, Any]] = []
        if self.critic:
            trained.append(("critic_norm", self.critic.parameters(), self.critic_optimizer))
        if trains_policy:
            trained.append(("norm", self.model.parameters(), self.optimizer))
        for name, weights, _ in trained:
            measured[name] = float(torch.nn.utils.clip_grad_norm_(weights, self.options.largest_norm))
        if not all(math.isfinite(value) for value in measured.values()):
            raise Diverged(
                f"Update {self.update + 1}: "
                + ", ".join(f"{name} {value:g}" for name, value in measured.items())
                + ".",
                f"The state saved last is in {self.out}: resume it with a lower learning rate.",
            )
        for _, _, optimizer in trained:
            optimizer.step()
            optimizer.zero_grad()
        return measured

    def _micro_batches(self, rows: Sequence[Experience]) -> Iterator[list[Experience]]:
        """`rows` by length, in parts of `micro_tokens`."""
        part: list[Experience] = []
        tokens = 0
        for e in sorted(rows, key=lambda e: len(e.row.ids)):
            if part and tokens + len(e.row.ids) > self.options.micro_tokens:
                yield part
                part, tokens = [], 0
            part.append(e)
            tokens += len(e.row.ids)
        yield part

    def _batch(self, part: Sequence[Experience]) -> tuple[Batch, Tensor]:
        """The rows end to end, and the places before their own tokens."""
        batch = Batch.of([(e.row.ids, [float(own) for own in e.row.own]) for e in part], self.model.device)
        return batch, batch.weights.nonzero().squeeze(-1)

    def _logits(self, batch: Batch, places: Tensor) -> Tensor:
        """Logits of the distribution that was sampled from, temperature included."""
        logits: Tensor = self.model.get_output_embeddings()(hidden_states(self.model, batch)[places]).float()
        return logits / (self.options.episodes.temperature or 1.0)

    def _identity(self) -> dict[str, Any]:
        """What a resumed run must have in common with the one that was interrupted."""
        same = {name: getattr(self.options, name) for name in ("algorithm", "tasks", "tries", "seed", "critic_warmup")}
        return json.loads(json.dumps({**same, "of": len(self.tasks), "config": self.model.config.vocab_size}))

    def _save(self) -> None:
        """state.pt, from which the run continues exactly, then model/, which is a checkpoint for others."""
        episodes = self.options.episodes  # a judge has connections or threads, which cannot be copied
        plain = replace(episodes, reward=replace(episodes.reward, judge=None), authority=None)
        state: dict[str, Any] = {
            "identity": self._identity(),
            "options": json.loads(json.dumps(asdict(replace(self.options, episodes=plain)), default=str)),
            "update": self.update,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        if self.critic:
            state |= {"critic": self.critic.state_dict(), "critic_optimizer": self.critic_optimizer.state_dict()}
        aside = self.out / "state.pt.new"
        torch.save(state, aside)
        aside.replace(self.out / "state.pt")
        self._save_model()

    def _save_model(self) -> None:
        save_checkpoint(self.out / "model", self.model, self.checkpoint.tokenizer, self.checkpoint.dialect)

    def _resume(self) -> int:
        """Put the saved state, where there is one, in place; the number of updates done."""
        file = self.out / "state.pt"
        if not file.exists():
            return 0
        state = torch.load(file, map_location=self.model.device, weights_only=True)
        found, wanted = state["identity"], self._identity()
        if different := sorted(name for name in wanted if wanted[name] != found.get(name)):
            raise CheckpointError(
                f"{self.out} is of a run with other {', '.join(different)}.", "Name another folder, or delete it."
            )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        set_rate(self.optimizer, self.options.learning_rate)
        if self.critic:
            self.critic.load_state_dict(state["critic"])
            self.critic_optimizer.load_state_dict(state["critic_optimizer"])
            set_rate(self.critic_optimizer, self.options.critic_rate)
        written = [path.stat().st_mtime_ns for path in (self.out / "model").glob("*")]
        if not written or min(written) < file.stat().st_mtime_ns:  # killed between the state and the model
            self._save_model()
        return int(state["update"])


def _added(points: Sequence[dict[str, float]]) -> dict[str, float]:
    """The sum of each quantity."""
    names = dict.fromkeys(name for point in points for name in point)
    return {name: sum(point.get(name, 0.0) for point in points) for name in names}


def describe(point: dict[str, float], updates: int) -> str:
    """One line on an update."""
    names = ("reward", "right", "zero", "kl", "clip_fraction", "entropy", "explained_variance", "tokens", "calls")
    known = ", ".join(f"{name.replace('_', ' ')} {point[name]:.3f}" for name in names if name in point)
    seconds = "+".join(f"{point[f'{part}_seconds']:.1f}" for part in ("rollout", "judge", "update"))
    return f"update {point['update']:.0f} of {updates}: {known}; {seconds} s (rollout, judge, update)"
