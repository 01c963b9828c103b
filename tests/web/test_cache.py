"""Answers to queries, kept."""

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from deepresearch.errors import SearchFailed
from deepresearch.trajectory import Passage
from deepresearch.web.cache import CachedProvider, QueryCache, key_of
from deepresearch.web.search import Hit, Query, SearchResult

PASSAGE = Passage(id="abc", document="https://a.example/", title="标题", text="Text.", date="2024-05", heading=["H"])


class Counting:
    """A provider that counts, and fails or answers as it is told."""

    name = "counting"
    base = "https://x.example"
    key = "sk-very-secret"

    def __init__(self) -> None:
        self.asked: list[Query] = []
        self.failing = False
        self.result = SearchResult([Hit(PASSAGE, 0.5)], self.name, ["a note"])

    async def search(self, query: Query) -> SearchResult:
        self.asked.append(query)
        await asyncio.sleep(0)
        if self.failing:
            raise SearchFailed("counting gives no answer.", outcome="unreachable")
        return self.result

    async def open(self, reference: str) -> list[Passage]:
        return [PASSAGE]

    def close(self) -> None:
        self.asked.clear()


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(tmp_path: Path, clock: Clock) -> QueryCache:
    return QueryCache(tmp_path / "data" / "queries.sqlite3", hours=24, clock=clock)


async def test_an_identical_query_is_answered_from_the_cache_and_says_so(cache: QueryCache, clock: Clock) -> None:
    inner = Counting()
    first = await CachedProvider(inner, cache).search(Query("what  is\nthis", k=3))
    clock.now += 3 * 3600
    second = await CachedProvider(inner, cache).search(Query("what is this", k=3))
    assert first == inner.result
    assert second.hits == first.hits
    assert second.notes == ["a note", "from the cache, 3 h old"]
    assert len(inner.asked) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"text": "other"},
        {"text": "What is this"},
        {"k": 4},
        {"since": "2020-01-01"},
        {"until": "2020-01-01"},
        {"language": "zh"},
        {"site": "a.example"},
        {"kind": "news"},
    ],
)
async def test_every_filter_makes_another_query(cache: QueryCache, other: dict[str, object]) -> None:
    inner = Counting()
    provider = CachedProvider(inner, cache)
    query = Query("what is this")
    await provider.search(query)
    await provider.search(replace(query, **other))  # type: ignore[arg-type]
    assert len(inner.asked) == 2


def test_another_provider_or_address_makes_another_key() -> None:
    one, other, third = Counting(), Counting(), Counting()
    other.name, third.base = "other", "https://y.example"
    assert len({key_of(provider, Query("x")) for provider in (one, other, third)}) == 3


async def test_old_answers_are_asked_for_again_and_stay(cache: QueryCache, clock: Clock) -> None:
    inner = Counting()
    await CachedProvider(inner, cache).search(Query("x"))
    began = clock.now
    clock.now += 24 * 3600
    inner.result = replace(inner.result, notes=["newer"])
    result = await CachedProvider(inner, cache).search(Query("x"))
    assert result.notes == ["newer"]
    assert len(inner.asked) == 2
    for as_of, note in ((began, "a note"), (clock.now, "newer")):
        then = QueryCache(cache.path, replay=True, as_of=as_of, clock=clock)
        assert (await CachedProvider(inner, then).search(Query("x"))).notes[0] == note


async def test_a_replay_asks_nobody_and_meets_the_failures_of_then(cache: QueryCache, clock: Clock) -> None:
    inner = Counting()
    provider, replay = CachedProvider(inner, cache), QueryCache(cache.path, replay=True, clock=clock)
    again = CachedProvider(inner, replay)
    with pytest.raises(SearchFailed, match="no answer to this query is cached") as caught:
        await again.search(Query("x"))
    assert caught.value.outcome == "not_archived"
    await provider.search(Query("x"))
    clock.now += 400 * 86_400
    assert (await again.search(Query("x"))).notes == ["a note", "replayed, as answered on 1970-01-12 13:46 UTC"]
    inner.failing = True
    with pytest.raises(SearchFailed):
        await provider.search(Query("x"))
    with pytest.raises(SearchFailed, match="gives no answer") as caught:
        await again.search(Query("x"))
    assert caught.value.outcome == "unreachable"
    assert len(inner.asked) == 2
    assert (await CachedProvider(inner, QueryCache(cache.path, None, clock)).search(Query("x"))).hits


