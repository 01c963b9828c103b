"""The interface of chat models."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..trajectory import Reply

Message = dict[str, Any]
"""A message in the chat dialect: role, content, tool_calls / tool_call_id."""
Spec = dict[str, Any]
"""A tool in the chat dialect: {"type": "function", "function": {"name", "description", "parameters"}}."""


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
        """One reply, its calls with the ids that the server gave. A stream without its end never becomes a reply.

        Raises ModelError.

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
