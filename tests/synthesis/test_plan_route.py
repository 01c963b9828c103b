import asyncio
import copy
import json
from pathlib import Path

import pytest

from deepresearch.cli import main
from deepresearch.errors import UserError
from deepresearch.library import Library
from deepresearch.models.client import ChatClient
from deepresearch.models.structured import StructuredClient
from deepresearch.settings import ModelSettings, Settings
from deepresearch.synthesis.data_files import Card, read_card, read_records, read_tasks
from deepresearch.synthesis.generation import ModelStep
from deepresearch.synthesis.plan_route import alignment, follow_plans, is_purpose, make_plan_tasks, plan_task
from deepresearch.synthesis.rollouts import RolloutOptions
from deepresearch.synthesis.source_reports import plain_heading, read_reports
from tests.support.chat_server import ChatServer
from tests.synthesis.world import library_of

RIVERS = """# Rivers of the North

## Executive Summary

This report examines how northern rivers are used and protected. It was found that 40% of them are dammed.

## 1. Shipping on the Rivers

### 1.1 Barges

Barges carry timber on northern rivers. Most barges are built of steel.

### Cargo of 12 million tonnes

Timber is the main cargo of the rivers.

## 2. Fish Migration

Salmon migrate up the northern rivers in autumn.

## 3. Dam Construction

Dams on northern rivers store water for electricity.

## References

- A book.
"""
LAKES = RIVERS.replace("Rivers", "Lakes").replace("rivers", "lakes").replace("Fish Migration", "Winter Ice")
CHINESE = """# 北方河流研究

## 摘要

本报告探讨北方河流的利用与保护。结果表明百分之四十的河流建有水坝。

## 一、河流航运

北方的河流用驳船运送木材。

## 二、鱼类洄游

鲑鱼在秋天沿北方的河流洄游。

## 三、水坝建设

北方河流上的水坝蓄水发电。
"""


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    folder.mkdir()
    for name, text in {"a": RIVERS, "b": LAKES, "c": CHINESE, "d": "# Short\n\nOne paragraph.", "e": RIVERS}.items():
        (folder / f"{name}.md").write_text(text)
    (folder / "f.html").write_text("<h1>Woods</h1>" + "".join(f"<h2>Tree {n}</h2><p>It is a tree.</p>" for n in "abc"))
    return folder


def quiet(done: int, wanted: int, what: str) -> None:
    """No progress."""


def made(reports: Path, out: Path) -> Path:
    asyncio.run(make_plan_tasks(reports, out.parent, out, quiet))
    return out


def test_a_report_gives_its_task_without_results_and_its_structure_as_plan(reports: Path, tmp_path: Path) -> None:
    out = made(reports, tmp_path / "tasks.jsonl")
    rivers, _, chinese, woods = read_tasks(out)
    assert rivers.question == (
        "Write a research report on the following subject: Rivers of the North. "
        "This report examines how northern rivers are used and protected."
    )
    assert rivers.plan == [
        "Find sources on Shipping on the Rivers (among them: Barges)",
        "Find sources on Fish Migration",
        "Find sources on Dam Construction",
    ]
    assert chinese.question == "请就以下主题撰写一份研究报告：北方河流研究。本报告探讨北方河流的利用与保护。"
    assert chinese.plan[0] == "查找关于“河流航运”的资料" and chinese.language == "zh"
    assert woods.plan == [f"Find sources on Tree {n}" for n in "abc"]
    dropped = read_card(out).dropped
    assert dropped == {"no title, or fewer than three sections": 1, "it is there already": 1}


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("This paper compares two models.", True),
        ("This paper shows that the first model is better.", False),
        ("This report covers 12 countries.", False),
        ("This report covers the following:", False),
        ("Rivers are long.", False),
        ("本文旨在分析河流的变化。", True),
        ("本文研究发现河流变短。", False),
    ],
)
def test_purpose_is_distinguished(sentence: str, wanted: bool) -> None:
    assert is_purpose(sentence) == wanted


