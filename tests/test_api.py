"""The public library: what it exports, and a run through each of its verbs."""

import asyncio
import gc
import inspect
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest

import deepresearch
from deepresearch import DeepResearchError, Report, Session, Settings, aresearch, research
from deepresearch.errors import KeyRefused, NoReport, RunOver, SettingsError, error_named
from deepresearch.trajectory import Event, Observation, PlanProposed, RunFinished, RunStarted
from tests.support.chat_server import ChatServer, Received

QUESTION = "When was the harbour tower of Velmark built?"
SEARCH = {
    "calls": [{"name": "batch_web_surfer", "arguments": {"action": "batch_search", "queries": ["harbour tower"]}}]
}
NEVER = {"text": "too late", "delay": 60}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "tower.md").write_text("# Harbour tower of Velmark\n\nThe harbour tower of Velmark was built in 1887.\n")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"plan": "off", "store": {"folder": str(tmp_path / "data")}})


def test_the_surface_is_this_and_documented() -> None:
    assert deepresearch.__all__ == [
        "DeepResearchError",
        "Report",
        "Session",
        "Settings",
        "__version__",
        "aresearch",
        "research",
    ]
    assert all(getattr(deepresearch, name) for name in deepresearch.__all__)
    public = [getattr(cls, name) for cls in (Report, Session) for name in dir(cls) if not name.startswith("_")]
    assert all(inspect.getdoc(thing) for thing in [research, aresearch, Report, Session, *public])
    with pytest.raises(AttributeError):
        deepresearch.reserch  # noqa: B018


def test_importing_it_loads_nothing() -> None:
    code = "import sys, deepresearch; print([m for m in sys.modules if m.startswith(('deepresearch.', 'pydantic'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['deepresearch.version']"


def test_a_question_and_documents_give_a_report(docs: Path, settings: Settings, tmp_path: Path) -> None:
    events: list[Event] = []
    report = research(QUESTION, docs=[docs], settings=settings, on_event=events.append)
    assert "1887" in report.markdown and "\\cite{" in report.text
    [cited] = report.citations
    assert cited["document"].endswith("tower.md") and cited["level"] == "supports"
    assert [source["title"] for source in report.sources] == ["Harbour tower of Velmark"]
    assert (report.partial, report.by, report.cost, report.usage.input) == (False, "extractive", 0.0, 0)
    assert [file.name for file in report.export(tmp_path / "out", ["md", "json"])] == ["report.md", "report.json"]
    assert events == report.events[1:]


async def test_a_finished_run_is_freed_without_the_garbage_collector(docs: Path, settings: Settings) -> None:
    """A collection stops the event loop for as long as it takes."""
    await aresearch(QUESTION, docs=[docs], settings=settings)
    gc.collect()
    gc.disable()
    try:
        async with await Session.start(QUESTION, docs=[docs], settings=settings) as session:
            await session.report()
            run, own = weakref.ref(session.job), weakref.ref(session)
        del session
        await asyncio.sleep(0)
        assert run() is None and own() is None
    finally:
        gc.enable()


async def test_events_are_watched_from_the_first_by_any_number(docs: Path, settings: Settings) -> None:
    async with await Session.start(QUESTION, docs=[str(docs)], settings=settings) as session:
        first, second = await asyncio.gather(collect(session), collect(session))
        assert first == second == session.job.log.events
        assert isinstance(first[0], RunStarted) and isinstance(first[-1], RunFinished)
        assert [event async for event in session.watch()] == first
        assert (await session.report()).run == session.run
    assert [summary.run for summary in await Session.list(settings)] == [session.run]
    with pytest.raises(RunOver):
        await Session.resume(session.run, settings=settings)


async def test_a_run_is_stopped_and_resumed(docs: Path, settings: Settings) -> None:
    async with ChatServer([SEARCH, NEVER, {"text": "The tower \\cite{none}."}]) as server:
        session = await Session.start(
            QUESTION, docs=[docs], model="m", base_url=server.url, api_key="sk-1", settings=settings
        )
        async with session:
            await until(session, Observation)
            session.steer("Only the tower.")
            session.stop()
            with pytest.raises(NoReport, match="paused"):
                await session.report()
        changes = {"report.ask": False, "report.max_revisions": 0}
        keyed = settings.changed({"model.api_key": "sk-2"})
        async with await Session.resume(session.run, changes=changes, settings=keyed) as resumed:
            assert "The tower" in (await resumed.report()).text
        assert [request.headers["authorization"] for request in server.requests][:3:2] == ["Bearer sk-1", "Bearer sk-2"]


