"""kill -9 in mid-build: what is kept is consistent, and the next build ends where an undisturbed one does."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deepresearch.library import Library
from deepresearch.web.search import Query

FILES = 120
KILLED = Path(__file__).with_name("killed.py")


def write(docs: Path, version: int) -> None:
    for number in range(FILES):
        words = " ".join(f"word{number}x{n} common{version}" for n in range(90))
        (docs / f"{number:03}.txt").write_text(f"{words}.\n\nSecond paragraph {words}.")


def kill_at(data: Path, docs: Path, line: int, delay: float) -> bool:
    """Whether the process was still at work when it was killed."""
    with subprocess.Popen(
        [sys.executable, str(KILLED), str(data), str(docs)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        for _ in range(line + 1):
            child.stdout.readline()
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read()
    return "end" not in rest


def content(library: Library) -> list[tuple[str, str]]:
    return sorted((p.id, p.text) for id, _ in library.documents() for p in library.passages(id))


def test_killed_builds(tmp_path: Path, docs: Path) -> None:
    chance = random.Random(7)
    killed = 0
    for version in (1, 2):
        write(docs, version)
        for _ in range(4):
            killed += kill_at(tmp_path, docs, chance.randrange(FILES), chance.random() * 0.03)
            library = Library.open(tmp_path, "x")
            for id, _ in list(library.documents())[::17]:
                word = library.passages(id)[0].text.split()[0]
                assert library.search(Query(word))[0].passage.document == id
            library.close()
    assert killed, "every process had ended before it was killed"
    library = Library.open(tmp_path, "x")
    library.add([docs])
    fresh = Library.open(tmp_path, "fresh")
    fresh.add([docs])
    assert content(library) == content(fresh)
    assert library.search(Query("common1")) == []
    assert len(library.search(Query("common2 word7x3", k=50))) == 50
    assert library.search(Query("word7x3"))[0].passage.id == fresh.search(Query("word7x3"))[0].passage.id
    library.close()
    fresh.close()


@pytest.mark.parametrize(
    "where", ["inside:1", "inside:3", "after:1", "after:4", "docstore:2", "docstore:5", "docstore:9"]
)
def test_a_build_killed_in_mid_commit_goes_on(tmp_path: Path, docs: Path, where: str) -> None:
    """A corpus of several batches, killed at the points where the document store and the index differ."""
    rows = [
        {"id": str(n), "title": f"Row {n}", "text": f"common{n % 3} " + " ".join(f"word{n}x{i}" for i in range(9))}
        for n in range(300)
    ]
    (docs / "c.jsonl").write_text("\n".join(map(json.dumps, rows)))
    child = [sys.executable, str(KILLED), str(tmp_path), str(docs), where]
    assert subprocess.run(child, stdout=subprocess.PIPE, check=False).returncode == -signal.SIGKILL
    library = Library.open(tmp_path, "x")
    kept = library.stats()["documents"]
    assert kept < 300 and kept % 40 == 0
    for id, _ in list(library.documents())[::13]:  # what the document store has, the index has
        assert [hit.passage.document for hit in library.search(Query(f"word{id}x3"))] == [id]
    report = library.add([docs])
    assert (report.unchanged, report.added, report.removed) == (kept, 300 - kept, 0)
    fresh = Library.open(tmp_path, "fresh")
    fresh.add([docs])
    assert content(library) == content(fresh)
    for query in ("common0", "common1 word77x1", "word299x8"):
        ours, theirs = ({hit.passage.id for hit in one.search(Query(query, k=200))} for one in (library, fresh))
        assert ours == theirs
    library.close()
    fresh.close()
