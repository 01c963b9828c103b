import asyncio
import json
from pathlib import Path

import pytest

from deepresearch.errors import UserError
from deepresearch.library import LibraryProvider
from deepresearch.settings import ModelSettings, Settings
from deepresearch.synthesis.data_files import read_card, read_records
from deepresearch.synthesis.graph import KnowledgeGraph
from deepresearch.synthesis.graph_route import GraphOptions, make_graph_tasks
from deepresearch.synthesis.rollouts import RolloutOptions, add_pass_rates, roll_out
from tests.support.chat_server import ChatServer


@pytest.fixture
def tasks(graph: KnowledgeGraph, library: LibraryProvider, tmp_path: Path) -> Path:
    options = GraphOptions(count=6, seed=3, seed_degrees=(3, 30))
    asyncio.run(make_graph_tasks(graph, library.search, tmp_path / "tasks.jsonl", options))
    return tmp_path / "tasks.jsonl"


def rolled(tasks: Path, library: LibraryProvider, policy: str, tries: int = 1) -> list[dict]:
    out = tasks.with_name(f"{policy}.jsonl")
    options = RolloutOptions(policy=policy, tries=tries, at_once=4, library="towns")
    asyncio.run(roll_out(tasks, out, [library], Settings(), options))
    return list(read_records(out))


def test_the_oracle_works_with_the_real_tools_and_cites_what_it_was_shown(
    tasks: Path, library: LibraryProvider
) -> None:
    found = rolled(tasks, library, "oracle")
    assert len(found) == 6
    for record in found:
        assert record["correct"] and record["cited"] and record["state"] == "finished" and record["errors"] == 0
        kinds = [event["type"] for event in record["events"]]
        assert kinds[0] == "run.started" and kinds[-1] == "run.finished" and "observation" in kinds
        shown = {p["id"] for e in record["events"] for p in e.get("passages", [])}
        assert all(part in shown for part in record["report"].split("\\cite{")[1:] for part in [part.split("}")[0]])


def test_one_search_and_the_extractive_policy_run_in_the_same_loop(tasks: Path, library: LibraryProvider) -> None:
    once, read = rolled(tasks, library, "one-search"), rolled(tasks, library, "extractive")
    assert [r["calls"] for r in once] == [1] * 6
    assert all(r["calls"] > 1 and r["state"] == "finished" for r in read)
    rated = tasks.with_name("rated.jsonl")
    add_pass_rates(tasks, tasks.with_name("one-search.jsonl"), rated)
    rates = [task["pass_rate"] for task in read_records(rated)]
    assert rates == [float(next(r["correct"] for r in once if r["task"] == t["id"])) for t in read_records(rated)]
    assert len(rates) == 6 and sum(rates) < 6


def test_a_killed_batch_is_continued_where_it_was(tasks: Path, library: LibraryProvider) -> None:
    whole = rolled(tasks, library, "oracle", tries=2)
    out = tasks.with_name("oracle.jsonl")
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:5]) + lines[5][:100])  # killed while it wrote
    again = rolled(tasks, library, "oracle", tries=2)

    def core(records: list[dict]) -> list[tuple]:
        return sorted((r["task"], r["attempt"], r["report"], r["turns"]) for r in records)

    assert core(again) == core(whole)
    assert [json.dumps(r) for r in again[:5]] == [json.dumps(json.loads(line)) for line in lines[:5]]
    assert read_card(out).records == 12


def test_nothing_to_do_is_an_error(tmp_path: Path, library: LibraryProvider) -> None:
    (tmp_path / "none.jsonl").write_text("")
    with pytest.raises(UserError, match="has no tasks"):
        rolled(tmp_path / "none.jsonl", library, "oracle")


async def test_a_served_model_is_a_teacher_too(tasks: Path, library: LibraryProvider) -> None:
    search = {"name": "batch_web_surfer", "arguments": {"action": "batch_search", "queries": ["Arlen borders"]}}
    script = [{"text": "1. Search."}, {"calls": [search]}, {"text": "## Short answer\n\nNowhere, it seems."}]
    async with ChatServer(script, by_turn=True) as server:
        settings = Settings(policy="chat", model=ModelSettings(name="m", base_url=server.url))
        out = tasks.with_name("chat.jsonl")
        options = RolloutOptions(policy="chat", at_once=3, library="towns")
        await roll_out(tasks, out, [library], settings, options)
    found = list(read_records(out))
    assert len(found) == 6
    assert all(r["calls"] == 1 and not r["correct"] and not r["cited"] and r["tokens"] > 0 for r in found)
    assert not any("api_key" in json.dumps(r) for r in found)
