"""A scripted run in a process that is killed at a chosen point, and what must hold afterwards.

Its report does not hold, so the verifier sends it back, and it is corrected in its file.

The points stand around everything that matters for durability: recording an event, the commit, every fsync and
rename, and each tool call's start and end.
"""

import asyncio
import functools
import os
import pathlib
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepresearch.agent.control import Handlers
from deepresearch.agent.loop import Run
from deepresearch.agent.policies.scripted import ScriptedPolicy
from deepresearch.derived import state
from deepresearch.settings import ReportSettings, Settings
from deepresearch.store import RunLog, Store
from deepresearch.store.journal import Store as Journal
from deepresearch.tools.base import Tool, ToolContext, ToolResult
from deepresearch.tools.file import FileTool as File
from deepresearch.tools.todo import TodoTool as Todo
from deepresearch.trajectory import Call, RunResumed, RunStarted, Task, Turn
from tests.support.tools import EchoArguments

RUN = "crash"


class Witness(Tool):
    """Notes each start and end of a call in a file that survives the process."""

    name = "witness"
    description = "Says what it is told."
    arguments = EchoArguments

    def __init__(self, notes: Path) -> None:
        self.notes = notes

    async def run(self, arguments: EchoArguments, context: ToolContext) -> ToolResult:
        self._note(f"start {context.call}")
        await asyncio.sleep(0.001)
        self._note(f"end {context.call}")
        from deepresearch.trajectory import Passage

        text = arguments.text
        return ToolResult(text, passages=[Passage(id=f"p-{text}", document="d", title="D", text=text)])

    def _note(self, text: str) -> None:
        with self.notes.open("a") as file:
            file.write(text + "\n")


def lines() -> list[Turn]:
    def calls(*made: tuple[str, dict[str, Any]]) -> Turn:
        return Turn(calls=[Call(id="", tool=tool, arguments=arguments) for tool, arguments in made])

    def say(text: str) -> tuple[str, dict[str, Any]]:
        return "witness", {"text": text}

    def file(action: str, **more: Any) -> tuple[str, dict[str, Any]]:
        return "file", {"action": action, "path": "report.md", **more}

    return [
        Turn(text="1. look 2. write"),
        calls(say("one"), say("two"), say("three")),
        calls(file("write", content="# Report\n")),
        calls(file("append", content="First. \\cite{p-one}\n"), say("four")),
        calls(file("append", content="Second. \\cite{p-two}\n")),
        calls(file("patch", edits=[{"find": "First.", "replace": "First of all."}])),
        calls(say("long " * 4_000)),
        calls(file("read")),
        Turn(text="# Report\nFirst of all. \\cite{p-one}\nSecond. \\cite{p-two}\n"),
        calls(file("patch", edits=[{"find": "Second.", "replace": "Second of all."}])),
        Turn(text="report.md"),
    ]


def carry_on(folder: Path, acknowledge: Callable[[int], None]) -> None:
    """Begin the run in `folder`, or go on with it; `acknowledge` gets each seq once the event is durable."""
    store = Store(folder)
    try:
        log = store.open(RUN)
        if state(log.events) == "finished":
            return
        log.append(RunResumed())
    except Exception as error:
        if getattr(error, "reason", "") != "unknown_run":
            raise
        log = store.create(RUN)
        log.append(RunStarted(task=Task(question="?")))
    run = Run(
        log,
        ScriptedPolicy(lines(), revises=True),
        [Witness(folder / "witness.txt"), File(), Todo()],
        Settings(report=ReportSettings(max_revisions=1)),
        store.run_folder(RUN),
        store.blobs,
        handlers=Handlers(watch=lambda event: acknowledge(event.seq)),
    )
    asyncio.run(run.go())


