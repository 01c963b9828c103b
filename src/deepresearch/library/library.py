"""A library: the user's own documents, stored, kept up to date, and searched."""

import fcntl
import hashlib
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from ..errors import DamagedLibrary, LibraryError
from ..text.dates import iso_date
from ..trajectory import Passage
from ..web.search import Hit, Query
from .adding import Addition, AddReport, Progress, Watch
from .authority import Authority, built_in, rerank
from .document_store import DocumentStore
from .engine import Engine, Filters
from .indexes import Indexes, Ranking
from .ranking import fuse, without_repeats
from .text_index import TextIndex
from .walk import absolute

WAIT, PAUSE = 600.0, 0.05
"""Seconds that a run waits for another that is reading the same documents, and between two looks."""

DEEPEST = 4_000
"""Passages after which no more are sought in place of repeats: a library may have a text a million times."""


@dataclass(frozen=True)
class Setup:
    """What a library is opened with, besides its name."""

    engines: Callable[[Path], Sequence[Engine]] = lambda place: [TextIndex(place / "index")]
    """Makes the engines of the library in this folder, the one over words first."""
    tell: Callable[[str], None] = lambda line: None
    """Called with a line to show before work that takes long."""


SETUP = Setup()


class Library:
    """Documents as passages in a document store (the truth) and one or more indexes derived from it."""

    def __init__(self, place: Path, name: str, patience: float = 0.0, setup: Setup = SETUP) -> None:
        """patience: seconds to wait for another process that is writing the library."""
        self.place = place
        self.name = name
        self._patience = patience
        engines = setup.engines(place)
        self._write_lock = partial(_write_lock, place, name)
        self._store = DocumentStore(place / "docstore.sqlite")
        self._indexes = Indexes(self._store, engines, self._write_lock, name, setup.tell)
        try:
            self._indexes.open(patience)
        except BaseException:  # of any kind: the files are closed
            self.close()
            raise

    @property
    def notes(self) -> list[str]:
        """What was repaired or could not be used, for people. Grows where damage is found later."""
        return self._indexes.notes

    @classmethod
    def open(
        cls, folder: Path, name: str, create: bool = True, patience: float = 0.0, setup: Setup = SETUP
    ) -> "Library":
        """The library `name` of the data folder `folder`.

        patience: seconds to wait for another process that is writing it. setup: engines and `tell`.

        Raises LibraryError for a name that cannot be one, for a library that does not exist where `create` is
        false, and for a damaged one.
        """
        if not re.fullmatch(r"\w[\w.-]{0,63}", name):
            raise LibraryError(
                f"{name!r} cannot be the name of a library.",
                "Use up to 64 letters, digits, '-', '_' and '.', the first a letter, a digit or '_'.",
            )
        place = folder / "libraries" / name
        if not create and not (place / "docstore.sqlite").exists():
            known = ", ".join(cls.names(folder)) or "none"
            raise LibraryError(
                f"There is no library {name} in {folder} (there is: {known}).",
                f"Build it with `deepresearch index build {name} PATH`.",
            )
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(f"{place} cannot be made: {error.strerror}.", "Choose another data folder.") from error
        return cls(place, name, patience, setup)

    @classmethod
    def of_paths(cls, folder: Path, paths: Sequence[Path], setup: Setup = SETUP) -> "Library":
        """The unnamed library of exactly these `paths`, so that a second run need not index them again.

        Of several runs that begin at once one reads the documents, and the others wait for it.

        It has nothing that the paths have not, so one that is damaged, or of another version, is rebuilt.
        """
        resolved = sorted({str(path.resolve()) for path in paths})
        digest = hashlib.sha256("\0".join(resolved).encode("utf-8", "surrogateescape")).hexdigest()
        name = f"docs-{digest[:16]}"
        try:
            return cls.open(folder, name, patience=WAIT, setup=setup)
        except DamagedLibrary:  # not where the disk is full or may not be written: the library is sound then
            shutil.rmtree(folder / "libraries" / name, ignore_errors=True)
            return cls.open(folder, name, patience=WAIT, setup=setup)

    @staticmethod
    def names(folder: Path) -> list[str]:
        """Names of the libraries in the data folder, without the unnamed ones."""
        names = (store.parent.name for store in (folder / "libraries").glob("*/docstore.sqlite"))
        return sorted(name for name in names if not re.fullmatch(r"docs-[0-9a-f]{16}", name))

    def close(self) -> None:
        self._indexes.close()
        self._store.close()

    def add(
        self,
        paths: Sequence[Path],
        progress: Progress | None = None,
        watch: Watch | None = None,
        text_field: str | None = None,
    ) -> AddReport:
        """Make the library contain what is under `paths` (folders and files), and nothing else from there.

        text_field: of corpora, which field or column of a row is its text; remembered by the library, at first "text".
        Files that have not changed are not read again. Work done so far survives a crash. Raises LibraryError for
        a path that does not exist, for paths with nothing readable in them, and while another process is writing.
        """
        for path in paths:
            if not path.exists():
                raise LibraryError(f"{path} does not exist.", "Check the spelling.")
        with self._write_lock(self._patience):
            sync = self._indexes.sync
            sync()
            roots = [absolute(path) for path in paths]
            if text_field:
                self._store.set_state("text field", text_field)
            field = str(self._store.state("text field") or "text")
            report = Addition(self._store, sync, self.place.parents[1], progress, watch, field).run(roots)
        if not report.added + report.updated + report.unchanged:
            raise LibraryError(*_nothing_in(paths, report))
        return report

    def search(self, query: Query, authority: Authority | None = None) -> list[Hit]:
        """The best `query.k` passages, near-duplicates counted once, best first. Raises LibraryError.

        authority: verdicts on the sites that passages come from; the built-in ones where None.
        """
        return self.look(query, authority)[0]

    def look(self, query: Query, authority: Authority | None = None) -> tuple[list[Hit], list[str]]:
        """The hits of `search`, and notes: what the filters left out, engines that could not be asked (each once).

        Raises LibraryError.
        """
        filters = Filters(iso_date(query.since), iso_date(query.until), query.language, host(query.site))
        judge = (authority or built_in()) if self._store.has_urls() else None  # read only where there are addresses
        wanted = 2 * query.k + 10
        notes = self._left_out(query)
        while True:
            found = self._indexes.search(query.text, wanted, filters, judge.trusted if judge else None)
            notes += found.notes
            rankings = [self._hits(ranking) for ranking in found.rankings]
            if judge:  # among comparably relevant passages the more authoritative source first
                rankings = [rerank(hits, judge) for hits in rankings]
            hits = without_repeats(fuse(rankings), query.k)
            if len(hits) == query.k or found.exhausted or wanted >= DEEPEST:
                return hits, notes
            wanted *= 4

    def _hits(self, ranking: Ranking) -> list[Hit]:
        passages = self._store.fetch(key for key, _ in ranking)
        return [Hit(passages[key], score) for key, score in ranking if key in passages]

    def passages(self, document: str) -> list[Passage]:
        """All passages of a document, in order; none where there is no such document."""
        return self._store.passages(document)

    def find(self, reference: str) -> str | None:
        """Id of the document that `reference` (id, path, url or title) names, or None."""
        if "\0" in reference:
            return None
        return self._store.find(reference) or self._store.find(str(absolute(Path(reference))))

    def documents(self) -> Iterator[tuple[str, str]]:
        """(id, title) of every document, in the order added."""
        return self._store.documents()

    def stats(self) -> dict[str, int]:
        """Files, documents, passages, undated documents, bytes on disk."""
        size = sum(file.stat().st_size for file in self.place.rglob("*") if file.is_file())
        return {**self._store.counts(), "undated": self._store.without("date"), "bytes": size}

    def _left_out(self, query: Query) -> list[str]:
        """Notes on what the filters of `query` could not be applied to."""
        dates = [date for date in (query.since, query.until) if date]
        notes = [f"the date {date!r} could not be read: write YYYY-MM-DD" for date in dates if not iso_date(date)]
        asked: dict[Literal["date", "url"], bool] = {"date": any(map(iso_date, dates)), "url": bool(query.site)}
        for column, filtered in asked.items():
            if filtered and (count := self._store.without(column)):
                notes.append(f"{count} documents without a {column} were left out")
        return notes


