"""What a tool is: a name, a description, arguments as a pydantic model, and one coroutine.

Whose fault a failure is decides how it leaves `run`: a PolicyError or WorldError is shown to the policy and the
run continues; any other exception is a fault of the tool and stops the run with the journal intact.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator

from ..library.authority import Authority
from ..trajectory import Passage, Status, Task
from ..web.search import Source

ADVANCED: dict[str, Any] = {"advanced": True}
"""Marks a field, as its json_schema_extra, that small models are not offered."""
DESCRIBED: dict[str, Any] = {"described": True}
"""Marks a field of objects whose fields its description, or the tool's, names: a schema of them is not sent as well."""


class Arguments(BaseModel):
    """Base of every tool's arguments: unknown fields are refused, descriptions come from docstrings."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_broken_text(cls, given: Any) -> Any:
        """A cut-off escape leaves half a character (a lone surrogate), which cannot be encoded."""
        try:
            json.dumps(given, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"broken character {error.object[error.start]!a}: send the text again") from None
        return given


@dataclass(frozen=True)
class ToolContext:
    """What a call may know of its run."""

    call: str
    """Id of the call, unique within the run: the same call after a restart has the same id."""
    workspace: Path
    """Folder the policy may read and write in."""
    scratch: Path
    """Folder of the run that the policy cannot reach, for what a tool must remember across a restart."""
    task: Task
    registered: Mapping[str, Passage]
    """Passages shown so far in this run, by id."""


@dataclass(frozen=True)
class ToolResult:
    """What a call returned. `shown` may be any length: the loop cuts it, stores the whole and names the file."""

    shown: str
    status: Status = "ok"
    passages: list[Passage] = field(default_factory=list)
    """Passages that are in `shown`, in order."""
    data: dict[str, Any] | None = None
    """The same in a structure; after a restart `restore` gets the newest one of this tool."""
    about: str = ""
    """What a summary of `shown` should keep to, where it is too long; empty: the call's arguments."""


class Tool:
    """Base of the tools; a new one is one file and one line in TOOLS, or an entry point of an installed package."""

    name: ClassVar[str]
    description: ClassVar[str]
    arguments: ClassVar[type[Arguments]]
    timeout: ClassVar[float] = 60.0
    """Seconds after which the call counts as hanging."""
    sequential: ClassVar[bool] = False
    """True where the order of calls matters (state, files): such calls of one turn run one after another."""
    simple: bool = False
    """Whether only the plain form of its arguments is offered, for small models, which fill in whatever is there."""

    async def run(self, arguments: Any, context: ToolContext) -> ToolResult:
        """Execute the call. `arguments` is an instance of `self.arguments`. Raises PolicyError, WorldError."""
        raise NotImplementedError

    @classmethod
    def make(cls, sources: Sequence[Source], authority: Authority | None) -> "Tool":
        """A new one for a run that searches `sources`, which `authority` ranks; most tools need neither."""
        return cls()

    def restore(self, data: dict[str, Any]) -> None:
        """Restore the state that the newest recorded result of this tool carried. Stateless tools ignore it."""

    def close(self) -> None:
        """Close files and connections; most tools have none."""

    def spec(self) -> dict[str, Any]:
        """The tool in the chat dialect's form."""
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": _schema(self.arguments, self.simple),
            },
        }


@cache
def _schema(arguments: type[Arguments], simple: bool) -> dict[str, Any]:
    return inline_schema(arguments.model_json_schema(), simple)


def inline_schema(schema: dict[str, Any], simple: bool = False) -> dict[str, Any]:
    """`schema` with every $ref replaced and titles gone: small models and some servers cannot follow references.

    simple: also without fields marked as ADVANCED, and text alone where an object could be given in its place.
    """
    definitions = schema.get("$defs", {})

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return walk(definitions[node["$ref"].removeprefix("#/$defs/")])
        text = [kind for kind in node.get("anyOf", ()) if simple and kind.get("type") == "string"]
        if text:
            return walk({**text[0], **{key: value for key, value in node.items() if key != "anyOf"}})
        hidden = {"$defs", *(["description"] if simple and node.get("described") else [])}  # it tells of the objects
        inlined: dict[str, Any] = {}
        for key, value in node.items():
            if key in hidden or (key == "title" and isinstance(value, str)):
                continue
            if key == "properties":
                fields = {name: field for name, field in value.items() if not (simple and field.get("advanced"))}
                inlined[key] = {name: walk(inner) for name, inner in fields.items()}
            else:
                inlined[key] = walk(value)
        return inlined

    walked: dict[str, Any] = walk(schema)
    return walked
