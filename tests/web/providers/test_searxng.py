"""A SearXNG instance, by samples of its answers."""

from datetime import date, timedelta

import pytest

from deepresearch.errors import SearchFailed, SettingsError
from deepresearch.web.fetch import Fetcher
from deepresearch.web.providers import open_providers
from deepresearch.web.search import Query
from tests.support.search_server import Reply
from tests.web.providers.conftest import Serve

ROWS = [
    {"url": "https://a.example/1", "title": "One", "content": "First text.", "publishedDate": "2024-05-01T00:00:00"},
    {"url": "https://a.example/2", "title": "Two", "content": "Second text.", "publishedDate": None},
    {"url": "https://b.example/", "title": "Three", "content": "Third.", "publishedDate": "2019-01-01T00:00:00"},
]
ANSWER = {"query": "x", "number_of_results": 0, "results": ROWS, "unresponsive_engines": []}


async def test_the_request_and_the_hits(serve: Serve) -> None:
    searxng, server = await serve("searxng", ANSWER)
    result = await searxng.search(Query("一 question", language="zh", kind="news"))
    assert [hit.passage.title for hit in result.hits] == ["One", "Two", "Three"]
    assert result.notes == ["language is a wish that not every engine heeds"]
    params = server.asked[0].params
    assert server.asked[0].path == "/search"
    assert params == {"q": "一 question", "format": "json", "categories": "news", "language": "zh"}


async def test_dates_and_site_are_filtered_here(serve: Serve) -> None:
    searxng, server = await serve("searxng", ANSWER)
    yesterday = (date.today() - timedelta(days=1)).isoformat()
    await searxng.search(Query("x", since=yesterday))
    assert server.asked[0].params["time_range"] == "day"
    result = await searxng.search(Query("x", since="2020-01-01", site="a.example"))
    assert [hit.passage.title for hit in result.hits] == ["One"]
    assert result.notes == [
        "dates are those that the engines give",
        "1 results outside the site were left out",
        "1 results without a date were left out",
    ]
    assert server.asked[1].params["q"] == "x site:a.example"
    assert "time_range" not in server.asked[1].params


async def test_an_instance_without_json_says_how_to_enable_it(serve: Serve) -> None:
    searxng, _ = await serve("searxng", Reply("<h1>403 Forbidden</h1>", 403))
    with pytest.raises(SearchFailed, match=r"search\.formats") as caught:
        await searxng.search(Query("x"))
    assert caught.value.outcome == "refused"


async def test_engines_without_an_answer_are_named(serve: Serve) -> None:
    silent = [["google", "CAPTCHA"], ["brave", "timeout"], "odd"]
    searxng, _ = await serve("searxng", {**ANSWER, "unresponsive_engines": silent})
    result = await searxng.search(Query("x"))
    assert result.notes == ["engines without an answer: google (CAPTCHA), brave (timeout)"]
    assert not result.complete


async def test_no_results_from_engines_that_did_not_answer_is_a_failure(serve: Serve) -> None:
    searxng, _ = await serve("searxng", {"results": [], "unresponsive_engines": [["google", "CAPTCHA"]]})
    with pytest.raises(SearchFailed, match=r"google \(CAPTCHA\)") as caught:
        await searxng.search(Query("x"))
    assert caught.value.outcome == "unreachable"


async def test_no_results_from_engines_that_did(serve: Serve) -> None:
    searxng, _ = await serve("searxng", {"results": [], "unresponsive_engines": []})
    assert (await searxng.search(Query("x"))).hits == []


def test_it_needs_an_address(fetcher: Fetcher) -> None:
    with pytest.raises(SettingsError, match="searxng"):
        open_providers(["searxng"], fetcher, {})
