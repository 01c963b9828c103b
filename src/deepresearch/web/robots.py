"""robots.txt by RFC 9309: which pages a site lets programs read.

A file that the server does not have (4xx) allows everything. One that cannot be fetched (5xx, 429) allows nothing for a
while: the site may forbid what we would ask. Where the host itself cannot be reached, the page fails for that reason.
"""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import FetchFailed
from .urls import Url

if TYPE_CHECKING:
    from protego import Protego

CACHED = 24 * 3600.0  # seconds for which rules are cached
CACHED_FAILURE = 600.0
"""Seconds after which a file that could not be fetched is requested again."""
LONGEST = 500 * 1024
"""Bytes that are read of it; the RFC asks for no more."""
_AGENT = re.compile(r"^[ \t]*user[- ]?agent[ \t:]+([^\r\n#]*)", re.IGNORECASE | re.MULTILINE)

Read = Callable[[Url], Awaitable[tuple[int, bytes]]]
"""Status and the beginning of the body, redirects followed; raises FetchFailed."""


@dataclass(frozen=True)
class _Rules:
    parsed: "Protego | None"
    """None: could not be fetched."""
    status: int
    expires: float


class Robots:
    """The rules of the sites visited, each read once."""

    def __init__(self, read: Read, agent: str) -> None:
        """agent: the product's name that sites' rules are for."""
        self._read = read
        self._agent = agent.lower()
        self._rules: dict[tuple[str, str, int], _Rules] = {}
        self._locks: defaultdict[tuple[str, str, int], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def check(self, url: Url) -> float | None:
        """The pause in seconds that the site asks for, if any.

        Raises FetchFailed: robots where the page is off limits, other outcomes where the site cannot be reached.
        """
        rules = await self._of(url)
        if rules.parsed is None:
            raise FetchFailed(
                f"{url.place} was not read: the site's robots.txt could not be fetched (HTTP {rules.status}).",
                outcome="robots",
            )
        if not rules.parsed.can_fetch(str(url), self._agent):
            raise FetchFailed(f"{url.place} was not read: the site's robots.txt forbids it.", outcome="robots")
        return rules.parsed.crawl_delay(self._agent)

    async def _of(self, url: Url) -> _Rules:
        async with self._locks[url.origin]:
            rules = self._rules.get(url.origin)
            if rules is None or rules.expires < time.monotonic():
                rules = self._rules[url.origin] = await self._fetch(url)
            return rules

    async def _fetch(self, url: Url) -> _Rules:
        from protego import Protego  # noqa: PLC0415

        status, body = await self._read(url.join("/robots.txt"))
        if status == 429 or status >= 500:
            return _Rules(None, status, time.monotonic() + CACHED_FAILURE)
        text = body[:LONGEST].decode("utf-8-sig", "replace") if status < 300 else ""
        return _Rules(Protego.parse(self._relevant(text)), status, time.monotonic() + CACHED)

    def _relevant(self, text: str) -> str:
        """The rules with all other programs' names made one: the parser's time grows with names times rules."""

        def rename(line: re.Match[str]) -> str:
            name = line[1].strip().lower()
            ours = self._agent.startswith(name.replace("*", ""))
            return f"User-agent: {name if ours else 'another'}"

        # The parser ends lines at other characters than \n, too.
        return _AGENT.sub(rename, "\n".join(text.splitlines()))
