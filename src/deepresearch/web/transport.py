"""One request and its answer over a guarded connection: no redirects, no cookies, limits on everything."""

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import httpcore2

from ..errors import FetchFailed
from ..network import proxy_for, tls_context
from ..retry import Retryable
from ..settings import NetworkSettings
from .decoding import Body, is_gzip
from .guard import Guard, GuardedBackend
from .stream import HeadLimit
from .urls import Url

IDLE = 15.0  # seconds for which an unused connection is kept
_NOT_KEPT = frozenset({"set-cookie", "set-cookie2"})

log = logging.getLogger("deepresearch.web")


@dataclass(frozen=True)
class SpeedLimits:
    """How slow an answer may be."""

    silence: float = 10
    """Longest wait for a connection, and between two pieces of an answer, seconds."""
    head: float = 15
    """Longest wait for the beginning of an answer, the connection included, seconds."""
    grace: float = 5
    """Seconds before a body's speed is looked at."""
    slowest: float = 1024
    """Bytes a second from then on."""


@dataclass(frozen=True)
class HttpResponse:
    """What one request has brought."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class HttpRequest:
    """One request."""

    method: str
    url: Url
    headers: Mapping[str, str]
    content: bytes = b""


@dataclass(frozen=True)
class ReadOptions:
    """How an answer is read."""

    max_bytes: int
    screen: Callable[[Url, int, Mapping[str, str]], bool] = lambda url, status, headers: True
    """Given address, status and headers once they are there: whether to read the body; may raise FetchFailed."""
    cut: bool = False
    """Whether a longer body is cut at `max_bytes`, rather than refused."""
    retried: frozenset[int] = frozenset()
    """Statuses after which the server is asked again."""


class RequestFailed(Retryable):
    """A failure after which another attempt may succeed."""

    def __init__(
        self, failure: FetchFailed, *, sent: bool, wait: float | None = None, answer: HttpResponse | None = None
    ):
        """sent: whether the server may have seen the request. wait: seconds, where the server named them."""
        super().__init__(failure, wait)
        self.sent = sent
        self.answer = answer


class TimeLimit:
    """A time limit over several requests; waiting for a turn between them does not count."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.left = seconds

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Raises TimeoutError when the time is used up."""
        start = time.monotonic()
        try:
            async with asyncio.timeout(self.left):
                yield
        finally:
            self.left -= time.monotonic() - start


class Transport:
    """A pool of connections, all checked by one guard."""

    def __init__(
        self,
        guard: Guard,
        speed: SpeedLimits,
        tls: ssl.SSLContext | None = None,
        network: NetworkSettings | None = None,
    ) -> None:
        """tls: certificates other than those of `network`. network: certificates, and a proxy where it is to be used
        for the web; None: the system's certificates and no proxy."""
        self._guard = guard
        self._speed = speed
        self._network = network or NetworkSettings()
        self._tls = tls
        self._pools: dict[str, httpcore2.AsyncConnectionPool] = {}
        """By the proxy's address; empty: no proxy."""

    async def close(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()

    async def _proxy_for(self, url: Url) -> str:
        """The proxy that leads to `url`; empty: none. Raises FetchFailed, SettingsError."""
        if not self._network.proxy_web:
            return ""
        proxy = proxy_for(str(url), self._network)
        return proxy if proxy and await self._guard.needs_proxy(url.host, url.port) else ""

    def _pool(self, proxy: str) -> httpcore2.AsyncConnectionPool:
        if proxy not in self._pools:
            self._tls = self._tls or tls_context(self._network)
            limits: dict[str, Any] = {
                "ssl_context": self._tls,
                "max_connections": None,
                "max_keepalive_connections": 8,
                "keepalive_expiry": IDLE,
            }
            if proxy:
                self._pools[proxy] = _proxy_pool(proxy, limits)
            else:
                backend = GuardedBackend(self._guard)
                self._pools[proxy] = httpcore2.AsyncConnectionPool(network_backend=backend, **limits)
        return self._pools[proxy]

    async def exchange(self, request: HttpRequest, options: ReadOptions, limit: TimeLimit) -> HttpResponse:
        """Send and read. Raises FetchFailed, Transient."""
        place = request.url.place
        proxy = await self._proxy_for(request.url)
        try:
            async with limit.running():
                return await self._exchange(request, options, proxy)
        except httpcore2.ProxyError as error:
            raise _refused_by_proxy(place, str(error)) from error
        except TimeoutError as error:
            raise FetchFailed(f"{place} took more than {limit.seconds:g} s.", outcome="too_slow") from error
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            raise _no_connection(request.url, error, proxy) from error
        except httpcore2.TimeoutException as error:
            raise RequestFailed(_slow(place, f"nothing came for {self._speed.silence:g} s"), sent=True) from error
        except httpcore2.NetworkError as error:
            raise RequestFailed(_broken(place, "the connection was lost"), sent=True) from error
        except httpcore2.RemoteProtocolError as error:
            failure = _broken(place, str(error))
            # The messages of h11 and httpcore2 for a connection that ended early; anything else is not HTTP.
            if "without sending" in str(error):
                raise RequestFailed(failure, sent=True) from error
            raise failure from error
        except httpcore2.LocalProtocolError as error:
            # The message may quote a header, and headers hold keys.
            raise FetchFailed(f"{place} cannot be asked: a header is not valid.", outcome="bad_url") from error

    async def _exchange(self, request: HttpRequest, options: ReadOptions, proxy: str) -> HttpResponse:
        response = await self._head(request, proxy)
        stream = response.extensions.get("network_stream")
        try:
            if isinstance(stream, HeadLimit):
                stream.expect_body()
            headers = _headers(response)
            if proxy and response.status == 407:
                raise _refused_by_proxy(request.url.place, "407")
            wanted = options.screen(request.url, response.status, headers)
            body = await self._read(response, headers, options, request.url.place) if wanted else b""
            return HttpResponse(response.status, headers, body)
        finally:
            # Before the connection is given back: somebody else may use it at once.
            if isinstance(stream, HeadLimit):
                stream.expect_head()
            await response.aclose()

    async def _head(self, request: HttpRequest, proxy: str) -> httpcore2.Response:
        url, silence = request.url, self._speed.silence
        headers = {"Host": url.netloc, **request.headers}
        if request.content or request.method == "POST":
            headers["Content-Length"] = str(len(request.content))
        outgoing = httpcore2.Request(
            request.method,
            # In parts: nobody reads the address a second time.
            httpcore2.URL(scheme=url.scheme, host=url.host, port=url.port, target=url.target),
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            content=request.content,
            extensions={"timeout": {"connect": silence, "read": silence, "write": silence}},
        )
        try:
            async with asyncio.timeout(self._speed.head):
                response = await self._pool(proxy).handle_async_request(outgoing)
        except TimeoutError as error:
            raise _slow(url.place, f"no answer within {self._speed.head:g} s") from error
        stream = response.extensions.get("network_stream")
        log.info(
            "%s %s at %s: %d",
            request.method,
            url.netloc,
            stream.get_extra_info("server_addr") if stream else "?",
            response.status,
        )
        return response

    async def _read(
        self, response: httpcore2.Response, headers: Mapping[str, str], options: ReadOptions, place: str
    ) -> bytes:
        """The body, decoded. Raises FetchFailed, httpcore2's errors."""
        gzipped = is_gzip(headers.get("content-encoding", ""), place)
        body = Body(gzipped, options.max_bytes, place, cut=options.cut)
        start = time.monotonic()
        async for chunk in response.aiter_stream():
            body.feed(chunk)
            spent = time.monotonic() - start
            if spent > self._speed.grace and body.raw < self._speed.slowest * spent:
                raise _slow(place, f"{body.raw} bytes in {spent:.0f} s")
            if body.is_full:
                break
        return body.finish()


def _headers(response: httpcore2.Response) -> dict[str, str]:
    """Names in lower case, repeated ones joined; cookies are not kept."""
    found: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "replace")
        if name not in _NOT_KEPT:
            found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _proxy_pool(proxy: str, limits: dict[str, Any]) -> httpcore2.AsyncConnectionPool:
    """Connections through a proxy, which the user has named, so it may be in a private network."""
    parts = urlsplit(proxy)
    signed_in = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return (httpcore2.AsyncSOCKSProxy if parts.scheme.startswith("socks") else httpcore2.AsyncHTTPProxy)(
        parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
        proxy_auth=signed_in,
        network_backend=GuardedBackend(Guard(all_own=True)),
        **limits,
    )


