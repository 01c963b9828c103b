import asyncio
from pathlib import Path

import pytest

from deepresearch.errors import UserError
from deepresearch.library import LibraryProvider
from deepresearch.synthesis.data_files import read_card, read_tasks
from deepresearch.synthesis.drawing import depth, hops, walk
from deepresearch.synthesis.graph import KnowledgeGraph
from deepresearch.synthesis.graph_route import GraphOptions, make_graph_tasks
from deepresearch.synthesis.records import SyntheticTask
from deepresearch.synthesis.triples import build_graph
from deepresearch.web.search import Query, SearchResult
from tests.synthesis.world import brute_force, triples

OPTIONS = GraphOptions(count=12, seed=3, seed_degrees=(3, 30))


def made(
    graph: KnowledgeGraph, library: LibraryProvider, out: Path, options: GraphOptions = OPTIONS
) -> list[SyntheticTask]:
    asyncio.run(make_graph_tasks(graph, library.search, out, options))
    return list(read_tasks(out))


def test_every_answer_is_the_only_one_by_a_second_implementation(
    graph: KnowledgeGraph, library: LibraryProvider, tmp_path: Path
) -> None:
    rows = [(f"e:{h}", r.replace(" ", "_"), t if t.isdigit() else f"e:{t}") for h, r, t in triples()]
    tasks = made(graph, library, tmp_path / "tasks.jsonl")
    assert len(tasks) == 12
    for task in tasks:
        pattern = task.provenance.pattern
        assert pattern is not None
        assert brute_force(pattern, rows, lambda r: r == "instance_of") == {f"e:{task.answer}"}, task.question
        assert (task.hops, task.depth) == (hops(pattern), depth(pattern))
        assert task.answer not in task.question
        assert not set(task.distractors) & {task.answer}


def test_every_fact_has_a_passage_that_names_both_ends(
    graph: KnowledgeGraph, library: LibraryProvider, tmp_path: Path
) -> None:
    for task in made(graph, library, tmp_path / "tasks.jsonl"):
        pattern = task.provenance.pattern
        assert pattern is not None and len(task.evidence) >= sum(1 for _ in walk(pattern))
        for evidence in task.evidence:
            text = f"{evidence.title} {evidence.text}".replace(",", "")
            for end in (evidence.edge[0], evidence.edge[2]):
                assert end.removeprefix("e:").replace(",", "") in text
        assert task.provenance.pages == list(dict.fromkeys(e.document for e in task.evidence))


def test_the_same_seed_gives_the_same_file_and_a_killed_or_shorter_one_is_continued(
    graph: KnowledgeGraph, library: LibraryProvider, tmp_path: Path
) -> None:
    whole, part = tmp_path / "whole.jsonl", tmp_path / "part.jsonl"
    made(graph, library, whole)
    made(graph, library, part, GraphOptions(**{**OPTIONS.__dict__, "count": 5}))
    with part.open("ab") as file:
        file.write(b'{"id": "torn')
    made(graph, library, part)
    assert part.read_bytes() == whole.read_bytes()
    cards = [read_card(path).model_dump(exclude={"file"}) for path in (whole, part)]
    assert cards[0] == cards[1]
    assert cards[0]["records"] == 12
    with pytest.raises(UserError, match="other inputs or settings"):
        made(graph, library, part, GraphOptions(seed=4))


def test_a_library_that_supports_nothing_and_a_graph_without_seeds_end_clearly(
    graph: KnowledgeGraph, library: LibraryProvider, tmp_path: Path
) -> None:
    async def nothing(query: Query) -> SearchResult:
        return SearchResult([], "nothing")

    with pytest.raises(UserError, match="no edge of the subgraph has a supporting passage"):
        asyncio.run(make_graph_tasks(graph, nothing, tmp_path / "none.jsonl", OPTIONS))
    assert not list(tmp_path.glob("none*"))
    (tmp_path / "pair.tsv").write_text("a\tr\tb\n")
    pair = build_graph([tmp_path / "pair.tsv"], tmp_path / "pair")
    with pytest.raises(UserError, match="no seed"):
        made(pair, library, tmp_path / "none.jsonl")
