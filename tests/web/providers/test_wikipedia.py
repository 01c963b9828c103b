"""Wikipedia's action interface, by samples of its answers."""

import pytest

from deepresearch.errors import SearchFailed
from deepresearch.web.search import Query, excerpt_id
from tests.web.providers.conftest import Serve


def page(title: str, index: int, extract: str, language: str = "en") -> dict[str, object]:
    return {
        "pageid": index * 7,
        "ns": 0,
        "title": title,
        "index": index,
        "extract": extract,
        "contentmodel": "wikitext",
        "pagelanguage": language,
        "fullurl": f"https://{language}.wikipedia.org/wiki/{title.replace(' ', '_')}",
        "revisions": [{"timestamp": "2026-10-01T08:00:00Z"}],
    }


ANSWER = {
    "batchcomplete": True,
    "query": {"pages": [page("Second", 2, "It came second."), page("Ada Lovelace", 1, "Ada was a\nmathematician.")]},
}


async def test_hits_come_in_the_order_of_the_search(serve: Serve) -> None:
    wikipedia, server = await serve("wikipedia", ANSWER)
    result = await wikipedia.search(Query("Ada Lovelace", k=5))
    first, second = (hit.passage for hit in result.hits)
    assert (first.title, second.title) == ("Ada Lovelace", "Second")
    assert first.text == "Ada was a mathematician."
    assert first.url == first.document == "https://en.wikipedia.org/wiki/Ada_Lovelace"
    assert (first.date, first.language) == ("2026-10-01", "en")
    assert first.id == excerpt_id(first.document, first.text)
    assert result.hits[0].score > result.hits[1].score
    assert result.notes == []
    asked = server.asked[0]
    assert (asked.method, asked.path) == ("GET", "/w/api.php")
    assert asked.params["gsrsearch"] == "Ada Lovelace"
    assert asked.params["gsrlimit"] == "5"
    assert "secret" not in str(asked)


@pytest.mark.parametrize(
    ("query", "edition"),
    [
        (Query("人工智能的历史"), "zh"),
        (Query("ひらがな"), "ja"),
        (Query("AI history"), "en"),
        (Query("AI history", language="de-AT"), "de"),
    ],
)
async def test_the_edition_follows_the_language(serve: Serve, query: Query, edition: str) -> None:
    wikipedia, server = await serve("wikipedia", {"batchcomplete": True})
    wikipedia.base = f"{server.url}/{{language}}"  # type: ignore[attr-defined]
    assert (await wikipedia.search(query)).hits == []
    assert server.asked[0].path == f"/{edition}/w/api.php"


async def test_a_language_that_is_no_code_is_not_put_into_the_address(serve: Serve) -> None:
    wikipedia, server = await serve("wikipedia", ANSWER)
    result = await wikipedia.search(Query("x", language="evil.example/"))
    assert result.notes == ["not asked: 'evil.example/' is not a language code"]
    assert server.asked == []


async def test_nothing_found_is_no_failure(serve: Serve) -> None:
    wikipedia, _ = await serve("wikipedia", {"batchcomplete": True})
    result = await wikipedia.search(Query("qqqqqq"))
    assert (result.hits, result.notes, result.complete) == ([], [], True)


async def test_the_date_range_is_said_not_to_be_applied(serve: Serve) -> None:
    wikipedia, _ = await serve("wikipedia", ANSWER)
    result = await wikipedia.search(Query("Ada", since="2030-01-01"))
    assert len(result.hits) == 2
    assert "no date filter applied" in result.notes[0]


@pytest.mark.parametrize("site", ["example.org", "de.wikipedia.org"])
async def test_other_sites_are_not_asked_for(serve: Serve, site: str) -> None:
    wikipedia, server = await serve("wikipedia", ANSWER)
    result = await wikipedia.search(Query("Ada", site=site))
    assert result.notes[0].startswith("not asked: ")
    assert not result.complete
    assert server.asked == []


async def test_its_own_site_is_searched(serve: Serve) -> None:
    wikipedia, _ = await serve("wikipedia", ANSWER)
    for site in ("wikipedia.org", "en.wikipedia.org", "https://en.wikipedia.org/wiki"):
        assert len((await wikipedia.search(Query("Ada", site=site))).hits) == 2


async def test_a_language_with_a_region_is_that_language(serve: Serve) -> None:
    wikipedia, server = await serve("wikipedia", {"batchcomplete": True})
    result = await wikipedia.search(Query("Ada", language="zh-CN", site="zh.wikipedia.org"))
    assert (result.notes, len(server.asked)) == ([], 1)


@pytest.mark.parametrize(("code", "outcome"), [("maxlag", "rate_limited"), ("cirrussearch-too-busy-error", "refused")])
async def test_errors_in_an_answer_of_status_200(serve: Serve, code: str, outcome: str) -> None:
    wikipedia, _ = await serve("wikipedia", {"error": {"code": code, "info": "Waiting for a database."}})
    with pytest.raises(SearchFailed, match="wikipedia") as caught:
        await wikipedia.search(Query("Ada"))
    assert caught.value.outcome == outcome


async def test_odd_pages_are_left_out(serve: Serve) -> None:
    odd = {"query": {"pages": [{}, {"fullurl": 3}, {"fullurl": "ftp://x/", "revisions": []}, page("Good", 1, "")]}}
    wikipedia, _ = await serve("wikipedia", odd)
    result = await wikipedia.search(Query("Ada"))
    assert [hit.passage.text for hit in result.hits] == ["Good"]
    assert result.notes == ["3 results without a usable address were left out"]
