"""Files, documents and passages of one library, in SQLite. They are the truth; the index is derived from them."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import DamagedLibrary, LibraryError
from ..trajectory import Passage
from .documents import Document

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, size INT, mtime INT, digest TEXT, problems TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, file TEXT NOT NULL, digest TEXT NOT NULL,
    title TEXT NOT NULL, url TEXT, date TEXT, passages INT NOT NULL);
CREATE INDEX IF NOT EXISTS documents_file ON documents (file);
CREATE INDEX IF NOT EXISTS documents_url ON documents (url) WHERE url IS NOT NULL;
CREATE INDEX IF NOT EXISTS documents_title ON documents (title);
CREATE TABLE IF NOT EXISTS passages (
    key INTEGER PRIMARY KEY AUTOINCREMENT, document INT NOT NULL, position INT NOT NULL, id TEXT NOT NULL,
    text TEXT NOT NULL, heading TEXT NOT NULL, page INT, language TEXT);
CREATE INDEX IF NOT EXISTS passages_document ON passages (document, position);
CREATE TABLE IF NOT EXISTS dropped (key INTEGER PRIMARY KEY);
"""
FORMAT = 1  # raised when the tables change
_PASSAGE = """
SELECT p.key, p.id, d.id, d.title, p.text, d.url, p.heading, p.position, p.page, d.date, p.language
FROM passages p JOIN documents d ON d.number = p.document
"""
PATIENCE = 30.0
"""Seconds to wait for another process that has the database locked."""
PAGE = 1000  # rows read at once where all are wanted
CACHE = 32 * 1024  # KiB of the file that are cached in memory
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR)
_READING = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)


@dataclass(frozen=True)
class KnownDocument:
    """What is known of a document that the store has."""

    number: int
    file: str
    digest: str


@dataclass(frozen=True)
class FileMark:
    """How it is seen whether a file has changed."""

    size: int
    mtime: int
    """Nanoseconds."""
    digest: str
    problems: list[tuple[str, str]]
    """(place, reason) of what could not be read in it."""


@dataclass(frozen=True)
class EngineProgress:
    """How far an engine is up to date; what is above `indexed`, dropped and `pending` it has not been given yet."""

    version: str = ""
    """Of what it has stored; empty where it has nothing."""
    indexed: int = 0
    """The greatest key that it has."""
    pending: tuple[int, ...] = ()
    """Keys that were dropped while it could not be reached."""


