"""Multi-hop research without a model: does the extractive policy gather every document that an answer needs?

Run: python -m benchmarks.multihop [-v] [COLLECTION ...]      (data: $DEEPRESEARCH_SHARED/data, default ../shared/data)

perfect@8 is the share of questions whose gold documents are all among the first eight documents that a run is shown;
"opened", in the web, that of those whose gold pages were all opened. Beside it stands one search for the question as
it is, in the same place. Each collection is searched as a library, whose hits are whole paragraphs, and as a small web,
whose hits are excerpts of at most EXCERPT characters, one a page. The run is the real one: loop, view, budgets, tools,
a journal in memory, default settings.

"2wiki-untitled" is 2wiki without the titles of its documents; "2wiki-en" and "2wiki-zh" are its questions in other
words and in Chinese (reworded_2wiki.jsonl, written by hand from the questions alone, before the policy was changed for
them); "zh-hops" are Chinese questions over Chinese documents (chinese_hops.py).
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from deepresearch.agent.loop import Run
from deepresearch.derived import find, registered
from deepresearch.extractive import ExtractivePolicy
from deepresearch.library import Library, LibraryProvider
from deepresearch.library.pages import read_page
from deepresearch.settings import Settings
from deepresearch.store import MemoryStore
from deepresearch.text.terms import tokenise
from deepresearch.tools import default_tools
from deepresearch.trajectory import Event, RunStarted, Task, Turn
from deepresearch.web.providers.canned import CannedWeb
from deepresearch.web.search import Query, SearchProvider

from . import chinese_hops
from .retrieval import COLLECTIONS, Collection, wiki2

NAMES = ("2wiki", "hotpot")
REWORDED = Path(__file__).with_name("reworded_2wiki.jsonl")
FIRST = 8
EXCERPT = 150
HOST = "wiki.example.org"


def untitled() -> Collection:
    made = wiki2()
    return replace(made, rows=[{**row, "title": ""} for row in made.rows])


def reworded(language: str) -> Collection:
    rows = [json.loads(line) for line in REWORDED.read_text(encoding="utf-8").splitlines()]
    return replace(wiki2(), queries={row["id"]: row[language] for row in rows})


VARIANTS = {
    "2wiki-untitled": untitled,
    "2wiki-en": lambda: reworded("en"),
    "2wiki-zh": lambda: reworded("zh"),
    "zh-hops": chinese_hops.collection,
}


async def research(question: str, provider: SearchProvider) -> list[Event]:
    """The events of one whole run."""
    store = MemoryStore()
    log = store.create("r")
    log.append(RunStarted(task=Task(question=question)))
    tools = default_tools([provider])
    await Run(log, ExtractivePolicy(), tools, Settings(), store.run_folder("r"), store.blobs).go()
    return list(log.events)


def as_library(name: str, collection: Collection, folder: Path) -> LibraryProvider:
    corpus = folder / f"{name}.jsonl"
    corpus.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in collection.rows))
    library = Library.open(folder, name)
    library.add([corpus])
    return LibraryProvider(library)


def as_web(name: str, collection: Collection, folder: Path) -> CannedWeb:
    """A page for each document, named by its id."""
    pages = folder / f"{name}-web" / HOST
    pages.mkdir(parents=True)
    (pages.parent / "canned.toml").write_text(f"excerpt = {EXCERPT}\n")
    for row in collection.rows:
        (pages / f"{row['id']}.md").write_text(f"# {row['title']}\n\n{row['text']}\n")
    return CannedWeb(pages.parent, read_page, tokenise)


def measure(name: str, collection: Collection, provider: SearchProvider, ident: Callable[[str], str]) -> str:
    """A line of the table. ident: the collection's name for a document."""

    def known(documents: list[str]) -> set[str]:
        return {collection.document_of.get(ident(document), ident(document)) for document in documents}

    gold: dict[str, set[str]] = {}
    for judgement in collection.relevant:
        gold.setdefault(judgement.query_id, set()).add(judgement.doc_id)
    perfect = opened = once = turns = 0
    seconds = 0.0
    for query, wanted in gold.items():
        question = collection.queries[query]
        start = time.perf_counter()
        events = asyncio.run(research(question, provider))
        seconds += time.perf_counter() - start
        shown = list(registered(events).values())
        found = known(list(dict.fromkeys(p.document for p in shown))[:FIRST])
        hits = asyncio.run(provider.search(Query(question, k=FIRST))).hits
        once += wanted <= known([hit.passage.document for hit in hits])
        perfect += wanted <= found
        opened += wanted <= known([p.document for p in shown if not p.excerpt])
        turns += len(find(events, Turn))
        if VERBOSE and not wanted <= found:
            print(f"  {question}\n    missing {sorted(wanted - found)}\n    shown {found}")
    many = len(gold)
    shares = f"{once / many:10.3f} {perfect / many:10.3f} {opened / many:8.3f}"
    return f"{name:12} {many:6} {shares} {turns / many:8.1f} {1000 * seconds / many:10.0f}"


def main(arguments: list[str]) -> None:
    names = [name for name in arguments if name != "-v"] or NAMES
    print(f"{'':12} {'asked':>6} {'one search':>10} {'perfect@8':>10} {'opened':>8} {'turns':>8} {'ms a run':>10}")
    with tempfile.TemporaryDirectory() as given:
        folder = Path(given)
        for name in names:
            collection = {**COLLECTIONS, **VARIANTS}[name]()
            print(measure(name, collection, as_library(name, collection, folder), str), flush=True)
            if name in VARIANTS:
                continue
            web = as_web(name, collection, folder)
            line = measure(f"{name}, web", collection, web, lambda url: url.rpartition("/")[2].removesuffix(".md"))
            print(line, flush=True)


VERBOSE = "-v" in sys.argv
if __name__ == "__main__":
    main(sys.argv[1:])
