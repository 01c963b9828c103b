"""`run` and `resume` as a person uses them.

One file, since `run` is one command, and all of it starts the real process.
"""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from .conftest import Command, environment

REPORT = {"text": "What the tower is."}
QUESTION = "When was the harbour tower of Velmark built, and where was its engineer born?"


def test_question_over_a_folder(command: Command, docs: Path, tmp_path: Path) -> None:
    done = command("run", QUESTION, "--docs", str(docs), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert re.search("1887 against 1889|1889 against 1887", done.stdout) and "Oslo" in done.stdout
    assert "No language model" in done.stdout
    assert (tmp_path / "out" / "report.md").read_text() in done.stdout + "\n"
    assert "<html" in (tmp_path / "out" / "report.html").read_text()
    for seen in ("Plan:", "/50 turns]", "Searching: ", "Finished: answered"):
        assert seen in done.stderr


def test_json_keeps_the_contract(command: Command, docs: Path) -> None:
    done = command("run", QUESTION, "--docs", str(docs), "--json")
    found = json.loads(done.stdout)
    assert {"run", "status", "report", "citations", "sources", "usage", "cost", "events"} <= set(found)
    assert all({"id", "document", "passage", "url", "title", "level"} <= set(c) for c in found["citations"])
    shown = {passage["id"] for source in found["sources"] for passage in source["passages"]}
    assert found["citations"] and {citation["id"] for citation in found["citations"]} <= shown
    assert [event["seq"] for event in found["events"]] == list(range(1, len(found["events"]) + 1))
    assert found["cost"] == 0


def test_a_second_run_is_the_same_and_reads_nothing_again(command: Command, docs: Path) -> None:
    first = json.loads(command("run", QUESTION, "--docs", str(docs), "--json").stdout)
    second = json.loads(command("run", QUESTION, "--docs", str(docs), "--json").stdout)
    assert second["citations"] == first["citations"] and second["run"] != first["run"]


def test_chinese_question_gets_a_chinese_report(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "zh"
    folder.mkdir()
    (folder / "桥.md").write_text("# 长江大桥\n\n武汉长江大桥于1957年建成通车，全长1670米。\n")
    done = command("run", "武汉长江大桥是哪一年建成的？", "--docs", str(folder))
    assert done.returncode == 0, done.stderr
    assert "1957" in done.stdout and "语言模型" in done.stdout
    assert "运行 2" in done.stderr and "Run " not in done.stderr


def test_a_web_that_gives_no_answer_is_named_and_survived(command: Command, docs: Path) -> None:
    names = "wikipedia,searxng"
    nowhere = {"DEEPRESEARCH_SEARCH_PROVIDERS": names, "DEEPRESEARCH_SEARCH_SEARXNG_URL": "http://127.0.0.1:9"}
    private = {"DEEPRESEARCH_SEARCH_PRIVATE": "true"}  # so that Wikipedia is not asked where there is a network
    alone = command("run", QUESTION, "--web", **nowhere, **private)
    assert alone.returncode == 0, alone.stderr
    assert "No answer from wikipedia, searxng" in alone.stdout and "private mode" in alone.stderr + alone.stdout
    beside = command("run", QUESTION, "--web", "--docs", str(docs), "--json", **nowhere, **private)
    assert beside.returncode == 0, beside.stderr
    found = json.loads(beside.stdout)
    assert found["citations"] and "searxng" in found["report"] and "wikipedia" in found["report"]


def test_a_canned_web(command: Command, tmp_path: Path) -> None:
    page = tmp_path / "web" / "en.example.org" / "tower.md"
    page.parent.mkdir(parents=True)
    page.write_text("# Harbour tower of Velmark\n\nThe harbour tower of Velmark was built in 1887.\n")
    done = command("run", QUESTION, "--web", "--json", DEEPRESEARCH_SEARCH_CANNED=str(tmp_path / "web"))
    assert done.returncode == 0, done.stderr
    assert {c["url"] for c in json.loads(done.stdout)["citations"]} == {"http://en.example.org/tower.md"}


def test_a_budget_still_delivers_a_partial_report(command: Command, docs: Path) -> None:
    done = command("run", QUESTION, "--docs", str(docs), "--max-turns", "3")
    assert done.returncode == 3, done.stderr
    assert "1887" in done.stdout and "3 turns" in done.stderr


def test_killed_and_resumed(command: Command, docs: Path, tmp_path: Path) -> None:
    whole = json.loads(command("run", QUESTION, "--docs", str(docs), "--json").stdout)
    run = subprocess.Popen(
        [sys.executable, "-m", "deepresearch", "run", QUESTION, "--docs", str(docs)],
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert run.stderr is not None
    name = next(line.split()[1] for line in run.stderr if line.startswith("Run "))
    run.kill()
    run.wait()
    run.stderr.close()
    resumed = command("resume", name, "--json")
    assert resumed.returncode == 0, resumed.stderr
    found = json.loads(resumed.stdout)
    assert (found["run"], found["citations"]) == (name, whole["citations"])


def test_plan_waits_without_a_person_and_resumes_when_approved(command: Command, docs: Path) -> None:
    asked = command("run", QUESTION, "--docs", str(docs), "--plan", "ask")
    assert asked.returncode == 0 and "--approve" in asked.stderr and "harbour" in asked.stderr
    run = asked.stderr.split("deepresearch resume ")[1].split()[0]
    done = command("resume", run, "--approve", "")
    assert done.returncode == 0 and "1887" in done.stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["run", QUESTION], "--docs"),
        (["run", "  ", "--docs", "DOCS"], "has no words"),
        (["run", QUESTION, "--docs", "/no/such/folder"], "/no/such/folder does not exist"),
        (["run", QUESTION, "--docs", "EMPTY"], "Nothing to read in"),
        (["run", QUESTION, "--library", "nothing"], "no library nothing"),
        (["run", QUESTION, "--docs", "DOCS", "--max-turns", "0"], "--max-turns"),
        (["run", QUESTION, "--docs", "DOCS", "--max-cost", "0"], "--max-cost"),
        (["run", QUESTION, "--docs", "DOCS", "--out", "OUT", "--format", "papyrus"], "papyrus"),
        (["run", QUESTION, "--docs", "DOCS", "--policy", "chat"], "--model"),
        (["run", QUESTION, "--docs", "DOCS", "--policy", "guided"], "--model"),
        (["run", QUESTION, "--docs", "DOCS", "--model", "auto"], "--model-file"),
        (["run", QUESTION, "--docs", "DOCS", "--model-file", "/no/such.gguf"], "/no/such.gguf: No such file"),
        (["run", QUESTION, "--docs", "DOCS", "--model-file", __file__], "is no GGUF file"),
        (["run", QUESTION, "--docs", "DOCS", "--temperature", "9"], "--temperature"),
        (["run", QUESTION, "--docs", "DOCS", "--max-reply-tokens", "0"], "--max-reply-tokens"),
        (["run", QUESTION, "--docs", "DOCS", "--max-minutes", "inf"], "--max-minutes"),
        (["run", QUESTION, "--docs", "DOCS", "--out", "/proc/nowhere"], "--out"),
        (["run", QUESTION, "--docs", "DOCS", "--format", "md"], "--out"),
        (["index", "search", "nothing", ""], "query is empty"),
        (["run", QUESTION, "--docs", "DOCS", "--modle", "x"], "--model"),
        (["run"], "QUESTION"),
        (["resume", "nothing"], "no run"),
        (["show", "nothing"], "no run"),
        (["cancel", "nothing"], "no run"),
        (["export", "nothing"], "no run"),
        (["trajectory", "nothing"], "no run"),
        (["index", "build", "bad/name", "DOCS"], "bad/name"),
        (["index", "build", "empty"], "Nothing to add"),
        (["index", "stats", "nothing"], "no library nothing"),
        (["index", "search", "nothing"], "query"),
    ],
)
def test_wrong_use_is_named_and_exits_with_2(
    command: Command, docs: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    (tmp_path / "empty").mkdir()
    places = {"DOCS": str(docs), "EMPTY": str(tmp_path / "empty"), "OUT": str(tmp_path / "out")}
    done = command(*[places.get(argument, argument) for argument in arguments])
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("DEEPRESEARCH_BUDGT_TURNS", "3", "budget"),
        ("DEEPRESEARCH_BUDGET_TURNS", "many", "DEEPRESEARCH_BUDGET_TURNS"),
        ("DEEPRESEARCH_BUDGET_TURNS", "0", "DEEPRESEARCH_BUDGET_TURNS"),
        ("DEEPRESEARCH_SEARCH_PROVIDERS", "wikipeda", "Did you mean wikipedia"),
        ("DEEPRESEARCH_SEARCH_PROVIDERS", "brave", "DEEPRESEARCH_BRAVE_API_KEY"),
        ("DEEPRESEARCH_SEARCH_PROVIDERS", "", "search.providers is empty"),
        ("DEEPRESEARCH_SEARCH_CANNED", "/no/such/folder", "/no/such/folder"),
    ],
)
def test_wrong_environment_is_named(command: Command, docs: Path, name: str, value: str, words: str) -> None:
    done = command("run", QUESTION, "--docs", str(docs), "--web", **{name: value})
    assert done.returncode == 2 and words in done.stderr


