"""Real servers and models, where DEEPRESEARCH_TEST_MODELS names a folder with `llama-server` and a GGUF file.

One file, since all of it asks the same servers. Small models write nonsense: what is checked is what holds whatever
they write. Any other server (vLLM, Ollama ...) that
DEEPRESEARCH_TEST_SERVER names by its address, with DEEPRESEARCH_TEST_SERVER_MODEL, is asked the same questions.

The files are the official ones of their makers, known by their hashes (SHA-256):

    qwen2.5-coder-0.5b.gguf   Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF, Q4_K_M
    qwen2.5-coder-1.5b.gguf   Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF, Q4_K_M

A file for embeddings, `multilingual-e5-small.gguf` or `all-minilm-l6-v2.gguf`, is used where it is there too, or the
server that DEEPRESEARCH_TEST_EMBEDDINGS names.

One file, since a server takes long to start and all tests of a model share one.
"""

import asyncio
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deepresearch.agent.setup import new_run, resumed_run
from deepresearch.derived import answer, find, registered
from deepresearch.errors import ContextOverflow, ModelUnreachable
from deepresearch.judge.model_judge import ModelJudge
from deepresearch.judge.rubrics import Rubric
from deepresearch.local.abilities import ask_abilities, makes_vectors
from deepresearch.local.facts import ModelFacts
from deepresearch.local.llama_server import LlamaServer
from deepresearch.local.servers import find_models
from deepresearch.models.client import ChatClient
from deepresearch.models.embeddings import EmbeddingClient
from deepresearch.models.listing import list_models
from deepresearch.models.tolerant_json import read
from deepresearch.report import citations
from deepresearch.settings import ModelSettings, Settings
from deepresearch.store import MemoryStore
from deepresearch.threads import in_thread
from deepresearch.trajectory import (
    Event,
    Observation,
    PolicyChanged,
    RunFailed,
    RunFinished,
    RunStarted,
    Task,
    Turn,
    Verified,
)
from tests.models.test_oracle import SEARCH

FOLDER = Path(os.environ.get("DEEPRESEARCH_TEST_MODELS", "/nowhere"))
SERVER = FOLDER / "llama-server"
FILES = {
    "qwen2.5-coder-0.5b.gguf": "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    "qwen2.5-coder-1.5b.gguf": "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
}
MODEL = next((FOLDER / name for name in FILES if (FOLDER / name).exists()), FOLDER / "none")
VECTORS = next(
    (FOLDER / name for name in ("multilingual-e5-small.gguf", "all-minilm-l6-v2.gguf") if (FOLDER / name).exists()),
    None,
)
OTHER = os.environ.get("DEEPRESEARCH_TEST_SERVER", "")
OTHER_EMBEDDINGS = os.environ.get("DEEPRESEARCH_TEST_EMBEDDINGS", "")
CONTEXT = 4096
STARTING = 120.0
"""Seconds for the server to load the model."""
llama_cpp = pytest.mark.skipif(
    not (MODEL.exists() and SERVER.exists()),
    reason=f"DEEPRESEARCH_TEST_MODELS names no folder with llama-server and one of {', '.join(FILES)}",
)
pytestmark = pytest.mark.slow


