"""Pages as they were read, stored for good: the evidence behind citations, and what a run can be replayed from.

pages.sqlite        one row per reading: url, final url, status, headers, time, hash of the body; failures too
bodies/ab/abcd...   bodies by SHA-256, compressed
"""

import gzip
import hashlib
import json
import math
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ..errors import FetchFailed, InternalError
from ..files import sync_folder, write_file
from .fetched import Fetched

_SCHEMA = """
CREATE TABLE IF NOT EXISTS readings (
    id INTEGER PRIMARY KEY,
    url TEXT NOT NULL,
    final_url TEXT NOT NULL,
    fetched REAL NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body TEXT NOT NULL,
    size INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    message TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_url ON readings (url, fetched);
CREATE INDEX IF NOT EXISTS by_final_url ON readings (final_url, fetched);
"""
_KEPT_HEADERS = frozenset({"content-type", "content-language", "content-disposition", "date", "etag", "last-modified"})
_BUSY = 30.0  # seconds to wait for another process that writes


class Archive:
    """A folder of readings. Several processes may use it at once; nothing is ever removed."""

    def __init__(self, folder: Path, *, replay: bool = False, as_of: float = math.inf) -> None:
        """replay: pages are read from the archive or fail; nothing is fetched.

        as_of: seconds since the epoch; readings after that are not looked at.
        """
        self.folder = folder
        self.replay = replay
        self._as_of = as_of

    def keep(self, page: Fetched) -> str:
        """Store a page, durable on return; returns its body's SHA-256 (hex). Raises InternalError."""
        digest = hashlib.sha256(page.body).hexdigest()
        path = self._body(digest)
        try:
            if _read(path, digest, len(page.body)) is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_file(path, [gzip.compress(page.body, mtime=0)])
                for folder in path.parents[1:3]:  # which were perhaps made for it
                    sync_folder(folder)
        except OSError as error:
            raise _unusable(self.folder, error) from error
        self._insert(page, body=digest, size=len(page.body))
        return digest

    def keep_failure(self, url: str, failure: FetchFailed, when: float) -> None:
        """Store that a page could not be read, so that a replay fails the same way. Raises InternalError."""
        self._insert(Fetched(url, url, 0, {}, b"", when, False), outcome=failure.outcome, message=failure.message)

    def find(self, url: str) -> Fetched | None:
        """The newest reading of a page, by its address before or after redirects; None where there is none.

        Raises FetchFailed (damaged) where the body is not what was stored.
        """
        row = self._newest(url, "AND outcome = ''")
        return self._page(url, row) if row else None

    def counts(self) -> tuple[int, int, int]:
        """Readings of pages, failures among them, and bytes of the bodies before they were compressed.

        Raises InternalError.
        """
        if not self._database.is_file():
            return 0, 0, 0
        with self._open() as database:
            row = database.execute(
                "SELECT count(*), count(CASE WHEN outcome != '' THEN 1 END), total(size) FROM readings"
            ).fetchone()
        return int(row[0]), int(row[1]), int(row[2])

    def replayed(self, url: str) -> Fetched:
        """The outcome of the newest attempt to read the page.

        Raises FetchFailed: the failure of that attempt, not_archived, or damaged.
        """
        row = self._newest(url, "")
        if row is None:
            hint = "Only pages that a run has read are archived."
            raise FetchFailed(f"{url} is not in the archive {self.folder}.", hint, outcome="not_archived")
        if row["outcome"]:
            raise FetchFailed(row["message"], outcome=row["outcome"])
        return self._page(url, row)

    def _newest(self, url: str, condition: str) -> sqlite3.Row | None:
        if not self._database.is_file():
            return None
        with self._open() as database:
            found: sqlite3.Row | None = database.execute(
                f"SELECT * FROM readings WHERE (url = ? OR final_url = ?) AND fetched <= ? {condition} "  # noqa: S608
                "ORDER BY fetched DESC, id DESC LIMIT 1",
                (url, url, self._as_of),
            ).fetchone()
        return found

    def _page(self, url: str, row: sqlite3.Row) -> Fetched:
        body = _read(self._body(row["body"]), row["body"], row["size"])
        if body is None:
            raise FetchFailed(
                f"{url}: its body in the archive {self.folder} is missing or damaged.",
                "Fetch the page again.",
                outcome="damaged",
            )
        return Fetched(url, row["final_url"], row["status"], json.loads(row["headers"]), body, row["fetched"], True)

    def _insert(self, page: Fetched, body: str = "", size: int = 0, outcome: str = "", message: str = "") -> None:
        headers = json.dumps({name: value for name, value in page.headers.items() if name in _KEPT_HEADERS})
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.folder, error) from error
        with self._open() as database, database:
            database.executescript(_SCHEMA)
            database.execute(
                "INSERT INTO readings (url, final_url, fetched, status, headers, body, size, outcome, message)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (page.url, page.final_url, page.fetched, page.status, headers, body, size, outcome, message),
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._database, timeout=_BUSY)) as database:
                database.row_factory = sqlite3.Row
                database.execute("PRAGMA synchronous = FULL")
                yield database
        except sqlite3.Error as error:
            raise _unusable(self.folder, error) from error

    @property
    def _database(self) -> Path:
        return self.folder / "pages.sqlite"

    def _body(self, digest: str) -> Path:
        return self.folder / "bodies" / digest[:2] / digest


def _unusable(folder: Path, error: Exception) -> InternalError:
    return InternalError(
        f"The archive of pages in {folder} cannot be used: {error}.", "Repair the disk or move the folder away."
    )


def _read(path: Path, digest: str, size: int) -> bytes | None:
    """The body, if the file holds just that. Never unpacks more than its size."""
    try:
        body = zlib.decompressobj(wbits=31).decompress(path.read_bytes(), size + 1)
    except (OSError, zlib.error):
        return None
    return body if hashlib.sha256(body).hexdigest() == digest else None
