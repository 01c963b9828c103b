"""What the commands of `synth` read and report."""

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from .options import Data, EndpointFlags, Limits
from .terminal import put, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..settings import Settings
    from ..synthesis.evidence import Search
    from ..synthesis.graph import KnowledgeGraph
    from ..synthesis.pages import PageStore
    from ..synthesis.records import DataCard, SourceFile
    from ..web.search import SearchProvider

Out = Annotated[Path, Parameter(help="File that is written; its data card is beside it.")]
Seed = Annotated[int, Parameter(help="The same seed gives the same records.")]
Count = Annotated[int, Parameter(help="Records wanted.")]
AtOnce = Annotated[int, Parameter(help="Runs in progress at the same time.")]
Licence = Annotated[str, Parameter(help="Of the source, for the card; by default that of a SOURCE.txt beside it.")]
Libraries = Annotated[
    list[str] | None, Parameter(consume_multiple=True, negative="", help="Libraries that are searched.")
]


def teaching_settings(
    teacher: str,
    data: Data | None,
    endpoint: EndpointFlags | None = None,
    limits: Limits | None = None,
    web: bool = False,
) -> "Settings":
    """Settings for the runs of a teacher; of those that are policies of `run` too, that policy."""
    from ..settings import Settings

    own = {"policy": teacher if teacher in ("extractive", "chat") else None, "search.web": web or None}
    flags = [group.flags() for group in (data, endpoint, limits) if group]
    return Settings.load({key: value for group in [*flags, own] for key, value in group.items()})


def open_graph(
    paths: list[Path], form: str, licence: str, settings: "Settings"
) -> "tuple[KnowledgeGraph, list[SourceFile]]":
    """The graph of these sources, built in the data folder where it is not there yet."""
    from ..synthesis.data_files import source_of
    from ..synthesis.graph import KnowledgeGraph
    from ..synthesis.triples import build_graph

    files = [source_of(path, licence) for path in paths]
    folder = settings.data_folder() / "graphs" / "-".join(file.sha256[:12] for file in files)
    if (folder / "graph.json").exists():
        known = KnowledgeGraph(folder)
    else:
        say(f"Reading {', '.join(str(path) for path in paths)}")
        known = build_graph(paths, folder, form, [file.model_dump() for file in files])
    say(f"{known.entities:,} entities, {known.triples:,} triples; {known.about['problem_count']:,} lines left out")
    for problem in known.about["problems"][:3]:
        say(f"  {problem}")
    return known, files


def is_hyperlinked(source: Path) -> bool:
    if source.is_dir():
        return any(file.suffix in (".html", ".htm", ".md") for file in source.rglob("*"))
    return ".xml" in source.suffixes or not source.exists()


def open_pages(source: Path, licence: str, settings: "Settings") -> "tuple[PageStore, list[SourceFile]]":
    """The pages of a source, read into the data folder where they are not there yet."""
    from ..synthesis.data_files import source_of
    from ..synthesis.page_readers import read_pages
    from ..synthesis.pages import FORMAT
    from ..synthesis.source_reports import checked_source

    folder = settings.data_folder()
    file = source_of(checked_source(source, folder), licence)
    place = folder / "linked-pages" / f"{file.sha256[:16]}-{FORMAT}.sqlite"
    store = read_pages(source, place, None if source.exists() else folder)
    say(f"{len(store):,} pages; {store.problem_count:,} left out")
    for problem in store.problems[:3]:
        say(f"  {problem}")
    return store, [file]


@contextmanager
def open_providers(settings: "Settings", libraries: list[str] | None) -> "Iterator[list[SearchProvider]]":
    from ..agent.control import Handlers
    from ..agent.sources import open_sources
    from ..errors import UserError
    from ..trajectory import Task
    from ..web.search import SearchProvider

    if not (libraries or settings.search.web):
        raise UserError("There is nothing to search.", "Name a library: --library NAME.")
    sources = open_sources(settings, Task(question="", libraries=libraries or []), Handlers())
    try:
        yield [source for source in sources.all if isinstance(source, SearchProvider)]
    finally:
        sources.abandon()


@contextmanager
def search_all(settings: "Settings", libraries: list[str] | None) -> "Iterator[Search]":
    """What asks every provider and puts their passages one behind the other."""
    from ..web.search import Query, SearchResult

    with open_providers(settings, libraries) as providers:

        async def search(query: Query) -> SearchResult:
            found = [await provider.search(query) for provider in providers]
            return SearchResult([hit for result in found for hit in result.hits], "all")

        yield search


def progress_lines() -> "Callable[[int, int, str], None]":
    return lambda done, wanted, what: say(f"{done:,} of {wanted:,} ({what})")


def put_card(card: "DataCard", out: Path) -> int:
    put(f"{card.records:,} records in {out}")
    for name, counts in card.counts.items():
        put(f"  {name}: " + ", ".join(f"{key} {count:,}" for key, count in counts.items()))
    if card.dropped:
        put("  left out: " + ", ".join(f"{key} {count:,}" for key, count in card.dropped.items()))
    return 0
