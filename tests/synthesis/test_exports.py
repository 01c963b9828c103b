import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from deepresearch.errors import ExportError
from deepresearch.library import LibraryProvider
from deepresearch.settings import Settings
from deepresearch.synthesis.data_files import read_records
from deepresearch.synthesis.exports import EXPORTS, export_file
from deepresearch.synthesis.graph import KnowledgeGraph
from deepresearch.synthesis.graph_route import GraphOptions, make_graph_tasks
from deepresearch.synthesis.rollouts import RolloutOptions, roll_out


@pytest.fixture
def files(graph: KnowledgeGraph, library: LibraryProvider, tmp_path: Path) -> tuple[Path, Path]:
    tasks, out = tmp_path / "tasks.jsonl", tmp_path / "rollouts.jsonl"
    asyncio.run(make_graph_tasks(graph, library.search, tasks, GraphOptions(count=2, seed=3, seed_degrees=(3, 30))))
    options = RolloutOptions(policy="oracle", library="towns")
    asyncio.run(roll_out(tasks, out, [library], Settings(), options))
    return tasks, out


def exported(source: Path, form: str, ending: str = ".jsonl") -> list[dict[str, Any]]:
    out = source.with_name(f"{form}{ending}")
    export_file(source, out, form)
    return list(read_records(out))


def test_loss_is_on_the_policy_alone_in_every_form(files: tuple[Path, Path]) -> None:
    _, rollouts = files
    for sample in exported(rollouts, "chat"):
        assert {m["role"] for m in sample["messages"] if m["loss"]} == {"assistant"}
        assert sample["messages"][0]["role"] == "system" and sample["tools"]
    for sample in exported(rollouts, "trl"):
        assert sample["prompt"][-1]["role"] == "user" and sample["completion"][0]["role"] == "assistant"
        assert not any("loss" in message for message in sample["prompt"] + sample["completion"])
    for sample in exported(rollouts, "sharegpt"):
        assert {t["from"] for t in sample["conversations"] if t["loss"]} == {"gpt", "function_call"}
        assert json.loads(sample["tools"])
    for sample in exported(rollouts, "verl"):
        assert len(sample["loss"]) == len(sample["messages"])


def test_tasks_become_prompts_with_their_ground_truth(files: tuple[Path, Path]) -> None:
    rows = exported(files[0], "verl")
    assert [row["data_source"] for row in rows] == ["step-deepresearch/graph"] * 2
    assert all(row["reward_model"]["ground_truth"][0] not in row["prompt"][0]["content"] for row in rows)
    with pytest.raises(ExportError, match="for rollouts"):
        exported(files[0], "chat")


def test_ids_are_those_that_were_sampled(files: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no sample"):
        exported(files[1], "ids")
    record = next(iter(read_records(files[1])))
    turn = next(event for event in record["events"] if event["type"] == "turn")
    turn["sample"] = {"prompt_ids": [5, 6, 7], "completion_ids": [8, 9], "logprobs": [-0.5, -0.25]}
    (tmp_path / "sampled.jsonl").write_text(json.dumps(record) + "\n")
    [row] = exported(tmp_path / "sampled.jsonl", "ids")
    assert (row["input_ids"], row["loss_mask"]) == ([5, 6, 7, 8, 9], [0, 0, 0, 1, 1])
    assert row["logprobs"] == [0.0, 0.0, 0.0, -0.5, -0.25]


@pytest.mark.parametrize("form", [name for name in EXPORTS.names() if name != "ids"])
def test_parquet_holds_the_same(files: tuple[Path, Path], form: str) -> None:
    assert exported(files[1], form, ".parquet") == exported(files[1], form)
