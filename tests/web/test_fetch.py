"""The one way out, against servers on loopback."""

import asyncio
import gzip
import json
import shutil
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from deepresearch.errors import FetchFailed
from deepresearch.web.archive import Archive
from deepresearch.web.fetch import MOST_REDIRECTS, Fetcher

from .site import Asked, Site, certificate, head, names, page, serve

LOCAL = frozenset({"127.0.0.1"})


def fetcher(archive: Archive | None = None, **more: Any) -> Fetcher:
    return Fetcher(archive, **{"allow_hosts": LOCAL, "wait": 0.01, **more})


async def outcome(site: Site, path: str, **more: Any) -> str:
    """What becomes of the page; empty: it is read."""
    asking = fetcher(**more)
    try:
        await asking.get(site.url(path))
    except FetchFailed as failure:
        assert str(failure)
        return failure.outcome
    finally:
        await asking.close()
    return ""


async def test_a_page() -> None:
    async with serve({"/a": page("Größe", kind="text/html; charset=utf-8", Set_Cookie="a=b")}) as site:
        asking = fetcher()
        got = await asking.get(site.url("/a?b#c"))
        await asking.close()
    assert (got.url, got.final_url, got.status) == (site.url("/a?b"), site.url("/a?b"), 200)
    assert got.body.decode() == "Größe" and not got.from_archive and abs(got.fetched - time.time()) < 5
    assert got.headers["content-type"] == "text/html; charset=utf-8" and "set-cookie" not in got.headers
    robots, asked = site.asked
    assert robots.target == "/robots.txt" and asked.target == "/a?b"
    assert asked.headers["host"] == f"127.0.0.1:{site.port}" and asked.headers["accept-encoding"] == "gzip"
    assert asked.headers["user-agent"].startswith("step-deepresearch/")


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("identity", bytes)],
)
async def test_encodings(encoding: str, pack: Any) -> None:
    async with serve({"/": page(pack(b"A page. " * 1000), Content_Encoding=encoding)}) as site:
        asking = fetcher()
        assert (await asking.get(site.url())).body == b"A page. " * 1000
        await asking.close()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (page("x", 404), "http_404"),
        (page("x", 410), "http_410"),
        (page("x", 403), "http_403"),
        (page("x", 401), "login_wall"),
        (page("x", 500), "http_500"),
        (page("x", 429), "http_429"),
        (page("", 200), "empty"),
        (page("", 204), "empty"),
        (page("x", kind="image/png"), "wrong_kind"),
        (page("x", Content_Encoding="br"), "wrong_kind"),
        (page("x", Content_Encoding="gzip"), "broken"),
        (page("x" * 2**20), "too_large"),
        (head(302, Location="ftp://example.org/"), "bad_url"),
        (head(302, Location="http://10.0.0.1/"), "blocked_address"),
        (head(302, Location="http://127.0.0.2/"), "blocked_address"),
        (head(302, Location="/"), "too_many_redirects"),
        (head(302, Content_Length="0"), "http_302"),
        (b"This is no HTTP.\r\n\r\n", "broken"),
        (head(200, Transfer_Encoding="chunked") + b"zz\r\n", "broken"),
    ],
)
async def test_outcomes(answer: bytes, expected: str) -> None:
    async with serve({"/": [answer], "/robots.txt": page("", 404)}) as site:
        assert await outcome(site, "/", max_bytes=2**20 - 1) == expected


async def test_a_host_that_is_not_there_is_no_dead_link() -> None:
    async with serve({}) as site:
        pass
    assert await outcome(site, "/") == "dead_host"


async def test_redirects_are_followed_and_each_hop_is_checked_again() -> None:
    def hop(asked: Asked) -> bytes:
        left = int(asked.target.partition("?")[2])
        return head(302, Location=f"/hop?{left - 1}" if left > 1 else "/end", Content_Length="0")

    async with serve({"/hop": hop, "/end": page("End.")}) as site:
        asking = fetcher()
        got = await asking.get(site.url(f"/hop?{MOST_REDIRECTS}"))
        assert got.final_url == site.url("/end") and got.url == site.url(f"/hop?{MOST_REDIRECTS}")
        await asking.close()
        assert await outcome(site, f"/hop?{MOST_REDIRECTS + 1}") == "too_many_redirects"


async def test_robots_are_heeded_on_every_hop() -> None:
    rules = page("User-agent: *\nDisallow: /no", kind="text/plain")
    pages = {"/robots.txt": rules, "/no": page("No."), "/to": head(301, Location="/no", Content_Length="0")}
    async with serve(pages) as site:
        assert await outcome(site, "/no") == await outcome(site, "/to") == "robots"
        assert "/no" not in site.paths


async def test_robots_that_cannot_be_had_close_the_site() -> None:
    async with serve({"/robots.txt": page("x", 503), "/": page()}) as site:
        assert await outcome(site, "/") == "robots"
        assert site.paths == ["/robots.txt"] * 3


