"""The cache of answers to queries: an identical query is not sent again, and a note gives the age of the answer.

Every answer is stored for good, failures too, so that a run can be replayed; only an answer that is useful and young
enough is used instead of a request. API keys are never stored: two queries are the same if provider, address, words
and filters are.
"""

import asyncio
import hashlib
import json
import math
import sqlite3
import time
import unicodedata
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from pydantic import TypeAdapter

from ..errors import SearchFailed
from ..threads import on_disk
from ..trajectory import Passage
from .search import Query, SearchProvider, SearchResult, in_words

VERSION = 2
"""Raised when the form of an entry changes; entries of another version are ignored."""
PATIENCE = 2.0  # seconds to wait while another process writes

_CREATE = (
    "create table if not exists kept (id integer primary key, key text not null, made real not null, "
    "useful integer not null, body text not null)",
    "create index if not exists by_key on kept (key, made)",
)
_READ = (
    "select made, body from kept where key = ? and made > ? and made <= ? and useful >= ? "
    "order by made desc, id desc limit 1"
)
_WRITE = "insert into kept (key, made, useful, body) values (?, ?, ?, ?)"

_RESULTS = TypeAdapter(SearchResult)
_OF_A_FAILURE = ("message", "hint", "outcome", "retry_after")

Outcome = SearchResult | SearchFailed


class QueryCache:
    """Answers in one SQLite file, shared by runs and processes; none is ever removed. Safe between threads."""

    def __init__(
        self,
        path: Path,
        hours: float | None = 24.0,
        clock: Callable[[], float] = time.time,
        *,
        failures: bool = True,
        replay: bool = False,
        as_of: float = math.inf,
    ) -> None:
        """path: the file, made at the first answer. hours: age up to which an answer is given, None: any age.

        failures: store them too; not in private mode, where a failure only means that nothing could be asked.
        replay: the newest outcome of any age is given, failures too, and nobody is asked. as_of: seconds since the
        epoch; outcomes after that are not looked at.
        """
        self.path = path
        self.failures = failures
        self.replay = replay
        self._longest = None if replay or hours is None else hours * 3600
        self._as_of = as_of
        self.clock = clock

    def get(self, key: str) -> tuple[tuple[Outcome, float] | None, list[str]]:
        """What is stored under `key` and when it was made; and what is wrong with the cache. Raises OSError."""
        if not self.path.exists():
            return None, []
        oldest = self.clock() - self._longest if self._longest is not None else -1.0
        try:
            with closing(self._connect()) as db:
                row = db.execute(_READ, (key, oldest, self._as_of, not self.replay)).fetchone()
            return ((_decode(row[1]), row[0]) if row else None), []
        except sqlite3.OperationalError as error:
            return None, [f"the query cache {self.path} cannot be used ({error})"]
        except ValueError as error:  # this entry alone: the next answer takes its place
            return None, [f"an entry of the query cache {self.path} was damaged ({error})"]
        except sqlite3.DatabaseError as error:
            if self.replay:
                return None, [f"the query cache {self.path} is damaged ({error})"]
            aside = self._set_aside()
            note = f"the query cache {self.path} was damaged ({error}); it is {aside} now and a new one begun"
            return None, [note]

    def put(self, key: str, outcome: Outcome) -> list[str]:
        """Store an outcome; returns what is wrong with the cache."""
        if isinstance(outcome, SearchFailed):
            useful, entry = False, {"failed": {name: getattr(outcome, name) for name in _OF_A_FAILURE}}
        else:
            useful, entry = bool(outcome.complete or outcome.hits), _RESULTS.dump_python(outcome, mode="json")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with closing(self._connect()) as db, db:
                db.execute(_WRITE, (key, self.clock(), useful, json.dumps(entry)))
        except (sqlite3.Error, OSError) as error:
            return [f"the query cache {self.path} cannot be written ({error})"]
        return []

    def _set_aside(self) -> str:
        """Rename a damaged file, so that a new one can be begun; returns its new name."""
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        if self.path.exists():
            self.path.rename(aside)
        return aside.name

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=PATIENCE)
        try:
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = normal")
            for statement in _CREATE:
                db.execute(statement)
        except sqlite3.Error:
            db.close()
            raise
        return db


class CachedProvider:
    """A provider whose answers are cached. A cache that cannot be used is named in the notes; the search continues."""

    def __init__(self, provider: SearchProvider, cache: QueryCache) -> None:
        self.provider = provider
        self.name = provider.name
        self._cache = cache
        self._same: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def search(self, query: Query) -> SearchResult:
        """As the provider does; of identical queries at the same time only one goes out. Raises SearchFailed."""
        key = key_of(self.provider, query)
        lock = self._same.setdefault(key, asyncio.Lock())
        async with lock:
            cached, trouble = await on_disk(self._cache.get, key)
            if self._cache.replay:
                return self._replayed(cached, trouble)
            if cached and isinstance(cached[0], SearchResult):
                age = in_words(max(0.0, self._cache.clock() - cached[1]))
                return replace(cached[0], notes=[*cached[0].notes, f"from the cache, {age} old"])
            try:
                result = await self.provider.search(query)
            except SearchFailed as failure:
                if self._cache.failures:
                    await on_disk(self._cache.put, key, failure)
                raise
            trouble += await on_disk(self._cache.put, key, result)
            return replace(result, notes=[*result.notes, *trouble])

    async def open(self, reference: str) -> list[Passage]:
        """As the provider does."""
        return await self.provider.open(reference)

    def close(self) -> None:
        """Close the provider."""
        self.provider.close()

    def _replayed(self, cached: tuple[Outcome, float] | None, trouble: list[str]) -> SearchResult:
        """The result of then. Raises SearchFailed: the failure of then, or that nothing is cached."""
        if cached is None:
            reason = f" ({'; '.join(trouble)})" if trouble else ""
            raise SearchFailed(
                f"{self.name} was not asked: a replay sends no request, and no answer to this query is cached{reason}.",
                outcome="not_archived",
            )
        outcome, made = cached
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(made))
        if isinstance(outcome, SearchFailed):
            raise outcome
        return replace(outcome, notes=[*outcome.notes, f"replayed, as answered on {when}"])


def key_of(provider: SearchProvider, query: Query) -> str:
    """The key of an answer. White space and forms of characters (full width) make no difference."""
    text = " ".join(unicodedata.normalize("NFKC", query.text).split())
    asked = {"provider": provider.name, "base": getattr(provider, "base", ""), **asdict(replace(query, text=text))}
    described = json.dumps([VERSION, asked], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(described.encode()).hexdigest()


def _decode(body: str) -> Outcome:
    """Raises ValueError for what is not an outcome."""
    try:
        entry: dict[str, Any] = json.loads(body)
        if "failed" in entry:
            return SearchFailed(**entry["failed"])
        return _RESULTS.validate_python(entry)
    except TypeError as error:
        raise ValueError(f"an entry that is not an answer: {error}") from error