@cache
def hash_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


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

    def __init__(self, model: Path = MODEL, *options: str) -> None:
        self.model, self.options = model, options
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = f"--host 127.0.0.1 --port {self.port} -c {CONTEXT} -np 1 --jinja --no-ui --alias tiny"
        command = [str(SERVER), "-m", str(self.model), *options.split(), *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self) -> None:
        for _ in range(int(STARTING / 0.2)):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError("llama-server does not start")

    @classmethod
    @contextmanager
    def of(cls, model: Path, *options: str) -> "Iterator[Server]":
        running = cls(model, *options)
        running.start()
        try:
            running.wait()
            yield running
        finally:
            running.end()

    def end(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if hash_of(MODEL) != FILES[MODEL.name]:
        pytest.skip(f"{MODEL} is not the official file: another SHA-256")
    with Server.of(MODEL) as running:
        yield running


def client(server: Server, **settings: Any) -> ChatClient:
    given = {"temperature": 0.0, "max_tokens": 48, "timeout": 300.0, "retries": 2} | settings
    return ChatClient(ModelSettings(name="tiny", base_url=server.url, **given), "", wait=0.2)


@llama_cpp
def test_the_model_is_listed_with_its_context(server: Server) -> None:
    assert [(model.name, model.context) for model in list_models(server.url, "")] == [("tiny", CONTEXT)]


@llama_cpp
@pytest.mark.parametrize("stream", [True, False])
async def test_chat_with_a_counted_prompt(server: Server, stream: bool) -> None:
    model = client(server, stream=stream)
    reply = await model.complete(MESSAGES)
    await model.close()
    assert reply.text and reply.finish in ("stop", "length") and not reply.notes
    assert 100 < reply.usage.input < 1000 and reply.usage.output and not (reply.usage.estimated or reply.usage.cut)


@llama_cpp
async def test_requests_share_their_prefix_whether_tools_may_be_used_or_not(server: Server) -> None:
    model = client(server, max_tokens=8)
    await model.complete(MESSAGES, [SEARCH], may_call=False)
    work = await model.complete(MESSAGES, [SEARCH])
    again = await model.complete(CALLED, [SEARCH], may_call=False)
    await model.close()
    assert work.usage.cached > 0.9 * work.usage.input
    assert again.usage.cached > 0.9 * work.usage.input


@llama_cpp
async def test_a_history_with_calls_and_notes_is_taken(server: Server) -> None:
    model = client(server, retries=0)
    note = {"role": "user", "content": "Hurry."}
    for messages in ([*CALLED, note], [*MESSAGES, {"role": "assistant", "content": "1. Search."}], [note, *CALLED]):
        assert (await model.complete(messages, [SEARCH])).usage.input
    await model.close()


@llama_cpp
async def test_a_schema_is_enforced(server: Server) -> None:
    fields = {"year": {"type": "integer"}, "line": {"type": "integer"}}
    schema = {"type": "object", "properties": fields, "required": ["year", "line"], "additionalProperties": False}
    model = client(server)
    reply = await model.complete(CALLED, schema=schema)
    await model.close()
    value, _ = read(reply.text)
    assert set(value) == {"year", "line"} and all(type(number) is int for number in value.values())


@llama_cpp
async def test_a_prompt_that_is_too_long_names_the_context(server: Server) -> None:
    model = client(server)
    with pytest.raises(ContextOverflow) as caught:
        await model.complete([{"role": "user", "content": "word " * 2 * CONTEXT}])
    await model.close()
    assert caught.value.limit == CONTEXT


@llama_cpp
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


# ---- Whole runs ----


def settings_of(folder: Path, url: str = "", file: str = "", **changes: Any) -> Settings:
    model = {"temperature": 0.0, "max_tokens": 200, "timeout": 600, **changes.pop("model", {})}
    model |= {"file": file, "server": str(SERVER)} if file else {"name": "tiny", "base_url": url}
    defaults = {"plan": "off", "budget": {"turns": 4}, "report": {"ask": False, "max_revisions": 0}}
    return Settings.model_validate({**defaults, "model": model, "store": {"folder": str(folder / "data")}, **changes})


@pytest.fixture
def task(tmp_path: Path) -> Task:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "tram.md").write_text(
        "# Tram line 9\n\nTram line 9 opened in 1903 with twelve cars. It closed in 1957.\n\nIts depot is a museum.\n"
    )
    return Task(question="When did tram line 9 open?", attachments=[str(tmp_path / "docs")])


