"""The journal on disk: one SQLite file per data folder, lock files and blobs beside it.

journal.sqlite3    events keyed (run, seq), requests from other processes
locks/RUN.lock     locked by the one process that writes the run
blobs/             long texts by content hash
runs/RUN/          the run's own files
"""

import difflib
import errno
import fcntl
import json
import os
import shutil
import sqlite3
import tempfile
import threading
import time
import weakref
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import derived
from ..errors import InternalError, JournalDamaged, SettingsError, UnknownRun, UserError
from ..files import sync_folder
from ..trajectory import Event, RunStarted, Turn, parse_event
from .blobs import Blobs
from .database import connect, connect_read_only, trouble, why_only_readable
from .lock import RunLock, is_locked
from .run_log import Request, Row, RunLog, RunSummary, check_run_id, damaged, decode

INSERT_RUN = "insert into runs (run, created) values (?, ?)"
INSERT_EVENT = "insert into events (run, seq, time, type, crc, body) values (?, ?, ?, ?, ?, ?)"
# The body as bytes: its checksum is taken before anything tries to make sense of it.
SELECT_EVENTS = "select seq, crc, cast(body as blob) from events where run = ? and seq > ? order by seq"
SELECT_RUNS = "select run from runs order by created"
SELECT_RUN = "select 1 from runs where run = ?"
SELECT_SIZE = """
    select count(*), max(seq), min(time), max(time), total(crc is not checksum(cast(body as blob)))
    from events where run = ?"""
SELECT_OUTLINE = """
    select case when json_valid(body) then json_object('seq', seq, 'type', type,
        'task', json_extract(body, '$.task'), 'reason', json_extract(body, '$.reason'),
        'usage', json_extract(body, '$.usage'), 'cost', json_extract(body, '$.cost')) end
    from events where run = ? and (type = 'turn' or type like 'run.%') order by seq"""
"""What a summary needs and no more: the listing of many runs must not parse all their texts."""
INSERT_REQUEST = "insert into requests (run, kind, body, time) values (?, ?, ?, ?)"
SELECT_REQUESTS = "select id, kind, body, time from requests where run = ? and taken is null order by id"
TAKE_REQUEST = "update requests set taken = ? where id = ?"
CHECK = "pragma quick_check(20)"

RESTORE = "Restore the data folder from a copy."
LOST_HINT = "Restore the journal from a copy, with the file whose name ends in -wal, or begin the run again."