@pytest.mark.parametrize(
    ("heading", "plain"),
    [
        ("**1.2 Fish**", "Fish"),
        ("IV. Dams", "Dams"),
        ("第三章 水坝", "水坝"),
        ("（一）河流", "河流"),
        ("2024 in review", "2024 in review"),
    ],
)
def test_headings_lose_number_and_markup(heading: str, plain: str) -> None:
    assert plain_heading(heading) == plain


def test_a_library_is_read_by_its_headings(reports: Path, tmp_path: Path) -> None:
    library = Library.open(tmp_path, "rivers")
    library.add([reports])
    library.close()
    found = [r for r in read_reports(Path("rivers"), tmp_path, Card(tmp_path / "x", "planning", None)) if r["sections"]]
    whole = next(r for r in found if r["title"] == "Rivers of the North")
    assert plan_task(whole).plan[1:] == ["Find sources on Fish Migration", "Find sources on Dam Construction"]


def test_runs_that_follow_the_plan_are_kept(reports: Path, tmp_path: Path) -> None:
    tasks = made(reports, tmp_path / "tasks.jsonl")
    library = library_of(tmp_path, "rivers", reports)
    options = RolloutOptions("follower", 1, 2, "rivers")
    out = tmp_path / "runs.jsonl"
    work = follow_plans(tasks, out, [library], Settings(), options, 0.7, quiet)
    asyncio.run(work)
    first, *rest = list(read_records(out))
    plan = next(read_tasks(tasks)).plan
    assert first["alignment"] == alignment(plan, first) >= 0.9 and len(rest) == 3
    assert "\\cite{" in first["report"] and "## Fish Migration" in first["report"]
    assert read_card(out).counts["alignment"] == {"0.9-1.0": 4}
    half = copy.deepcopy(first)
    for turn in [e for e in half["events"] if e["type"] == "turn" and e.get("calls")][1:]:
        turn["calls"] = []
    assert alignment(plan, half) < 0.5
    assert alignment(["Find sources on Medieval Poetry", "Find sources on Chess Openings"], first) < 0.3
    assert alignment([plan[0]] * 3, half) < 0.5  # one step serves one item


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("Our town council votes on a new harbour in spring: how are the rivers of the north used and protected?", ""),
        ("Why are 40 per cent of the northern rivers dammed?", "states a figure"),
        ("Tell me of shipping on the rivers, fish migration and dam construction.", "gives the plan away"),
        ("I need a comprehensive overview of the latest research on the rivers of the north.", "nothing in particular"),
        ("Our town council votes on a new railway in spring: which stations are worth it?", "about something else"),
        ("Rivers?", "no usable reply"),
    ],
)
async def test_a_model_words_the_task_without_results(reports: Path, tmp_path: Path, query: str, reason: str) -> None:
    out = tmp_path / "tasks.jsonl"
    async with ChatServer([{"text": json.dumps({"query": query})}]) as server:
        client = ChatClient(ModelSettings(name="m", base_url=server.url), "")
        work = make_plan_tasks(reports / "a.md", tmp_path, out, quiet, ModelStep(StructuredClient(client)))
        if reason:
            with pytest.raises(UserError, match=reason):
                await work
        else:
            await work
            [task] = read_tasks(out)
            assert task.question == query and task.provenance.notes["plain"].startswith("Write a research report")
        await client.close()


def test_what_gives_nothing_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.md").write_text("# One\n\nText.")
    with pytest.raises(UserError, match="no title, or fewer than three sections"):
        made(tmp_path / "one.md", tmp_path / "tasks.jsonl")
    command = ["synth", "plan", str(tmp_path / "none"), "--out", str(tmp_path / "t.jsonl"), "--data", str(tmp_path)]
    assert main(command) != 0
    assert "no library has that name" in capsys.readouterr().err
    assert not (tmp_path / "t.jsonl").exists()
