"""arXiv's Atom feed, by samples of its answers."""

from dataclasses import replace

import pytest

from deepresearch.errors import SearchFailed
from deepresearch.web.providers.arxiv import Arxiv, _terms
from deepresearch.web.search import Query
from tests.support.search_server import Reply
from tests.web.providers.conftest import Serve

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
ENTRY = """<entry>
    <id>http://arxiv.org/abs/1706.03762v7</id>
    <updated>2023-08-02T00:41:18Z</updated>
    <published>2017-06-12T17:57:34Z</published>
    <title>Attention Is All
      You Need</title>
    <summary>  The dominant models are &lt;b&gt;complex&lt;/b&gt;; a &lt; b.
    </summary>
    <author><name>Ashish Vaswani</name></author>
  </entry>"""


def feed(*entries: str) -> bytes:
    return f'{HEAD}<feed xmlns="http://www.w3.org/2005/Atom"><title>q</title>{"".join(entries)}</feed>'.encode()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Arxiv, "info", replace(Arxiv.info, gap=0.0))


async def test_an_entry_becomes_a_passage(serve: Serve) -> None:
    arxiv, server = await serve("arxiv", feed(ENTRY))
    result = await arxiv.search(Query('attention "language models"?', k=7, since="2017-01-01"))
    (hit,) = result.hits
    assert hit.passage.url == "https://arxiv.org/abs/1706.03762v7"
    assert hit.passage.title == "Attention Is All You Need"
    assert hit.passage.text == "The dominant models are complex; a < b."
    assert (hit.passage.date, hit.passage.language) == ("2017-06-12", "en")
    params = server.asked[0].params
    assert params["search_query"] == (
        '(all:"attention" AND all:"language models") AND submittedDate:[201701010000 TO 219912312359]'
    )
    assert (params["max_results"], params["sortBy"]) == ("7", "relevance")


async def test_any_word_where_no_work_has_all(serve: Serve) -> None:
    arxiv, server = await serve("arxiv", feed(), feed(ENTRY))
    result = await arxiv.search(Query("attention zebras"))
    assert len(result.hits) == 1
    assert result.notes == ["no work has all words of the query"]
    assert server.asked[1].params["search_query"] == 'all:"attention" OR all:"zebras"'


async def test_nothing_found(serve: Serve) -> None:
    arxiv, server = await serve("arxiv", feed())
    assert (await arxiv.search(Query("zebras"))).hits == []
    assert len(server.asked) == 1


async def test_a_query_of_nothing_but_signs_is_not_sent(serve: Serve) -> None:
    arxiv, server = await serve("arxiv", feed(ENTRY))
    assert (await arxiv.search(Query("?? -- ()"))).notes == ["nothing in the query can be searched for"]
    assert server.asked == []


def test_operators_and_quotes_in_a_query_cannot_change_its_form() -> None:
    assert _terms('a" OR all:"b ANDNOT cat:x (c) AND') == [
        'all:"a"',
        'all:"OR all"',
        'all:"b"',
        'all:"cat x"',
        'all:"c"',
    ]


BOMB = '<!DOCTYPE feed [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;">]>'
SECRET = '<!DOCTYPE feed [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "body",
    [
        "Rate exceeded.",
        "<html><body>busy</body></html>",
        feed(ENTRY)[:200],
        b"",
        b"\xff\xfe\x00",
        f'{HEAD}{BOMB}<feed xmlns="http://www.w3.org/2005/Atom"><title>&b;</title></feed>'.encode(),
        f'{HEAD}{SECRET}<feed xmlns="http://www.w3.org/2005/Atom"><title>&a;</title></feed>'.encode(),
    ],
)
async def test_what_is_no_feed_is_not_understood(serve: Serve, body: bytes | str) -> None:
    arxiv, _ = await serve("arxiv", body)
    with pytest.raises(SearchFailed, match="arxiv") as caught:
        await arxiv.search(Query("x"))
    assert caught.value.outcome == "not_understood"
    assert "root:" not in str(caught.value)


async def test_an_error_comes_as_an_entry(serve: Serve) -> None:
    entry = "<entry><id>http://arxiv.org/api/errors#x</id><title>Error</title><summary>malformed id</summary></entry>"
    arxiv, _ = await serve("arxiv", feed(entry))
    with pytest.raises(SearchFailed, match="malformed id") as caught:
        await arxiv.search(Query("x"))
    assert caught.value.outcome == "refused"


async def test_busy_with_a_time_to_come_back_is_a_limit(serve: Serve) -> None:
    arxiv, _ = await serve("arxiv", Reply("busy", 503, {"retry-after": "30"}))
    with pytest.raises(SearchFailed) as caught:
        await arxiv.search(Query("x"))
    assert (caught.value.outcome, caught.value.retry_after) == ("rate_limited", 30.0)


async def test_requests_keep_their_distance(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Arxiv, "info", replace(Arxiv.info, gap=0.8))
    arxiv, server = await serve("arxiv", feed(), feed(ENTRY))
    await arxiv.search(Query("two words"))
    assert server.times[1] - server.times[0] >= 0.2  # the first may have arrived late


async def test_a_long_query_is_cut_between_terms_and_says_so(serve: Serve) -> None:
    arxiv, server = await serve("arxiv", feed(ENTRY))
    result = await arxiv.search(Query(" ".join(f"word{n}" for n in range(30))))
    assert server.asked[0].params["search_query"].count("all:") == 20
    assert result.notes == ["the query was cut to 20 words"]


async def test_an_empty_page_of_counted_works_is_no_answer(serve: Serve) -> None:
    total = '<o:totalResults xmlns:o="http://a9.com/-/spec/opensearch/1.1/">1423</o:totalResults>'
    arxiv, server = await serve("arxiv", feed(total))
    with pytest.raises(SearchFailed, match="counts 1423 results"):
        await arxiv.search(Query("quantum computing"))
    assert len(server.asked) == 3 and all(" AND " in asked.params["search_query"] for asked in server.asked)
