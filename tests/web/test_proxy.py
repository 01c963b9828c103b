"""The web through a proxy: only where it is asked for, never to what is near, and the guard's rules still hold."""

import asyncio
import contextlib
import shutil
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deepresearch.errors import FetchFailed
from deepresearch.settings import NetworkSettings
from deepresearch.web.fetch import Fetcher

from .site import Site, certificate, names, page, serve

PAGE = "http://pages.test/x"


@dataclass
class Proxy:
    """An HTTP proxy that leads every name to one port of 127.0.0.1."""

    target: int
    refuse: bytes = b""
    """The answer to every request, in place of carrying it out."""
    port: int = 0
    asked: list[str] = field(default_factory=list)
    """First lines of the requests."""
    heads: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                raw = await reader.readuntil(b"\r\n\r\n")
                first = raw.split(b"\r\n")[0].decode()
                self.asked.append(first)
                self.heads.append(raw.decode())
                if self.refuse:
                    writer.write(self.refuse)
                    break
                inner, outer = await asyncio.open_connection("127.0.0.1", self.target)
                if first.startswith("CONNECT "):
                    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                    await asyncio.gather(_pipe(reader, outer), _pipe(inner, writer))
                    break
                method, url, version = first.split(" ")
                path = "/" + url.split("/", 3)[3]
                outer.write(raw.replace(first.encode(), f"{method} {path} {version}".encode(), 1))
                head = await inner.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                writer.write(head + await inner.readexactly(length))
                outer.close()
        writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def proxied(target: int, refuse: bytes = b"") -> AsyncIterator[Proxy]:
    proxy = Proxy(target, refuse)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    yield proxy
    server.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serve({"/x": page("A page behind a proxy.")}) as made:
        yield made


@contextlib.asynccontextmanager
async def fetching(proxy: str, resolver: Any = None, **more: Any) -> AsyncIterator[Fetcher]:
    network = NetworkSettings(proxy=proxy, proxy_web=True, ca_file=more.pop("ca_file", ""))
    made = Fetcher(interval=0, attempts=1, timeout=5, network=network, resolver=resolver or names(), **more)
    yield made
    await made.close()


async def test_pages_and_services_are_asked_through_it(site: Site) -> None:
    async with proxied(site.port) as proxy, fetching(f"http://127.0.0.1:{proxy.port}") as fetcher:
        found = await fetcher.get(PAGE)
        answer = await fetcher.call("GET", "http://api.test/x")
    assert found.body == b"A page behind a proxy." and answer.status == 200
    assert proxy.asked[0] == "GET http://pages.test:80/robots.txt HTTP/1.1"
    assert proxy.asked[1:] == ["GET http://pages.test:80/x HTTP/1.1", "GET http://api.test:80/x HTTP/1.1"]
    assert "\r\nHost: pages.test\r\n" in proxy.heads[0]


async def test_it_is_told_who_asks_and_messages_do_not_show_it(site: Site) -> None:
    async with proxied(site.port) as proxy:
        async with fetching(f"http://me:s%2Fecret@127.0.0.1:{proxy.port}") as fetcher:
            await fetcher.get(PAGE)
        expected = b64encode(b"me:s/ecret").decode()
        assert all(f"Proxy-Authorization: Basic {expected}\r\n" in head for head in proxy.heads)
    async with fetching(f"http://me:s%2Fecret@127.0.0.1:{proxy.port}") as fetcher:
        with pytest.raises(FetchFailed, match=f"the proxy 127.0.0.1:{proxy.port} cannot be reached") as caught:
            await fetcher.get(PAGE)
    assert caught.value.outcome == "proxy" and "network.proxy" in caught.value.hint
    assert "ecret" not in str(caught.value)


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
async def test_tls_goes_through_and_is_verified_with_own_certificates(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path, "pages.test", str(shutil.which("openssl")))
    own = {"ca_file": str(tmp_path / "pages.test.pem")}
    async with serve({"/x": page("Secret page.")}, tls=server) as site, proxied(site.port) as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        async with fetching(address, **own) as fetcher:
            assert (await fetcher.get("https://pages.test/x")).body == b"Secret page."
            with pytest.raises(FetchFailed, match="certificate is not valid"):
                await fetcher.get("https://other.test/x")
        async with fetching(address) as fetcher:
            with pytest.raises(FetchFailed, match="certificate is not valid"):
                await fetcher.get("https://pages.test/x")
    assert set(proxy.asked) == {"CONNECT pages.test:443 HTTP/1.1", "CONNECT other.test:443 HTTP/1.1"}


