"""A result too long to show: what of it is shown, what is registered, and how the rest comes to be."""

from pathlib import Path
from typing import Any

from deepresearch.agent.tokens import estimate_tokens
from deepresearch.agent.tool_executor import ToolExecutor
from deepresearch.derived import registered
from deepresearch.settings import Settings
from deepresearch.store import Blobs
from deepresearch.tools.batch_web_surfer import BatchWebSurfer
from deepresearch.tools.file import FileTool
from deepresearch.trajectory import Call, Event, Observation, Passage, Task, Turn
from deepresearch.web.search import Query, SearchResult

TASK = Task(question="When was the harbour tower built?")
FILLER = "Nothing of note is told in this sentence, which is one of very many like it. "
PAGE = [
    Passage(id=f"page{n}", document="page", title="Page", text=FILLER * 8 + f"This was number {n}.", position=n)
    for n in range(40)
]
PAGE[30] = PAGE[30].model_copy(update={"text": f"{FILLER * 8}The harbour tower was built in 1887. {FILLER * 8}"})


class Pages:
    name = "pages"

    async def search(self, query: Query) -> SearchResult:
        return SearchResult([], self.name)

    async def open(self, reference: str) -> list[Passage]:
        return PAGE

    def close(self) -> None:
        pass


class Bench:
    """An executor with its record."""

    def __init__(self, folder: Path) -> None:
        self.events: list[Event] = []
        self.executor = self.new_actor(folder)

    def new_actor(self, folder: Path) -> ToolExecutor:
        tools = [BatchWebSurfer([Pages()]), FileTool()]
        executor = ToolExecutor(tools, Settings(), folder, Blobs(folder / "blobs"), self.events)
        for event in self.events:
            executor.apply(event)
        return executor

    async def act(self, tool: str, **arguments: Any) -> Observation:
        turn = self.executor.number(Turn(calls=[Call(id="", tool=tool, arguments=arguments)]), len(self.events) + 1)
        done: list[Observation] = []

        async def record(event: Observation) -> None:
            done.append(event)

        await self.executor.act(turn, [], False, None, TASK, record)
        self.events += [turn, *done]
        for event in done:
            self.executor.apply(event)
        return done[0]


async def test_a_long_page_is_shown_in_short_about_the_question(tmp_path: Path) -> None:
    result = await Bench(tmp_path).act("batch_web_surfer", action="batch_open", references=["page"], k=40)
    assert result.full and result.file and f"read the rest of {result.file}" in result.shown
    assert estimate_tokens(result.shown) < 4_200
    assert "The harbour tower was built in 1887." in result.shown
    assert len(result.passage_ids) == 40
    shown, unread = {p.id for p in result.passages}, {p.id for p in result.unread}
    assert "page30" in shown and not shown & unread and len(shown | unread) == 40
    lines = result.shown.splitlines()
    heads = [n for n, line in enumerate(lines) if line.startswith("[page")]
    following = [next(line for line in lines[n + 1 :] if line != "[…]") for n in heads]
    assert all(line.startswith("> ") for line in following), "no passage stands there without a line of its text"


async def test_what_is_read_on_in_the_file_can_be_cited_after_a_restart_too(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    result = await bench.act("batch_web_surfer", action="batch_open", references=["page"], k=40)
    last = result.unread[-1]
    bench.executor = bench.new_actor(tmp_path)
    assert last.id not in bench.executor.registered
    text = (tmp_path / "workspace" / (result.file or "")).read_text()
    at = next(n for n, line in enumerate(text.splitlines()) if line.startswith(f"[{last.id}] "))
    head = await bench.act("file", action="read", path=result.file, offset=at, limit=1)
    assert head.passages == [], "its text has not been read yet"
    read = await bench.act("file", action="read", path=result.file, offset=at, limit=2)
    assert read.passages == [last] and read.passage_ids == [last.id]
    assert last.id in bench.executor.registered and last.id in registered(bench.events)