async def test_where_nobody_can_be_asked_failures_are_not_kept(cache: QueryCache, clock: Clock) -> None:
    inner = Counting()
    await CachedProvider(inner, cache).search(Query("x"))
    inner.failing = True
    with pytest.raises(SearchFailed):
        await CachedProvider(inner, QueryCache(cache.path, 0, clock, failures=False)).search(Query("x"))
    assert (await CachedProvider(inner, QueryCache(cache.path, replay=True)).search(Query("x"))).hits


async def test_what_was_not_complete_stays_so(cache: QueryCache) -> None:
    inner = Counting()
    inner.result = replace(inner.result, complete=False)
    provider = CachedProvider(inner, cache)
    await provider.search(Query("x"))
    assert not (await provider.search(Query("x"))).complete and len(inner.asked) == 1


async def test_any_age_will_do_where_that_is_said(cache: QueryCache, clock: Clock) -> None:
    inner = Counting()
    await CachedProvider(inner, cache).search(Query("x"))
    clock.now += 400 * 86_400
    result = await CachedProvider(inner, QueryCache(cache.path, None, clock)).search(Query("x"))
    assert result.notes[-1] == "from the cache, 400 days old"


async def test_failures_and_answers_that_say_nothing_do_not_stand_in_for_asking(cache: QueryCache) -> None:
    inner = Counting()
    provider = CachedProvider(inner, cache)
    inner.failing = True
    with pytest.raises(SearchFailed):
        await provider.search(Query("x"))
    found = replace(inner.result, complete=False)
    inner.failing, inner.result = False, replace(found, hits=[])
    await provider.search(Query("x"))
    inner.result = found
    await provider.search(Query("x"))
    assert (await provider.search(Query("x"))).notes == ["a note", "from the cache, 0 s old"]
    assert len(inner.asked) == 3


async def test_nothing_found_is_kept(cache: QueryCache) -> None:
    inner = Counting()
    inner.result = SearchResult([], "counting")
    provider = CachedProvider(inner, cache)
    await provider.search(Query("x"))
    assert (await provider.search(Query("x"))).hits == []
    assert len(inner.asked) == 1


async def test_of_identical_queries_at_once_one_goes_out(cache: QueryCache) -> None:
    inner = Counting()
    provider = CachedProvider(inner, cache)
    results = await asyncio.gather(*(provider.search(Query("x")) for _ in range(5)))
    assert len(inner.asked) == 1
    assert [len(result.hits) for result in results] == [1] * 5


async def test_no_key_is_stored(cache: QueryCache) -> None:
    await CachedProvider(Counting(), cache).search(Query("x"))
    stored = b"".join(file.read_bytes() for file in cache.path.parent.iterdir())
    assert b"Text." in stored
    assert b"secret" not in stored


async def test_a_damaged_file_is_begun_anew_and_that_is_said(cache: QueryCache) -> None:
    inner = Counting()
    provider = CachedProvider(inner, cache)
    cache.path.parent.mkdir()
    cache.path.write_bytes(b"no database at all, though long enough to be taken for one" * 100)
    result = await provider.search(Query("x"))
    assert len(result.hits) == 1
    assert "was damaged" in result.notes[-1]
    assert (await provider.search(Query("x"))).notes == ["a note", "from the cache, 0 s old"]
    [aside] = cache.path.parent.glob("*.damaged-*")
    assert b"no database at all" in aside.read_bytes()


@pytest.mark.parametrize(
    "body", ["{", "{}", '{"hits": [{"passage": {}, "score": 1}], "notes": [], "provider": "x"}', "[]"]
)
async def test_a_damaged_entry_is_asked_for_again(cache: QueryCache, body: str) -> None:
    inner = Counting()
    provider = CachedProvider(inner, cache)
    await provider.search(Query("x"))
    with sqlite3.connect(cache.path) as db:
        db.execute("update kept set body = ?", (body,))
    db.close()
    assert "was damaged" in (await provider.search(Query("x"))).notes[-1]
    assert len(inner.asked) == 2


async def test_a_cache_that_cannot_be_written_does_not_stop_the_search(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = await CachedProvider(Counting(), QueryCache(tmp_path / "file" / "q.sqlite3")).search(Query("x"))
    assert len(result.hits) == 1
    assert "cannot be written" in result.notes[-1]


async def test_the_rest_is_passed_on(cache: QueryCache) -> None:
    inner = Counting()
    provider = CachedProvider(inner, cache)
    assert await provider.open("x") == [PASSAGE]
    await provider.search(Query("x"))
    provider.close()
    assert inner.asked == []
