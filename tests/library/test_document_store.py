"""What can befall the document store's file, each with its own error."""

import contextlib
import os
import resource
import sqlite3
from pathlib import Path

import pytest

from deepresearch.errors import LibraryError
from deepresearch.library import Library
from deepresearch.library.document_store import DamagedLibrary, _library_error


def refuse_to_grow(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


@pytest.mark.parametrize("size", [4096, 70_000])
def test_a_full_disk_is_named_and_spoils_nothing(tmp_path: Path, docs: Path, size: int) -> None:
    (docs / "a.txt").write_text("Apples. " * 20_000)
    made = Library.of_paths(tmp_path, [docs])
    kept = made.place / "kept"
    kept.write_text("")
    if size == 4096:  # not even the tables fit
        made.close()
        for part in made.place.glob("docstore.sqlite*"):
            part.unlink()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    refuse_to_grow(size)
    try:
        with (
            pytest.raises(LibraryError, match=r"There is no room to write docstore\.sqlite in .*docs-") as caught,
            contextlib.closing(Library.of_paths(tmp_path, [docs])) as full,
        ):
            full.add([docs])
    finally:
        refuse_to_grow(before)
    assert not isinstance(caught.value, DamagedLibrary) and "--data" in caught.value.hint
    assert kept.exists()
    made.close()
    again = Library.of_paths(tmp_path, [docs])
    assert again.add([docs]).added == 1
    again.close()


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_FULL, LibraryError, "no room to write"),
        (sqlite3.SQLITE_IOERR_WRITE, LibraryError, "no room to write"),
        (sqlite3.SQLITE_IOERR_READ, LibraryError, "cannot be used"),
        (sqlite3.SQLITE_READONLY, LibraryError, "cannot be used"),
        (sqlite3.SQLITE_CANTOPEN, LibraryError, "cannot be used"),
        (sqlite3.SQLITE_BUSY, LibraryError, "in use by another process"),
        (sqlite3.SQLITE_CORRUPT, DamagedLibrary, "not a sound library"),
        (sqlite3.SQLITE_NOTADB, DamagedLibrary, "not a sound library"),
    ],
)
def test_which_library_error_a_database_error_becomes(code: int, kind: type[LibraryError], words: str) -> None:
    error = sqlite3.DatabaseError("so it is")
    error.sqlite_errorcode = code
    said = _library_error(Path("/place/docstore.sqlite"), error)
    assert type(said) is kind and words in said.message and "/place" in str(said) and said.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="permission bits do not bind root")
def test_an_unnamed_library_that_may_not_be_written_is_left_alone(tmp_path: Path, docs: Path) -> None:
    (docs / "a.txt").write_text("Apples.")
    made = Library.of_paths(tmp_path, [docs])
    made.add([docs])
    made.close()
    docstore = made.place / "docstore.sqlite"
    content = docstore.read_bytes()
    docstore.chmod(0o400)
    with pytest.raises(LibraryError, match=r"cannot be used: .*readonly"):
        Library.of_paths(tmp_path, [docs]).add([docs])
    assert docstore.read_bytes() == content


def test_damage_that_shows_itself_in_reading_is_named_and_an_unnamed_library_made_anew(
    tmp_path: Path, docs: Path
) -> None:
    (docs / "a.txt").write_text("Apples. " * 2_000)
    for made in (Library.open(tmp_path, "fruit"), Library.of_paths(tmp_path, [docs])):
        made.add([docs])
        made.close()
        with (made.place / "docstore.sqlite").open("r+b") as docstore:
            docstore.seek(4096)
            docstore.write(bytes(255 for _ in range(60_000)))
    with pytest.raises(DamagedLibrary, match=r"docstore\.sqlite is not a sound library"):
        Library.open(tmp_path, "fruit")
    again = Library.of_paths(tmp_path, [docs])
    assert again.add([docs]).added == 1
    again.close()


def test_a_library_that_cannot_be_written_is_named(tmp_path: Path, docs: Path) -> None:
    (docs / "a.txt").write_text("Apples.")
    library = Library.open(tmp_path, "fruit")
    (library.place / "lock").unlink()
    (library.place / "lock").mkdir()
    with pytest.raises(LibraryError, match="The library fruit cannot be written"):
        library.add([docs])
    library.close()
