"""Looking at runs, and getting things out of them."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from .conftest import Command, environment

QUESTION = "When was the harbour tower of Velmark built?"


@pytest.fixture
def run(command: Command, docs: Path) -> str:
    return str(json.loads(command("run", QUESTION, "--docs", str(docs), "--json").stdout)["run"])


def test_show_by_a_beginning_of_the_id(command: Command, run: str) -> None:
    shown = command("show", run[:12])
    assert shown.returncode == 0 and QUESTION in shown.stderr and "1887" in shown.stdout
    assert json.loads(command("show", run, "--json").stdout)["run"] == run


def test_list(command: Command, run: str) -> None:
    assert run in command("list").stdout and "finished" in command("list").stdout
    [row] = [json.loads(line) for line in command("list", "--json").stdout.splitlines()]
    assert (row["run"], row["question"], row["state"]) == (run, QUESTION, "finished")


def test_list_of_nothing_says_how_to_begin(command: Command) -> None:
    assert "deepresearch run" in command("list").stdout


def test_export(command: Command, run: str, tmp_path: Path) -> None:
    done = command("export", run, "--format", "md,html,json", "--out", str(tmp_path / "files"))
    assert done.returncode == 0
    assert sorted(p.name for p in (tmp_path / "files").iterdir()) == ["report.html", "report.json", "report.md"]
    odd = command(
        "export", run, "--format", "pdf,bib", "--style", "APA", "--out", str(tmp_path / "odd"), CHROMIUM="/none"
    )
    assert odd.returncode == 1
    assert (
        "Not written: pdf. CHROMIUM names /none, which is no program" in odd.stderr and "references.bib" in odd.stderr
    )
    assert [p.name for p in (tmp_path / "odd").iterdir()] == ["references.bib"]


@pytest.mark.parametrize("to", ["events", "chat", "sft"])
def test_trajectory(command: Command, run: str, to: str) -> None:
    rows = [json.loads(line) for line in command("trajectory", run, "--to", to).stdout.splitlines()]
    if to == "events":
        assert rows[0]["type"] == "run.started" and rows[-1]["type"] == "run.finished"
    else:
        assert rows[0]["messages"][0]["role"] in ("system", "user") and rows[0]["tools"]
    if to == "sft":
        assert {m["loss"] for m in rows[0]["messages"] if m["role"] != "assistant"} == {False}
        assert any(m["loss"] for m in rows[0]["messages"])


def test_what_is_over_cannot_go_on(command: Command, run: str) -> None:
    for again in (command("resume", run), command("cancel", run)):
        assert again.returncode == 2 and "finished" in again.stderr


def test_a_stopped_run_can_be_cancelled_for_good(command: Command, docs: Path) -> None:
    stopped = command("run", QUESTION, "--docs", str(docs), "--plan", "ask")
    run = stopped.stderr.split("deepresearch resume ")[1].split()[0]
    assert command("export", run).returncode == 2
    assert command("cancel", run).returncode == 0
    assert command("resume", run).returncode == 2


def test_an_export_replaces_only_what_an_export_wrote(command: Command, run: str, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / "report.md").write_text("my own notes")
    first = command("export", run, "--format", "md,html", "--out", str(out))
    assert first.returncode == 1 and "report.md exists" in first.stderr and "--force" in first.stderr
    assert (out / "report.md").read_text() == "my own notes" and (out / "report.html").exists()
    assert command("export", run, "--format", "html", "--out", str(out)).returncode == 0
    (out / "report.html").write_text("edited by hand")
    assert command("export", run, "--format", "html", "--out", str(out)).returncode == 1
    assert (out / "report.html").read_text() == "edited by hand"
    assert command("export", run, "--format", "md,html", "--out", str(out), "--force").returncode == 0
    assert "1887" in (out / "report.md").read_text()
    assert sorted(p.name for p in out.iterdir()) == ["report.html", "report.md"]


def test_a_finished_run_is_not_replaced_by_run_out_either(command: Command, docs: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / "report.md").write_text("my own notes")
    done = command("run", QUESTION, "--docs", str(docs), "--out", str(out))
    assert done.returncode == 1 and "report.md exists" in done.stderr and "1887" in done.stdout
    assert (out / "report.md").read_text() == "my own notes"


def test_delete_needs_the_whole_id_and_leaves_nothing(command: Command, run: str, tmp_path: Path) -> None:
    short = command("delete", run[:-1])
    assert short.returncode == 2 and f"deepresearch delete {run}" in short.stderr
    assert command("delete", run).returncode == 0
    assert run not in command("list").stdout and command("show", run).returncode == 2
    assert not (tmp_path / "data" / "runs" / run).exists()
    assert command("doctor").returncode in (0, 1) and "lost run" not in command("doctor").stdout


def test_list_shows_the_newest_and_counts_the_rest(command: Command, docs: Path) -> None:
    for _ in range(2):
        command("run", QUESTION, "--docs", str(docs))
    short = command("list", "--limit", "1")
    assert len(short.stdout.splitlines()) == 1 and "1 older runs are not shown" in short.stderr
    assert len(command("list", "--limit", "0").stdout.splitlines()) == 2
    assert command("list", "--limit", "-1").returncode == 2


def test_advice_about_a_run_that_has_ended_works(command: Command, run: str, docs: Path) -> None:
    assert f"deepresearch show {run}" in command("steer", run, "More.").stderr
    cut = command("run", QUESTION, "--docs", str(docs), "--plan", "ask", "--json")
    paused = json.loads(cut.stdout)["run"]
    assert f"deepresearch resume {paused}" in command("export", paused).stderr
    command("cancel", paused)
    advice = command("export", paused).stderr
    assert "resume" not in advice and "start a new run" in advice


def test_an_output_that_cannot_be_written_is_no_traceback(command: Command, run: str, tmp_path: Path) -> None:
    for arguments in (["show", run], ["list"], ["trajectory", run], ["--help"]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "deepresearch", *arguments],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                env=environment(tmp_path),
                check=False,
                timeout=60,
            )
        assert done.returncode == 1 and "Traceback" not in done.stderr and "No space left" in done.stderr, arguments


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_still_lists_and_shows(command: Command, run: str, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        shutil.copytree(tmp_path / "data", disk / "data")
        with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 4096)
        data = str(disk / "data")
        assert run in command("list", "--data", data).stdout
        assert "1887" in command("show", run, "--data", data).stdout
    finally:
        subprocess.run(["umount", disk], check=True)
