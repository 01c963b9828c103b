"""A server of the user's own that keeps an index: asked over HTTP, every failure named, its key never shown.

Everything that is asked of it may be asked twice, so whatever another attempt can help is tried again.
"""

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic_core import from_json

from ...errors import LibraryError, SettingsError
from ..providers.cleaning import plain

if TYPE_CHECKING:
    import httpx2

LARGEST = 64 * 2**20
"""Bytes of an answer."""
LONGEST_REASON = 300
"""Characters of what an error says has happened."""
LONGEST_PAUSE = 30.0
"""Seconds."""


@dataclass(frozen=True)
class Facts:
    """What a message says of a server."""

    name: str
    setting: str
    """Holds its address."""
    key: str
    """The variable of the environment that holds its key."""


class Retriable(Exception):
    """A failure that another attempt may not meet again."""

    def __init__(self, error: LibraryError) -> None:
        super().__init__(str(error))
        self.error = error


class Server:
    """One server. May be shared between threads."""

    def __init__(
        self,
        facts: Facts,
        url: str,
        key: str = "",
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 120.0,
        attempts: int = 4,
        wait: float = 0.5,
    ) -> None:
        """
        key: never shown, in no form of it that `headers` hold.
        timeout: longest silence, seconds. wait: seconds before the second attempt, doubled with each further one.
        Raises SettingsError for an address that cannot be one.
        """
        import httpx2  # noqa: PLC0415  a tenth of a second that only those pay who have such a server

        self.facts = facts
        self._url = _address(url, facts)
        sent = (value.partition(" ")[2] or value for value in (headers or {}).values())
        self._secrets = [key, *sent, key.partition(":")[2]]
        self._timeout, self._attempts, self._wait = timeout, attempts, wait
        self._http = httpx2.Client(
            headers=headers,
            timeout=httpx2.Timeout(timeout, connect=min(10.0, timeout)),
            verify=self._url.startswith("https:"),
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of the answer: of success, or of a status in `accept`. Raises LibraryError."""
        import stamina  # noqa: PLC0415

        kind = {"content-type": "application/x-ndjson"} if content is not None else None
        request = self._http.build_request(
            method, self._url + path, json=json, content=content, params=params, headers=kind
        )
        try:
            for attempt in stamina.retry_context(
                on=Retriable,
                attempts=self._attempts,
                timeout=None,
                wait_initial=self._wait,
                wait_max=LONGEST_PAUSE,
                wait_jitter=self._wait / 2,
            ):
                with attempt:
                    return self._once(request, accept)
        except Retriable as failure:
            raise failure.error from failure.__cause__
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _once(self, request: "httpx2.Request", accept: Collection[int]) -> tuple[int, dict[str, Any]]:
        import httpx2  # noqa: PLC0415

        try:
            response = self._http.send(request, stream=True)
            try:
                body = self._body(response)
            finally:
                response.close()
        except httpx2.TimeoutException as error:
            raise Retriable(self._unreachable(f"none within {self._timeout:g} s")) from error
        except httpx2.RequestError as error:
            raise Retriable(self._unreachable(str(error) or type(error).__name__)) from error
        try:
            answer = from_json(body) if body else {}
        except ValueError:
            answer = None
        status = response.status_code
        if status >= 300 and status not in accept:
            raise self._refusal(status, answer)
        if not isinstance(answer, dict):
            raise self.failure("answers with something else than a JSON object", self._mend())
        return status, answer

    def _body(self, response: "httpx2.Response") -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > LARGEST:
                raise self.failure(f"answers with more than {LARGEST // 2**20} MiB", self._mend())
        return bytes(body)

    def _refusal(self, status: int, answer: Any) -> LibraryError | Retriable:
        said = f"HTTP {status}{': ' + reason if (reason := reason_of(answer)) else ''}"
        if 300 <= status < 400:
            return self.failure(f"redirects elsewhere (HTTP {status})", f"Set {self.facts.setting} to where it leads.")
        if status in (401, 403):
            return self.failure(f"refuses the key (HTTP {status})", f"Check {self.facts.key}.")
        if status in (408, 429) or status >= 500:
            return Retriable(self.failure(f"fails ({said})", "See its log, or try again later."))
        return self.failure(f"refuses the request ({said})", "See its log; its version may be too old.")

    def _unreachable(self, why: str) -> LibraryError:
        return self.failure(f"gives no answer ({why})", self._mend())

    def _mend(self) -> str:
        return f"Check {self.facts.setting} and that the server runs."

    def failure(self, what: str, hint: str) -> LibraryError:
        """The error that says `what` the server does."""
        for secret in self._secrets:
            what = what.replace(secret, "[key]") if secret else what
        return LibraryError(f"{self.facts.name} at {self._url} {plain(what, LONGEST_REASON)}.", hint)


def reason_of(answer: Any) -> str:
    """What an error of OpenSearch or Qdrant says, in its own words."""
    if not isinstance(answer, dict):
        return ""
    status = answer.get("status")
    error = answer.get("error") or (status.get("error") if isinstance(status, dict) else None)
    if isinstance(error, dict):
        return f"{error.get('type')}: {error.get('reason')}"
    return error if isinstance(error, str) else ""


def basic(user_and_password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(user_and_password.encode()).decode()


def is_on_this_machine(url: str) -> bool:
    """Whether an address is on loopback; a name other than localhost may lead anywhere."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(url: str, facts: Facts) -> str:
    """Raises SettingsError."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(
            f"{facts.setting} = {url.rsplit('@', 1)[-1]!r} is no address of a server.", "Use http://host:port."
        )
    if "@" in parts.netloc:
        raise SettingsError(f"{facts.setting} holds a password.", f"Put it in {facts.key}.")
    return parts._replace(path=parts.path.rstrip("/"), query="", fragment="").geturl()
