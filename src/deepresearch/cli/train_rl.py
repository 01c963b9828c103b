"""`train ppo` and `train export`: reinforcement learning in the real loop, and checkpoints for other servers."""

import asyncio
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cyclopts import App, Parameter

from .options import Data, EndpointFlags, Limits, Names, Switch
from .synth_inputs import open_providers
from .terminal import put, say

if TYPE_CHECKING:
    from ..judge.judging import Judge
    from ..settings import Settings
    from ..training.ppo_trainer import PPOOptions

commands = App(name="rl")


@Parameter(name="*", group="Training")
@dataclass(frozen=True)
class Reinforcement:
    """How the policy tries, and how it learns from that."""

    algorithm: Literal["ppo", "grpo"] = "ppo"
    """ppo: with a learned critic. grpo: several tries of a task are compared."""
    updates: int = 40
    """Updates in all."""
    tasks_per_update: int = 128
    """Tasks that are tried before each update."""
    tries: int = 1
    """Episodes of each task."""
    critic_warmup: int = 3
    """First updates, which train the critic alone."""
    mini_batches: int = 2
    """Steps of the optimizer in an update."""
    micro_tokens: int = 16_384
    """Tokens whose gradient is computed at once; fewer need less memory."""
    learning_rate: float = 1e-4
    """Of the policy."""
    critic_rate: float = 2e-4
    """Learning rate of the critic."""
    sampling_temperature: float = 1.0
    """How freely the policy tries."""
    longest_turn: int = 128
    """Tokens of a turn."""
    at_once: int = 128
    """Episodes at the same time."""
    slots: int = 64
    """Episodes whose caches are held."""
    outcome_only: Switch = False
    """Reward the answer alone."""
    save_every: int = 5
    """Updates between two saved states."""
    seed: int = 0
    """The same seed tries the same tasks with the same random numbers."""


@commands.command
def ppo(
    checkpoint: Path,
    tasks: Path,
    /,
    *,
    out: Path,
    library: Names = None,
    web: Switch = False,
    judge: Path | None = None,
    judge_url: str = "",
    plan: Literal["show", "off"] | None = None,
    training: Reinforcement = Reinforcement(),
    endpoint: EndpointFlags = EndpointFlags(),
    limits: Limits = Limits(),
    data: Data | None = None,
) -> int:
    """Reinforcement learning: try tasks in the project's own loop, judge the reports, learn from what they earn.

    Reports are judged by each task's hidden side: answer, facts, citations. With --model (and --base-url) that model
    judges the tasks' rubrics instead, with --judge one trained here. The same command continues what was interrupted.

    Args:
        checkpoint: Hugging Face folder of the policy to begin with.
        tasks: Tasks with their hidden side, as `deepresearch synth` writes them.
        out: Folder for the checkpoint (model), the state to resume from, and the curve.
        library: Libraries that the policy searches.
        web: Search the web too.
        judge: Folder of a trained judge (`train judge`), which decides the tasks' rubrics.
        judge_url: Where vLLM serves it; by default it runs in this process.
        plan: show: the policy writes a plan first, as `run` lets it; off: no plan. As the runs that it learnt from.
    """
    from .train import need_torch

    need_torch()
    from ..agent.rollouts import SharedSource
    from ..settings import Settings
    from ..training.checkpoints import load_checkpoint
    from ..training.ppo_trainer import PPOTrainer
    from ..training.records import read_tasks

    flags = {"search.web": web or None, "plan": plan, **endpoint.flags(), **limits.flags()}
    settings = Settings.load({**flags, **(data or Data()).flags()})
    policy = load_checkpoint(checkpoint)
    judging = None if training.outcome_only else _judge(settings, judge, judge_url)
    options = _options(training, policy.dialect.name, judging, settings)
    with open_providers(settings, library) as providers:
        shared = [SharedSource(provider) for provider in providers]
        trainer = PPOTrainer(policy, list(read_tasks(tasks)), shared, settings, options, out)
        curve = asyncio.run(trainer.train(progress=say))
    put(f"{out / 'model'}: reward {curve.last('reward'):.3f}, right {curve.last('right'):.3f}")
    return 0


def _options(given: Reinforcement, dialect: str, judge: "Judge | None", settings: "Settings") -> "PPOOptions":
    """The trainer's options. dialect: decides which tools are offered."""
    from ..agent.sources import open_authority
    from ..training.compact import SURFER
    from ..training.episodes import EpisodeOptions
    from ..training.ppo_trainer import PPOOptions
    from ..training.rewards import OUTCOME_ONLY, RewardOptions

    same = {field.name for field in fields(PPOOptions)} & {field.name for field in fields(Reinforcement)}
    episodes = EpisodeOptions(
        temperature=given.sampling_temperature,
        max_new=given.longest_turn,
        at_once=given.at_once,
        tools=(SURFER,) if dialect == "compact" else (),
        reward=OUTCOME_ONLY if given.outcome_only else RewardOptions(judge=judge),
        authority=open_authority(settings.search.authority),
    )
    values = {name: getattr(given, name) for name in same}
    return PPOOptions(**values, tasks=given.tasks_per_update, episodes=episodes)


@commands.command
def export(
    checkpoint: Path,
    /,
    *,
    out: Path,
    precision: Literal["float32", "bfloat16", "float16"] = "bfloat16",
    gguf: Path | None = None,
    converter: Path | None = None,
) -> int:
    """Write a checkpoint for vLLM, SGLang or llama.cpp: weights, tokenizer with chat template, dialect.

    Args:
        checkpoint: Hugging Face folder of the policy.
        out: Folder to write.
        precision: Of the weights.
        gguf: File for llama.cpp, written too.
        converter: llama.cpp's source folder, for --gguf.
    """
    from .train import need_torch

    need_torch()
    from ..errors import ExportError
    from ..training.export import export_checkpoint
    from ..training.gguf import export_gguf

    if gguf and not converter:
        raise ExportError("--gguf needs llama.cpp's converter.", "Name llama.cpp's source folder: --converter DIR.")
    export_checkpoint(checkpoint, out, precision)
    if gguf and converter:
        export_gguf(out, gguf, converter)
    put(f"Exported to {out}" + (f" and {gguf}" if gguf else ""))
    return 0


def _judge(settings: "Settings", trained: Path | None, url: str) -> "Judge | None":
    """The model that judges, at temperature 0; None where none is named."""
    if trained:
        from ..training.judging import open_judge

        return open_judge(trained, url)
    if not settings.model.name:
        return None
    from ..judge.model_judge import ModelJudge
    from ..models.client import chat_client
    from ..models.reply_cache import FOLDER, ReplyCache

    client = chat_client(settings, temperature=0.0, stream=False)
    return ModelJudge(client, ReplyCache(settings.data_folder() / FOLDER))
