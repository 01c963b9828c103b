"""What became of each page and each service, by name, through the tool that the policy calls."""

import asyncio
import base64
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deepresearch.agent.control import Handlers
from deepresearch.agent.sources import Sources, open_sources
from deepresearch.errors import SettingsError, WorldError
from deepresearch.settings import Settings
from deepresearch.tools import default_tools
from deepresearch.tools.base import Tool, ToolContext, ToolResult
from deepresearch.trajectory import Task
from deepresearch.web.providers import PROVIDERS
from tests.support.search_server import KEY, Reply, SearchServer
from tests.web.site import Reply as SiteReply
from tests.web.site import Site, head, page, serve

ARTICLE = (
    "<html lang=en><head><title>{0}</title></head><body><h1>{0}</h1><p>The {0} of Velmark is old.</p></body></html>"
)
SHELL = "<html><head><title>App</title></head><body><div id=root></div><script src=/app.js></script></body></html>"
SLOWLY: list[bytes | float] = [b"<p>", 0.2] * 40
PAGES: dict[str, SiteReply] = {
    "/robots.txt": page("User-agent: *\nDisallow: /shut", kind="text/plain"),
    "/tower": page(ARTICLE.format("tower")),
    "/harbour": page(ARTICLE.format("harbour")),
    "/shut": page(ARTICLE.format("shut")),
    "/large": page("<p>" + "All of it. " * 300_000),
    "/bomb": page(gzip.compress(b"\0" * 2**22, 9), Content_Encoding="gzip"),
    "/slow": [head(200, Content_Type="text/html"), *SLOWLY],
    "/picture": page(b"\x89PNG\r\n\x1a\n", kind="image/png"),
    "/program": page(b"\x7fELF\x02\x01\x01", kind="application/x-executable"),
    "/blank": page(" "),
    "/shell": page(SHELL),
    "/login": page("<form><input name=user><input type=password name=pass></form>"),
    "/members": page("", 302, Location="/wp-login.php"),
    "/wp-login.php": page("<form>Log in</form>"),
    "/torn": [head(200, Content_Length="1000", Content_Type="text/html") + b"<p>A"],
    "/secret": page("No.", 403),
}
EXPECTED = {
    "/shut": "robots",
    "/large": "too_large",
    "/bomb": "bomb",
    "/slow": "too_slow",
    "/picture": "wrong_kind",
    "/program": "wrong_kind",
    "/blank": "empty",
    "/shell": "needs_browser",
    "/login": "login_wall",
    "/members": "login_wall",
    "/torn": "broken",
    "/secret": "http_403",
    "/gone": "http_404",
}
ELSEWHERE = {
    "http://127.0.0.2/": "blocked_address",
    "http://169.254.169.254/latest/meta-data/": "blocked_address",
    "http://[::ffff:10.0.0.1]/": "blocked_address",
    "http://user@a.example/": "bad_url",
}


def settings(tmp_path: Path, **search: Any) -> Settings:
    quick = {"interval": 0, "page_seconds": 2, "page_bytes": 2**21}
    return Settings.model_validate(
        {"store": {"folder": str(tmp_path / "data")}, "search": {"web": True, **quick, **search}}
    )


def surfer(sources: Sources) -> Tool:
    return next(tool for tool in default_tools(sources.all) if tool.name == "batch_web_surfer")


async def call(tool: Tool, tmp_path: Path, **arguments: Any) -> ToolResult:
    context = ToolContext("c1-1", tmp_path, tmp_path, Task(question="?"), {})
    return await tool.run(tool.arguments.model_validate(arguments), context)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serve(dict(PAGES)) as made:
        yield made


