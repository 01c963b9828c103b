import asyncio

import pytest

from deepresearch.agent.rollouts import SharedSource
from deepresearch.web.search import Query, SearchResult


async def test_an_identical_query_is_asked_once_and_a_failed_one_again() -> None:
    asked: list[str] = []

    class Slow:
        name = "slow"

        async def search(self, query: Query) -> SearchResult:
            asked.append(query.text)
            await asyncio.sleep(0.01)
            if len(asked) == 1:
                raise OSError("down")
            return SearchResult([], "slow")

        async def open(self, reference: str) -> list:
            return []

        def close(self) -> None:
            raise AssertionError("shared by all runs")

    source = SharedSource(Slow())
    with pytest.raises(OSError, match="down"):
        await source.search(Query("a"))
    await asyncio.gather(*(source.search(Query("a")) for _ in range(5)), source.search(Query("b")))
    source.close()
    assert asked == ["a", "a", "b"]
