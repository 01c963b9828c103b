"""Uniqueness of the answers of graph tasks by a second implementation: SQL in DuckDB over the triples.

    python -m benchmarks.synthesis_uniqueness GRAPH_FOLDER TASKS.jsonl

Shares with the first one only the files of the graph. Exit code 1 if a task has not exactly its answer as solution.
"""

import sys
from pathlib import Path

import duckdb

from deepresearch.synthesis.data_files import read_tasks
from deepresearch.synthesis.graph import KnowledgeGraph
from deepresearch.synthesis.records import Clue, Pattern


def load(graph: KnowledgeGraph) -> duckdb.DuckDBPyConnection:
    """Tables triple(h, r, t) and number(e, r, v) with the keys of the source."""
    db = duckdb.connect()
    db.execute("create table triple (h varchar, r varchar, t varchar)")
    db.execute("create table number (e varchar, r varchar, v double)")
    keys = [graph.key(entity) for entity in range(graph.entities)]
    rows, values = [], []
    for entity, key in enumerate(keys):
        relations, others = graph.edges(entity, True)
        rows += [(key, graph.relations[r], keys[o]) for r, o in zip(relations.tolist(), others.tolist(), strict=True)]
        values += [(key, graph.relations[r], v) for r in graph.numeric if (v := graph.number(entity, r)) is not None]
    import pyarrow as pa

    triples = pa.Table.from_pylist([{"h": h, "r": r, "t": t} for h, r, t in rows])  # noqa: F841  read by DuckDB
    db.execute("insert into triple select * from triples")
    if values:
        numbers = pa.Table.from_pylist([{"e": e, "r": r, "v": v} for e, r, v in values])  # noqa: F841
        db.execute("insert into number select * from numbers")
    return db


def sql(pattern: Pattern, classes: list[str]) -> str:
    """A query for the keys of all entities that fit."""
    if pattern.name:
        return f"select {_text(pattern.entity)} as e"
    everything = "select h as e from triple union select t from triple union select e from number"
    where = [_condition(clue, classes) for clue in pattern.clues if not clue.rank]
    if pattern.kind:
        listed = ", ".join(map(_text, classes))
        where.append(f"e in (select h from triple where r in ({listed}) and t = {_text(pattern.kind)})")
    found = f"select distinct e from ({everything}) where {' and '.join(where) or 'true'}"
    for clue in pattern.clues:
        if clue.rank:
            order = "desc" if clue.rank > 0 else "asc"
            found = (
                f"select e from (select f.e, row_number() over (order by n.v {order}) as place from ({found}) f "
                f"join number n on n.e = f.e and n.r = {_text(clue.relation)}) where place = {abs(clue.rank)}"
            )
    return found


def _condition(clue: Clue, classes: list[str]) -> str:
    relation = _text(clue.relation)
    if clue.value is None:
        return f"e in (select e from number where r = {relation} and v between {clue.low} and {clue.high})"
    inner = sql(clue.value, classes)
    own, other = ("h", "t") if clue.forward else ("t", "h")
    return f"e in (select {own} from triple where r = {relation} and {other} in (select e from ({inner})))"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def main() -> int:
    folder, tasks = map(Path, sys.argv[1:3])
    graph = KnowledgeGraph(folder)
    db = load(graph)
    classes = [
        r for r in graph.relations if r in ("instance of", "P31", "_hypernym", "_instance_hypernym", "instance_of")
    ]
    checked, wrong = 0, 0
    for task in read_tasks(tasks):
        pattern = task.provenance.pattern
        if pattern is None:
            continue
        checked += 1
        found = [row[0] for row in db.execute(sql(pattern, classes)).fetchall()]
        if found != [pattern.entity]:
            wrong += 1
            print(f"{task.id}: {task.question} -> {found[:5]}, not only {pattern.entity}")
    print(f"{checked} tasks checked, {wrong} without exactly their answer")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
