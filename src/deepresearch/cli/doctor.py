"""`doctor`: what works on this machine, what does not, and how to fix it."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from .options import Data, Switch
from .services import Finding, found, services
from .terminal import put

SLOW_SYNC = 0.05
"""Seconds for one durable write above which runs are noticeably slowed down."""

EXTRAS = {
    "office": (["docx", "openpyxl", "pptx", "xlrd", "olefile"], "Word, Excel, PowerPoint, Outlook files"),
    "dense": (["numpy", "onnxruntime", "tokenizers"], "search by meaning"),
    "parquet": (["pyarrow"], "corpora in Parquet"),
}
"""Extra to the modules that it brings, and what it is for."""
NAMED = 20
"""Problems of the journal that are written out."""


def doctor(*, online: Switch = False, data: Data | None = None) -> int:
    """Check this machine: the data folder and what is stored there, how files and documents are confined, optional
    programs and packages, search services and their keys, servers and endpoints.

    Exit code 1 where something that every run needs does not work, a server that is named does not answer, or records
    are damaged.

    Args:
        online: Ask services and servers on other machines too; otherwise nothing leaves this one.
    """
    settings = (data or Data()).settings()
    bad = False
    for finding in chain(_findings(settings.data_folder()), services(settings, online)):
        put(f"{finding.state:8} {finding.what}: {finding.detail}")
        bad = bad or finding.state == "bad"
    return int(bad)


def _findings(folder: Path) -> Iterator[Finding]:
    yield Finding("python", "ok", sys.version.split()[0])
    yield Finding("sqlite", "ok", sqlite3.sqlite_version)
    yield _data_folder(folder)
    yield from _journal(folder)
    yield _stored_pages(folder)
    yield _reading()
    programs = {"tmux": "terminal sessions", "chromium": "looking at the HTML report as a picture"}
    for program, purpose in programs.items():
        where = shutil.which(program)
        yield Finding(
            program, "ok" if where else "missing", where or f"not installed ({purpose}); nothing else needs it"
        )
    yield _fonts()
    yield from _extras()


def _stored_pages(folder: Path) -> Finding:
    """The archive of pages and the cache of queries."""
    from ..web.archive import Archive

    def counted() -> str:
        readings, failures, size = Archive(folder / "pages").counts()
        cache = folder / "queries.sqlite3"
        answers = f"; answers to queries: {cache.stat().st_size / 2**20:.1f} MiB" if cache.exists() else ""
        return f"{readings} readings, {failures} of them failures, {size / 2**20:.1f} MiB unpacked{answers}"

    return found("pages stored", counted)


def _reading() -> Finding:
    """How far a document that takes over its reader would get."""
    from ..sandbox.confinement import confinement

    prefix, reason = confinement()
    if prefix:
        return Finding("reading documents", "ok", "in bubblewrap: limits, no network, no other files")
    return Finding(
        "reading documents", "missing", f"in a process with limits, but not cut off from network and files: {reason}"
    )


def _fonts() -> Finding:
    """Whether pictures of a Chinese report would show Chinese."""
    program = shutil.which("fc-list")
    if not program:
        return Finding("fonts", "missing", "not known (fc-list is not installed); only pictures of reports need them")
    try:
        done = subprocess.run([program, ":lang=zh", "family"], capture_output=True, text=True, timeout=5, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("fonts", "missing", f"not known ({error})")
    families = sorted({line.split(",")[0].strip() for line in done.stdout.splitlines()} - {""})
    if not families:
        return Finding("fonts", "missing", "none for Chinese: pictures of Chinese reports would show boxes")
    return Finding("fonts", "ok", f"{', '.join(families[:3])} for Chinese")


def _extras() -> Iterator[Finding]:
    """Which extras of the package are there."""
    from importlib.util import find_spec

    for extra, (packages, purpose) in EXTRAS.items():
        lacking = [package for package in packages if not find_spec(package)]
        missing = f"{', '.join(lacking)} not installed ({purpose}): pip install 'step-deepresearch[{extra}]'"
        yield Finding(f"extra {extra}", *(("missing", missing) if lacking else ("ok", purpose)))


def _data_folder(folder: Path) -> Finding:
    """Writable, and how long one durable write takes there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            began = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            seconds = time.perf_counter() - began
    except OSError as error:
        return Finding("data folder", "bad", f"{folder}: {error.strerror}; choose another with --data")
    free = shutil.disk_usage(folder).free // 2**20
    state = "ok" if seconds < SLOW_SYNC else "missing"
    return Finding("data folder", state, f"{folder}, {free} MB free, a durable write takes {seconds * 1000:.1f} ms")


def _journal(folder: Path) -> Iterator[Finding]:
    """Whether the journal is sound, with every run in it."""
    from contextlib import closing

    from ..errors import DeepResearchError
    from ..store import Store

    if not (folder / "journal.sqlite3").exists():
        yield Finding("journal", "ok", "none yet; the first run makes it")
        return
    try:
        with closing(Store(folder)) as store:
            problems = store.problems()
            sound = f"{store.path}, {len(store.runs())} runs"
    except DeepResearchError as error:
        problems, sound = [str(error)], ""
    yield from (Finding("journal", "bad", problem) for problem in problems[:NAMED])
    if len(problems) > NAMED:
        yield Finding("journal", "bad", f"{len(problems) - NAMED} more problems")
    if not problems:
        yield Finding("journal", "ok", sound)
