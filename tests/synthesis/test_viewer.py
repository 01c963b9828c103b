import asyncio
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from deepresearch.cli import main
from deepresearch.errors import UserError
from deepresearch.library import LibraryProvider
from deepresearch.settings import Settings
from deepresearch.synthesis.data_files import read_records
from deepresearch.synthesis.reflection import reflect
from deepresearch.synthesis.rollouts import RolloutOptions
from deepresearch.synthesis.rubric_route import add_rubrics
from deepresearch.synthesis.viewer import write_page
from tests.synthesis.test_rollouts import tasks

__all__ = ["tasks"]
HOSTILE = "</pre><script src=https://x.invalid/x.js></script><img src=x onerror=alert(1)>\u202e"


class Page(HTMLParser):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.names: set[str] = set()
        self.words = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def quiet(done: int, wanted: int, what: str) -> None:
    """No progress."""


def test_the_page_has_all_that_is_known_of_a_record(tasks: Path, library: LibraryProvider, tmp_path: Path) -> None:
    with_rubrics, runs = tmp_path / "rubrics.jsonl", tmp_path / "runs.jsonl"
    asyncio.run(add_rubrics(tasks, with_rubrics, None, quiet))
    options = RolloutOptions(policy="slips", library="towns")
    asyncio.run(reflect(tasks, runs, [library], Settings(), options, quiet))
    assert write_page(runs, tmp_path / "page.html", with_rubrics, most=3) == 3
    page = Page(tmp_path / "page.html")
    assert page.open == [] and page.tags.count("article") == 3
    for record, task in zip(list(read_records(runs))[:3], read_records(with_rubrics), strict=False):
        told = [record["question"], task["rubrics"][-1]["criterion"], task["plan"][-1], task["evidence"][0]["fact"]]
        assert all(text in page.words for text in [*told, record["report"].splitlines()[2]])
    assert "contamination: passed" in page.words and "shortest: passed" in page.words


def test_hostile_text_stays_text(tasks: Path, tmp_path: Path) -> None:
    record = next(read_records(tasks))
    record |= {"question": HOSTILE, "answer": HOSTILE, "plan": [HOSTILE], "distractors": [HOSTILE], "id": HOSTILE}
    record["evidence"][0] |= {"text": HOSTILE, "title": HOSTILE}
    file = tmp_path / f"{'<b>'}.jsonl"
    file.write_text(json.dumps(record) + "\n")
    write_page(file, tmp_path / "page.html")
    page = Page(tmp_path / "page.html")
    assert not {"script", "img", "b", "link", "a"} & set(page.tags)
    assert not {"src", "href", "onerror", "srcdoc"} & page.names
    assert "<script src" in page.words and "\u202e" not in page.words


def test_the_command_writes_the_page(tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", "show", str(tasks), "--out", str(tmp_path / "page.html"), "--most", "2"]) == 0
    assert "2 records in" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "message"), [("", "is empty"), ('{"other": 1}\n', "neither task nor rollout")])
def test_what_is_no_task_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(UserError, match=message):
        write_page(tmp_path / "x.jsonl", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