@pytest.mark.parametrize(
    ("refuse", "told"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "a user name and a password"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "refuses it (403 Forbidden)"),
    ],
)
async def test_its_refusals_are_its_own(site: Site, refuse: bytes, told: str) -> None:
    async with proxied(site.port, refuse) as proxy, fetching(f"http://127.0.0.1:{proxy.port}") as fetcher:
        with pytest.raises(FetchFailed) as caught:
            await fetcher.call("GET", "https://pages.test/x")
        assert told in str(caught.value) and caught.value.outcome == "proxy"
    if refuse.startswith(b"HTTP/1.1 407"):
        async with proxied(site.port, refuse) as proxy, fetching(f"http://127.0.0.1:{proxy.port}") as fetcher:
            with pytest.raises(FetchFailed, match="a user name and a password"):
                await fetcher.get(PAGE)


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1/", "http://169.254.169.254/latest/", "http://localhost/", "http://intranet/", "http://inner.test/",
     "http://[::1]/", "http://127.0.0.1/", "http://pages.test:22/", "http://metadata.test/"],
)  # fmt: skip
async def test_what_may_not_be_reached_is_not_asked_of_it_either(site: Site, url: str) -> None:
    resolver = names(inner_test=["10.1.2.3"], metadata_test=["93.184.216.34", "169.254.169.254"])
    async with proxied(site.port) as proxy, fetching(f"http://127.0.0.1:{proxy.port}", resolver) as fetcher:
        with pytest.raises(FetchFailed) as caught:
            await fetcher.get(url)
    assert caught.value.outcome == "blocked_address" and proxy.asked == []


async def test_a_redirect_through_it_is_checked_too() -> None:
    elsewhere = page("", 302, Location="http://169.254.169.254/latest/")
    async with (
        serve({"/x": elsewhere}) as site,
        proxied(site.port) as proxy,
        fetching(f"http://127.0.0.1:{proxy.port}") as fetcher,
    ):
        with pytest.raises(FetchFailed) as caught:
            await fetcher.get(PAGE)
    assert caught.value.outcome == "blocked_address" and not any("169.254" in line for line in proxy.asked)


async def test_servers_of_ones_own_are_reached_without_it(site: Site) -> None:
    own = frozenset({f"127.0.0.1:{site.port}", f"wiki.test:{site.port}"})
    resolver = names(wiki_test=["127.0.0.1"])
    async with proxied(9) as proxy, fetching(f"http://127.0.0.1:{proxy.port}", resolver, allow_hosts=own) as fetcher:
        assert (await fetcher.get(site.url("/x"))).status == 200
        assert (await fetcher.get(site.url("/x", "wiki.test"))).status == 200
        assert (await fetcher.call("GET", site.url("/x"), allow_private=True)).status == 200
    assert proxy.asked == []


async def test_the_systems_proxy_and_its_exceptions(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async with proxied(site.port) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", ".direct.test")
        async with fetching("system") as fetcher:
            assert (await fetcher.get(PAGE)).status == 200
            with pytest.raises(FetchFailed, match="could not be looked up"):
                await fetcher.get("http://a.direct.test/x")
    assert not any("direct" in line for line in proxy.asked)


async def test_without_the_setting_no_proxy_is_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async with proxied(site.port) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        fetcher = Fetcher(interval=0, attempts=1, network=NetworkSettings(), resolver=names())
        with pytest.raises(FetchFailed, match="could not be looked up"):
            await fetcher.get(PAGE)
        await fetcher.close()
    assert proxy.asked == []
