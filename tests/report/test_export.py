"""Files, whole or not at all; the object for programs; the lines for a terminal."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepresearch.errors import ExportError
from deepresearch.report import FORMATS, as_json, check_formats, render_markdown, summary, write
from deepresearch.trajectory import RunFailed

from .conftest import MakeRun


def test_writes_every_format(run: MakeRun, tmp_path: Path) -> None:
    events = run("水会沸腾 \\cite{p1}。\ud800")
    written = write(events, tmp_path / "new" / "folder", [name for name in [*FORMATS.names(), "md"] if name != "pdf"])
    files = written.files
    assert [file.name for file in files] == [FORMATS.get(name).file for name in FORMATS.names() if name != "pdf"]
    assert written.problems == ()
    assert sorted(p.name for p in files[0].parent.iterdir()) == sorted(file.name for file in files)
    assert files[0].read_text(encoding="utf-8") == render_markdown(events)
    assert json.loads(files[2].read_text(encoding="utf-8"))["citations"][0]["id"] == "p1"


def test_a_missing_tool_is_named_and_the_others_are_written(
    run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "no-browser"))
    written = write(run("x"), tmp_path, ["md", "pdf", "bib"])
    assert [file.name for file in written.files] == ["report.md", "references.bib"]
    [problem] = written.problems
    assert problem.format == "pdf"
    assert "no-browser, which is no program" in problem.message and "Print report.html" in problem.message


def test_an_unknown_style_is_named_before_anything_is_written(run: MakeRun, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"Unknown reference style 'apq'. Nearest names: .*apa"):
        write(run("x"), tmp_path / "out", ["md"], "apq")
    assert not (tmp_path / "out").exists()


def test_unknown_formats_are_named_before_anything_is_written(run: MakeRun, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"format rtf, odt\. Known formats: md, html, json, docx, pdf, pptx"):
        write(run("x"), tmp_path / "out", ["md", "rtf", "odt"])
    assert not (tmp_path / "out").exists()
    assert check_formats([" md", "HTML ", "md", "", "slides", "latex"]) == ["md", "html", "pptx", "tex"]
    with pytest.raises(ExportError, match="No report format given"):
        check_formats([""])


def test_no_report_no_files(run: MakeRun, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no report yet"):
        write(run("x")[:3], tmp_path / "out", ["json"])
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written(run: MakeRun, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(ExportError, match=r"file/report\.md cannot be written .*--out"):
        write(run("x"), tmp_path / "file", ["md"])
    (tmp_path / "report.md").mkdir()
    with pytest.raises(ExportError, match=r"report\.md cannot be written"):
        write(run("x"), tmp_path, ["md"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "report.md"]


def test_object_for_programs(run: MakeRun) -> None:
    events = run("# Water\n\nA \\cite{p1, zz}.", partial=True)
    made = as_json(events)
    assert (made["run"], made["status"], made["title"]) == ("r1", "finished", "Water")
    assert [event["seq"] for event in made["events"]] == [event.seq for event in events]
    assert made["report"] == render_markdown(events)
    assert made["unregistered"] == ["zz"] and made["partial"]
    assert made["usage"] == {"input": 2500, "cached": 1200, "output": 550} and made["cost"] == 0.5
    assert [s["document"] for s in made["sources"]] == ["a.md", "b.md"]
    unfinished = as_json(events[:3])
    assert unfinished["report"] == "" and unfinished["status"] == "running" and len(unfinished["sources"]) == 2
    assert unfinished.keys() == made.keys()


def test_summary(run: MakeRun) -> None:
    events = run("A \\cite{p1, zz}.", question="Why?\x1b[2J\x1b]8;;http://evil.test/\x07")
    text = summary(events)
    assert "Run r1: finished. Why?" in text
    assert "2 turns, 1 tool call, 3,050 tokens (1,200 of them cached), $0.5, 2.5 minutes" in text
    assert "1 passage of 1 document cited, 2 documents shown, 1 id cited that was never shown." in text
    assert "\x1b" not in text and "\x07" not in text
    assert "No report yet; 2 documents" in summary(events[:3])
    assert "interrupted" in summary(events[:3], live=False) and "running" in summary(events[:3], live=True)
    failed = [*events[:3], RunFailed(reason="internal", message="disk\x1b full")]
    assert summary(failed).endswith("Failed: disk full")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package that adds the format `txt`, and one that cannot be imported."""
    (tmp_path / "plain_reports.py").write_text(
        "from deepresearch.report import Format\n"
        "TXT = Format('report.txt', lambda report, events: report.title + '\\n' + report.answer)\n"
    )
    info = tmp_path / "plain_reports-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plain-reports\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[deepresearch.formats]\ntxt = plain_reports:TXT\nodd = missing_module:X\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    vars(FORMATS).pop("_plugins", None)
    yield
    vars(FORMATS).pop("_plugins", None)


@pytest.mark.usefixtures("installed")
def test_a_format_of_an_installed_package(run: MakeRun, tmp_path: Path) -> None:
    assert check_formats(["txt"]) == ["txt"]
    written = write(run("# Water\n\nIt boils \\cite{p1}."), tmp_path / "out", ["txt", "odd", "md"])
    assert [path.name for path in written.files] == ["report.txt", "report.md"]
    assert written.files[0].read_text().startswith("Water\n# Water")
    [problem] = written.problems
    assert problem.format == "odd" and "plain-reports" in problem.message
