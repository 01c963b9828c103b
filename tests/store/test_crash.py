"""Killed at random moments: what was acknowledged is there, and what is there is whole.

DEEPRESEARCH_KILLS sets how many times (15 if unset).
"""

import contextlib
import os
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from deepresearch.derived import find
from deepresearch.store import Store
from deepresearch.trajectory import Observation

Child = Callable[..., "subprocess.Popen[str]"]
KILLS = int(os.environ.get("DEEPRESEARCH_KILLS", "15"))


def killed_at_random(process: "subprocess.Popen[str]", chance: random.Random) -> int:
    """The last number that the child said before it was killed at some moment after its first word."""
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(chance.uniform(0.0, 0.06))
    process.kill()
    said = (first + process.stdout.read()).split("\n")
    process.wait()
    return int(said[-2])


def test_no_acknowledged_event_is_lost(child: Child, tmp_path: Path) -> None:
    chance, lost, acknowledged = random.Random(1), 0, 0
    for number in range(KILLS):
        seq = killed_at_random(child("journal", tmp_path, f"r{number}"), chance)
        with contextlib.closing(Store(tmp_path)) as store, store.open(f"r{number}") as log:
            lost += max(seq - len(log.events), 0)
            acknowledged += seq
            # Together or not at all: a turn and its observation are one append.
            assert len(log.events) % 2 == 1
            for observation in find(log.events, Observation):
                assert observation.full is None or store.blobs.get(observation.full).startswith(observation.shown)
            log.append(Observation(shown="resumed"))
    print(f"{KILLS} kills, {acknowledged} acknowledged events, {lost} lost")
    assert lost == 0
