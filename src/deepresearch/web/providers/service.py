"""A search service asked over HTTP: at its own rate, every failure classified and named, the key never shown."""

import asyncio
import json
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol
from urllib.parse import quote, quote_plus

from ...errors import FetchFailed, SearchFailed
from ...retry import Retryable, aretry, retry_after
from ..fetched import Fetched
from ..rate_limit import RateLimit
from ..search import Kind, in_words
from .cleaning import plain

Outcome = Literal["key_refused", "out_of_quota", "rate_limited", "unreachable", "refused", "not_understood"]

ACCEPTED = "application/json, application/atom+xml;q=0.9"
TRIES = 3
SHORT_WAIT = 5.0
"""Longest pause that is made for a service that asks for one, seconds; a longer one is reported as a failure."""
PAUSE = 1.0  # seconds before another try where the service names none
LONGEST_REASON, LONGEST_QUOTE = 300, 160
"""Characters of the reason in an error, and of the service's own message in it."""
MOST_ROWS = 200  # results of one answer that are looked at
AT_ONCE = 4  # requests of one provider at the same time
_QUOTA = re.compile(r"quota|credit|budget|balance|billing|insufficient|usage limit|plan.{0,20}limit", re.I)
_KEY = re.compile(
    r"(?:api.?key|token|subscription|credential)s?.{0,40}(?:invalid|missing|incorrect|expired|not found)"
    r"|(?:invalid|missing|incorrect|unknown|expired).{0,20}(?:api.?key|token|credential)|unauthori[sz]ed",
    re.I,
)


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
class ServiceInfo:
    """What is to be known about a service."""

    name: str
    home: str
    """Where it answers."""
    kinds: Mapping[Kind, str]
    """The kinds of results it has, each with the service's own name for it."""
    key: Literal["none", "optional", "required"] = "none"
    most: int = 20
    """Results of one request."""
    longest: int = 1_000
    """Characters of a query, a site filter included where it is sent as a part of the query."""
    most_words: int | None = None
    """Words of a query, for services that count them too."""
    dates: Literal["service", "here", "not"] = "not"
    """Who applies since and until; "here" goes by the dates that results carry."""
    remarks: Mapping[str, str] = field(default_factory=dict)
    """The note for a filter ("dates", "language", "site") that is not fully applied."""
    hosts: tuple[str, ...] = ()
    """Hosts of all its results, where those are few."""
    gap: float = 0.0
    """Seconds between the beginnings of two requests that it asks for; where it does, one request at a time."""
    own: Mapping[int, Outcome] = field(default_factory=dict)
    """Statuses that mean something of their own with it."""

    @property
    def variable(self) -> str:
        """The environment variable that holds the key; empty where the service knows none."""
        return f"DEEPRESEARCH_{self.name.upper()}_API_KEY" if self.key != "none" else ""


