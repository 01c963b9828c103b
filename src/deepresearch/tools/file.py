"""The policy's files: read with an offset, write, append, patch, list, stat, delete, all within the run's workspace."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from pydantic import Field

from ..errors import BadArguments, PolicyError, ToolFailed
from ..threads import on_disk
from .base import ADVANCED, DESCRIBED, Arguments, Tool, ToolContext, ToolResult
from .edit import Edit, line_number, plan_edits, splice
from .idempotency import Effect, do_once
from .patch_text import BOM, plan_patch
from .workspace import Change, Workspace

READ_BYTES = 12_000
"""Text that one read shows at most, in UTF-8: about 3,000 tokens of English as of Chinese, below what a view cuts."""
LONGEST_LINE = 4_000
"""Characters of one line that a read shows."""
LISTED = 200
"""Entries that one list shows."""
_SNIPPET = 200

_NEEDS = {"write": ("path", "content"), "append": ("path", "content"), "patch": (), "list": ()}
"""What an action needs; any other needs a path."""


class FileArguments(Arguments):
    action: Literal["read", "write", "append", "patch", "list", "stat", "delete"]
    path: str = ""
    content: str = ""
    edits: list[Edit] = Field(default=[], max_length=100, json_schema_extra=DESCRIBED)
    """With "nth" where `find` occurs more than once."""
    patch: str = Field(default="", json_schema_extra=ADVANCED)
    """Instead of edits: a unified diff or a *** Begin Patch block."""
    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=2_000, ge=1)
    column: int = Field(default=0, ge=0, json_schema_extra=ADVANCED)
    """Characters of each line to skip."""
    recursive: bool = Field(default=False, json_schema_extra=ADVANCED)


class FileTool(Tool):
    name = "file"
    description = (
        "Text files in your workspace: read (offset, limit in lines), write (whole), append, list, stat, delete; patch "
        'changes fragments, which is shorter than writing again: {"action": "patch", "path": "report.md", "edits": '
        '[{"find": "rose by 3 %", "replace": "rose by 4 %"}]}.'
    )
    arguments: ClassVar[type[Arguments]] = FileArguments
    sequential = True

    async def run(self, arguments: FileArguments, context: ToolContext) -> ToolResult:
        """Carry out one action. Raises BadArguments, Denied, ToolFailed."""
        _check(arguments)
        workspace = Workspace(context.workspace)
        plain: dict[str, Callable[[Workspace, FileArguments], ToolResult]] = {
            "read": _read,
            "list": _list,
            "stat": _stat,
        }
        if arguments.action in plain:
            return await on_disk(plain[arguments.action], workspace, arguments)
        plans = {"write": _write, "append": _append, "patch": _patch, "delete": _delete}
        effect = await do_once(
            context.scratch,
            context.call,
            arguments.model_dump_json(),
            lambda: plans[arguments.action](workspace, arguments),
            workspace.apply,
        )
        return ToolResult(effect.shown, data=effect.data)


def _check(arguments: FileArguments) -> None:
    """Raise BadArguments that names what the action needs, or what it does not take."""
    action = arguments.action
    missing = [name for name in _NEEDS.get(action, ("path",)) if name not in arguments.model_fields_set]
    if missing:
        raise BadArguments(f"{action} needs {' and '.join(missing)}.")
    if action == "patch":
        if arguments.edits and arguments.patch:
            raise BadArguments("patch takes edits or patch, not both.")
        if not arguments.patch and not (arguments.edits and arguments.path):
            raise BadArguments("patch needs path and edits, or patch.")
    vain = [
        name
        for name, actions in {"content": ("write", "append"), "edits": ("patch",), "patch": ("patch",)}.items()
        if getattr(arguments, name) and action not in actions
    ]
    if vain:
        raise BadArguments(f"{action} does not take {' and '.join(vain)}.", "Did you mean another action?")


def _read(workspace: Workspace, arguments: FileArguments) -> ToolResult:
    path = arguments.path
    lines = _lines(_text(path, workspace.read(path)))
    first = arguments.offset
    if not lines:
        return ToolResult(f"{path} is empty.", status="empty")
    if first >= len(lines):
        raise ToolFailed(f"{path} has {len(lines)} lines; offset {first} is past its end.")
    shown: list[str] = []
    room = READ_BYTES
    for number, line in enumerate(lines[first : first + arguments.limit], first + 1):
        text = line[arguments.column : arguments.column + LONGEST_LINE]
        left = len(line) - arguments.column - len(text)
        if left > 0:
            text += f" [line {number} continues for {left} characters: column={arguments.column + LONGEST_LINE}]"
        room -= len(text.encode()) + 1
        if room < 0 and shown:
            break
        shown.append(text)
    after = first + len(shown)
    more = len(lines) - after
    head = f"{path}, lines {first + 1}-{after} of {len(lines)}:"
    tail = [f"[{more} more lines: read on with offset={after}]"] if more else []
    data = {"action": "read", "path": path, "lines": len(lines), "next": after if more else None}
    return ToolResult("\n".join([head, *shown, *tail]), data=data)


def _list(workspace: Workspace, arguments: FileArguments) -> ToolResult:
    path = arguments.path or "."
    entries = workspace.entries(path, recursive=arguments.recursive, limit=LISTED + 1)
    if not entries:
        return ToolResult(f"{path} is empty.", status="empty")
    words = {"file": "{size:>9}  {name}", "folder": "   folder  {name}/", "link": "     link  {name}"}
    shown = [
        words.get(entry.kind, "    other  {name}").format(size=entry.size, name=_printable(entry.path))
        for entry in entries[:LISTED]
    ]
    if len(entries) > LISTED:
        shown.append(f"[only the first {LISTED} are shown: list the folders below one by one]")
    return ToolResult("\n".join(shown), data={"action": "list", "path": path})


def _stat(workspace: Workspace, arguments: FileArguments) -> ToolResult:
    path = arguments.path
    entry = workspace.stat(path)
    changed = datetime.fromtimestamp(entry.modified, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    shown = f"{path}: {entry.kind}, changed {changed}"
    if entry.kind == "file":
        shown += f", {entry.size} bytes"
        try:
            shown += f", {len(_lines(_text(path, workspace.read(path))))} lines of text"
        except PolicyError as error:  # that it cannot be read is part of the answer
            shown += f". {error.message}"
    return ToolResult(shown, data={"action": "stat", "path": path})


def _write(workspace: Workspace, arguments: FileArguments) -> Effect:
    content = arguments.content
    shown = f"Wrote {arguments.path}: {_size(content)}."
    return Effect([Change(arguments.path, content.encode())], shown, {"action": "write", "path": arguments.path})


def _append(workspace: Workspace, arguments: FileArguments) -> Effect:
    path = arguments.path
    data = workspace.find(path)
    before = "" if data is None else _text(path, data)
    content = before + ("\n" if before and not before.endswith("\n") else "") + arguments.content
    shown = f"Appended to {path}: now {_size(content)}."
    return Effect([Change(path, content.encode())], shown, {"action": "append", "path": path})


def _delete(workspace: Workspace, arguments: FileArguments) -> Effect:
    workspace.stat(arguments.path, follow=False)  # a path with nothing there is worth an error
    change = Change(arguments.path, None)
    return Effect([change], f"Deleted {arguments.path}.", {"action": "delete", "path": arguments.path})


def _patch(workspace: Workspace, arguments: FileArguments) -> Effect:
    if arguments.patch:
        return _patch_by_text(workspace, arguments)
    path = arguments.path
    text = _text(path, workspace.read(path))
    found = plan_edits(text, arguments.edits)
    lines = [str(line_number(text, one.start)) for one in found]
    shown = [f"Patched {path}: {len(found)} edit{'s' * (len(found) > 1)}, line {', '.join(lines)}."]
    for number, one in enumerate(found, 1):
        if one.similarity < 1:
            old = text[one.start : one.end]
            old = old if len(old) <= _SNIPPET else f"{old[:_SNIPPET]} …"
            shown.append(f"Edit {number} fitted at {one.similarity:.0%}; it replaced: {old}")
    change = Change(path, splice(text, found).encode())
    return Effect([change], "\n".join(shown), {"action": "patch", "path": path})


def _patch_by_text(workspace: Workspace, arguments: FileArguments) -> Effect:
    def read(path: str) -> str | None:
        data = workspace.find(path)
        return None if data is None else _text(path, data)

    after = plan_patch(arguments.patch, read)
    if arguments.path and arguments.path not in after:
        raise BadArguments(f"The patch does not change {arguments.path!r}.", "Leave path out: the patch names files.")
    changes = [Change(path, None if text is None else text.encode()) for path, text in after.items()]
    shown = "\n".join(
        f"Deleted {path}." if text is None else f"Patched {path}: now {_size(text)}." for path, text in after.items()
    )
    data: dict[str, Any] = {"action": "patch", "path": ", ".join(after)}
    return Effect(changes, shown, data)


def _text(path: str, data: bytes) -> str:
    """`data` as text. Raises ToolFailed that names the kind of file where it is no text."""
    try:
        if b"\0" not in data:
            return data.decode()
    except UnicodeDecodeError:
        pass
    from ..library.reading import SIGNATURES  # noqa: PLC0415  slow to import, and rarely needed

    utf16 = "text in UTF-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ""
    unknown = "binary data" if b"\0" in data else "text in another encoding than UTF-8"
    kind = next((name for start, name in SIGNATURES if data.startswith(start)), utf16 or unknown)
    raise ToolFailed(f"{path} is not UTF-8 text: it looks like {kind} ({len(data)} bytes).")


def _lines(text: str) -> list[str]:
    lines = [line.removesuffix("\r") for line in text.removeprefix(BOM).split("\n")]
    return lines[:-1] if lines[-1] == "" else lines


def _size(text: str) -> str:
    lines = len(_lines(text))
    return f"{lines} line{'s' * (lines != 1)}, {len(text.encode())} bytes"


def _printable(name: str) -> str:
    return name if name.isprintable() else ascii(name)
