"""Rollouts on many machines: the same pool in each worker of Ray Data. The libraries must be on every machine."""

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

from ..agent.control import Handlers
from ..agent.rollouts import SharedSource
from ..agent.sources import open_sources
from ..settings import Settings
from ..trajectory import Task
from ..web.search import SearchProvider
from .data_files import optional_package, save_card
from .generation import Progress
from .records import DataCard, SyntheticTask
from .rollouts import RolloutOptions, RolloutPool, record_rollouts
from .samples import Sample

BATCH = 64
"""Tries that a worker gets at once."""


class RolloutWorker:
    """One process: opens what is searched once, and carries out batches."""

    def __init__(self, settings: dict[str, Any], options: dict[str, Any]) -> None:
        self._options = RolloutOptions(**options)
        self._settings, _ = Settings.from_record(settings)
        asked = Task(question="", libraries=list(filter(None, self._options.library.split(", "))))
        found = open_sources(self._settings, asked, Handlers()).all
        self._sources = [SharedSource(source) for source in found if isinstance(source, SearchProvider)]

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """`work` of a batch: [task, attempt] as JSON; its result: the rollouts as JSON."""
        work = [json.loads(item) for item in batch["work"]]
        return {"rollout": asyncio.run(self._run([(SyntheticTask.model_validate(t), n) for t, n in work]))}

    async def _run(self, work: list[tuple[SyntheticTask, int]]) -> list[str]:
        with tempfile.TemporaryDirectory(prefix="rollouts-") as scratch:
            pool = RolloutPool(self._sources, self._settings, self._options, Path(scratch))
            return [rollout.model_dump_json() async for rollout in pool.all(iter(work))]


def roll_out_on_ray(
    tasks: Path,
    out: Path,
    settings: Settings,
    options: RolloutOptions,
    workers: int,
    progress: Progress = lambda done, wanted, what: None,
) -> DataCard:
    """As `roll_out`, in `workers` processes of a Ray cluster; continues a file that was begun. Raises UserError."""
    data = optional_package("ray.data", "cluster")

    async def make(work: Iterator[tuple[SyntheticTask, int]]) -> AsyncGenerator[Sample, None]:
        items = [{"work": json.dumps([task.model_dump(mode="json"), attempt])} for task, attempt in work]
        if items:
            dataset = data.from_items(items).map_batches(
                RolloutWorker,
                fn_constructor_args=(settings.public(), options.__dict__),
                batch_size=BATCH,
                concurrency=workers,
            )
            for row in dataset.iter_rows():
                yield json.loads(row["rollout"])

    card = asyncio.run(record_rollouts(tasks, out, options, make, lambda done, wanted: progress(done, wanted, "Ray")))
    card.settings["workers"] = workers
    return save_card(card, out)
