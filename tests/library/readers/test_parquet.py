"""Corpora in Parquet: types, bad files, and memory that does not grow with the file."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from deepresearch.errors import DocumentError
from deepresearch.library.documents import Document, ReadProblem
from deepresearch.library.readers.parquet import read_parquet
from deepresearch.library.reading import read


@pytest.fixture
def path(docs: Path) -> Path:
    return docs / "c.parquet"


def write(path: Path, **columns: Any) -> None:
    parquet.write_table(pa.table(columns), path)


def documents(path: Path) -> list[Document]:
    items = list(read(path))
    assert all(isinstance(item, Document) for item in items)
    return [item for item in items if isinstance(item, Document)]


def test_every_column_of_a_corpus(path: Path) -> None:
    write(
        path,
        id=["a"],
        text=["One.\n\nTwo."],
        title=["T"],
        url=["https://a.example"],
        date=["2020-05"],
        language=["en"],
        other=[[1, 2]],
    )
    (found,) = documents(path)
    assert (found.id, found.title, found.url, found.date, found.language, found.row) == (
        "a",
        "T",
        "https://a.example",
        "2020-05",
        "en",
        True,
    )
    assert [block.text for block in found.blocks] == ["One.", "Two."]


def test_without_an_id_the_row_is_named(path: Path) -> None:
    write(path, text=["One.", "Two."])
    assert [found.id for found in documents(path)] == [f"{path}:1", f"{path}:2"]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([20], pa.int16()), "20"),
        (pa.array(["a"], pa.large_string()), "a"),
        (pa.array(["a"], pa.string_view()), "a"),
        (pa.array(["a"]).dictionary_encode(), "a"),
    ],
)
def test_kinds_of_ids(path: Path, column: Any, expected: str) -> None:
    write(path, id=column, text=["One."])
    assert documents(path)[0].id == expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([date(2020, 5, 6)]), "2020-05-06"),
        (pa.array([datetime(2020, 5, 6, 23, 59, tzinfo=UTC)], pa.timestamp("us", tz="Asia/Shanghai")), "2020-05-06"),
        (pa.array([1_588_766_399_123_456_789], pa.timestamp("ns")), "2020-05-06"),
        (pa.array([2**62], pa.timestamp("us")), None),
        (pa.array([2020]), "2020"),
        (pa.array([None], pa.timestamp("ms")), None),
        (pa.nulls(1), None),
    ],
)
def test_kinds_of_dates(path: Path, column: Any, expected: str | None) -> None:
    write(path, text=["One."], date=column)
    assert documents(path)[0].date == expected


def test_bad_rows_are_named(path: Path) -> None:
    broken = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff\xfe"]).buffers())
    texts = pa.concat_arrays([pa.array(["Good.", None]), broken, pa.array(["x" * (2**24 + 1), "Last."])])
    write(path, id=["a", "b", "c", "d", "e"], text=texts)
    items = list(read(path))
    assert [item.id for item in items if isinstance(item, Document)] == ["a", "e"]
    problems = [(item.place, item.reason) for item in items if isinstance(item, ReadProblem)]
    assert problems == [
        (f"{path}:2", "no `text`"),
        (f"{path}:3", "`text`: not in UTF-8"),
        (f"{path}:4", f"`text`: more than {2**24} characters"),
    ]


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"body": ["One."]}, r"no one column `text` \(its columns: body\)"),
        ({"text": [1]}, "`text` is of the type int64"),
        ({"text": [b"One."]}, "`text` is of the type binary"),
        ({"text": pa.nulls(1)}, "`text` is of the type null"),
        ({"text": ["One."], "id": [1.5]}, "`id` is of the type double"),
        ({"text": ["One."], "title": [["a"]]}, "`title` is of the type list"),
        ({"text": ["One."], "date": [True]}, "`date` is of the type bool"),
    ],
)
def test_what_is_no_corpus_is_named(path: Path, columns: dict[str, Any], named: str) -> None:
    write(path, **columns)
    with pytest.raises(DocumentError, match=named) as caught:
        list(read(path))
    assert str(path) in str(caught.value) and caught.value.hint


def test_two_columns_of_a_name(path: Path) -> None:
    parquet.write_table(pa.table([pa.array(["a"]), pa.array(["b"])], names=["text", "text"]), path)
    with pytest.raises(DocumentError, match="no one column"):
        list(read(path))


def test_damage_anywhere_is_named(path: Path) -> None:
    write(path, id=[str(n) for n in range(2000)], text=[f"Text {n} of some length." for n in range(2000)])
    whole = path.read_bytes()
    for place in range(8, len(whole) - 8, len(whole) // 40):
        path.write_bytes(whole[:place] + b"\xa5" * 8 + whole[place + 8 :])
        try:
            for item in read(path):
                assert isinstance(item, Document | ReadProblem)
        except DocumentError as error:
            assert str(path) in str(error)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DocumentError, match="not sound Parquet"):
        list(read(path))


def test_memory_does_not_grow_with_the_file(path: Path) -> None:
    text = "Some words that are written again and again. " * 200
    with parquet.ParquetWriter(path, pa.schema({"text": pa.string()})) as writer:
        for start in range(0, 6000, 1000):
            rows = [f"{number} {text}" for number in range(start, start + 1000)]
            writer.write_table(pa.table({"text": rows}))
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from deepresearch.library.readers.parquet import read_parquet\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "items = read_parquet(Path(sys.argv[1])); next(items); before = peak()\n"
        "count = 1 + sum(1 for _ in items); print(count, peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    count, grown = map(int, done.stdout.split())
    assert count == 6000
    assert grown < 32, "MiB: the texts are 52 MiB"


def test_a_huge_row_group_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deepresearch.library.readers.parquet.LARGEST_GROUP", 1000)
    write(path, text=["x" * 2000])
    with pytest.raises(DocumentError, match="smaller row groups"):
        list(read_parquet(path))


def test_the_text_may_be_in_another_column(path: Path) -> None:
    write(path, id=["1"], title=["T"], abstract=["Krill feed on algae."])
    (document,) = read(path, text_field="abstract")
    assert isinstance(document, Document)
    assert (document.title, document.blocks[0].text) == ("T", "Krill feed on algae.")
