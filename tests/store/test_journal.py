"""The journal on disk: damage, failing disks, several processes."""

import contextlib
import os
import re
import resource
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from deepresearch.errors import InternalError, JournalDamaged, RunBusy, SettingsError, UnknownRun, UserError
from deepresearch.store import Store
from deepresearch.store.database import _connect_read_only, connect_read_only
from deepresearch.trajectory import Observation, RunStarted, Task, Turn

Child = Callable[..., "subprocess.Popen[str]"]


def fill(store: Store, run: str = "r1", turns: int = 4) -> None:
    with store.create(run) as log:
        log.append(RunStarted(task=Task(question="q")), *[Turn(text=f"turn {n}") for n in range(turns)])


def tamper(store: Store, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(store.path)) as db:
        db.execute(statement)
        db.commit()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: "subprocess.Popen[str]", line: str) -> str:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return said(process)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("delete from events where seq = 3", "Run r1: event 3 is missing: 4 follows 2"),
        ("delete from events where seq = 1", "Run r1: event 1 is missing"),
        ("update events set body = replace(body, 'turn 1', 'turn X') where seq = 3", "Run r1: event 3 .* checksum"),
        ("update events set body = '{\"seq\": 3' where seq = 3", "Run r1: event 3 .* checksum"),
        ("update events set body = cast(x'ff00' as text) where seq = 3", "Run r1: event 3 .* checksum"),
        ("update events set run = 'r2' where seq = 5", "Run r2: event 1 is missing"),
        ("update events set body = '[]', crc = 223132457 where seq = 2", "Run r1: event 2 cannot be read"),
    ],
)
def test_damage_is_named_and_left_alone(sqlite_store: Store, statement: str, message: str) -> None:
    fill(sqlite_store)
    tamper(sqlite_store, "insert into runs values ('r2', 0)")
    tamper(sqlite_store, statement)
    everything = "select run, seq, cast(body as blob) from events"
    rows = sqlite_store._select(everything)
    run = message[4:6]
    with pytest.raises(JournalDamaged, match=message):
        sqlite_store.open(run)
    assert not sqlite_store.is_live(run)
    assert sqlite_store._select(everything) == rows


def test_a_damaged_run_does_not_hide_the_others(sqlite_store: Store) -> None:
    fill(sqlite_store, "good")
    fill(sqlite_store, "gap")
    fill(sqlite_store, "noise")
    tamper(sqlite_store, "delete from events where run = 'gap' and seq = 2")
    tamper(sqlite_store, "update events set body = 'noise' where run = 'noise' and seq = 1")
    with sqlite_store.create("flip") as log:
        log.append(RunStarted(task=Task(question="q")), Observation(shown="blue"))
    tamper(sqlite_store, "update events set body = replace(body, 'blue', 'blu3') where run = 'flip' and seq = 2")
    states = {s.run: s.state for s in sqlite_store.runs()}
    assert states == {"good": "running", "gap": "damaged", "noise": "damaged", "flip": "damaged"}
    assert {problem.split(":")[0] for problem in sqlite_store.problems()} == {"Run gap", "Run noise", "Run flip"}


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(JournalDamaged, match=r"journal\.sqlite3 cannot be opened"):
        Store(tmp_path)
    assert (tmp_path / "journal.sqlite3").read_bytes().startswith(b"not a database")


def test_a_journal_from_the_future(tmp_path: Path) -> None:
    store = Store(tmp_path)
    tamper(store, "pragma user_version = 99")
    store.close()
    with pytest.raises(UserError, match=r"newer version \(format 99\)"):
        Store(tmp_path)


def test_a_data_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"data folder .*file cannot be used"):
        Store(tmp_path / "file")


@pytest.mark.parametrize("emptied", [True, False])
def test_a_run_that_the_journal_has_lost_is_named(sqlite_store: Store, emptied: bool) -> None:
    fill(sqlite_store)
    (sqlite_store.run_folder("r1") / "notes.md").write_text("n")
    if emptied:
        sqlite_store.close()
        sqlite_store.path.write_bytes(b"")
        sqlite_store = Store(sqlite_store.folder)
    else:
        tamper(sqlite_store, "delete from runs")
    with pytest.raises(UnknownRun, match=r"has lost run r1: its folder .*runs/r1 is there \(it holds notes\.md\)"):
        sqlite_store.read("r1")
    with pytest.raises(UnknownRun, match="There is no run 'r2'"):
        sqlite_store.read("r2")
    assert ["has lost run r1" in problem for problem in sqlite_store.problems()] == [True]
    sqlite_store.close()


