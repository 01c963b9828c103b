"""A real server of llama.cpp, where DEEPRESEARCH_TEST_MODELS names a folder with `llama-server` and a GGUF file.

Small models write nonsense: what is checked is what holds whatever they write.
"""

import asyncio
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deepresearch.agent.setup import new_run
from deepresearch.derived import find
from deepresearch.errors import ContextOverflow
from deepresearch.models.client import ChatClient
from deepresearch.models.listing import list_models
from deepresearch.models.tolerant_json import read
from deepresearch.settings import ModelSettings, Settings
from deepresearch.store import MemoryStore
from deepresearch.trajectory import Observation, RunFailed, RunFinished, Task, Turn
from tests.models.test_oracle import SEARCH

FOLDER = Path(os.environ.get("DEEPRESEARCH_TEST_MODELS", "/nowhere"))
SERVER = FOLDER / "llama-server"
FILES = ("qwen2.5-coder-0.5b.gguf", "qwen2.5-coder-1.5b.gguf")
MODEL = next((FOLDER / name for name in FILES if (FOLDER / name).exists()), None)
CONTEXT = 4096
STARTING = 120.0
"""Seconds for the server to load the model."""
pytestmark = pytest.mark.skipif(
    MODEL is None or not SERVER.exists(),
    reason=f"DEEPRESEARCH_TEST_MODELS names no folder with llama-server and one of {', '.join(FILES)}",
)
MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "You are a research agent. " + "Be brief and exact. " * 40},
    {"role": "user", "content": "When did tram line 9 open?"},
]
CALLED = [
    *MESSAGES,
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {
                "id": "call_a",
                "type": "function",
                "function": {"name": "search", "arguments": '{"query": "tram line 9"}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "call_a", "content": "Tram line 9 opened in 1903."},
]


class Server:
    """llama-server on one port of this machine, which can be ended and started again."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = f"--host 127.0.0.1 --port {self.port} -c {CONTEXT} -np 1 -t 2 --jinja --no-ui --alias tiny"
        command = [str(SERVER), "-m", str(MODEL), *options.split()]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self) -> None:
        for _ in range(int(STARTING / 0.2)):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError("llama-server does not start")

    def end(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    running.start()
    running.wait()
    yield running
    running.end()


def client(server: Server, **settings: Any) -> ChatClient:
    given = {"temperature": 0.0, "max_tokens": 48, "timeout": 300.0, "retries": 2} | settings
    return ChatClient(ModelSettings(name="tiny", base_url=server.url, **given), "", wait=0.2)


def test_the_model_is_listed_with_its_context(server: Server) -> None:
    assert [(model.name, model.context) for model in list_models(server.url, "")] == [("tiny", CONTEXT)]


@pytest.mark.parametrize("stream", [True, False])
async def test_chat_with_a_counted_prompt(server: Server, stream: bool) -> None:
    model = client(server, stream=stream)
    reply = await model.complete(MESSAGES)
    await model.close()
    assert reply.text and reply.finish in ("stop", "length") and not reply.notes
    assert 100 < reply.usage.input < 1000 and reply.usage.output and not (reply.usage.estimated or reply.usage.cut)


async def test_requests_share_their_prefix_whether_tools_may_be_used_or_not(server: Server) -> None:
    model = client(server, max_tokens=8)
    await model.complete(MESSAGES, [SEARCH], may_call=False)
    work = await model.complete(MESSAGES, [SEARCH])
    again = await model.complete(CALLED, [SEARCH], may_call=False)
    await model.close()
    assert work.usage.cached > 0.9 * work.usage.input
    assert again.usage.cached > 0.9 * work.usage.input


async def test_a_history_with_calls_and_notes_is_taken(server: Server) -> None:
    model = client(server, retries=0)
    note = {"role": "user", "content": "Hurry."}
    for messages in ([*CALLED, note], [*MESSAGES, {"role": "assistant", "content": "1. Search."}], [note, *CALLED]):
        assert (await model.complete(messages, [SEARCH])).usage.input
    await model.close()


async def test_a_schema_is_enforced(server: Server) -> None:
    fields = {"year": {"type": "integer"}, "line": {"type": "integer"}}
    schema = {"type": "object", "properties": fields, "required": ["year", "line"], "additionalProperties": False}
    model = client(server)
    reply = await model.complete(CALLED, schema=schema)
    await model.close()
    value, _ = read(reply.text)
    assert set(value) == {"year", "line"} and all(type(number) is int for number in value.values())


async def test_a_prompt_that_is_too_long_names_the_context(server: Server) -> None:
    model = client(server)
    with pytest.raises(ContextOverflow) as caught:
        await model.complete([{"role": "user", "content": "word " * 2 * CONTEXT}])
    await model.close()
    assert caught.value.limit == CONTEXT


async def test_a_server_that_is_restarted_in_mid_reply(server: Server) -> None:
    model = client(server, retries=8, max_tokens=300)
    asked = asyncio.create_task(model.complete([{"role": "user", "content": "Count from 1 to 200."}]))
    await asyncio.sleep(2)
    server.end()
    server.start()
    reply = await asked
    await model.close()
    assert reply.text and reply.finish in ("stop", "length")
    server.wait()


async def test_a_run_ends_with_its_journal_in_order(server: Server, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "tram.md").write_text("# Tram line 9\n\nTram line 9 opened in 1903 with twelve cars.\n")
    model = {"name": "tiny", "base_url": server.url, "max_tokens": 200, "temperature": 0.0, "timeout": 600}
    values = {"model": model, "plan": "off", "budget": {"turns": 4}, "report": {"ask": False, "max_revisions": 0}}
    settings = Settings.model_validate({**values, "store": {"folder": str(tmp_path / "data")}})
    store = MemoryStore()
    run = new_run(store, settings, Task(question="When did tram line 9 open?", attachments=[str(tmp_path / "docs")]))
    try:
        await run.go()
    finally:
        await run.close()
        store.close()
    events = run.log.events
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert isinstance(events[-1], RunFinished | RunFailed)
    turns = find(events, Turn)
    assert turns and all(turn.usage.input < CONTEXT for turn in turns)
    calls = {call.id for turn in turns for call in turn.calls}
    assert calls == {observation.call for observation in find(events, Observation) if observation.call}
    later = [turn.usage for turn in turns[1:]]
    assert all(usage.cached > 0.5 * usage.input for usage in later)
