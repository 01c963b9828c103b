"""A question to a model whose answer must be one JSON object: read tolerantly, asked once more, else unusable."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from ..derived import spent
from ..errors import BrokenReply, ContentFiltered, ContextOverflow, ModelError, RequestRefused
from ..trajectory import WHOLE, Reply, Usage
from .base import ChatModel, Message
from .prompt import Prompt
from .reply_cache import ReplyCache, key_of
from .tolerant_json import Unreadable, read, read_start

Value = TypeVar("Value")
ATTEMPTS = 2
_MOST_BRACES = 40


class Unusable(ValueError):
    """A reply that cannot be used; the message tells the model why."""


@dataclass(frozen=True)
class StructuredReply(Generic[Value]):
    """The result of asking, and what the requests cost."""

    value: Value | None
    """None: no reply could be used."""
    problem: str = ""
    """Why, where it is None."""
    refusal: ModelError | None = None
    """Why, where the endpoint answered no reply at all."""
    usage: Usage = field(default_factory=Usage)
    cost: float | None = 0.0
    requests: int = 0
    """Sent now; cached replies are none."""
    model: str = ""

    def and_reply(self, reply: Reply, sent: bool) -> "StructuredReply[Value]":
        """With the tokens and the price of one more reply."""
        usage, cost = spent([self, reply])
        model, requests = reply.model or self.model, self.requests + sent
        return replace(self, usage=usage, cost=cost, requests=requests, model=model)


@dataclass(frozen=True)
class StructuredClient:
    """Asks one model, and caches its replies."""

    model: ChatModel
    kept: ReplyCache | None = None
    """None: replies are not cached."""

    async def ask(
        self,
        prompt: Prompt,
        read_reply: Callable[[str], Value],
        *,
        schema: Mapping[str, Any] | None = None,
        trial: int = 0,
    ) -> StructuredReply[Value]:
        """The model's answer to `prompt`, as `read_reply` reads it (which raises Unusable).

        schema: JSON schema that the reply must satisfy, for endpoints that enforce one. A cached reply that can be used
        is used again; each trial has replies of its own. Raises ModelError where the endpoint as a whole does not work
        (key, name, address, rate, down), so that nothing is concluded without it.
        """
        content = [self.model.name, *prompt.identity(), trial, *([schema] if schema else [])]
        keys = [key_of(*content, attempt) for attempt in range(ATTEMPTS)]
        asked = self._recall(keys, read_reply)
        if asked.value is not None:
            return asked
        request = prompt.messages()
        asked = StructuredReply(None)
        for key in keys:
            try:
                reply = await self.model.complete(request, schema=schema)
            except (BrokenReply, ContentFiltered, ContextOverflow, RequestRefused) as error:
                return replace(asked, problem=str(error), refusal=error, requests=asked.requests + 1)
            if self.kept:
                self.kept.put(key, reply)
            asked = asked.and_reply(reply, sent=True)
            try:
                return replace(asked, value=_read(reply, read_reply), problem="")
            except Unusable as problem:
                asked = replace(asked, problem=str(problem))
                request = [*request, *_once_more(reply, str(problem))]
        return asked

    def _recall(self, keys: list[str], read_reply: Callable[[str], Value]) -> StructuredReply[Value]:
        """From the cached replies: the first that can be used."""
        asked: StructuredReply[Value] = StructuredReply(None)
        for reply in map(self.kept.get, keys) if self.kept else ():
            if reply is None:
                continue
            asked = asked.and_reply(reply, sent=False)
            try:
                return replace(asked, value=_read(reply, read_reply))
            except Unusable as problem:
                asked = replace(asked, problem=str(problem))
        return asked


def json_object(text: str, needed: str) -> dict[str, Any]:
    """The JSON object with the field `needed` in a reply that may have prose around it.

    Raises Unusable where there is none, or where several differ in that field: a guess would be needed.
    """
    found = [value for value in _objects(text) if needed in value]
    if not found:
        raise Unusable(f'it holds no JSON object with the field "{needed}"')
    if any(value[needed] != found[0][needed] for value in found):
        raise Unusable(f'it holds several JSON objects that differ in "{needed}"')
    return found[-1]


def _objects(text: str) -> list[dict[str, Any]]:
    """The objects in `text`, outermost only: strict JSON, else the one loose reading up to the last brace."""
    found: list[dict[str, Any]] = []
    at, last, braces = text.find("{"), text.rfind("}"), 0
    while 0 <= at < last and braces < _MOST_BRACES:
        braces += 1
        try:
            end = read_start(text, at)
        except ValueError:
            end = last + 1
        try:
            value, _ = read(text[at:end])
        except Unreadable:
            at = text.find("{", at + 1)
            continue
        if isinstance(value, dict):
            found.append(value)
        at = text.find("{", end)
    return found


def _read(reply: Reply, read_reply: Callable[[str], Value]) -> Value:
    try:
        return read_reply(reply.text)
    except Unusable as problem:
        if reply.finish not in WHOLE:
            raise Unusable(f"it was cut off ({problem})") from problem
        raise


def _once_more(reply: Reply, problem: str) -> list[Message]:
    return [
        {"role": "assistant", "content": reply.text or "(nothing)"},
        {"role": "user", "content": f"That reply cannot be used: {problem}. Answer again with the JSON object alone."},
    ]