def host(site: str | None) -> str | None:
    """The host that a site filter means, given as a host or as a URL."""
    if not site:
        return None
    return urlsplit(site if "//" in site else "//" + site).hostname or site.lower()


@contextmanager
def _write_lock(place: Path, name: str, patience: float) -> Iterator[None]:
    """The writer's lock; the system releases it when the process ends, however it ends.

    Raises LibraryError where another process still has it after `patience` seconds, or none can be made.
    """
    deadline = time.monotonic() + patience
    try:
        lock = (place / "lock").open("w")
    except OSError as error:
        raise LibraryError(
            f"The library {name} cannot be written: {place}: {error.strerror}.",
            "Check space and permissions there, or choose another data folder with --data or DEEPRESEARCH_DATA.",
        ) from error
    with lock as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise LibraryError(
                        f"Another process is writing the library {name}.", "Wait until it has finished."
                    ) from None
            time.sleep(PAUSE)
        yield


def _nothing_in(paths: Sequence[Path], report: AddReport) -> tuple[str, str]:
    named = ", ".join(str(path) for path in paths) or "no path"
    counts = Counter(reason for _, reason in report.skipped).most_common(3)
    first = dict(reversed([(reason, place) for place, reason in report.skipped]))
    reasons = "; ".join(
        f"{first[reason]}{f' and {count - 1} more' if count > 1 else ''}: {reason}" for reason, count in counts
    )
    hint = "Name a folder with text, Markdown, HTML, PDF or JSON lines."
    if "--text-field" in reasons:
        hint = f"Name the field: deepresearch index build NAME {named} --text-field FIELD."
    return f"Nothing to read in {named} ({reasons or 'empty'}).", hint
