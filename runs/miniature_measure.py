"""How a policy does on the miniature's tasks, in the project's own loop: one row of the table for each stage.

What counts is decided from the hidden facts alone, and by the project's own check of citations; the reward of training
is another matter. Every policy meets the same searches that fail.
"""

import asyncio
import hashlib
import math
import random
import re
import statistics
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepresearch.agent.rollouts import SharedSource, run_in_memory
from deepresearch.agent.run_state import UNUSABLE
from deepresearch.derived import answer, find
from deepresearch.errors import SearchFailed
from deepresearch.judge.short_answer import names_answer, short_answer
from deepresearch.library import LibraryProvider
from deepresearch.library.authority import Authority
from deepresearch.policy import Policy
from deepresearch.settings import Settings
from deepresearch.store import Blobs
from deepresearch.synthesis.records import SyntheticTask
from deepresearch.text.characters import normalise
from deepresearch.text.names import is_named
from deepresearch.tools import Tool, default_tools
from deepresearch.trajectory import Event, Observation, Passage, RunFailed, Task, Verified
from deepresearch.web.search import Query, SearchProvider, SearchResult

MakePolicy = Callable[[SyntheticTask, Sequence[Tool], Settings], Policy]
CountTokens = Callable[[Sequence[Event]], int]
ERRORS = 0.08
"""Share of the searches that fail, in training and in every measurement."""
AT_ONCE = 64
TURNS, CALLS = 12, 9
"""Limits of a run."""
_CITE = re.compile(r"\\cite\{([^}]*)\}")
_SENTENCE = re.compile(r"[^\n.]*(?:\.(?!\s|$)[^\n.]*)*(?:\.|\n|$)")


class FailingSource:
    """A source whose searches fail now and then: the same search of the same run always in the same way."""

    def __init__(self, source: SearchProvider, run: str, share: float = ERRORS) -> None:
        self._source = source
        self._run = run
        self._share = share
        self._asked: dict[str, int] = {}
        self.name = source.name

    async def search(self, query: Query) -> SearchResult:
        """See SearchProvider. Raises SearchFailed as often as it is meant to."""
        tries = self._asked[query.text] = self._asked.get(query.text, 0) + 1
        if chance(f"{self._run} {query.text} {tries}") < self._share:
            raise SearchFailed(f"{self.name} does not answer.")
        return await self._source.search(query)

    async def open(self, reference: str) -> list[Passage]:
        """See Source."""
        return await self._source.open(reference)

    def close(self) -> None:
        """The source stays open for the other runs."""


def chance(text: str) -> float:
    """A number from 0 to 1 that depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest()) / 2**56


@dataclass(frozen=True)
class Outcome:
    """What came of one run."""

    task: str
    group: str
    hops: int
    right: bool
    """The short answer names the answer, and nothing that is outdated or only a step on the way."""
    all_rubrics: bool
    """And every fact of the chain is stated with a source that states it."""
    citations: float
    """Share of the citations that the project's check finds to support their sentence; without any, 0."""
    calls: int
    """That were carried out; those that could not be read are none."""
    tokens: int
    failed_searches: int
    recovered: bool
    """Right although a search failed or brought nothing of use."""
    missed: int
    """Searches that brought no passage with any fact of the chain."""
    events: Sequence[Event] = ()


def outcome_of(task: SyntheticTask, events: Sequence[Event], count_tokens: CountTokens) -> Outcome:
    """The outcome of a finished run."""
    report = answer(events)
    verdicts = verdicts_of(task, report.text if report else "")
    checks = find(events, Verified)
    levels = [citation.level for citation in checks[-1].citations] if checks else []
    results = [event for event in find(events, Observation) if event.call and event.reason not in UNUSABLE]
    failed = sum(result.status in ("error", "timeout") for result in results)
    useful = {key for check in task.provenance.notes["checks"].values() for key in check.get("passages", ())}
    missed = sum(result.status in ("ok", "empty") and not useful & {*result.passage_ids} for result in results)
    return Outcome(
        task=task.id,
        group=task.provenance.notes["group"],
        hops=task.hops,
        right=verdicts["answer"],
        all_rubrics=all(verdicts.values()),
        citations=levels.count("supports") / len(levels) if levels else 0.0,
        calls=len(results),
        tokens=count_tokens(events),
        failed_searches=failed,
        missed=missed,
        recovered=verdicts["answer"] and failed + missed > 0,
        events=events,
    )


def verdicts_of(task: SyntheticTask, report: str) -> dict[str, bool]:
    """Whether each rubric is met, a flaw by being absent."""
    cited = [(normalise(_CITE.sub("", text)), set(_ids(text))) for text in _sentences(report)]
    first = normalise(short_answer(report))
    verdicts: dict[str, bool] = {}
    for key, check in task.provenance.notes["checks"].items():
        if key == "answer":
            verdicts[key] = names_answer(report, task.question, [task.answer, *task.aliases], task.distractors)
        elif check["kind"] == "fact":
            sources = set(check["passages"])
            verdicts[key] = any(
                ids & sources and all(is_named(name, text) for name in check["names"]) for text, ids in cited
            )
        else:
            verdicts[key] = not any(is_named(name, first) for name in check["names"])
    return verdicts


