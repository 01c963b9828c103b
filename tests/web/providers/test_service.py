"""What every provider does with answers that are no results; Tavily and Brave stand for all."""

import asyncio
import json
import unicodedata
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.errors import FetchFailed, SearchFailed
from deepresearch.web.fetch import Fetcher
from deepresearch.web.fetched import Fetched
from deepresearch.web.providers import PROVIDERS, open_providers
from deepresearch.web.providers.service import error_text, outcome_of, wait_of
from deepresearch.web.search import Query
from tests.support.search_server import KEY, Reply
from tests.web.providers.conftest import Serve

FOUND = {"web": {"results": [{"url": "https://a.example/", "title": "A", "description": "Text."}]}}
LIMIT = {"error": {"code": "RATE_LIMITED"}}


@pytest.mark.parametrize(
    "body",
    ["<html>Sign in</html>", b"", b"[]", b"null", b'"text"', b"[" * 100_000, b'{"web": {"results": {}}}', b"{\xff}"],
)
async def test_an_answer_of_another_form_is_not_understood(serve: Serve, body: bytes | str) -> None:
    brave, _ = await serve("brave", body)
    with pytest.raises(SearchFailed, match="brave") as caught:
        await brave.search(Query("x"))
    assert caught.value.outcome == "not_understood"


async def test_a_short_pause_is_made_and_the_rate_is_kept_from_then_on(serve: Serve) -> None:
    brave, server = await serve("brave", Reply(LIMIT, 429, {"retry-after": "1"}), FOUND)
    assert len((await brave.search(Query("x"))).hits) == 1
    assert len((await brave.search(Query("y"))).hits) == 1
    first, second, third = server.times
    assert second - first >= 0.9
    assert third - second >= 0.9


async def test_a_long_pause_is_a_failure_and_the_service_is_left_alone(serve: Serve) -> None:
    brave, server = await serve("brave", Reply(LIMIT, 429, {"retry-after": "40"}))
    with pytest.raises(SearchFailed, match="asks to wait 40 s") as caught:
        await brave.search(Query("x"))
    assert (caught.value.outcome, caught.value.retry_after) == ("rate_limited", 40.0)
    with pytest.raises(SearchFailed, match=r"It was not asked again\. It can be asked again in") as caught:
        await brave.search(Query("x"))
    assert caught.value.outcome == "rate_limited"
    assert caught.value.retry_after is not None
    assert 30 < caught.value.retry_after <= 40
    assert len(server.asked) == 1


async def test_a_refused_key_is_not_tried_again(serve: Serve) -> None:
    brave, server = await serve("brave", Reply({}, 401))
    for times in (1, 2):
        with pytest.raises(SearchFailed, match="DEEPRESEARCH_BRAVE_API_KEY") as caught:
            await brave.search(Query("x"))
        assert caught.value.outcome == "key_refused"
        assert ("not asked again" in str(caught.value)) == (times == 2)
    assert len(server.asked) == 1


async def test_a_limit_that_stays_is_reported_after_three_tries(serve: Serve) -> None:
    brave, server = await serve("brave", Reply(LIMIT, 429))
    with pytest.raises(SearchFailed) as caught:
        await brave.search(Query("x"))
    assert caught.value.outcome == "rate_limited"
    assert len(server.asked) == 3


async def test_a_service_that_recovers_is_not_a_failure(serve: Serve) -> None:
    brave, server = await serve("brave", Reply(b"", 502), Reply(b"", 500), FOUND)
    assert len((await brave.search(Query("x"))).hits) == 1
    assert len(server.asked) == 3


async def test_many_queries_at_once_survive_a_limit(serve: Serve) -> None:
    limited = Reply(LIMIT, 429, {"x-ratelimit-reset": "0, 9"})
    brave, _ = await serve("brave", FOUND, limited, limited, FOUND)
    results = await asyncio.gather(*(brave.search(Query(f"q{n}")) for n in range(6)))
    assert [len(result.hits) for result in results] == [1] * 6


