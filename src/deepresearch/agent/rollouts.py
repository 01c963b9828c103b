"""Rollouts: runs whose journals are in memory, many at once in one process, over sources that all of them share."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from ..policy import Policy
from ..settings import Settings
from ..store import Blobs, RunLog
from ..tools import Tool
from ..trajectory import Event, Passage, RunStarted, Task
from ..web.search import Query, SearchProvider, SearchResult
from .loop import End, Run
from .setup import system_prompt, versions
from .verifier import Verifier

T = TypeVar("T")
CACHED = 20_000
"""Answers kept; the oldest leave first."""


class SharedSource:
    """A library or web provider that all runs use: each query and each document is asked for once."""

    def __init__(self, source: SearchProvider) -> None:
        self._source = source
        self.name = source.name
        self._answers: OrderedDict[Hashable, asyncio.Future[Any]] = OrderedDict()
        self.asked, self.repeated = 0, 0

    async def search(self, query: Query) -> SearchResult:
        """See SearchProvider."""
        return await self._once(query, lambda: self._source.search(query))

    async def open(self, reference: str) -> list[Passage]:
        """See Source."""
        return await self._once(reference, lambda: self._source.open(reference))

    def close(self) -> None:
        """The source stays open for the other runs."""

    async def _once(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        self.asked += 1
        if known := self._answers.get(key):
            self.repeated += 1
            return cast(T, await asyncio.shield(known))
        future = self._answers[key] = asyncio.ensure_future(ask())
        if len(self._answers) > CACHED:
            self._answers.popitem(last=False)
        try:
            return await asyncio.shield(future)
        except Exception:  # of any kind: a failure is asked again
            self._answers.pop(key, None)
            raise


async def run_in_memory(
    task: Task, policy: Policy, tools: Sequence[Tool], settings: Settings, folder: Path, blobs: Blobs
) -> tuple[list[Event], End]:
    """A whole run, named like its folder, in which tools write: its events, and how it ended. Closes the policy.

    Raises InternalError for a fault of this program.
    """
    log = RunLog(folder.name, [], write=lambda rows: None, take=list, release=lambda: None)
    log.append(
        RunStarted(
            task=task,
            settings=settings.public(),
            versions=versions(),
            policy=policy.name,
            system=system_prompt(settings),
            tools=[tool.spec() for tool in tools],
        )
    )
    run = Run(log, policy, list(tools), settings, folder, blobs, verifier=Verifier())
    try:
        end = await run.go()
    finally:
        await run.close()
    return list(log.events), end
