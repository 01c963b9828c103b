import asyncio
from pathlib import Path
from typing import Any

import pytest

from deepresearch.errors import UserError
from deepresearch.library import LibraryProvider
from deepresearch.settings import Settings
from deepresearch.synthesis.data_files import read_records
from deepresearch.synthesis.distributed import roll_out_on_ray
from deepresearch.synthesis.graph import KnowledgeGraph
from deepresearch.synthesis.graph_route import GraphOptions, make_graph_tasks
from deepresearch.synthesis.rollouts import RolloutOptions, roll_out


def core(path: Path) -> list[Any]:
    return sorted((r["task"], r["attempt"], r["report"], r["turns"], r["correct"]) for r in read_records(path))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_two_ray_workers_give_what_one_process_gives(
    graph: KnowledgeGraph, library: LibraryProvider, tmp_path: Path
) -> None:
    ray = pytest.importorskip("ray")
    tasks = tmp_path / "tasks.jsonl"
    asyncio.run(make_graph_tasks(graph, library.search, tasks, GraphOptions(count=6, seed=3, seed_degrees=(3, 30))))
    options = RolloutOptions(policy="oracle", tries=2, library="towns")
    asyncio.run(roll_out(tasks, tmp_path / "one.jsonl", [library], Settings(), options))
    ray.init(num_cpus=2, include_dashboard=False, configure_logging=False)
    try:
        settings = Settings.load({"store.folder": str(tmp_path)})
        roll_out_on_ray(tasks, tmp_path / "two.jsonl", settings, options, 2)
    finally:
        ray.shutdown()
    assert core(tmp_path / "two.jsonl") == core(tmp_path / "one.jsonl")
    assert len(core(tmp_path / "two.jsonl")) == 12


def test_without_ray_the_hint_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ray", "ray.data"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(UserError, match="ray is not installed"):
        roll_out_on_ray(tmp_path / "t", tmp_path / "o", Settings(), RolloutOptions(), 2)
