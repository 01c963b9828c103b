"""The indexes that benchmarks/scale.py compares, each behind the same few functions, and the process that runs one.

`python -m benchmarks.indexes '{"engine": ..., "stage": ..., "folder": ...}'` does one stage and prints what it took as
a line of JSON. The three bare indexes get the same terms, one field, k1 = 1.2 and b = 0.75; "library" is the product
itself: reading, cutting, docstore, four fields, near-duplicates, authority.
"""

import json
import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from . import corpus
from .harness import percentile

K = 10
BATCH = 50_000
"""Passages after which the bare engine commits."""


class Bare:
    """An index over prepared terms, a line per passage."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = folder / type(self).__name__.lower()

    def terms(self, name: str) -> Iterator[str]:
        with (self.folder / f"{name}.terms").open(encoding="utf-8") as file:
            for line in file:
                yield line.rstrip("\n")


class Tantivy(Bare):
    needs = ("tantivy",)

    def build(self) -> None:
        self.place.mkdir()
        self.open()
        self.add("corpus")

    def open(self) -> None:
        import tantivy

        builder = tantivy.SchemaBuilder().add_integer_field("key", indexed=True, fast=True)
        self.schema = builder.add_text_field("body", tokenizer_name="terms", index_option="freq").build()
        self.index = tantivy.Index(self.schema, str(self.place))
        analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        self.index.register_tokenizer("terms", analyzer)

    def add(self, name: str) -> None:
        import tantivy

        writer = self.index.writer(100 * 2**20, num_threads=1)
        for number, line in enumerate(self.terms(name), 1):
            document = tantivy.Document()
            document.add_integer("key", number)
            document.add_text("body", line)
            writer.add_document(document)
            if number % BATCH == 0:
                writer.commit()
        writer.commit()
        writer.wait_merging_threads()

    def search(self, query: dict[str, Any]) -> int:
        import tantivy

        make, should = tantivy.Query, tantivy.Occur.Should
        parts = [(should, make.term_query(self.schema, "body", term, "freq")) for term in set(query["terms"])]
        return len(self.index.searcher().search(make.boolean_query(parts), limit=K, count=False).hits)


class Bm25s(Bare):
    needs = ("bm25s",)

    def build(self) -> None:
        import bm25s

        numbers: dict[str, int] = {}
        ids = [[numbers.setdefault(term, len(numbers)) for term in line.split()] for line in self.terms("corpus")]
        index = bm25s.BM25(k1=1.2, b=0.75)
        index.index((ids, numbers), show_progress=False)
        index.save(str(self.place), show_progress=False)

    def open(self) -> None:
        import bm25s

        self.index = bm25s.BM25.load(str(self.place), mmap=True, show_progress=False)

    def search(self, query: dict[str, Any]) -> int:
        known = [term for term in set(query["terms"]) if term in self.index.vocab_dict]
        if not known:
            return 0
        found, _ = self.index.retrieve([known], k=K, show_progress=False, n_threads=0)
        return len(found[0])


class Fts5(Bare):
    needs = ("sqlite3",)

    def build(self) -> None:
        self.place.mkdir()
        self.open()
        # Contentless, as the docstore or anything else would hold the text; the terms are split at spaces again.
        self.db.execute(
            "CREATE VIRTUAL TABLE passages USING fts5(body, content='', tokenize=\"ascii tokenchars '._'\")"
        )
        self.add("corpus")

    def open(self) -> None:
        self.db = sqlite3.connect(self.place / "index.sqlite", isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")

    def add(self, name: str) -> None:
        self.db.execute("BEGIN")
        self.db.executemany("INSERT INTO passages (body) VALUES (?)", ((line,) for line in self.terms(name)))
        self.db.execute("COMMIT")

    def search(self, query: dict[str, Any]) -> int:
        if not query["terms"]:  # nothing but signs
            return 0
        words = " OR ".join(f'"{term}"' for term in set(query["terms"]))
        found = "SELECT rowid FROM passages WHERE passages MATCH ? ORDER BY rank LIMIT ?"
        return len(self.db.execute(found, (words, K)).fetchall())


class Ours:
    needs = ("deepresearch.library.library",)

    def __init__(self, folder: Path, name: str = "scale") -> None:
        self.folder = folder
        self.name = name
        self.place = folder / "libraries" / name

    def build(self) -> None:
        self.open()
        self.add("corpus", tell=True)
        self.library.close()

    def open(self) -> None:
        from deepresearch.library import Library

        self.library = Library.open(self.folder, self.name)

    def add(self, name: str, tell: bool = False) -> None:
        """tell: print the share that is done, for who wants to kill this in the middle."""
        watch = (lambda _, share: print(json.dumps({"share": share}), flush=True)) if tell else None
        self.library.add([self.folder / f"{name}.jsonl"], watch=watch)

    def search(self, query: dict[str, Any]) -> int:
        return len(self.found(query))

    def found(self, query: dict[str, Any]) -> list[str]:
        from deepresearch.web.search import Query

        return [hit.passage.id for hit in self.library.search(Query(query["text"], k=K))]


ENGINES: dict[str, Any] = {"library": Ours, "tantivy": Tantivy, "bm25s": Bm25s, "fts5": Fts5}


def prepare(folder: Path, count: int, asked: int) -> dict[str, Any]:
    """The corpus, 1000 passages more, their terms, and queries of several sorts."""
    from deepresearch.text.terms import content_terms, tokenise

    spent = 0.0
    for name, size, seed in (("corpus", count, 7), ("more", 1000, 8)):
        path = folder / f"{name}.jsonl"
        corpus.write(path, size, seed)
        with path.open(encoding="utf-8") as rows, (folder / f"{name}.terms").open("w", encoding="utf-8") as file:
            for row in map(json.loads, rows):
                start = time.process_time()
                terms = tokenise(row["title"]) + tokenise(row["text"])
                spent += time.process_time() - start
                file.write(" ".join(terms) + "\n")
    base = corpus.texts()
    sorts = {
        f"{language} {length} words": corpus.queries(base, asked, length, language == "zh")
        for language in ("en", "zh")
        for length in (3, 10, 20)
    }
    common = [word for word, _ in Counter(w for _, text in base for w in text.split()).most_common(200)][30:]
    sorts["common words"] = [" ".join(common[n % 160 : n % 160 + 10]) for n in range(0, 7 * asked, 7)]
    queries = [
        {"sort": sort, "text": text, "terms": content_terms(text)} for sort, texts in sorts.items() for text in texts
    ]
    (folder / "queries.json").write_text(json.dumps(queries))
    return {"tokenised": spent, "bytes": (folder / "corpus.jsonl").stat().st_size}


def build(engine: Any, folder: Path) -> dict[str, Any]:
    start = time.perf_counter()
    engine.build()
    return {"seconds": time.perf_counter() - start, "bytes": size(engine.place)}


def add(engine: Any, folder: Path) -> dict[str, Any]:
    engine.open()
    start = time.perf_counter()
    engine.add("more")
    return {"seconds": time.perf_counter() - start}


def ask(engine: Any, folder: Path) -> dict[str, Any]:
    """Milliseconds of every query, by sort, once fifty have warmed the process."""
    queries = json.loads((folder / "queries.json").read_text())
    engine.open()
    for query in queries[:: max(1, len(queries) // 50)]:
        engine.search(query)
    times: dict[str, list[float]] = {}
    for query in queries:
        start = time.perf_counter()
        engine.search(query)
        times.setdefault(query["sort"], []).append(1000 * (time.perf_counter() - start))
    return {sort: {"p50": percentile(spent, 0.5), "p95": percentile(spent, 0.95)} for sort, spent in times.items()}


def first(engine: Any, folder: Path) -> dict[str, Any]:
    """Milliseconds of opening and one query, the code being loaded and nothing of the index in memory."""
    queries = json.loads((folder / "queries.json").read_text())
    fitting = [one for one in queries if one["sort"] == "en 10 words"]
    query = fitting[os.getpid() % len(fitting)]
    for module in engine.needs:
        import_module(module)
    drop(folder)
    start = time.perf_counter()
    engine.open()
    engine.search(query)
    return {"ms": 1000 * (time.perf_counter() - start)}


def results(engine: Any, folder: Path) -> dict[str, Any]:
    """What is found for every query, and how much there is."""
    engine.open()
    queries = json.loads((folder / "queries.json").read_text())
    stats = engine.library.stats()
    return {"found": [engine.found(query) for query in queries], "passages": stats["passages"]}


def drop(folder: Path) -> None:
    """Push the files under `folder` out of the system's memory."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


STAGES = {"build": build, "add": add, "ask": ask, "first": first, "results": results}


def main(job: dict[str, Any]) -> None:
    folder = Path(job["folder"])
    if job["stage"] == "prepare":
        said = prepare(folder, job["passages"], job["asked"])
    else:
        kind = ENGINES[job["engine"]]
        engine = kind(folder, job["name"]) if "name" in job else kind(folder)
        said = STAGES[job["stage"]](engine, folder)
    print(json.dumps(said))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
