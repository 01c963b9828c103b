"""The one guarded way out: every page and every search provider is asked through a `Fetcher`."""

import time
from collections.abc import Mapping
from dataclasses import replace
from json import dumps
from ssl import SSLContext
from typing import Any
from urllib.parse import urlencode

from ..errors import FetchFailed
from ..retry import Retryable, retry_after, schedule
from ..settings import NetworkSettings
from ..threads import on_disk
from ..version import __version__
from .archive import Archive
from .fetched import Fetched
from .guard import PORTS, Guard, Resolver
from .rate_limit import RateLimit
from .robots import LONGEST as LONGEST_ROBOTS
from .robots import Robots
from .screening import check_page, check_status, is_readable
from .transport import HttpRequest, HttpResponse, ReadOptions, RequestFailed, SpeedLimits, TimeLimit, Transport
from .urls import Url, parse_url

__all__ = ["Fetched", "Fetcher"]

PRODUCT = "step-deepresearch"
"""The product name for which a site's robots.txt can have rules."""
USER_AGENT = f"{PRODUCT}/{__version__}"
MOST_REDIRECTS = 5
LONGEST_PAUSE = 20.0
"""Seconds before another attempt; a server that wants more is left alone."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
WORTH_RETRYING = frozenset({429, 500, 502, 503, 504})
SAFE_METHODS = frozenset({"GET", "HEAD"})
_PAGE_HEADERS = {"Accept": "text/html, application/xhtml+xml, application/pdf;q=0.9, text/plain;q=0.9, */*;q=0.5"}
_OURS = frozenset({"host", "user-agent", "accept-encoding", "connection", "content-length", "transfer-encoding"})
"""Headers that no caller sets."""


class Fetcher:
    """Asks the outside web. Belongs to one event loop; `close` it in the end."""

    def __init__(
        self,
        archive: Archive | None = None,
        *,
        private: bool = False,
        allow_hosts: frozenset[str] = frozenset(),
        user_agent: str = USER_AGENT,
        max_bytes: int = 16 * 2**20,
        timeout: float = 30,
        max_age: float = 24 * 3600,
        interval: float = 0.5,
        per_host: int = 2,
        in_all: int = 8,
        attempts: int = 3,
        wait: float = 1,
        speed: SpeedLimits | None = None,
        ports: frozenset[int] = PORTS,
        resolver: Resolver | None = None,
        tls: SSLContext | None = None,
        network: NetworkSettings | None = None,
    ) -> None:
        """archive: where pages are stored; in replay every page comes from it.
        private: nothing leaves the machine; what is archived can be read.
        allow_hosts: `host` or `host:port` of servers that the user runs: on loopback or in a private network, any port.
        max_bytes: of a body, raw and decoded. timeout: seconds for one page, redirects and attempts included.
        max_age: seconds for which an archived page is used. interval: seconds between two requests to
        one host. per_host, in_all: requests at once. attempts, wait: where another attempt can help, and the first
        pause between two, seconds. ports: where pages may be. resolver, tls: other than the system's. network: proxy
        and certificates; None: no proxy.
        """
        self._archive = archive
        self._private = private
        self._agent = user_agent
        self._max_bytes = max_bytes
        self._timeout = timeout
        self._max_age = max_age
        self._attempts_limit = attempts
        self._wait = wait
        self._speed = speed or SpeedLimits()
        self._tls = tls
        self._network = network
        self._guard = Guard(allow_hosts, ports, resolver)
        self._own_guard = Guard(allow_hosts, ports, resolver, all_own=True)
        # Two sets of connections: one opened to the user's own server must never carry a page's request.
        self._transports: dict[Guard, Transport] = {}
        self._rate = RateLimit(interval, per_host, in_all)
        self._robots = Robots(self._read_robots, PRODUCT)

    async def get(self, url: str) -> Fetched:
        """A page, from the archive where it is there and young enough, else fetched and stored.

        robots.txt is heeded. Raises FetchFailed; its `outcome` names what happened.
        """
        target = parse_url(url)
        if archived := await self._archived(target):
            return archived
        if self._private:
            raise _is_private(target)
        try:
            page = await self._page(target)
        except FetchFailed as failure:
            if self._archive:
                await on_disk(self._archive.keep_failure, str(target), failure, time.time())
            raise
        if self._archive:
            await on_disk(self._archive.keep, page)
        return page

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        allow_private: bool = False,
    ) -> Fetched:
        """An answer of an interface, whatever its status; not archived, no robots.txt.

        Asked again only where no answer came; what a status means, the interface's own client knows best.

        params: added to the query. json: sent as the body. Redirects are followed for GET and within one site.
        allow_private: the user has configured this address, so it may be on loopback or in a private network and
        have any port. Raises FetchFailed where no answer came.
        """
        target = parse_url(url)
        if self._private:
            raise _is_private(target)
        if self._archive and self._archive.replay:
            raise FetchFailed(f"{target.netloc} was not asked: a replay sends no request.", outcome="not_archived")
        if params:
            target = replace(target, target=target.target + ("&" if "?" in target.target else "?") + urlencode(params))
        request = HttpRequest(method.upper(), target, self._headers(headers or {}))
        if json is not None:
            content_type = {"Content-Type": "application/json"}
            request = replace(request, content=dumps(json).encode(), headers={**content_type, **request.headers})
        guard = self._own_guard if allow_private else self._guard
        end, answer = await self._follow(request, ReadOptions(self._max_bytes), guard, within_site=True)
        return Fetched(str(target), str(end), answer.status, answer.headers, answer.body, time.time(), False)

    async def close(self) -> None:
        """Close the connections."""
        for transport in self._transports.values():
            await transport.close()
        self._transports.clear()

    async def _archived(self, target: Url) -> Fetched | None:
        if not self._archive:
            return None
        if self._archive.replay:
            return await on_disk(self._archive.replayed, str(target))
        found = await on_disk(self._archive.find, str(target))
        return found if found and (self._private or time.time() - found.fetched < self._max_age) else None

    async def _page(self, target: Url) -> Fetched:
        request = HttpRequest("GET", target, self._headers(_PAGE_HEADERS))
        options = ReadOptions(self._max_bytes, is_readable, retried=WORTH_RETRYING)
        url, answer = await self._follow(request, options, self._guard, robots=True)
        check_status(url, answer.status)
        check_page(target, url, answer.headers, answer.body)
        return Fetched(str(target), str(url), answer.status, answer.headers, answer.body, time.time(), False)

    async def _read_robots(self, url: Url) -> tuple[int, bytes]:
        options = ReadOptions(LONGEST_ROBOTS, cut=True, retried=WORTH_RETRYING)
        _, answer = await self._follow(HttpRequest("GET", url, self._headers({})), options, self._guard)
        return answer.status, answer.body

    async def _follow(
        self,
        request: HttpRequest,
        options: ReadOptions,
        guard: Guard,
        *,
        robots: bool = False,
        within_site: bool = False,
    ) -> tuple[Url, HttpResponse]:
        """The answer at the end of all redirects, and where that is; every hop checked again. Raises FetchFailed."""
        limit = TimeLimit(self._timeout)
        for _ in range(MOST_REDIRECTS + 1):
            url = request.url
            guard.check(url)
            if robots:
                self._rate.slow_down(url.host, await self._robots.check(url) or 0)
            answer = await self._attempts(request, options, guard, limit)
            location = answer.headers.get("location")
            if answer.status not in REDIRECTS or not location:
                return url, answer
            following = url.join(location)
            if within_site and (following.origin != url.origin or request.method not in SAFE_METHODS):
                return url, answer
            request = replace(request, url=following)
        raise FetchFailed(
            f"{request.url.place}: redirected more than {MOST_REDIRECTS} times.", outcome="too_many_redirects"
        )

    async def _attempts(
        self, request: HttpRequest, options: ReadOptions, guard: Guard, limit: TimeLimit
    ) -> HttpResponse:
        """The answer to one request, asked again where that can help. Raises FetchFailed."""
        url, transport = request.url, self._transport(guard)
        own = guard.is_own(url.host, url.port)
        safe = request.method in SAFE_METHODS

        def may_repeat(failure: Retryable) -> bool:
            """One that is not safe is repeated only if it cannot have had an effect."""
            assert isinstance(failure, RequestFailed)
            return (safe or not failure.sent) and (failure.wait or 0.0) <= LONGEST_PAUSE

        try:
            attempts = schedule(self._attempts_limit, self._wait, longest=LONGEST_PAUSE, may_repeat=may_repeat)
            async for attempt in attempts:
                with attempt:
                    async with self._rate.slot(url.host, own=own):
                        answer = await transport.exchange(request, options, limit)
                    if answer.status in options.retried:
                        raise _refused(url, answer)
                    return answer
        except RequestFailed as failure:
            if failure.answer:
                return failure.answer
            raise failure.error from failure.__cause__
        raise AssertionError("the last attempt returns or raises")

    def _transport(self, guard: Guard) -> Transport:
        if guard not in self._transports:
            self._transports[guard] = Transport(guard, self._speed, self._tls, self._network)
        return self._transports[guard]

    def _headers(self, given: Mapping[str, str]) -> dict[str, str]:
        """`given`, and what is always the same."""
        others = {name: value for name, value in given.items() if name.lower() not in _OURS}
        return {**others, "User-Agent": self._agent, "Accept-Encoding": "gzip"}


def _refused(url: Url, answer: HttpResponse) -> RequestFailed:
    failure = FetchFailed(f"{url.place}: HTTP {answer.status}.", outcome=f"http_{answer.status}")
    return RequestFailed(failure, sent=True, wait=retry_after(answer.headers.get("retry-after", "")), answer=answer)


def _is_private(url: Url) -> FetchFailed:
    return FetchFailed(
        f"{url.netloc} was not asked: in private mode nothing leaves this machine.", outcome="private_mode"
    )
