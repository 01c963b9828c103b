"""Where a run looks, and whole runs over a small web of pages in two languages."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from deepresearch.agent.control import Handlers
from deepresearch.agent.setup import new_run
from deepresearch.agent.sources import open_sources
from deepresearch.derived import answer, find, registered, started
from deepresearch.errors import FetchFailed, SearchFailed, SettingsError
from deepresearch.report import render_markdown
from deepresearch.settings import Settings
from deepresearch.store import MemoryStore
from deepresearch.trajectory import Event, Observation, RunFinished, Task
from deepresearch.web.search import Query, SearchProvider
from tests.support.search_server import Reply, SearchServer

PAGES = {
    "en.example.org/velmark/wage.html": "<html lang=en><head><title>Minimum wage in Velmark</title></head><body><h1>"
    "Minimum wage in Velmark</h1><p>The minimum wage in Velmark is 26 crowns an hour since May 2024.</p>"
    "<p>It is set every spring by the council of the town, after unions and employers have been heard.</p></body>",
    "en.example.org/velmark/port.md": "# Port of Velmark\n\nThe port of Velmark handles grain and timber.\n",
    "zh.example.cn/qiao/index.html": "<html lang=zh><head><meta charset=utf-8><title>长江大桥</title></head><body>"
    "<article><h1>长江大桥</h1><p>武汉长江大桥于1957年建成通车，全长1670米。</p><p>大桥横跨长江，连接汉阳与武昌，"
    "上层是公路，下层是铁路。</p></article></body>",
    "zh.example.cn/gangkou.md": "# 费尔马克港\n\n费尔马克港主要装卸粮食和木材。\n",
}
BILINGUAL = "What is the minimum wage in Velmark, and when was the 武汉长江大桥 built?"


def settings(tmp_path: Path, **search: Any) -> Settings:
    return Settings.model_validate({"store": {"folder": str(tmp_path / "data")}, "search": {"web": True, **search}})


@pytest.fixture
def canned(tmp_path: Path) -> Path:
    for name, text in PAGES.items():
        file = tmp_path / "web" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path / "web"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "wage.md").write_text("# Velmark\n\nThe minimum wage in Velmark was 24 crowns in 2023.\n")
    return tmp_path / "docs"


async def carry_out(now: Settings, task: Task) -> tuple[list[Event], str]:
    """The events of a whole run, and its report."""
    store = MemoryStore()
    run = new_run(store, now, task)
    assert isinstance(await run.go(), RunFinished)
    await run.close()
    events = list(run.log.events)
    store.close()
    return events, render_markdown(events)


def results(events: Sequence[Event]) -> list[Observation]:
    return [event for event in find(events, Observation) if event.tool == "batch_web_surfer"]


async def test_a_question_in_two_languages_is_answered_from_pages_of_both(tmp_path: Path, canned: Path) -> None:
    events, report = await carry_out(settings(tmp_path, canned=str(canned)), Task(question=BILINGUAL))
    body = answer(events)
    assert body is not None
    cited = {p.url for p in registered(events).values() if p.id in body.text}
    wage = "http://en.example.org/velmark/wage.html"
    assert {wage, "http://zh.example.cn/qiao/index.html"} <= cited
    assert "26 crowns an hour" in report and "1957年建成" in report and wage in report


async def test_a_canned_web_lies_beside_own_documents(tmp_path: Path, canned: Path, docs: Path) -> None:
    task = Task(question="What is the minimum wage in Velmark?", attachments=[str(docs)])
    _, report = await carry_out(settings(tmp_path, canned=str(canned)), task)
    assert "26 crowns" in report and "24 crowns" in report


async def test_a_provider_that_dies_in_mid_run_is_reported_and_survived(
    tmp_path: Path, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepresearch.web.providers.service.PAUSE", 0.01)
    found = {
        "results": [
            {
                "url": "https://en.example.org/wage",
                "title": "Minimum wage in Velmark",
                "content": "The minimum wage in Velmark is 26 crowns an hour since May 2024.",
            }
        ]
    }
    async with SearchServer(*[found] * 4, Reply({"error": "gone"}, 500)) as server:
        now = settings(tmp_path, providers=[], searxng_url=server.url)
        task = Task(question="What is the minimum wage in Velmark, and who decides it?", attachments=[str(docs)])
        events, report = await carry_out(now, task)
    searched = [result for result in results(events) if result.data]
    failed = [bool(query["failed"]) for result in searched for query in (result.data or {}).get("queries", [])]
    assert False in failed and True in failed, "it answered some queries, and then no more"
    assert "26 crowns" in report and "24 crowns" in report and "https://en.example.org/wage" in report
    assert "could not be searched: searxng gives no answer" in report and "HTTP 500" in report
    assert ".." not in report and "searxng (searxng" not in report


async def test_a_run_without_any_answer_says_so(tmp_path: Path) -> None:
    now = settings(tmp_path, private=True, providers=["wikipedia", "arxiv"])
    events, report = await carry_out(now, Task(question="Why is the sky blue?"))
    assert "No answer from wikipedia, arxiv" in report
    assert "wikipedia gives no answer" in report and "arxiv gives no answer" in report, "each with its reason"
    assert all(result.status == "error" and "private mode" in result.shown for result in results(events))


async def test_a_page_is_opened_once_whichever_provider_found_it(tmp_path: Path) -> None:
    sources = open_sources(settings(tmp_path, private=True), Task(question="?"), Handlers())
    assert [source.name for source in sources.all] == ["wikipedia", "openalex", "crossref", "arxiv", "web"]
    assert [isinstance(source, SearchProvider) for source in sources.all] == [True] * 4 + [False]
    url = "https://en.wikipedia.org/wiki/Tide"
    assert [await source.open(url) for source in sources.all[:-1]] == [[]] * 4
    with pytest.raises(FetchFailed) as caught:
        await sources.all[-1].open(url)
    assert caught.value.outcome == "private_mode"
    await sources.close()


async def test_what_became_of_a_page_is_kept(tmp_path: Path) -> None:
    sources = open_sources(settings(tmp_path), Task(question="?"), Handlers())
    with pytest.raises(FetchFailed) as caught:
        await sources.all[-1].open("http://127.0.0.1/")
    assert caught.value.outcome == "blocked_address"
    assert (tmp_path / "data" / "pages" / "pages.sqlite").is_file()
    await sources.close()


async def test_nothing_leaves_in_private_mode(tmp_path: Path) -> None:
    async with SearchServer({"results": []}) as server:
        sources = open_sources(
            settings(tmp_path, private=True, providers=[], searxng_url=server.url), Task(question="?"), Handlers()
        )
        provider = sources.all[0]
        assert isinstance(provider, SearchProvider)
        with pytest.raises(SearchFailed, match="private mode"):
            await provider.search(Query("tide"))
        await sources.close()
        assert server.asked == []


async def test_keys_are_not_recorded(tmp_path: Path) -> None:
    store = MemoryStore()
    keyed = settings(tmp_path, providers=["brave"]).model_copy(update={"keys": {"brave": SecretStr("sk-hidden")}})
    run = new_run(store, keyed, Task(question="Why?"))
    assert "sk-hidden" not in started(run.log.events).model_dump_json()
    await run.close()
    store.close()


@pytest.mark.parametrize(
    "search, words",
    [
        ({"providers": ["wikipeda"]}, "Did you mean wikipedia"),
        ({"providers": ["tavily"]}, "DEEPRESEARCH_TAVILY_API_KEY"),
        ({"providers": ["searxng"]}, "searxng_url"),
        ({"providers": ["canned"]}, "search.canned"),
        ({"providers": []}, "search.providers is empty"),
        ({"searxng_url": "127.0.0.1:8888"}, "search.searxng_url"),
    ],
)
def test_what_is_missing_is_named_before_documents_are_read(
    tmp_path: Path, docs: Path, search: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        open_sources(settings(tmp_path, **search), Task(question="?", attachments=[str(docs)]), Handlers())
    assert not (tmp_path / "data" / "libraries").exists()


def test_without_the_web_nothing_of_it_is_opened(tmp_path: Path) -> None:
    now = settings(tmp_path, providers=["no such"]).model_copy(update={"search": Settings().search})
    assert open_sources(now, Task(question="?"), Handlers()).all == []
