"""Runs as files, there and back; and the tolerant reader of such files."""

import gzip
import json
import os
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepresearch.errors import ExportError, JournalDamaged
from deepresearch.store import LogReading, MemoryStore, Store, exchange, export_run, import_run, read_log
from deepresearch.trajectory import Answered, Call, Observation, RunFinished, RunStarted, Task, Turn, UnknownEvent

RECORDS: list[dict[str, Any]] = [
    {"seq": 1, "type": "run_start", "run": "r1"},
    {"seq": 2, "type": "user", "text": "héllo 文 \u2028"},
    {"seq": 3, "type": "tool_call", "id": "c1", "arguments": {"query": "x"}},
    {"seq": 4, "type": "tool_result", "id": "c1", "text": "ok"},
    {"seq": 5, "type": "assistant", "text": "done"},
]
LINES = [json.dumps(record, ensure_ascii=False).encode() for record in RECORDS]
SOUND = b"\n".join(LINES) + b"\n"


def with_line(number: int, line: bytes) -> bytes:
    """The sound log with one line replaced."""
    return b"\n".join([*LINES[: number - 1], line, *LINES[number:]]) + b"\n"


def reading_of(path: Path, data: bytes) -> LogReading:
    path.write_bytes(data)
    reading = read_log(path)
    assert path.read_bytes() == data, "reading changed the file"
    return reading


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


@pytest.mark.parametrize(
    "data",
    [
        SOUND,
        SOUND[:-1],
        SOUND.replace(b"\n", b"\r\n"),
        SOUND.replace(b"\n", b"\r\n")[:-1],
        b"\xef\xbb\xbf" + SOUND,
        SOUND.replace(b"\n", b"\n\n"),
        b"\n \n" + SOUND + b"  ",
        SOUND.replace(b'{"seq": 2', b'  {"seq": 2'),
        SOUND.replace(b'"done"', b'"\\ud800"'),
        SOUND.replace(b'"done"', b'"' + b"a" * 3_000_000 + b'"'),
        SOUND.replace(b'"done"', b"123456789012345678901234567890"),
    ],
)
def test_sound_logs(log: Path, data: bytes) -> None:
    reading = reading_of(log, data)
    assert (reading.status, reading.kept, reading.bad_lines, reading.problems) == ("clean", 5, [], [])
    assert [record["seq"] for record in reading.records.values()] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\n", b"\xef\xbb\xbf"])
def test_an_empty_log_is_a_log(log: Path, data: bytes) -> None:
    assert (reading_of(log, data).status, read_log(log).kept) == ("clean", 0)
    with pytest.raises(JournalDamaged, match="holds no records"):
        import_run(MemoryStore(), log)


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (SOUND + b'{"seq": 6, "ty', 5),
        (SOUND + b'{"seq": 6, "type": "a", "text": "h\xe6', 5),
        (SOUND + b'{"seq": 6, "type": "\\ud8', 5),
        (SOUND + b'{"seq": 6, "type": "a", "v": -', 5),
        (SOUND + b'{"seq": 6, "type": "a", "v": tr', 5),
        (SOUND + b'{"seq": 6, "type": "' + b"\0" * 512, 5),
        (SOUND + b"\0" * 512, 5),
        (SOUND[:-1] + b"\0" * 512, 5),
        (b'{"seq": 1', 0),
        (b"\0" * 512, 0),
        (SOUND + b'{"seq": 6, "text": "' + b"a" * 200_000, 5),
    ],
)
def test_torn_tails_are_left_out(log: Path, data: bytes, kept: int) -> None:
    reading = reading_of(log, data)
    assert (reading.status, reading.kept, reading.bad_lines) == ("tail", kept, [])
    assert [problem.split(": ")[1] for problem in reading.problems] == ["torn by a crash"]
    if kept:
        store = MemoryStore()
        assert len(store.read(import_run(store, log))) == kept


