"""Vectors in files: exact, filtered, and whole whatever ends the writer."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepresearch.errors import LibraryError
from deepresearch.library.dense.vectors import Batch, Row, VectorFile, row_of
from deepresearch.library.engine import Filters

NONE = Filters()


def vector_of(key: int) -> np.ndarray:
    """A vector of length 1 that is a key's own."""
    angle = key * 0.01
    return np.array([np.cos(angle), np.sin(angle), 0, 0], dtype=np.float32)


def batches(keys: list[int], size: int = 3) -> Iterator[Batch]:
    for start in range(0, len(keys), size):
        part = keys[start : start + size]
        yield [Row(key) for key in part], np.array([vector_of(key) for key in part])


def keys_in(vectors: VectorFile, k: int = 1000) -> list[int]:
    return sorted(key for key, _ in vectors.search(vector_of(1), k, NONE))


@pytest.fixture
def vectors(tmp_path: Path) -> VectorFile:
    made = VectorFile(tmp_path / "vectors")
    made.clear(4)
    return made


def test_the_nearest_come_first(vectors: VectorFile) -> None:
    rows = np.random.default_rng(1).normal(size=(300, 4)).astype(np.float32)
    vectors.update([([Row(key) for key in range(1, 301)], rows)], 0, [])
    asked = np.array([0.5, -0.5, 0.1, 0.7], dtype=np.float32)
    scores = rows @ asked
    exact = sorted(range(1, 301), key=lambda key: -scores[key - 1])[:7]
    found = vectors.search(asked, 7, NONE)
    assert [key for key, _ in found] == exact
    assert [score for _, score in found] == pytest.approx([scores[key - 1] for key in exact], rel=1e-5)


def test_equal_scores_go_by_key_across_chunks(vectors: VectorFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deepresearch.library.dense.vectors.CHUNK", 100)
    count = 210
    same = np.tile(vector_of(1), (count, 1))
    vectors.update([([Row(key) for key in range(1, count + 1)], same)], 0, [])
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
    rows = [row_of(*passage) for passage in passages]
    vectors.update([(rows, np.array([vector_of(row.key) for row in rows]))], 0, [])
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


def test_half_dropped_files_are_written_anew_and_smaller(vectors: VectorFile, tmp_path: Path) -> None:
    vectors.update(batches(list(range(1, 101))), 0, [])
    before = size(tmp_path)
    vectors.update(batches([101]), 100, list(range(1, 81)))
    assert keys_in(vectors) == list(range(81, 102))
    assert size(tmp_path) < before / 2
    assert len(list((tmp_path / "vectors").iterdir())) == 3


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_reader_goes_on_while_the_files_change(vectors: VectorFile, tmp_path: Path) -> None:
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
            assert keys_in(VectorFile(Path(folder) / "v")) == sorted(held)


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
    root = str(Path(__file__).parents[3])
    command = [sys.executable, "-c", code, str(tmp_path / "vectors")]
    done = subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": root}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert set(keys_in(vectors)) == {1, 3}
    vectors.update(batches(list(range(4, 500))), 3, [2])
    assert keys_in(vectors) == [1, *range(3, 500)]


@pytest.mark.parametrize("damage", ["gone", "state", "short", "no state", "format"])
def test_damage_is_told_and_cleared(vectors: VectorFile, tmp_path: Path, damage: str) -> None:
    vectors.update(batches(list(range(1, 50))), 0, [])
    folder = tmp_path / "vectors"
    if damage == "state":
        (folder / "state.json").write_text("{")
    elif damage == "no state":
        (folder / "state.json").write_text(json.dumps({"format": 1, "state": {"number": "x", "other": 1}}))
    elif damage == "format":
        (folder / "state.json").write_text((folder / "state.json").read_text().replace('"format": 1', '"format": 0'))
    elif damage == "short":
        path = next(folder.glob("vectors.*"))
        os.truncate(path, path.stat().st_size // 2)
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
        vectors.update([([Row(3)], np.ones((1, 5), dtype=np.float32))], 2, [])
    with pytest.raises(ValueError, match="5 dimensions"):
        vectors.search(np.ones(5, dtype=np.float32), 1, NONE)


def test_keys_that_do_not_ascend(vectors: VectorFile) -> None:
    with pytest.raises(ValueError, match="ascend"):
        vectors.update(batches([2, 1]), 0, [])


def test_nothing_asked_nothing_found(vectors: VectorFile) -> None:
    assert vectors.search(vector_of(1), 5, NONE) == []
    vectors.update(batches([1]), 0, [])
    assert vectors.search(vector_of(1), 0, NONE) == []


def test_a_disk_that_does_not_take_it(vectors: VectorFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LibraryError, match="No space left"):
        vectors.update(batches([1]), 0, [])
    monkeypatch.undo()
    vectors.update(batches([1]), 0, [])
    assert keys_in(vectors) == [1]
