import asyncio
import json
from pathlib import Path

import pytest

from deepresearch.errors import UserError
from deepresearch.judge.short_answer import cited_passages
from deepresearch.library import LibraryProvider
from deepresearch.models.client import ChatClient
from deepresearch.models.structured import StructuredClient
from deepresearch.settings import ModelSettings, Settings
from deepresearch.synthesis.data_files import read_card, read_records
from deepresearch.synthesis.generation import ModelStep
from deepresearch.synthesis.graph import KnowledgeGraph
from deepresearch.synthesis.graph_route import GraphOptions, make_graph_tasks
from deepresearch.synthesis.report_route import form_fault, rewrite_reports, well_formed
from deepresearch.synthesis.rollouts import RolloutOptions, roll_out
from deepresearch.synthesis.samples import tokens
from tests.support.chat_server import ChatServer, Received

GRADES = {"completeness": 4, "depth": 3, "fitness": 4, "readability": 4}


def quiet(done: int, wanted: int, what: str) -> None:
    """No progress."""


@pytest.fixture
def runs(tmp_path: Path, graph: KnowledgeGraph, library: LibraryProvider) -> Path:
    """Two oracle runs, of which the first has its report in one paragraph."""
    tasks, out, changed = tmp_path / "tasks.jsonl", tmp_path / "runs.jsonl", tmp_path / "changed.jsonl"
    options = GraphOptions(count=2, seed_degrees=(3, 30))
    asyncio.run(make_graph_tasks(graph, library.search, tasks, options))
    settings = Settings.model_validate({})
    asyncio.run(roll_out(tasks, out, [library], settings, RolloutOptions("oracle")))
    records = list(read_records(out))
    wall = " ".join(line for line in records[0]["report"].splitlines() if line and not line.startswith("#"))
    text = json.dumps(records[0]).replace(json.dumps(records[0]["report"])[1:-1], json.dumps(wall)[1:-1])
    changed.write_text(f"{text}\n{json.dumps(records[1])}\n")
    return changed


def test_the_form_of_a_report_is_seen_and_repaired_without_changing_a_word() -> None:
    sentence = "Barges carry timber on the northern rivers and salt on the southern ones \\cite{p1}. "
    wall = sentence * 14
    assert form_fault(wall) == "no heading" and form_fault(f"# A\n\n{wall}") == "a wall of text"
    assert form_fault("# A\n\n### B\n\nText.") == "headings that skip a level" and not form_fault(
        "# A\n\n## B\n\nText."
    )
    for bad in (wall, f"{sentence}\n{wall}", f"### Rivers\n{wall}"):
        good = well_formed(bad, "What do barges carry?", "en")
        assert not form_fault(good) and cited_passages(good) == {"p1"}
        kept = [line for line in good.splitlines() if not line.startswith("#")]
        plain = [line for line in bad.splitlines() if not line.startswith("#")]
        assert tokens(" ".join(kept)) == tokens(" ".join(plain))


def test_only_the_report_of_a_run_is_written_again(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "rewritten.jsonl"
    card = asyncio.run(rewrite_reports(runs, out, None, quiet))
    [made], [run, _] = read_records(out), read_records(runs)
    assert card.counts["fault"] == {"no heading": 1} and card.dropped == {"the report is well formed": 1}
    assert [message["loss"] for message in made["messages"]].count(True) == 1 and made["messages"][-1]["loss"]
    report = made["messages"][-1]["content"]
    assert report.startswith("# ") and "## Short answer" in report and run["answer"] in report
    assert cited_passages(report) == cited_passages(run["report"])
    assert any(message.get("tool_calls") for message in made["messages"]), "the research is there"


@pytest.mark.parametrize(("depth", "cite", "kept"), [(5, True, 2), (3, True, 0), (5, False, 0)])
def test_a_model_s_report_is_kept_where_it_is_deeper_and_no_less_complete(
    runs: Path, tmp_path: Path, depth: int, cite: bool, kept: int
) -> None:
    out = tmp_path / "refined.jsonl"
    records = list(read_records(runs))

    def reply(request: Received) -> dict:
        asked = request.body["messages"][1]["content"]
        if 'Write "report"' in asked:
            record = next(r for r in records if r["question"] in asked)
            cites = "".join(f"\\cite{{{key}}}" for key in sorted(cited_passages(record["report"])))
            found = f"It is {record['answer']}, as all of the passages that were read say {cites if cite else ''}."
            text = f"# Answer\n\n{found} NEW"
            return {"text": json.dumps({"report": text})}
        new_first = asked.index("NEW") < asked.index("**")
        better, worse = {**GRADES, "depth": depth}, GRADES
        first, second = (better, worse) if new_first else (worse, better)
        return {"text": json.dumps({"better": "first" if new_first else "second", "first": first, "second": second})}

    async def ask() -> None:
        async with ChatServer([reply]) as server:
            client = ChatClient(ModelSettings(name="m", base_url=server.url), "")
            try:
                await rewrite_reports(runs, out, ModelStep(StructuredClient(client)), quiet)
            finally:
                await client.close()

    if not kept:
        with pytest.raises(UserError, match="refine: not deeper" if cite else "cites nothing"):
            asyncio.run(ask())
        return
    asyncio.run(ask())
    assert [record["kind"] for record in read_records(out)] == ["refined"] * kept
    assert all(r["messages"][-1]["content"].endswith("NEW") for r in read_records(out))
    assert read_card(out).counts["model"]["usable"] == kept