async def research(settings: Settings, task: Task) -> Sequence[Event]:
    """The events of a whole run, in which whatever must hold has been checked."""
    store = MemoryStore()
    run = await in_thread(new_run, store, settings, task)
    try:
        await run.go()
    finally:
        await run.close()
    events = store.read(run.log.run)
    store.close()
    check(events)
    return events


def check(events: Sequence[Event]) -> None:
    """The journal is in order, every call has its result, prompts keep within the context, citations resolve."""
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert isinstance(events[-1], RunFinished | RunFailed)
    turns = find(events, Turn)
    calls = {call.id for turn in turns for call in turn.calls}
    assert calls == {observation.call for observation in find(events, Observation) if observation.call}
    context = find(events, RunStarted)[0].settings["model"]["context"] or CONTEXT
    if find(events, RunStarted)[0].policy == "chat":  # a turn of the guided policy adds up many short requests
        assert all(turn.usage.input < context for turn in turns)
    if answer(events):
        assert {cited["id"] for cited in citations(events)} <= set(registered(events))
        assert find(events, Verified)


@llama_cpp
async def test_a_chat_run_ends_with_its_prefixes_cached(server: Server, tmp_path: Path, task: Task) -> None:
    events = await research(settings_of(tmp_path, server.url, policy="chat"), task)
    later = [turn.usage for turn in find(events, Turn)[1:]]
    assert all(usage.cached > 0.5 * usage.input for usage in later)


@llama_cpp
async def test_a_guided_run_writes_a_report_that_cites(server: Server, tmp_path: Path, task: Task) -> None:
    events = await research(settings_of(tmp_path, server.url, policy="guided", budget={"turns": 20}), task)
    report = answer(events)
    assert isinstance(events[-1], RunFinished) and report
    assert "1903" in report.text and citations(events)
    bad = [one for check in find(events, Verified) for one in check.citations if one.level == "contradicts"]
    assert not bad


@llama_cpp
async def test_drafting_ends(server: Server, tmp_path: Path, task: Task) -> None:
    report = {"ask": False, "max_revisions": 0, "draft": "synthesis"}
    await research(settings_of(tmp_path, server.url, policy="chat", budget={"turns": 6}, report=report), task)


@llama_cpp
@pytest.mark.parametrize(("context", "policy"), [(512, "chat"), (2048, "chat"), (1024, "auto"), (2048, "auto")])
async def test_a_short_context_ends_in_a_report(tmp_path: Path, task: Task, context: int, policy: str) -> None:
    settings = settings_of(tmp_path, file=str(MODEL), policy=policy, model={"context": context}, budget={"turns": 12})
    events = await research(settings, task)
    report = answer(events)
    if context < 2048:
        assert isinstance(events[-1], RunFinished) and report and "1903" in report.text
        changed = [event.policy for event in find(events, PolicyChanged)]
        assert changed == (["extractive"] if policy == "chat" else [])


@llama_cpp
async def test_a_model_file_is_served_for_the_run_and_again_when_it_is_resumed(tmp_path: Path, task: Task) -> None:
    settings = settings_of(tmp_path, file=str(MODEL), budget={"turns": 20})
    store = MemoryStore()
    run = await in_thread(new_run, store, settings, task)
    opening = find(run.log.events, RunStarted)[0]
    assert opening.policy == "guided" and opening.settings["model"]["base_url"] == ""
    assert any("Started llama.cpp's server" in note for note in opening.notes)
    first = run.settings.model.base_url
    for _ in range(3):
        await run.step()
    await run.close()
    assert not answers_at(first)
    again = await in_thread(resumed_run, store, run.log.run, {}, settings)
    assert again.settings.model.base_url != first and again.policy.name == "guided"
    end = await again.go()
    await again.close()
    assert isinstance(end, RunFinished)
    check(store.read(run.log.run))
    store.close()


