"""Uniqueness of the answers of graph tasks by a second implementation: SQL in DuckDB over the triples.

    python -m benchmarks.synthesis_uniqueness GRAPH_FOLDER TASKS.jsonl

Shares with the first one only the files of the graph, and the table that says which relations are transitive. Exit
code 1 if a task has not exactly its answer as solution.
"""

import sys
from pathlib import Path

import duckdb

from deepresearch.synthesis.data_files import read_tasks
from deepresearch.synthesis.graph import KnowledgeGraph
from deepresearch.synthesis.records import Clue, Pattern
from deepresearch.synthesis.relations import wording

CLASSES = ("instance of", "P31", "_hypernym", "_verb_hypernym", "_instance_hypernym", "instance_of")


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
    transitive = [r for r in graph.relations if wording(r, graph.relation_labels.get(r, "")).transitive]
    listed = ", ".join(map(_text, transitive)) or "''"
    db.execute(
        "create table far as with recursive far(h, r, t) as (select * from triple union "
        f"select far.h, far.r, n.t from far join triple n on n.h = far.t and n.r = far.r where far.r in ({listed})) "
        "select * from far"
    )
    classes = ", ".join(map(_text, CLASSES))
    db.execute(
        f"create table kind as with recursive kind(h, t) as (select h, t from triple where r in ({classes}) union "
        f"select kind.h, n.t from kind join triple n on n.h = kind.t and n.r in ({classes}) and n.r in ({listed})) "
        "select * from kind"
    )
    return db


def sql(pattern: Pattern) -> str:
    """A query for the keys of all entities that fit."""
    if pattern.name:
        return f"select {_text(pattern.entity)} as e"
    everything = "select h as e from triple union select t from triple union select e from number"
    where = [_condition(clue) for clue in pattern.clues if not clue.rank]
    if pattern.kind:
        where.append(f"e in (select h from kind where t = {_text(pattern.kind)})")
    found = f"select distinct e from ({everything}) where {' and '.join(where) or 'true'}"
    for clue in pattern.clues:
        if clue.rank:
            order = "desc" if clue.rank > 0 else "asc"
            found = (
                f"select e from (select f.e, row_number() over (order by n.v {order}) as place from ({found}) f "
                f"join number n on n.e = f.e and n.r = {_text(clue.relation)}) where place = {abs(clue.rank)}"
            )
    return found


def _condition(clue: Clue) -> str:
    relation = _text(clue.relation)
    if clue.value is None:
        return f"e in (select e from number where r = {relation} and v between {clue.low} and {clue.high})"
    inner = sql(clue.value)
    own, other = ("h", "t") if clue.forward else ("t", "h")
    return f"e in (select {own} from far where r = {relation} and {other} in (select e from ({inner})))"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def main() -> int:
    folder, tasks = map(Path, sys.argv[1:3])
    graph = KnowledgeGraph(folder)
    db = load(graph)
    checked, wrong = 0, 0
    for task in read_tasks(tasks):
        pattern = task.provenance.pattern
        if pattern is None:
            continue
        checked += 1
        found = [row[0] for row in db.execute(sql(pattern)).fetchall()]
        if found != [pattern.entity]:
            wrong += 1
            print(f"{task.id}: {task.question} -> {found[:5]}, not only {pattern.entity}")
    print(f"{checked} tasks checked, {wrong} without exactly their answer")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
