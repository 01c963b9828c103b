"""Asking a search service: in its own time, with every failure told apart, and without showing the key."""

import asyncio
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol
from urllib.parse import quote, quote_plus

from ...errors import FetchFailed, SearchFailed
from ..fetched import Fetched
from ..search import Kind, in_words
from .cleaning import plain
from .failures import Outcome, outcome_of, saying, wait_of

TRIES = 3
SHORT_WAIT = 5.0
"""Seconds that are waited for a service that asks for a pause; a longer pause is a failure that says so."""
PAUSE = 1.0
"""Seconds before another try where the service asks for none."""
LONGEST_REASON = 300
"""Characters of what an error says has happened."""
MOST_ROWS = 200
"""Results of one answer that are looked at."""
LANES = 4
"""Requests of one provider under way at once."""


class Caller(Protocol):
    """What a provider needs of `Fetcher`."""

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        allow_private: bool = False,
    ) -> Fetched:
        """An answer, any status. Raises FetchFailed where none came."""
        ...


@dataclass(frozen=True)
class Facts:
    """What is to be known about a service."""

    name: str
    home: str
    """Where it answers."""
    kinds: Mapping[Kind, str]
    """The kinds of results it has, each with the service's own word for it."""
    most: int = 20
    """Results of one request."""
    longest: int = 1_000
    """Characters of a query."""
    dates: Literal["service", "here", "not"] = "not"
    """Who applies since and until; "here" goes by the dates that results carry."""
    remarks: Mapping[str, str] = field(default_factory=dict)
    """What becomes of a filter ("dates", "language", "site") that is not applied as it stands."""
    hosts: tuple[str, ...] = ()
    """Hosts of all its results, where those are few."""
    gap: float = 0.0
    """Seconds between the beginnings of two requests that it asks for; where it does, one request at a time."""
    own: Mapping[int, Outcome] = field(default_factory=dict)
    """Statuses that mean something of their own with it."""


