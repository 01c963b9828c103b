"""Where a connection may go: host, port and every address of the host."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING

import httpcore2

from ..errors import FetchFailed
from .addresses import refusal
from .stream import HeadLimit
from .urls import Url

if TYPE_CHECKING:
    from httpcore2 import SOCKET_OPTION

Resolver = Callable[[str, int], Awaitable[list[str]]]  # host and port to addresses; raises OSError

PORTS = frozenset({80, 443, 8080, 8443})  # ports at which pages are read
LOOK_UP_TIMEOUT = 10.0  # seconds for a name
MOST_TRIED = 3  # addresses of one host that are dialled
_LOCAL_NAMES = (".localhost", ".localdomain", ".local", ".internal", ".home.arpa", ".onion")
"""Names of the machine, its network or its cloud, whatever a look-up returns."""


class Guard:
    """Decides where to connect to."""

    def __init__(
        self,
        allow_hosts: frozenset[str] = frozenset(),
        ports: frozenset[int] = PORTS,
        resolver: Resolver | None = None,
        *,
        all_own: bool = False,
    ) -> None:
        """allow_hosts: `host` or `host:port` of servers that the user runs: they may be on loopback or in a private
        network, at any port. all_own: every host is such a one.
        """
        self._allow_hosts = allow_hosts
        self._ports = ports
        self._resolver = resolver or system_resolver
        self._all_own = all_own

    def is_own(self, host: str, port: int) -> bool:
        """Whether the user runs this server."""
        return self._all_own or not self._allow_hosts.isdisjoint({host, f"{host}:{port}"})

    def check(self, url: Url) -> None:
        """Refuse what can be refused before a look-up. Raises FetchFailed (blocked_address)."""
        own = self.is_own(url.host, url.port)
        if not own and url.port not in self._ports:
            raise _blocked(url.place, f"port {url.port} is not one of {', '.join(map(str, sorted(self._ports)))}")
        if url.literal:
            if reason := refusal(url.literal, own=own):
                raise _blocked(url.place, reason)
        elif not own and ("." not in url.host or f".{url.host}".endswith(_LOCAL_NAMES)):
            raise _blocked(url.place, "a name of this machine or its network")

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, looked up once and every one checked. Raises FetchFailed."""
        found = await self._look_up(host, port)
        self._check_addresses(host, port, found)
        return found

    async def needs_proxy(self, host: str, port: int) -> bool:
        """Whether the host is outside: no server of the user's own, nor in a private network.

        What this machine cannot look up, the proxy may. Raises FetchFailed (blocked_address) for a host whose address
        here may not be reached: a proxy would lead to it all the same.
        """
        if not self._allow_hosts.isdisjoint({host, f"{host}:{port}"}):
            return False
        try:
            found = await self._look_up(host, port)
        except FetchFailed:
            return True
        self._check_addresses(host, port, found)
        return not any(refusal(ip_address(text)) for text in found)

    def _check_addresses(self, host: str, port: int, found: Iterable[str]) -> None:
        own = self.is_own(host, port)
        for text in found:
            if reason := refusal(ip_address(text), own=own):
                raise _blocked(host, f"{text}, {reason}")

    async def _look_up(self, host: str, port: int) -> list[str]:
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass  # a name
        try:
            async with asyncio.timeout(LOOK_UP_TIMEOUT):
                found = await self._resolver(host, port)
        except TimeoutError as error:
            raise _no_address(host, f"no answer within {LOOK_UP_TIMEOUT:.0f} s") from error
        except (OSError, UnicodeError) as error:
            raise _no_address(host, str(error)) from error
        if not found:
            raise _no_address(host, "it has no address")
        return found


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens every connection: resolves the name, checks the addresses, and dials one of exactly those.

    The host's name is still what TLS is verified against, one layer above.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's interface
        local_address: str | None = None,
        socket_options: "Iterable[SOCKET_OPTION] | None" = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to a checked address. Raises FetchFailed, httpcore2.ConnectError, ConnectTimeout."""
        addresses = (await self._guard.addresses(host, port))[:MOST_TRIED]
        share = timeout and timeout / len(addresses)
        for number, address in enumerate(addresses, 1):
            try:
                return HeadLimit(await self._inner.connect_tcp(address, port, share, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise AssertionError("a host has an address")


async def system_resolver(host: str, port: int) -> list[str]:
    """All addresses that the system knows for a host, in its order of preference. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _blocked(place: str, why: str) -> FetchFailed:
    return FetchFailed(f"{place} may not be reached: {why}.", outcome="blocked_address")


def _no_address(host: str, why: str) -> FetchFailed:
    return FetchFailed(f"{host} could not be reached: its name could not be looked up ({why}).", outcome="dead_host")