def test_wrong_settings_file_is_named(command: Command, docs: Path, tmp_path: Path) -> None:
    (tmp_path / "here" / "deepresearch.toml").write_text("[budget]\nturn = 3\n")
    done = command("run", QUESTION, "--docs", str(docs))
    assert done.returncode == 2 and "budget.turn " in done.stderr and "budget.turns" in done.stderr


SEARCH = {
    "calls": [{"name": "batch_web_surfer", "arguments": {"action": "batch_search", "queries": ["harbour tower"]}}]
}
NEVER = {"text": "", "delay": 60}


@pytest.mark.parametrize(
    "fault, words",
    [
        ({"status": 401, "body": {"error": {"message": "bad key"}}}, "DEEPRESEARCH_API_KEY"),
        ({"status": 404, "body": {"error": {"message": "The model m does not exist"}}}, "m"),
        ({"status": 200, "headers": {"Content-Type": "text/html"}, "body": "<html>Hello</html>"}, "/v1"),
    ],
)
def test_an_endpoint_that_cannot_work_is_named_and_nothing_is_lost(
    command: Command, docs: Path, endpoint: Callable[..., str], fault: dict[str, Any], words: str
) -> None:
    url = endpoint(fault)
    done = command("run", QUESTION, "--docs", str(docs), "--model", "m", "--base-url", url, "--plan", "off")
    assert done.returncode == 2, done.stderr
    assert words in done.stderr and url.split("/")[2] in done.stderr and "deepresearch resume" in done.stderr


