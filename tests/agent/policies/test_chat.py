"""The fault table: a served model behind a real socket, everything that can go wrong with it, each outcome named."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
import stamina

from deepresearch.agent.loop import Run
from deepresearch.agent.setup import new_run, resumed_run
from deepresearch.derived import find, registered
from deepresearch.errors import SettingsError
from deepresearch.report import citations
from deepresearch.settings import Settings
from deepresearch.store import MemoryStore
from deepresearch.trajectory import (
    Answered,
    Event,
    Observation,
    PolicyChanged,
    RunFailed,
    RunFinished,
    Task,
    Turn,
    ViewCompacted,
)
from tests.support.chat_server import ChatServer

TOKEN_LIMIT = {
    "error": {"message": "This model's maximum context length is 4096 tokens.", "code": "context_length_exceeded"}
}


@pytest.fixture(autouse=True)
def quick_retries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "sky.md").write_text("# Sky\n\nThe sky is blue because air scatters short wavelengths more.\n")
    return folder


def search(text: str = "why is the sky blue") -> dict[str, Any]:
    return {"calls": [{"name": "batch_web_surfer", "arguments": {"action": "batch_search", "queries": [text]}}]}


def report(request: Any) -> dict[str, Any]:
    """A report that cites the first passage it was shown."""
    shown = " ".join(str(m["content"]) for m in request.body["messages"])
    found = shown.split("[", 1)[1].split("]", 1)[0] if "[" in shown else "none"
    return {"text": f"Air scatters blue light \\cite{{{found}}}."}


class Bench:
    def __init__(self, tmp_path: Path, docs: Path, url: str, **changes: Any) -> None:
        model = {"name": "m", "base_url": url, "timeout": 2.0, **changes.pop("model", {})}
        changes = {"report": {"ask": False, "max_revisions": 0}, **changes}  # the verifier has tests of its own
        values = {"plan": "off", "store": {"folder": str(tmp_path / "data")}, "model": model, **changes}
        self.settings = Settings.model_validate(values)
        self.task = Task(question="Why is the sky blue?", attachments=[str(docs)])
        self.store = MemoryStore()

    async def go(self, last: bool = True) -> list[Event]:
        return await self.finish(new_run(self.store, self.settings, self.task), last)

    async def finish(self, run: Run, last: bool = True) -> list[Event]:
        try:
            await run.go()
        finally:
            await run.close()
            if last:
                self.store.close()
        return run.log.events


Go = Callable[..., Any]


@pytest.fixture
def go(tmp_path: Path, docs: Path) -> Go:
    async def run(*script: Any, **changes: Any) -> tuple[list[Event], ChatServer]:
        async with ChatServer(script) as server:
            return await Bench(tmp_path, docs, server.url, **changes).go(), server

    return run


def reasons(events: list[Event]) -> list[str]:
    return [o.reason for o in find(events, Observation)]


def end(events: list[Event]) -> tuple[str, str]:
    last = events[-1]
    assert isinstance(last, RunFinished | RunFailed)
    return last.type, last.reason


async def test_a_model_researches_and_cites(go: Go) -> None:
    events, server = await go(search(), report)
    assert end(events) == ("run.finished", "answered")
    [passage] = registered(events)
    assert find(events, Answered)[0].text == f"Air scatters blue light \\cite{{{passage}}}."
    first, second = (request.body["messages"] for request in server.requests)
    assert second[: len(first)] == first
    assert [m["role"] for m in second] == ["system", "user", "assistant", "tool"]


async def test_plan_work_and_report_share_one_beginning_and_end_on_no_assistant(go: Go) -> None:
    events, server = await go({"text": "1. Search."}, search(), report, plan="show")
    assert end(events) == ("run.finished", "answered")
    bodies = [request.body for request in server.requests]
    assert [body.get("tool_choice") for body in bodies] == ["none", None, None]
    assert bodies[0]["tools"] == bodies[1]["tools"] == bodies[2]["tools"]
    assert [body["messages"][-1]["role"] for body in bodies] == ["user", "user", "tool"]
    assert bodies[2]["messages"][: len(bodies[1]["messages"])] == bodies[1]["messages"]


async def test_calls_go_back_with_the_endpoint_s_own_ids_and_fields(go: Go) -> None:
    call = {"id": "Zk3pQ9xY1", "type": "function", "extra_content": {"signature": "s"}}
    function = {"name": "batch_web_surfer", "arguments": json.dumps(search()["calls"][0]["arguments"])}
    message = {"role": "assistant", "content": None, "tool_calls": [{**call, "function": function}]}
    whole = {"status": 200, "body": {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}}
    events, server = await go(whole, report)
    assert end(events) == ("run.finished", "answered")
    sent = server.requests[1].body["messages"]
    assert sent[2]["tool_calls"][0] == {**call, "function": {"name": "batch_web_surfer", "arguments": ANY}}
    assert sent[3]["tool_call_id"] == "Zk3pQ9xY1"


@pytest.mark.parametrize("dialect", ["toolcall", "tool_call", "steptml"])
async def test_tagged_text_calls(go: Go, dialect: str) -> None:
    query = '{"action": "batch_search", "queries": ["sky blue"]}'
    written = {
        "toolcall": f'<toolcall>{{"name": "batch_web_surfer", "arguments": {query}}}</toolcall>',
        "tool_call": f'<tool_call>{{"name": "batch_web_surfer", "arguments": {query}}}</tool_call>',
        "steptml": '<steptml:toolcall><steptml:invoke name="batch_web_surfer"><steptml:parameter name="action">'
        'batch_search</steptml:parameter><steptml:parameter name="queries">["sky blue"]</steptml:parameter>'
        "</steptml:invoke></steptml:toolcall>",
    }[dialect]
    events, server = await go({"text": written}, report, model={"dialect": dialect})
    assert end(events) == ("run.finished", "answered") and registered(events)
    assert "tools" not in server.requests[0].body
    assert all(m["role"] != "tool" for m in server.requests[1].body["messages"])


async def test_a_call_written_as_text_by_a_native_server_counts(go: Go) -> None:
    arguments = json.dumps({"action": "batch_search", "queries": ["sky blue"]})
    text = f'<tool_call>{{"name": "batch_web_surfer", "arguments": {arguments}}}</tool_call>'
    events, _ = await go({"text": text}, report)
    assert end(events) == ("run.finished", "answered") and registered(events)


@pytest.mark.parametrize(
    "broken, reason",
    [
        ({"calls": [{"name": "batch_web_surfer", "arguments": '{"action": "batch_search", "queries": [1 2'}]},
         "malformed_call"),
        ({"calls": [{"name": "no_such_tool", "arguments": {}}]}, "unknown_tool"),
        ({"calls": [{"name": "file", "arguments": '{"action": "write", "path": "a", "content": "half'}],
          "finish": "length"}, "malformed_call"),
        ({"calls": [{"name": "batch_web_surfer", "arguments": {"action": "batch_search"}}]}, "bad_arguments"),
        ({"text": ""}, "empty_reply"),
    ],
)  # fmt: skip
async def test_what_the_policy_got_wrong_is_shown_to_it(go: Go, broken: dict[str, Any], reason: str) -> None:
    events, server = await go(broken, search(), report)
    assert end(events) == ("run.finished", "answered")
    assert reasons(events)[0] == reason
    first, second = (json.dumps(request.body["messages"]) for request in server.requests[:2])
    assert len(second) > len(first)


async def test_duplicate_calls_run_once(go: Go) -> None:
    events, _ = await go({"calls": search()["calls"] * 2}, report)
    assert sorted(reasons(events)) == ["", "duplicate"]


@pytest.mark.parametrize(
    "fault",
    [
        {"text": "The sky is", "cut": 1},
        {"text": "The sky", "error": {"message": "worker died"}},
        {"text": "The sky is", "reset": 1},
        {"status": 429, "headers": {"Retry-After": "0"}, "body": {"error": {"message": "slow down"}}},
        {"status": 429, "body": {"error": {"message": "slow down"}}},
        {"status": 503, "body": "busy"},
    ],
    ids=["cut stream", "error in mid-stream", "reset", "429 with Retry-After", "429", "503"],
)
async def test_passing_faults_are_retried_and_leave_no_trace(go: Go, fault: dict[str, Any]) -> None:
    events, _ = await go(fault, search(), report)
    assert end(events) == ("run.finished", "answered")
    assert len(find(events, Turn)) == 2 and find(events, Turn)[0].text == ""


async def test_two_500s_are_survived(go: Go) -> None:
    events, server = await go({"status": 500}, {"status": 500}, search(), report)
    assert end(events) == ("run.finished", "answered") and len(server.requests) == 4


@pytest.mark.parametrize(
    "fault, reason, requests",
    [
        ({"status": 500}, "model_unreachable", 3),
        ({"status": 429}, "rate_limited", 3),
        ({"status": 400, "body": {"error": {"message": "the messages are no good"}}}, "request_refused", 1),
        ({"status": 401, "body": {"error": {"message": "bad key"}}}, "key_refused", 1),
        ({"status": 404, "body": {"error": {"message": "model m does not exist"}}}, "unknown_model", 1),
        ({"status": 400, "body": {"error": {"message": "\"auto\" tool choice requires --enable-auto-tool-choice"}}},
         "no_tool_calling", 1),
        ({"status": 200, "headers": {"Content-Type": "text/html"}, "body": "<html>Welcome</html>"},
         "not_an_endpoint", 1),
        ({"text": "never", "delay": 30}, "model_unreachable", 3),
    ],
    ids=["500 for ever", "429 for ever", "400", "401", "404", "no tool calling", "HTML", "timeout"],
)  # fmt: skip
async def test_lasting_faults_end_the_run_by_name(go: Go, fault: dict[str, Any], reason: str, requests: int) -> None:
    timeout = 0.2 if "delay" in fault else 5.0  # seconds; a busy machine must not add a fault of its own
    events, server = await go(fault, policy="chat", model={"timeout": timeout, "retries": 2})
    assert end(events) == ("run.failed", reason)
    assert len(server.requests) == requests
    assert server.url.split("//")[1].split("/")[0] in events[-1].message  # type: ignore[union-attr]


async def test_a_run_that_failed_goes_on_with_another_endpoint(tmp_path: Path, docs: Path) -> None:
    async with ChatServer([{"status": 401}]) as server:
        bench = Bench(tmp_path, docs, server.url)
        assert end(await bench.go(last=False)) == ("run.failed", "key_refused")
    async with ChatServer([search(), report]) as server:
        changes = {"model": {"base_url": server.url}}
        run = resumed_run(bench.store, bench.store.runs()[0].run, changes, bench.settings)
        events = await bench.finish(run)
    assert end(events) == ("run.finished", "answered")
    assert reasons(events).count("") == 1


async def test_context_overflow_compacts_and_goes_on(go: Go, docs: Path) -> None:
    for subject in ("ocean", "sand", "grass", "snow"):
        paragraphs = [
            f"The {subject} number {n} has its own colour because of {subject} grains. " * 8 for n in range(20)
        ]
        (docs / f"{subject}.md").write_text(f"# {subject}\n\n" + "\n\n".join(paragraphs))
    refused: list[int] = []

    def picky(request: Any) -> dict[str, Any]:
        length = sum(len(str(m["content"])) for m in request.body["messages"][2:])
        if length > 12_000:
            refused.append(length)
            return {"status": 400, "body": TOKEN_LIMIT}
        return report(request)

    events, _ = await go(search("ocean"), search("sand"), search("grass"), search("snow"), picky)
    assert end(events) == ("run.finished", "answered")
    assert refused and len(find(events, ViewCompacted)) == len(refused)


async def test_never_ending_tool_use_ends_in_a_partial_report(go: Go) -> None:
    def restless(request: Any) -> dict[str, Any]:
        return search(f"sky {len(request.body['messages'])}")

    events, _ = await go(restless, budget={"turns": 7})
    assert end(events) == ("run.finished", "partial")
    assert find(events, Answered)[0].partial and "\\cite{" in find(events, Answered)[0].text


async def test_going_in_circles_is_ended(go: Go) -> None:
    def circle(request: Any) -> dict[str, Any]:
        return search() if "tools" in request.body else report(request)

    events, _ = await go(circle)
    assert end(events) == ("run.finished", "partial")
    assert len(find(events, Turn)) < 12


async def test_usage_is_counted_and_limits_hold(go: Go) -> None:
    heavy = {**search(), "usage": {"prompt_tokens": 900, "completion_tokens": 100,
             "prompt_tokens_details": {"cached_tokens": 800}}}  # fmt: skip
    events, _ = await go(heavy, report, budget={"tokens": 3_000})
    assert end(events) == ("run.finished", "partial")
    usage = find(events, Turn)[0].usage
    assert (usage.input, usage.cached, usage.output) == (900, 800, 100)


def test_a_limit_on_money_needs_a_price(tmp_path: Path, docs: Path) -> None:
    bench = Bench(tmp_path, docs, "http://127.0.0.1:9/v1", budget={"cost": 1})
    with pytest.raises(SettingsError, match="price of m is unknown"):
        new_run(bench.store, bench.settings, bench.task)
    assert bench.store.runs() == []


async def test_the_key_is_in_no_event(go: Go) -> None:
    events, server = await go(search(), report, model={"api_key": "sk-hidden"})
    assert server.requests[0].headers["authorization"] == "Bearer sk-hidden"
    assert not any("sk-hidden" in event.model_dump_json() for event in events)


async def test_a_model_that_never_searches_is_told_once_and_then_named(go: Go) -> None:
    events, server = await go({"text": "I cannot use tools."}, policy="chat")
    assert end(events) == ("run.failed", "no_tool_calling")
    assert "--dialect" in events[-1].message and len(server.requests) == 2  # type: ignore[union-attr]


async def test_a_model_that_never_searches_is_led_where_no_policy_is_asked_for(go: Go) -> None:
    events, _ = await go({"text": "I cannot use tools."})
    [change] = find(events, PolicyChanged)
    assert change.policy == "guided" and "without calling a tool" in change.reason
    assert end(events) == ("run.finished", "answered") and citations(events)


async def test_a_model_that_searches_when_told_to_goes_on(go: Go) -> None:
    events, _ = await go({"text": "Blue, I believe."}, search(), report)
    assert end(events) == ("run.finished", "answered") and reasons(events)[0] == "no_search"