def answers_at(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/models", timeout=2):
            return True
    except OSError:
        return False


@llama_cpp
def test_the_server_of_a_killed_program_ends_too(tmp_path: Path) -> None:
    code = (
        "import time; from deepresearch.local.llama_server import LlamaServer; "
        f"print(LlamaServer({str(MODEL)!r}, {str(SERVER)!r}, 512).url, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        url = program.stdout.readline().strip()
        assert answers_at(url)
        program.send_signal(signal.SIGKILL)
    for _ in range(100):
        if not answers_at(url):
            return
        time.sleep(0.1)
    raise AssertionError("the server is still there")


@llama_cpp
def test_half_a_file_is_named_with_the_servers_reason(tmp_path: Path) -> None:
    half = tmp_path / "half.gguf"
    with MODEL.open("rb") as whole:
        half.write_bytes(whole.read(1_000_000))
    with pytest.raises(ModelUnreachable, match="gguf_init"):
        LlamaServer(str(half), str(SERVER), 512)


# ---- What it can do ----


@llama_cpp
async def test_it_is_found_with_what_it_can_do(server: Server, tmp_path: Path) -> None:
    [found] = await in_thread(find_models, [server.port])
    assert (found.server, found.name, found.facts.context) == ("llama.cpp", "tiny", CONTEXT) and found.facts.is_small
    facts = await in_thread(ask_abilities, settings_of(tmp_path, server.url), found.facts)
    assert facts.schema and facts.tools is not None
    assert not await in_thread(makes_vectors, server.url, "tiny")


@llama_cpp
async def test_a_judge_gives_a_verdict_or_says_why_not(server: Server) -> None:
    model = client(server, max_tokens=200)
    rubric = Rubric(id="r1", criterion="The report gives the year in which the line opened.", weight=1)
    verdict = await ModelJudge(model).judge("When did tram line 9 open?", "Tram line 9 opened in 1903.", rubric)
    await model.close()
    assert verdict.level in ("fully", "partially", "not", "unknown") or verdict.problem


@pytest.fixture
def embedder() -> Iterator[EmbeddingClient]:
    if OTHER_EMBEDDINGS:
        name = os.environ.get("DEEPRESEARCH_TEST_EMBEDDINGS_MODEL") or list_models(OTHER_EMBEDDINGS, "")[0].name
        yield EmbeddingClient(name, OTHER_EMBEDDINGS)
        return
    if VECTORS is None or not SERVER.exists():
        pytest.skip("no GGUF file for embeddings, and DEEPRESEARCH_TEST_EMBEDDINGS names no server")
    with Server.of(VECTORS, "--embeddings") as running:
        yield EmbeddingClient(VECTORS.stem, running.url)


def test_vectors_of_english_and_chinese_and_of_a_long_text(embedder: EmbeddingClient) -> None:
    texts = ["query: cats", "passage: A cat is a pet.", "passage: Steel is made of iron.", "很 " * 1_000]
    cats, pet, steel, long = vectors = embedder.embed(texts)
    embedder.close()
    assert len({len(vector) for vector in vectors}) == 1 and any(long)
    assert dot(cats, pet) > dot(cats, steel)


def dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


# ---- Any other server ----


@pytest.mark.skipif(not OTHER, reason="DEEPRESEARCH_TEST_SERVER names no other server, such as vLLM's")
async def test_another_server_chats_and_tells_what_it_can_do(tmp_path: Path) -> None:
    listed = await in_thread(list_models, OTHER, "")
    name = os.environ.get("DEEPRESEARCH_TEST_SERVER_MODEL") or listed[0].name
    given = Settings.model_validate({"model": {"name": name, "base_url": OTHER}, "store": {"folder": str(tmp_path)}})
    for stream in (True, False):
        model = ChatClient(ModelSettings(name=name, base_url=OTHER, max_tokens=48, stream=stream), "")
        reply = await model.complete(MESSAGES)
        await model.close()
        assert reply.text and reply.finish in ("stop", "length") and reply.usage.input
    facts = await in_thread(ask_abilities, given, ModelFacts())
    assert facts.tools is not None and facts.schema is not None
