"""`index`: libraries, built once and searched by many runs."""

import json as jsonlib
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from ..text.characters import clean, one_line
from .options import Data, JsonLines, JsonOutput, LibraryName, Switch
from .running import report_retries, report_skipped
from .terminal import dump, put, say

if TYPE_CHECKING:
    from ..library import AddReport, Library
    from ..settings import Settings

index = App(name="index", help="Build and search libraries of your own documents.")


@index.command
def build(name: LibraryName, /, *paths: Path, text_field: str | None = None, data: Data = Data()) -> int:
    """Make a library from folders, files and corpora (JSON lines, Parquet).

    Args:
        paths: Folders and files.
        text_field: Field or column of corpora that holds the text (default: text); `index add` remembers it.
    """
    return _add(name, paths, text_field, data, create=True)


@index.command
def add(name: LibraryName, /, *paths: Path, text_field: str | None = None, data: Data = Data()) -> int:
    """Add to a library, and bring changed and deleted files of these folders up to date.

    Args:
        paths: Folders and files.
        text_field: Field or column of corpora that holds the text (default: the one named when the library was built).
    """
    return _add(name, paths, text_field, data, create=False)


@index.command(name="list")
def list_libraries(*, json: JsonLines = False, data: Data = Data()) -> int:
    """List the libraries of the data folder."""
    from ..library import Library

    settings = data.settings()
    names = Library.names(settings.data_folder())
    if not names:
        say("There are no libraries yet. Make one: deepresearch index build NAME PATH")
    for name in names:
        with opened(settings, name) as library:
            numbers = {"name": name, **library.stats()}
        put(dump(numbers) if json else f"{name}: {numbers['documents']} documents, {numbers['passages']} passages")
    return 0


@index.command
def remove(name: LibraryName, /, *, data: Data = Data()) -> int:
    """Delete a library; the documents it was built from stay where they are."""
    settings = data.settings()
    with opened(settings, name) as library:  # names what does not exist
        place = library.place
    shutil.rmtree(place)
    say(f"The library {name} is deleted.")
    return 0


@index.command
def stats(name: LibraryName, /, *, json: JsonOutput = False, data: Data = Data()) -> int:
    """Show what is in a library."""
    with opened(data.settings(), name) as library:
        numbers = library.stats()
    put(dump(numbers) if json else "\n".join(f"{key}: {value}" for key, value in numbers.items()))
    return 0


@index.command
def search(
    name: LibraryName,
    query: str | None = None,
    /,
    *,
    queries: Path | None = None,
    k: int = 10,
    json: Switch = False,
    data: Data = Data(),
) -> int:
    """Search a library.

    Args:
        query: What to look for.
        queries: File of JSON lines with `id` and `text`, to search for many at once.
        k: Passages wanted for each query.
        json: Print a JSON object for each query.
    """
    from ..errors import UserError
    from ..library.authority import Authority
    from ..web import Query

    if (query is None) == (queries is None):
        raise UserError("Give either a query or --queries FILE.")
    if query is not None and not query.strip():
        raise UserError("The query is empty.")
    if k < 1:
        raise UserError(f"--k {k} asks for no passage.", "Give at least 1.")
    settings = data.settings()
    authority = Authority.load(settings.search.authority)
    asked = [("", query)] if query is not None else read_queries(queries or Path())
    with opened(settings, name) as library:
        for number, text in asked:
            hits, missing = library.look(Query(text, k=k), authority)
            for note in missing:
                say(note)
            if json:
                put(dump({"id": number, "hits": [_row(h.passage, h.score) for h in hits]}))
                continue
            for rank, hit in enumerate(hits, 1):
                put(f"{rank:3}. {hit.score:7.3f}  {hit.passage.title} [{hit.passage.document}]")
                put(f"     {one_line(hit.passage.text, 160)}")
            if not hits:
                put("Nothing found.")
    return 0


@contextmanager
def opened(settings: "Settings", name: str, *, create: bool = False) -> "Iterator[Library]":
    """The library, and at the end its notes about repairs. Raises LibraryError, SettingsError."""
    from ..library import Library
    from ..library.engine import open_engines
    from ..library.library import Setup

    if settings.library.engine != "tantivy" or settings.library.dense == "endpoint":
        report_retries()
    setup = Setup(lambda place: open_engines(place, settings), say)
    library = Library.open(settings.data_folder(), name, create=create, setup=setup)
    try:
        yield library
    finally:
        for note in library.notes:
            say(note)
        library.close()


