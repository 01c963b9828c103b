"""Pairwise judgements counted."""

from benchmarks.pairwise import accuracy, tally


def test_tallies() -> None:
    found = tally(["a", "a", "tie", "b", None])
    assert (found.win, found.tie, found.loss, found.n) == (2, 1, 1, 4)
    assert found.non_inferior == 0.75 and found.share == 0.625
    assert tally([None]).share is None


def test_accuracy() -> None:
    found = accuracy([("a", "a"), ("a", "b"), (None, "b"), (None, None)], ["a", "b", "b", "a"])
    assert (found.n, found.straight, found.swapped, found.both, found.same, found.unusable) == (4, 1, 3, 1, 2, 3)
    assert found.mean == 0.5