@pytest.mark.parametrize(
    ("data", "kept", "bad_lines"),
    [
        (with_line(3, b'{"seq": 3, "typ{"seq": 4, "type": "user"}'), 4, [3]),
        (with_line(2, b'{"seq":2,"type":"user","text":"caf\xe9"}'), 4, [2]),
        (with_line(4, LINES[3] + LINES[4]), 4, [4]),
        (with_line(2, b"null"), 4, [2]),
        (with_line(2, b"[1, 2]"), 4, [2]),
        (with_line(2, b"{}"), 4, [2]),
        (with_line(2, b"\0" * 64 + LINES[1]), 4, [2]),
        (with_line(2, b'{"seq": 2}'), 4, [2]),
        (with_line(2, b'{"seq": 2, "type": 7}'), 4, [2]),
        (with_line(2, b'{"type": "user"}'), 4, [2]),
        (with_line(2, b'{"seq": 2, "type": ""}'), 4, [2]),
        (with_line(5, b'{"seq": "5", "type": "x"}'), 4, [5]),
        (with_line(5, b'{"seq": true, "type": "x"}'), 4, [5]),
        (with_line(5, b'{"seq": 5.0, "type": "x"}'), 4, [5]),
        (with_line(5, b'{"seq": 0, "type": "x"}'), 4, [5]),
        (with_line(5, b'{"seq": -5, "type": "x"}'), 4, [5]),
        (with_line(5, b'{"seq": 5, "seq": 9, "type": "x"}'), 4, [5]),
        (with_line(5, b'{"seq": 5, "type": "x", "d": {"a": 1, "a": 2}}'), 4, [5]),
        (with_line(5, b'{"seq": 5, "type": "x", "v": NaN}'), 4, [5]),
        (with_line(5, b'{"seq": 5, "type": "x", "v": 1e999}'), 4, [5]),
        (with_line(5, b'{"seq": 5, "type": "x", "v": ' + b"9" * 5000 + b"}"), 4, [5]),
        (with_line(5, b'{"seq": 5, "type": "x", "v": ' + b"[" * 99_999 + b"]" * 99_999 + b"}"), 4, [5]),
        (with_line(5, b'{"seq": 5, "ty'), 4, [5]),
        (SOUND + LINES[4] + b"\n", 5, [6]),
        (SOUND + b'{"seq": 3, "type": "assistant", "text": "forked"}\n', 5, [6]),
        (SOUND + b'{"seq": 6, "type": "assistant", "run": "r2"}\n', 5, [6]),
        (SOUND + b'{"seq": 7, "type": "assistant"}\n', 6, [6]),
        (b"\n".join([*LINES[:2], LINES[3], LINES[2], LINES[4]]) + b"\n", 5, [3, 4]),
        (b"\n".join(LINES[1:]) + b"\n", 4, [1]),
        (SOUND + b'{"seq": 6, "type": "tool_result", "id": "zz"}\n', 6, [6]),
        (SOUND + b'{"seq": 6, "type": "tool_result", "id": "c1"}\n', 6, [6]),
        (SOUND + b'{"seq": 6, "type": "tool_call", "id": "c1"}\n', 6, [6]),
        (SOUND + b"garbage", 5, [6]),
        (SOUND + b'{"seq": 6, "type": "x", "v": ' + b"9" * 5000 + b"}", 5, [6]),
        (SOUND + b'{"seq": 6, "type": "x"}{"seq": 7, "ty', 5, [6]),
        (SOUND + b'{"seq": 6, "typ{"seq": 7, "ty', 5, [6]),
        (SOUND.replace(b"\n", b"\r", 2), 2, [1]),
        (SOUND + SOUND, 5, [6, 7, 8, 9, 10]),
        (with_line(2, b"null") + b'{"seq": 6', 4, [2]),
    ],
)
def test_damage_is_named_by_line(log: Path, data: bytes, kept: int, bad_lines: list[int]) -> None:
    reading = reading_of(log, data)
    assert (reading.status, reading.kept, reading.bad_lines) == ("damage", kept, bad_lines)
    with pytest.raises(JournalDamaged, match=rf"log\.jsonl is damaged: .*line {bad_lines[0]}: "):
        import_run(MemoryStore(), log)


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(SOUND, mtime=0),
        b"\x1f\x8b\x08" + b"\0" * 61,
        SOUND.decode().encode("utf-16"),
        LINES[0].decode().encode("utf-16-le"),
        b"[" + SOUND.replace(b"\n", b",\n").rstrip(b",\n") + b"]",
        b"[\n" + SOUND.replace(b"}\n", b"},\n").rstrip(b",\n") + b"\n]\n",
        b'[{"seq": 1, "type": "x"}]',
        json.dumps(RECORDS[0], indent=1).encode(),
        b"Once upon a time\nthere was a log.\n",
        b"Once upon a time",
        b"SQLite format 3\0" + b"\0" * 100,
        b'{"messages": []}\n{"messages": []}\n',
        SOUND.replace(b"\n", b"\r"),
    ],
)
def test_what_is_no_log_is_refused(log: Path, data: bytes) -> None:
    reading = reading_of(log, data)
    assert (reading.status, reading.kept) == ("refuse", 0)
    assert reading.problems
    with pytest.raises(JournalDamaged, match=r"log\.jsonl cannot be imported"):
        import_run(MemoryStore(), log)


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("nowhere", "No such file"), ("", "not a regular file"), ("pipe", "not a regular file")):
        reading = read_log(tmp_path / name)
        assert reading.status == "refuse"
        assert words in reading.problems[0]