def read_queries(file: Path) -> list[tuple[Any, str]]:
    """(id, text) of each line. Raises UserError naming the line."""
    from ..errors import UserError

    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{file} cannot be read: {error}.", "Give a file of JSON lines with `id` and `text`."
        ) from error
    asked = []
    for number, line in enumerate(lines, 1):
        try:
            row = jsonlib.loads(line)
            asked.append((row["id"], str(row["text"])))
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{file}, line {number}: not an object with `id` and `text`.") from error
    return asked


def _add(name: str, paths: tuple[Path, ...], text_field: str | None, data: Data, *, create: bool) -> int:
    from ..errors import DeepResearchError, UserError

    if not paths:
        raise UserError("Nothing to add.", "Name folders or files.")
    settings = data.settings()
    place = settings.data_folder() / "libraries" / name
    new = not place.exists()
    try:
        report, passages = _index(settings, name, paths, text_field, create=create)
    except KeyboardInterrupt:
        say(f"Stopped. What was read is saved; continue: deepresearch index add {name} {shlex.join(map(str, paths))}")
        return 1
    except DeepResearchError:
        if create and new:
            shutil.rmtree(place, ignore_errors=True)
        raise
    if report.skipped:
        report_skipped(report.skipped)
    put(
        f"{name}: {report.added} added, {report.updated} updated, {report.unchanged} unchanged, "
        f"{report.removed} removed, {len(report.skipped)} skipped; {passages} passages"
    )
    return 0


def _index(
    settings: "Settings", name: str, paths: tuple[Path, ...], text_field: str | None, *, create: bool
) -> "tuple[AddReport, int]":
    """What adding `paths` did, and how many passages there are now."""
    with opened(settings, name, create=create) as library:
        meter = Meter()
        try:
            report = library.add(list(paths), meter.file, meter.passages, text_field)
        finally:
            meter.end()
        return report, library.stats()["passages"]


class Meter:
    """How far an addition has come: one line that changes on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._live = bool(sys.stderr and sys.stderr.isatty())
        self._pause = 0.2 if self._live else 10.0
        self._start = self._said = time.monotonic()
        self._file = (0, 0, "")
        self._written, self._share = 0, 0.0
        self._shown = False

    def file(self, done: int, of: int, path: str) -> None:
        """Called when a file is begun, and when all are done."""
        self._file = done, of, path
        self._show(last=bool(of) and done == of)

    def passages(self, written: int, share: float) -> None:
        """Called as passages are written, with the share of all bytes that has been read."""
        self._written, self._share = written, share
        self._show()

    def end(self) -> None:
        """Leave the line that changes."""
        if self._live and self._shown:
            sys.stderr.write("\n")

    def _show(self, *, last: bool = False) -> None:
        now = time.monotonic()
        if not last and now - self._said < self._pause:
            return
        self._said, self._shown = now, True
        line = progress(self._file, self._written, self._share, now - self._start)
        if self._live:
            sys.stderr.write(f"\r\x1b[K{clean(one_line(line, 110))}")
            sys.stderr.flush()
        else:
            say(line)


def progress(file: tuple[int, int, str], written: int, share: float, seconds: float) -> str:
    """Files, passages, passages a second, and the time that is left once there is something to judge it by."""
    from ..web.search import in_words

    done, of, path = file
    line = f"Reading documents: {done} of {of}, {written:,} passages"
    if seconds >= 1:
        line += f", {written / seconds:,.0f}/s"
    if done == of:
        return line
    if seconds >= 3 and share > 0.005:
        line += f", about {in_words(seconds * (1 - share) / share)} left"
    return f"{line}  {one_line(path, 40)}".rstrip()


def _row(passage: Any, score: float) -> dict[str, Any]:
    return {
        "document": passage.document,
        "passage": passage.id,
        "score": round(score, 6),
        "title": passage.title,
        "text": passage.text,
    }