class Service:
    """A search service that is asked over HTTP."""

    facts: ClassVar[Facts]

    def __init__(self, fetcher: Caller, key: str = "", *, base_url: str = "", contact: str = "") -> None:
        """base_url: another address that serves the same interface; it may be in a private network.

        contact: an e-mail address, given to services that answer better those who name one.
        """
        self.name = self.facts.name
        self.base = (base_url or self.facts.home).rstrip("/")
        self.contact = contact
        self._key = key
        self._fetcher = fetcher
        self._private = bool(base_url)
        self._lanes = asyncio.Semaphore(1 if self.facts.gap else LANES)
        self._gap = self.facts.gap
        self._next = 0.0
        self._shut: tuple[float, SearchFailed] | None = None

    async def ask(self, path: str, *, base: str = "", **request: Any) -> dict[str, Any]:
        """The JSON object that the service answers with. Takes what `call` takes. Raises SearchFailed."""
        answer = await self.call(path, base=base, **request)
        try:
            told = json.loads(answer.body)
        except (ValueError, RecursionError):
            kind = answer.headers.get("content-type") or "of no stated type"
            raise self.failure("not_understood", f"the answer is not JSON ({kind})") from None
        if not isinstance(told, dict):
            raise self.failure("not_understood", "the answer is not a JSON object")
        return told

    async def call(
        self,
        path: str,
        *,
        base: str = "",
        params: Mapping[str, str | int | None] | None = None,
        json: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """An answer with a status of success; POST where there is `json`; None values are left out.

        Short pauses that the service asks for are made. Raises SearchFailed.
        """
        url = (base or self.base) + path
        values = {name: str(value) for name, value in (params or {}).items() if value is not None}
        body = {name: value for name, value in json.items() if value is not None} if json is not None else None
        async with self._lanes:
            self._check_open()
            for attempt in range(1, TRIES + 1):
                await self._turn()
                answer = await self._once(url, values, body, headers or {})
                failure = self._failure_of(answer)
                if failure is None:
                    return answer
                pause = PAUSE if failure.retry_after is None else failure.retry_after
                helps = failure.outcome in ("rate_limited", "unreachable") and pause <= SHORT_WAIT
                if not helps or attempt == TRIES:
                    self._shut_after(failure)
                    raise failure
                self._space(failure, pause)
        raise AssertionError("the last try returns or raises")

    async def _once(self, url: str, params: dict[str, str], json: Any, headers: Mapping[str, str]) -> Fetched:
        accept = {"Accept": "application/json, application/atom+xml;q=0.9", **headers}
        try:
            return await self._fetcher.call(
                "GET" if json is None else "POST",
                url,
                headers=accept,
                params=params or None,
                json=json,
                allow_private=self._private,
            )
        except FetchFailed as error:
            # Without its cause: that may quote an address with the key in it.
            raise self.failure("unreachable", str(error)) from None

    async def _turn(self) -> None:
        """Wait until the service may be asked again."""
        now = asyncio.get_running_loop().time()
        begin = max(now, self._next)
        self._next = begin + self._gap
        await asyncio.sleep(begin - now)

    def _space(self, failure: SearchFailed, pause: float) -> None:
        """Put the next request off; a service that limits the rate is asked more slowly from now on."""
        if failure.outcome == "rate_limited":
            self._gap = max(self._gap, pause)
        self._next = max(self._next, asyncio.get_running_loop().time() + pause)

    def _failure_of(self, answer: Fetched) -> SearchFailed | None:
        outcome = outcome_of(answer, bool(self._key), self.facts.own)
        if outcome is None:
            return None
        words = saying(answer.body, self._without_key)
        told = f"HTTP {answer.status}{': ' + words if words and outcome != 'key_refused' else ''}"
        limited = outcome in ("rate_limited", "out_of_quota")
        return self.failure(outcome, told, wait_of(answer.headers, outcome == "out_of_quota") if limited else None)

    def failure(self, outcome: Outcome, why: str, retry_after: float | None = None) -> SearchFailed:
        """The error that says what happened and what can be done about it."""
        why = plain(self._without_key(why), LONGEST_REASON).rstrip(".")
        wait = "" if retry_after is None else f" It asks to wait {in_words(retry_after)}."
        message, hint = {
            "key_refused": (
                f"{self.name} refuses the key ({why}).",
                f"Check DEEPRESEARCH_{self.name.upper()}_API_KEY.",
            ),
            "out_of_quota": (f"{self.name} is out of quota ({why}).{wait}", "Add to it, or go on without."),
            "rate_limited": (f"{self.name} limits the rate ({why}).{wait}", "Ask it again later."),
            "unreachable": (f"{self.name} gives no answer ({why}).", ""),
            "refused": (f"{self.name} refuses the request ({why}).", "Ask in other words or without filters."),
            "not_understood": (f"{self.name}: {why}.", "Its interface may have changed."),
        }[outcome]
        return SearchFailed(message, hint, outcome, retry_after)

    def _shut_after(self, failure: SearchFailed) -> None:
        """Leave the service alone: for good where the key or the quota is the matter, else for the time it asks."""
        wait = failure.retry_after
        if wait is None and failure.outcome in ("key_refused", "out_of_quota"):
            wait = math.inf
        if wait is not None:
            self._shut = asyncio.get_running_loop().time() + wait, failure

    def _check_open(self) -> None:
        """Raises SearchFailed while the service is to be left alone."""
        if self._shut is None or (left := self._shut[0] - asyncio.get_running_loop().time()) <= 0:
            return
        failure = self._shut[1]
        wait = "" if left == math.inf else f" It can be asked again in {in_words(left)}."
        reason = f"{failure.message.partition(' It asks')[0]} It was not asked again.{wait}"
        raise SearchFailed(reason, failure.hint, failure.outcome, None if left == math.inf else left)

    def _without_key(self, text: str) -> str:
        """To be applied before anything is cut: half a key is a secret too."""
        for form in (self._key, quote(self._key), quote(self._key, safe=""), quote_plus(self._key)):
            text = text.replace(form, "[key]") if form else text
        return text

    def bearer(self) -> dict[str, str]:
        """The header that most services take the key from."""
        return {"Authorization": f"Bearer {self._key}"}

    def rows(self, told: Mapping[str, Any], *path: str, empty: bool = False) -> list[dict[str, Any]]:
        """The objects in the list at `path`. Raises SearchFailed where there is no list, unless that means `empty`."""
        place: Any = told
        for name in path:
            place = place.get(name) if isinstance(place, dict) else None
        if place is None and empty:
            return []
        if not isinstance(place, list):
            raise self.failure("not_understood", f"the answer has no list {'.'.join(path)}")
        return [row for row in place[:MOST_ROWS] if isinstance(row, dict)]