@pytest.mark.parametrize(
    ("records", "pending"),
    [
        (RECORDS[:3], ["c1"]),
        (RECORDS[:4], []),
        ([*RECORDS[:2], {"seq": 3, "type": "turn", "calls": [{"id": "c3-1"}, {"id": "c3-2"}]}], ["c3-1", "c3-2"]),
        (
            [
                {"seq": 1, "type": "turn", "calls": [{"id": "a"}, {"id": "b"}, {"id": "c"}]},
                {"seq": 2, "type": "observation", "call": "b"},
                {"seq": 3, "type": "observation", "call": None},
            ],
            ["a", "c"],
        ),
        ([{"seq": 1, "type": "turn", "calls": [None, {"id": 7}]}, {"seq": 2, "type": "turn", "calls": "none"}], []),
    ],
)
def test_calls_without_a_result_are_pending(log: Path, records: list[dict[str, Any]], pending: list[str]) -> None:
    reading = reading_of(log, b"".join(json.dumps(record).encode() + b"\n" for record in records))
    assert (reading.status, reading.pending) == ("clean", pending)


def test_every_cut_keeps_all_whole_records(log: Path) -> None:
    ends = [len(b"\n".join(LINES[:n])) for n in range(1, 6)]
    for cut in range(len(SOUND) + 1):
        reading = reading_of(log, SOUND[:cut])
        kept = sum(cut >= end for end in ends)
        assert (reading.kept, reading.status in ("clean", "tail"), reading.bad_lines) == (kept, True, [])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_noise_never_kills_the_reader_nor_costs_other_lines(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    log = tmp_path_factory.getbasetemp() / "noise.jsonl"
    number = data.draw(st.integers(1, 5))
    lines = st.binary(max_size=40).filter(lambda line: b"\n" not in line)
    noise = data.draw(lines.filter(lambda line: line.removeprefix(BOM_UTF8).strip(b" \t\r") != b""))  # blanks are none
    reading = reading_of(log, with_line(number, noise))
    assert reading.status == "damage"
    assert number in reading.bad_lines
    assert [record["seq"] for record in reading.records.values()] == [seq for seq in range(1, 6) if seq != number]


def test_a_line_too_long_to_hold_is_damage(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "LINE_LIMIT", 100)
    long = b'{"seq": 2, "type": "user", "text": "' + b"a" * 1000 + b'"}'
    reading = reading_of(log, with_line(2, long))
    assert (reading.status, reading.kept, reading.bad_lines) == ("damage", 4, [2])
    assert reading_of(log, SOUND + long).bad_lines == [6]


def test_naming_bad_lines_is_bounded(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "NAMED_LIMIT", 3)
    reading = reading_of(log, SOUND + b"x\n" * 10 + b'{"seq": 6, "type": "x"}\n')
    assert (reading.kept, reading.bad_lines, reading.problems[-1]) == (6, [6, 7, 8], "7 more")


def fill(store: Store, run: str = "r1") -> None:
    with store.create(run) as log:
        log.append(
            RunStarted(task=Task(question="Warum? 为什么？")),
            Turn(calls=[Call(id="c2-1", tool="todo", arguments={"q": "\ud800"})], mood="calm"),
            Observation(call="c2-1", tool="todo", shown="line\nline \u2028"),
            UnknownEvent(type="mind.read", depth=3),
            Answered(text="So."),
            RunFinished(),
        )


def without_run(store: Store, run: str) -> list[dict[str, object]]:
    return [event.model_dump(exclude={"run"}) for event in store.read(run)]


def test_there_and_back(store: Store, tmp_path: Path) -> None:
    fill(store)
    assert export_run(store, "r1", tmp_path / "r1.jsonl") == 6
    reading = read_log(tmp_path / "r1.jsonl")
    assert (reading.status, reading.kept, reading.pending) == ("clean", 6, [])
    copy = import_run(store, tmp_path / "r1.jsonl")
    assert copy == "r1-2"
    assert without_run(store, copy) == without_run(store, "r1")
    assert {event.run for event in store.read(copy)} == {copy}
    assert import_run(store, tmp_path / "r1.jsonl") == "r1-3"
    assert not store.is_live(copy)


def test_a_torn_tail_is_left_out(store: Store, tmp_path: Path) -> None:
    fill(store)
    path = tmp_path / "r1.jsonl"
    export_run(store, "r1", path)
    data = path.read_bytes()[:-20]
    path.write_bytes(data)
    told: list[str] = []
    assert len(store.read(import_run(store, path, told.append))) == 5
    assert told == [f"{path}, line 6: torn by a crash, and left out."]
    assert path.read_bytes() == data


def test_damage_is_refused_with_its_lines(store: Store, tmp_path: Path) -> None:
    fill(store)
    path = tmp_path / "r1.jsonl"
    export_run(store, "r1", path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"noise\n", *lines[2:]]))
    with pytest.raises(JournalDamaged, match=r"r1\.jsonl is damaged: line 2: not one JSON record"):
        import_run(store, path)
    path.write_bytes(b"")
    with pytest.raises(JournalDamaged, match="holds no records"):
        import_run(store, path)
    assert [summary.run for summary in store.runs()] == ["r1"]


def test_a_record_that_is_no_event_is_named(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('\n{"seq": 1, "type": "turn"}\n{"seq": 2, "type": "turn", "calls": 7}\n')
    with pytest.raises(JournalDamaged, match=r"log\.jsonl, line 3: turn\.calls: Input should be a valid list"):
        import_run(store, path)
    assert store.runs() == []


@pytest.mark.parametrize("run", ["../../up", "", "a/b", "x" * 200])
def test_a_hostile_run_id_becomes_no_path(store: Store, tmp_path: Path, run: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"seq": 1, "type": "user", "run": run}))
    assert import_run(store, path) == "imported"
    assert import_run(store, path) == "imported-2"


def test_an_export_that_fails_leaves_what_was_there(store: Store, tmp_path: Path) -> None:
    fill(store)
    with pytest.raises(ExportError, match="nowhere"):
        export_run(store, "r1", tmp_path / "nowhere" / "r1.jsonl")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExportError, match="folder"):
        export_run(store, "r1", tmp_path / "folder")
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "data") == ["folder"]
