"""The extractive policy over a small web whose results are excerpts: it opens pages, trusts, survives, quotes."""

import asyncio
import re
from pathlib import Path

import pytest

from deepresearch.derived import find, registered
from deepresearch.extractive.aliases import read_aliases
from deepresearch.extractive.candidates import candidates_of, units_of
from deepresearch.extractive.features import short_titles
from deepresearch.extractive.question import analyse
from deepresearch.extractive.quoting import shorten
from deepresearch.library import Library, LibraryProvider
from deepresearch.library.pages import read_page
from deepresearch.text.terms import tokenise
from deepresearch.trajectory import Event, Observation, Passage, RunFinished, Turn, Verified
from deepresearch.web.providers.canned import CannedWeb
from deepresearch.web.search import Query, SearchResult
from tests.extractive.extractive_runs import FILMS, report, run
from tests.support.faulty import Faulty

FARM, TRUSTED = "www.ehow.com", "www.who.int"
FILLER = "Much else is written on this page, and none of it matters here. " * 8
PAGES = {
    "docs.example.org/glossary.md": "# Glossary\n\n## GIL\n\nSee global interpreter lock.\n\n"
    "## global interpreter lock\n\n"
    "The mechanism by which the interpreter lets only one thread run at a time. It makes objects safe.\n",
    "docs.example.org/threads.md": f"# Threads\n\n{FILLER}\n\nThe GIL is released while a thread waits for a file.\n",
    "docs.example.org/wage.md": f"# Wage\n\n{FILLER}\n\nThe minimum wage of Velmark is set by the Harbour Council.\n\n"
    "The minimum wage of Velmark has been 26 crowns an hour since 2024.\n",
    "zh.example.cn/qiao.md": "# 乔桥\n\n乔桥横跨维尔马克港，于1957年建成通车。\n\n乔桥由三家公司共同养护。\n",
    f"{FARM}/rope.md": "# Rope\n\nThe Velmark code limits a mooring rope to 42 metres.\n",
    f"{TRUSTED}/rope.md": "# Rope\n\nThe Velmark code limits a mooring rope to 42 metres.\n",
    f"{FARM}/lamp.md": "# Lamp\n\nA lamp of the Velmark lightship burns, lit by clock, for 17 hours in a day.\n",
    f"{TRUSTED}/lamp.md": "# Lamp\n\nIn any single day a lamp of the Velmark lightship may be lit for 17 hours.\n",
}
BILINGUAL = "What is the minimum wage of Velmark? 乔桥是哪一年建成的？"
QUOTATION = re.compile(r"“((?:[^“”]|“[^“”]*”)*)”…?\\cite\{([^}]+)\}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in PAGES.items():
        file = tmp_path / "web" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (tmp_path / "web" / "canned.toml").write_text("excerpt = 120\n")
    return tmp_path / "web"


@pytest.fixture
def web(folder: Path) -> CannedWeb:
    return CannedWeb(folder, read_page, tokenise)


def plain(text: str) -> str:
    return " ".join(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text).split())


def cited(events: list[Event]) -> list[Passage]:
    known = registered(events)
    return [known[ident] for ident in dict.fromkeys(re.findall(r"\\cite\{([^}]+)\}", report(events)))]


def opened(events: list[Event]) -> set[str]:
    return {p.document for p in registered(events).values() if not p.excerpt}


def test_pages_are_opened_and_cited_rather_than_their_excerpts(web: CannedWeb, tmp_path: Path) -> None:
    events = run("What is the minimum wage of Velmark?", [web], tmp_path)
    assert any(p.excerpt for p in registered(events).values())
    assert "http://docs.example.org/wage.md" in opened(events)
    assert "26 crowns an hour" in report(events)
    assert cited(events) and not any(p.excerpt for p in cited(events))
    openings = [
        c.arguments for t in find(events, Turn) for c in t.calls if (c.arguments or {}).get("action") == "batch_open"
    ]
    assert all(len((a or {})["references"]) <= 3 for a in openings) and len(openings) <= 9