def check_it_can_only_be_read(folder: Path) -> None:
    store = Store(folder)
    assert [event.type for event in store.read("r1")] == ["run.started", "turn", "turn", "turn", "turn"]
    assert [summary.run for summary in store.runs()] == ["r1"]
    assert store.problems() == [] and not store.is_live("r1")
    message = re.escape(f"{folder} can be read but not written: ")
    for write in (
        lambda: store.create("r2"),
        lambda: store.open("r1"),
        lambda: store.request("r1", "pause", {}),
        lambda: store.run_folder("r1"),
    ):
        with pytest.raises(SettingsError, match=message) as caught:
            write()
        assert "--data or DEEPRESEARCH_DATA" in caught.value.hint
    store.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="permission bits do not bind root")
def test_a_folder_that_may_not_be_written_is_read(sqlite_store: Store) -> None:
    fill(sqlite_store)
    sqlite_store.close()
    folder = sqlite_store.folder
    folders = [folder, folder / "locks", folder / "runs"]
    for part in folders:
        part.chmod(0o500)
    try:
        check_it_can_only_be_read(folder)
    finally:
        for part in folders:
            part.chmod(0o700)


@pytest.mark.parametrize("beside", ["open", "closed"])
def test_a_journal_is_read_where_opening_for_writing_is_refused(
    sqlite_store: Store, beside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sqlite_store)
    if beside == "closed":  # the -wal and -shm files are gone
        sqlite_store.close()
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
    check_it_can_only_be_read(sqlite_store.folder)


def test_a_journal_read_as_one_that_never_changes(sqlite_store: Store) -> None:
    fill(sqlite_store)
    sqlite_store.close()
    with contextlib.closing(_connect_read_only(sqlite_store.path, "mode=ro&immutable=1", 0.2)) as db:
        assert db.execute("select count(*) from events").fetchall() == [(5,)]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            db.execute("delete from events")


