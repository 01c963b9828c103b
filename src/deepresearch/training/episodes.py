"""Episodes: runs of a policy under training in the project's own loop with its real tools, hundreds at once."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..agent.rollouts import run_in_memory
from ..derived import find, observations
from ..errors import DeepResearchError
from ..library.authority import Authority
from ..settings import Settings
from ..store import Blobs
from ..tools import default_tools
from ..trajectory import Event, Observation, RunFailed, Task, Turn
from ..web.search import SearchProvider
from .dialects import TokenDialect
from .engine import TokenEngine
from .policy import LocalPolicy
from .records import ResearchTask
from .rewards import Reward, RewardOptions, judged_reward

Sources = Sequence[SearchProvider] | Callable[[str], Sequence[SearchProvider]]
"""What all episodes search (SharedSource asks each thing once), or what the episode of a name does."""
OWN_FAULTS = frozenset({"no_answer", "no_tool_calling", "context_overflow"})
"""Reasons for which a run ends without a report by the policy's doing, its use of the context included."""
NOTHING = Reward(0.0, {}, False)


@dataclass
class EpisodeRow:
    """A stretch of an episode as the policy saw it: what came before a compaction is a row of its own."""

    ids: list[int]
    own: list[bool]
    """Which tokens the policy sampled."""
    logprobs: list[float]
    """Of its own tokens when they were sampled; 0 elsewhere."""


@dataclass
class Episode:
    """One try at one task."""

    task: ResearchTask
    events: list[Event]
    rows: list[EpisodeRow]
    reward: Reward = NOTHING
    failed: bool = False
    """By a fault of the world or of ours: it says nothing of the policy, and nothing is learnt from it."""
    problem: str = ""
    """Why it failed."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Time of the run, and of judging it."""

    @property
    def ids(self) -> list[int]:
        return self.rows[-1].ids if self.rows else []

    @property
    def own(self) -> list[bool]:
        return self.rows[-1].own if self.rows else []

    @property
    def logprobs(self) -> list[float]:
        return self.rows[-1].logprobs if self.rows else []


@dataclass(frozen=True)
class EpisodeOptions:
    """How tasks are tried. Budgets of turns, calls and tokens are those of the settings."""

    name: str = "episode"
    """Begins the name of each run, which decides its random numbers: other names for other tries."""
    temperature: float = 1.0
    max_new: int = 128
    """Longest turn, tokens."""
    at_once: int = 128
    seed: int = 0
    tools: tuple[str, ...] = ()
    """Names of those offered; empty: all."""
    reward: RewardOptions = field(default_factory=RewardOptions)
    authority: Authority | None = None
    """Ranks the sources; the built-in table where None."""


async def roll_out(
    tasks: Sequence[ResearchTask],
    engine: TokenEngine,
    dialect: TokenDialect,
    sources: Sources,
    settings: Settings,
    options: EpisodeOptions = EpisodeOptions(),
) -> list[Episode]:
    """One episode for each task, in their order. A fault in one is recorded there and ends no other."""
    sources_of = sources if callable(sources) else lambda episode: sources
    if settings.plan == "ask":  # nobody is there to approve it
        settings = settings.model_copy(update={"plan": "show"})
    places = asyncio.Semaphore(options.at_once)
    with tempfile.TemporaryDirectory(prefix="episodes-") as scratch:
        blobs = Blobs(Path(scratch) / "blobs", durable=False)

        async def one(number: int, task: ResearchTask) -> Episode:
            async with places:
                policy = LocalPolicy(engine, dialect, options.temperature, options.max_new, options.seed)
                folder = Path(scratch) / f"{options.name}-{number}"
                tools = default_tools(sources_of(folder.name), options.authority)
                tools = [tool for tool in tools if not options.tools or tool.name in options.tools]
                asked = Task(question=task.question, language=task.language, date=task.date, libraries=["library"])
                clock = asyncio.get_running_loop().time
                began = clock()
                try:
                    events, end = await run_in_memory(asked, policy, tools, settings, folder, blobs)
                except DeepResearchError as error:
                    return Episode(task, [], [], failed=True, problem=str(error))
                ran = clock()
                episode = Episode(task, events, rows_of(events))
                if isinstance(end, RunFailed) and end.fault != "policy" and end.reason not in OWN_FAULTS:
                    episode.failed, episode.problem = True, f"{end.reason}: {end.message}"
                    return episode
                try:
                    episode.reward = await judged_reward(task, events, options.reward)
                except DeepResearchError as error:  # the judge's endpoint
                    episode.failed, episode.problem = True, f"judge: {error}"
                episode.seconds = {"run": ran - began, "judge": clock() - ran}
                return episode

        return list(await asyncio.gather(*(one(number, task) for number, task in enumerate(tasks))))


def rows_of(events: Sequence[Event]) -> list[EpisodeRow]:
    """The sampled tokens of a run in the prompts that they were sampled after; a prompt that does not continue the row
    before it begins another."""
    rows: list[EpisodeRow] = []
    for turn in find(events, Turn):
        if turn.sample is None:
            continue
        prompt, new = turn.sample.prompt_ids, turn.sample.completion_ids
        if not rows or prompt[: len(rows[-1].ids)] != rows[-1].ids:
            rows.append(EpisodeRow([], [], []))
        row = rows[-1]
        between = prompt[len(row.ids) :]
        row.ids += between + new
        row.own += [False] * len(between) + [True] * len(new)
        row.logprobs += [0.0] * len(between) + list(turn.sample.logprobs)
    return rows


def summary(episodes: Sequence[Episode]) -> dict[str, float]:
    """Means over the episodes that did not fail: reward, rates of each criterion, tokens, turns, calls, errors."""
    whole = [episode for episode in episodes if not episode.failed]
    count = max(1, len(whole))
    met: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for episode in whole:
        for name, value in episode.reward.parts.items():
            met[name.split()[0]] += int(value)
            seen[name.split()[0]] += 1
    results = [o for e in whole for o in observations(e.events) if o.call is not None]
    turns = [turn for episode in whole for turn in find(episode.events, Turn)]
    return {
        "episodes": len(whole),
        "failed": len(episodes) - len(whole),
        "reward": sum(e.reward.score for e in whole) / count,
        "zero": sum(e.reward.score <= 0 for e in whole) / count,
        "right": sum(e.reward.right for e in whole) / count,
        "whole": sum(bool(e.reward.parts) and _is_whole(e) for e in whole) / count,
        "tokens": sum(sum(row.own) for e in whole for row in e.rows) / count,
        "turns": len(turns) / count,
        "calls": len(results) / count,
        "errors": sum(_is_error(result) for result in results) / count,
        **{f"met_{name}": met[name] / seen[name] for name in sorted(seen)},
    }


def _is_whole(episode: Episode) -> bool:
    """Whether every wanted criterion is met and no flaw is there."""
    return episode.reward.right and all(
        value == (0.0 if name in episode.reward.flaws else 1.0) for name, value in episode.reward.parts.items()
    )


def _is_error(result: Observation) -> bool:
    return result.status not in ("ok", "empty")