def failing(times: int, answer: bytes) -> Any:
    """Answers that become a page after some failures."""
    left = [times]

    def reply(asked: Asked) -> Any:
        left[0] -= 1
        return ([answer] if answer else [b""]) if left[0] >= 0 else page("At last.")

    return reply


@pytest.mark.parametrize(
    "failure",
    [
        page("x", 503),
        page("x", 500),
        page("x", 429, Retry_After="0"),
        b"",
        head(200, Content_Length="100") + b"torn",
    ],
)
async def test_another_attempt_where_it_can_help(failure: bytes) -> None:
    async with serve({"/twice": failing(2, failure), "/thrice": failing(3, failure)}) as site:
        assert await outcome(site, "/twice") == ""
        assert await outcome(site, "/thrice") in ("http_503", "http_500", "http_429", "broken")
        assert site.paths.count("/twice") == site.paths.count("/thrice") == 3


@pytest.mark.parametrize("status", [400, 403, 404, 501])
async def test_no_other_attempt_where_it_cannot(status: int) -> None:
    async with serve({"/": page("x", status)}) as site:
        assert await outcome(site, "/") == f"http_{status}"
        assert site.paths.count("/") == 1


async def test_a_wish_for_a_pause_is_heeded_or_the_server_left_alone() -> None:
    soon, late = formatdate(time.time() + 1, usegmt=True), formatdate(time.time() + 3600, usegmt=True)
    pages = {
        "/1": failing(1, page("x", 429, Retry_After="1")),
        "/soon": failing(1, page("x", 503, Retry_After=soon)),
        "/90": failing(1, page("x", 429, Retry_After="90")),
        "/late": failing(1, page("x", 429, Retry_After=late)),
    }
    async with serve(pages) as site:
        start = time.monotonic()
        assert await outcome(site, "/1") == await outcome(site, "/soon") == ""
        assert time.monotonic() - start > 0.9
        assert await outcome(site, "/90") == await outcome(site, "/late") == "http_429"
        assert site.paths.count("/90") == site.paths.count("/late") == 1


async def test_pages_are_kept_and_answered_from_the_archive(tmp_path: Path) -> None:
    async with serve({"/a": page("A page."), "/old": head(301, Location="/a", Content_Length="0")}) as site:
        archive = Archive(tmp_path)
        asking = fetcher(archive)
        first = await asking.get(site.url("/old"))
        again = await asking.get(site.url("/old"))
        assert again.from_archive and again.fetched == first.fetched and again.body == first.body
        assert (await asking.get(site.url("/a"))).from_archive
        await asking.close()
        strict = fetcher(archive, max_age=0)
        assert not (await strict.get(site.url("/a"))).from_archive
        await strict.close()


async def test_a_replay_needs_no_network(tmp_path: Path) -> None:
    async with serve({"/a": page("A page.")}) as site:
        asking = fetcher(Archive(tmp_path))
        first = await asking.get(site.url("/a"))
        with pytest.raises(FetchFailed):
            await asking.get(site.url("/b"))
        await asking.close()
    replay = fetcher(Archive(tmp_path, replay=True))
    again = await replay.get(site.url("/a"))
    assert again.from_archive and again.body == first.body
    for path, expected in (("/b", "http_404"), ("/c", "not_archived")):
        with pytest.raises(FetchFailed) as caught:
            await replay.get(site.url(path))
        assert caught.value.outcome == expected
    with pytest.raises(FetchFailed) as caught:
        await replay.call("GET", site.url("/a"))
    assert caught.value.outcome == "not_archived"


async def test_an_interface_is_called(tmp_path: Path) -> None:
    pages = {"/s": lambda asked: page(json.dumps({"q": asked.target, "b": asked.body.decode()}), 422, "text/json")}
    async with serve(pages) as site:
        asking = fetcher(Archive(tmp_path))
        params = {"q": "a&b 中", "n": 3}
        got = await asking.call("post", site.url("/s?x=1"), headers={"X-Key": "k"}, params=params, json={"ü": [1]})
        await asking.close()
    assert got.status == 422 and json.loads(got.body) == {"q": "/s?x=1&q=a%26b+%E4%B8%AD&n=3", "b": '{"\\u00fc": [1]}'}
    (asked,) = site.asked
    assert asked.method == "POST" and asked.headers["x-key"] == "k"
    assert asked.headers["content-type"] == "application/json"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_interfaces_status_is_its_clients_business(status: int) -> None:
    async with serve({"/": page("x", status)}) as site:
        asking = fetcher()
        assert (await asking.call("GET", site.url())).status == status
        await asking.close()
        assert site.paths == ["/"]


