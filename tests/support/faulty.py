"""A provider that fails on purpose, counted in requests (searches and pages together)."""

from deepresearch.errors import FetchFailed, SearchFailed
from deepresearch.trajectory import Passage
from deepresearch.web.search import Query, SearchProvider, SearchResult


class Faulty:
    """Answers as `provider` until it is due to fail."""

    def __init__(
        self, provider: SearchProvider, *, dies_after: int | None = None, limits_after: int | None = None
    ) -> None:
        """None: never."""
        self.name = provider.name
        self._provider = provider
        self._dies_after, self._limits_after = dies_after, limits_after
        self.requests = 0

    async def search(self, query: Query) -> SearchResult:
        self.requests += 1
        if self._dies_after is not None and self.requests > self._dies_after:
            raise SearchFailed(f"{self.name} gives no answer.", outcome="unreachable")
        if self._limits_after is not None and self.requests > self._limits_after:
            raise SearchFailed(f"{self.name} limits the rate. It asks to wait 60 s.", "", "rate_limited", 60.0)
        return await self._provider.search(query)

    async def open(self, reference: str) -> list[Passage]:
        self.requests += 1
        if max(self.requests - (self._dies_after or 99), self.requests - (self._limits_after or 99)) > 0:
            raise FetchFailed(f"{self.name} gives no answer.", outcome="dead_host")
        return await self._provider.open(reference)

    def close(self) -> None:
        self._provider.close()
