"""A served model behind an OpenAI-compatible chat endpoint: StepFun, vLLM, SGLang, Ollama, DeepSeek, OpenRouter ..."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from ..errors import BrokenReply
from ..network import client_options
from ..retry import aretry
from ..settings import ModelSettings, NetworkSettings, Settings
from ..trajectory import WHOLE, Reply
from .base import Message, Spec
from .call_text import split_thinking
from .calls import read_calls, read_message, schemas_of
from .dialects import check_dialect
from .endpoint import Ask, Endpoint
from .failures import Failures, Refused
from .listing import addresses, checked_key
from .prices import cost
from .stream import DONE, REPETITION, Assembler, Payload, finish_of, read_payloads

if TYPE_CHECKING:
    import httpx2

CONNECTING = 30.0
"""Longest time to reach the server, seconds."""
AFTER_END = 5.0
"""Seconds that a server has, after the end of a reply, for its count of tokens and the end of the stream."""
WORTH_MOVING = 0.01
"""Seconds; a deadline is not moved by less: a stream has thousands of events, and each move costs a timer."""
MOST_CURES = 8
"""Times that one request is changed to what the endpoint asks for."""
_LONGEST_ERROR = 65_536
_BROKEN_OFF = frozenset({"length", "content_filter", REPETITION})
"""Finish reasons of a cut-off reply that another attempt would not change."""


class ChatClient:
    """A ChatModel over HTTP. One instance serves many requests at once over one pool of connections."""

    def __init__(
        self,
        settings: ModelSettings,
        key: str,
        *,
        network: NetworkSettings | None = None,
        reasoning: bool = False,
        wait: float = 1.0,
    ) -> None:
        """
        key: sent as a bearer token; may be empty.
        reasoning: send the model's earlier reasoning back; otherwise only to endpoints that ask for it.
        wait: seconds before the second attempt, doubled with each further one, unless the server names a time.
        Raises SettingsError for an address, a key, a proxy or a dialect that cannot be one.
        """
        import httpx2  # noqa: PLC0415  a tenth of a second that only those pay who talk to a model

        self.name = settings.name
        self._settings = settings
        self._wait = wait
        check_dialect(settings.dialect)
        self._url, shown = addresses(settings.base_url, "/chat/completions", "model.base_url")
        self._failures = Failures(shown, self.name, checked_key(key))
        self.endpoint = Endpoint(settings, self._url)
        self.endpoint.form.reasoning = reasoning
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        if key:
            headers["authorization"] = f"Bearer {key}"
        self._http = httpx2.AsyncClient(
            headers=headers,
            # How long an answer may take is measured by its content (`_listen`), not by its bytes.
            timeout=httpx2.Timeout(None, connect=min(CONNECTING, settings.timeout), write=settings.timeout),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=30),
            **client_options(self._url, network or NetworkSettings()),
        )

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Spec] = (),
        *,
        may_call: bool = True,
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        """One reply. Retried where that can help; calls that cannot be read have `problem` set. Raises ModelError.

        A reply that the server breaks off (by an unknown finish reason) is asked for again; if it breaks off each
        time, it is returned with that reason as its finish.
        """
        ask = Ask(messages, tools, may_call, schema)
        try:
            return await aretry(partial(self._attempt, ask), self._settings.retries + 1, self._wait)
        except BrokenReply:
            if ask.broken_off is None:
                raise
            return ask.broken_off

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _attempt(self, ask: Ask) -> Reply:
        """A request, changed to what the endpoint asks for where it refuses. Raises ModelError, or Retryable."""
        for _ in range(MOST_CURES):
            fields = self.endpoint.fields(ask)
            try:
                reply = await self._once(ask, fields)
                self.endpoint.expect_schema(reply, ask)
                return reply
            except Refused as refused:
                cure = self.endpoint.cure(refused, fields, ask)
                if not cure:
                    raise refused.error from None
                ask.notes.append(cure)
                last = refused.error
        raise last

    async def _once(self, ask: Ask, fields: dict[str, Any]) -> Reply:
        """One request. Raises ModelError, Retryable, Refused."""
        import httpx2  # noqa: PLC0415

        body, begin, assembler, answered = _encoded(fields), time.monotonic(), Assembler(), False
        try:
            async with asyncio.timeout(self._settings.timeout) as patience:
                async with self._http.stream("POST", self._url, content=body) as response:
                    answered = True
                    if response.status_code >= 300:
                        answer = await _beginning(response)
                        raise self._failures.of_answer(
                            response.status_code, response.headers, answer, "tools" in fields
                        )
                    await self._receive(response, assembler, patience, "tools" in fields)
        except (TimeoutError, httpx2.TimeoutException) as error:
            if not assembler.finish:
                raise self._failures.unreachable(f"no answer within {self._settings.timeout:g} s") from error
        except httpx2.RequestError as error:
            if not (answered or isinstance(error, httpx2.ConnectError) or "connection" in ask.tried):
                # Most likely a pooled connection that the server had closed meanwhile: a new one is no new attempt.
                ask.tried.add("connection")
                return await self._once(ask, fields)
            if "CERTIFICATE_VERIFY" in str(error):
                raise self._failures.untrusted(str(error)) from error
            if not assembler.finish:
                why = "the connection broke in mid-reply" if assembler.begun else str(error) or type(error).__name__
                failed = self._failures.broken if assembler.begun else self._failures.unreachable
                raise failed(why) from error
        reply = self._reply(ask, fields["messages"], assembler, time.monotonic() - begin)
        if reply.finish == "content_filter" and not (reply.text or reply.calls):
            raise self._failures.filtered("the content filter gave no reply")
        if reply.finish == REPETITION and REPETITION not in ask.tried:
            ask.tried.add(REPETITION)
            ask.notes.append("The reply repeated itself without end; it was cut off and asked for again.")
            return await self._attempt(ask)
        if reply.finish not in WHOLE and reply.finish not in _BROKEN_OFF:
            ask.broken_off = reply
            raise self._failures.broken(f"the server broke the reply off (finish reason {reply.finish})")
        return reply

    async def _receive(
        self, response: "httpx2.Response", assembler: Assembler, patience: asyncio.Timeout, tools: bool
    ) -> None:
        """Read the answer into `assembler`. Comments, empty deltas and the like do not prolong `patience`.

        Raises ModelError, Retryable, Refused.
        """
        done, due = False, 0.0
        now = asyncio.get_running_loop().time
        # Without the steps that would decompress it, where nothing is compressed: nothing was asked to be.
        body = response.aiter_bytes() if "content-encoding" in response.headers else response.aiter_raw()
        async with aclosing(read_payloads(body)) as arrivals:
            async for payloads in arrivals:
                new = [self._take(payload, assembler, tools) for payload in payloads if payload.data.strip() != DONE]
                ends = len(new) < len(payloads)
                done = done or ends  # read on to the end, so that the connection can be used again
                if not (ends or any(new)):
                    continue
                if assembler.is_looping():
                    assembler.finish = REPETITION
                    return
                end = now() + (AFTER_END if done or assembler.finish else self._settings.timeout)
                if abs(end - due) > WORTH_MOVING:
                    due = end
                    patience.reschedule(due)
        if not (assembler.finish or assembler.is_single or (done and assembler.begun)):
            raise self._failures.broken("the reply stopped before its end")

    def _take(self, payload: Payload, assembler: Assembler, tools: bool) -> bool:
        """Take one event; returns whether it brought anything. Raises ModelError, Retryable, Refused."""
        is_stream = payload.event is not None
        try:
            event = _parsed(payload.data)
        except (ValueError, RecursionError) as error:
            if not is_stream and not assembler.begun:
                raise self._failures.not_an_endpoint(payload.data, "HTTP 200") from error
            if payload.event == "error":
                raise self._failures.of_event({"message": payload.data}, tools) from error
            raise self._failures.broken(f"an event of the reply is not JSON: {payload.data[:100]!r}") from error
        if isinstance(event, list) and len(event) == 1:
            event = event[0]
        try:
            if failure := _error_of(event, payload.event):
                raise self._failures.of_event(failure, tools)
            if "choices" in event or is_stream:
                assembler.is_single = not is_stream and any("message" in choice for choice in event["choices"])
                return assembler.feed(event)
        except (AttributeError, KeyError, TypeError) as error:
            raise self._failures.broken("a part of the reply has another form than the chat dialect's") from error
        raise self._failures.not_an_endpoint(payload.data, "HTTP 200, JSON without choices")

    def _reply(self, ask: Ask, messages: Sequence[Message], assembler: Assembler, seconds: float) -> Reply:
        if not assembler.begun:
            raise self._failures.broken("the reply holds no choice")
        content, native = assembler.text, assembler.calls()
        schemas = schemas_of(ask.tools if ask.may_call else ())
        finish = finish_of(assembler.finish, bool(native))
        if native:
            reasoning, text = split_thinking(content, cut=finish not in WHOLE)
            calls = read_calls(native, schemas, finish)
        else:
            message = read_message(content, schemas, finish)
            reasoning, text, calls = message.reasoning, message.text, message.calls
        usage = self.endpoint.count(assembler.usage(messages), messages, ask)
        return Reply(
            text=text,
            reasoning="\n\n".join(part for part in (assembler.reasoning, reasoning) if part),
            calls=calls,
            finish=finish,
            usage=usage,
            cost=cost(self.name, usage),
            seconds=seconds,
            model=assembler.model or self.name,
            notes=list(ask.notes),
            wire=assembler.wire,
        )


def chat_client(settings: Settings, **changes: Any) -> ChatClient:
    """The client of the model that the settings name; `changes`: of settings.model. Raises SettingsError."""
    model = settings.model.model_copy(update=changes)
    return ChatClient(model, settings.key(), network=settings.network, reasoning=settings.context.reasoning)


def _parsed(data: str) -> Any:
    """The JSON value. Raises ValueError, RecursionError."""
    try:
        return from_json(data)  # several times faster than json, and stricter: no half surrogate pairs
    except ValueError:
        return json.loads(data)


def _error_of(event: Any, name: str | None) -> Any:
    """The error that an event reports, in any of the forms in use; None where it reports none."""
    if event.get("error"):
        return event["error"]
    for choice in event.get("choices") or ():
        if choice.get("error"):
            return choice["error"]
    if name == "error" or event.get("type") == "error" or event.get("object") == "error":
        return event
    if "choices" in event:
        return None
    return event if any(isinstance(event.get(field), str) for field in ("message", "detail", "msg")) else None


def _encoded(fields: dict[str, Any]) -> bytes:
    try:
        return to_json(fields)  # several times faster than json on a long conversation
    except ValueError:  # half a surrogate pair
        return json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")


async def _beginning(response: "httpx2.Response") -> bytes:
    """The first part of an error's body."""
    found = b""
    async for chunk in response.aiter_bytes():
        found += chunk
        if len(found) >= _LONGEST_ERROR:
            break
    return found
