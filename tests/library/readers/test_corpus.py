import importlib.util
import json
from pathlib import Path

import pytest

from deepresearch.errors import DocumentError, LibraryError
from deepresearch.library import Library
from deepresearch.library.documents import Document, ReadProblem
from deepresearch.library.reading import read


def test_json_lines(docs: Path) -> None:
    path = docs / "c.jsonl"
    row = {"id": 7, "text": "Some text.", "title": "T", "url": "https://a.example", "date": "2020-05", "language": "en"}
    path.write_text(json.dumps(row) + "\n\n" + json.dumps({"text": "No id."}) + "\n")
    first, second = read(path)
    assert isinstance(first, Document) and isinstance(second, Document)
    assert (first.id, first.title, first.url, first.date, first.language, first.row) == (
        "7",
        "T",
        "https://a.example",
        "2020-05",
        "en",
        True,
    )
    assert second.id == f"{path}:3"


def test_bad_rows_are_named_by_line(docs: Path) -> None:
    path = docs / "c.jsonl"
    good = json.dumps({"id": "a", "text": "Fine."})
    path.write_bytes(
        b"\n".join(
            [good.encode(), b"{broken", b"[1, 2]", b'{"id": "b"}', b'{"id": "c", "text": 5}', b"\xff\xfe", b"[" * 9999]
        )
    )
    items = list(read(path))
    assert [item.place for item in items if isinstance(item, ReadProblem)] == [f"{path}:{n}" for n in range(2, 8)]
    assert [item.id for item in items if isinstance(item, Document)] == ["a"]


def test_json_list(docs: Path) -> None:
    path = docs / "c.json"
    path.write_text(json.dumps([{"id": "x", "text": "One."}, {"text": "Two."}]))
    assert [item.id for item in read(path) if isinstance(item, Document)] == ["x", f"{path}:2"]


@pytest.mark.parametrize("text", ['{"a": 1}', "{broken", "[" * 100_000, '"text"'])
def test_json_that_is_no_corpus(docs: Path, text: str) -> None:
    path = docs / "c.json"
    path.write_text(text)
    with pytest.raises(DocumentError, match=r"c\.json"):
        list(read(path))


def test_half_characters_are_replaced(docs: Path) -> None:
    path = docs / "c.jsonl"
    path.write_text('{"id": "a\\ud800", "title": "t\\u0000", "text": "x\\udfffy"}\n')
    (document,) = read(path)
    assert isinstance(document, Document)
    assert (document.id, document.title, document.blocks[0].text) == ("a\ufffd", "t\ufffd", "x\ufffdy")


@pytest.mark.parametrize(
    ("date", "tidy"),
    [
        ("2020-05-06T10:00:00Z", "2020-05-06"),
        ("2020/5/6", "2020-05-06"),
        ("2020年5月6日", "2020-05-06"),
        ("20200506", "2020-05-06"),
        ("2020", "2020"),
        ("2020-13-01", "2020"),
        (2020, "2020"),
        ("1609459200", None),
        ("May 2020", None),
        (None, None),
    ],
)
def test_dates(docs: Path, date: object, tidy: str | None) -> None:
    path = docs / "c.jsonl"
    path.write_text(json.dumps({"id": "a", "text": "x", "date": date}))
    (document,) = read(path)
    assert isinstance(document, Document) and document.date == tidy


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="pyarrow is installed")
def test_parquet_without_pyarrow(docs: Path) -> None:
    path = docs / "c.parquet"
    path.write_bytes(b"PAR1" + bytes(100))
    with pytest.raises(LibraryError, match="pyarrow"):
        list(read(path))


def test_parquet(docs: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    path = docs / "c.parquet"
    parquet.write_table(pyarrow.table({"id": ["a", "b"], "text": ["One.", "Two."]}), path)
    assert [item.id for item in read(path) if isinstance(item, Document)] == ["a", "b"]


def test_the_text_may_be_in_another_field(library: Library, docs: Path) -> None:
    file = docs / "papers.jsonl"
    file.write_text('{"id": "a", "title": "T", "abstract": "Krill feed on algae."}\n')
    with pytest.raises(LibraryError, match="no `text` \\(its fields: `id`, `title`, `abstract`\\); --text-field"):
        library.add([docs])
    assert library.add([docs], text_field="abstract").added == 1
    assert library.passages("a")[0].text == "Krill feed on algae."
    assert library.add([docs]).unchanged == 1  # the field is remembered