async def test_a_dead_address_is_unreachable(fetcher: Fetcher) -> None:
    (brave,) = open_providers(["brave"], fetcher, {"brave": KEY}, {"brave": {"base_url": "http://127.0.0.1:9"}})
    with pytest.raises(SearchFailed, match="brave gives no answer") as caught:
        await brave.search(Query("x"))
    assert caught.value.outcome == "unreachable"


async def test_a_dropped_connection_is_unreachable(serve: Serve) -> None:
    brave, _ = await serve("brave", Reply(drop=True))
    with pytest.raises(SearchFailed) as caught:
        await brave.search(Query("x"))
    assert caught.value.outcome == "unreachable"


async def test_without_an_address_of_the_users_own_private_networks_are_not_asked() -> None:
    seen: list[bool] = []

    class Noting:
        async def call(self, method: str, url: str, *, allow_private: bool = False, **_: Any) -> Fetched:
            seen.append(allow_private)
            raise FetchFailed("no")

    for options in ({}, {"brave": {"base_url": "http://127.0.0.1:9"}}):
        (brave,) = open_providers(["brave"], Noting(), {"brave": KEY}, options)
        with pytest.raises(SearchFailed):
            await brave.search(Query("x"))
    assert seen == [False, True]


class Echoing:
    """A service that repeats the key in every place where an error may come from."""

    def __init__(self, status: int | None) -> None:
        self.status = status

    async def call(self, method: str, url: str, *, headers: Mapping[str, str], params: Any, json: Any, **_: Any) -> Any:
        told = f"{method} {url} {headers} {params} {json} {KEY} sk-very%2Fsecret%20key%2B1 sk-very%2Fsecret+key%2B1"
        if self.status is None:
            raise FetchFailed(f"{told}: no answer.")
        return Fetched(url, url, self.status, {"content-type": KEY}, _body(told), 0.0, False)


def _body(told: str) -> bytes:
    return json.dumps({"error": {"message": f"{KEY}: {told}"}}).encode()


@pytest.mark.parametrize("name", [n for n in PROVIDERS.names() if PROVIDERS.get(n).info.variable])
@pytest.mark.parametrize("status", [None, 200, 400, 401, 402, 403, 404, 422, 429, 432, 500])
async def test_no_error_shows_the_key(name: str, status: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deepresearch.web.providers.service.PAUSE", 0.0)
    (provider,) = open_providers([name], Echoing(status), {name: KEY})  # type: ignore[arg-type]
    with pytest.raises(SearchFailed, match=name) as caught:
        await provider.search(Query("x"))
    error = caught.value
    for part in ("secret", "sk-very"):
        assert part not in f"{error} {error.args} {error.message} {error.hint}"
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


@given(st.binary(max_size=300) | st.recursive(st.text() | st.none(), st.lists).map(lambda v: json.dumps(v).encode()))
def test_any_body_of_an_error_has_bounded_words(body: bytes) -> None:
    words = error_text(body)
    assert len(words) <= 160
    assert not [character for character in words if unicodedata.category(character) in ("Cc", "Cs")]
    assert outcome_of(Fetched("", "", 400, {}, body, 0.0, False), True, {}) is not None


@pytest.mark.parametrize(
    ("headers", "longest", "wait"),
    [
        ({}, False, None),
        ({"retry-after": "7"}, False, 7.0),
        ({"retry-after": "soon"}, False, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, False, 0.0),
        ({"x-ratelimit-reset": "1, 1419704"}, False, 1.0),
        ({"x-ratelimit-reset": "1, 1419704"}, True, 1419704.0),
        ({"x-ratelimit-reset": "1000000001"}, False, 0.0),
    ],
)
def test_the_time_to_wait(headers: dict[str, str], longest: bool, wait: float | None) -> None:
    assert wait_of(headers, longest) == wait
