"""Rollouts: the project's own loop over one library, many tasks at once in one process.

Journals are in memory; a finished run is one line of the output, so a killed process loses only the runs in flight.
Searches and readings are shared: the same query of another run is answered from the cache.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ..agent.rollouts import SharedSource, run_in_memory
from ..agent.setup import open_policy
from ..derived import answer, find, registered, total_usage
from ..errors import UserError
from ..judge.short_answer import cited_passages, names_answer
from ..plugins import Registry
from ..policy import Policy
from ..settings import Settings
from ..store import Blobs
from ..tools import Tool, default_tools
from ..trajectory import Event, Observation, RunFailed, Task, Turn, Verified
from ..web.search import SearchProvider
from .data_files import Card, LineFile, read_records, read_tasks, save_card, source_of, write_whole
from .generation import Progress
from .records import DataCard, Rollout, SyntheticTask
from .samples import Sample

Teacher = Callable[[Settings, Sequence[Tool], SyntheticTask], Policy]
TEACHERS: Registry[Teacher] = Registry(
    "teachers",
    {
        "oracle": "deepresearch.synthesis.oracle:Oracle",
        "one-search": "deepresearch.synthesis.oracle:OneSearch",
        "checker": "deepresearch.synthesis.verify_route:StatementChecker",
        "follower": "deepresearch.synthesis.plan_route:PlanFollower",
        "slips": "deepresearch.synthesis.reflection:SlippingOracle",
        "extractive": "deepresearch.synthesis.rollouts:open_by_settings",
        "chat": "deepresearch.synthesis.rollouts:open_by_settings",
    },
)
SAVE_EVERY = 200


def open_by_settings(settings: Settings, tools: Sequence[Tool], task: SyntheticTask) -> Policy:
    """The policy that the settings name: extractive, or a served model."""
    return open_policy(settings, tools)


@dataclass(frozen=True)
class RolloutOptions:
    """How the tasks are tried."""

    policy: str = "extractive"
    tries: int = 1
    at_once: int = 32
    library: str = ""
    seed: int = 0


@dataclass
class RolloutPool:
    """Carries tasks out, one after another or many at once."""

    sources: Sequence[SharedSource]
    settings: Settings
    options: RolloutOptions
    folder: Path
    """For what tools write; each run has a folder of its own there while it lasts."""
    wrap: Callable[[Policy, SyntheticTask], Policy] = lambda policy, task: policy
    """What stands between the loop and the teacher of a task."""
    blobs: Blobs = field(init=False)

    def __post_init__(self) -> None:
        self.blobs = Blobs(self.folder / "blobs", durable=False)

    async def run(self, task: SyntheticTask, attempt: int) -> Rollout:
        """One try, to its end. Raises InternalError for a fault of this program."""
        name = f"{task.id}-{self.options.policy}-{attempt}"
        teacher = TEACHERS.get(self.options.policy)
        tools = default_tools(self.sources)
        policy = self.wrap(teacher(self.settings, tools, task), task)
        asked = Task(question=task.question, language=task.language, date=task.date, libraries=[self.options.library])
        events, end = await run_in_memory(asked, policy, tools, self.settings, self.folder / name, self.blobs)
        return summary(task, attempt, self.options.policy, events, failed=isinstance(end, RunFailed))

    async def all(self, work: Iterator[tuple[SyntheticTask, int]]) -> AsyncGenerator[Rollout, None]:
        """The rollouts of `work`, as they end; no more than `at_once` tasks are read ahead."""
        running: set[asyncio.Task[Rollout]] = set()
        try:
            while True:
                for task, attempt in islice(work, self.options.at_once - len(running)):
                    running.add(asyncio.ensure_future(self.run(task, attempt)))
                if not running:
                    return
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    yield one.result()
        finally:
            for one in running:
                one.cancel()
            await asyncio.gather(*running, return_exceptions=True)


@contextmanager
def open_pool(sources: Sequence[SearchProvider], settings: Settings, options: RolloutOptions) -> Iterator[RolloutPool]:
    """A pool whose folder lasts as long as it; its sources are shared by all runs."""
    with tempfile.TemporaryDirectory(prefix="rollouts-") as scratch:
        yield RolloutPool([SharedSource(source) for source in sources], settings, options, Path(scratch))


def is_correct(report: str, task: SyntheticTask) -> bool:
    """Whether the short answer names the answer, and no near miss."""
    names = [name for name in (task.answer, *task.aliases) if name]
    return names_answer(report, task.question, names, task.distractors)


def summary(task: SyntheticTask, attempt: int, policy: str, events: Sequence[Event], failed: bool) -> Rollout:
    """The record of a finished run."""
    report = answer(events)
    text = report.text if report else ""
    turns = [turn for turn in find(events, Turn) if isinstance(turn, Turn)]
    checks = find(events, Verified)
    levels = [citation.level for citation in checks[-1].citations] if checks else []
    cited = cited_passages(text)
    usage = total_usage(events)
    return Rollout(
        task=task.id,
        attempt=attempt,
        policy=policy,
        run=events[0].run,
        question=task.question,
        answer=task.answer,
        report=text,
        state="failed" if failed else "partial" if report and report.partial else "finished",
        correct=is_correct(text, task),
        cited=bool(cited) and cited <= set(registered(events)),
        supported=round(levels.count("supports") / len(levels), 4) if levels else None,
        turns=len(turns),
        calls=sum(len(turn.calls) for turn in turns),
        errors=sum(o.status in ("error", "timeout") for o in find(events, Observation)),
        tokens=usage.input + usage.output,
        events=[event.model_dump(mode="json", exclude_defaults=True) | {"type": event.type} for event in events],
    )


async def roll_out(
    tasks: Path,
    out: Path,
    sources: Sequence[SearchProvider],
    settings: Settings,
    options: RolloutOptions,
    progress: Progress = lambda done, wanted, what: None,
) -> DataCard:
    """Try every task of a file; continues a file that was begun. Raises UserError."""
    with open_pool(sources, settings, options) as pool:

        async def make(work: Iterator[tuple[SyntheticTask, int]]) -> AsyncGenerator[Sample, None]:
            async with aclosing(pool.all(work)) as rollouts:
                async for rollout in rollouts:
                    yield rollout.model_dump(mode="json")

        card = await record_rollouts(
            tasks, out, options, make, lambda done, wanted: progress(done, wanted, _cache_words(pool.sources))
        )
        card.settings |= {"model": settings.model.name, "cache": _cache_words(pool.sources)}
    return save_card(card, out)


async def record_rollouts(
    tasks: Path,
    out: Path,
    options: RolloutOptions,
    make: Callable[[Iterator[tuple[SyntheticTask, int]]], AsyncGenerator[Sample, None]],
    progress: Callable[[int, int], None],
) -> DataCard:
    """Write what `make` gives for each task and try that is not in the file yet. Raises UserError."""
    origin = source_of(tasks)
    identity = {"tasks": origin.sha256, "policy": options.policy, "tries": options.tries, "seed": options.seed}
    with LineFile(out, identity, in_order=False) as file:
        card = Card(out, "rollout", options.seed, [origin])
        card.card.settings = {**options.__dict__}
        done: set[tuple[str, int]] = set()
        for record in read_records(out):
            done.add((record["task"], record["attempt"]))
            card.add(record)
        wanted = options.tries * sum(1 for _ in read_tasks(tasks))
        if not wanted:
            raise UserError(f"{tasks} has no tasks.", "Make some with deepresearch synth graph or walk.")
        work = ((t, n) for t in read_tasks(tasks) for n in range(options.tries) if (t.id, n) not in done)
        async with aclosing(make(work)) as rollouts:
            async for record in rollouts:
                file.write(record)
                file.flush()
                card.add(record)
                if card.card.records % SAVE_EVERY == 0:
                    progress(card.card.records, wanted)
        file.save()
    return card.write()


def _cache_words(sources: Sequence[SharedSource]) -> str:
    return f"{sum(s.repeated for s in sources)} of {sum(s.asked for s in sources)} look-ups from the cache"


def add_pass_rates(tasks: Path, rollouts: Path, out: Path) -> DataCard:
    """Copy tasks with the share of right tries beside each. Raises UserError."""
    tried: dict[str, list[bool]] = {}
    for record in read_records(rollouts):
        tried.setdefault(record["task"], []).append(record["correct"])
    rates = {task: sum(right) / len(right) for task, right in tried.items()}
    card = Card(out, "difficulty", None, [source_of(tasks), source_of(rollouts)])

    def rated() -> Iterator[Sample]:
        for task in read_tasks(tasks):
            record = task.model_copy(update={"pass_rate": rates.get(task.id)}).model_dump(mode="json")
            card.add(record)
            yield record

    write_whole(rated(), out)
    return card.write()
