"""Vectors on disk, in SQLite beside the documents, searched exactly: all that pass the filters are compared."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import LibraryError
from ..engine import Filters, day
from .engine import Batch, VectorRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .embedder import Matrix

FORMAT = 2
"""Raised when the tables change."""
PAGE = 16_384
"""Bytes of a page of the file: several vectors."""
READ = 10_000
"""Rows that are read from the file at once."""
PATIENCE = 30.0
"""Seconds to wait for another process that has the database locked."""
_SCHEMA = f"""
CREATE TABLE vectors (key INTEGER PRIMARY KEY, first_day INT, last_day INT, language TEXT, sites TEXT, vector BLOB);
CREATE TABLE about (dimensions INT);
PRAGMA user_version = {FORMAT};
"""


@dataclass(frozen=True)
class _Loaded:
    """All vectors, as of one state of the file."""

    state: tuple[int, int]
    """Inode of the file, and SQLite's number of the state of its data."""
    keys: "NDArray[np.int64]"
    vectors: "Matrix"


class VectorFile:
    """Vectors in a folder. One process writes (the library sees to that); any number read."""

    name = "numpy"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "vectors.sqlite"
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._inode = 0
        self._loaded: _Loaded | None = None

    def update(self, batches: Iterable[Batch], above: int, dropped: Iterable[int]) -> None:
        """See Vectors, in one transaction."""
        with self._translated(writes=True), closing(self._connect()) as db:
            dimensions = self._dimensions(db)
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM vectors WHERE key > ?", (above,))
            db.executemany("DELETE FROM vectors WHERE key = ?", ((key,) for key in dropped))
            last = above
            for rows, matrix in batches:
                keys = [last, *(row.key for row in rows)]
                if sorted(set(keys)) != keys:
                    raise ValueError("keys do not ascend")
                if rows and matrix.shape[1] != dimensions:
                    raise ValueError(f"vectors of {matrix.shape[1]} dimensions among those of {dimensions}")
                last = keys[-1]
                db.executemany("INSERT INTO vectors VALUES (?, ?, ?, ?, ?, ?)", map(_values, rows, matrix))
            db.execute("COMMIT")

    def search(self, vector: "Matrix", k: int, filters: Filters) -> list[tuple[int, float]]:
        """See Vectors."""
        import numpy as np  # noqa: PLC0415  an optional package

        with self._lock, self._translated(), self._snapshot() as db:
            if len(vector) != (dimensions := self._dimensions(db)):
                raise ValueError(f"{len(vector)} dimensions asked of vectors with {dimensions}")
            keys, vectors = self._all(db, dimensions)
            if (where := _conditions(filters)) is not None:
                passing = db.execute(f"SELECT key FROM vectors WHERE {where[0]} ORDER BY key", where[1])  # noqa: S608
                places = np.searchsorted(keys, np.fromiter((key for (key,) in passing), np.int64))
                keys, vectors = keys[places], vectors[places]
        scores = vectors @ vector
        if len(scores) > k > 0:
            near = scores >= np.partition(scores, -k)[-k]
            keys, scores = keys[near], scores[near]
        order = np.lexsort((keys, -scores))[: max(k, 0)]
        return [(int(keys[place]), float(scores[place])) for place in order]

    def check(self) -> None:
        """See Engine."""
        with self._translated(), closing(self._connect()) as db:
            self._dimensions(db)

    def clear(self, dimensions: int) -> None:
        """See Vectors."""
        self.close()
        try:
            if self._path.parent.is_symlink() or self._path.parent.is_file():
                self._path.parent.unlink()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            for path in self._path.parent.iterdir():
                if path.is_file():
                    path.unlink()
        except OSError as error:
            raise _unwritable(self._path, error.strerror or str(error)) from error
        with self._translated(writes=True), closing(self._connect(create=True)) as db:
            db.execute(f"PRAGMA page_size = {PAGE}")
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(_SCHEMA)
            db.execute("INSERT INTO about VALUES (?)", (dimensions,))

    def close(self) -> None:
        """See Engine."""
        if self._db:
            self._db.close()
        self._db = self._loaded = None

    def _connect(self, create: bool = False) -> sqlite3.Connection:
        address = f"{self._path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
        return sqlite3.connect(address, timeout=PATIENCE, uri=True, isolation_level=None, check_same_thread=False)

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """The connection, reading one state of the file until the end of the block."""
        db = self._open()
        db.execute("BEGIN")
        try:
            yield db
        finally:
            db.execute("ROLLBACK")

    def _open(self) -> sqlite3.Connection:
        """The connection that searches share; a new one where a writer has replaced the file."""
        inode = self._path.stat().st_ino
        if self._db is None or self._inode != inode:
            self.close()
            self._db, self._inode = self._connect(), inode
        return self._db

    def _dimensions(self, db: sqlite3.Connection) -> int:
        [(found,)] = db.execute("PRAGMA user_version")
        if found != FORMAT:
            raise ValueError(f"{self._path} is of another format")
        return int(db.execute("SELECT dimensions FROM about").fetchone()[0])

    def _all(self, db: sqlite3.Connection, dimensions: int) -> tuple["NDArray[np.int64]", "Matrix"]:
        """Keys, ascending, and their vectors; read once for each state of the file."""
        import numpy as np  # noqa: PLC0415

        state = (self._inode, int(db.execute("PRAGMA data_version").fetchone()[0]))
        if self._loaded is None or self._loaded.state != state:
            [(count,)] = db.execute("SELECT count(*) FROM vectors")
            keys, vectors = np.empty(count, np.int64), np.empty((count, dimensions), np.float32)
            rows = db.execute("SELECT key, vector FROM vectors ORDER BY key")
            done = 0
            while part := rows.fetchmany(READ):
                end = done + len(part)
                keys[done:end] = [key for key, _ in part]
                vectors[done:end] = np.frombuffer(b"".join([row for _, row in part]), np.float32).reshape(len(part), -1)
                done = end
            self._loaded = _Loaded(state, keys, vectors)
        return self._loaded.keys, self._loaded.vectors

    @contextmanager
    def _translated(self, writes: bool = False) -> Iterator[None]:
        """SQLite's errors: LibraryError for a full or locked disk while writing, else ValueError."""
        try:
            yield
        except FileNotFoundError:
            raise ValueError(f"{self._path} is gone") from None
        except sqlite3.Error as error:
            damaged = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_ERROR)
            if writes and getattr(error, "sqlite_errorcode", 0) & 0xFF not in damaged:
                raise _unwritable(self._path, str(error)) from error
            raise ValueError(f"{self._path}: {error}") from error


def _values(row: VectorRow, vector: "Matrix") -> tuple[int, int, int, str, str, bytes]:
    import numpy as np  # noqa: PLC0415

    found = f" {' '.join(row.sites)} "
    return row.key, row.first_day, row.last_day, row.language, found, np.asarray(vector, np.float32).tobytes()


def _conditions(filters: Filters) -> tuple[str, list[str | int]] | None:
    """The SQL condition for a row, and its values; None where there is no filter."""
    wanted: list[tuple[str, str | int]] = []
    if filters.since:
        wanted.append(("last_day >= ?", day(filters.since, last=False)))
    if filters.until:
        wanted.append(("first_day <= ?", day(filters.until, last=True)))
    if filters.language:
        wanted.append(("language = ?", filters.language))
    if filters.site:
        wanted.append(("instr(sites, ?)", f" {filters.site} "))
    return (" AND ".join(sql for sql, _ in wanted), [value for _, value in wanted]) if wanted else None


def _unwritable(path: Path, reason: str) -> LibraryError:
    return LibraryError(f"{path} cannot be written: {reason}.", "Free some space there, or repair it.")
