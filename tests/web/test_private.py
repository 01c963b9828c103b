"""Nothing leaves the machine in private mode, nor in a run over one's own documents: by Python's own account of its
sockets, by a trace of the system calls, and in a network that has no outside.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deepresearch.errors import FetchFailed
from deepresearch.web.archive import Archive
from deepresearch.web.fetch import Fetcher
from deepresearch.web.fetched import Fetched

ROOT = Path(__file__).parents[2]
QUESTION = "When was the harbour tower of Velmark built, and where was its engineer born?"
ASK = """
import asyncio, sys
from pathlib import Path
from tests.web.sockets import watch

async def main(private):
    from deepresearch.errors import FetchFailed
    from deepresearch.web.fetch import Fetcher
    fetcher = Fetcher(private=private, allow_hosts=frozenset({"127.0.0.1", "localhost"}), attempts=1)
    outside = ["http://example.invalid/", "http://1.1.1.1/"] if private else []
    for url in ["http://127.0.0.1:9/", "http://localhost:9/", *outside]:
        for call in (fetcher.get(url), fetcher.call("POST", url, allow_private=True)):
            try:
                await call
            except FetchFailed as failure:
                print(failure.outcome)
    await fetcher.close()

watch(Path(sys.argv[1]))
asyncio.run(main(sys.argv[2] == "private"))
"""


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "tower.md").write_text("# Tower\n\nThe harbour tower of Velmark was built in 1887 by Ada Brandt.\n")
    (folder / "brandt.md").write_text("# Ada Brandt\n\nAda Brandt was an engineer, born in Oslo in 1850.\n")
    return folder


def run(command: list[str], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DEEPRESEARCH_")}
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**kept, "DEEPRESEARCH_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_private_mode_opens_no_socket_and_looks_up_no_name(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    done = run([sys.executable, "-c", ASK, str(seen), "private"], tmp_path)
    assert done.stdout.split() == ["private_mode"] * 8, done.stderr
    assert seen.read_text() == ""
    # The same requests in the open are seen by the same watch.
    done = run([sys.executable, "-c", ASK, str(seen), "open"], tmp_path)
    assert done.stdout.split() == ["dead_host"] * 4, done.stderr
    assert (
        "socket.connect ('127.0.0.1', 9)" in seen.read_text() and "socket.getaddrinfo ('localhost'" in seen.read_text()
    )


async def test_private_mode_reads_what_is_archived(tmp_path: Path) -> None:
    old = Fetched("http://example.org/", "http://example.org/", 200, {}, b"Old.", time.time() - 1e8, False)
    Archive(tmp_path).keep(old)
    asking = Fetcher(Archive(tmp_path), private=True)
    got = await asking.get("http://example.org")
    assert got.body == b"Old." and got.from_archive and got.fetched == old.fetched
    with pytest.raises(FetchFailed) as caught:
        await asking.get("http://example.org/other")
    assert caught.value.outcome == "private_mode"
    with pytest.raises(FetchFailed) as caught:
        Archive(tmp_path).replayed("http://example.org/other")
    assert caught.value.outcome == "not_archived"


def test_a_run_over_own_documents_asks_nobody(docs: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    command = [sys.executable, "-m", "tests.web.sockets", str(seen), "run", QUESTION, "--docs", str(docs)]
    done = run(command, tmp_path)
    assert done.returncode == 0 and "1887" in done.stdout, done.stderr
    assert seen.read_text() == ""


def test_its_system_calls_say_the_same(docs: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    tracer = ["strace", "-f", "-qq", "-e", "trace=socket,connect,sendto,sendmsg,sendmmsg", "-o", str(trace)]
    if not shutil.which("strace") or run([*tracer, "true"], tmp_path).returncode:
        pytest.skip("needs strace, and leave to use it")
    done = run([*tracer, sys.executable, "-c", ASK, str(tmp_path / "seen"), "open"], tmp_path)
    assert outside(trace), done.stderr  # the trace does see what goes out
    done = run([*tracer, sys.executable, "-m", "deepresearch", "run", QUESTION, "--docs", str(docs)], tmp_path)
    assert done.returncode == 0 and "1887" in done.stdout, done.stderr
    assert outside(trace) == []


def outside(trace: Path) -> list[str]:
    """Calls of all processes that make or use a socket that can leave the machine."""
    return [line for line in trace.read_text().splitlines() if re.search(r"AF_(?!UNIX|UNSPEC)|PF_INET", line)]


def test_it_works_in_a_network_without_an_outside(docs: Path, tmp_path: Path) -> None:
    alone = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--unshare-net"]
    if not shutil.which("bwrap") or run([*alone, "true"], tmp_path).returncode:
        pytest.skip("needs bubblewrap and namespaces")
    done = run([*alone, sys.executable, "-m", "deepresearch", "run", QUESTION, "--docs", str(docs), "--json"], tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "1887" in found["report"] and found["citations"]


def test_a_private_run_over_the_web_and_documents_that_are_read_apart_asks_nobody(docs: Path, tmp_path: Path) -> None:
    """With services named, a server of one's own, and a page large enough for the reader's own process."""
    (docs / "crane.html").write_text(
        "<h1>Crane</h1><p>The crane is red.</p>" + "<p>It lifts grain and timber.</p>" * 20_000
    )
    seen = tmp_path / "seen"
    settings = {"PRIVATE": "true", "PROVIDERS": "wikipedia,searxng", "SEARXNG_URL": "http://127.0.0.1:9"}
    named = [f"DEEPRESEARCH_SEARCH_{name}={value}" for name, value in settings.items()]
    ask = ["run", QUESTION, "--web", "--docs", str(docs)]
    done = run(["env", *named, sys.executable, "-m", "tests.web.sockets", str(seen), *ask], tmp_path)
    assert done.returncode == 0 and "1887" in done.stdout and "private mode" in done.stdout, done.stderr
    assert seen.read_text() == ""
    again = done.stderr.split("Run ", 1)[1].split()[0]
    done = run([sys.executable, "-m", "tests.web.sockets", str(seen), "replay", again], tmp_path)
    assert "1887" in done.stdout and seen.read_text() == "", done.stderr
