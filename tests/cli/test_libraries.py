"""Libraries from the command line."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deepresearch.cli.libraries import progress

from .conftest import Command, environment


def test_build_stats_add_search(command: Command, docs: Path, tmp_path: Path) -> None:
    built = command("index", "build", "velmark", str(docs))
    assert built.returncode == 0 and "3 added" in built.stdout
    (docs / "new.md").write_text("# Ferry\n\nThe ferry to Velmark leaves every hour from the western pier.\n")
    added = command("index", "add", "velmark", str(docs))
    assert "1 added" in added.stdout and "3 unchanged" in added.stdout
    stats = json.loads(command("index", "stats", "velmark", "--json").stdout)
    assert stats["documents"] == 4
    found = command("index", "search", "velmark", "ferry western pier", "--k", "1")
    assert "Ferry" in found.stdout


def test_queries_from_a_file(command: Command, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    rows = [{"id": "a", "text": "The moon is made of rock.", "title": "Moon"}, {"id": "b", "text": "Cheese is milk."}]
    corpus.write_text("\n".join(map(json.dumps, rows)))
    command("index", "build", "sky", str(corpus))
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"id": "q1", "text": "moon rock"}\n{"id": "q2", "text": "zebra"}\n')
    done = command("index", "search", "sky", "--queries", str(queries), "--k", "5", "--json")
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first["id"] == "q1" and first["hits"][0]["document"] == "a"
    assert {"document", "passage", "score", "title", "text"} == set(first["hits"][0])
    assert second == {"id": "q2", "hits": []}


def test_unreadable_files_are_named_and_counted(command: Command, docs: Path) -> None:
    (docs / "picture.pdf").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 64)
    done = command("index", "build", "velmark", str(docs))
    assert done.returncode == 0 and "picture.pdf" in done.stderr and "1 skipped" in done.stdout


def test_broken_query_file_is_named_by_line(command: Command, docs: Path, tmp_path: Path) -> None:
    command("index", "build", "velmark", str(docs))
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"id": 1, "text": "x"}\n{"id": 2}\n')
    done = command("index", "search", "velmark", "--queries", str(queries))
    assert done.returncode == 2 and "line 2" in done.stderr


def test_a_damaged_index_is_rebuilt_and_reported(command: Command, docs: Path, tmp_path: Path) -> None:
    command("index", "build", "velmark", str(docs))
    (tmp_path / "data" / "libraries" / "velmark" / "index" / "meta.json").write_text("garbage")
    found = command("index", "search", "velmark", "tower", "--k", "1", "--json")
    assert found.returncode == 0 and json.loads(found.stdout)["hits"]
    assert "is being rebuilt" in found.stderr and "has been rebuilt" in found.stderr
    assert command("index", "stats", "velmark").stderr == ""


@pytest.mark.parametrize(
    ("file", "written", "share", "seconds", "line"),
    [
        ((0, 3, "a.jsonl"), 0, 0.0, 0.1, "Reading documents: 0 of 3, 0 passages  a.jsonl"),
        ((0, 1, "c"), 40_000, 0.25, 10.0, "Reading documents: 0 of 1, 40,000 passages, 4,000/s, about 30 s left  c"),
        ((1, 2, "c"), 9, 0.5, 600.0, "Reading documents: 1 of 2, 9 passages, 0/s, about 10 min left  c"),
        ((2, 2, ""), 8_000, 1.0, 4.0, "Reading documents: 2 of 2, 8,000 passages, 2,000/s"),
    ],
)
def test_progress(file: tuple[int, int, str], written: int, share: float, seconds: float, line: str) -> None:
    assert progress(file, written, share, seconds) == line


def test_a_server_that_is_asked_again_is_told_in_words(command: Command, docs: Path) -> None:
    done = command(
        "index", "build", "velmark", str(docs),
        DEEPRESEARCH_LIBRARY_ENGINE="opensearch", DEEPRESEARCH_LIBRARY_OPENSEARCH_URL="http://127.0.0.1:9",
    )  # fmt: skip
    assert done.returncode == 2 and "Asking again in" in done.stderr and "stamina" not in done.stderr


def test_list_and_remove(command: Command, docs: Path, tmp_path: Path) -> None:
    command("index", "build", "velmark", str(docs))
    assert "velmark: 3 documents" in command("index", "list").stdout
    assert json.loads(command("index", "list", "--json").stdout)["name"] == "velmark"
    assert command("index", "remove", "velmark").returncode == 0
    left = command("index", "list")
    assert left.stdout == "" and "no libraries" in left.stderr and (docs / "tower.md").exists()
    assert command("index", "remove", "velmark").returncode == 2


@pytest.mark.parametrize("there", [False, True])
def test_a_failed_build_leaves_nothing_that_was_not_there(
    command: Command, docs: Path, tmp_path: Path, there: bool
) -> None:
    if there:
        command("index", "build", "velmark", str(docs))
    done = command("index", "build", "velmark", str(tmp_path / "missing"))
    assert done.returncode == 2 and "does not exist" in done.stderr
    assert (tmp_path / "data" / "libraries" / "velmark").exists() == there


def test_indexing_that_is_interrupted_is_continued(tmp_path: Path, command: Command) -> None:
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background jobs ignore it, and so their children
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text(
        "".join(json.dumps({"id": str(n), "text": f"Entry {n} about the moon. " * 40}) + "\n" for n in range(30_000))
    )
    build = subprocess.Popen(
        [sys.executable, "-m", "deepresearch", "index", "build", "sky", str(corpus)],
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    store = tmp_path / "data" / "libraries" / "sky" / "docstore.sqlite-wal"
    while not (store.exists() and store.stat().st_size > 100_000) and build.poll() is None:
        time.sleep(0.005)
    build.send_signal(signal.SIGINT)
    _, told = build.communicate(timeout=60)
    assert build.returncode == 1 and "Traceback" not in told and "deepresearch index add sky" in told
    assert "30000 documents" in command("index", "add", "sky", str(corpus)).stdout or command(
        "index", "list"
    ).stdout.startswith("sky: 30000")


def test_a_corpus_whose_text_is_in_another_field(command: Command, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text('{"id": "1", "abstract": "Velmark has two moons."}\n{"id": "2", "abstract": "It is far."}\n')
    done = command("index", "build", "x", str(corpus))
    assert done.returncode == 2 and f"deepresearch index build NAME {corpus} --text-field FIELD" in done.stderr
    assert "corpus.jsonl:1 and 1 more: no `text` (its fields: `id`, `abstract`)" in done.stderr
    assert command("index", "list").stdout == ""
    assert command("index", "build", "x", str(corpus), "--text-field", "abstract").returncode == 0
    corpus.write_text(corpus.read_text() + '{"id": "3", "abstract": "Its moons are red."}\n')
    assert "1 added" in command("index", "add", "x", str(corpus)).stdout
    assert command("index", "search", "x", "moons red").stdout.count("moons") == 2
