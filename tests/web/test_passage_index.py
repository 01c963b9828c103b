"""BM25 over passages: in memory, and kept in a folder."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepresearch.trajectory import Passage
from deepresearch.web.passage_index import PassageIndex


def passages(*texts: str) -> list[Passage]:
    return [Passage(id=f"p{n}", document=f"d{n}", title="", text=text) for n, text in enumerate(texts)]


def kept(folder: Path, *texts: str, stamp: str = "1") -> PassageIndex:
    return PassageIndex.load_or_build(folder, stamp, passages(*texts), str.split)


def test_scores_are_bm25() -> None:
    texts = ("bread bread water", "bread stone", "water")
    found = PassageIndex.build(passages(*texts), str.split).search(["bread", "unknown"], 9)
    assert [number for number, _ in found] == [0, 1]
    rarity = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    by_hand = [rarity * n * 2.2 / (n + 1.2 * (0.25 + 0.75 * length / 2)) for n, length in ((2, 3), (1, 2))]
    assert [score for _, score in found] == pytest.approx(by_hand, rel=1e-5)


def test_equal_scores_go_by_number_and_nothing_matches_nothing() -> None:
    index = PassageIndex.build(passages(*["same words"] * 30), str.split)
    assert [number for number, _ in index.search(["same"], 12)] == list(range(12))
    assert index.search([], 9) == index.search(["other"], 9) == []
    assert PassageIndex.build([], str.split).search(["x"], 9) == []


def test_an_index_is_built_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "kept"
    kept(folder, "one", "two")
    again = PassageIndex.load_or_build(folder, "1", (pytest.fail("read again") for _ in "x"), str.split)
    assert [again.passage(number).text for number, _ in again.search(["two"], 9)] == ["two"]
    changed = kept(folder, "three", stamp="2")
    assert changed.search(["two"], 9) == [] and len(changed.search(["three"], 9)) == 1
    assert len(list(folder.iterdir())) == 1, "what was kept of an earlier state is removed"


def test_a_damaged_index_is_built_again(tmp_path: Path) -> None:
    kept(tmp_path, "one")
    (place,) = tmp_path.iterdir()
    (place / "meta.json").write_bytes(b"no index")
    assert len(kept(tmp_path, "one", "one").search(["one"], 9)) == 2


def test_a_build_that_stops_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[Passage]:
        yield from passages("one")
        raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        PassageIndex.load_or_build(tmp_path, "1", broken(), str.split)
    assert list(tmp_path.iterdir()) == []
    assert len(kept(tmp_path, "one", "one").search(["one"], 9)) == 2
