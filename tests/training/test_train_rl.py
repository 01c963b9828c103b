"""The commands, over a real library of a few documents."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from deepresearch.cli import main
from deepresearch.settings import Settings
from deepresearch.training.checkpoints import load_checkpoint, save_checkpoint
from deepresearch.training.curves import read_points
from deepresearch.training.ppo_trainer import PPOTrainer
from tests.training.world import FACTS, TASK, tiny_dialect, tiny_model


def test_a_policy_is_trained_exported_and_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[str] = []

    class Watched(PPOTrainer):
        def __init__(self, checkpoint: Any, tasks: Any, sources: Any, settings: Settings, *more: Any) -> None:
            plans.append(settings.plan)
            super().__init__(checkpoint, tasks, sources, settings, *more)

    monkeypatch.setattr("deepresearch.training.ppo_trainer.PPOTrainer", Watched)
    data, docs = ["--data", str(tmp_path / "data")], tmp_path / "docs"
    docs.mkdir()
    for title, text in FACTS.items():
        (docs / f"{title}.md").write_text(f"# {title}\n\n{text}\n")
    assert main(["index", "build", "facts", str(docs), *data]) == 0
    dialect = tiny_dialect()
    save_checkpoint(tmp_path / "begin", tiny_model(), dialect.tokenizer, dialect)
    (tmp_path / "tasks.jsonl").write_text(TASK.model_dump_json() + "\n")
    trained = tmp_path / "trained"
    command = ["train", "ppo", str(tmp_path / "begin"), str(tmp_path / "tasks.jsonl"), "--out", str(trained)]
    sizes = ["--tasks-per-update", "2", "--critic-warmup", "0", "--longest-turn", "8", "--max-turns", "3"]
    assert main([*command, "--library", "facts", "--updates", "1", *sizes, *data]) == 0
    said = capsys.readouterr()
    assert "update 1 of 1: reward 0.000" in said.err
    assert "reward 0.000, right 0.000" in said.out
    [point] = read_points(trained / "curve.jsonl")
    assert point["episodes"] == 2
    resumed = [*command, "--library", "facts", "--updates", "1", *sizes, *data]  # nothing is left to do
    assert main([*resumed, "--plan", "off"]) == 0
    assert plans == ["show", "off"], "as `run` and `synth rollout` have it, unless another is asked for"
    capsys.readouterr()
    assert main(["train", "export", str(trained / "model"), "--out", str(tmp_path / "served")]) == 0
    served = load_checkpoint(tmp_path / "served")
    assert str(served.model.config.dtype) == "torch.float32", "as it was asked to be loaded"
    assert served.tokenizer.eos_token == "<|end|>"
    messages = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "<|search|>x"}]
    assert served.tokenizer.apply_chat_template(messages, tokenize=False) == "<|question|>Who?<|search|>x<|end|>"
    config = json.loads((tmp_path / "served" / "generation_config.json").read_text())
    assert config["eos_token_id"] == sorted(dialect.stop_ids)
    run = ["run", TASK.question, "--docs", str(docs), "--policy", "local", "--checkpoint", str(tmp_path / "served")]
    capsys.readouterr()
    main([*run, "--json", "--max-turns", "3", *data])  # random weights find nothing
    record = json.loads(capsys.readouterr().out)
    turns = [event for event in record["events"] if event["type"] == "turn"]
    assert turns
    assert all(turn["model"] == "local" and turn["sample"]["completion_ids"] for turn in turns)


def test_what_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "export", str(tmp_path), "--out", str(tmp_path / "x"), "--gguf", "x.gguf"]) == 2
    assert "--converter" in capsys.readouterr().err
    assert main(["run", "Who?", "--policy", "local", "--data", str(tmp_path)]) == 2
    assert "--checkpoint DIR" in capsys.readouterr().err
