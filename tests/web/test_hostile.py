"""Servers that mean harm are left in time and take little memory; each is named for what it did."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deepresearch.web.transport import SpeedLimits

from .hostile import BOMBS, SLOW, attack

ROOT = Path(__file__).parents[2]
EXPECTED = {
    "gzip": "bomb",
    "gzip within gzip": "bomb",
    "gzip streams in a row": "bomb",
    "just below the ratio": "too_large",
    "empty gzip streams": "bomb",
    "gzip with an endless name": "too_large",
    "brotli": "wrong_kind",
    "no end": "too_large",
    "no end in chunks": "too_large",
    "a chunk's size without end": "broken",
    "trailers without end": "broken",
    "headers without end": "broken",
    "one header without end": "broken",
    "greetings without end": "broken",
    "robots.txt": "read",
    "robots.txt without end": "read",
}


@pytest.fixture(scope="module")
def attacked() -> dict[str, dict[str, Any]]:
    """What came of each bomb, in a process of its own whose memory nothing else has touched."""
    command = [sys.executable, "-m", "tests.web.hostile", "bombs"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    return {found["name"]: found for found in map(json.loads, done.stdout.splitlines())}


def test_every_bomb_is_tried() -> None:
    assert set(EXPECTED) == {*BOMBS, "robots.txt", "robots.txt without end"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads the highest memory from /proc")
@pytest.mark.parametrize("name", EXPECTED)
def test_bombs(attacked: dict[str, dict[str, Any]], name: str) -> None:
    found = attacked[name]
    assert found["outcome"] == EXPECTED[name]
    assert found["growth"] < 32 and found["seconds"] < 10


@pytest.mark.parametrize("name", SLOW)
async def test_slow_servers(name: str) -> None:
    speed = SpeedLimits(silence=0.3, head=0.5, grace=0.3, slowest=1024)
    outcome, seconds = await attack(SLOW[name], speed=speed, timeout=1.5, attempts=1)
    assert outcome == "too_slow" and seconds < 5