def _no_connection(url: Url, error: Exception, proxy: str) -> Exception:
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = f"its certificate is not valid ({cause.verify_message})"
        return FetchFailed(f"{url.netloc} was not read: {why}.", outcome="bad_certificate")
    why = str(error) or "no answer"
    if proxy and not isinstance(cause, ssl.SSLError):
        shown = urlsplit(proxy).netloc.rpartition("@")[2]
        return _proxy_failure(f"{url.netloc} was not asked: the proxy {shown} cannot be reached ({why}).")
    return RequestFailed(FetchFailed(f"{url.netloc} could not be reached ({why}).", outcome="dead_host"), sent=False)


def _refused_by_proxy(place: str, why: str) -> FetchFailed:
    if why.startswith("407"):
        return _proxy_failure(f"{place} was not asked: the proxy wants a user name and a password (HTTP 407).")
    return _proxy_failure(f"{place} was not asked: the proxy refuses it ({why.strip()}).")


def _proxy_failure(message: str) -> FetchFailed:
    return FetchFailed(message, "Check network.proxy, or set network.proxy_web to false.", outcome="proxy")


def _slow(place: str, why: str) -> FetchFailed:
    return FetchFailed(f"{place} is too slow: {why}.", outcome="too_slow")


def _broken(place: str, why: str) -> FetchFailed:
    return FetchFailed(f"{place} gave a broken answer: {why}.", outcome="broken")
