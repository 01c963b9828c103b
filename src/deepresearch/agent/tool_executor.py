"""Carrying out a turn's tool calls, and what of their results the policy is shown."""

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from ..derived import observations
from ..errors import BadArguments, Denied, MalformedCall, PolicyError, UnknownTool, WorldError
from ..settings import Settings
from ..store import Blobs
from ..tools.base import Tool, ToolContext, ToolResult
from ..tools.fencing import fence
from ..tools.workspace import Change, Workspace
from ..trajectory import Call, Event, EventBase, Observation, Passage, Status, Task, Turn, ViewCompacted
from .budget import call_key
from .digest import digest
from .tokens import estimate_tokens
from .view import Transcript, observation_file

E = TypeVar("E", bound=EventBase)
PROBLEM_LENGTH = 2_500
"""Characters of an error message that the policy is shown: ten search providers that fail have a reason each."""


class Recorder(Protocol):
    """Makes an event durable and gives it as recorded."""

    async def __call__(self, event: E, /) -> E: ...


class ToolExecutor:
    """The tools of one run with their state."""

    def __init__(
        self, tools: Sequence[Tool], settings: Settings, folder: Path, blobs: Blobs, events: Sequence[Event]
    ) -> None:
        """`folder` is the run's own: it gets workspace/ and scratch/."""
        self.tools = {tool.name: tool for tool in tools}
        self.names = frozenset(self.tools)
        self.registered: dict[str, Passage] = {}
        self._unread: dict[str, Passage] = {}
        """Passages of long results that only the file with the whole shows."""
        self.longest = settings.context.observation
        """Tokens of a result that are shown."""
        self._blobs = blobs
        self._workspace = folder / "workspace"
        self._scratch = folder / "scratch"
        self._files = Workspace(self._workspace)
        newest = {o.tool: o for o in observations(events) if o.status == "ok" and o.data is not None}
        for name, result in newest.items():
            if name in self.tools and result.data is not None:
                self.tools[name].restore(result.data)

    def apply(self, event: Event) -> None:
        """Register the passages that the policy has now been shown."""
        if isinstance(event, Observation):
            self._unread |= {passage.id: passage for passage in event.unread}
            for passage in event.passages:
                self.registered.setdefault(passage.id, passage)

    def number(self, turn: Turn, which: int) -> Turn:
        """`turn`, the run's `which`-th, with ids for its calls: unique, and the same in a run that was interrupted."""
        calls = [call.model_copy(update={"id": f"c{which}-{n}"}) for n, call in enumerate(turn.calls, 1)]
        return turn.model_copy(update={"calls": calls})

    async def act(
        self, turn: Turn, done: Sequence[Observation], withdrawn: bool, left: int | None, task: Task, record: Recorder
    ) -> None:
        """Carry out the calls of `turn` that are not in `done`, side by side where order does not matter, and record
        each outcome as it comes.

        withdrawn: no tool may be used any more. left: calls that the budget still has, None for no limit.
        Raises what a tool raised that is nobody's mistake but its own, after the other calls have been recorded.
        """
        shared = {"task": task, "registered": dict(self.registered)}
        used = sum(result.status != "denied" for result in done)
        refusals = _refusals(turn.calls, withdrawn, None if left is None else left + used)
        finished = {result.call for result in done}
        calls = [call for call in turn.calls if call.id not in finished]

        async def work_off(queue: Sequence[Call]) -> None:
            for call in queue:
                await record(await self._carry_out(call, refusals.get(call.id), shared))

        alone = [c for c in calls if c.tool in self.tools and self.tools[c.tool].sequential]
        queues = [alone, *([call] for call in calls if call not in alone)]
        outcomes = await asyncio.gather(*map(work_off, queues), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    def close(self) -> None:
        """Close the tools."""
        for tool in self.tools.values():
            tool.close()

    def keep_readable(self, compaction: ViewCompacted, transcript: Transcript) -> None:
        """Before results leave the view in full, put the whole of each where the policy can page through it."""
        results = [transcript.result(seq) for seq in compaction.short]
        texts = {r.call: r.shown for r in results if r.file is None and r.call}
        if not self._workspace_files(texts):  # one that cannot be written must not take the others with it
            for call, text in texts.items():
                self._workspace_file(call, text)

    def write(self, path: str, text: str) -> bool:
        """Put `text` into the workspace, in the place of what is there; whether that could be done."""
        try:
            self._files.write(path, text.encode(errors="replace"))
        except PolicyError:  # the policy has filled its workspace, or put a folder there
            return False
        return True

    def read(self, path: str) -> str:
        """The text of a workspace file; empty where there is none, or where it is no text."""
        try:
            return (self._files.find(path) or b"").decode()
        except (PolicyError, UnicodeDecodeError):
            return ""

    async def _carry_out(self, call: Call, refusal: Observation | None, shared: dict[str, Any]) -> Observation:
        if refusal:
            return refusal
        began = time.perf_counter()
        result, reason = ToolResult(""), ""
        try:
            tool, arguments = self._read(call)
            context = ToolContext(call=call.id, workspace=self._workspace, scratch=self._scratch, **shared)
            async with asyncio.timeout(tool.timeout) as deadline:
                result = await tool.run(arguments, context)
        except TimeoutError:
            if not deadline.expired():  # the tool's own, which it should have raised as a WorldError
                raise
            seconds = self.tools[call.tool].timeout
            result, reason = ToolResult(f"{call.tool} gave no answer within {seconds:g} s.", "timeout"), "timeout"
        except (PolicyError, WorldError) as error:
            status: Status = "denied" if isinstance(error, Denied) else "error"
            result, reason = ToolResult(str(error)[:PROBLEM_LENGTH], status), error.reason
        shown, full, file = self._fit(call, result)
        passages = [p for p in result.passages if full is None or p.id in shown] or self._read_now(shown)
        return Observation(
            call=call.id,
            tool=call.tool,
            status=result.status,
            reason=reason,
            shown=shown,
            full=full,
            file=file,
            passage_ids=[p.id for p in result.passages or passages],
            passages=passages,
            unread=[p for p in result.passages if full is not None and p.id not in shown],
            data=result.data,
            seconds=round(time.perf_counter() - began, 6),
        )

    def _read_now(self, shown: str) -> list[Passage]:
        """The passages of earlier long results that are whole in `shown`: the policy has read on in their file."""
        begun = [passage for passage in self._unread.values() if f"[{passage.id}] " in shown]
        return [passage for passage in begun if fence(passage.text) in shown]

    def _read(self, call: Call) -> tuple[Tool, Any]:
        if call.tool not in self.tools:
            raise UnknownTool(f"There is no tool {call.tool[:80]!r}.", f"Tools: {', '.join(sorted(self.tools))}.")
        if call.problem or call.arguments is None:
            raise MalformedCall(call.problem or "The call has no arguments.")
        tool = self.tools[call.tool]
        try:
            return tool, tool.arguments.model_validate(call.arguments)
        except ValidationError as error:
            problems = [f"{'.'.join(map(str, p['loc'])) or 'arguments'}: {p['msg']}" for p in error.errors()]
            raise BadArguments(f"{call.tool}: {'; '.join(problems)}.") from error

    def _fit(self, call: Call, result: ToolResult) -> tuple[str, str | None, str | None]:
        """What is shown of a result, the blob with the whole, and the file that the policy can page through."""
        text = result.shown
        if estimate_tokens(text) <= self.longest:
            return text, None, None
        full = self._blobs.put(text)
        file = self._workspace_file(call.id, text)
        about = result.about or " ".join(str(value) for value in (call.arguments or {}).values())
        short = digest(text, about, self.longest)
        rest = f"read the rest of {file} with the file tool" if file else "no room in the workspace for the rest"
        note = f"(Shortened: {len(text)} characters in all; {rest}.)"
        return f"{short}\n\n{note}", full, file

    def _workspace_file(self, call: str, text: str) -> str | None:
        """Where the policy can page through `text`; None where it has filled its workspace, or blocked the way."""
        return observation_file(call) if self._workspace_files({call: text}) else None

    def _workspace_files(self, texts: Mapping[str, str]) -> bool:
        """Put the texts where the policy can page through them, by call; whether that could be done."""
        changes = [Change(observation_file(call), text.encode(errors="replace")) for call, text in texts.items()]
        try:
            self._files.apply(changes, secrets.token_hex(8))
        except PolicyError:
            return False
        return True


def _refusals(calls: Sequence[Call], withdrawn: bool, left: int | None) -> dict[str, Observation]:
    """The calls that are not carried out, by id, with what the policy is shown instead."""
    refused: dict[str, Observation] = {}
    first: dict[str, Call] = {}
    allowed = 0
    for call in calls:
        original = first.setdefault(call_key(call), call)
        if withdrawn:
            reason, text = "withdrawn", "Tools are withdrawn. Write the report now."
        elif original is not call:
            reason, text = "duplicate", f"The same call as {original.id} of this turn; see its result."
        elif left is not None and allowed >= left:
            reason, text = "budget", "The budget of tool calls is used up."
        else:
            allowed += 1
            continue
        refused[call.id] = Observation(call=call.id, tool=call.tool, status="denied", reason=reason, shown=text)
    return refused