async def test_each_page_of_a_batch_gets_its_own_outcome(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepresearch.agent.sources.ATTEMPTS", 1)
    dead = await dead_port()
    own = [f"127.0.0.1:{site.port}", f"127.0.0.1:{dead}"]
    sources = open_sources(settings(tmp_path, allow_hosts=own), Task(question="?"), Handlers())
    tool = surfer(sources)
    expected = {site.url(path): outcome for path, outcome in EXPECTED.items()} | ELSEWHERE
    expected |= {f"http://127.0.0.1:{dead}/": "dead_host"}
    urls = [site.url("/tower"), *expected, site.url("/harbour")]
    result = await call(tool, tmp_path, action="batch_open", references=urls, k=30)
    told = {one["reference"]: one for one in (result.data or {})["references"]}
    assert result.status == "ok"
    assert "tower of Velmark is old" in result.shown and "harbour of Velmark is old" in result.shown
    assert {url: told[url]["outcome"] for url in urls} == {urls[0]: "ok", **expected, urls[-1]: "ok"}
    for url, outcome in expected.items():
        assert told[url]["failed"], url
        assert f"{outcome}" in result.shown, "the policy is told the word, and can look it up"
    tool.close()
    await sources.close()


async def dead_port() -> int:
    """A port at which nobody listens."""
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("name", [n for n in PROVIDERS.names() if PROVIDERS.get(n).info.variable])
async def test_a_broken_key_is_told_by_name_and_never_shown(tmp_path: Path, name: str, status: int) -> None:
    said = {"error": {"code": "x", "message": f"Invalid API key: {KEY}"}, "detail": f"key {KEY} unknown"}
    async with SearchServer(Reply(said, status)) as server:
        sources = open_sources(settings(tmp_path), Task(question="?"), Handlers())
        assert sources.fetcher
        from deepresearch.web.providers import open_providers

        sources.all = list(open_providers([name], sources.fetcher, {name: KEY}, {name: {"base_url": server.url}}))
        tool = surfer(sources)
        with pytest.raises(WorldError) as caught:
            await call(tool, tmp_path, action="batch_search", queries=["tide", "moon"])
        assert server.asked, "it was asked, with the key"
        await sources.close()
    shown = str(caught.value)
    assert name in shown and f"DEEPRESEARCH_{name.upper()}_API_KEY" in shown
    for form in (KEY, KEY[:8], KEY[-8:], base64.b64encode(KEY.encode()).decode()):
        assert form not in shown and form.encode() not in everything_in(tmp_path)


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def test_settings_reach_the_fetcher(tmp_path: Path, site: Site) -> None:
    own = {"allow_hosts": [f"127.0.0.1:{site.port}"], "user_agent": "Own/1.0 (+https://a.example)"}
    for hours, requests in ((24, 1), (0, 2)):
        site.asked.clear()
        sources = open_sources(settings(tmp_path / str(hours), page_hours=hours, **own), Task(question="?"), Handlers())
        for _ in range(2):
            assert await sources.all[-1].open(site.url("/tower"))
        assert site.paths.count("/tower") == requests
        assert {asked.headers["user-agent"] for asked in site.asked} == {"Own/1.0 (+https://a.example)"}
        await sources.close()


async def test_a_replay_reads_pages_as_they_were(tmp_path: Path, site: Site) -> None:
    now = settings(tmp_path, allow_hosts=[f"127.0.0.1:{site.port}"], page_hours=0)
    urls = [site.url("/tower"), site.url("/gone")]
    first = await opened(now, urls)
    from datetime import UTC, datetime

    between = datetime.now(UTC)
    site.pages["/tower"] = page(ARTICLE.format("new tower"))
    site.pages["/gone"] = page(ARTICLE.format("lost and found"))
    assert "new tower" in (await opened(now, urls))[0]
    site.asked.clear()
    for as_of, told in ((between, first), (None, ["new tower", "lost and found"])):
        search = now.search.model_copy(update={"replay": True, "as_of": as_of})
        replayed = await opened(now.model_copy(update={"search": search}), [*urls, site.url("/never")])
        assert all(text in said for text, said in zip(told, replayed, strict=False)), replayed
        assert replayed[-1].startswith("not_archived")
    assert site.asked == []


async def opened(now: Settings, urls: list[str]) -> list[str]:
    """The text of each page, or the outcome."""
    sources = open_sources(now, Task(question="?"), Handlers())
    told = []
    for url in urls:
        try:
            told.append(" ".join(passage.text for passage in await sources.all[-1].open(url)))
        except WorldError as failure:
            told.append(f"{getattr(failure, 'outcome', '')}: {failure}")
    await sources.close()
    return told


@pytest.mark.parametrize(
    "search, words",
    [
        ({"allow_hosts": ["http://wiki.lan/"]}, "search.allow_hosts: 'http://wiki.lan/'"),
        ({"allow_hosts": ["a b"]}, "search.allow_hosts: 'a b'"),
        ({"user_agent": "x\r\nCookie: a"}, "search.user_agent"),
        ({"as_of": "2026-11-20T18:30"}, "search.as_of"),
        ({"authority": "/no/such/file.csv"}, "/no/such/file.csv"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, search: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        open_sources(settings(tmp_path, **search), Task(question="?"), Handlers())


async def test_identical_queries_go_out_once_and_the_age_of_an_answer_is_told(tmp_path: Path) -> None:
    found = {"results": [{"url": "https://a.example/tide", "title": "Tide", "content": "The tide rises twice a day."}]}
    async with SearchServer(found) as server:
        now = settings(tmp_path, providers=[], searxng_url=server.url)
        for words in ("Query 1 'tide'", "searxng: from the cache, 0 s old"):
            sources = open_sources(now, Task(question="?"), Handlers())
            tool = surfer(sources)
            for _ in range(2):
                result = await call(tool, tmp_path, action="batch_search", queries=["tide", "tide "])
                assert words in result.shown and "The tide rises" in result.shown
            tool.close()
            await sources.close()
        assert len(server.asked) == 1
