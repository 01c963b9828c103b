"""kill -9 anywhere: no acknowledged event is lost, no finished call runs again, the report is the same.

DEEPRESEARCH_KILLS=200 makes it 200 random moments and every occurrence of every named point.
"""

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from deepresearch.settings import NOT_SETTINGS

from .crash import Points, outcome, scenario, verify

Undisturbed = tuple[list[str], dict[str, int], float]
KILLS = int(os.environ.get("DEEPRESEARCH_KILLS", "0"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    began = time.perf_counter()
    assert scenario(folder, Points()) == 0
    seconds = time.perf_counter() - began
    passed = dict(line.split("\t") for line in (folder / "points.txt").read_text().splitlines())
    return outcome(folder), {name: int(count) for name, count in passed.items()}, seconds


def test_the_variable_is_no_setting() -> None:
    assert "KILLS" in NOT_SETTINGS


def test_the_scenario_goes_through_the_verifier(undisturbed: Undisturbed) -> None:
    reports = [text for text in undisturbed[0] if text.startswith("# Report")]
    assert ["Second of all." in text for text in reports] == [False, True, True]
    assert sum("sent back" in text or "do not hold" in text for text in undisturbed[0]) == 1


def hold(name: str, kills: int, total: Counter[str]) -> None:
    """Print what was counted, then hold it to the promise."""
    print(
        f"{name}: kills {kills}, acknowledged events {total['acknowledged']} (lost {total['lost']}), finished calls "
        f"{total['finished']} (run again {total['again']}), reports equal {total['equal']} of {total['lives']}"
    )
    assert total["acknowledged"] and total["finished"]
    assert total["lost"] == total["again"] == 0 and total["equal"] == total["lives"]


def test_every_named_point(tmp_path: Path, undisturbed: Undisturbed) -> None:
    reference, passed, _ = undisturbed
    assert {"append before", "commit after", "fsync before", "rename after", "tool before", "tool after"} <= set(passed)
    total: Counter[str] = Counter()
    kills = 0
    for name, passes in passed.items():
        count = 1 if name.startswith("requests") else passes  # looked for by the clock, so only the first is certain
        for occurrence in range(1, count + 1) if KILLS else sorted({1, (count + 1) // 2, count}):
            folder = tmp_path / f"{name}-{occurrence}"
            assert os.WTERMSIG(scenario(folder, Points(name, occurrence))) == 9
            total += verify(folder, reference)
            kills += 1
    hold(f"named points {len(passed)}", kills, total)


def test_random_moments(tmp_path: Path, undisturbed: Undisturbed) -> None:
    reference, _, seconds = undisturbed
    chance = random.Random(7)
    total: Counter[str] = Counter()
    kills = 0
    while kills < (KILLS or 12):
        assert total["lives"] < 10 * (KILLS or 12), "hardly any kill hits the run"
        folder = tmp_path / str(total["lives"])
        kills += os.WIFSIGNALED(scenario(folder, Points(), after=chance.uniform(0.0, seconds)))
        total += verify(folder, reference)
    hold("random moments", kills, total)
