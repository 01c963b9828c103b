"""Pages of the web: from an address to passages, by the same readers as files."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from ..errors import DocumentError, FetchFailed, MissingPackage
from ..text.encoding import decode
from ..threads import in_thread
from ..trajectory import Passage
from ..web.fetched import Fetched
from .documents import Document
from .js_pages import needs_browser
from .passages import make_passages
from .reading import read

LONGEST_NAME = 80
"""Characters of an address that are used for a missing title."""
_STARTS_HTML = (b"<!doctype", b"<html", b"<head", b"<body", b"<?xml", b"<rss", b"<feed")
_TEXT_TYPES = ("text/", "application/json", "application/yaml", "application/octet-stream")
_ZIPPED = {"wordprocessingml": ".docx", "spreadsheetml": ".xlsx", "presentationml": ".pptx", "epub": ".epub"}
"""By a part of the content type; where a server sends none, the name of the file may have it."""
_OUTCOMES = {".html": "empty", ".txt": "wrong_kind", ".md": "wrong_kind"}
"""The outcome for a page that its reader could not read, by suffix; for others it is `unreadable`."""


class Getter(Protocol):
    """What is needed of `Fetcher`."""

    async def get(self, url: str) -> Fetched:
        """The page at an address. Raises FetchFailed."""
        ...


class PageReader:
    """Opens any page of the web. The one place where pages are read, whichever provider found them."""

    name = "web"

    def __init__(self, fetcher: Getter) -> None:
        self._fetcher = fetcher

    async def open(self, reference: str) -> list[Passage]:
        """All passages of the page at an http(s) address, in order; none for any other reference.

        `document` is the address asked for, `url` the one after redirects. Raises FetchFailed, whose `outcome` names
        what happened to the page.
        """
        if not reference.lower().startswith(("http://", "https://")):
            return []
        page = await self._fetcher.get(reference)
        return await in_thread(page_passages, page)

    def close(self) -> None:
        """Nothing to close; the fetcher belongs to its maker."""


def page_passages(page: Fetched) -> list[Passage]:
    """The passages of a page, read by what it is rather than by what its server calls it.

    The address that the page gives for itself is not used. Raises FetchFailed (empty, needs_browser, wrong_kind,
    unreadable).
    """
    suffix = _suffix(page)
    document = _read(page, suffix)
    passages = make_passages(replace(document, id=page.url, url=page.final_url))
    if suffix == ".html" and needs_browser(page.body, [passage.text for passage in passages]):
        raise _scripted(page)
    if not passages:
        raise FetchFailed(f"{_place(page)} has no text.", outcome="empty")
    return passages


def read_page(file: Path, url: str) -> Sequence[Passage]:
    """The passages of a file that is the page at `url`; none where it cannot be read. For the canned web."""
    try:
        documents = [item for item in read(file) if isinstance(item, Document)]
    except DocumentError:
        return []
    return [passage for document in documents for passage in make_passages(replace(document, id=url, url=url))]


def _suffix(page: Fetched) -> str:
    """The kind of file that the body is. Raises FetchFailed for what is not text."""
    start = page.body[:1024]
    kind = page.headers.get("content-type", "").partition(";")[0].strip().lower()
    if b"%PDF-" in start:
        return ".pdf"
    if start.startswith(b"PK\x03\x04"):
        named = Path(urlsplit(page.final_url).path).suffix.lower()
        zipped = next((suffix for part, suffix in _ZIPPED.items() if part in kind or suffix == named), None)
        if zipped:
            return zipped
    if "html" in kind or "xml" in kind or start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_STARTS_HTML):
        return ".html"
    if kind == "text/markdown" or urlsplit(page.final_url).path.endswith((".md", ".markdown")):
        return ".md"
    if not kind or kind.startswith(_TEXT_TYPES):
        return ".txt"
    raise FetchFailed(f"{_place(page)} is of a type that cannot be read ({kind[:60]}).", outcome="wrong_kind")


def _read(page: Fetched, suffix: str) -> Document:
    """The page as a document; the readers work on files, so it becomes one for as long as that takes."""
    with tempfile.TemporaryDirectory(prefix="deepresearch-") as folder:
        file = Path(folder) / f"page{suffix}"
        try:
            charset = _charset(page) if suffix in _OUTCOMES else ""
            file.write_bytes(decode(page.body, str(file), charset).encode() if charset else page.body)
            document = next(item for item in read(file) if isinstance(item, Document))
        except DocumentError as error:
            if suffix == ".html" and needs_browser(page.body, []):
                raise _scripted(page) from error
            message = error.message.replace(str(file), _place(page))
            raise FetchFailed(message, outcome=_OUTCOMES.get(suffix, "unreadable")) from error
        except MissingPackage as error:
            raise FetchFailed(f"{_place(page)} cannot be read here.", error.hint, outcome="wrong_kind") from error
    return replace(document, title=_name(page)) if document.title == file.stem else document


def _scripted(page: Fetched) -> FetchFailed:
    return FetchFailed(
        f"{_place(page)} has next to no text before its scripts have run.",
        "It needs a browser.",
        outcome="needs_browser",
    )


def _charset(page: Fetched) -> str:
    """The encoding that the server names; empty for UTF-8, which is recognised without."""
    named = page.headers.get("content-type", "").lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    return "" if named in ("utf-8", "utf8") else named


def _name(page: Fetched) -> str:
    """The end of the address, for a page without a title."""
    parts = urlsplit(page.final_url)
    return unquote(parts.path.rstrip("/").rpartition("/")[2])[:LONGEST_NAME] or parts.netloc


def _place(page: Fetched) -> str:
    """For messages: without the query, which may have a key in it."""
    return page.final_url.partition("?")[0]
