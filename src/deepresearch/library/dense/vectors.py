"""Vectors on disk, in SQLite beside the documents, searched exactly: all that pass the filters are compared."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import LibraryError
from ..engine import Filters
from .embedder import Batch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .embedder import Matrix

FORMAT = 3  # raised when the tables change
PAGE = 16_384  # bytes of a page of the file: several vectors
READ = 10_000  # rows that are read from the file at once
PATIENCE = 30.0
"""Seconds to wait for another process that has the database locked."""
_SCHEMA = f"""
CREATE TABLE vectors (key INTEGER PRIMARY KEY, first_day INT, last_day INT, language TEXT, site TEXT, vector BLOB);
CREATE TABLE about (dimensions INT, state BLOB);
PRAGMA user_version = {FORMAT};
"""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_ERROR)


class VectorFile:
    """Vectors in a folder. One process writes (the library sees to that); any number read."""

    name = "numpy"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "vectors.sqlite"
        self._lock = threading.Lock()
        self._loaded: tuple[bytes, NDArray[np.int64], Matrix] | None = None
        """State of the file, keys, ascending, and their vectors."""

    def update(self, batches: Iterable[Batch], above: int, dropped: Iterable[int]) -> None:
        """See Engine, in one transaction; keys ascend."""
        with self._opened("BEGIN IMMEDIATE") as (db, dimensions, _):
            db.execute("DELETE FROM vectors WHERE key > ?", (above,))
            db.executemany("DELETE FROM vectors WHERE key = ?", ((key,) for key in dropped))
            last = above
            for rows, matrix in batches:
                keys = [last, *(row["key"] for row in rows)]
                if sorted(set(keys)) != keys:
                    raise ValueError("keys do not ascend")
                if rows and matrix.shape[1] != dimensions:
                    raise ValueError(f"vectors of {matrix.shape[1]} dimensions among those of {dimensions}")
                last = keys[-1]
                db.executemany("INSERT INTO vectors VALUES (?, ?, ?, ?, ?, ?)", map(_values, rows, matrix))
            db.execute("UPDATE about SET state = randomblob(16)")
            db.execute("COMMIT")

    def search(self, vector: "Matrix", k: int, filters: Filters) -> list[tuple[int, float]]:
        """(key, cosine) of the `k` nearest, best first. Raises ValueError as Engine.search does."""
        import numpy as np  # noqa: PLC0415  an optional package

        with self._lock, self._opened("BEGIN") as (db, dimensions, state):
            if len(vector) != dimensions:
                raise ValueError(f"{len(vector)} dimensions asked of vectors with {dimensions}")
            if self._loaded is None or self._loaded[0] != state:
                self._loaded = (state, *_all(db, dimensions))
            _, keys, vectors = self._loaded
            if conditions := filters.conditions():
                forms = (
                    "instr(site, ' ' || ? || ' ')" if name == "site" else f"{name} {form} ?"
                    for name, form, _ in conditions
                )
                asked = f"SELECT key FROM vectors WHERE {' AND '.join(forms)} ORDER BY key"  # noqa: S608
                passing = (key for (key,) in db.execute(asked, [value for _, _, value in conditions]))
                places = np.searchsorted(keys, np.fromiter(passing, np.int64))
                keys, vectors = keys[places], vectors[places]
        scores = vectors @ vector
        if len(scores) > k > 0:
            near = scores >= np.partition(scores, -k)[-k]
            keys, scores = keys[near], scores[near]
        order = np.lexsort((keys, -scores))[: max(k, 0)]
        return [(int(keys[place]), float(scores[place])) for place in order]

    def check(self) -> None:
        with self._opened("BEGIN"):
            pass

    def clear(self, dimensions: int) -> None:
        """Delete everything, and be ready for vectors of so many `dimensions`. Raises LibraryError."""
        self.close()
        folder = self._path.parent
        try:
            if folder.is_symlink() or folder.is_file():
                folder.unlink()
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.iterdir():
                if path.is_file():
                    path.unlink()
            with closing(self._connect("rwc")) as db:
                db.execute(f"PRAGMA page_size = {PAGE}")
                db.execute("PRAGMA journal_mode = WAL")
                db.executescript(_SCHEMA)
                db.execute("INSERT INTO about VALUES (?, randomblob(16))", (dimensions,))
        except (OSError, sqlite3.Error) as error:
            raise self._unwritable(str(error)) from error

    def close(self) -> None:
        self._loaded = None

    def _connect(self, mode: str) -> sqlite3.Connection:
        address = f"{self._path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(address, timeout=PATIENCE, uri=True, isolation_level=None)

    @contextmanager
    def _opened(self, begin: str) -> Iterator[tuple[sqlite3.Connection, int, bytes]]:
        """The database in a transaction, which is undone unless it is committed; dimensions, and the state of its data.

        Raises LibraryError for a full or locked disk while writing, else ValueError.
        """
        try:
            with closing(self._connect("rw")) as db:
                db.execute(begin)
                [(found,)] = db.execute("PRAGMA user_version")
                if found != FORMAT:
                    raise ValueError(f"{self._path} is of another format")
                [(dimensions, state)] = db.execute("SELECT dimensions, state FROM about")
                yield db, dimensions, state
        except sqlite3.Error as error:
            if begin != "BEGIN" and getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
                raise self._unwritable(str(error)) from error
            raise ValueError(f"{self._path}: {error}") from error

    def _unwritable(self, reason: str) -> LibraryError:
        return LibraryError(f"{self._path} cannot be written: {reason}.", "Free some space there, or repair it.")


def _values(row: dict[str, Any], vector: "Matrix") -> tuple[object, ...]:
    import numpy as np  # noqa: PLC0415

    known = (row.get(name) for name in ("first_day", "last_day", "language"))
    return row["key"], *known, f" {' '.join(row.get('site', ()))} ", np.asarray(vector, np.float32).tobytes()


def _all(db: sqlite3.Connection, dimensions: int) -> tuple["NDArray[np.int64]", "Matrix"]:
    """Keys, ascending, and their vectors, read piece by piece."""
    import numpy as np  # noqa: PLC0415

    [(count,)] = db.execute("SELECT count(*) FROM vectors")
    keys, vectors = np.empty(count, np.int64), np.empty((count, dimensions), np.float32)
    rows = db.execute("SELECT key, vector FROM vectors ORDER BY key")
    done = 0
    while part := rows.fetchmany(READ):
        end = done + len(part)
        keys[done:end] = [key for key, _ in part]
        vectors[done:end] = np.frombuffer(b"".join([row for _, row in part]), np.float32).reshape(len(part), -1)
        done = end
    return keys, vectors