def test_what_a_source_is_dated_is_shown(folder: Path, tmp_path: Path) -> None:
    page = 'excerpt = 120\n[pages."docs.example.org/wage.md"]\ndate = "2024-05-01"\n'
    (folder / "canned.toml").write_text(page)
    events = run("What is the minimum wage of Velmark?", [CannedWeb(folder, read_page, tokenise)], tmp_path)
    assert "According to *Wage* (dated 2024-05-01), “" in report(events)
    assert {c.level for v in find(events, Verified) for c in v.citations} == {"supports"}


def test_each_part_is_answered_in_its_language(web: CannedWeb, tmp_path: Path) -> None:
    events = run(BILINGUAL, [web], tmp_path)
    assert {p.document for p in cited(events)} >= {"http://docs.example.org/wage.md", "http://zh.example.cn/qiao.md"}
    assert "1957年建成" in report(events) and "26 crowns" in report(events)


def test_a_source_in_another_language_is_found_by_the_names(web: CannedWeb, tmp_path: Path) -> None:
    text = report(run("Velmark 的 Harbour Council 规定什么？", [web], tmp_path))
    assert "Harbour Council" in text and "## 简要回答" in text
    assert "没有与问题同语言的来源" in text and "Velmark" in text


@pytest.mark.parametrize(
    ("question", "language", "names"),
    [
        ("What does 最低工资 mean in the labour law of China?", "en", {"最低工资"}),
        ("Debian 中 apt 和 dpkg 有什么区别？", "zh", {"Debian", "apt", "dpkg"}),
        ("Python asyncio TaskGroup 是什么", "zh", {"Python asyncio TaskGroup"}),
        ("What does the event loop do? Debian 的 apt 是什么？", "en", set()),
    ],
)
def test_the_main_language_and_the_names_in_the_other(question: str, language: str, names: set[str]) -> None:
    asked = analyse(question)
    assert asked.language == language
    assert names <= set(asked.names)
    assert not any(name.startswith("What") for name in asked.names)


def test_an_acronym_leads_to_what_it_stands_for(web: CannedWeb, tmp_path: Path) -> None:
    short = report(run("What is the GIL?", [web], tmp_path)).split("## ")[1]
    assert "lets only one thread run at a time" in short


@pytest.mark.parametrize(
    ("question", "text", "pairs"),
    [
        ("What is the GIL?", "GIL\n\nSee global interpreter lock.", [("GIL", "global interpreter lock")]),
        ("What is the GIL?", "The global interpreter lock (GIL) is held.", [("GIL", "global interpreter lock")]),
        ("What is the GIL?", "GIL is locked, and the lock is held.", []),
        (
            "什么是全局解释器锁？",
            "全局解释器锁（Global Interpreter Lock，GIL）是互斥锁。",
            ["Global Interpreter Lock", "GIL"],
        ),
        ("What is AI?", "An interval.", []),
    ],
)
def test_other_names(question: str, text: str, pairs: list[object]) -> None:
    found = read_aliases([analyse(question)], [Passage(id="p", document="d", title="t", text=text)])
    assert found == [pair if isinstance(pair, tuple) else ("全局解释器锁", pair) for pair in pairs]


@pytest.mark.parametrize(
    "question",
    [
        "To what does the Velmark code limit a mooring rope?",
        "For how many hours a day may a lamp of the Velmark lightship be lit?",
    ],
)
def test_at_equal_relevance_authority_decides(web: CannedWeb, tmp_path: Path, question: str) -> None:
    documents = [p.document for p in cited(run(question, [web], tmp_path))]
    assert TRUSTED in documents[0]


def test_pages_that_cannot_be_opened_are_named(folder: Path, tmp_path: Path) -> None:
    web = CannedWeb(folder, read_page, tokenise)
    asyncio.run(web.prepare())
    (folder / TRUSTED / "rope.md").unlink()
    (folder / FARM / "rope.md").unlink()
    events = run("To what does the Velmark code limit a mooring rope?", [web], tmp_path)
    text = report(events)
    assert "42 metres" in text and "excerpt by a search engine, the page was not read" in text
    missing = text.split("## What was not found")[1]
    assert "Could not be opened" in missing and "rope.md" in missing and "HTTP 404" in missing


