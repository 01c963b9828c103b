"""A small made-up graph with pages that state its facts, and a second, independent solver of patterns."""

from collections.abc import Callable
from pathlib import Path

import pytest

from deepresearch.library import Library, LibraryProvider
from deepresearch.synthesis.graph import KnowledgeGraph
from deepresearch.synthesis.graph_pages import write_pages
from deepresearch.synthesis.records import Pattern
from deepresearch.synthesis.triples import build_graph

TOWNS = ["Arlen", "Brosk", "Celm", "Dorfel", "Estin", "Fargo", "Gimble", "Hosk", "Ilmen", "Jarrow", "Kelso", "Lunt"]
RIVERS = ["Moss", "Nire", "Oker", "Prosna"]


def triples() -> list[tuple[str, str, str]]:
    """Twelve towns on four rivers, in a ring of neighbours, twinned and with makers."""
    rows = []
    for i, town in enumerate(TOWNS):
        rows += [
            (town, "instance of", "town"),
            (town, "borders", TOWNS[(i + 1) % 12]),
            (town, "river", RIVERS[i % 4]),
            (town, "twin town", TOWNS[(i * 5 + 3) % 12]),
            (town, "population", str(1000 + 731 * i)),
        ]
    return [*rows, *((river, "instance of", "river") for river in RIVERS)]


def write_triples(path: Path) -> Path:
    path.write_text("".join("\t".join(row) + "\n" for row in triples()))
    return path


def english(path: Path) -> Path:
    """The graph as N-Triples, with names in English and Chinese."""
    rows, names = [], set()
    for head, relation, tail in triples():
        value = f'"{tail}"' if tail.isdigit() else f"<e:{tail}>"
        rows.append(f"<e:{head}> <{relation.replace(' ', '_')}> {value} .")
        names |= {head} | (set() if tail.isdigit() else {tail})
    label = "http://www.w3.org/2000/01/rdf-schema#label"
    rows += [f'<e:{name}> <{label}> "{name}"@en .' for name in sorted(names)]
    path.write_text("\n".join(rows) + "\n")
    return path


OPENED: list[Library] = []
"""Libraries of the test in progress; conftest.py closes them."""


def library_of(folder: Path, name: str, *paths: Path) -> LibraryProvider:
    """A library of the documents, closed at the end of the test."""
    library = Library.open(folder, name)
    OPENED.append(library)
    library.add(list(paths))
    return LibraryProvider(library)


@pytest.fixture
def graph(tmp_path: Path) -> KnowledgeGraph:
    return build_graph([english(tmp_path / "towns.nt")], tmp_path / "graph")


@pytest.fixture
def library(tmp_path: Path, graph: KnowledgeGraph) -> LibraryProvider:
    write_pages(graph, tmp_path / "pages.jsonl", ["en"])
    return library_of(tmp_path, "towns", tmp_path / "pages.jsonl")


def brute_force(pattern: Pattern, rows: list[tuple[str, str, str]], is_class: Callable[[str], bool]) -> set[str]:
    """Every entity that fits, found by trying them all; shares no code with the solver that it checks."""
    if pattern.name:
        return {pattern.entity}
    edges = {row for row in rows if not _is_number(row[2])}
    numbers = {(h, r): float(t) for h, r, t in rows if _is_number(t)}
    everything = {e for h, _, t in edges for e in (h, t)} | {h for h, _ in numbers}
    fitting = everything
    if pattern.kind:
        fitting = {
            e for e in fitting if any((e, r, pattern.kind) in edges for r in {r for _, r, _ in edges if is_class(r)})
        }
    for clue in (c for c in pattern.clues if not c.rank):
        if clue.value is None:
            fitting = {e for e in fitting if clue.low <= numbers.get((e, clue.relation), float("nan")) <= clue.high}
            continue
        ends = brute_force(clue.value, rows, is_class)
        if clue.forward:
            fitting = {e for e in fitting if any((e, clue.relation, end) in edges for end in ends)}
        else:
            fitting = {e for e in fitting if any((end, clue.relation, e) in edges for end in ends)}
    for clue in (c for c in pattern.clues if c.rank):
        order = sorted(fitting, key=lambda e: numbers[e, clue.relation], reverse=True)
        fitting = {order[clue.rank - 1 if clue.rank > 0 else clue.rank]}
    return fitting


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
