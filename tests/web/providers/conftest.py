"""A served service and a real fetcher for every provider under test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from deepresearch.web.fetch import Fetcher
from deepresearch.web.providers import open_providers
from deepresearch.web.search import SearchProvider
from tests.support.search_server import KEY, SearchServer

Serve = Callable[..., Awaitable[tuple[SearchProvider, SearchServer]]]


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    made = Fetcher(interval=0, attempts=1, wait=0.01, timeout=5)
    yield made
    await made.close()


@pytest.fixture
async def serve(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Serve]:
    """`await serve("brave", *replies)`: the provider and the server that it asks."""
    monkeypatch.setattr("deepresearch.web.providers.service.PAUSE", 0.01)
    async with AsyncExitStack() as stack:

        async def start(name: str, *replies: Any, **options: Any) -> tuple[SearchProvider, SearchServer]:
            server = await stack.enter_async_context(SearchServer(*replies))
            (provider,) = open_providers([name], fetcher, {name: KEY}, {name: {"base_url": server.url, **options}})
            return provider, server

        yield start
