"""What went wrong with a request to a chat endpoint, as one error that names the endpoint and what to do."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ..errors import (
    BrokenReply,
    ContextOverflow,
    KeyRefused,
    ModelError,
    ModelUnreachable,
    NotAnEndpoint,
    NoToolCalling,
    RateLimited,
    RequestRefused,
    UnknownModel,
)

LONGEST_PAUSE = 60.0
"""Seconds; a server that asks for a longer pause is asked again after this."""
LONGEST_MESSAGE = 300
_TELLING = 1_000

_TOO_LONG = re.compile(
    r"context.?(?:length|window|size)|maximum (?:model|input|sequence) length|exceeds? (?:the )?max\w* (?:length|"
    r"number of tokens)|model.?token.?limit|max_model_len|too many (?:input )?tokens|prompt is too long|"
    r"input (?:token )?length|input tokens exceed|reduce the length|max_new_tokens",
    re.IGNORECASE,
)
_NO_TOOLS = re.compile(
    r"(?:not|n.t) support(?:ed)? .{0,40}(?:tool|function)|(?:tool|function)\w*\W.{0,40}(?:not|un)\W?(?:support|allowed|"
    r"available|permitted)|no .{0,40}support .{0,20}tool|enable-auto-tool-choice|tools param requires|"
    r"(?:unrecogni[sz]ed|unknown|extra|unexpected).{0,60}\btool(?:s|_choice)\b",
    re.IGNORECASE | re.DOTALL,
)
_NO_MODEL = re.compile(
    r"model.{0,120}(?:not exist|not found|not available|unknown|unavailable|no access|not have access)|"
    r"(?:unknown|invalid|no such|unsupported) model|model_not_found|model not exist",
    re.IGNORECASE | re.DOTALL,
)
_RATE = re.compile(r"rate.?limit|too many requests|overloaded|quota", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Transient(Exception):
    """A failure that another attempt may not meet again."""

    def __init__(self, error: ModelError, pause: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.pause = pause
        """Seconds that the server asks to wait, where it does."""


@dataclass(frozen=True)
class Request:
    """What an error message may say of a request."""

    endpoint: str
    """Address without credentials."""
    model: str
    key: str
    tools: bool = False
    """Whether tools were sent along."""
    setting: str = "model.base_url"
    """Names the address, for mends."""
    reply: str = "chat reply"
    """What is asked for."""

    def of_answer(self, status: int, headers: Mapping[str, str], body: bytes) -> ModelError | Transient:
        """The error that an answer with a status of 300 or more means."""
        text = body.decode("utf-8", "replace")
        if 300 <= status < 400:
            return NotAnEndpoint(
                f"{self.endpoint} redirects elsewhere (HTTP {status}).", f"Set {self.setting} to the final address."
            )
        pause = retry_after(headers.get("retry-after", ""))
        error = _error_of(text)
        if status in (404, 405) and error is None:
            return self.not_an_endpoint(text, f"HTTP {status}")
        return self.of_error(status, {"message": text} if error is None else error, pause)

    def of_error(self, status: int, error: Any, pause: float | None = None) -> ModelError | Transient:
        """The error that a status (0: none given, in mid-stream) and the server's error object mean."""
        message, details = _words(error)
        said = self._clean(message)
        where = f"{self.endpoint} (HTTP {status})" if status else self.endpoint
        quoted = f": {said}" if said else "."
        if status in (401, 403):
            return KeyRefused(f"{where} refuses the key.", "Check DEEPRESEARCH_API_KEY or model.api_key_file.")
        if _TOO_LONG.search(details) and (status in (0, 400, 413, 422, 500)):
            return ContextOverflow(
                f"{where}: the request is longer than the context of {self.model}{quoted}",
                "Lower context.limit or model.max_tokens.",
            )
        if self.tools and 400 <= status <= 501 and status != 429 and _NO_TOOLS.search(details):
            return NoToolCalling(
                f"{where} takes no tools for {self.model}{quoted}",
                "Turn tool calling on in the server, or set model.dialect to toolcall, tool_call or steptml.",
            )
        if status == 429 or (status == 0 and _RATE.search(details)):
            return Transient(RateLimited(f"{where} limits the rate{quoted}", "Wait, or lower the load."), pause)
        if status == 404 or (400 <= status < 500 and _NO_MODEL.search(details)):
            return UnknownModel(
                f"{where} does not know the model {self.model}{quoted}",
                f"Check the model's name, and that {self.setting} is complete (it usually ends in /v1).",
            )
        if status == 408 or status >= 500:
            return Transient(ModelUnreachable(f"{where} fails{quoted}", "See the server's log, or try later."), pause)
        if status == 0:
            return Transient(BrokenReply(f"{where} reports an error in mid-reply{quoted}", "Try again."))
        hint = "Set model.stream to false." if "stream_options" in details else "See the server's documentation or log."
        return RequestRefused(f"{where} refuses the request{quoted}", hint)

    def of_event(self, error: Any) -> ModelError | Transient:
        """The error that an error object in mid-stream, or in an answer with status 200, means."""
        codes = [str(error.get(name)) for name in ("code", "status", "status_code")] if isinstance(error, dict) else []
        status = next((int(code) for code in codes if code.isdigit() and 400 <= int(code) < 500), 0)
        return self.of_error(status, error)

    def not_an_endpoint(self, body: str, what: str) -> NotAnEndpoint:
        kind = (
            "a web page" if "<html" in body[:2000].lower() or "<!doctype" in body[:200].lower() else f"no {self.reply}"
        )
        return NotAnEndpoint(
            f"{self.endpoint} answers with {kind} ({what}).",
            f"Set {self.setting} to the root of an OpenAI-compatible API; it usually ends in /v1.",
        )

    def unreachable(self, why: str) -> Transient:
        return Transient(
            ModelUnreachable(f"{self.endpoint}: {self._clean(why)}.", f"Check {self.setting} and that the server runs.")
        )

    def broken(self, why: str) -> Transient:
        return Transient(BrokenReply(f"{self.endpoint}: {why}.", "Try again; see the server's log if it stays."))

    def _clean(self, text: str) -> str:
        """A server's words, short, on one line, without the key."""
        if self.key:
            text = text.replace(self.key, "***")
        text = text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + "..."
        return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", text.strip())


def _error_of(body: str) -> Any:
    """The error object, or text, of an error body; None where it is no JSON object."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed.get("error", parsed) if isinstance(parsed, dict) else None


def _words(error: Any) -> tuple[str, str]:
    """The server's message, and the beginning of it with its code and type, which say what kind of error it is.

    Only the beginning: some servers quote the request behind it.
    """
    if not isinstance(error, dict):
        return str(error), str(error)[:_TELLING]
    found = error.get("message") or error.get("detail") or error.get("msg") or error
    message = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, default=str)
    return message, f"{message[:_TELLING]} {error.get('code', '')} {error.get('type', '')}"


def retry_after(header: str) -> float | None:
    """Seconds to wait by a Retry-After header (seconds or an HTTP date), at most LONGEST_PAUSE; None without one."""
    try:
        seconds = float(header)
    except ValueError:
        try:
            at = parsedate_to_datetime(header)
        except (ValueError, TypeError):
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = (at - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_PAUSE) if not math.isnan(seconds) else None
