"""A folder of pages as a small web, English and Chinese, read and tokenised as the library does it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deepresearch.errors import FetchFailed, LibraryError, SearchFailed
from deepresearch.library.pages import read_page
from deepresearch.text.terms import tokenise
from deepresearch.web.providers.canned import CannedWeb
from deepresearch.web.search import Query, SearchResult

PAGES = {
    "docs.example.org/guide/index.html": "<h1>Guide</h1><p>The parser reads a file of settings at start.</p>",
    "docs.example.org/guide/parser.md": "# The parser\n\nA limit of 300 rows.\n\n## Errors\n\nThe parser stops there.",
    "docs.example.org/style.css": "parser { }",
    "news.example.cn/2024/gongzi.md": "# 工资\n\n最低工资标准于五月一日上调，每小时二十六元。",
    "blog.example.com/a page.txt": "A blog about the parser, the parser and the parser.",
    "stray.md": "# Stray\n\nThe parser, in no host.",
}
MANIFEST = """
[pages."docs.example.org/guide/parser.md"]
date = 2024-05-01
title = "Parser manual"
[pages."news.example.cn/2024/gongzi.md"]
date = "2024-04"
kind = "news"
language = "zh"
[pages."blog.example.com/a page.txt"]
date = "2019"
"""
Make = Callable[..., CannedWeb]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {**PAGES, "canned.toml": MANIFEST}.items():
        file = tmp_path / "web" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path / "web"


@pytest.fixture
def make(folder: Path) -> Make:
    return lambda **options: CannedWeb(folder, read_page, tokenise, **options)


def places(result: SearchResult) -> list[str]:
    return [hit.passage.document for hit in result.hits]


PARSER = "http://docs.example.org/guide/parser.md"
GUIDE = "http://docs.example.org/guide/index.html"
WAGES = "http://news.example.cn/2024/gongzi.md"
BLOG = "http://blog.example.com/a%20page.txt"


def test_folders_are_hosts(make: Make) -> None:
    assert make().addresses == [BLOG, GUIDE, PARSER, WAGES]


async def test_search_ranks_passages(make: Make) -> None:
    result = await make().search(Query("limit of rows in the parser"))
    assert places(result)[0] == PARSER
    assert [hit.score for hit in result.hits] == sorted((hit.score for hit in result.hits), reverse=True)
    assert result.hits[0].passage.title == "Parser manual"
    assert result.hits[0].passage.date == "2024-05-01"


async def test_chinese_is_found_by_pairs(make: Make) -> None:
    result = await make().search(Query("最低工资是多少"))
    assert places(result) == [WAGES]


async def test_a_hit_is_the_very_passage_that_opening_shows(make: Make) -> None:
    web = make()
    hit = (await web.search(Query("limit of rows"))).hits[0].passage
    passages = await web.open(hit.document)
    assert hit in passages
    assert [passage.position for passage in passages] == list(range(len(passages)))


@pytest.mark.parametrize(
    "reference",
    [GUIDE, GUIDE + "#top", GUIDE + "?x=1", "https://docs.example.org/guide/", "http://DOCS.example.org/guide"],
)
async def test_spellings_of_an_address(make: Make, reference: str) -> None:
    assert [passage.document for passage in await make().open(reference)] == [GUIDE]


async def test_what_is_not_in_this_web(make: Make) -> None:
    web = make()
    for reference in (
        "http://docs.example.org/none.html",
        "stray.md",
        "",
        "../canned.toml",
        "http://docs.example.org/style.css",
    ):
        assert await web.open(reference) == []


@pytest.mark.parametrize(
    ("filters", "found", "notes"),
    [
        ({"site": "docs.example.org"}, {PARSER, GUIDE}, []),
        ({"site": "example.com"}, {BLOG}, []),
        ({"kind": "news"}, set(), []),
        ({"kind": "web"}, {PARSER, GUIDE, BLOG}, []),
        ({"since": "2024-01-01"}, {PARSER}, ["1 results without a date were left out"]),
        ({"until": "2020-01-01"}, {BLOG}, ["1 results without a date were left out"]),
        ({"language": "zh"}, set(), []),
        ({"site": "no site"}, set(), ["not asked: 'no site' is not a web site"]),
    ],
)
async def test_filters(make: Make, filters: dict[str, Any], found: set[str], notes: list[str]) -> None:
    result = await make().search(Query("parser", k=20, **filters))
    assert set(places(result)) == found
    assert result.notes == notes


async def test_the_same_again(make: Make) -> None:
    query = Query("the parser 工资", k=20)
    assert await make().search(query) == await make().search(query)


async def test_folders_elsewhere(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "manual"
    elsewhere.mkdir()
    (elsewhere / "one.txt").write_text("The manual.")
    (folder / "canned.toml").write_text(
        f'[hosts]\n"{elsewhere}" = "man.example/v1/"\n"blog.example.com" = "b.example"\n'
    )
    web = CannedWeb(folder, read_page, tokenise)
    assert "http://man.example/v1/one.txt" in web.addresses
    assert "http://b.example/a%20page.txt" in web.addresses
    assert BLOG not in web.addresses


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("[hosts", "canned.toml cannot be read"),
        ('[hosts]\n"nowhere" = "x.example"', "nowhere, named in"),
        ("excerpt = -1", "excerpt = -1 is"),
    ],
)
def test_a_bad_manifest_is_named(make: Make, folder: Path, manifest: str, message: str) -> None:
    (folder / "canned.toml").write_text(manifest)
    with pytest.raises(LibraryError, match=message):
        make()


def test_a_folder_without_pages_is_named(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none"):
        with pytest.raises(LibraryError, match=str(place)):
            CannedWeb(place, read_page, tokenise)


async def test_a_page_that_changes_is_read_again(make: Make, folder: Path, tmp_path: Path) -> None:
    keep = tmp_path / "canned"
    assert places(await make(keep=keep).search(Query("rows", k=9))) == [PARSER]
    (folder / "docs.example.org/guide/parser.md").write_text("# Something else")
    assert PARSER not in places(await make(keep=keep).search(Query("rows", k=9)))


async def test_excerpts_one_a_page(make: Make, folder: Path) -> None:
    (folder / "canned.toml").write_text("excerpt = 30\n")
    long = "Much is said before. " * 5 + "The parser stops at 300 rows. " + "Much is said after. " * 5
    (folder / "docs.example.org/guide/parser.md").write_text(f"# Parser\n\n{long}\n\nThe parser again.")
    web = make()
    hits = [hit.passage for hit in (await web.search(Query("rows of the parser", k=9))).hits]
    assert [hit.document for hit in hits].count(PARSER) == 1
    (excerpt,) = [hit for hit in hits if hit.document == PARSER]
    assert excerpt.excerpt and excerpt.heading == [] and "parser" in excerpt.text and "rows" in excerpt.text
    assert excerpt.text.startswith("… ") and excerpt.text.endswith(" …") and len(excerpt.text) <= 30 + 4
    assert not any(passage.excerpt for passage in await web.open(PARSER))


async def test_a_folder_that_vanishes_is_an_outage(make: Make, folder: Path) -> None:
    web = make()
    await web.search(Query("parser"))
    folder.rename(folder.with_name("gone"))
    with pytest.raises(SearchFailed, match="canned gives no answer: its folder is gone"):
        await web.search(Query("parser"))
    with pytest.raises(FetchFailed, match="folder is gone"):
        await web.open(PARSER)
