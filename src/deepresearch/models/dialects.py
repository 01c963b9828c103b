"""Tool calling by tagged text, for servers without native calls.

A dialect defines how tools are described in the system message and how calls and results are written back into the
messages. Reading is the same for all (calls.read_message): models mix the spellings.

    toolcall    <toolcall>{"name": ..., "arguments": {...}}</toolcall>          the Step-DeepResearch convention
    tool_call   <tool_call>{"name": ..., "arguments": {...}}</tool_call>        Hermes, Qwen
    steptml     <steptml:toolcall><steptml:invoke name="..."><steptml:parameter name="...">...  the Step XML form

An installed package adds its own through an entry point in the group deepresearch.dialects (docs/extending.md).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..plugins import Registry
from .base import Message, Spec, text_of
from .schemas import offered

NATIVE = "native"
"""Tools and calls in the fields that the chat dialect has for them."""
RESPONSE, RESPONSE_END = "<tool_response>", "</tool_response>"


@dataclass(frozen=True)
class Dialect:
    """`write` turns a tool's name and arguments into text; `example` shows a call in the system message."""

    write: Callable[[str, dict[str, Any]], str]
    example: str


def check_dialect(name: str) -> None:
    """Raises SettingsError for a dialect that there is not."""
    if name != NATIVE:
        DIALECTS.get(name)


def render(name: str, messages: Sequence[Message], tools: Sequence[Spec]) -> list[Message]:
    """The messages as the endpoint gets them. Native: as they are. Others: tools, calls and results as text."""
    if name == NATIVE:
        return list(messages)
    dialect = DIALECTS.get(name)
    rendered: list[Message] = []
    for message in _with_tools(dialect, messages, tools):
        if message["role"] == "assistant":
            rendered.append({"role": "assistant", "content": _assistant_text(dialect, message)})
        elif message["role"] == "tool":
            result = f"{RESPONSE}\n{_fenced(text_of(message))}\n{RESPONSE_END}"
            if rendered and rendered[-1].get("role") == "user" and rendered[-1]["content"].endswith(RESPONSE_END):
                rendered[-1] = {"role": "user", "content": f"{rendered[-1]['content']}\n{result}"}
            else:
                rendered.append({"role": "user", "content": result})
        else:
            rendered.append(dict(message))
    return rendered


def _with_tools(dialect: Dialect, messages: Sequence[Message], tools: Sequence[Spec]) -> list[Message]:
    """The messages with the tools described at the end of the system message."""
    if not tools:
        return list(messages)
    specs = "\n".join(json.dumps(offered(tool)["function"], ensure_ascii=False) for tool in tools)
    described = (
        f"# Tools\n\nThese tools are available, one JSON description a line:\n\n<tools>\n{specs}\n</tools>\n\n"
        f"To call a tool, write exactly this, once for each call, and nothing after the last call:\n\n"
        f"{dialect.example}\n\nThe results come back between {RESPONSE} and {RESPONSE_END}. Never write those yourself."
    )
    first = messages[0] if messages else {}
    if first.get("role") == "system":
        return [{**first, "content": f"{text_of(first)}\n\n{described}"}, *messages[1:]]
    return [{"role": "system", "content": described}, *messages]


def _assistant_text(dialect: Dialect, message: Message) -> str:
    parts = [text_of(message)]
    for call in message.get("tool_calls") or ():
        function = call["function"]
        parts.append(_written(dialect, function["name"], function.get("arguments") or "{}"))
    return "\n".join(part for part in parts if part)


def _written(dialect: Dialect, name: str, arguments: str | dict[str, Any]) -> str:
    try:
        parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        parsed = None
    return dialect.write(name, parsed if isinstance(parsed, dict) else {})


def _write_json(tag: str) -> Callable[[str, dict[str, Any]], str]:
    def write(name: str, arguments: dict[str, Any]) -> str:
        call = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
        return f"<{tag}>\n{call}\n</{tag}>"

    return write


def _write_steptml(name: str, arguments: dict[str, Any]) -> str:
    fields = "\n".join(
        f'<steptml:parameter name="{field}">'
        f"{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}</steptml:parameter>"
        for field, value in arguments.items()
    )
    fields = f"{fields}\n" if fields else ""
    return f'<steptml:toolcall>\n<steptml:invoke name="{name}">\n{fields}</steptml:invoke>\n</steptml:toolcall>'


def _fenced(result: str) -> str:
    """A result cannot close its own fence."""
    return result.replace("<tool_response", "&lt;tool_response").replace("</tool_response", "&lt;/tool_response")


_EXAMPLE = '{"name": "TOOL", "arguments": {"FIELD": "VALUE"}}'
TOOLCALL = Dialect(_write_json("toolcall"), f"<toolcall>\n{_EXAMPLE}\n</toolcall>")
TOOL_CALL = Dialect(_write_json("tool_call"), f"<tool_call>\n{_EXAMPLE}\n</tool_call>")
STEPTML = Dialect(_write_steptml, _write_steptml("TOOL", {"FIELD": "VALUE"}))
DIALECTS: Registry[Dialect] = Registry(
    "dialects", {name.lower(): f"{__name__}:{name}" for name in ("TOOLCALL", "TOOL_CALL", "STEPTML")}
)