async def test_what_may_have_had_an_effect_is_not_sent_twice() -> None:
    async with serve({"/": [b""]}) as site:
        for method, times in (("POST", 1), ("GET", 4)):
            asking = fetcher()
            with pytest.raises(FetchFailed) as caught:
                await asking.call(method, site.url(), json={} if method == "POST" else None)
            assert caught.value.outcome == "broken" and len(site.paths) == times
            await asking.close()


async def test_an_interface_redirects_within_its_site_only() -> None:
    async with serve({"/": page("Elsewhere.")}) as other:
        pages = {"/a": head(302, Location=other.url()), "/b": head(308, Location="/c"), "/c": page("C")}
        async with serve({path: [reply] for path, reply in pages.items()}) as site:
            asking = fetcher()
            assert (await asking.call("GET", site.url("/a"), headers={"X-Key": "k"})).status == 302
            assert (await asking.call("GET", site.url("/b"), headers={"X-Key": "k"})).body == b"C"
            assert (await asking.call("POST", site.url("/b"), json={})).status == 308
            await asking.close()
    assert not other.asked


async def test_a_private_address_is_called_only_where_the_user_has_configured_it() -> None:
    async with serve({"/": page("Own.")}) as site:
        asking = Fetcher()
        with pytest.raises(FetchFailed) as caught:
            await asking.call("GET", site.url())
        assert caught.value.outcome == "blocked_address"
        assert (await asking.call("GET", site.url(), allow_private=True)).body == b"Own."
        # The connection that is open now is not for pages.
        for call in (asking.get(site.url()), asking.call("GET", site.url())):
            with pytest.raises(FetchFailed) as caught:
                await call
            assert caught.value.outcome == "blocked_address"
        await asking.close()
    assert len(site.asked) == 1


async def test_a_name_is_looked_up_once_and_just_that_answer_is_dialled() -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def rebinding(host: str, port: int) -> list[str]:
        return answers.pop(0)

    async with serve({"/": page()}) as site:
        asking = Fetcher(allow_hosts=frozenset({"site.test"}), resolver=rebinding)
        await asking.get(site.url("/", "site.test"))
        await asking.close()
    assert answers == [["10.0.0.1"]] and site.asked[0].headers["host"] == f"site.test:{site.port}"


async def test_another_address_of_the_host_is_tried() -> None:
    async with serve({"/": page()}) as site:
        resolver = names(site_test=["127.0.0.3", "127.0.0.1"])
        asking = Fetcher(allow_hosts=frozenset({"site.test"}), resolver=resolver, attempts=1)
        assert (await asking.get(site.url("/", "site.test"))).status == 200
        await asking.close()


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve({"/": page("Direct.")}) as site, serve({}) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        asking = fetcher()
        assert (await asking.get(site.url())).body == b"Direct."
        await asking.close()
    assert not proxy.connections


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
async def test_tls_is_verified_against_the_name(tmp_path: Path) -> None:
    server, client = certificate(tmp_path, "site.test", str(shutil.which("openssl")))
    resolver = names(site_test=["127.0.0.1"], other_test=["127.0.0.1"])
    allow = frozenset({"site.test", "other.test"})
    async with serve({"/": page("Safe.")}, server) as site:
        asking = Fetcher(allow_hosts=allow, resolver=resolver, tls=client)
        assert (await asking.get(site.url("/", "site.test"))).body == b"Safe."
        for strict, name in ((asking, "other.test"), (Fetcher(allow_hosts=allow, resolver=resolver), "site.test")):
            with pytest.raises(FetchFailed) as caught:
                await strict.get(site.url("/", name))
            assert caught.value.outcome == "bad_certificate"
            await strict.close()


async def test_a_key_that_is_no_header_is_not_shown() -> None:
    async with serve({"/": page()}) as site:
        asking = fetcher()
        with pytest.raises(FetchFailed) as caught:
            await asking.call("GET", site.url("/?key=geheim"), headers={"X-Key": "geheim\r\nX: y"})
        assert "geheim" not in str(caught.value) and not site.asked
        await asking.close()


async def test_few_requests_at_once() -> None:
    async with serve({"/": lambda asked: [0.05, page()]}) as site:
        asking = fetcher(per_host=2)
        await asyncio.gather(*(asking.get(site.url(f"/?{n}")) for n in range(6)))
        await asking.close()
    assert site.most_at_once == 2 and len(site.asked) == 7  # with robots.txt


@pytest.mark.parametrize("location", ["http://page.test:22/", "http://metadata.internal/", "http://router/"])
async def test_every_hop_of_a_redirect_is_judged_before_anything_is_looked_up(location: str) -> None:
    looked_up = []

    async def resolver(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return []

    async with serve({"/": page("", 302, Location=location)}) as site:
        asking = fetcher(resolver=resolver)
        with pytest.raises(FetchFailed) as caught:
            await asking.get(site.url())
        await asking.close()
    assert caught.value.outcome == "blocked_address" and looked_up == []