def test_an_endpoint_that_refuses_tools_and_then_everything(
    command: Command, docs: Path, endpoint: Callable[..., str]
) -> None:
    url = endpoint({"status": 400, "body": {"error": {"message": "tools is not supported by this model"}}})
    done = command("run", QUESTION, "--docs", str(docs), "--model", "m", "--base-url", url, "--plan", "off")
    assert done.returncode == 3, done.stderr  # what was found is reported, and the run can be resumed
    assert "guided" in done.stderr
    assert url.split("/")[2] in done.stderr and "deepresearch resume" in done.stderr and "refuses" in done.stderr


def test_an_endpoint_that_is_down(command: Command, docs: Path) -> None:
    gone = ["--model", "m", "--base-url", "http://127.0.0.1:9/v1"]
    done = command("run", QUESTION, "--docs", str(docs), *gone, DEEPRESEARCH_MODEL_RETRIES="0")
    assert done.returncode == 2 and "127.0.0.1:9" in done.stderr and "resume" in done.stderr


@pytest.fixture
def waiting(docs: Path, tmp_path: Path, endpoint: Callable[..., str]) -> Iterator[subprocess.Popen[str]]:
    """A run that has searched, and now waits for a model that does not answer."""
    url = endpoint(SEARCH, NEVER, REPORT)
    run = subprocess.Popen(
        [sys.executable, "-m", "deepresearch", "run", QUESTION, "--docs", str(docs), "--plan", "off"],
        env=environment(tmp_path, DEEPRESEARCH_MODEL="m", DEEPRESEARCH_BASE_URL=url),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stderr is not None
    run.name = next(line.split()[1] for line in run.stderr if line.startswith("Run "))  # type: ignore[attr-defined]
    next(line for line in run.stderr if "passage" in line)
    time.sleep(0.3)
    yield run
    run.kill()
    run.communicate()


def test_ctrl_c_once_ends_with_a_report_of_what_was_gathered(waiting: subprocess.Popen[str], command: Command) -> None:
    name = waiting.name  # type: ignore[attr-defined]
    waiting.send_signal(signal.SIGINT)
    out, told = waiting.communicate(timeout=10)
    assert waiting.returncode == 3, told
    assert "1887" in out and "stopped by the person" in told
    assert all(f"deepresearch {verb} {name}" in told for verb in ("show", "export", "resume"))
    resumed = command("resume", name)
    assert resumed.returncode == 0 and "What the tower is." in resumed.stdout


def test_ctrl_c_before_anything_was_gathered_says_that_there_is_no_report(
    endpoint: Callable[..., str], docs: Path, tmp_path: Path
) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "deepresearch", "run", QUESTION, "--docs", str(docs)],
        env=environment(tmp_path, DEEPRESEARCH_MODEL="m", DEEPRESEARCH_BASE_URL=endpoint({"text": "I plan."}, NEVER)),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stderr is not None
    next(line for line in run.stderr if "I plan." in line)
    run.send_signal(signal.SIGINT)
    out, told = run.communicate(timeout=20)
    assert run.returncode == 1 and not out
    assert "there is no report" in told and "deepresearch resume" in told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("closing", ["2> /dev/full", "2>&-"])
