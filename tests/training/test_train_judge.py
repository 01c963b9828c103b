"""`train judge` and `train agreement` from the command line, on a model of a few thousand parameters."""

import asyncio
import json
from pathlib import Path

import pytest

from deepresearch.cli import main
from deepresearch.judge.rubrics import Rubric
from deepresearch.training.checkpoints import new_model, save_checkpoint
from deepresearch.training.judging import MARKS, open_judge, write_labels
from deepresearch.training.records import ResearchTask
from tests.training.judging_data import labelled, tiny_tokenizer
from tests.training.world import tiny_dialect, tiny_model


async def _judged(folder: Path) -> str:
    judge = open_judge(folder)
    return (await judge.judge("q", "r", Rubric(criterion="x", weight=1))).level


def test_a_policys_checkpoint_becomes_a_judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokenizer = tiny_tokenizer(MARKS[:3])  # a policy's tokenizer has some of the marks
    save_checkpoint(tmp_path / "policy", new_model(300, width=32, layers=2, heads=2, context=256), tokenizer, {})
    write_labels([labelled(n, ("not",)) for n in range(8)], tmp_path / "labels.jsonl")
    labels, out = str(tmp_path / "labels.jsonl"), tmp_path / "judge"
    train = ["train", "judge", labels, "--checkpoint", str(tmp_path / "policy"), "--out", str(out)]
    flags = ["--context", "256", "--rows", "1", "--epochs", "8", "--learning-rate", "0.01", "--precision", "float32"]
    assert main([*train, *flags, "--held-out", labels, "--reinforce-updates", "1"]) == 0
    told = capsys.readouterr()
    assert told.out.strip() == str(out / "checkpoint")
    assert "before" in told.err and "after SFT" in told.err and "after RL" in told.err and "balanced" in told.err
    assert (
        main(["train", "agreement", labels, "--checkpoint", str(out / "checkpoint"), "--context", "256", "--json"]) == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert found["verdicts"] == 8 and found["level"]["fully"] is None
    _gives_the_reward(tmp_path, out / "checkpoint")
    assert "judge" in capsys.readouterr().out
    assert asyncio.run(_judged(out / "checkpoint")) in ("not", "partially", "fully", "unusable")


def _gives_the_reward(folder: Path, judge: Path) -> None:
    """A policy is reinforced by the judge, over a task that has rubrics."""
    (folder / "docs").mkdir()
    (folder / "docs" / "roof.md").write_text("# Roof\n\nThe roof is red.\n")
    data = ["--data", str(folder / "data")]
    assert main(["index", "build", "roofs", str(folder / "docs"), *data]) == 0
    dialect = tiny_dialect()
    save_checkpoint(folder / "compact", tiny_model(), dialect.tokenizer, dialect)
    rubric = Rubric(criterion="It says red.", weight=1)
    task = ResearchTask(question="What colour is the roof?", answer="red", rubrics=[rubric])
    (folder / "tasks.jsonl").write_text(task.model_dump_json() + "\n")
    command = ["train", "ppo", str(folder / "compact"), str(folder / "tasks.jsonl"), "--out", str(folder / "judge-ppo")]
    sizes = ["--tasks-per-update", "2", "--critic-warmup", "0", "--longest-turn", "8", "--max-turns", "3"]
    assert main([*command, "--library", "roofs", "--judge", str(judge), "--updates", "1", *sizes, *data]) == 0


def test_reports_that_are_too_long_are_left_out_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_checkpoint(tmp_path / "judge", new_model(300, width=32, layers=2, heads=2, context=256), tiny_tokenizer(), {})
    items = [labelled(n, ("not",)) for n in range(4)]
    items[2] = items[2].model_copy(update={"report": "red " * 300})
    write_labels(items, tmp_path / "labels.jsonl")
    command = ["train", "agreement", str(tmp_path / "labels.jsonl"), "--checkpoint", str(tmp_path / "judge"), "--json"]
    assert main([*command, "--context", "256"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["verdicts"] == 3
    assert "1 of 4 reports left out" in told.err
    assert main([*command, "--context", "32"]) == 2
    assert "no report that fits" in capsys.readouterr().err


def test_bad_labels_end_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "labels.jsonl").write_text('{"report": "r"}\n')
    flags = ["--checkpoint", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(["train", "judge", str(tmp_path / "labels.jsonl"), *flags]) == 2
    assert "line 1" in capsys.readouterr().err