def test_an_empty_journal_cannot_be_read_alone(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").write_bytes(b"")
    with pytest.raises(SettingsError, match="has to be set up"):
        connect_read_only(tmp_path / "journal.sqlite3", 0.2)


def test_a_commit_waits_for_the_disk(sqlite_store: Store) -> None:
    assert sqlite_store._select("pragma synchronous") == [(2,)]
    assert sqlite_store._select("pragma journal_mode") == [("wal",)]


@pytest.mark.parametrize("pages", range(12, 40, 4))
def test_a_full_disk_is_loud_and_leaves_nothing_half_done(sqlite_store: Store, pages: int) -> None:
    sqlite_store._select(f"pragma max_page_count = {pages}")
    with sqlite_store.create("r1") as log:
        log.append(RunStarted(task=Task(question="q")))
        with pytest.raises(InternalError, match=r"Run r1: events \d+ to \d+ could not be recorded .*disk is full"):
            while True:
                log.append(Turn(text="x" * 700), Turn(text="y" * 700))
        held = list(log.events)
        assert len(held) % 2 == 1
        assert sqlite_store.read("r1") == held
        sqlite_store._select("pragma max_page_count = 100000")
        assert log.append(Turn(text="there is room again"))[0].seq == len(held) + 1
    with sqlite_store.open("r1") as log:
        assert log.events[:-1] == held


@pytest.mark.parametrize("limit", [60_000, 131_072, 400_000])
def test_a_disk_that_refuses_a_write(child: Child, tmp_path: Path, limit: int) -> None:
    process = child("small_disk", tmp_path, "r1", limit)
    assert process.stdout is not None
    *acknowledged, last = process.stdout.read().splitlines()
    error, held, *message = last.split()
    assert error == "InternalError"
    assert re.match(r"Run r1: events \d+ to \d+ could not be recorded", " ".join(message))
    with contextlib.closing(Store(tmp_path)) as store, store.open("r1") as log:
        assert len(log.events) == int(held) == int(acknowledged[-1])


def test_a_full_disk_still_shows_what_there_is(sqlite_store: Store) -> None:
    """The file that SQLite needs beside the journal cannot be made."""
    fill(sqlite_store)
    sqlite_store.close()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        check_it_can_only_be_read(sqlite_store.folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_locked_database_is_loud(sqlite_store: Store) -> None:
    with sqlite_store.create("r1") as log, contextlib.closing(sqlite3.connect(sqlite_store.path)) as other:
        log.append(RunStarted(task=Task(question="q")))
        other.execute("begin immediate")
        with pytest.raises(InternalError, match=r"event 2 \(turn\) could not be recorded .*locked"):
            log.append(Turn())
        assert len(log.events) == len(sqlite_store.read("r1")) == 1
        other.rollback()
        log.append(Turn())


def test_a_damaged_blob_is_named(sqlite_store: Store) -> None:
    digest = sqlite_store.blobs.put("the whole page")
    path = sqlite_store.folder / "blobs" / digest[:2] / digest
    path.write_text("the whole pagE")
    with pytest.raises(JournalDamaged, match=f"{digest}: .* does not hold what was put there"):
        sqlite_store.blobs.get(digest)
    sqlite_store.blobs.put("the whole page")
    assert sqlite_store.blobs.get(digest) == "the whole page"


def test_a_blob_that_cannot_be_written(sqlite_store: Store) -> None:
    (sqlite_store.folder / "blobs").rmdir()
    (sqlite_store.folder / "blobs").write_text("in the way")
    with pytest.raises(InternalError, match=r"14 bytes could not be stored"):
        sqlite_store.blobs.put("the whole page")


def test_one_writer_over_processes(child: Child, sqlite_store: Store) -> None:
    fill(sqlite_store)
    process = child("hold", sqlite_store.folder, "r1")
    assert said(process) == "open"
    assert sqlite_store.is_live("r1")
    with pytest.raises(RunBusy, match=rf"Run r1 is being written by process {process.pid}\."):
        sqlite_store.open("r1")
    process.kill()
    process.wait()
    assert not sqlite_store.is_live("r1")
    sqlite_store.open("r1").close()


def test_another_process_reads_while_a_run_grows(child: Child, sqlite_store: Store) -> None:
    fill(sqlite_store, turns=0)
    process = child("hold", sqlite_store.folder, "r1")
    assert said(process) == "open"
    for number in range(2, 6):
        tell(process, f"step {number}")
        [event] = sqlite_store.read("r1", after=number - 1)
        assert (event.seq, event.model_dump()["text"]) == (number, f"step {number}")
    assert len(sqlite_store.read("r1")) == 5


def test_requests_reach_another_process_once(child: Child, sqlite_store: Store) -> None:
    fill(sqlite_store)
    process = child("hold", sqlite_store.folder, "r1")
    assert said(process) == "open"
    sqlite_store.request("r1", "pause", {})
    sqlite_store.request("r1", "steer", {"text": "shorter"})
    assert tell(process, "a") == "pause steer"
    assert tell(process, "b") == ""
    sqlite_store.request("r1", "cancel", {})
    assert tell(process, "c") == "cancel"


def test_processes_may_begin_a_data_folder_together(child: Child, tmp_path: Path) -> None:
    crowd = [child("begin", tmp_path / "data") for _ in range(4)]
    assert [said(process) for process in crowd] == ["ready"] * 4
    for process in crowd:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [said(process) for process in crowd] == ["done"] * 4


def test_threads_share_a_store(sqlite_store: Store) -> None:
    def write(run: str) -> None:
        with sqlite_store.create(run) as log:
            for number in range(20):
                log.append(Turn(text=str(number)))

    threads = [threading.Thread(target=write, args=(f"r{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(sqlite_store.read(f"r{n}")) for n in range(6)] == [20] * 6


def test_many_open_runs_share_one_connection(sqlite_store: Store) -> None:
    logs = [sqlite_store.create(f"r{n}") for n in range(100)]
    for log in logs:
        log.append(Turn())
    opened = [p.readlink() for p in Path("/proc/self/fd").iterdir() if p.is_symlink()]
    for log in logs:
        log.close()
    assert opened.count(sqlite_store.path) == 1


def test_a_deleted_run_leaves_nothing_and_may_be_made_again(sqlite_store: Store) -> None:
    for run in ("r1", "r2"):
        fill(sqlite_store, run)
        folder = sqlite_store.folder / "runs" / run
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "notes.md").write_text("n")
    sqlite_store.delete("r1")
    assert [info.run for info in sqlite_store.runs()] == ["r2"]
    with pytest.raises(UnknownRun):
        sqlite_store.read("r1")
    assert not (sqlite_store.folder / "runs" / "r1").exists() and (sqlite_store.folder / "runs" / "r2").exists()
    assert not (sqlite_store.folder / "locks" / "r1.lock").exists()
    fill(sqlite_store, "r1")
    assert len(sqlite_store.read("r1")) == 5 and len(sqlite_store.read("r2")) == 5


def test_a_run_in_use_is_not_deleted(sqlite_store: Store) -> None:
    fill(sqlite_store)
    with sqlite_store.open("r1"), pytest.raises(RunBusy):
        sqlite_store.delete("r1")
    assert len(sqlite_store.read("r1")) == 5


def test_what_a_lost_run_left_is_listed_up_to_five_files(sqlite_store: Store) -> None:
    fill(sqlite_store)
    runs = sqlite_store.folder / "runs"
    (runs / "gone").mkdir(parents=True)
    (runs / "stray.txt").write_text("no run")
    for n in range(6):
        (runs / "gone" / f"f{n}").write_text("")
    (problem,) = [p for p in sqlite_store.problems() if "lost run" in p]
    assert "(it holds f0, f1, f2, f3, f4, ...)" in problem
    (runs / "gone" / "f5").unlink()
    (problem,) = [p for p in sqlite_store.problems() if "lost run" in p]
    assert "(it holds f0, f1, f2, f3, f4)" in problem
