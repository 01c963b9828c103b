import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepresearch.errors import DocumentError
from deepresearch.library import reading
from deepresearch.library.documents import Document, ReadProblem
from deepresearch.library.readers.pdf import read_pdf
from deepresearch.library.reading import read, read_bounded
from deepresearch.sandbox import process
from deepresearch.sandbox.process import ProcessLimits, Worker
from tests.library.pdf_maker import make_pdf


@pytest.fixture
def limits() -> ProcessLimits:
    return ProcessLimits()


@pytest.fixture
def reader(limits: ProcessLimits) -> Iterator[Worker]:
    reader = Worker("deepresearch.library.reading:as_json", limits)
    yield reader
    reader.close()


def page(folder: Path, name: str, paragraphs: int) -> Path:
    path = folder / name
    path.write_text("<title>T</title><pre>x</pre>" + "<p>Some <b>words</b> of it.</p>" * paragraphs)
    return path


def child(reader: Worker) -> int:
    assert reader._child is not None
    return reader._child.pid


def test_same_as_in_this_process(docs: Path, reader: Worker) -> None:
    path = docs / "a.pdf"
    path.write_bytes(make_pdf([[(72, 700, 10, "Some words.")]]))
    assert read_bounded(path, reader) == list(read_pdf(path))


def test_one_child_for_many_files_and_a_new_one_after_it(
    docs: Path, reader: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = page(docs, "a.html", 3)
    read_bounded(path, reader)
    first = child(reader)
    read_bounded(path, reader)
    assert child(reader) == first
    os.kill(first, 9)
    reader._child.wait()  # type: ignore[union-attr]
    assert read_bounded(path, reader)
    monkeypatch.setattr(process, "MOST_FILES", 1)
    before = child(reader)
    assert read_bounded(path, reader)
    assert child(reader) != before


def test_errors_come_back_as_they_are(docs: Path, reader: Worker) -> None:
    with pytest.raises(FileNotFoundError):
        read_bounded(docs / "none.html", reader)
    path = docs / "a.pdf"
    path.write_bytes(b"%PDF-1.4 nothing")
    with pytest.raises(DocumentError, match="viewer") as caught:
        read_bounded(path, reader)
    assert str(path) in caught.value.message


def test_an_idle_child_ends_itself_and_the_next_file_gets_a_new_one(
    docs: Path, reader: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = page(docs, "a.html", 3)
    read_bounded(path, reader)
    assert reader._pipe is not None
    reader._pipe.close()  # as if the parent had gone
    assert reader._child is not None
    assert reader._child.wait(10) == 0
    assert read_bounded(path, reader)


@pytest.mark.parametrize("limits", [ProcessLimits(wall=4.0)])
def test_time(docs: Path, reader: Worker) -> None:
    path = docs / "a.html"
    os.mkfifo(path)  # nobody ever writes to it
    started = time.monotonic()
    with pytest.raises(DocumentError, match=r"a\.html cannot be read: its reader took more than 4 s"):
        read_bounded(path, reader)
    assert time.monotonic() - started < 20
    assert isinstance(read_bounded(page(docs, "b.html", 3), reader)[0], Document)


@pytest.mark.parametrize("limits", [ProcessLimits(cpu=1)])
def test_processor_time(docs: Path, reader: Worker) -> None:
    path = page(docs, "a.html", 1_000_000)
    with pytest.raises(DocumentError, match=r"a\.html cannot be read: .* 1 s of processor time"):
        read_bounded(path, reader)


@pytest.mark.parametrize("limits", [ProcessLimits(memory=200 * 2**20)])
def test_memory(docs: Path, reader: Worker) -> None:
    path = page(docs, "a.html", 500_000)
    with pytest.raises(DocumentError, match=r"a\.html .*200 MiB"):
        read_bounded(path, reader)
    assert isinstance(read_bounded(page(docs, "b.html", 3), reader)[0], Document)


@pytest.mark.parametrize("limits", [ProcessLimits(answer=2000)])
def test_the_answer_is_bounded(docs: Path, reader: Worker) -> None:
    with pytest.raises(DocumentError, match="its text has more than"):
        read_bounded(page(docs, "a.html", 1000), reader)


@pytest.mark.parametrize("limits", [ProcessLimits(items=2)])
def test_items_are_bounded(docs: Path, reader: Worker) -> None:
    path = docs / "c.jsonl"
    path.write_text("no\n" * 10)
    with pytest.raises(DocumentError, match="more than 2 documents"):
        read_bounded(path, reader)
    path.write_text("no\n")
    assert isinstance(read_bounded(path, reader)[0], ReadProblem)


def test_no_key_reaches_the_child(docs: Path, reader: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPRESEARCH_API_KEY", "hidden")
    read_bounded(page(docs, "a.html", 3), reader)
    assert b"hidden" not in Path(f"/proc/{child(reader)}/environ").read_bytes()


def test_what_may_explode_is_read_in_another_process(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def noted(path: Path) -> list[Document | ReadProblem]:
        asked.append(path.name)
        return []

    monkeypatch.setattr(reading, "read_bounded", noted)
    (docs / "c.pdf").write_bytes(b"%PDF-1.4")
    (docs / "d.md").write_text("# Title")
    for path in (page(docs, "a.html", 10), docs / "c.pdf", docs / "d.md"):
        list(read(path))
    assert asked == ["a.html", "c.pdf"]
