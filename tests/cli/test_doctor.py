"""`doctor` says what works and what does not."""

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from deepresearch.store import Store
from deepresearch.trajectory import RunStarted, Task
from tests.support.chat_server import ChatServer, Received
from tests.support.search_server import SearchServer

from .conftest import Command, environment


def test_all_is_well_without_a_model(command: Command) -> None:
    done = command("doctor")
    assert done.returncode == 0 and "durable write" in done.stdout


def test_an_endpoint_that_is_down_is_bad(command: Command) -> None:
    done = command("doctor", DEEPRESEARCH_BASE_URL="http://127.0.0.1:9/v1", DEEPRESEARCH_MODEL="m")
    assert done.returncode == 1 and "bad" in done.stdout and "127.0.0.1:9" in done.stdout


def test_services_are_named_with_their_keys_but_never_the_value(command: Command) -> None:
    done = command(
        "doctor", DEEPRESEARCH_SEARCH_PROVIDERS="wikipedia,brave,tavily", DEEPRESEARCH_BRAVE_API_KEY="sk-very-secret"
    )
    assert "ok       search brave: DEEPRESEARCH_BRAVE_API_KEY is set" in done.stdout
    assert done.returncode == 1 and "bad      search tavily: DEEPRESEARCH_TAVILY_API_KEY is not set" in done.stdout
    assert "wikipedia: needs no key" in done.stdout and "exa (no key)" in done.stdout
    assert "very-secret" not in done.stdout + done.stderr


def test_what_confines_readers_and_what_is_kept_is_told(command: Command, tmp_path: Path) -> None:
    from deepresearch.web.archive import Archive
    from deepresearch.web.fetched import Fetched

    Archive(tmp_path / "data" / "pages").keep(
        Fetched("http://a.example/", "http://a.example/", 200, {}, b"x", 1, False)
    )
    alone = command("doctor", PATH=str(tmp_path))
    assert "missing  reading documents: in a process with limits" in alone.stdout and "bwrap" in alone.stdout
    assert "pages stored: 1 readings" in alone.stdout and "extra office" in alone.stdout and "fonts" in alone.stdout


