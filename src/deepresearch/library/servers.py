"""Index servers of the user's own: their addresses and keys, and their failures as errors with a hint."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from ..errors import LibraryError, SettingsError
from ..retry import Retryable, retry
from ..web.providers.cleaning import plain

T = TypeVar("T")
LONGEST_REASON = 300
"""Characters of a server's own words that an error repeats."""
WORTH_RETRYING = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed. Everything asked of these servers can be asked twice."""


@dataclass(frozen=True)
class Server:
    """One kind of index server, as messages name it."""

    name: str
    setting: str
    """The setting that has the server's address."""
    key: str
    """Environment variable with its key."""

    def check_address(self, url: str) -> str:
        """`url` without a slash at its end. Raises SettingsError for what is not an address or has a password in it."""
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(
                f"{self.setting} = {url.rsplit('@', 1)[-1]!r} is not the address of a server.", "Use http://host:port."
            )
        if "@" in parts.netloc:
            raise SettingsError(f"{self.setting} has a password in it.", f"Put it in {self.key}.")
        return parts._replace(path=parts.path.rstrip("/"), query="", fragment="").geturl()


@dataclass(frozen=True)
class Connection:
    """Requests to one server through its client: repeated where that can help, and failures named without the key."""

    server: Server
    url: str
    key: str
    attempts: int
    wait: float
    """The first pause between two attempts, seconds."""
    read: Callable[[Exception], tuple[int | None, str, bool]]
    """Of what the client raised: the HTTP status (None: no answer, or one that is not understood), the reason in
    words, and whether no answer came."""

    def ask(self, request: Callable[[], T], missing: str = "") -> T:
        """What `request` returns. missing: what a 404 means. Raises LibraryError, and ValueError of `missing`."""

        def attempt() -> T:
            try:
                return request()
            except LibraryError:
                raise
            except Exception as error:  # of clients and what they build on, which have no common base
                status, reason, silent = self.read(error)
                if missing and status == 404:
                    raise ValueError(missing) from None
                failure = self.failure(status, reason)
                # Without the cause, which may quote the key.
                raise Retryable(failure) if silent or status in WORTH_RETRYING else failure from None

        return retry(attempt, self.attempts, self.wait)

    def failure(self, status: int | None, reason: str) -> LibraryError:
        """The error for a request that failed; the key is removed from the server's message."""
        for secret in (self.key, base64.b64encode(self.key.encode()).decode(), self.key.partition(":")[2]):
            reason = reason.replace(secret, "[key]") if secret else reason
        reason, server = plain(reason, LONGEST_REASON).rstrip("."), self.server
        what, hint = f"refuses the request (HTTP {status}: {reason})", "See its log; its version may be too old."
        if status is None:
            what, hint = f"gives no usable answer ({reason})", f"Check {server.setting} and that the server runs."
        elif status in (401, 403):
            what, hint = f"refuses the key (HTTP {status})", f"Check {server.key}."
        elif 300 <= status < 400:
            what, hint = f"redirects elsewhere (HTTP {status})", f"Set {server.setting} to where it leads."
        elif status in WORTH_RETRYING:
            what, hint = f"fails (HTTP {status}: {reason})", "See its log, or try again later."
        return LibraryError(f"{server.name} at {self.url} {what}.", hint)


OPENSEARCH = Server("OpenSearch", "library.opensearch_url", "DEEPRESEARCH_OPENSEARCH_API_KEY")
QDRANT = Server("Qdrant", "library.qdrant_url", "DEEPRESEARCH_QDRANT_API_KEY")


def reason_of(answer: object) -> str:
    """The message in an error of OpenSearch or Qdrant; empty where there is none."""
    if not isinstance(answer, dict):
        return ""
    status = answer.get("status")
    error = answer.get("error") or (status.get("error") if isinstance(status, dict) else None)
    if isinstance(error, dict):
        return f"{error.get('type')}: {error.get('reason')}"
    return error if isinstance(error, str) else ""
