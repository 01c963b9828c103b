"""Results of any provider: filters and cleaning."""

import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deepresearch.errors import SearchFailed
from deepresearch.web.providers.base import (
    ApiProvider,
    RawAnswer,
    RawHit,
    in_range,
    parse_site,
    within,
)
from deepresearch.web.providers.cleaning import LONGEST_TEXT, LONGEST_TITLE, LONGEST_URL
from deepresearch.web.providers.service import ServiceInfo
from deepresearch.web.search import Query, SearchResult, excerpt_id


def provider(*found: RawHit, **facts: Any) -> ApiProvider:
    """A provider that finds these, without a service."""

    class Fixed(ApiProvider):
        async def find(self, query: Query) -> RawAnswer:
            return RawAnswer(list(found))

    Fixed.info = ServiceInfo(**{"name": "fixed", "home": "https://x.example", "kinds": {"web": ""}, **facts})
    return Fixed(None)  # type: ignore[arg-type]


def one(url: object = "https://a.example/x", **other: object) -> RawHit:
    return RawHit(**{"url": url, "title": "T", "text": "Text.", **other})  # type: ignore[arg-type]


def documents(result: SearchResult) -> list[str]:
    return [hit.passage.document for hit in result.hits]


async def test_the_same_result_twice_counts_once() -> None:
    result = await provider(one(), one("https://A.example/x#part"), one("https://a.example/y")).search(Query("x"))
    assert documents(result) == ["https://a.example/x", "https://a.example/y"]
    assert [hit.score for hit in result.hits] == [1.0, 0.5]


async def test_at_most_k() -> None:
    result = await provider(*(one(f"https://a.example/{n}") for n in range(9))).search(Query("x", k=4))
    assert len(result.hits) == 4


@pytest.mark.parametrize(
    ("dates", "kept", "notes"),
    [
        ("not", ["old", "new", "undated"], []),
        ("service", ["new", "undated"], ["1 results of other dates were left out"]),
        ("here", ["new"], ["1 results without a date were left out", "1 results of other dates were left out"]),
    ],
)
async def test_dates(dates: str, kept: list[str], notes: list[str]) -> None:
    found = (
        one("https://a.example/old", date="2019-05"),
        one("https://a.example/new", date="2020"),
        one("https://a.example/undated", date="some day"),
    )
    result = await provider(*found, dates=dates).search(Query("x", since="2020-06-01", until="2021-01-01"))
    assert documents(result) == [f"https://a.example/{name}" for name in kept]
    assert result.notes == notes


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        ({"kind": "paper"}, "it has no results of kind paper"),
        ({"site": "/home/me/docs"}, "'/home/me/docs' is not a web site"),
        ({"site": "a.example OR b.example"}, "'a.example OR b.example' is not a web site"),
        ({"site": "a.example/x y"}, "'a.example/x y' is not a web site"),
        ({"language": "english"}, "'english' is not a language code"),
        ({"since": "2024-02-31"}, "'2024-02-31' is not a date"),
        ({"until": "soon"}, "'soon' is not a date"),
    ],
)
async def test_filters_that_cannot_be_met_are_said(filters: dict[str, Any], reason: str) -> None:
    result = await provider(one()).search(Query("x", **filters))
    assert (result.hits, result.notes, result.complete) == ([], [f"not asked: {reason}"], False)


async def test_a_remark_is_made_when_its_filter_is_used() -> None:
    made = provider(one(), remarks={"dates": "D", "language": "L", "site": "S"})
    assert (await made.search(Query("x"))).notes == []
    asked = Query("x", until="2020-01-01", language="de", site="a.example")
    assert (await made.search(asked)).notes == ["D", "L", "S"]


async def test_nothing_is_opened() -> None:
    assert await provider(one()).open("https://a.example/x") == []


def counted(totals: list[object], *hits: RawHit, after: int = 99) -> tuple[ApiProvider, list[str]]:
    """A provider that counts so many results at each request and gives `hits` from the request number `after` on."""
    asked: list[str] = []

    class Counting(ApiProvider):
        info = ServiceInfo(name="counting", home="https://x.example", kinds={"web": ""})

        async def find(self, query: Query) -> RawAnswer:
            asked.append(query.text)
            return RawAnswer(list(hits) if len(asked) >= after else [], total=totals[min(len(asked), len(totals)) - 1])

    return Counting(None), asked  # type: ignore[arg-type]


