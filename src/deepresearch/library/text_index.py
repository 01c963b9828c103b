"""The index over words: tantivy over terms that are made here, so that it needs to know no language.

The engine looks at the ends of its files only. Every file of a segment ends with its content's CRC-32; computing it for
a large index at every opening would take seconds, so sizes and times of the files are stored beside them, and only what
differs from them is read.
"""

import json
import re
import shutil
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import tantivy

from ..text.terms import content_terms, tokenise
from ..trajectory import Passage
from .engine import Filters, day, sites

BOOSTS = {"body": 1.0, "title": 0.2, "heading": 0.2}
"""Weight of a term by field; the body has title and headings too. Measured by benchmarks/retrieval.py."""
NAME = 0.5
"""Weight of a title or heading that the query contains as a whole."""
LONGEST_NAME = 8
"""Terms of a title or heading that is matched as a whole."""
MEMORY = 256
"""MiB of memory that writing the index may take."""
_BUFFER_SHARE = 0.4
"""Part of the memory that goes to the writer's buffer; the rest is for merging, and for what is read meanwhile."""
_LEAST_BUFFER, _MOST_BUFFER = 15 * 2**20, 2**32 - 2**21
"""Bytes of buffer below and above which tantivy refuses to work."""
MOST_TERMS = 256
"""Distinct terms of a query that are looked up."""
CHECKSUMS = "checksums.json"
"""Name of the file that has size and time of every file of the index as it was written."""
_TANTIVY_MAGIC = 1337
_PIECE = 2**20
_REMARK = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_DASH = re.compile(r"\s[—–|·-]\s")


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
        """See Engine.

        Raises ValueError where the index is damaged or cannot be written.
        """
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
                writer.add_document(_entry(key, passage))
            writer.commit()
            writer.wait_merging_threads()
            write_checksums(self.folder)

    def search(self, text: str, k: int, filters: Filters) -> list[tuple[int, float]]:
        """(key, score) of the best `k` passages for the words of `text`, best first. Raises ValueError if damaged."""
        if not (terms := tokenise(text)) or k < 1:
            return []
        with self._translated():
            searcher = self._open().searcher()
            if (narrow := self._filters(filters, searcher)) is None:
                return []
            query = self._query(text, terms, narrow)
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
        except BaseException as error:  # a panic of the engine is no Exception; what is neither goes its way
            panic = type(error).__name__ == "PanicException"
            if not panic and not isinstance(error, ValueError | OSError):
                raise
            self.close()
            raise ValueError(f"the engine gave up: {error}" if panic else str(error)) from error

    def _query(self, text: str, terms: list[str], narrow: list[tantivy.Query]) -> tantivy.Query:
        # Built from terms, never by the engine's query language: whatever is in a query, it means words.
        counts = Counter(content_terms(text)).most_common(MOST_TERMS)
        should, must = tantivy.Occur.Should, tantivy.Occur.Must
        wanted = [
            (should, self._boosted(field, term, count * boost))
            for term, count in counts
            for field, boost in BOOSTS.items()
        ]
        function = set(terms) - {term for term, _ in counts}
        wanted += [(should, self._boosted("name", name, NAME)) for name in names_in(terms[:MOST_TERMS], function)]
        query = tantivy.Query.boolean_query(wanted)
        if not narrow:  # the bare sum of terms: only this form lets the engine pass over what cannot come first
            return query
        clauses = [(must, query)] + [(must, tantivy.Query.const_score_query(part, 0.0)) for part in narrow]
        return tantivy.Query.boolean_query(clauses)

    def _boosted(self, field: str, term: str, boost: float) -> tantivy.Query:
        return tantivy.Query.boost_query(tantivy.Query.term_query(self._schema, field, term, "freq"), boost)

    def _filters(self, filters: Filters, searcher: tantivy.Searcher) -> list[tantivy.Query] | None:
        """Queries that a passage must all match; None: no passage can pass the filters."""
        queries = []
        integer = tantivy.FieldType.Integer
        if filters.since:
            first = day(filters.since, last=False)
            queries.append(tantivy.Query.range_query(self._schema, "last_day", integer, lower_bound=first))
        if filters.until:
            last = day(filters.until, last=True)
            queries.append(tantivy.Query.range_query(self._schema, "first_day", integer, upper_bound=last))
        if filters.language:
            queries.append(tantivy.Query.term_query(self._schema, "language", filters.language))
        if filters.site:
            queries.append(tantivy.Query.term_query(self._schema, "site", filters.site))
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


