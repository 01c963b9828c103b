"""BM25 over the title, headings and text of passages, by tantivy: in memory, or stored in a folder.

A library has an index of its own with fields and weights (library/index.py); here every word counts alike.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import tantivy

from ..trajectory import Passage

VERSION = "1"
"""Raised when what is stored or the terms change: an index of another version is rebuilt."""
BUFFER = 15 * 2**20
"""Bytes of the writer's buffer: the least that tantivy takes."""
STALE = 24 * 3600.0
"""Seconds after which an unfinished build is one that was killed."""

Tokenise = Callable[[str], list[str]]


class PassageIndex:
    """Made once, by `build` or `load_or_build`, then only searched."""

    def __init__(self, index: tantivy.Index) -> None:
        self._index = index

    @classmethod
    def build(cls, passages: Iterable[Passage], tokenise: Tokenise, folder: Path | None = None) -> "PassageIndex":
        """Index `passages`, numbered from 0 in their order. folder: an empty one to keep it in; None: in memory."""
        index = tantivy.Index(_schema(), str(folder) if folder else None)
        writer = index.writer(BUFFER, num_threads=1)  # several threads would number by chance
        try:
            for number, passage in enumerate(passages):
                words = " ".join(tokenise(" ".join((passage.title, *passage.heading, passage.text))))
                entry = {"number": number, "words": words, "passage": passage.model_dump_json()}
                writer.add_document(tantivy.Document.from_dict(entry, index.schema))
            writer.commit()
            writer.wait_merging_threads()
        except BaseException:  # of any kind: nothing may write into the folder afterwards
            writer.rollback()
            del writer
            raise
        index.reload()
        return cls(index)

    @classmethod
    def load_or_build(cls, keep: Path, stamp: str, passages: Iterable[Passage], tokenise: Tokenise) -> "PassageIndex":
        """The index stored in the folder `keep` under `stamp`, which names its sources; built where there is
        none, or a damaged one. `passages` is only gone through then. Raises OSError."""
        place = keep / sha256(f"{VERSION} {stamp}".encode()).hexdigest()[:16]
        try:
            if place.is_dir():
                return cls(tantivy.Index(_schema(), str(place)))
        except (ValueError, OSError):  # damaged; everything in it can be made again
            shutil.rmtree(place, ignore_errors=True)
        keep.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=keep, ignore_cleanup_errors=True) as building:
            made = cls.build(passages, tokenise, Path(building))
            for old in keep.iterdir():
                if str(old) != building and (
                    not old.name.startswith("tmp") or old.stat().st_mtime < time.time() - STALE
                ):
                    shutil.rmtree(old, ignore_errors=True)
            try:  # whole or not there; another process may have been quicker
                os.rename(building, place)  # noqa: PTH104  tempfile keeps the path as text
            except OSError:
                return made
        return cls(tantivy.Index(_schema(), str(place)))

    def search(self, words: Sequence[str], k: int) -> list[tuple[int, float]]:
        """(number, score) of the best `k` passages with one of the words, best first, equal scores by number."""
        searcher, schema = self._index.searcher(), self._index.schema
        terms = [
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, "words", word, "freq"))
            for word in dict.fromkeys(words)
        ]
        if not terms or not searcher.num_docs:
            return []
        found = searcher.search(tantivy.Query.boolean_query(terms), limit=min(k, searcher.num_docs), count=False).hits
        numbers = searcher.fast_field_values("number", [address for _, address in found])
        ranked = [(int(number or 0), score) for number, (score, _) in zip(numbers, found, strict=True)]
        return sorted(ranked, key=lambda hit: (-hit[1], hit[0]))

    def passage(self, number: int) -> Passage:
        """The passage of that number."""
        searcher = self._index.searcher()
        one = tantivy.Query.term_query(self._index.schema, "number", number)
        ((_, address),) = searcher.search(one, limit=1, count=False).hits
        return Passage.model_validate_json(searcher.doc(address)["passage"][0])


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("number", indexed=True, fast=True)
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("passage", stored=True, tokenizer_name="raw", index_option="basic")
    return builder.build()