class Service:
    """A search service that is asked over HTTP."""

    info: ClassVar[ServiceInfo]

    def __init__(self, fetcher: Caller, key: str = "", *, base_url: str = "", contact: str = "") -> None:
        """base_url: another address that serves the same interface; it may be in a private network.

        contact: an e-mail address, given to services that answer better those who name one.
        """
        self.name = self.info.name
        self.base = (base_url or self.info.home).rstrip("/")
        self.contact = contact
        self._key = key
        self._fetcher = fetcher
        self._private = bool(base_url)
        self._rate = RateLimit(self.info.gap, 1 if self.info.gap else AT_ONCE, AT_ONCE)
        self._suspended: tuple[float, SearchFailed] | None = None

    async def ask(self, path: str, *, base: str = "", **request: Any) -> dict[str, Any]:
        """The JSON object that the service answers with. Takes what `call` takes. Raises SearchFailed."""
        answer = await self.call(path, base=base, **request)
        try:
            reply = json.loads(answer.body)
        except (ValueError, RecursionError):
            kind = answer.headers.get("content-type") or "of no stated type"
            hint = "A proxy or a login page may have answered in its place." if "html" in kind else ""
            raise self.failure("not_understood", f"the answer is not JSON ({kind})", hint=hint) from None
        if not isinstance(reply, dict):
            raise self.failure("not_understood", "the answer is not a JSON object")
        return reply

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
        values = {name: str(value) for name, value in (params or {}).items() if value is not None} or None
        method, sent = "GET" if json is None else "POST", {"Accept": ACCEPTED, **(headers or {})}
        body = {name: value for name, value in json.items() if value is not None} if json is not None else None

        async def attempt() -> Fetched:
            async with self._rate.slot(self.name):
                self._check_not_suspended()
                try:
                    answer = await self._fetcher.call(
                        method, url, headers=sent, params=values, json=body, allow_private=self._private
                    )
                except FetchFailed as error:
                    # Without its cause: that may quote an address with the key in it.
                    raise self.failure("unreachable", str(error)) from None
            if failure := self._failure_of(answer):
                pause = PAUSE if failure.retry_after is None else failure.retry_after
                if failure.outcome not in ("rate_limited", "unreachable") or pause > SHORT_WAIT:
                    raise failure
                self._rate.postpone(self.name, pause)
                if failure.outcome == "rate_limited":  # from now on it is asked more slowly
                    self._rate.slow_down(self.name, pause)
                raise Retryable(failure, pause)
            return answer

        try:
            return await aretry(attempt, TRIES, PAUSE)
        except SearchFailed as failure:
            self._suspend_after(failure)
            raise failure from None

    def _failure_of(self, answer: Fetched) -> SearchFailed | None:
        outcome = outcome_of(answer, bool(self._key), self.info.own)
        if outcome is None:
            return None
        words = error_text(answer.body, self._without_key)
        reason = f"HTTP {answer.status}{': ' + words if words and outcome != 'key_refused' else ''}"
        limited = outcome in ("rate_limited", "out_of_quota")
        hint = ""
        if outcome == "refused" and answer.status in (401, 403, 451):
            hint = f"It does not serve this program or network: leave {self.name} out of search.providers."
        elif outcome == "refused" and answer.status in (404, 405, 410):
            hint = "Its interface may have moved."
        wait = wait_of(answer.headers, outcome == "out_of_quota") if limited else None
        return self.failure(outcome, reason, wait, hint)

    def failure(self, outcome: Outcome, why: str, retry_after: float | None = None, hint: str = "") -> SearchFailed:
        """The error with what happened and what can be done about it. hint: other than the usual one."""
        why = plain(self._without_key(why), LONGEST_REASON).rstrip(".")
        wait = "" if retry_after is None else f" It asks to wait {in_words(retry_after)}."
        keyless = self.info.key == "optional" and not self._key
        message, usual = {
            "key_refused": (f"{self.name} refuses the key ({why}).", f"Check {self.info.variable}."),
            "out_of_quota": (
                f"{self.name} is out of quota ({why}).{wait}",
                f"Add to its quota, or leave {self.name} out of search.providers.",
            ),
            "rate_limited": (
                f"{self.name} limits the rate ({why}).{wait}",
                f"Ask it later; a key in {self.info.variable} raises the limit." if keyless else "Ask it later.",
            ),
            "unreachable": (
                f"{self.name} gives no answer ({why}).",
                f"Check that it runs at {self.base}." if self._private else "Check the network, or try again later.",
            ),
            "refused": (f"{self.name} refuses the request ({why}).", "Ask in other words or without filters."),
            "not_understood": (f"{self.name}: {why}.", "Its interface may have changed."),
        }[outcome]
        return SearchFailed(message, hint or usual, outcome, retry_after)

    def _suspend_after(self, failure: SearchFailed) -> None:
        """Leave the service alone: for good where the key or the quota is the matter, else for the time it asks."""
        wait = failure.retry_after
        if wait is None and failure.outcome in ("key_refused", "out_of_quota"):
            wait = math.inf
        if wait is not None:
            self._suspended = asyncio.get_running_loop().time() + wait, failure

    def _check_not_suspended(self) -> None:
        """Raises SearchFailed while the service is to be left alone."""
        if self._suspended is None or (left := self._suspended[0] - asyncio.get_running_loop().time()) <= 0:
            return
        failure = self._suspended[1]
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

    def rows(self, reply: Mapping[str, Any], *path: str, empty: bool = False) -> list[dict[str, Any]]:
        """The objects in the list at `path`. Raises SearchFailed where there is no list, unless that means `empty`."""
        place: Any = reply
        for name in path:
            place = place.get(name) if isinstance(place, dict) else None
        if place is None and empty:
            return []
        if not isinstance(place, list):
            raise self.failure("not_understood", f"the answer has no list {'.'.join(path)}")
        return [row for row in place[:MOST_ROWS] if isinstance(row, dict)]


def outcome_of(answer: Fetched, keyed: bool, own: Mapping[int, Outcome]) -> Outcome | None:
    """What the answer's status and words mean; None where it is a result.

    keyed: a key was sent. own: statuses by which the service means something of its own.
    """
    status = answer.status
    if 200 <= status < 300:
        return None
    words = error_text(answer.body)
    if keyed and 400 <= status < 500 and _KEY.search(words) and not _QUOTA.search(words):
        return "key_refused"
    if status in own:
        return own[status]
    if status == 402 or (400 <= status < 500 and _QUOTA.search(words)):
        return "out_of_quota"
    if status == 429 or (status == 503 and "retry-after" in answer.headers):
        return "rate_limited"
    if keyed and status in (401, 403):
        return "key_refused"
    return "refused" if 400 <= status < 500 else "unreachable" if status >= 500 else "not_understood"


def error_text(body: bytes, hide: Callable[[str], str] = str) -> str:
    """The code and the message in the body of an error, as plain text; empty where it is not JSON.

    hide: what takes the key out of them.
    """
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    words: list[str] = []
    _collect(reply, words)
    return plain(hide(": ".join(dict.fromkeys(words))), LONGEST_QUOTE)


def _collect(reply: Any, words: list[str], depth: int = 0) -> None:
    """What is under the names that services give to codes and messages, in the order of that list."""
    if isinstance(reply, str):
        words.append(reply)
    elif isinstance(reply, list) and reply and depth < 4:
        _collect(reply[0], words, depth + 1)
    elif isinstance(reply, dict) and depth < 4:
        for name in ("error", "errors", "code", "tag", "type", "message", "detail", "info"):
            if isinstance(reply.get(name), str | list | dict) and reply.get(name) != "ErrorResponse":
                _collect(reply[name], words, depth + 1)


def wait_of(headers: Mapping[str, str], longest: bool = False) -> float | None:
    """Seconds that the service asks to wait, by any of the usual headers; None where it gives none.

    longest: of several limits (a second's, a month's) the one that ends last.
    """
    if asked := headers.get("retry-after", "").strip():
        return retry_after(asked)
    seconds = [float(reset) for reset in re.findall(r"\d{1,12}", headers.get("x-ratelimit-reset", ""))]
    if not seconds:
        return None
    chosen = max(seconds) if longest else min(seconds)
    return max(0.0, chosen - time.time()) if chosen > 1e9 else chosen  # a point in time, not a span