class Store:
    """Runs in a data folder. One connection per store, safe to share between threads, not across a fork.

    `run` may be a unique prefix of the id wherever an existing run is meant.
    """

    durable = True
    """What is recorded is on the disk when the call returns."""

    def __init__(self, folder: Path, patience: float = 10.0) -> None:
        """Open the data folder, made if need be; one that cannot be written is opened for reading alone.

        patience: seconds to wait while other processes write.
        Raises SettingsError (the folder cannot be used), JournalDamaged (its journal is no database).
        """
        self.folder = folder
        self.path = folder / "journal.sqlite3"
        self.blobs = Blobs(folder / "blobs", self.durable)
        self._guard = threading.RLock()
        self._refusal = ""
        """Why the folder cannot be written; empty where it can."""
        try:
            self._db = self._connect(patience)
        except (OSError, InternalError) as error:
            self._refusal = why_only_readable(error)
            if not self._refusal or not os.access(self.path, os.R_OK):
                if isinstance(error, InternalError):
                    raise
                raise SettingsError(
                    f"The data folder {folder} cannot be used: {error.strerror}.",
                    "Name a writable one with --data or DEEPRESEARCH_DATA.",
                ) from error
            self._db = connect_read_only(self.path, patience)

    def _connect(self, patience: float) -> sqlite3.Connection:
        """Raises OSError where the folder cannot be made or written."""
        for part in (self.folder, self.folder / "locks", self.folder / "blobs", self.folder / "runs"):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / "journal.lock").open("a") as lock:
            # Two processes that begin a data folder at the same time must not both set it up.
            fcntl.flock(lock, fcntl.LOCK_EX)
            fresh = not self.path.exists()
            # SQLite needs to make files beside the journal, and opens what it may not write without a word.
            for place in (self.folder, self.path):
                if not os.access(place, os.W_OK) and place.exists():
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            db = connect(self.path, patience, self.durable)
            if fresh and self.durable:
                sync_folder(self.folder)
                sync_folder(self.folder.parent)
        return db

    def create(self, run: str) -> RunLog:
        """Begin a run; it exists from its first event on. Raises UserError (id taken or unfit), RunBusy."""
        check_run_id(run)
        lock = self._lock(run)
        with _undo(lock):
            if self._select(SELECT_RUN, run):
                raise UserError(f"Run {run} exists already.", "Resume it, or choose another id.")
            return self._log(run, [], lock)

    def open(self, run: str) -> RunLog:
        """Open an existing run for writing. Raises UnknownRun, RunBusy, JournalDamaged (naming run and event)."""
        run = self.find(run)
        lock = self._lock(run)
        with _undo(lock):
            return self._log(run, self.read(run), lock)

    def read(self, run: str, after: int = 0) -> list[Event]:
        """The events whose seq is above `after`, also while a process writes. Raises UnknownRun, JournalDamaged."""
        run = self.find(run)
        events: list[Event] = []
        for expected, (seq, crc, body) in enumerate(self._select(SELECT_EVENTS, run, after), after + 1):
            if seq != expected:
                raise damaged(run, expected, f"is missing: {seq} follows {expected - 1}")
            if body is None or zlib.crc32(body) != crc:
                raise damaged(run, seq, "is not what was recorded: its checksum is wrong")
            events.append(decode(run, seq, body))
        return events

    def runs(self) -> list[RunSummary]:
        """All runs, the newest first."""
        found = [self._summary(run) for run in self.names()]
        return sorted(found, key=lambda summary: (summary.started, summary.run), reverse=True)

    def names(self) -> list[str]:
        """The ids of all runs, the oldest first."""
        return [name for (name,) in self._select(SELECT_RUNS)]

    def find(self, run: str) -> str:
        """The full id. Raises UnknownRun: no such run (with the nearest ids), or several that begin so."""
        if self._select(SELECT_RUN, run):
            return run
        known = self.names()
        begins = [name for name in known if run and name.startswith(run)]
        if len(begins) == 1:
            return begins[0]
        if begins:
            listed = ", ".join(begins[:5]) + (", ..." if len(begins) > 5 else "")
            raise UnknownRun(f"{len(begins)} runs begin with {run}: {listed}.", "Give more of the id.")
        if run in self._lost():
            raise UnknownRun(self._loss(run), LOST_HINT)
        near = difflib.get_close_matches(run, known, n=3, cutoff=0.4)
        raise UnknownRun(
            f"There is no run {run[:120]!r} in this data folder.",
            f"Nearest: {', '.join(near)}." if near else "`deepresearch list` shows all runs.",
        )

    def problems(self) -> list[str]:
        """What is wrong with the journal, each with its hint: its pages, records of runs, runs that it has lost.

        Reads everything. Raises JournalDamaged where the file cannot be read at all.
        """
        found = [f"{self.path}: {line}. {RESTORE}" for (line,) in self._select(CHECK) if line != "ok"]
        for summary in self.runs():
            if summary.state == "damaged":
                try:
                    self.read(summary.run)
                except JournalDamaged as error:
                    found.append(str(error))
        return found + [f"{self._loss(run)} {LOST_HINT}" for run in self._lost()]

    def request(self, run: str, kind: str, body: dict[str, Any]) -> None:
        """Ask the process that writes `run` for something; durable on return. Raises UnknownRun."""
        run = self.find(run)
        with self._transaction(f"Run {run}: the request to {kind} was not recorded") as db:
            db.execute(INSERT_REQUEST, (run, kind, json.dumps(body), time.time()))

    def is_live(self, run: str) -> bool:
        """Whether a process is writing the run now. `run` is the full id; False where there is no such run."""
        return is_locked(self._lock_path(run))

    def run_folder(self, run: str) -> Path:
        """The run's own folder for files, created if need be. `run` is the full id. Raises UserError."""
        check_run_id(run)
        folder = self.folder / "runs" / run
        if not folder.is_dir():
            self._check_writable()
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise InternalError(f"The folder {folder} cannot be made: {error.strerror}.") from error
        return folder

    def delete(self, run: str) -> None:
        """Remove a run with its folder; blobs stay, since runs share them. Raises UnknownRun, RunBusy."""
        run = self.find(run)
        lock = self._lock(run)
        try:
            with self._transaction(f"Run {run} could not be deleted") as db:
                for table in ("events", "requests", "runs"):
                    db.execute(f"delete from {table} where run = ?", (run,))  # noqa: S608  the names are ours
            shutil.rmtree(self.folder / "runs" / run, ignore_errors=True)
        finally:
            lock.release()
        self._lock_path(run).unlink(missing_ok=True)

    def close(self) -> None:
        """Close files and connections."""
        self._db.close()

    def _lock_path(self, run: str) -> Path:
        check_run_id(run)
        return self.folder / "locks" / f"{run}.lock"

    def _lock(self, run: str) -> RunLock:
        path = self._lock_path(run)
        self._check_writable()
        return RunLock(path, run)

    def _check_writable(self) -> None:
        if self._refusal:
            raise SettingsError(
                f"The data folder {self.folder} can be read but not written: {self._refusal}.",
                "Name a writable one with --data or DEEPRESEARCH_DATA.",
            )

    def _lost(self) -> list[str]:
        """Runs that have a folder but no record."""
        folder = self.folder / "runs"
        if not folder.is_dir():
            return []
        known = set(self.names())
        return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and entry.name not in known)

    def _loss(self, run: str) -> str:
        folder = self.folder / "runs" / run
        names = sorted(entry.name for entry in folder.iterdir())
        some = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        return (
            f"The journal {self.path} has lost run {run}: its folder {folder} is there (it holds {some or 'nothing'})."
        )

    def _log(self, run: str, events: list[Event], lock: RunLock) -> RunLog:
        return RunLog(
            run,
            events,
            write=lambda rows: self._write(run, rows),
            take=lambda: self._take(run),
            release=lock.release,
        )

    def _write(self, run: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        which = f"event {rows[0].seq} ({rows[0].type})" if len(rows) == 1 else f"events {rows[0].seq} to {rows[-1].seq}"
        with self._transaction(f"Run {run}: {which} could not be recorded") as db:
            if rows[0].seq == 1:
                db.execute(INSERT_RUN, (run, rows[0].time))
            db.executemany(INSERT_EVENT, [(run, *row[:3], zlib.crc32(row.body.encode()), row.body) for row in rows])

    def _take(self, run: str) -> list[Request]:
        # Asked before every step, so the usual answer, none, must not cost a write.
        rows = self._select(SELECT_REQUESTS, run)
        if rows:
            now = time.time()
            with self._transaction(f"Run {run}: requests could not be taken") as db:
                db.executemany(TAKE_REQUEST, [(now, row[0]) for row in rows])
        return [Request(number, run, kind, json.loads(body), asked) for number, kind, body, asked in rows]

    def _summary(self, run: str) -> RunSummary:
        ((count, last, started, updated, broken),) = self._select(SELECT_SIZE, run)
        texts = [text for (text,) in self._select(SELECT_OUTLINE, run)]
        try:
            outline = [parse_event(json.loads(text or "null")) for text in texts]
            sound = count == last and not broken
        except (AttributeError, ValueError):
            outline, sound = [], False
        return RunSummary(
            run=run,
            question=next((event.task.question for event in derived.find(outline, RunStarted)), ""),
            state=derived.state(outline) if sound else "damaged",
            live=self.is_live(run),
            started=started or 0.0,
            updated=updated or 0.0,
            events=count,
            turns=len(derived.find(outline, Turn)),
            usage=derived.total_usage(outline),
            cost=derived.total_cost(outline),
        )

    def _select(self, statement: str, *values: Any) -> list[Any]:
        with self._guard:
            try:
                return self._db.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise trouble(f"{self.path} cannot be read", error) from error

    @contextmanager
    def _transaction(self, failed: str) -> Iterator[sqlite3.Connection]:
        """All of it or none, on disk at the end. Raises InternalError that begins with `failed`."""
        self._check_writable()
        with self._guard:
            try:
                self._db.execute("begin immediate")
                try:
                    yield self._db
                    self._db.execute("commit")
                except BaseException:  # of any kind: all or nothing
                    # SQLite has already rolled back after some errors, a full disk among them.
                    if self._db.in_transaction:
                        self._db.rollback()
                    raise
            except sqlite3.Error as error:
                raise trouble(f"{failed} in {self.path}", error) from error


@contextmanager
def _undo(lock: RunLock) -> Iterator[None]:
    """Release the lock if the log cannot be opened after all."""
    try:
        yield
    except BaseException:  # of any kind: the run must not stay locked
        lock.release()
        raise


class MemoryStore(Store):
    """A store that is lost with the process, for rollouts and tests: nothing waits for the disk."""

    durable = False

    def __init__(self) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="deepresearch-")))
        self._discard = weakref.finalize(self, _discard, self._db, self.folder)

    def close(self) -> None:
        self._discard()


def _discard(db: sqlite3.Connection, folder: Path) -> None:
    db.close()
    shutil.rmtree(folder, ignore_errors=True)
