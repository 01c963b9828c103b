"""The policy's list of what is to be done: made, changed and cleared in one call, shown whole each time."""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..errors import BadArguments
from .base import DESCRIBED, Arguments, Tool, ToolContext, ToolResult

MOST_ITEMS = 100
_MARKS = {"pending": "[ ]", "in_progress": "[>]", "done": "[x]", "dropped": "[-]"}

ItemStatus = Literal["pending", "in_progress", "done", "dropped"]


class TodoChange(Arguments):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: str = Field(default="", max_length=20, pattern=r"^[\w.-]*$")
    text: str = Field(default="", max_length=500)
    status: ItemStatus | None = None
    note: str | None = Field(default=None, max_length=500)


class TodoArguments(Arguments):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    items: list[TodoChange] = Field(default=[], max_length=MOST_ITEMS, json_schema_extra=DESCRIBED)
    delete: list[str] = Field(default=[], max_length=MOST_ITEMS)


class TodoItem(BaseModel):
    id: str
    text: str
    status: ItemStatus = "pending"
    note: str = ""


class _State(BaseModel):
    items: list[TodoItem] = []
    next: int = 1
    """Number that the next item without an id gets; never given twice."""
    call: str = ""
    """The call that led here."""


class TodoTool(Tool):
    name = "todo"
    description = (
        'Your list of sub-questions. Add items ({"text": ...}), change them by id ({"id": "2", "status": '
        '"pending|in_progress|done|dropped", "note": outcome}), delete ids; without arguments it shows the list.'
    )
    arguments: ClassVar[type[Arguments]] = TodoArguments
    sequential = True

    def __init__(self) -> None:
        self._state = _State()

    def restore(self, data: dict[str, Any]) -> None:
        self._state = _State.model_validate(data)

    async def run(self, arguments: TodoArguments, context: ToolContext) -> ToolResult:
        """Change the list as a whole, or not at all, and show it. Raises BadArguments."""
        if context.call != self._state.call:
            self._state = _changed(self._state, arguments, context.call)
        items = self._state.items
        return ToolResult(_show(items), data=self._state.model_dump())


def _changed(state: _State, arguments: TodoArguments, call: str) -> _State:
    """The list after the changes; `state` stays as it is."""
    state = state.model_copy(deep=True, update={"call": call})
    items = {item.id: item for item in state.items}
    _check(items, arguments)
    by_text = {item.text: item for item in state.items}
    for change in arguments.items:
        text = " ".join(change.text.split())
        item = items.get(change.id) if change.id else by_text.get(text)  # the same text again is the same item
        if item is None:
            while not change.id and str(state.next) in items:
                state.next += 1
            item = TodoItem(id=change.id or str(state.next), text=text)
            items[item.id] = by_text[text] = item
            state.next += not change.id
        item.text = text or item.text
        item.status = change.status or item.status
        item.note = item.note if change.note is None else " ".join(change.note.split())
    state.items = [item for item in items.values() if item.id not in arguments.delete]
    if len(state.items) > MOST_ITEMS:
        raise BadArguments(f"The list would have {len(state.items)} items; {MOST_ITEMS} fit.", "Delete some.")
    return state


def _check(items: dict[str, TodoItem], arguments: TodoArguments) -> None:
    """Raise BadArguments for ids that are not there or come twice, and for new items without a text."""
    changed = [change.id for change in arguments.items if change.id]
    twice = sorted({name for name in changed if changed.count(name) > 1 or name in arguments.delete})
    if twice:
        raise BadArguments(f"Item {', '.join(twice)} comes twice in this call.", "Name each item once.")
    unknown = [change.id for change in arguments.items if not change.text.strip() and change.id not in items]
    unknown += [name for name in arguments.delete if name not in items]
    if unknown:
        known = ", ".join(items) or "none yet"
        named = ", ".join(name or "(without id and text)" for name in unknown)
        raise BadArguments(f"No such item: {named}. Known: {known}.", "A new item needs a text. Nothing was changed.")


def _show(items: list[TodoItem]) -> str:
    if not items:
        return "The list is empty."
    counts = {status: sum(item.status == status for item in items) for status in _MARKS}
    head = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in counts.items() if count)
    lines = [f"{_MARKS[item.status]} {item.id}. {item.text}" + f" ({item.note})" * bool(item.note) for item in items]
    return "\n".join([head, *lines])