class Vanishing:
    """A canned web whose folder is moved away after its first answer."""

    def __init__(self, folder: Path) -> None:
        self.name = "vanishing web"
        self._folder = folder
        self._web = CannedWeb(folder, read_page, tokenise, name=self.name)

    async def search(self, query: Query) -> SearchResult:
        found = await self._web.search(query)
        if self._folder.exists():
            self._folder.rename(self._folder.with_name("gone"))
        return found

    async def open(self, reference: str) -> list[Passage]:
        return await self._web.open(reference)

    def close(self) -> None:
        self._web.close()


@pytest.mark.parametrize("kind", ["vanishes", "dies", "limits"])
def test_a_provider_that_goes_in_mid_run_is_named_and_survived(
    folder: Path, web: CannedWeb, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "second" / "b.example.org").mkdir(parents=True)
    (tmp_path / "second" / "b.example.org" / "wage.md").write_text("# Wages\n\nThe minimum wage of Velmark rose.\n")
    faults = {f"{kind}_after": 1} if kind != "vanishes" else {}
    second = Faulty(CannedWeb(tmp_path / "second", read_page, tokenise, name="vanishing web"), **faults)
    failing = Vanishing(tmp_path / "second") if kind == "vanishes" else second
    events = run("What is the minimum wage of Velmark?", [web, failing], tmp_path)
    assert any("vanishing web" in o.shown for o in find(events, Observation))
    assert "vanishing web" in report(events).split("## What was not found")[1]
    assert isinstance(events[-1], RunFinished) and "26 crowns" in report(events)


@pytest.mark.parametrize(
    "question",
    [
        "How does a run survive a crash, and what does the journal hold?",
        "What is a passage?",
        "How can I search the web with my own SearXNG instance?",
        "Which languages does the library index?",
        "What is the difference between a library and a canned web?",
        "证据的引用（citation）是怎样检查的？",
    ],
)
def test_over_real_documents_every_quotation_is_verbatim_and_rightly_attributed(
    question: str, real: LibraryProvider, tmp_path: Path
) -> None:
    events = run(question, [real], tmp_path)
    known, text = registered(events), report(events)
    for quote, ident in QUOTATION.findall(text):
        assert plain(quote) in plain(" ".join(known[ident].text.split())) or quote in known[ident].text
    titles = {d: shorten(t) for d, t in short_titles(known.values()).items()}
    for title, ident in re.findall(
        r"According to \*((?:[^*\\]|\\.)+)\*(?: \([^“]*\))?, “[^\\]*?”\\cite\{(\w+)\}", text
    ):
        assert plain(title) == titles[known[ident].document]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> LibraryProvider:
    """The project's own documentation."""
    root = Path(__file__).parents[2]
    made = Library.open(tmp_path_factory.mktemp("data"), "docs")
    made.add([root / "docs", root / "README.md"])
    return LibraryProvider(made)


def test_tables_lists_and_code_are_no_sentences() -> None:
    text = (
        "| name | what it is |\n| --- | --- |\n| wage | The wage is set by the council of the harbour. |\n\n"
        "- when the rope is long and the day is short;\n\n```\nThe rope is cut by the knife here.\n```\n"
    )
    assert [unit.text for unit in units_of(text) if unit.kind == "sentence"] == []


def test_of_an_excerpt_only_whole_sentences_are_quoted() -> None:
    text = "… of the harbour was built then. The tower of Velmark was built in 1887. It has a height of more than …"
    excerpt = Passage(id="p", document="d", title="t", text=text, excerpt=True)
    assert [s.text for s in candidates_of(excerpt, "")] == ["The tower of Velmark was built in 1887."]


def test_films_are_followed_over_excerpts_too(tmp_path: Path) -> None:
    host = tmp_path / "films" / "films.example.org"
    host.mkdir(parents=True)
    for number, (title, text) in enumerate(FILMS.items()):
        (host / f"{number}.md").write_text(f"# {title}\n\n{text}\n")
    (tmp_path / "films" / "canned.toml").write_text("excerpt = 30\n")
    events = run(
        "When was the director of the film The Goose Woman born?",
        [CannedWeb(tmp_path / "films", read_page, tokenise)],
        tmp_path,
    )
    text = report(events)
    assert text.index("directed by Clarence Brown") < text.index("May 10, 1890")