async def test_delivery_gives_what_was_gathered_at_once(docs: Path, settings: Settings) -> None:
    async with ChatServer([SEARCH, NEVER]) as server:
        async with await Session.start(QUESTION, docs=[docs], model="m", base_url=server.url, settings=settings) as run:
            await until(run, Observation)
            run.deliver()
            report = await asyncio.wait_for(run.report(), 10)
        assert report.partial and report.by == "extractive" and "1887" in report.text and "stopped" in report.reason


async def test_finishing_early_lets_the_model_write(docs: Path, settings: Settings) -> None:
    def answer(received: Received) -> dict[str, Any]:
        return {"text": "The model wrote."} if "Tools are withdrawn" in str(received.body["messages"][-1]) else NEVER

    async with ChatServer([SEARCH, answer]) as server:
        async with await Session.start(QUESTION, docs=[docs], model="m", base_url=server.url, settings=settings) as run:
            await until(run, Observation)
            run.finish_early()
            report = await asyncio.wait_for(run.report(), 10)
        assert (report.partial, report.by, report.text) == (True, "m", "The model wrote.")


async def test_a_plan_is_approved_in_a_later_session(docs: Path, settings: Settings) -> None:
    asking = settings.changed({"plan": "ask"})
    async with await Session.start(QUESTION, docs=[docs], settings=asking) as session:
        events = [event async for event in session.watch()]
    assert isinstance(events[-2], PlanProposed)
    async with await Session.resume(session.run, approve="", settings=asking) as session:
        assert "1887" in (await session.report()).text


async def test_a_cancelled_run_has_no_report(docs: Path, settings: Settings) -> None:
    async with await Session.start(QUESTION, docs=[docs], settings=settings) as run:
        run.cancel()
        with pytest.raises(NoReport, match="cancelled"):
            await run.report()


async def test_what_cannot_work_is_raised_by_its_class(docs: Path, settings: Settings) -> None:
    with pytest.raises(SettingsError, match="endpoint"):
        await aresearch(QUESTION, docs=[docs], model="m", settings=settings)
    with pytest.raises(SettingsError, match=r"search\.wb"):
        settings.changed({"search.wb": True})
    async with ChatServer([{"status": 401}]) as server:
        with pytest.raises(KeyRefused):
            await aresearch(QUESTION, docs=[docs], model="m", base_url=server.url, settings=settings)
    assert error_named("of another version") is DeepResearchError


async def test_a_watcher_that_fails_does_not_fail_the_run(docs: Path, settings: Settings) -> None:
    def fail(event: Event) -> None:
        raise ValueError("mine")

    assert (await aresearch(QUESTION, docs=[docs], settings=settings, on_event=fail)).citations


async def test_leaving_a_session_stops_its_run_and_closes_everything(docs: Path, settings: Settings) -> None:
    async with ChatServer([SEARCH, NEVER]) as server:
        async with await Session.start(QUESTION, docs=[docs], model="m", base_url=server.url, settings=settings) as run:
            await until(run, Observation)
        [summary] = await Session.list(settings)
        assert (summary.state, summary.live) == ("paused", False)
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_cancelling_while_documents_are_read_leaves_nothing_open(docs: Path, settings: Settings) -> None:
    for number in range(2_000):
        (docs / f"{number}.md").write_text(f"# Town {number}\n\nThe town has {number} houses.\n")
    starting = asyncio.ensure_future(aresearch(QUESTION, docs=[docs], settings=settings))
    async with asyncio.timeout(20):
        while not list(settings.data_folder().glob("libraries/*/docstore.sqlite")):
            await asyncio.sleep(0.01)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(starting, 20)
    assert all(not summary.live for summary in await Session.list(settings))


async def collect(session: Session) -> list[Event]:
    return [event async for event in session.watch()]


async def until(session: Session, kind: type[Any]) -> None:
    async for event in session.watch():
        if isinstance(event, kind):
            return
    raise AssertionError(f"the run ended without {kind.__name__}")
