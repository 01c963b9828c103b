"""Limits on how often, and how many times at once, a host is asked."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LONGEST_INTERVAL = 5.0
"""Seconds between two requests that a site can ask for."""


class RateLimit:
    """Requests wait here: a few run at once in all, fewer per host, with a pause between two to one host."""

    def __init__(self, interval: float, per_host: int, in_all: int) -> None:
        """interval: seconds between two requests to one host."""
        self._interval = interval
        self._in_all = asyncio.Semaphore(in_all)
        self._hosts: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(per_host))
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._next: dict[str, float] = {}
        self._asked: dict[str, float] = {}

    def slow_down(self, host: str, interval: float) -> None:
        """Keep a longer pause between two requests that a host asks for, up to LONGEST_INTERVAL."""
        self._asked[host] = max(self._asked.get(host, 0.0), min(interval, LONGEST_INTERVAL))

    def postpone(self, host: str, seconds: float) -> None:
        """Ask `host` again no sooner than so many seconds from now."""
        self._next[host] = max(self._next.get(host, 0.0), time.monotonic() + seconds)

    @asynccontextmanager
    async def slot(self, host: str, *, own: bool = False) -> AsyncIterator[None]:
        """Wait until `host` may be asked. own: a server that the user runs needs no pauses."""
        async with self._hosts[host]:
            if not own:
                await self._pause(host)
            async with self._in_all:
                yield

    async def _pause(self, host: str) -> None:
        async with self._turns[host]:
            while (wait := self._next.get(host, 0.0) - time.monotonic()) > 0:  # noqa: ASYNC110  it may be put off meanwhile
                await asyncio.sleep(wait)
            self._next[host] = time.monotonic() + max(self._interval, self._asked.get(host, 0.0))
