"""The extractive policy in whole runs: real loop, real tools, small libraries."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from deepresearch.derived import find, registered
from deepresearch.errors import SearchFailed
from deepresearch.extractive import ExtractivePolicy
from deepresearch.library import Library, LibraryProvider
from deepresearch.policy import View
from deepresearch.report.verification import verify
from deepresearch.trajectory import (
    Answered,
    Event,
    Observation,
    Passage,
    PlanProposed,
    RunFinished,
    RunStarted,
    Task,
    Turn,
    UserSteered,
)
from deepresearch.web.search import Query, SearchResult
from tests.extractive.extractive_runs import FILMS, documents, library, report, run

DIRECTOR = "When was the director of the film The Goose Woman born?"
TOOLS = frozenset({"batch_web_surfer", "todo", "file"})
CITE = re.compile(r"“((?:[^“”]|“[^“”]*”)*)”\\cite\{([^}]+)\}")


class Down:
    """A source that cannot be reached."""

    name = "web"

    async def search(self, query: Query) -> SearchResult:
        raise SearchFailed("no connection")

    async def open(self, reference: str) -> list[Passage]:
        return []

    def close(self) -> None:
        pass


def decide(events: list[Event], phase: Any = "work", tools: frozenset[str] = TOOLS) -> Turn:
    task = next(e.task for e in events if isinstance(e, RunStarted))
    return asyncio.run(ExtractivePolicy().decide(View(task, events, [], tools, phase)))


def unescaped(quote: str) -> str:
    return " ".join(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", quote).split())


def test_it_walks_from_the_name_in_the_question_to_what_it_leads_to(tmp_path: Path) -> None:
    events = run(DIRECTOR, [library(tmp_path, FILMS)], tmp_path)
    assert documents(events)[:2] == ["The Goose Woman", "Clarence Brown"]
    text = report(events)
    assert text.index("directed by Clarence Brown") < text.index("May 10, 1890")


def test_sloppy_case_and_a_relation_in_other_words(tmp_path: Path) -> None:
    events = run("When did Lothair Ii's mother die?", [library(tmp_path, FILMS)], tmp_path)
    assert documents(events)[:2] == ["Lothair II", "Ermengarde of Tours"]
    assert "d. 20 March 851" in report(events)


def test_where_no_document_is_titled_by_its_subject_names_are_found_by_their_words(tmp_path: Path) -> None:
    untitled = {f"page {number}": text for number, text in enumerate(FILMS.values())}
    text = report(run("When did Lothair II's mother die?", [library(tmp_path, untitled)], tmp_path)).split("## ")[1]
    assert text.index("second son of Emperor Lothair I and Ermengarde of Tours") < text.index("d. 20 March 851")


def test_two_things_are_followed_where_no_relation_word_is_known(tmp_path: Path) -> None:
    films = {
        "Salt Road": "Salt Road is a 1988 film that Ada Lind shot in Norway.",
        "Pepper Lane": "Pepper Lane is a 1990 film that Nils Holm shot in Spain.",
        "Ada Lind": "Ada Lind (born 1950) comes from Bergen.",
        "Nils Holm": "Nils Holm (born 1960) comes from Oslo.",
    }
    others = {f"Town {n}": f"Town {n} is older than its salt trade, and a road leads there." for n in range(20)}
    question = "Salt Road or Pepper Lane: whose cineast is the elder?"
    events = run(question, [library(tmp_path, {**films, **others})], tmp_path)
    assert set(documents(events)[:8]) >= set(films)


def test_a_chain_of_chinese_names_is_followed_though_nothing_marks_them(tmp_path: Path) -> None:
    corpus = {
        "倒流的歌者": "长篇小说《倒流的歌者》由周云撰写，2003年问世。",
        "周云": "周云于1950年在大连出生，从南方大学毕业后成名，伴侣孙文于1975年与其成婚。",
        "孙文": "孙文来自热那亚，曾在剧院工作。",
        **{f"歌者{n}": f"歌者{n}是一部小说的第{n}章，作者不详。" for n in range(20)},
    }
    events = run("倒流的歌者的作者的配偶来自哪里？", [library(tmp_path, corpus)], tmp_path)
    first = report(events).split("## ")[1]
    assert first.index("由周云撰写") < first.index("伴侣孙文") < first.index("来自热那亚")


def test_the_run_is_planned_listed_and_answered(tmp_path: Path) -> None:
    events = run(DIRECTOR, [library(tmp_path, FILMS)], tmp_path)
    [plan] = find(events, PlanProposed)
    assert "a date or time" in plan.text
    assert "The Goose Woman" in plan.text
    lists = [e for e in find(events, Observation) if e.tool == "todo"]
    assert [item["status"] for e in lists for item in (e.data or {})["items"]] == ["in_progress", "done"]
    assert isinstance(events[-1], RunFinished)
    assert all(turn.cost == 0.0 for turn in find(events, Turn))


def test_the_same_events_give_the_same_turn(tmp_path: Path) -> None:
    events = run(DIRECTOR, [library(tmp_path, FILMS)], tmp_path)
    turns = [at for at, e in enumerate(events) if isinstance(e, Turn)]
    for number, at in enumerate(turns):
        recorded = events[at]
        assert isinstance(recorded, Turn)
        again = decide(events[:at], "work" if number else "plan")
        assert again.text == recorded.text
        assert [c.arguments for c in again.calls] == [c.arguments for c in recorded.calls]


def test_every_quotation_is_word_for_word_and_its_passage_was_shown(tmp_path: Path) -> None:
    events = run(DIRECTOR, [library(tmp_path, FILMS)], tmp_path)
    shown = registered(events)
    quotes = CITE.findall(report(events))
    assert quotes
    for quote, ident in quotes:
        assert unescaped(quote) in " ".join(shown[ident].text.split())


def test_it_says_that_no_model_wrote_it_and_what_is_missing(tmp_path: Path) -> None:
    events = run("Who is the king of Atlantis?", [library(tmp_path, FILMS)], tmp_path)
    text = report(events)
    assert "Nothing in the documents searched answers this question." in text
    assert "no passage read speaks of “Atlantis”" in text
    assert "No language model wrote this report" in text
    shown = registered(events)
    excerpts = re.findall(r"“([^”]+)”…?\\cite\{(\w+)\}", text.split("## Closest passages")[1].split("##")[0])
    assert excerpts and all(unescaped(words) in " ".join(shown[ident].text.split()) for words, ident in excerpts)


def test_what_comes_closest_is_cut_between_words(tmp_path: Path) -> None:
    lots = {"lots": "The king signed " + "and sold " * 24 + "to Gunhild Rosengard of Bergen in 1907 what was left."}
    events = run("Who is the king of Atlantis?", [library(tmp_path, lots)], tmp_path)
    assert "and sold to”…" in report(events)
    [verdict] = verify(report(events), registered(events)).citations
    assert verdict.level == "supports"


def test_a_chinese_question_gets_a_chinese_report(tmp_path: Path) -> None:
    corpus = {
        "网络设置": "systemd-networkd 可以在 /etc/systemd/network/ 里配置网络接口。它适合没有图形界面的服务器。",
        "桌面网络": "NetworkManager 是桌面系统中管理网络连接的守护进程。它有图形界面。",
        "打印": "CUPS 是打印系统。打印机可以通过网页界面来添加。",
    }
    text = report(run("systemd-networkd 与 NetworkManager 有什么区别？", [library(tmp_path, corpus)], tmp_path))
    assert "## 简要回答" in text
    assert "| systemd-networkd | NetworkManager |" in text
    assert "“systemd-networkd 可以在" in text
    assert "NetworkManager 是桌面系统中管理网络连接的守护进程" in text
    assert "本报告不是由语言模型撰写的" in text
    assert "CUPS" not in text


def test_a_run_cut_short_by_its_budget_still_reports(tmp_path: Path) -> None:
    events = run(DIRECTOR, [library(tmp_path, FILMS)], tmp_path, budget={"turns": 4})
    [answered] = find(events, Answered)
    assert answered.partial
    assert "\\cite{" in answered.text


def test_a_source_that_is_down_is_named_in_the_report(tmp_path: Path) -> None:
    with_both = report(run(DIRECTOR, [library(tmp_path, FILMS), Down()], tmp_path))
    assert "May 10, 1890" in with_both
    assert "could not be searched: web (no connection)" in with_both
    alone = report(run(DIRECTOR, [Down()], tmp_path / "alone"))
    assert "could not be searched" in alone
    assert "No source answered" in alone
    assert "Nothing found" not in alone and "Nothing in the documents" not in alone


def test_what_a_person_adds_is_looked_for_too(tmp_path: Path) -> None:
    events = run(DIRECTOR, [library(tmp_path, FILMS)], tmp_path)
    until = next(at for at, e in enumerate(events) if isinstance(e, Turn) and at > 5)
    turn = decide([*events[:until], UserSteered(text="Also: what is Silent Night?")])
    assert any(q.get("title") == "Silent Night" for c in turn.calls for q in (c.arguments or {}).get("queries", []))


def test_it_writes_from_what_another_policy_gathered(tmp_path: Path) -> None:
    gathered = Passage(id="p1", document="d", title="Goose", text="A goose is a bird of several waterfowl species.")
    events: list[Event] = [
        RunStarted(task=Task(question="What is a goose?")),
        Observation(
            call="c1", tool="batch_web_surfer", status="ok", passages=[gathered], data={"action": "batch_open"}
        ),
        Observation(call="c2", tool="batch_web_surfer", status="error", shown="bad arguments"),
    ]
    assert "“A goose is a bird of several waterfowl species”\\cite{p1}" in decide(events, "answer", frozenset()).text


@pytest.mark.parametrize("question", ["?", "的", "a", "!!! ???", "x" * 5000, "\\cite{p1} <tool_call>", "“”《》"])
def test_questions_that_ask_nothing_end_in_an_honest_report(question: str, tmp_path: Path) -> None:
    events = run(question, [library(tmp_path, FILMS)], tmp_path)
    assert isinstance(events[-1], RunFinished)
    assert set(re.findall(r"(?<!\\)\\cite\{([^}]*)\}", report(events))) <= set(registered(events))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Wann wurde die Alpha bridge gebaut und wer hat die Pläne gemacht?", "neither English nor Chinese"),
        ("What?", "no word that could be searched for"),
        ("什么？", "没有可供检索的词语"),
    ],
)
def test_a_question_that_is_not_understood_is_declined_in_a_sentence(question: str, said: str, tmp_path: Path) -> None:
    text = report(run(question, [library(tmp_path, FILMS)], tmp_path))
    assert said in text
    assert "Short answer" not in text and "简要回答" not in text


def test_a_sentence_is_quoted_once_in_the_short_answer(tmp_path: Path) -> None:
    corpus = {"Alpha": "The Alpha bridge was built by Jane Doe in 1931."}
    text = report(run("Who built the Alpha bridge?", [library(tmp_path, corpus)], tmp_path))
    assert text.count("The Alpha bridge was built by Jane Doe") == 1
    assert "read 1 passage of 1 document, followed" in text


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (DIRECTOR, "Nothing was searched before the limit."),
        ("《红楼梦》的作者是谁？", "在达到上限之前没有进行任何检索。"),
    ],
)
def test_where_nothing_was_searched_it_says_so_and_no_more(question: str, said: str, tmp_path: Path) -> None:
    text = report(run(question, [library(tmp_path, FILMS)], tmp_path, budget={"turns": 1}))
    assert text == f"# {question}\n\n{said}\n"


def test_a_chinese_how_to_is_answered_from_the_section_on_it(tmp_path: Path) -> None:
    page = """# 软件包管理

## 工具

不建议在新版本发布后在 Debian 系统上使用 aptitude 来进行跨版本的系统升级。

如果你无法做到这些预防措施中的任何一个，那你可能还没做好使用新版的准备。

## 全面的系统升级

当系统从旧版本过渡到新版本时，你可以查看发行手册，然后按照里面的步骤去做。

- 备份整个系统(尤其是数据和配置信息）。
- 用脚本记录升级的过程，以便查找原因。
"""
    file = tmp_path / "升级.md"
    file.write_text(page, encoding="utf-8")
    made = Library.open(tmp_path / "data", "test")
    made.add([file])
    text = report(run("如何把 Debian 系统升级到新版本，并且升级前要做哪些准备？", [LibraryProvider(made)], tmp_path))
    short = text.split("## 简要回答")[1].split("\n## ")[0]
    assert "按照里面的步骤去做" in short
    assert "不建议" not in short and "这些预防措施" not in short
    assert "**升级前要做哪些准备**" in short
