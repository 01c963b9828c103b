"""The index over words: tantivy over terms that are made here, so that it needs to know no language.

The engine looks at the ends of its files only, so size, time and checksum of each are stored beside them; at opening,
those that differ in size or time are compared.
"""

import json
import shutil
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tantivy

from ..text.names import without_remark
from ..text.terms import content_terms, tokenise
from ..trajectory import Passage
from .engine import Filters, attributes

BOOSTS = {"body": 1.0, "title": 0.2, "heading": 0.2}
"""Weight of a term by field; the body has title and headings too. Measured by benchmarks/retrieval.py."""
NAME = 0.5
"""Weight of a title or heading that the query contains as a whole."""
LONGEST_NAME = 8
"""Terms of a title or heading that is matched as a whole."""
MEMORY = 256  # MiB of memory that writing the index may take
_BUFFER_SHARE = 0.4
"""Part of the memory that goes to the writer's buffer; the rest is for merging, and for what is read meanwhile."""
_LEAST_BUFFER, _MOST_BUFFER = 15 * 2**20, 2**32 - 2**21
"""Bytes of buffer below and above which tantivy refuses to work."""
MOST_TERMS = 256  # distinct terms of a query that are looked up
CHECKSUMS = "checksums.json"
"""Name of the file with size, time and checksum of every file of the index as it was written."""
_PIECE = 2**20


