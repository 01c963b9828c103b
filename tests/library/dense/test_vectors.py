"""Vectors on disk: exact, filtered, and whole whatever ends the writer."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepresearch.library.dense.embedder import Batch
from deepresearch.library.dense.vectors import VectorFile
from deepresearch.library.engine import Filters, attributes
from deepresearch.trajectory import Passage

NONE = Filters()


def vector_of(key: int) -> np.ndarray:
    """A vector of length 1 that is a key's own."""
    angle = key * 0.01
    return np.array([np.cos(angle), np.sin(angle), 0, 0], dtype=np.float32)


def batches(keys: list[int], size: int = 3) -> Iterator[Batch]:
    for start in range(0, len(keys), size):
        part = keys[start : start + size]
        yield [{"key": key} for key in part], np.array([vector_of(key) for key in part])


def keys_in(vectors: VectorFile, k: int = 1000) -> list[int]:
    return sorted(key for key, _ in vectors.search(vector_of(1), k, NONE))


@pytest.fixture
def vectors(tmp_path: Path) -> Iterator[VectorFile]:
    made = VectorFile(tmp_path / "vectors")
    made.clear(4)
    yield made
    made.close()


def test_the_nearest_come_first(vectors: VectorFile) -> None:
    rows = np.random.default_rng(1).normal(size=(300, 4)).astype(np.float32)
    vectors.update([([{"key": key} for key in range(1, 301)], rows)], 0, [])
    asked = np.array([0.5, -0.5, 0.1, 0.7], dtype=np.float32)
    scores = rows @ asked
    exact = sorted(range(1, 301), key=lambda key: -scores[key - 1])[:7]
    found = vectors.search(asked, 7, NONE)
    assert [key for key, _ in found] == exact
    assert [score for _, score in found] == pytest.approx([scores[key - 1] for key in exact], rel=1e-5)


def test_equal_scores_go_by_key(vectors: VectorFile) -> None:
    same = np.tile(vector_of(1), (210, 1))
    vectors.update([([{"key": key} for key in range(1, 211)], same)], 0, [])
    assert [key for key, _ in vectors.search(vector_of(1), 6, NONE)] == [1, 2, 3, 4, 5, 6]


def test_filters(vectors: VectorFile) -> None:
    passages = [
        (1, "2020", "en", "https://www.a.example/x"),
        (2, "2020-05", "zh", "https://b.example"),
        (3, "2021-03-04", "en", "https://a.example"),
        (4, None, None, None),
        (5, "2019", "en", "not a url"),
        (6, "2021", "en", "https://one.two.three.four.five.six.seven.example"),
    ]
    rows = [
        attributes(key, Passage(id="p", document="d", title="", text="x", date=date, language=language, url=url))
        for key, date, language, url in passages
    ]
    vectors.update([(rows, np.array([vector_of(row["key"]) for row in rows]))], 0, [])
    cases = {
        Filters(since="2020-06"): [1, 3, 6],
        Filters(until="2020-05-31"): [1, 2, 5],
        Filters(since="2020-05-01", until="2020-05-31"): [1, 2],
        Filters(language="zh"): [2],
        Filters(site="a.example"): [1, 3],
        Filters(site="www.a.example", language="en"): [1],
        Filters(site="seven.example"): [6],
        Filters(site="one.two.three.four.five.six.seven.example"): [6],
        Filters(site="nowhere.example"): [],
    }
    for filters, keys in cases.items():
        assert sorted(key for key, _ in vectors.search(vector_of(1), 10, filters)) == keys, filters


def test_a_reader_continues_while_the_files_change(vectors: VectorFile, tmp_path: Path) -> None:
    reader = VectorFile(tmp_path / "vectors")
    vectors.update(batches(list(range(1, 11))), 0, [])
    assert keys_in(reader) == list(range(1, 11))
    vectors.update(batches([11]), 10, [1])
    assert keys_in(reader) == list(range(2, 12))
    vectors.update([], 11, list(range(2, 11)))
    assert keys_in(reader) == [11]
    reader.close()
    assert keys_in(reader) == [11]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 12),  # keys that are new
            st.integers(0, 4),  # how many of the newest keys the document store has not heard of
            st.sets(st.integers(1, 40), max_size=6),  # keys that go
            st.one_of(st.none(), st.integers(0, 4)),  # the batch in which the writer ends
        ),
        max_size=8,
    )
)
def test_whatever_happens_it_holds_what_it_was_told_last(steps: list[tuple[int, int, set[int], int | None]]) -> None:
    with TemporaryDirectory() as folder:
        vectors = VectorFile(Path(folder) / "v")
        vectors.clear(4)
        held: set[int] = set()
        last = 0
        for new, unheard, gone, ends in steps:
            above = max(0, last - unheard)
            keys = [*sorted(key for key in held if key > above and key not in gone), *range(last + 1, last + new + 1)]
            if ends is not None:
                with pytest.raises(ZeroDivisionError):
                    vectors.update(cut_off(keys, ends), above, gone)
                assert set(keys_in(vectors)) <= held
            vectors.update(batches(keys), above, gone)
            held = {key for key in held if key <= above} - gone | set(keys)
            last += new
            assert keys_in(vectors) == sorted(held)
        vectors.close()


