"""What may be connected to."""

import pytest

from deepresearch.errors import FetchFailed
from deepresearch.web import guard as module
from deepresearch.web.guard import Guard
from deepresearch.web.urls import parse_url

from .site import names


async def outcome(guard: Guard, text: str) -> str:
    """What a request to `text` would meet; empty: a connection."""
    try:
        url = parse_url(text)
        guard.check(url)
        await guard.addresses(url.host, url.port)
    except FetchFailed as failure:
        return failure.outcome
    return ""


ZONE = names(
    pub_test=["93.184.215.14"],
    pub6_test=["2606:2800:21f:cb07::14"],
    loop_test=["127.0.0.1"],
    mixed_test=["93.184.215.14", "10.0.0.1"],
    mixed6_test=["93.184.215.14", "::1"],
    scoped_test=["fe80::1%2"],
    meta_test=["169.254.169.254"],
    none_test=[],
    metadata_google_internal=["93.184.215.14"],
    sub_localhost=["93.184.215.14"],
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://pub.test/", ""),
        ("https://pub.test/", ""),
        ("http://pub6.test:8080/", ""),
        ("http://93.184.215.14/", ""),
        ("http://[2606:2800:21f:cb07::14]/", ""),
        ("http://loop.test/", "blocked_address"),
        ("http://mixed.test/", "blocked_address"),
        ("http://mixed6.test/", "blocked_address"),
        ("http://scoped.test/", "blocked_address"),
        ("http://127.0.0.1/", "blocked_address"),
        ("http://[::1]/", "blocked_address"),
        ("http://localhost/", "blocked_address"),
        ("http://sub.localhost/", "blocked_address"),
        ("http://metadata.google.internal/", "blocked_address"),
        ("http://intranet/", "blocked_address"),
        ("http://pub.test:22/", "blocked_address"),
        ("http://pub.test:6379/", "blocked_address"),
        ("http://none.test/", "dead_host"),
        ("http://unknown.test/", "dead_host"),
    ],
)
async def test_every_answer_counts(url: str, expected: str) -> None:
    assert await outcome(Guard(resolver=ZONE), url) == expected


async def test_the_users_own_servers_are_reached_where_they_are_named() -> None:
    guard = Guard(frozenset({"loop.test:8888", "127.0.0.1", "meta.test", "mixed.test"}), resolver=ZONE)
    assert await outcome(guard, "http://loop.test:8888/") == ""
    assert await outcome(guard, "http://loop.test:8889/") == "blocked_address"
    assert await outcome(guard, "http://loop.test/") == "blocked_address"
    assert await outcome(guard, "http://127.0.0.1:6379/") == ""
    assert await outcome(guard, "http://127.0.0.2/") == "blocked_address"
    assert await outcome(guard, "http://mixed.test/") == ""
    assert await outcome(guard, "http://meta.test/") == "blocked_address"
    assert await outcome(guard, "http://pub.test/") == ""
    assert await outcome(Guard(all_own=True, resolver=ZONE), "http://loop.test:8888/") == ""
    assert await outcome(Guard(all_own=True, resolver=ZONE), "http://169.254.169.254/") == "blocked_address"


async def test_a_name_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    async def silent(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return ["93.184.215.14"]

    monkeypatch.setattr(module, "LOOK_UP_TIMEOUT", 0.05)
    assert await outcome(Guard(resolver=silent), "http://pub.test/") == "dead_host"


async def test_a_refusal_names_the_place_and_the_reason() -> None:
    with pytest.raises(FetchFailed, match=r"mixed\.test may not be reached: 10\.0\.0\.1, .*private") as caught:
        await Guard(resolver=ZONE).addresses("mixed.test", 80)
    assert caught.value.outcome == "blocked_address"
    with pytest.raises(FetchFailed, match=r"none\.test could not be reached.*it has no address"):
        await Guard(resolver=ZONE).addresses("none.test", 80)


@pytest.mark.parametrize(
    ("host", "needed"),
    [("pub.test", True), ("unknown.test", True), ("93.184.215.14", True), ("own.test", False), ("loop.test", False)],
)
async def test_who_is_reached_through_a_proxy(host: str, needed: bool) -> None:
    guard = Guard(frozenset({"own.test"}), resolver=ZONE, all_own=True)
    assert await guard.needs_proxy(host, 80) is needed


@pytest.mark.parametrize("host", ["loop.test", "mixed.test", "meta.test", "127.0.0.1"])
async def test_no_proxy_leads_where_nobody_may_go(host: str) -> None:
    with pytest.raises(FetchFailed) as caught:
        await Guard(resolver=ZONE).needs_proxy(host, 80)
    assert caught.value.outcome == "blocked_address"


async def test_the_system_knows_this_machine() -> None:
    found = await module.system_resolver("localhost", 80)
    assert found and set(found) <= {"127.0.0.1", "::1"} and len(set(found)) == len(found)