class TextIndex:
    """One tantivy index on disk. Its segments are its shards: a search goes through all of them, with one set of
    statistics, and merging keeps them few."""

    name = "text"
    version = "2"
    """Raised when terms or fields change."""

    def __init__(self, folder: Path, memory: int = MEMORY) -> None:
        """Nothing is opened before it is needed. memory: MiB that writing may take."""
        self.folder = folder
        self.notes: list[str] = []
        self._buffer = min(_MOST_BUFFER, max(_LEAST_BUFFER, int(memory * _BUFFER_SHARE * 2**20)))
        self._index: tantivy.Index | None = None
        self._schema = _schema()
        self._stamp = (0, 0)
        """Of the engine's list of segments as read last: which file it was, and when written."""
        self._domains: tuple[frozenset[str] | None, list[str]] = (None, [])
        """Domains asked for last, and those of them that have any passage."""

    def check(self) -> None:
        """Raises ValueError where files are missing, cut off or changed."""
        with self._translated():
            verify_checksums(self.folder)
            self._open()

    def clear(self) -> None:
        """Start with an empty index."""
        self.close()
        if self.folder.is_dir() and not self.folder.is_symlink():
            shutil.rmtree(self.folder)
        else:
            self.folder.unlink(missing_ok=True)
        self.folder.mkdir(parents=True)
        with self._translated():
            tantivy.Index(self._schema, str(self.folder))

    def close(self) -> None:
        self._index = None
        self._stamp = (0, 0)
        self._domains = (None, [])

    def update(self, batch: Iterable[tuple[int, Passage]], above: int, dropped: Iterable[int]) -> None:
        """See Engine. Raises ValueError where the index is damaged or cannot be written."""
        with self._translated():
            index = self._open()
            # One thread: several would cut segments by chance, and with them the order of equal scores.
            writer = index.writer(self._buffer, num_threads=1)
            writer.garbage_collect_files()  # a killed writer may have left a file of the name that is due next
            newer = tantivy.Query.range_query(
                self._schema, "key", tantivy.FieldType.Integer, lower_bound=above, include_lower=False
            )
            writer.delete_documents_by_query(newer)
            for key in dropped:
                writer.delete_documents_by_term("key", key)
            for key, passage in batch:
                writer.add_document(tantivy.Document.from_dict(fields_of(key, passage), self._schema))
            writer.commit()
            writer.wait_merging_threads()
            write_checksums(self.folder)

    def search(self, text: str, k: int, filters: Filters) -> list[tuple[int, float]]:
        """(key, score) of the best `k` passages for the words of `text`, best first. Raises ValueError if damaged."""
        if not tokenise(text) or k < 1:
            return []
        with self._translated():
            searcher = self._open().searcher()
            if (narrow := self._filters(filters, searcher)) is None:
                return []
            query = self._query(text, narrow)
            found = searcher.search(query, limit=k, count=False).hits
            keys = searcher.fast_field_values("key", [address for _, address in found])
        return sorted(
            ((int(key), score) for key, (score, _) in zip(keys, found, strict=True) if key is not None),
            key=lambda hit: (-hit[1], hit[0]),
        )

    def _open(self) -> tantivy.Index:
        """The index as it is now on disk: other processes may have written to it. Raises ValueError."""
        try:
            status = (self.folder / "meta.json").stat()
        except OSError as error:  # the engine would make an empty index in its place, and find nothing
            raise ValueError("its list of segments is gone") from error
        stamp = status.st_ino, status.st_mtime_ns
        if self._index is None:
            self._index = tantivy.Index(self._schema, str(self.folder))
            analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
            self._index.register_tokenizer("terms", analyzer)
        elif stamp == self._stamp:
            return self._index
        self._index.reload()
        self._stamp = stamp
        self._domains = (None, [])
        return self._index

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn tantivy's exceptions about unreadable files into ValueError."""
        try:
            yield
        except BaseException as error:  # a panic of the engine is not an Exception; anything else is raised again
            panic = type(error).__name__ == "PanicException"
            if not panic and not isinstance(error, ValueError | OSError):
                raise
            self.close()
            raise ValueError(f"the engine gave up: {error}" if panic else str(error)) from error

    def _query(self, text: str, narrow: list[tantivy.Query]) -> tantivy.Query:
        # Built from terms, never by the engine's query language: whatever is in a query, it means words.
        should, must = tantivy.Occur.Should, tantivy.Occur.Must
        wanted = [
            (should, tantivy.Query.boost_query(tantivy.Query.term_query(self._schema, field, term, "freq"), boost))
            for field, term, boost in weighted_terms(text, MOST_TERMS, MOST_TERMS)
        ]
        query = tantivy.Query.boolean_query(wanted)
        if not narrow:  # the bare sum of terms: only this form lets the engine pass over what cannot come first
            return query
        clauses = [(must, query)] + [(must, tantivy.Query.const_score_query(part, 0.0)) for part in narrow]
        return tantivy.Query.boolean_query(clauses)

    def _filters(self, filters: Filters, searcher: tantivy.Searcher) -> list[tantivy.Query] | None:
        """Queries that a passage must all match; None: no passage can pass the filters."""
        queries = []
        for name, comparison, value in filters.conditions():
            if comparison == "=":
                queries.append(tantivy.Query.term_query(self._schema, name, value))
                continue
            low, high = (value, None) if comparison == ">=" else (None, value)
            integer = tantivy.FieldType.Integer
            queries.append(tantivy.Query.range_query(self._schema, name, integer, lower_bound=low, upper_bound=high))
        if filters.domains is not None:
            if not (indexed := self._indexed(filters.domains, searcher)):
                return None
            queries.append(tantivy.Query.term_set_query(self._schema, "site", indexed))
        return queries

    def _indexed(self, domains: frozenset[str], searcher: tantivy.Searcher) -> list[str]:
        """Those of `domains` that have any passage; looked up once for each state of the index."""
        if self._domains[0] is not domains:
            self._domains = (domains, [domain for domain in sorted(domains) if searcher.doc_freq("site", domain)])
        return self._domains[1]


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    # Integer, not unsigned: an unsigned fast field given through a document kills tantivy's writer thread.
    builder.add_integer_field("key", indexed=True, fast=True)
    for name in (*BOOSTS, "name"):
        builder.add_text_field(name, tokenizer_name="terms", index_option="freq")
    for name in ("first_day", "last_day"):
        builder.add_integer_field(name, indexed=True, fast=True)
    for name in ("language", "site"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    return builder.build()


def fields_of(key: int, passage: Passage) -> dict[str, Any]:
    """What an index over words has of a passage: its terms by field, and what filters ask for."""
    title, heading = tokenise(passage.title), tokenise("\n".join(passage.heading))
    return attributes(key, passage) | {
        "body": " ".join(title + heading + tokenise(passage.text)),
        "title": " ".join(title),
        "heading": " ".join(heading),
        "name": " ".join(map(name_of, dict.fromkeys([passage.title, *passage.heading[-1:]]))),
    }


def weighted_terms(text: str, most: int, most_named: int) -> list[tuple[str, str, float]]:
    """(field, term, weight) of everything that is looked up for a query; none where it has no words.

    most: distinct terms that are looked up. most_named: terms in which titles and headings are sought.
    """
    terms, counts = tokenise(text), Counter(content_terms(text)).most_common(most)
    wanted = [(field, term, count * boost) for term, count in counts for field, boost in BOOSTS.items()]
    function = set(terms) - {term for term, _ in counts}
    return wanted + [("name", name, NAME) for name in names_in(terms[:most_named], function)]


def name_of(title: str) -> str:
    """What a title calls its subject, as one term; empty where that is long."""
    terms = tokenise(without_remark(title))
    return "_".join(terms) if len(terms) <= LONGEST_NAME else ""


def names_in(terms: list[str], function: set[str]) -> Iterator[str]:
    """Every run of `terms` that may be a name, as `name_of` gives it; function words alone name nothing."""
    runs = (
        terms[start : start + size] for size in range(1, LONGEST_NAME + 1) for start in range(len(terms) - size + 1)
    )
    return iter(dict.fromkeys("_".join(run) for run in runs if not function.issuperset(run)))


def write_checksums(folder: Path) -> None:
    """Remember the files of the index as they are now. Raises OSError."""
    known = _known(folder)
    marks = {path.name: _mark(path) for path in _files(folder)}
    sums = {
        name: known[name][2] if name in known and known[name][:2] == mark else _crc(folder / name)
        for name, mark in marks.items()
    }
    (folder / CHECKSUMS).write_text(json.dumps({name: [*mark, sums[name]] for name, mark in marks.items()}))


def verify_checksums(folder: Path) -> None:
    """Raises ValueError that names a file which was changed since `write_checksums`, to another content."""
    known = _known(folder)
    for path in _files(folder):
        try:
            if path.name in known and known[path.name][:2] != _mark(path) and known[path.name][2] != _crc(path):
                raise ValueError(f"{path.name} is not what was written")
        except FileNotFoundError:  # merged away meanwhile; what is missing otherwise the engine finds out
            continue


def _known(folder: Path) -> dict[str, list[int]]:
    """Size, time and checksum of files by name, as noted last."""
    try:
        noted = dict(json.loads((folder / CHECKSUMS).read_text()))
        return {name: mark for name, mark in noted.items() if len(mark) == 3}
    except (OSError, ValueError, TypeError):  # then the engine's own checks have to do
        return {}


def _files(folder: Path) -> list[Path]:
    """Files of the segments that count; others may be half written."""
    try:
        segments = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["segments"]
        names = [segment["segment_id"].replace("-", "") for segment in segments]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"its list of segments cannot be read: {error}") from error
    return [path for name in names for path in sorted(folder.glob(f"{name}.*"))]


def _mark(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            crc = zlib.crc32(piece, crc)
    return crc