def cut_off(keys: list[int], ends: int) -> Iterator[Batch]:
    for number, batch in enumerate(batches(keys)):
        if number == ends:
            break
        yield batch
    raise ZeroDivisionError


def test_a_killed_writer_leaves_no_trace(vectors: VectorFile, tmp_path: Path) -> None:
    vectors.update(batches([1, 2, 3]), 0, [])
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from deepresearch.library.dense.vectors import VectorFile\n"
        "from tests.library.dense.test_vectors import batches\n"
        "def killed():\n"
        "    for number, batch in enumerate(batches(list(range(4, 4000)), 100)):\n"
        "        if number == 20: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        yield batch\n"
        "VectorFile(Path(sys.argv[1])).update(killed(), 3, [2])\n"
    )
    assert run(code, tmp_path).returncode == -signal.SIGKILL
    assert set(keys_in(vectors)) == {1, 2, 3}
    vectors.update(batches(list(range(4, 500))), 3, [2])
    assert keys_in(vectors) == [1, *range(3, 500)]


@pytest.mark.parametrize("damage", ["gone", "garbage", "short", "format"])
def test_damage_is_named_and_cleared(vectors: VectorFile, tmp_path: Path, damage: str) -> None:
    vectors.update(batches(list(range(1, 50))), 0, [])
    vectors.close()
    folder = tmp_path / "vectors"
    file = folder / "vectors.sqlite"
    if damage == "garbage":
        file.write_bytes(b"{" * 5000)
    elif damage == "format":
        with closing(sqlite3.connect(file)) as db:
            db.execute("PRAGMA user_version = 1")
    elif damage == "short":
        os.truncate(file, 100)
    else:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    fresh = VectorFile(folder)
    for action in (fresh.check, lambda: fresh.search(vector_of(1), 3, NONE), lambda: fresh.update([], 49, [])):
        with pytest.raises(ValueError):
            action()
    fresh.clear(4)
    fresh.check()
    fresh.update(batches([1, 2]), 0, [])
    assert keys_in(fresh) == [1, 2]


def test_other_vectors_than_it_holds(vectors: VectorFile) -> None:
    vectors.update(batches([1, 2]), 0, [])
    with pytest.raises(ValueError, match="5 dimensions"):
        vectors.update([([{"key": 3}], np.ones((1, 5), dtype=np.float32))], 2, [])
    with pytest.raises(ValueError, match="5 dimensions"):
        vectors.search(np.ones(5, dtype=np.float32), 1, NONE)


def test_keys_that_do_not_ascend(vectors: VectorFile) -> None:
    with pytest.raises(ValueError, match="ascend"):
        vectors.update(batches([2, 1]), 0, [])


def test_nothing_asked_nothing_found(vectors: VectorFile) -> None:
    assert vectors.search(vector_of(1), 5, NONE) == []
    vectors.update(batches([1]), 0, [])
    assert vectors.search(vector_of(1), 0, NONE) == []


def test_a_disk_that_is_full(vectors: VectorFile, tmp_path: Path) -> None:
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from deepresearch.errors import LibraryError\n"
        "from deepresearch.library.dense.vectors import VectorFile\n"
        "from tests.library.dense.test_vectors import batches\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "try: VectorFile(Path(sys.argv[1])).update(batches(list(range(1, 4000)), 100), 0, [])\n"
        "except LibraryError as error: print(error)\n"
    )
    assert "cannot be written" in run(code, tmp_path).stdout
    vectors.update(batches([1]), 0, [])
    assert keys_in(vectors) == [1]


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).parents[3])
    command = [sys.executable, "-c", code, str(folder / "vectors")]
    return subprocess.run(
        command, cwd=root, env={**os.environ, "PYTHONPATH": root}, check=False, capture_output=True, text=True
    )
