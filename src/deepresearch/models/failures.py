"""Failures of requests to an endpoint, as one error that names the endpoint and what to do."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import (
    BrokenReply,
    ContentFiltered,
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
from ..retry import Retryable, retry_after

LONGEST_MESSAGE = 300
_TELLING = 1_000

_TOO_LONG = re.compile(
    r"context.?(?:length|window|size)|maximum (?:model|input|sequence) length|exceeds? (?:the )?max\w* (?:length|"
    r"number of tokens)|model.?token.?limit|max_model_len|too many (?:input )?tokens|prompt is too long|"
    r"input (?:token )?length|input tokens exceed|reduce the length|max_new_tokens|too large to process|"
    r"physical batch|exceed_context",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"data_?inspection|content.?(?:filter|management|moderation|policy|exists.?risk|safety)|inappropriate.{0,30}content|"
    r"responsible.?ai|risk.?control|sensitive.{0,20}(?:content|words?|information)|prohibited.?content|"
    r"safety.{0,20}(?:filter|system|polic|check)|moderation|(?:敏感|违规|不当|不安全)",
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
_NO_CREDIT = re.compile(
    r"insufficient.{0,3}(?:quota|balance|credit|funds)|exceeded your current quota|out of credit|"
    r"(?:credit|balance).{0,30}(?:too low|exhausted|insufficient|used up)|billing|arrear|余额不足|欠费",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LIMITS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"n_ctx\W{1,4}(\d+)",
        r"context\D{0,60}?(\d[\d,]{2,})",
        r"(\d[\d,]{2,})\D{0,20}context",
        r"(?:\[\d+, ?|> ?)(\d[\d,]{2,})",
        r"(?:maximum|max\w*|limit|at most)\D{0,60}?(\d[\d,]{2,})",
    )
]
_PROMPTS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"n_prompt_tokens\W{1,4}(\d+)",
        r"(\d[\d,]*) (?:tokens )?(?:(?:in the|of(?: text)?) (?:messages|prompt|input)|(?:input|prompt) tokens)",
        r"(?:prompt|input|messages)\D{0,20}?(\d[\d,]*)",
    )
]


class Refused(Exception):
    """A request that the server refuses, with its message, which may name the cure."""

    def __init__(self, error: ModelError, words: str) -> None:
        super().__init__(str(error))
        self.error = error
        self.words = words


@dataclass(frozen=True)
class Failures:
    """The errors of requests to one endpoint."""

    endpoint: str
    """Address without credentials."""
    model: str
    key: str
    setting: str = "model.base_url"
    """Names the address, for hints."""
    reply: str = "chat reply"
    """What is asked for."""

    def of_answer(self, status: int, headers: Mapping[str, str], body: bytes, tools: bool = False) -> Exception:
        """What an answer with a status of 300 or more means: a ModelError, Retryable or Refused.

        tools: whether the request offered tools.
        """
        text = body.decode("utf-8", "replace")
        if 300 <= status < 400:
            return NotAnEndpoint(
                f"{self.endpoint} redirects elsewhere (HTTP {status}).", f"Set {self.setting} to the final address."
            )
        error = error_in(text)
        if status in (404, 405) and error is None:
            return self.not_an_endpoint(text, f"HTTP {status}")
        pause = retry_after(headers.get("retry-after", ""))
        return self.of_error(status, {"message": text} if error is None else error, tools, pause)

    def of_event(self, error: Any, tools: bool = False) -> Exception:
        """What an error object in mid-stream, or in an answer with status 200, means."""
        codes = [str(error.get(name)) for name in ("code", "status", "status_code")] if isinstance(error, dict) else []
        status = next((int(code) for code in codes if code.isdigit() and 400 <= int(code) < 500), 0)
        return self.of_error(status, error, tools)

    def of_error(self, status: int, error: Any, tools: bool = False, pause: float | None = None) -> Exception:
        """What a status (0: none given, in mid-stream) and the server's error object mean."""
        message, words = _words(error)
        cleaned = self._clean(message)
        where = f"{self.endpoint} (HTTP {status})" if status else self.endpoint
        quoted = f": {cleaned}" if cleaned else "."
        refusal = status in (0, 400, 413, 422, 500)
        if refusal and _TOO_LONG.search(words):
            found = ContextOverflow(
                f"{where}: the request is longer than the context of {self.model}{quoted}",
                "Lower context.limit or model.max_tokens.",
                _number(_LIMITS, words),
            )
            return Refused(found, words)
        if _FILTERED.search(words) and (status in (0, 400, 403, 422, 451)):
            return self.filtered(f"the content filter refuses the request{quoted}")
        if status in (401, 403):
            return KeyRefused(f"{where} refuses the key.", "Check DEEPRESEARCH_API_KEY or model.api_key_file.")
        if status == 402 or (status in (0, 400, 429) and _NO_CREDIT.search(words)):
            return RequestRefused(f"{where}: the account has no credit left{quoted}", "Add credit, or use another key.")
        if tools and 400 <= status <= 501 and status != 429 and _NO_TOOLS.search(words):
            found_tools = NoToolCalling(
                f"{where} takes no tools for {self.model}{quoted}",
                "Turn tool calling on in the server, or set model.dialect to toolcall, tool_call or steptml.",
            )
            return Refused(found_tools, words)
        if status == 429 or (status == 0 and _RATE.search(words)):
            return Retryable(RateLimited(f"{where} limits the rate{quoted}", "Wait, or lower the load."), pause)
        if status == 404 or (400 <= status < 500 and _NO_MODEL.search(words)):
            return UnknownModel(
                f"{where} does not know the model {self.model}{quoted}",
                f"Check the model's name, and that {self.setting} is complete (it usually ends in /v1).",
            )
        if status == 408 or status >= 500:
            return Retryable(ModelUnreachable(f"{where} fails{quoted}", "See the server's log, or try later."), pause)
        if status == 0:
            return Retryable(BrokenReply(f"{where} reports an error in mid-reply{quoted}", "Try again."))
        hint = "See the server's documentation or log."
        return Refused(RequestRefused(f"{where} refuses the request{quoted}", hint), words)

    def filtered(self, why: str) -> ContentFiltered:
        """Something in the request is not let through."""
        return ContentFiltered(f"{self.endpoint}: {why}", "Ask another model, or leave out the source.")

    def not_an_endpoint(self, body: str, what: str) -> NotAnEndpoint:
        """An answer that is not of the kind that was asked for; `what` describes it."""
        is_page = "<html" in body[:2000].lower() or "<!doctype" in body[:200].lower()
        return NotAnEndpoint(
            f"{self.endpoint} answers with {'a web page' if is_page else f'no {self.reply}'} ({what}).",
            f"Set {self.setting} to the root of an OpenAI-compatible API; it usually ends in /v1.",
        )

    def unreachable(self, why: str) -> Retryable:
        """No answer, or not in time."""
        return Retryable(
            ModelUnreachable(f"{self.endpoint}: {self._clean(why)}.", f"Check {self.setting} and that the server runs.")
        )

    def untrusted(self, why: str) -> ModelUnreachable:
        """A certificate that nothing known here vouches for."""
        return ModelUnreachable(
            f"{self.endpoint}: {self._clean(why)}.", "Name your organisation's certificates in network.ca_file."
        )

    def broken(self, why: str) -> Retryable:
        """An answer that stops in the middle or cannot be read."""
        return Retryable(BrokenReply(f"{self.endpoint}: {self._clean(why)}.", "Try again; see the server's log."))

    def _clean(self, text: str) -> str:
        """A server's message, short, on one line, without the key."""
        if self.key:
            text = text.replace(self.key, "***")
        text = text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + "..."
        return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", text.strip())


def error_in(body: str) -> Any:
    """The error object, or text, of an error body; None where it is no JSON object."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    return (parsed.get("error") or parsed) if isinstance(parsed, dict) else None


def prompt_in(words: str) -> int | None:
    """The length of the prompt, tokens, as a refusal names it."""
    return _number(_PROMPTS, words)


def _number(patterns: list[re.Pattern[str]], words: str) -> int | None:
    match = next(filter(None, (pattern.search(words) for pattern in patterns)), None)
    return int(match.group(1).replace(",", "")) if match else None


def _words(error: Any) -> tuple[str, str]:
    """The server's message, and its beginning with the short fields beside it, which name the kind of error.

    Only the beginning: some servers quote the request after it.
    """
    if not isinstance(error, dict):
        return str(error), str(error)[:_TELLING]
    found = error.get("message") or error.get("detail") or error.get("msg") or error
    message = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, default=str)
    beside = [f"{key}: {value}" for key, value in error.items() if isinstance(value, str | int) and value != found]
    return message, " ".join([message[:_TELLING], *(field[:100] for field in beside[:8])])
