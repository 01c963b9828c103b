"""The journal's database file: its tables, opening it for writing or for reading alone, its errors in our terms."""

import errno
import os
import sqlite3
import zlib
from pathlib import Path

from ..errors import InternalError, JournalDamaged, SettingsError, UserError

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "create table runs (run text primary key, created real not null)",
        # `type` comes before `body`, so that listing runs need not read long bodies.
        "create table events (run text not null, seq integer not null, time real not null, type text not null, "
        "crc integer not null, body text not null, primary key (run, seq))",
        "create table requests (id integer primary key, run text not null, kind text not null, body text not null, "
        "time real not null, taken real)",
        "create index requests_open on requests (run) where taken is null",
    ),
)
"""Step n takes the file from `user_version` n to n + 1. Never edit a step that has been released."""

_ONLY_READABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOT_WRITTEN = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN)
"""The errors of a place that may be read but not written, a full disk among them: the system's and SQLite's."""


def why_only_readable(error: Exception) -> str:
    """Why a place that was to be opened for writing can perhaps still be read; empty where it cannot."""
    if isinstance(error, OSError) and error.errno in _ONLY_READABLE:
        return os.strerror(error.errno)
    cause = error.__cause__
    if isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode & 0xFF in _NOT_WRITTEN:
        return str(cause)
    return ""


def connect(path: Path, patience: float, durable: bool) -> sqlite3.Connection:
    """Open the journal for reading and writing, made if need be.

    patience: seconds to wait while other processes write. durable: a commit waits for the disk.
    Raises JournalDamaged, InternalError, UserError.
    """
    try:
        db = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
        try:
            db.execute("pragma journal_mode = wal")
            # Full: a commit returns when the disk has it. Less would lose acknowledged events with the power.
            db.execute(f"pragma synchronous = {'full' if durable else 'off'}")
            _migrate(db, path)
            _add_checksum(db)
        except BaseException:  # of any kind: the file must be closed
            db.close()
            raise
    except sqlite3.Error as error:
        raise trouble(f"{path} cannot be opened", error) from error
    return db


def connect_read_only(path: Path, patience: float) -> sqlite3.Connection:
    """Open the journal of a place that cannot be written. Raises as `connect`, and SettingsError."""
    try:
        return _connect_read_only(path, "mode=ro", patience)
    except sqlite3.OperationalError as error:
        # Without the files beside the journal, which cannot be made here, SQLite reads it only as one that never
        # changes. It would then overlook what only the -wal file holds.
        wal = path.with_name(f"{path.name}-wal")
        if wal.exists() and wal.stat().st_size:
            raise SettingsError(
                f"{path} cannot be read where it is: the newest events are in {wal.name}, and the folder cannot be "
                f"written ({error}).",
                "Copy the folder to a writable place and name that with --data or DEEPRESEARCH_DATA.",
            ) from error
    try:
        return _connect_read_only(path, "mode=ro&immutable=1", patience)
    except sqlite3.Error as error:
        raise trouble(f"{path} cannot be opened", error) from error


def trouble(what: str, error: sqlite3.Error) -> InternalError:
    """SQLite's error in the tree's terms: full, locked, failing disks are one thing, a broken file is another."""
    if type(error) is sqlite3.DatabaseError:
        return JournalDamaged(f"{what}: {error}.", "Nothing was changed. Restore the data folder from a copy.")
    return InternalError(f"{what}: {error}.", "Repair the cause (space, rights, the disk itself) and try again.")


def _connect_read_only(path: Path, options: str, patience: float) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?{options}"
    db = sqlite3.connect(address, uri=True, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        if _version(db, path) < len(MIGRATIONS):
            raise SettingsError(
                f"{path} has to be set up or brought up to date, and its folder cannot be written.",
                "Copy the folder to a writable place, or name another, with --data or DEEPRESEARCH_DATA.",
            )
        _add_checksum(db)
    except BaseException:  # of any kind: the file must be closed
        db.close()
        raise
    return db


def _version(db: sqlite3.Connection, path: Path) -> int:
    (version,) = db.execute("pragma user_version").fetchone()
    if version > len(MIGRATIONS):
        raise UserError(f"{path} was written by a newer version (format {version}).", "Update deepresearch.")
    return int(version)


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    version = _version(db, path)
    for number, step in enumerate(MIGRATIONS[version:], version + 1):
        db.execute("begin immediate")
        for statement in step:
            db.execute(statement)
        db.execute(f"pragma user_version = {number}")
        db.execute("commit")


def _add_checksum(db: sqlite3.Connection) -> None:
    """Let statements compare bodies with their checksums without handing every body over."""
    db.create_function("checksum", 1, _checksum, deterministic=True)


def _checksum(body: bytes | None) -> int | None:
    return None if body is None else zlib.crc32(body)
