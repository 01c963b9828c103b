"""Politeness."""

import asyncio
import time
from itertools import pairwise

from deepresearch.web.rate_limit import LONGEST_INTERVAL, RateLimit


async def busy(limit: RateLimit, host: str, starts: list[tuple[str, float]], own: bool = False) -> None:
    async with limit.slot(host, own=own):
        starts.append((host, time.monotonic()))
        await asyncio.sleep(0.02)


async def test_a_pause_between_two_requests_to_a_host_and_none_between_hosts() -> None:
    limit, starts = RateLimit(0.1, per_host=2, in_all=8), list[tuple[str, float]]()
    begin = time.monotonic()
    await asyncio.gather(*(busy(limit, host, starts) for host in ("a", "b", "a", "b", "a")))
    a, b = ([at - begin for host, at in starts if host == name] for name in "ab")
    assert b[0] < a[1] and a[0] < b[1]
    assert all(later - earlier > 0.09 for times in (a, b) for earlier, later in pairwise(times))


async def test_a_site_may_ask_for_more_within_reason() -> None:
    limit, starts = RateLimit(0, per_host=2, in_all=8), list[tuple[str, float]]()
    limit.slow_down("a", 0.1)
    await asyncio.gather(busy(limit, "a", starts), busy(limit, "a", starts))
    assert starts[1][1] - starts[0][1] > 0.09
    limit.slow_down("a", 86_400)
    assert limit._asked["a"] == LONGEST_INTERVAL


async def test_few_at_once() -> None:
    limit, now, most = RateLimit(0, per_host=2, in_all=3), dict[str, int](), dict[str, int]()

    async def work(host: str) -> None:
        async with limit.slot(host):
            for name in (host, "all"):
                now[name] = now.get(name, 0) + 1
                most[name] = max(most.get(name, 0), now[name])
            await asyncio.sleep(0.01)
            for name in (host, "all"):
                now[name] -= 1

    await asyncio.gather(*(work(host) for host in "abab" * 3))
    assert most == {"a": 2, "b": 2, "all": 3}


async def test_own_servers_need_no_pauses() -> None:
    limit, starts = RateLimit(5, per_host=2, in_all=8), list[tuple[str, float]]()
    async with asyncio.timeout(2):
        await asyncio.gather(*(busy(limit, "a", starts, own=True) for _ in range(4)))