def test_the_report_is_printed_where_progress_cannot_be(closing: str, docs: Path, tmp_path: Path) -> None:
    line = f'exec "$0" -m deepresearch run "$1" --docs "$2" --json {closing}'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable, QUESTION, str(docs)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0 and json.loads(done.stdout)["citations"]


def test_another_process_can_ask_for_the_report_now(waiting: subprocess.Popen[str], command: Command) -> None:
    assert command("finish", waiting.name).returncode == 0  # type: ignore[attr-defined]
    out, told = waiting.communicate(timeout=20)
    assert waiting.returncode == 3, told
    assert "What the tower is." in out and "Writing the report" in told


def test_a_terminated_run_goes_on(waiting: subprocess.Popen[str], command: Command) -> None:
    waiting.send_signal(signal.SIGTERM)
    out, told = waiting.communicate(timeout=20)
    assert waiting.returncode == 1 and not out and "Paused (stopped)" in told
    assert command("resume", waiting.name).returncode == 0  # type: ignore[attr-defined]


def test_another_process_can_watch_and_cancel(waiting: subprocess.Popen[str], command: Command) -> None:
    name = waiting.name  # type: ignore[attr-defined]
    assert "running" in command("list").stdout
    assert command("show", name).returncode == 0
    busy = command("resume", name)
    assert busy.returncode == 2 and str(waiting.pid) in busy.stderr
    assert command("cancel", name).returncode == 0
    _, told = waiting.communicate(timeout=20)
    assert waiting.returncode == 0 and "cancelled" in told
    assert command("resume", name).returncode == 2


def test_another_process_can_steer_and_pause(waiting: subprocess.Popen[str], command: Command) -> None:
    name = waiting.name  # type: ignore[attr-defined]
    assert command("steer", name, "Only the tower.").returncode == 0
    assert command("pause", name).returncode == 0
    _, told = waiting.communicate(timeout=20)
    assert waiting.returncode == 0 and f"deepresearch resume {name}" in told
    assert command("pause", name).returncode == 2
    events = [json.loads(line) for line in command("trajectory", name).stdout.splitlines()]
    assert [e["text"] for e in events if e["type"] == "user.steered"] == ["Only the tower."]