@pytest.mark.parametrize("total", [1423, "1423"])
async def test_an_empty_page_of_counted_results_is_a_failure(total: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deepresearch.web.providers.service.PAUSE", 0)
    made, asked = counted([total])
    with pytest.raises(SearchFailed, match="it counts 1423 results and gives none") as caught:
        await made.search(Query("x"))
    assert len(asked) == 3 and "later" in caught.value.hint


async def test_an_empty_page_that_fills_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deepresearch.web.providers.service.PAUSE", 0)
    made, asked = counted([7], one(), after=2)
    assert len((await made.search(Query("x"))).hits) == 1 and len(asked) == 2


@pytest.mark.parametrize("total", [0, "0", None, "many", True, [3]])
async def test_an_empty_page_of_nothing_counted_is_an_answer(total: object) -> None:
    made, asked = counted([total])
    assert (await made.search(Query("x"))).complete and len(asked) == 1


async def test_one_page_under_several_addresses_counts_once() -> None:
    addresses = ["?utm_source=a&utm_medium=b", "#part", "", "?fbclid=123"]
    result = await provider(*(one(f"https://a.example/x{more}") for more in addresses)).search(Query("x"))
    assert documents(result) == ["https://a.example/x"]


async def test_excerpts_of_one_page_are_of_one_document() -> None:
    found = (one(), one("http://a.example/x/", text="Another."), one("https://m.a.example/x"), one("https://b.example"))
    result = await provider(*found).search(Query("x"))
    assert documents(result) == ["https://a.example/x", "https://a.example/x", "https://b.example/"]


@pytest.mark.parametrize(
    ("text", "limits", "sent", "notes"),
    [
        ("a b c d", {"most_words": 3}, "a b c", ["the query was cut to 3 words"]),
        ("one two three", {"longest": 9}, "one two", ["the query was cut to 7 characters"]),
        ("国" * 20, {"longest": 9}, "国" * 9, ["the query was cut to 9 characters"]),
        ("one two", {"longest": 7, "most_words": 2}, "one two", []),
    ],
)
async def test_a_query_is_cut_in_the_services_own_unit(
    text: str, limits: dict[str, Any], sent: str, notes: list[str]
) -> None:
    asked: list[str] = []
    made = provider(**limits)

    async def find(query: Query) -> RawAnswer:
        asked.append(query.text)
        return RawAnswer([])

    made.find = find  # type: ignore[method-assign]
    assert (await made.search(Query(text))).notes == notes and asked == [sent]


ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.text(alphabet=st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Ps", "Ll"]), max_size=50)
    | st.sampled_from(
        ["<b>x</b>", "<script>alert(1)</script>", "\u202e\U000e0041\x1b[31m\x00", "<p>" * 99, "a" * 9_000]
    )
    | st.lists(st.integers() | st.none(), max_size=4)
    | st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2)
)
ADDRESS = ANYTHING | st.sampled_from(
    ["https://a.example/\u202e", "https://a.example/" + "x" * 9_000, "https://[::1", "http:///"]
)


@given(found=st.lists(st.builds(RawHit, ADDRESS | st.just("https://a.example/"), *[ANYTHING] * 5), max_size=5))
@example(found=[RawHit("https://a.example/", "\x00" * 400, "\ud800" * 5_000, "9" * 99)])
async def test_no_passage_is_unbounded_or_holds_control_characters(found: list[RawHit]) -> None:
    result = await provider(*found).search(Query("x", k=50))
    for hit in result.hits:
        passage = hit.passage
        assert 0 < len(passage.title) <= LONGEST_TITLE
        assert 0 < len(passage.text) <= LONGEST_TEXT
        assert len(passage.document) <= 3 * LONGEST_URL
        for text in (passage.title, passage.text, passage.document, passage.date or "", passage.language or ""):
            assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cs") or c in "\u202e\u2066"]
            assert "\n" not in text
            text.encode()
        assert passage.id == excerpt_id(passage.document, passage.text)
        assert len(passage.date or "") in (0, 4, 7, 10)
    assert len(result.notes) <= 5


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ("gov.cn", ("gov.cn", "")),
        ("*.gov.cn", ("gov.cn", "")),
        (".GOV.cn", ("gov.cn", "")),
        ("https://www.gov.cn/zhengce/", ("www.gov.cn", "/zhengce")),
        ("www.gov.cn/政策?x=1", ("www.gov.cn", "/政策")),
        ("例え.jp", ("xn--r8jz45g.jp", "")),
        ("/home/me", None),
        ("", None),
        ("a b", None),
        ('gov.cn/"x', None),
        ("user@gov.cn", None),
    ],
)
def test_parse_site(site: str, expected: tuple[str, str] | None) -> None:
    assert parse_site(site) == expected


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("https://www.gov.cn/zhengce/2024.htm", True),
        ("https://www.gov.cn/zhengce", True),
        ("https://m.www.gov.cn/zhengce/", True),
        ("https://www.gov.cn/zhengceku/x", False),
        ("https://gov.cn/zhengce/", False),
        ("https://www.gov.cn.evil.example/zhengce/", False),
        ("https://evilwww.gov.cn/zhengce/", False),
    ],
)
def test_within(url: str, inside: bool) -> None:
    assert within(url, ("www.gov.cn", "/zhengce")) == inside


def test_within_reads_encoded_folders() -> None:
    site = parse_site("www.gov.cn/政策")
    assert site
    assert within("https://www.gov.cn/%E6%94%BF%E7%AD%96/1.htm", site)


@pytest.mark.parametrize(
    ("day", "since", "until", "inside"),
    [
        ("2020-05-01", "2020-05-01", "2020-05-01", True),
        ("2020-04-30", "2020-05-01", None, False),
        ("2020-05-02", None, "2020-05-01", False),
        ("2020", "2020-05-01", None, True),
        ("2020-05", None, "2020-05-01", True),
        ("2019", "2020-05-01", None, False),
        ("2019", None, None, True),
    ],
)
def test_in_range(day: str, since: str | None, until: str | None, inside: bool) -> None:
    assert in_range(day, since, until) == inside
