"""Bringing files into a library, and out of it again."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import DocumentError, MissingPackage
from .document_store import DocumentStore, FileMark, KnownDocument
from .documents import Document, ReadProblem
from .passages import make_passages
from .reading import is_corpus, read
from .walk import files_under

Progress = Callable[[int, int, str], None]
"""Called as work proceeds: files done, files in all, current file."""
Watch = Callable[[int, float], None]
"""Called more often: passages written, and about which share of the bytes has been read."""
BATCH = 20_000  # passages that become durable and searchable together
PROGRESS_EVERY = 500  # documents between two reports of progress
READING_VERSION = "5"
"""Raised when readers or cutting change: files are then read again although they have not changed."""
MOST_PROBLEMS = 1000
"""Problems of one file that are remembered and reported again while it does not change."""


@dataclass
class AddReport:
    """What was done, in documents (a file, or a row of a corpus)."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    passages: int = 0
    """Passages written."""
    skipped: list[tuple[str, str]] = field(default_factory=list)
    """(path, reason) of what was not read."""


class Addition:
    """One call of `Library.add`: makes the document store mirror the files under some paths."""

    def __init__(
        self,
        store: DocumentStore,
        sync: Callable[[], None],
        own: Path,
        progress: Progress | None,
        watch: Watch | None,
        text_field: str = "text",
    ) -> None:
        """text_field: of a corpus, which field or column of its rows is the text."""
        self._store = store
        self._sync = sync
        self._text_field = text_field
        self._own = own
        self._progress = progress or (lambda done, total, path: None)
        self._watch = watch or (lambda passages, share: None)
        self._at = (0, 0, "")
        self._report = AddReport()
        self._unsaved = 0
        self._bytes = [0, 0, 0]
        """Bytes of all files, of those that are done, and of what has been read of the current one."""

    def run(self, roots: list[Path]) -> AddReport:
        files = []
        for found in files_under(roots, self._own):
            if isinstance(found, ReadProblem):
                self._report.skipped.append((found.place, found.reason))
            else:
                files.append(found)
        self._store.begin()
        try:
            # Removals first: a corpus that has been renamed then keeps the ids of its rows.
            present = {str(path) for path in files}
            for path in {path for root in roots for path in self._store.under(str(root))} - present:
                self._forget(path)
            self._bytes[0] = sum(map(_size, files))
            for number, file in enumerate(files):
                self._at = (number, len(files), str(file))
                self._store.set_mark()
                self._progress(*self._at)
                self._update(file, self._store.file_mark(str(file)))
                self._bytes[1:] = [self._bytes[1] + _size(file), 0]
            self._save()
        except KeyboardInterrupt:  # what was read whole before this file stays, so that the next addition continues
            self._store.rollback_to_mark()
            self._store.commit()
            raise
        except BaseException:  # of any kind: nothing half done stays
            self._store.rollback()
            raise
        self._store.commit()
        self._progress(len(files), len(files), "")
        return self._report

    def _save(self) -> None:
        self._store.commit()
        self._sync()
        self._unsaved = 0
        self._show_progress()
        self._store.begin()
        self._store.set_mark()

    def _show_progress(self) -> None:
        everything, done, here = self._bytes
        self._watch(self._report.passages, min(1.0, (done + here) / max(everything, 1)))

    def _forget(self, path: str) -> None:
        for number in self._store.numbers(path):
            self._store.drop(number)
            self._report.removed += 1
        self._store.drop_file(path)

    def _update(self, path: Path, known: FileMark | None) -> None:
        """Bring one file up to date; what goes wrong with it is reported and stops nothing."""
        self._problems: list[tuple[str, str]] = []
        self._unlisted = 0
        try:
            status = path.stat()
            mark = FileMark(status.st_size, status.st_mtime_ns, "", [])
            if (
                known
                and (known.size, known.mtime) == (mark.size, mark.mtime)
                and known.digest.startswith(self._version(path))
            ):
                self._keep(path, known)
                return
            digest = self._version(path) + _digest(path)
            if known and known.digest == digest:
                self._keep(path, known)
            else:
                self._read(path)
            if self._unlisted:
                self._problems.append((str(path), f"{self._unlisted} more problems in it"))
            self._store.put_file(str(path), replace(mark, digest=digest, problems=self._problems))
        except OSError as error:
            self._forget(str(path))
            self._problems.append((str(path), f"cannot be read: {error.strerror or error}"))
        except (NotReadable, MissingPackage) as error:  # tried again: the file need not change for it
            self._forget(str(path))
            self._problems.append((str(path), str(error)))
        finally:
            self._report.skipped += self._problems

    def _version(self, path: Path) -> str:
        """What a file's digest starts with: what else decides what is read from it."""
        field = self._text_field if is_corpus(path) and self._text_field != "text" else ""
        return f"{READING_VERSION}{field and '+' + field}:"

    def _keep(self, path: Path, known: FileMark) -> None:
        self._report.unchanged += self._store.count(str(path))
        self._problems += known.problems

    def _read(self, path: Path) -> None:
        seen = NumberSet()
        try:
            for item in read(path, self._text_field):
                if isinstance(item, ReadProblem):
                    self._problem(item.place, item.reason)
                else:
                    self._put(*self._with_free_id(item, path), str(path), seen)
        except DocumentError as error:
            self._problem(str(path), str(error).removeprefix(f"{path} "))
        for number in self._store.numbers(str(path)):
            if number not in seen:
                self._store.drop(number)
                self._report.removed += 1

    def _problem(self, place: str, reason: str) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append((place, reason))
        else:
            self._unlisted += 1

    def _with_free_id(self, document: Document, path: Path) -> tuple[Document, KnownDocument | None]:
        """The document, and which the store has under its id already.

        Two corpora may both number their rows from 1: the later one's ids then carry its name.
        """
        for id in (document.id, f"{path.name}#{document.id}", f"{path}#{document.id}"):
            known = self._store.document(id)
            if known is None or known.file == str(path):
                return (document if id == document.id else replace(document, id=id)), known
        raise NotReadable(f"{path}: the id {document.id} belongs to another file. Rename the row.")

    def _put(self, document: Document, known: KnownDocument | None, file: str, seen: "NumberSet") -> None:
        if known and known.number in seen:
            self._problem(file, f"the id {document.id} is there twice: only the first is indexed")
            return
        content = f"{READING_VERSION}{document!r}".encode()
        digest = hashlib.sha256(content).hexdigest()
        self._bytes[2] += len(content)
        if (self._report.added + self._report.updated + self._report.unchanged) % PROGRESS_EVERY == 0:
            self._show_progress()
        if known and known.digest == digest:
            seen.add(known.number)
            self._report.unchanged += 1
            return
        passages = make_passages(document)
        if not passages:
            self._problem(document.id, "has no text")
            return
        if known:
            self._store.drop(known.number)
            self._report.updated += 1
        else:
            self._report.added += 1
        seen.add(self._store.put(document, file, digest, passages))
        self._report.passages += len(passages)
        self._unsaved += len(passages)
        if self._unsaved >= BATCH:
            self._save()
            self._progress(*self._at)


class NotReadable(Exception):
    """A file that cannot be read here and now, through no fault of its own: it is tried again at the next addition."""


class NumberSet:
    """A set of document numbers, a byte each: a corpus may have millions of rows."""

    def __init__(self) -> None:
        self._marks = bytearray()

    def add(self, number: int) -> None:
        if number >= len(self._marks):
            self._marks.extend(bytes(number + 1 - len(self._marks) + (len(self._marks) >> 1)))
        self._marks[number] = 1

    def __contains__(self, number: int) -> bool:
        return number < len(self._marks) and bool(self._marks[number])


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # gone meanwhile, which is found out when it is read
        return 0


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