class Points:
    """Kills this process the n-th time that a named point is passed; without a name it only counts."""

    def __init__(self, name: str | None = None, occurrence: int = 0) -> None:
        self.name, self.occurrence = name, occurrence
        self.passed: Counter[str] = Counter()

    def hit(self, name: str) -> None:
        self.passed[name] += 1
        if name == self.name and self.passed[name] == self.occurrence:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, attribute: str, name: str) -> None:
        original = getattr(owner, attribute)
        if asyncio.iscoroutinefunction(original):

            @functools.wraps(original)
            async def wrapped(*args: Any, **kwargs: Any) -> Any:
                self.hit(f"{name} before")
                outcome = await original(*args, **kwargs)
                self.hit(f"{name} after")
                return outcome
        else:

            @functools.wraps(original)
            def wrapped(*args: Any, **kwargs: Any) -> Any:
                self.hit(f"{name} before")
                outcome = original(*args, **kwargs)
                self.hit(f"{name} after")
                return outcome

        setattr(owner, attribute, wrapped)

    def install(self) -> None:
        self.around(RunLog, "append", "append")
        self.around(RunLog, "take_requests", "requests")
        self.around(Journal, "_write", "commit")
        self.around(os, "fsync", "fsync")
        self.around(pathlib.Path, "replace", "rename")
        self.around(os, "rename", "move")
        self.around(Witness, "run", "tool")
        self.around(File, "run", "file tool")


def in_child(work: Callable[[], None], after: float | None = None) -> int:
    """Do `work` in a forked process, killed `after` seconds if given; its wait status."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def scenario(folder: Path, points: Points, after: float | None = None) -> int:
    """One process life in `folder`; what it acknowledged is in `acknowledged.bin`, a byte an event."""
    folder.mkdir(parents=True, exist_ok=True)

    def work() -> None:
        points.install()
        with (folder / "acknowledged.txt").open("a", buffering=1) as file:
            carry_on(folder, lambda seq: print(seq, file=file))
        (folder / "points.txt").write_text("\n".join(f"{name}\t{n}" for name, n in points.passed.items()))

    return in_child(work, after)


def verify(folder: Path, reference: list[str]) -> Counter[str]:
    """What was acknowledged and finished before the kill, what of it was lost or done again, and whether the finished
    run came out as `reference`, an undisturbed run, did."""
    text = (folder / "acknowledged.txt").read_text() if (folder / "acknowledged.txt").exists() else ""
    acknowledged = {int(line) for line in text.splitlines()}
    store = Store(folder)
    before = store.read(RUN) if store.runs() else []
    store.close()
    finished = {e.call for e in before if e.type == "observation"}
    noted = (folder / "witness.txt").read_text().splitlines() if (folder / "witness.txt").exists() else []
    assert scenario(folder, Points()) == 0
    after = (folder / "witness.txt").read_text().splitlines()
    again = {line.split()[1] for line in after[len(noted) :] if line.startswith("start")}
    store = Store(folder)
    events = store.read(RUN)
    store.close()
    kept = {e.seq for e, was in zip(events, before, strict=False) if e == was}
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    assert state(events) == "finished" and sum(e.type == "run.finished" for e in events) == 1
    return Counter(
        lives=1,
        acknowledged=len(acknowledged),
        lost=len((acknowledged | {e.seq for e in before}) - kept),
        finished=len(finished),
        again=len(finished & again),
        equal=outcome(folder) == reference,
    )


def outcome(folder: Path) -> list[str]:
    """The reports, their checks, the workspace, which calls were carried out and what was sent back."""
    store = Store(folder)
    events = store.read(RUN)
    store.close()
    reports = [e.text for e in events if e.type == "answered"]
    checks = [f"{c.passage} {c.level}" for e in events if e.type == "verified" for c in e.citations]
    workspace = folder / "runs" / RUN / "workspace"
    shown = [f"{e.call} {e.status} {e.shown}" for e in events if e.type == "observation"]
    return [*reports, *checks, (workspace / "report.md").read_text(), *sorted(shown)]