def _entry(key: int, passage: Passage) -> tantivy.Document:
    entry = tantivy.Document()
    entry.add_integer("key", key)
    title, heading = tokenise(passage.title), tokenise("\n".join(passage.heading))
    entry.add_text("body", " ".join(title + heading + tokenise(passage.text)))
    entry.add_text("title", " ".join(title))
    entry.add_text("heading", " ".join(heading))
    entry.add_text("name", " ".join(map(name_of, dict.fromkeys([passage.title, *passage.heading[-1:]]))))
    if passage.date:
        entry.add_integer("first_day", day(passage.date, last=False))
        entry.add_integer("last_day", day(passage.date, last=True))
    if passage.language:
        entry.add_text("language", passage.language)
    for site in sites(passage.url):
        entry.add_text("site", site)
    return entry


def name_of(title: str) -> str:
    """What a title calls its subject, as one term: without a remark in brackets at its end or the name of the site."""
    subject = _REMARK.sub("", _DASH.split(title, maxsplit=1)[0])
    terms = tokenise(subject)
    return "_".join(terms) if len(terms) <= LONGEST_NAME else ""


def names_in(terms: list[str], function: set[str]) -> Iterator[str]:
    """Every run of `terms` that may be a name, as `name_of` gives it; function words alone name nothing."""
    runs = (
        terms[start : start + size] for size in range(1, LONGEST_NAME + 1) for start in range(len(terms) - size + 1)
    )
    return iter(dict.fromkeys("_".join(run) for run in runs if not function.issuperset(run)))


def write_checksums(folder: Path) -> None:
    """Remember the files of the index as they are now. Raises OSError."""
    known = {path.name: _mark(path) for path in _files(folder)}
    (folder / CHECKSUMS).write_text(json.dumps(known))


def verify_checksums(folder: Path) -> None:
    """Raises ValueError that names a file which was changed since `write_checksums` and is damaged."""
    try:
        known = json.loads((folder / CHECKSUMS).read_text())
    except (OSError, ValueError):  # without it everything is looked at
        known = {}
    if not isinstance(known, dict):
        known = {}
    for path in _files(folder):
        try:
            if known.get(path.name) != _mark(path) and not _sound(path):
                raise ValueError(f"{path.name} is not what was written")
        except FileNotFoundError:  # merged away meanwhile; what is missing otherwise the engine finds out
            continue


def _files(folder: Path) -> Iterator[Path]:
    """Files of the segments that count; others may be half written."""
    try:
        segments = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["segments"]
        names = [segment["segment_id"].replace("-", "") for segment in segments]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"its list of segments cannot be read: {error}") from error
    for name in names:
        yield from sorted(folder.glob(f"{name}.*"))


def _mark(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _sound(path: Path) -> bool:
    """Content, footer in JSON, its length and a magic number, both of four bytes: as tantivy writes it."""
    with path.open("rb") as file:
        length = path.stat().st_size
        file.seek(max(0, length - 8))
        end = file.read(8)
        footer_length = int.from_bytes(end[:4], "little")
        rest = length - 8 - footer_length
        if len(end) < 8 or int.from_bytes(end[4:], "little") != _TANTIVY_MAGIC or rest < 0:
            return False
        file.seek(rest)
        try:
            wanted = json.loads(file.read(footer_length))["crc"]
        except (ValueError, KeyError, TypeError):
            return False
        file.seek(0)
        crc = 0
        while rest and (piece := file.read(min(_PIECE, rest))):
            crc = zlib.crc32(piece, crc)
            rest -= len(piece)
    return bool(crc == wanted)