def test_an_output_that_is_not_utf8_is_no_fault(command: Command, tmp_path: Path) -> None:
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "a.md").write_text("# 南京\n\n南京长江大桥于1968年建成通车。\n")
    question = "南京长江大桥何时建成？"
    done = command("run", question, "--docs", str(tmp_path / "zh"), "--json", PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and json.loads(done.stdout)["question"] == question


class Terminal:
    """The command at a terminal, with somebody typing."""

    def __init__(self, tmp_path: Path, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deepresearch", *arguments],
            env=environment(tmp_path),
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(slave)

    def wait_for(self, words: str) -> None:
        assert self.process.stderr is not None
        assert any(words in line for line in self.process.stderr), f"{words!r} was never said"

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def end(self) -> tuple[int, str, str]:
        out, told = self.process.communicate(timeout=20)
        os.close(self.master)
        return self.process.returncode, out, told


def test_a_plan_is_approved_at_the_terminal(docs: Path, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "run", QUESTION, "--docs", str(docs), "--plan", "ask", "--json")
    terminal.wait_for("Approve the plan?")
    terminal.type(b"Only the tower.\n")
    code, out, told = terminal.end()
    assert code == 0, told
    assert [e["text"] for e in json.loads(out)["events"] if e["type"] == "plan.approved"] == ["Only the tower."]


def test_ctrl_c_is_heard_while_a_plan_waits(docs: Path, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "run", QUESTION, "--docs", str(docs), "--plan", "ask")
    terminal.wait_for("Approve the plan?")
    terminal.process.send_signal(signal.SIGINT)
    code, _, told = terminal.end()
    assert code == 1 and "deepresearch resume" in told


def test_the_end_of_input_leaves_the_plan_for_later(docs: Path, tmp_path: Path, command: Command) -> None:
    terminal = Terminal(tmp_path, "run", QUESTION, "--docs", str(docs), "--plan", "ask")
    terminal.wait_for("Approve the plan?")
    terminal.type(b"\x04")
    code, _, told = terminal.end()
    assert code == 0 and "deepresearch resume" in told


def test_a_partial_run_goes_on_with_a_larger_budget(command: Command, docs: Path) -> None:
    first = json.loads(command("run", QUESTION, "--docs", str(docs), "--max-turns", "3", "--json").stdout)
    assert first["partial"]
    again = command("resume", first["run"], "--max-turns", "30", "--json")
    assert again.returncode == 0, again.stderr
    assert not json.loads(again.stdout)["partial"] and "Oslo" in json.loads(again.stdout)["report"]


@pytest.mark.parametrize(
    ("reply", "changes"), [("yes", ""), ("好的。", ""), ("Yes, but only 1887", "Yes, but only 1887")]
)
def test_a_plan_is_approved_in_words(docs: Path, tmp_path: Path, reply: str, changes: str) -> None:
    terminal = Terminal(tmp_path, "run", QUESTION, "--docs", str(docs), "--plan", "ask", "--json")
    terminal.wait_for("Approve the plan?")
    terminal.type(f"{reply}\n".encode())
    code, out, told = terminal.end()
    assert code == 0, told
    assert [e["text"] for e in json.loads(out)["events"] if e["type"] == "plan.approved"] == [changes]


def test_an_unquoted_question_is_told_to_be_quoted(command: Command, docs: Path) -> None:
    done = command("run", "When", "was", "the", "tower", "built?", "--docs", str(docs))
    assert done.returncode == 2 and "quotes: deepresearch run 'When was the tower built?'" in done.stderr


@pytest.mark.parametrize("question", ["", "   ", "???", "。。！"])
def test_a_question_without_words_is_refused(command: Command, docs: Path, question: str) -> None:
    done = command("run", question, "--docs", str(docs))
    assert done.returncode == 2 and "has no words" in done.stderr


def test_skipped_files_are_counted_by_type(command: Command, docs: Path) -> None:
    for name in ("a.pdf", "b.pdf", "c.docx"):
        (docs / name).write_bytes(b"\x00broken")
    told = command("run", QUESTION, "--docs", str(docs)).stderr
    assert "3 skipped: 2 .pdf, 1 .docx." in told


def test_progress_is_in_the_language_of_the_question(command: Command, docs: Path) -> None:
    told = command("run", "灯塔是哪一年建成的？", "--docs", str(docs)).stderr
    assert "计划：" in told and "结束：" in told and "Finished" not in told


def test_a_report_is_rendered_at_a_terminal_alone(docs: Path, tmp_path: Path, command: Command) -> None:
    assert "\n# " in "\n" + command("run", QUESTION, "--docs", str(docs)).stdout
    master, slave = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "deepresearch", "run", QUESTION, "--docs", str(docs)],
        env={**environment(tmp_path), "TERM": "xterm"},
        stdout=slave,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(slave)
    shown = b""
    with suppress(OSError):  # the end of a terminal is an error
        while part := os.read(master, 65536):
            shown += part
    os.close(master)
    text = shown.decode()
    assert done.returncode == 0 and "1887" in text and "\n# " not in text.replace("\r", "")