class DocumentStore:
    """One SQLite file. Reading is safe from any thread and while another process writes."""

    def __init__(self, path: Path) -> None:
        """Raises DamagedLibrary where `path` is not a sound library, LibraryError where the place is to blame."""
        self.path = path
        self._lock = threading.RLock()
        self._counted: dict[str, tuple[Any, int]] = {}
        self._marked = False
        try:
            self._db = sqlite3.connect(path, timeout=PATIENCE, check_same_thread=False, isolation_level=None)
            try:
                self._use_wal()
                self._db.execute("PRAGMA synchronous = NORMAL")
                self._db.execute(f"PRAGMA cache_size = -{CACHE}")
                self._make(path)
            except BaseException:  # of any kind: the file is closed
                self._db.close()
                raise
        except sqlite3.Error as error:
            raise _library_error(path, error) from error

    def _use_wal(self) -> None:
        """The engine does not wait for others where the mode of a new file changes, so this does."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _make(self, path: Path) -> None:
        """The tables, all or none of them: another process must not take a half-made file for a damaged one."""
        if self._format() == FORMAT:
            return
        self._db.execute("BEGIN IMMEDIATE")
        [(tables,)] = self._db.execute("SELECT count(*) FROM sqlite_master")
        if tables and (found := self._format()) != FORMAT:
            raise DamagedLibrary(
                f"{path} has format {found}, and this version reads {FORMAT}.",
                "Move its folder away and build the library again.",
            )
        for statement in _SCHEMA.split(";"):
            self._db.execute(statement)
        self._db.execute(f"PRAGMA user_version = {FORMAT}")
        self._db.execute("COMMIT")

    def _format(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _run(self, sql: str, *values: Any, rows: Iterable[Sequence[Any]] | None = None) -> list[Any]:
        """What the statement returns; run for each of `rows` where they are given. Raises LibraryError."""
        try:
            with self._lock:
                return (
                    self._db.execute(sql, values).fetchall() if rows is None else list(self._db.executemany(sql, rows))
                )
        except sqlite3.Error as error:
            raise _library_error(self.path, error) from error

    # Writing: everything between begin and commit happens or does not.

    def begin(self) -> None:
        self._run("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._run("COMMIT")
        self._marked = False

    def set_mark(self) -> None:
        """Remember this point of the transaction for `rollback_to_mark`."""
        if self._marked:
            self._run("RELEASE mark")
        self._run("SAVEPOINT mark")
        self._marked = True

    def rollback_to_mark(self) -> None:
        """Undo what was written since the last mark of this transaction; all of it where there is none."""
        if self._marked:
            self._run("ROLLBACK TO mark")
        else:
            self.rollback()
            self.begin()

    def rollback(self) -> None:
        self._marked = False
        if self._db.in_transaction:
            self._run("ROLLBACK")

    def put(self, document: Document, file: str, digest: str, passages: list[Passage]) -> int:
        """Add a document; its number."""
        columns = "(id, file, digest, title, url, date, passages) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING number"
        values = (document.id, file, digest, document.title, document.url, document.date, len(passages))
        [(number,)] = self._run(f"INSERT INTO documents {columns}", *values)
        self._run(
            "INSERT INTO passages (document, position, id, text, heading, page, language) VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows=((number, p.position, p.id, p.text, _json(p.heading), p.page, p.language) for p in passages),
        )
        return int(number)

    def drop(self, number: int) -> None:
        """Take the document with this number away."""
        self._run("INSERT INTO dropped SELECT key FROM passages WHERE document = ?", number)
        self._run("DELETE FROM passages WHERE document = ?", number)
        self._run("DELETE FROM documents WHERE number = ?", number)

    def put_file(self, path: str, mark: FileMark) -> None:
        values = (path, mark.size, mark.mtime, mark.digest, _json(mark.problems))
        self._run("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", *values)

    def drop_file(self, path: str) -> None:
        self._run("DELETE FROM files WHERE path = ?", path)

    # For the writer.

    def file_mark(self, path: str) -> FileMark | None:
        """By what the file is known, if it has been read."""
        rows = self._run("SELECT size, mtime, digest, problems FROM files WHERE path = ?", path)
        for size, mtime, digest, problems in rows:
            return FileMark(size, mtime, digest, [(place, reason) for place, reason in json.loads(problems)])
        return None

    def under(self, root: str) -> set[str]:
        """The files at or under `root` that were read or that documents came from (an addition may have broken off)."""
        files = """
            SELECT DISTINCT file FROM documents WHERE file = ? OR (file >= ? AND file < ?)
            UNION SELECT path FROM files WHERE path = ? OR (path >= ? AND path < ?)"""
        least = root.rstrip("/") + "/"
        return {path for (path,) in self._run(files, *(root, least, least[:-1] + "0") * 2)}

    def document(self, id: str) -> KnownDocument | None:
        """The document with this id."""
        rows = self._run("SELECT number, file, digest FROM documents WHERE id = ?", id)
        return KnownDocument(*rows[0]) if rows else None

    def numbers(self, file: str) -> Iterator[int]:
        """Numbers of the documents that came from `file`, a page at a time."""
        last = -1
        page = "SELECT number FROM documents WHERE file = ? AND number > ? ORDER BY number LIMIT ?"
        while rows := self._run(page, file, last, PAGE):
            yield from (number for (number,) in rows)
            last = rows[-1][0]

    def count(self, file: str) -> int:
        """Documents that came from `file`."""
        return int(self._run("SELECT count(*) FROM documents WHERE file = ?", file)[0][0])

    def state(self, name: str) -> Any:
        rows = self._run("SELECT value FROM state WHERE name = ?", name)
        return rows[0][0] if rows else None

    def set_state(self, name: str, value: Any) -> None:
        self._run("INSERT OR REPLACE INTO state VALUES (?, ?)", name, value)

    # For the engines, each under its name.

    def progress(self, engine: str) -> EngineProgress:
        """What the engine has been given so far."""
        version, indexed, pending, older = (
            self.state(f"{engine} {name}") for name in ("version", "indexed", "pending", "owed")
        )
        keys = json.loads(pending or older or "[]")  # the last is an older name of it
        return EngineProgress(str(version or ""), int(indexed or 0), tuple(map(int, keys)))

    def set_progress(self, engine: str, progress: EngineProgress) -> None:
        """Remember it, durably."""
        self.begin()
        for name, value in vars(progress).items():
            self.set_state(f"{engine} {name}", _json(value) if isinstance(value, tuple) else value)
        self.commit()

    def last_key(self) -> int:
        return int(self._run("SELECT coalesce(max(key), 0) FROM passages")[0][0])

    def next_key(self, key: int) -> int:
        """The least key above `key`; 0 where there is none."""
        return int(self._run("SELECT coalesce(min(key), 0) FROM passages WHERE key > ?", key)[0][0])

    def between(self, key: int, last: int) -> Iterator[tuple[int, Passage]]:
        """All passages with a key above `key` up to `last`, in order, a page at a time."""
        wanted = _PASSAGE + "WHERE p.key > ? AND p.key <= ? ORDER BY p.key LIMIT ?"
        while page := self._run(wanted, key, last, PAGE):
            yield from map(_passage, page)
            key = page[-1][0]

    def dropped(self) -> list[int]:
        return [key for (key,) in self._run("SELECT key FROM dropped")]

    def clear_dropped(self) -> None:
        self._run("DELETE FROM dropped")

    # For readers.

    def fetch(self, keys: Iterable[int]) -> dict[int, Passage]:
        """Passages by key; keys that are no longer there are left out."""
        wanted = json.dumps(list(keys))
        return dict(
            _passage(row)
            for row in self._run(_PASSAGE + "WHERE p.key IN (SELECT value FROM json_each(?))", wanted)  # noqa: S608
        )

    def passages(self, document: str) -> list[Passage]:
        return [_passage(row)[1] for row in self._run(_PASSAGE + "WHERE d.id = ? ORDER BY p.position", document)]

    def find(self, reference: str) -> str | None:
        """Id of the document that has `reference` as its id, url, file or title, in this order."""
        for column in ("id", "url", "file", "title"):
            rows = self._run(f"SELECT id FROM documents WHERE {column} = ? ORDER BY number LIMIT 1", reference)  # noqa: S608
            if rows:
                return str(rows[0][0])
        return None

    def counts(self) -> dict[str, int]:
        """Files that documents came from, documents, passages."""
        files, documents = self._run("SELECT count(DISTINCT file), count(*) FROM documents")[0]
        return {"files": files, "documents": documents, "passages": self._run("SELECT count(*) FROM passages")[0][0]}

    def has_urls(self) -> bool:
        return bool(self._run("SELECT 1 FROM documents WHERE url IS NOT NULL LIMIT 1"))

    def without(self, column: Literal["date", "url"]) -> int:
        """Documents that have no date, or no url; counted once for each state of the file."""
        state = (self._db.total_changes, self._run("PRAGMA data_version")[0][0])
        if self._counted.get(column, (None, 0))[0] != state:
            count = int(self._run(f"SELECT count(*) FROM documents WHERE {column} IS NULL")[0][0])  # noqa: S608
            self._counted[column] = state, count
        return self._counted[column][1]

    def documents(self) -> Iterator[tuple[str, str]]:
        """(id, title) of every document, in the order added."""
        yield from self._run("SELECT id, title FROM documents ORDER BY number")


def _library_error(path: Path, error: sqlite3.Error) -> LibraryError:
    """SQLite's error in our terms: a damaged file, a full disk, and a place that cannot be used."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)
    primary = code & 0xFF
    elsewhere = "or choose another data folder with --data or DEEPRESEARCH_DATA."
    if primary in _DAMAGED:
        hint = "Move its folder away and build the library again."
        return DamagedLibrary(f"{path} is not a sound library: {error}.", hint)
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and code not in _READING):
        hint = f"Free some space there, lift the limit on the size of files, {elsewhere}"
        return LibraryError(f"There is no room to write {path.name} in {path.parent}: {error}.", hint)
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LibraryError(f"{path} is in use by another process: {error}.", "Wait until it has finished.")
    return LibraryError(
        f"{path} cannot be used: {error}.", f"Repair {path.parent} (rights, the disk itself), {elsewhere}"
    )


def _json(value: Sequence[Any]) -> str:
    return json.dumps(value, ensure_ascii=False) if value else "[]"


def _passage(row: tuple[Any, ...]) -> tuple[int, Passage]:
    names = ("id", "document", "title", "text", "url", "heading", "position", "page", "date", "language")
    fields = dict(zip(names, row[1:], strict=True))
    fields["heading"] = json.loads(fields["heading"]) if fields["heading"] != "[]" else []
    return row[0], Passage.model_construct(**fields)