def _sentences(report: str) -> list[str]:
    return [found for found in _SENTENCE.findall(report) if found.strip()]


def _ids(text: str) -> Iterable[str]:
    return (part.strip() for found in _CITE.findall(text) for part in found.split(","))


class Arena:
    """Where policies are measured and trajectories are made: one library, failing searches, the project's loop."""

    def __init__(
        self, provider: LibraryProvider, authority: Authority, settings: Settings, errors: float = ERRORS
    ) -> None:
        self.provider = provider
        self.source = SharedSource(provider)
        self.authority = authority
        self.settings = settings
        self.errors = errors

    def run(self, tasks: Sequence[SyntheticTask], make: MakePolicy, count_tokens: CountTokens) -> list[Outcome]:
        """The outcome of every task, in order. Raises InternalError for a fault of this program."""
        return asyncio.run(self._run(tasks, make, count_tokens))

    async def _run(self, tasks: Sequence[SyntheticTask], make: MakePolicy, count_tokens: CountTokens) -> list[Outcome]:
        limit = asyncio.Semaphore(AT_ONCE)
        with tempfile.TemporaryDirectory(prefix="miniature-") as scratch:
            blobs = Blobs(Path(scratch) / "blobs", durable=False)

            async def one(number: int, task: SyntheticTask) -> Outcome:
                async with limit:
                    tools = default_tools([FailingSource(self.source, task.id, self.errors)], self.authority)
                    asked = Task(question=task.question, language=task.language)
                    policy = make(task, tools, self.settings)
                    folder = Path(scratch) / f"run-{number}"
                    events, _ = await run_in_memory(asked, policy, tools, self.settings, folder, blobs)
                    return outcome_of(task, events, count_tokens)

            return list(await asyncio.gather(*(one(number, task) for number, task in enumerate(tasks))))


@dataclass(frozen=True)
class Row:
    """A line of the table: means, each with the half width of its 95 % interval."""

    stage: str
    group: str
    runs: int
    values: dict[str, tuple[float, float]]


MEASURES: dict[str, Callable[[Outcome], float]] = {
    "answer": lambda o: float(o.right),
    "all rubrics": lambda o: float(o.all_rubrics),
    "citations": lambda o: o.citations,
    "calls": lambda o: float(o.calls),
    "tokens": lambda o: float(o.tokens),
}
GROUPS = {"all": "all", "seen": "seen", "entities": "held-out countries", "paths": "held-out paths"}
HALF = 1.96


def rows_of(stage: str, seeds: Sequence[Sequence[Outcome]]) -> list[Row]:
    """A row for each group. seeds: the outcomes of each."""
    rows = []
    for group in GROUPS:
        chosen = [[o for o in outcomes if group in ("all", o.group)] for outcomes in seeds]
        if not all(chosen):
            continue
        values = {name: interval([[of(o) for o in outcomes] for outcomes in chosen]) for name, of in MEASURES.items()}
        rows.append(Row(stage, group, sum(map(len, chosen)), values))
    return rows


def interval(seeds: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Mean and half width of the 95 % interval: Student's t over the means of three seeds or more, else the bootstrap
    over the runs of all."""
    means = [statistics.fmean(values) for values in seeds]
    if len(means) >= 3:
        student = {3: 4.30, 4: 3.18, 5: 2.78}.get(len(means), HALF)
        return statistics.fmean(means), student * statistics.stdev(means) / math.sqrt(len(means))
    rng = random.Random(0)
    values = [value for seed in seeds for value in seed]
    drawn = sorted(statistics.fmean(rng.choices(values, k=len(values))) for _ in range(500))
    return statistics.fmean(values), (drawn[487] - drawn[12]) / 2


def table(rows: Sequence[Row]) -> str:
    """The table as text."""
    lines = [f"{'stage':<28}{'tasks':<20}{'n':>6}" + "".join(f"{name:>16}" for name in MEASURES)]
    for row in rows:
        cells = "".join(f"{as_words(name, *value):>16}" for name, value in row.values.items())
        lines.append(f"{row.stage:<28}{GROUPS[row.group]:<20}{row.runs:>6}{cells}")
    return "\n".join(lines)


def as_words(name: str, mean: float, half: float) -> str:
    """A measure with its interval, in the digits that it deserves."""
    digits = 0 if name == "tokens" else 2 if name == "calls" else 3
    return f"{mean:.{digits}f} ±{half:.{digits}f}"


def recovery(outcomes: Sequence[Outcome]) -> tuple[int, int]:
    """(runs right in the end, runs) of those in which a search failed or brought nothing of use."""
    hit = [o for o in outcomes if o.failed_searches + o.missed]
    return sum(o.right for o in hit), len(hit)


def ended_in_error(outcomes: Sequence[Outcome]) -> int:
    """Runs that have no report at all."""
    return sum(bool(find(o.events, RunFailed)) for o in outcomes)


def arena_settings(data: Path, policy: str = "extractive") -> Settings:
    """The settings of every run of the miniature."""
    return Settings(
        policy=policy,
        budget={"turns": TURNS, "tool_calls": CALLS},
        report={"max_revisions": 0},
        store={"folder": str(data)},
    )
