import re
import subprocess
import sys
from pathlib import Path

import pytest

from deepresearch.errors import ToolFailed
from deepresearch.tools.idempotency import MOST_RECORDS, Effect, do_once
from deepresearch.tools.workspace import Change, Workspace


def test_killed_at_any_moment_and_run_again() -> None:
    script = Path(__file__).with_name("kill_everywhere.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=120)
    found = re.fullmatch(r"(\d+) kills, 0 differences\n", done.stdout)
    assert found, done.stdout + done.stderr
    assert int(found[1]) >= 40


async def test_the_same_call_is_planned_once(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    plans = 0

    def plan() -> Effect:
        nonlocal plans
        plans += 1
        return Effect([Change("a", f"{plans}".encode())], f"plan {plans}", {"n": plans})

    for call, arguments, expected in (("c1-1", "x", 1), ("c1-1", "x", 1), ("c1-1", "y", 2), ("../c/2", "x", 3)):
        effect = await do_once(tmp_path / "scratch", call, arguments, plan, workspace.apply)
        assert (effect.shown, effect.data) == (f"plan {expected}", {"n": expected})
        assert workspace.read("a") == b"%d" % expected
    assert {p.parent for p in tmp_path.rglob("*.redo")} == {tmp_path / "scratch"}


async def test_a_failed_call_leaves_no_record(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    (tmp_path / "ws" / "folder").mkdir()
    effect = Effect([Change("folder", b"x")], "", {})
    for _ in range(2):
        with pytest.raises(ToolFailed, match="is a folder"):
            await do_once(tmp_path / "scratch", "c1-1", "x", lambda: effect, workspace.apply)
    assert list((tmp_path / "scratch").iterdir()) == []


async def test_old_records_go(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    for number in range(MOST_RECORDS + 5):
        effect = Effect([Change("a", b"%d" % number)], "", {})
        await do_once(tmp_path / "scratch", f"c{number}-1", "", lambda: effect, workspace.apply)  # noqa: B023
    names = {p.name for p in (tmp_path / "scratch").iterdir()}
    assert len(names) == MOST_RECORDS
    assert f"c{MOST_RECORDS + 4}-1.redo" in names
    assert "c0-1.redo" not in names
