"""Brave Search, by samples of its answers."""

from datetime import date

import pytest

from deepresearch.errors import SearchFailed
from deepresearch.web.search import Query
from tests.support.search_server import KEY, Reply
from tests.web.providers.conftest import Serve

ROW = {
    "title": "A &quot;title&quot; with <strong>marks</strong>",
    "url": "https://example.com/page?a=1#part",
    "description": "It costs <strong>3 &amp; 4</strong>.",
    "page_age": "2024-05-01T10:00:00",
    "age": "May 1, 2024",
    "extra_snippets": ["More of it.", 3],
}
WEB = {"type": "search", "query": {"original": "x"}, "web": {"type": "search", "results": [ROW]}}


def refusal(status: int, code: str, **headers: str) -> Reply:
    error = {"id": "5d83", "code": code, "detail": "The request was refused.", "status": status}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply({"type": "ErrorResponse", "error": error, "time": 1663072993}, status, named)


async def test_the_request_and_the_hits(serve: Serve) -> None:
    brave, server = await serve("brave", WEB)
    result = await brave.search(Query("x", k=9, since="2024-01-01", language="zh-CN", site="example.com"))
    (hit,) = result.hits
    assert hit.passage.title == 'A "title" with marks'
    assert hit.passage.text == "It costs 3 & 4. … More of it."
    assert (hit.passage.url, hit.passage.date) == ("https://example.com/page?a=1", "2024-05-01")
    asked = server.asked[0]
    assert asked.path == "/res/v1/web/search"
    assert asked.headers["x-subscription-token"] == KEY
    assert asked.params == {
        "q": "x site:example.com",
        "count": "9",
        "country": "ALL",
        "search_lang": "zh-hans",
        "freshness": f"2024-01-01to{date.today().isoformat()}",
        "text_decorations": "false",
    }
    assert result.notes == ["language is a wish, not a filter"]


async def test_news_have_a_place_of_their_own(serve: Serve) -> None:
    brave, server = await serve("brave", {"type": "news", "results": [{**ROW, "page_age": None}]})
    result = await brave.search(Query("x", kind="news", until="2024-12-31"))
    assert result.hits[0].passage.date == "2024-05-01"
    assert server.asked[0].path == "/res/v1/news/search"
    assert server.asked[0].params["freshness"] == "1970-01-01to2024-12-31"


async def test_without_web_results_the_list_is_missing(serve: Serve) -> None:
    brave, _ = await serve("brave", {"type": "search", "query": {"original": "x"}})
    assert (await brave.search(Query("x"))).hits == []


async def test_a_list_in_another_place_is_not_nothing_found(serve: Serve) -> None:
    brave, _ = await serve("brave", {"web": {"hits": [ROW]}})
    with pytest.raises(SearchFailed, match=r"no list web\.results") as caught:
        await brave.search(Query("x"))
    assert caught.value.outcome == "not_understood"


async def test_a_language_it_does_not_know(serve: Serve) -> None:
    brave, server = await serve("brave", WEB)
    result = await brave.search(Query("x", language="sw"))
    assert "it does not know the language sw: not asked for" in result.notes
    assert "search_lang" not in server.asked[0].params


async def test_results_outside_the_site_or_the_dates_are_left_out(serve: Serve) -> None:
    rows = [
        ROW,
        {**ROW, "url": "https://example.com.evil.org/"},
        {**ROW, "page_age": "2020", "url": "https://example.com/2"},
    ]
    brave, _ = await serve("brave", {"web": {"results": rows}})
    result = await brave.search(Query("x", site="example.com", since="2024-01-01"))
    assert len(result.hits) == 1
    assert result.notes == ["1 results outside the site were left out", "1 results of other dates were left out"]


async def test_long_queries_are_cut_and_say_so(serve: Serve) -> None:
    brave, server = await serve("brave", WEB)
    result = await brave.search(Query("word " * 200))
    assert server.asked[0].params["q"].split() == ["word"] * 50
    assert result.notes == ["the query was cut to 50 words"]


async def test_a_site_filter_counts_in_the_length_of_a_query(serve: Serve) -> None:
    brave, server = await serve("brave", WEB)
    result = await brave.search(Query("supercalifragilistic " * 40, site="example.org"))
    sent = server.asked[0].params["q"]
    assert 370 < len(sent) <= 400 and sent.endswith("tic site:example.org")
    assert result.notes[0].startswith("the query was cut to ") and "characters" in result.notes[0]


@pytest.mark.parametrize(
    ("reply", "outcome", "wait"),
    [
        (refusal(422, "SUBSCRIPTION_TOKEN_INVALID"), "key_refused", None),
        (refusal(429, "QUOTA_LIMITED", x_ratelimit_reset="1, 1419704"), "out_of_quota", 1419704.0),
        (refusal(429, "RATE_LIMITED", x_ratelimit_reset="9, 1419704"), "rate_limited", 9.0),
        (refusal(422, "VALIDATION"), "refused", None),
        (refusal(500, "INTERNAL"), "unreachable", None),
    ],
)
async def test_failures_are_told_apart(serve: Serve, reply: Reply, outcome: str, wait: float | None) -> None:
    brave, _ = await serve("brave", reply)
    with pytest.raises(SearchFailed, match="brave") as caught:
        await brave.search(Query("x"))
    assert (caught.value.outcome, caught.value.retry_after) == (outcome, wait)
    assert "secret" not in str(caught.value)
