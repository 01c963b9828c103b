import asyncio
import json
from pathlib import Path

import pytest

from deepresearch.cli import main
from deepresearch.synthesis.graph_pages import write_pages
from deepresearch.synthesis.triples import build_graph
from tests.cli.conftest import Command
from tests.support.search_server import SearchServer
from tests.synthesis.world import english


def test_from_a_graph_to_a_file_for_a_trainer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = str(english(tmp_path / "towns.nt"))
    data = ["--data", str(tmp_path / "data")]
    place = {name: str(tmp_path / f"{name}.jsonl") for name in ("pages", "tasks", "runs", "rated", "kept", "chat")}
    degrees = ["--seed-degrees", "3", "30"]
    assert main(["synth", "pages", graph, "--out", place["pages"], *data]) == 0
    assert main(["index", "build", "towns", place["pages"], *data]) == 0
    make = ["synth", "graph", graph, "--out", place["tasks"], "--library", "towns", "--count", "3", *degrees, *data]
    assert main(make) == 0
    assert main(make) == 0, "what is done is not made again"
    run = ["synth", "rollout", place["tasks"], "--out", place["runs"], "--library", "towns", "--teacher", "oracle"]
    assert main([*run, "--rates", place["rated"], *data]) == 0
    assert main(["synth", "filter", place["runs"], "--out", place["kept"], "--use", "correct", "citations"]) == 0
    assert main(["synth", "export", place["kept"], "--out", place["chat"], "--to", "trl"]) == 0
    capsys.readouterr()
    assert main(["synth", "show", place["tasks"], "--hidden", "--most", "1"]) == 0
    assert "Identify" in capsys.readouterr().out
    assert main(["synth", "card", place["tasks"]]) == 0
    assert json.loads(capsys.readouterr().out)["records"] == 3
    rated = [json.loads(line) for line in Path(place["rated"]).read_text().splitlines()]
    assert [task["pass_rate"] for task in rated] == [1.0, 1.0, 1.0]
    web = tmp_path / "web" / "towns.example"
    web.mkdir(parents=True)
    for number, line in enumerate(Path(place["pages"]).read_text().splitlines()):
        page = json.loads(line)
        (web / f"{number}.md").write_text(f"# {page['title']}\n\n{page['text']}\n")
    monkeypatch.setenv("DEEPRESEARCH_SEARCH_CANNED", str(web.parent))
    out = tmp_path / "web.jsonl"
    assert main(["synth", "rollout", place["tasks"], "--out", str(out), "--web", "--teacher", "one-search", *data]) == 0
    assert all(json.loads(line)["cited"] for line in out.read_text().splitlines())
    assert main(["synth", "rollout", place["tasks"], "--out", str(out), "--ray", "2", *data]) == 2
    assert "nothing to search" in capsys.readouterr().err


class Ranked(list):
    """Replies of a search service that holds pages: those that share most words with what was asked last."""

    def __init__(self, server: SearchServer, pages: Path) -> None:
        super().__init__([{}])
        self._server = server
        self._rows = [json.loads(line) for line in pages.read_text().splitlines()]

    def __getitem__(self, place: object) -> dict:
        asked = set(self._server.asked[-1].params["q"].rstrip(".").split())
        best = sorted(self._rows, key=lambda row: -len(asked & set(row["text"].replace(".", " ").split())))[:8]
        return {
            "results": [
                {"url": f"https://{n}.example/", "title": r["title"], "content": r["text"]} for n, r in enumerate(best)
            ]
        }


async def test_facts_of_a_graph_are_found_on_the_web(command: Command, tmp_path: Path) -> None:
    graph, pages, out = english(tmp_path / "towns.nt"), tmp_path / "pages.jsonl", tmp_path / "tasks.jsonl"
    write_pages(build_graph([graph], tmp_path / "graph"), pages, ["en"])
    async with SearchServer({}) as server:
        server.replies = Ranked(server, pages)
        variables = {
            "DEEPRESEARCH_SEARCH_PROVIDERS": "", "DEEPRESEARCH_SEARCH_SEARXNG_URL": server.url,
            "DEEPRESEARCH_SEARCH_INTERVAL": "0", "DEEPRESEARCH_SEARCH_CACHE_HOURS": "0",
        }  # fmt: skip
        arguments = [
            "synth",
            "graph",
            str(graph),
            "--out",
            str(out),
            "--web",
            "--count",
            "2",
            "--seed-degrees",
            "3",
            "30",
        ]
        done = await asyncio.to_thread(command, *arguments, **variables)
        assert done.returncode == 0, done.stderr
        tasks = [json.loads(line) for line in out.read_text().splitlines()]
        assert len(tasks) == 2 and server.asked
        assert all(passage["url"].endswith(".example/") for task in tasks for passage in task["evidence"])


def test_what_cannot_work_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path / "data")]
    out = ["--out", str(tmp_path / "out.jsonl")]
    (tmp_path / "bad.tsv").write_text("no triple\n")
    assert main(["synth", "graph", str(tmp_path / "bad.tsv"), *out, "--library", "x", *data]) == 2
    assert "no triple" in capsys.readouterr().err
    assert main(["synth", "graph", str(tmp_path / "gone"), *out, "--library", "x", *data]) == 2
    assert main(["synth", "walk", str(tmp_path / "gone"), *out, "--library", "x", *data]) == 2
    assert main(["synth", "rollout", str(tmp_path / "gone"), *out, *data]) == 2
    assert main(["synth", "filter", str(tmp_path / "bad.tsv"), *out]) == 2
    assert "bad.tsv:1 is not JSON" in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()
