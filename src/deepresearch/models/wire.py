"""Messages in the one form that the strictest server takes.

- at most one system message, first; then a user message; the last message is never the assistant's;
- no message is empty; no two messages of the same role follow each other, except for the results of several calls;
- the results of a turn's calls follow it directly, each call has one, and no result is without its call;
- a line of the assistant separates a result from a note of the user.

All of it depends only on the messages before, so a conversation that grows keeps its beginning for the server's cache.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..trajectory import Call
from .base import Message, text_of

BRIDGE = "I have the results."
"""The assistant's message between results and a note."""
CONTINUE = "Continue."
"""The message to the assistant where its own message would be the last, or two would follow each other."""
NO_RESULT = "(no result)"
NO_REASONING = "(none)"
"""In place of the reasoning of a turn that had none, for endpoints that want it with every turn."""
EMPTY = "(empty)"


@dataclass
class Form:
    """How messages must look for one endpoint."""

    short_ids: bool = False
    """Call ids of nine letters or digits only."""
    reasoning: bool = False
    """Earlier reasoning is sent back."""
    system: bool = True
    """There is a role of the system."""
    tool_names: bool = False
    """Results carry their tool's name."""


def short_id(id: str) -> str:
    """Nine letters or digits made of `id`: a form of call id that every endpoint takes."""
    return hashlib.sha256(id.encode()).hexdigest()[:9]


def call_id(call: Call) -> str:
    """The id of a call in a conversation: the endpoint's own where it gave one."""
    return str(call.wire.get("id") or short_id(call.id))


def call_entry(call: Call, arguments: str) -> dict[str, Any]:
    """A call as it goes back to the endpoint: with the additional fields that the endpoint had sent, unchanged."""
    beside = {name: value for name, value in call.wire.items() if name not in ("id", "function")}
    function = {**call.wire.get("function", {}), "name": call.tool, "arguments": arguments}
    return {"id": call_id(call), "type": "function", **beside, "function": function}


def strict(messages: Sequence[Message], form: Form) -> list[Message]:
    """The messages in the strict form, as `form` wants the rest."""
    shaped: list[Message] = []
    for message in _with_results([_shaped(message, form) for message in messages]):
        _append(shaped, message, form)
    if not shaped or shaped[-1]["role"] in ("assistant", "system"):
        shaped.append({"role": "user", "content": CONTINUE})
    return shaped


def _append(shaped: list[Message], message: Message, form: Form) -> None:
    role = message["role"]
    if role == "system" and (shaped or not form.system):
        role, message = "user", {**message, "role": "user"}
    if role == "user":
        message = {**message, "content": message.get("content") or EMPTY}
    last = shaped[-1] if shaped else {"role": "system"}
    if role == "user" and last["role"] == "tool":
        shaped.append({"role": "assistant", "content": BRIDGE})
    elif role == "user" and last["role"] == "user":
        shaped[-1] = {**last, "content": _both(last["content"], message["content"])}
        return
    elif role == "assistant" and last["role"] in ("assistant", "system"):
        shaped.append({"role": "user", "content": CONTINUE})
    shaped.append(message)


def _shaped(message: Message, form: Form) -> Message:
    """One message, as `form` wants its fields."""
    message = dict(message)
    if message["role"] == "assistant":
        wire = message.pop("wire", {})
        reasoning = message.pop("reasoning_content", "")
        if form.reasoning:
            message |= {**wire, "reasoning_content": reasoning or NO_REASONING}
        calls = message.pop("tool_calls", None)
        if calls:
            message["tool_calls"] = [{**call, "id": _id(call["id"], form)} for call in calls]
    elif message["role"] == "tool":
        message["tool_call_id"] = _id(message["tool_call_id"], form)
        message["content"] = message.get("content") or EMPTY
        if not form.tool_names:
            message.pop("name", None)
    return message


def _id(id: str, form: Form) -> str:
    fits = len(id) == 9 and id.isascii() and id.isalnum()
    return id if fits or not form.short_ids else short_id(id)


def _with_results(messages: Sequence[Message]) -> list[Message]:
    """The messages with every call's result right after it; empty assistant messages and lone results are left out."""
    found: list[Message] = []
    for at, message in enumerate(messages):
        if message["role"] == "tool":
            continue
        calls = message.get("tool_calls")
        if message["role"] == "assistant" and not calls and not text_of(message).strip():
            continue
        found.append(message)
        results = _results(messages, at + 1) if calls else {}
        for call in calls or ():
            missing = {"role": "tool", "tool_call_id": call["id"], "content": NO_RESULT}
            found.append(results.get(call["id"], missing))
    return found


def _results(messages: Sequence[Message], start: int) -> dict[str, Message]:
    """The results from `start` up to the next turn, by the id of their call."""
    results: dict[str, Message] = {}
    for at in range(start, len(messages)):
        message = messages[at]
        if message["role"] == "assistant":
            break
        if message["role"] == "tool":
            results.setdefault(message["tool_call_id"], message)
    return results


def _both(first: Any, second: Any) -> Any:
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [*_as_parts(first), *_as_parts(second)]


def _as_parts(content: Any) -> list[Any]:
    return list(content) if isinstance(content, list) else [{"type": "text", "text": content}]
