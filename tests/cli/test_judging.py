"""`deepresearch judge`, as a person starts it."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepresearch.models.reply_cache import FOLDER
from tests.cli.conftest import Command, environment
from tests.judge.conftest import says
from tests.support.chat_server import ChatServer

RUBRICS = {
    "question": "When was it built?",
    "rubrics": [
        {"criterion": "States the year.", "weight": 3},
        {"criterion": "The report cites 1 or more sources.", "weight": 1},
        {"criterion": "Is rude.", "weight": -2},
    ],
}


def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "report.md").write_text("# Tower\n\nThe tower was built in 1887 [1].\n")
    (tmp_path / "rubrics.json").write_text(json.dumps(RUBRICS))
    return str(tmp_path / "report.md"), str(tmp_path / "rubrics.json")


def test_without_a_model(command: Command, tmp_path: Path) -> None:
    report, rubrics = files(tmp_path)
    done = command("judge", report, "--rubrics", rubrics, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "Score (binary): 1.000" in done.stdout and "2 undecided" in done.stdout
    kept = json.loads((tmp_path / "out" / "quality.json").read_text())
    assert kept["undecided"] == 2 and "Quality card" in (tmp_path / "out" / "quality.md").read_text()


def test_with_a_model_and_once_more_for_nothing(command: Command, tmp_path: Path, endpoint: Callable[..., str]) -> None:
    report, rubrics = files(tmp_path)
    url = endpoint(says("fully", "built in 1887"))
    options: list[Any] = ["--rubrics", rubrics, "--model", "m", "--base-url", url, "--trials", "2", "--json"]
    first = json.loads(command("judge", report, *options).stdout)
    assert first["score"] == 0.5 and first["requests"] == 6  # (3 + 1 - 2) / 4
    again = json.loads(command("judge", report, *options).stdout)
    assert again["requests"] == 0 and again["score"] == 0.5
    counted = json.loads(command("judge", report, *options, "--by", "mechanical", "--view", "ternary").stdout)
    assert counted["trials"][0][1]["by"] == "mechanical" and counted["requests"] == 0


def test_the_model_that_this_machine_serves(command: Command, tmp_path: Path, endpoint: Callable[..., str]) -> None:
    report, rubrics = files(tmp_path)
    port = endpoint(says("fully", "built in 1887")).removesuffix("/v1").rpartition(":")[2]
    options: list[Any] = ["--rubrics", rubrics, "--model", "auto", "--trials", "1", "--json"]
    done = command("judge", report, *options, DEEPRESEARCH_MODEL_PORTS=port)
    found = json.loads(done.stdout)
    assert found["score"] == 0.5 and found["requests"] == 3 and "Model scripted" in done.stderr


def test_a_run(command: Command, docs: Path) -> None:
    ran = command("run", "When was the harbour tower of Velmark built?", "--docs", str(docs), "--json")
    run = json.loads(ran.stdout)["run"]
    done = command("judge", run, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["question"].startswith("When was the harbour tower") and found["undecided"] == 0
    sources = next(v for v in found["trials"][0] if v["rubric"] == "c4")
    assert sources["reason"].startswith("counted: ")
    exported = command("export", run, "--format", "md", "--out", str(docs / "out"))
    assert exported.returncode == 0, exported.stderr
    assert "## Quality card" in (docs / "out" / "report.md").read_text(), "the card is kept with the run, and shown"


def test_drafts(command: Command, tmp_path: Path) -> None:
    done = command("judge", "draft", "Who built the tower?", "--out", str(tmp_path / "r.json"))
    assert done.returncode == 0 and "cannot tell right from wrong" in done.stderr
    report, _ = files(tmp_path)
    assert command("judge", report, "--rubrics", str(tmp_path / "r.json")).returncode == 0


def test_wrong_use(command: Command, tmp_path: Path) -> None:
    report, rubrics = files(tmp_path)
    for arguments, words in [
        (["judge", report, "--rubrics", "none.json"], "No such file"),
        (["judge", report], "Give --rubrics or --question"),
        (["judge", report, "--rubrics", rubrics, "--trials", "0"], "at least 1"),
        (["judge", report, "--rubrics", rubrics, "--by", "model"], "needs a name and an endpoint"),
        (["judge", "no-such-run", "--rubrics", rubrics], "no-such-run"),
        (["judge", "draft", " "], "empty"),
    ]:
        done = command(*arguments)
        assert done.returncode == 2 and words in done.stderr, (arguments, done.stderr)


def test_nothing_decided_is_a_failure(command: Command, tmp_path: Path) -> None:
    report, _ = files(tmp_path)
    (tmp_path / "r.json").write_text(json.dumps([{"criterion": "Is wise.", "weight": 1}]))
    done = command("judge", report, "--rubrics", str(tmp_path / "r.json"))
    assert done.returncode == 1 and "No score: no criterion has a verdict" in done.stderr


async def test_killed_in_the_middle_nothing_paid_for_is_asked_again(tmp_path: Path) -> None:
    report, _ = files(tmp_path)
    criteria = [{"criterion": f"Says thing {n}.", "weight": 1} for n in range(12)]
    (tmp_path / "many.json").write_text(json.dumps({"question": "Q", "rubrics": criteria}))
    async with ChatServer([{**says("fully"), "delay": 0.15}]) as server:
        arguments = ["judge", report, "--rubrics", str(tmp_path / "many.json"), "--trials", "4", "--json"]
        arguments += ["--model", "m", "--base-url", server.url]

        async def start() -> asyncio.subprocess.Process:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "deepresearch", *arguments),
                stdout=asyncio.subprocess.PIPE,
                env=environment(tmp_path),
            )

        first = await start()
        while len(server.requests) < 20:
            await asyncio.sleep(0.01)
        first.kill()
        await first.wait()
        paid = len(list((tmp_path / "data" / FOLDER).glob("*.json")))
        assert 8 <= paid < 48
        second = await start()
        output, _ = await second.communicate()
        assert json.loads(output)["requests"] == 48 - paid and json.loads(output)["score"] == 1.0
