"""From an address to passages, over a real fetcher and pages of many kinds."""

from collections.abc import AsyncIterator

import pytest

from deepresearch.errors import FetchFailed
from deepresearch.library.pages import PageReader, page_passages
from deepresearch.web.fetch import Fetcher
from deepresearch.web.fetched import Fetched
from tests.library.pdf_maker import make_pdf
from tests.web.site import Site, page, serve

ARTICLE = (
    "<html lang=en><head><title>Tides</title><meta name=date content=2021-03-04>"
    '<link rel=canonical href="https://who.int/tides"></head><body><nav><a href=/>Home</a></nav>'
    "<article><h1>Tides</h1><p>" + "The tide rises and falls twice a day, drawn by the moon. " * 8 + "</p></article>"
)
SHELL = (
    "<html><body><div id=root></div><noscript>Please enable JavaScript.</noscript><script src=/app.js></script></body>"
)
CHINESE = (
    "<html><head><title>潮汐</title></head><body><p>"
    + "潮汐每天涨落两次，由月球的引力引起。" * 9
    + "</p></body></html>"
)

PDF = make_pdf([[(72, 700, 12, "Spring tides are strong and they come twice a month.")]])


def fetched(body: bytes | str, kind: str = "text/html", url: str = "https://a.example/p") -> Fetched:
    data = body.encode() if isinstance(body, str) else body
    return Fetched(url, url + "/", 200, {"content-type": kind}, data, 0.0, False)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    pages = {
        "/tides": page(ARTICLE),
        "/old": page("", 302, Location="/tides"),
        "/picture": page(b"\x89PNG", kind="image/png"),
        "/login": page("<form><input type=password></form>"),
        "/shut/up": page(ARTICLE),
        "/robots.txt": page("User-agent: *\nDisallow: /shut/", kind="text/plain"),
    }
    async with serve(pages) as made:
        yield made


@pytest.fixture
async def reader(site: Site) -> AsyncIterator[PageReader]:
    fetcher = Fetcher(allow_hosts=frozenset({f"127.0.0.1:{site.port}"}), interval=0, attempts=1)
    yield PageReader(fetcher)
    await fetcher.close()


async def test_a_page_becomes_passages(site: Site, reader: PageReader) -> None:
    [tides] = await reader.open(site.url("/tides#high"))
    assert (tides.title, tides.date, tides.language) == ("Tides", "2021-03-04", "en")
    assert (tides.document, tides.url) == (site.url("/tides"), site.url("/tides"))
    assert "twice a day" in tides.text and "Home" not in tides.text
    assert [p.id for p in await reader.open(site.url("/tides"))] == [tides.id]


async def test_a_redirect_is_told(site: Site, reader: PageReader) -> None:
    [tides] = await reader.open(site.url("/old"))
    assert (tides.document, tides.url) == (site.url("/old"), site.url("/tides"))


@pytest.mark.parametrize(
    "path, outcome",
    [
        ("/picture", "wrong_kind"),
        ("/login", "login_wall"),
        ("/shut/up", "robots"),
        ("/gone", "http_404"),
    ],
)
async def test_what_became_of_a_page_has_a_name(site: Site, reader: PageReader, path: str, outcome: str) -> None:
    with pytest.raises(FetchFailed) as caught:
        await reader.open(site.url(path))
    assert caught.value.outcome == outcome


async def test_other_places_have_names_too(reader: PageReader) -> None:
    with pytest.raises(FetchFailed) as caught:
        await reader.open("http://169.254.169.254/latest/meta-data/")
    assert caught.value.outcome == "blocked_address"
    with pytest.raises(FetchFailed) as caught:
        await reader.open("http://user@a.example/")
    assert caught.value.outcome == "bad_url"


@pytest.mark.parametrize("reference", ["docs/a.md", "mza2kq3fd5xw", "ftp://a.example/", "file:///etc/passwd", ""])
async def test_what_is_no_page_is_not_opened(reader: PageReader, reference: str) -> None:
    assert await reader.open(reference) == []


@pytest.mark.parametrize(
    "kind, body, words",
    [
        ("text/html; charset=utf-8", CHINESE, "月球的引力"),
        ("text/html; charset=gb2312", CHINESE.encode("gb18030"), "月球的引力"),
        ("text/html; charset=utf-8", CHINESE.encode("gb18030"), "月球的引力"),
        ("text/plain", "Neap tides are weak.", "Neap tides"),
        ("", "Neap tides are weak.", "Neap tides"),
        ("text/markdown", "# Tides\n\nNeap tides are weak.", "Neap tides"),
        ("text/plain", ARTICLE, "twice a day"),
        ("application/octet-stream", ARTICLE, "twice a day"),
        ("text/plain; charset=iso-8859-2", "Přílivy jsou zde slabé a krátké.".encode("iso-8859-2"), "Přílivy"),
        ("text/html", PDF, "Spring tides"),
        ("application/pdf", PDF, "Spring tides"),
    ],
)
def test_the_content_decides_how_a_page_is_read(kind: str, body: bytes | str, words: str) -> None:
    assert words in " ".join(passage.text for passage in page_passages(fetched(body, kind)))


@pytest.mark.parametrize(
    "kind, body, outcome, hint",
    [
        ("text/html", SHELL, "needs_browser", "browser"),
        ("text/html", "<html><body></body></html>", "empty", ""),
        ("text/plain", " \n", "empty", ""),
        ("text/html", b"\x89PNG\r\n\x1a\n", "empty", ""),
        ("text/plain", b"\x7fELF\x02\x01\x01\x00\x00", "wrong_kind", ""),
        ("application/zip", b"PK\x03\x04rest", "wrong_kind", ""),
        ("application/octet-stream", b"PK\x03\x04rest", "wrong_kind", ""),
        ("application/pdf", b"%PDF-1.4 broken", "unreadable", ""),
        ("application/epub+zip", b"PK\x03\x04rest", "unreadable", ""),
    ],
)
def test_what_cannot_be_read_says_so(kind: str, body: bytes | str, outcome: str, hint: str) -> None:
    with pytest.raises(FetchFailed) as caught:
        page_passages(fetched(body, kind, "https://a.example/p?token=secret"))
    assert caught.value.outcome == outcome and hint in caught.value.hint
    assert "a.example/p" in str(caught.value) and "secret" not in str(caught.value) and "/tmp" not in str(caught.value)


def test_a_page_cannot_pass_for_another() -> None:
    assert {passage.url for passage in page_passages(fetched(ARTICLE))} == {"https://a.example/p/"}


def test_a_short_page_without_scripts_is_a_page() -> None:
    [short] = page_passages(fetched("<html><body><p>Closed on Mondays.</p></body></html>"))
    assert short.text == "Closed on Mondays." and short.title == "p"