def test_nothing_is_asked_of_other_machines(command: Command, tmp_path: Path) -> None:
    """Python's own account of its sockets stays empty, though servers elsewhere are named."""
    elsewhere = {
        "DEEPRESEARCH_BASE_URL": "https://models.example/v1",
        "DEEPRESEARCH_LIBRARY_ENGINE": "opensearch",
        "DEEPRESEARCH_LIBRARY_OPENSEARCH_URL": "https://search.example",
        "DEEPRESEARCH_LIBRARY_DENSE": "endpoint",
        "DEEPRESEARCH_LIBRARY_VECTORS": "qdrant",
        "DEEPRESEARCH_LIBRARY_QDRANT_URL": "https://vectors.example",
        "DEEPRESEARCH_MODEL_PORTS": "",
    }
    seen = tmp_path / "seen"
    done = subprocess.run(
        [sys.executable, "-m", "tests.web.sockets", str(seen), "doctor"],
        cwd=Path(__file__).parents[2],
        env=environment(tmp_path, **elsewhere),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("not asked (--online does)") == 4 and seen.read_text() == ""
    private = command("doctor", DEEPRESEARCH_SEARCH_PRIVATE="true", **elsewhere)
    assert private.returncode == 1 and private.stdout.count("private mode does not allow") == 4


async def test_servers_on_this_machine_are_asked(command: Command) -> None:
    vectors = {"data": [{"index": 0, "embedding": [0.5, 0.5]}], "model": "m"}
    async with (
        SearchServer({"version": {"number": "3.1.0"}}) as opensearch,
        SearchServer(vectors) as embeddings,
        SearchServer({"results": []}) as searxng,
    ):
        named = {
            "DEEPRESEARCH_LIBRARY_ENGINE": "opensearch",
            "DEEPRESEARCH_LIBRARY_OPENSEARCH_URL": opensearch.url,
            "DEEPRESEARCH_LIBRARY_DENSE": "endpoint",
            "DEEPRESEARCH_LIBRARY_DENSE_URL": f"{embeddings.url}/v1",
            "DEEPRESEARCH_LIBRARY_DENSE_MODEL": "m",
            "DEEPRESEARCH_LIBRARY_VECTORS": "qdrant",
            "DEEPRESEARCH_LIBRARY_QDRANT_URL": "http://127.0.0.1:9",
            "DEEPRESEARCH_SEARCH_PROVIDERS": "",
            "DEEPRESEARCH_SEARCH_SEARXNG_URL": searxng.url,
        }
        done = await asyncio.to_thread(command, "doctor", "--online", **named)
    assert f"ok       OpenSearch: {named['DEEPRESEARCH_LIBRARY_OPENSEARCH_URL']}, version 3.1.0" in done.stdout, (
        done.stdout
    )
    assert "ok       embeddings: m at" in done.stdout and "2 numbers a text" in done.stdout
    assert done.returncode == 1 and "bad      Qdrant: Qdrant at http://127.0.0.1:9" in done.stdout
    assert "search searxng: answers, with 0 results" in done.stdout


def test_a_model_file_is_looked_at(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    done = command("doctor", DEEPRESEARCH_MODEL_FILE=str(file))
    assert done.returncode == 1 and "bad      model file:" in done.stdout and "Git LFS pointer" in done.stdout
    file.write_bytes(b"GGUF")
    assert f"ok       model file: {file}" in command("doctor", DEEPRESEARCH_MODEL_FILE=str(file)).stdout


async def test_models_on_this_machine_are_listed_with_what_they_can_do(command: Command) -> None:
    def answer(request: Received) -> dict[str, Any]:
        if request.body.get("response_format"):
            return {"text": '{"sentence": "The sea is wide."}'}
        return {"status": 400, "body": {"error": {"message": "m-1b does not support tools"}}}

    async with ChatServer([answer], models=[{"id": "m-1b", "owned_by": "vllm", "max_model_len": 8192}]) as server:
        port = server.url.removesuffix("/v1").rpartition(":")[2]
        done = await asyncio.to_thread(command, "doctor", DEEPRESEARCH_MODEL_PORTS=f"9,{port}", PATH="")
        asked = len(server.requests)
        again = await asyncio.to_thread(command, "doctor", DEEPRESEARCH_MODEL_PORTS=f"9,{port}", PATH="")
    line = next(line for line in done.stdout.splitlines() if "m-1b" in line)
    assert line.startswith("ok") and "vLLM" in line and "1.0B, a context of 8192 tokens, no tools, schema" in line
    assert "no embeddings" in line and line in again.stdout
    assert asked == 3 and len(server.requests) == 4, "chat is asked twice and remembered; vectors are asked each time"
    assert "missing  llama-server:" in done.stdout and done.returncode == 0


def test_a_data_folder_that_cannot_be_made_is_bad(command: Command) -> None:
    done = command("doctor", DEEPRESEARCH_DATA="/proc/nowhere")
    assert done.returncode == 1 and "/proc/nowhere" in done.stdout


def begun(tmp_path: Path) -> Path:
    """The journal of a data folder with two runs; the first has a folder of its own."""
    with contextlib.closing(Store(tmp_path / "data")) as store:
        for run in ("r1", "r2"):
            with store.create(run) as log:
                log.append(RunStarted(task=Task(question="q" * 3000)))
        (store.run_folder("r1") / "notes.md").write_text("n")
    return tmp_path / "data" / "journal.sqlite3"


def test_a_sound_journal_is_ok(command: Command, tmp_path: Path) -> None:
    assert "none yet" in command("doctor").stdout
    journal = begun(tmp_path)
    done = command("doctor")
    assert done.returncode == 0 and f"journal: {journal}, 2 runs" in done.stdout


def test_a_damaged_run_is_bad(command: Command, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(begun(tmp_path))) as db:
        db.execute("update events set crc = crc + 1 where run = 'r2'")
        db.commit()
    done = command("doctor")
    assert done.returncode == 1
    assert "bad      journal: Run r2: event 1 is not what was recorded" in done.stdout and "from a copy" in done.stdout
    assert "Run r1" not in done.stdout


def test_a_journal_with_a_broken_page_is_bad(command: Command, tmp_path: Path) -> None:
    journal = begun(tmp_path)
    with journal.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xff" * 4096)
    done = command("doctor")
    assert done.returncode == 1 and f"bad      journal: {journal}" in done.stdout and "from a copy" in done.stdout


def test_a_journal_that_is_no_database_or_has_lost_a_run_is_bad(command: Command, tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.write_bytes(b"")
    done = command("doctor")
    assert done.returncode == 1 and "has lost run r1" in done.stdout and "notes.md" in done.stdout
    journal.write_bytes(b"no database at all " * 300)
    done = command("doctor")
    assert done.returncode == 1 and "not a database" in done.stdout and "from a copy" in done.stdout
