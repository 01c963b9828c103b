"""The interface of chat models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..trajectory import Call, Sample, Usage

Message = dict[str, Any]
"""A message in the chat dialect: role, content, tool_calls / tool_call_id."""
Spec = dict[str, Any]
"""A tool in the chat dialect: {"type": "function", "function": {"name", "description", "parameters"}}."""


@dataclass(frozen=True)
class Reply:
    """One reply. `finish` tells whether it is whole (trajectory.WHOLE); a stream without its end never becomes one."""

    text: str = ""
    reasoning: str = ""
    calls: list[Call] = field(default_factory=list)
    """With the ids that the server gave; a call that cannot be read has `problem` set and no arguments."""
    finish: str = "stop"
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    """US dollars, None where the price is unknown."""
    seconds: float = 0.0
    model: str = ""
    sample: Sample | None = None
    notes: list[str] = field(default_factory=list)
    """What the client noticed or changed to get the reply, in words for people."""
    wire: dict[str, Any] = field(default_factory=dict)
    """Fields of the reply that only the endpoint knows."""


class ChatModel(Protocol):
    """Turns messages into a reply."""

    name: str

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Spec] = (),
        *,
        may_call: bool = True,
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        """One reply. Raises ModelError.

        may_call: whether the tools may be used in this reply; they are sent in any case, so that requests share their
        beginning. schema: JSON schema that the reply's text must satisfy.
        """
        ...

    async def close(self) -> None: ...


def text_of(message: Message) -> str:
    """The text of a message: its content is a string or a list of parts."""
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content or ""
