"""One library and several processes or threads."""

import fcntl
import multiprocessing
import subprocess
import sys
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from deepresearch.errors import LibraryError
from deepresearch.library import Library
from tests.library.test_library import counts, texts


def _hold(place: str, name: str, ready: Event, done: Event) -> None:
    library = Library.open(Path(place), name)
    with library._write_lock(0):
        ready.set()
        done.wait(30)


def test_one_writer_and_many_readers(tmp_path: Path, docs: Path) -> None:
    (docs / "a.txt").write_text("Apples.")
    library = Library.open(tmp_path, "x")
    library.add([docs])
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(str(tmp_path), "x", ready, done))
    process.start()
    assert ready.wait(30)
    try:
        with pytest.raises(LibraryError, match="Another process is writing"):
            library.add([docs])
        reader = Library.open(tmp_path, "x")
        assert texts(reader, "apples") == ["Apples."]
        reader.close()
    finally:
        done.set()
        process.join()
    assert counts(library.add([docs])) == (0, 0, 1, 0)
    library.close()


def test_a_reader_sees_what_a_writer_adds(tmp_path: Path, docs: Path) -> None:
    reader = Library.open(tmp_path, "x")
    assert texts(reader, "apples") == []
    (docs / "a.txt").write_text("Apples.")
    writer = Library.open(tmp_path, "x")
    writer.add([docs])
    assert texts(reader, "apples") == ["Apples."]
    writer.close()
    reader.close()


def test_runs_that_begin_at_once_over_the_same_documents_wait_for_each_other(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(40):
        (docs / f"{number}.md").write_text(f"# Page {number}\n\nThis is page {number} about the harbour tower.\n")
    code = (
        "import sys; from pathlib import Path; from deepresearch.library import Library; "
        "data, docs = Path(sys.argv[1]), Path(sys.argv[2]); library = Library.of_paths(data, [docs]); "
        "report = library.add([docs]); print(report.added + report.unchanged)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(docs)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in started] == ["40"] * 4


def test_a_named_library_that_is_being_written_is_refused_at_once(tmp_path: Path) -> None:
    library = Library.open(tmp_path, "mine")
    (tmp_path / "a.md").write_text("# Sky\n\nThe sky is blue because air scatters blue light.\n")
    with (library.place / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(LibraryError, match="Another process"):
            library.add([tmp_path / "a.md"])
    library.close()
