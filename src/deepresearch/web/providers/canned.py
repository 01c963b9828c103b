"""A folder of pages served as a small web with its own search: for tests, demonstrations, training and evaluation.

A page's address is `http://` and its path below the folder, so that the folders at the top are hosts:
`docs.python.org/3/index.html` is http://docs.python.org/3/index.html. A file `canned.toml` in the folder may set
other addresses, and more:

    [hosts]                                     # a folder, here or elsewhere, and its address
    "/usr/share/doc/python3.11/html" = "docs.python.org/3"

    [pages."docs.python.org/3/whatsnew/3.11.html"]  # facts about a page, by its address
    date = "2022-10-24"
    kind = "news"

    excerpt = 300     # at the top: results are excerpts of so many characters, one a page, as search engines give them

Nothing here depends on time, chance or the network.
"""

import asyncio
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from ...errors import FetchFailed, LibraryError, SearchFailed
from ...text.language import primary_code
from ...threads import in_thread
from ...trajectory import Passage
from ..passage_index import PassageIndex
from ..search import Hit, Query, SearchResult, excerpt_id
from .base import Site, in_range, parse_site, within
from .cleaning import web_url

MANIFEST = "canned.toml"
PAGES = frozenset(".html .htm .xhtml .md .markdown .txt .pdf .docx .xlsx .pptx .epub .csv .eml".split())
"""Kinds of files that are pages; the others (pictures, styles) are left alone."""
INDEXES = ("index.html", "index.htm")
_KNOWN = ("title", "date", "language")


@dataclass(frozen=True)
class Page:
    url: str
    file: Path
    facts: dict[str, Any]


class CannedWeb:
    """Searches the folder and opens its pages."""

    def __init__(
        self,
        folder: Path,
        read: Callable[[Path, str], Sequence[Passage]],
        tokenise: Callable[[str], list[str]],
        name: str = "canned",
        keep: Path | None = None,
    ) -> None:
        """read: the passages of a file in order, given its address, which is their document; none where it cannot be
        read. tokenise: terms of a text, of a query likewise. keep: folder that keeps the index from one process to the
        next; without one it is made again in each.

        Raises LibraryError where there is no such folder, no page in it, or the manifest cannot be read.
        """
        self.name = name
        self._folder = folder
        self._keep = keep
        self._read = read
        self._tokenise = tokenise
        manifest = _manifest(folder / MANIFEST)
        self._excerpt = _length(manifest.get("excerpt", 0), folder / MANIFEST)
        self._pages = {_plain(page.url): page for page in _pages(folder, manifest)}
        if not self._pages:
            raise LibraryError(
                f"{folder} has no pages.", f"Put files of these kinds there: {', '.join(sorted(PAGES))}."
            )
        self._building = asyncio.Lock()
        self._index: PassageIndex | None = None

    @property
    def addresses(self) -> list[str]:
        """The address of every page, sorted."""
        return sorted(page.url for page in self._pages.values())

    async def search(self, query: Query) -> SearchResult:
        """The passages that fit best, by BM25 over title, headings and text. SearchFailed: the folder is missing."""
        site = parse_site(query.site) if query.site else None
        if query.site and not site:
            return SearchResult([], self.name, [f"not asked: {query.site!r} is not a web site"], complete=False)
        if gone := self._gone():
            raise SearchFailed(gone, outcome="unreachable")
        index = await self.prepare()
        words = self._tokenise(query.text)
        passages, undated = await in_thread(self._best, index, words, query, site)
        if self._excerpt:
            passages = [
                (cut_excerpt(passage, self._tokenise, words, self._excerpt), score) for passage, score in passages
            ]
        notes = [f"{undated} results without a date were left out"] if undated else []
        return SearchResult([Hit(passage, score) for passage, score in passages], self.name, notes)

    def _best(
        self, index: PassageIndex, words: Sequence[str], query: Query, site: Site | None
    ) -> tuple[list[tuple[Passage, float]], int]:
        """The best passages that the filters let through, of which excerpts one a page, and how many had no date."""
        limit = 8 * query.k + 100
        while True:
            found = index.search(words, limit)
            chosen: list[tuple[Passage, float]] = []
            pages: set[str] = set()
            undated = 0
            for number, score in found:
                passage = index.passage(number)
                if not self._fits(passage, query, site) or (self._excerpt and passage.document in pages):
                    continue
                if (query.since or query.until) and not passage.date:
                    undated += 1
                elif in_range(passage.date or "", query.since, query.until) or not passage.date:
                    pages.add(passage.document)
                    chosen.append((passage, score))
                    if len(chosen) == query.k:
                        return chosen, undated
            if len(found) < limit:
                return chosen, undated
            limit *= 8

    async def prepare(self) -> PassageIndex:
        """Make the index now and not at the first search: some 25 pages a second, where none is stored."""
        async with self._building:
            if self._index is None:
                self._index = await in_thread(self._build)
            return self._index

    async def open(self, reference: str) -> list[Passage]:
        """All passages of the page at an address; none where it is not in this web.

        Raises FetchFailed for a page that is gone or has no text.
        """
        page = self._pages.get(_plain(reference))
        if page is None:
            return []
        if gone := self._gone():
            raise FetchFailed(gone, outcome="dead_host")
        if not page.file.is_file():
            raise FetchFailed(f"{page.url} is not in the canned web any more (HTTP 404).", outcome="http_404")
        passages = await in_thread(self._passages, page)
        if not passages:
            raise FetchFailed(f"{page.url} holds no text.", outcome="empty")
        return passages

    def close(self) -> None:
        """Close the index."""
        self._index = None

    def _gone(self) -> str:
        """Why nothing can be asked; empty where it can."""
        return "" if self._folder.is_dir() else f"{self.name} gives no answer: its folder is gone."

    def _build(self) -> PassageIndex:
        pages = [page for _, page in sorted(self._pages.items())]
        passages = (passage for page in pages for passage in self._passages(page))
        if self._keep is None:
            return PassageIndex.build(passages, self._tokenise)
        return PassageIndex.load_or_build(self._keep, "\n".join(map(_stamp, pages)), passages, self._tokenise)

    def _passages(self, page: Page) -> list[Passage]:
        """What is read from the file, with the facts that the manifest has."""
        known: dict[str, Any] = {name: str(page.facts[name]) for name in _KNOWN if name in page.facts}
        return [passage.model_copy(update=known) for passage in self._read(page.file, page.url)]

    def _fits(self, passage: Passage, query: Query, site: Site | None) -> bool:
        """Whether the filters other than the dates let the passage through."""
        if query.kind and self._pages[_plain(passage.document)].facts.get("kind", "web") != query.kind:
            return False
        if site and not within(passage.document, site):
            return False
        return not query.language or primary_code(passage.language) == primary_code(query.language)


def cut_excerpt(passage: Passage, tokenise: Callable[[str], list[str]], words: Sequence[str], longest: int) -> Passage:
    """What a search engine would show of a page: at most `longest` characters of the passage, from where most of
    `words` are, without the page's own position of it."""
    text = " ".join(passage.text.split())
    wanted = set(words)
    if len(text) > longest:
        starts = [match.start() for match in re.finditer(r"(?<!\S)\S|(?<=[。！？；，])\S", text)] or [0]
        tried = starts[:: max(1, len(starts) // 40)]
        start = max(tried, key=lambda start: len(wanted & set(tokenise(text[start : start + longest]))))
        cut = text[start : start + longest]
        cut = cut.rsplit(" ", 1)[0] if " " in cut[longest // 2 :] else cut
        text = f"{'… ' if start else ''}{cut}{' …' if start + len(cut) < len(text) else ''}"
    known = {"title": passage.title, "url": passage.url, "date": passage.date, "language": passage.language}
    ident = excerpt_id(passage.document, text)
    return Passage(id=ident, document=passage.document, text=text, excerpt=True, **known)


def _stamp(page: Page) -> str:
    """What changes when the page does."""
    facts = page.file.stat()
    return f"{page.url} {facts.st_size} {facts.st_mtime_ns} {sorted(page.facts.items())}"


def _pages(folder: Path, manifest: dict[str, Any]) -> Iterable[Page]:
    """The pages below the folder and below those that the manifest names."""
    if not folder.is_dir():
        raise LibraryError(f"{folder} is not a folder.", "Name the folder of a canned web.")
    facts = {_plain(f"http://{quote(address)}"): given for address, given in manifest.get("pages", {}).items()}
    hosts = {folder / place: address for place, address in manifest.get("hosts", {}).items()}
    for place, address in hosts.items():
        if not place.is_dir():
            raise LibraryError(f"{place}, named in {folder / MANIFEST}, is not a folder.", "Correct its path.")
        yield from _below(place, address, facts)
    for place in sorted(folder.iterdir()):
        if place.is_dir() and place not in hosts:
            yield from _below(place, place.name, facts)


def _below(place: Path, address: str, facts: dict[str, dict[str, Any]]) -> Iterable[Page]:
    for file in sorted(place.rglob("*")):
        if file.suffix.lower() in PAGES and file.is_file():
            url = f"http://{address.strip('/')}/{quote(file.relative_to(place).as_posix())}"
            yield Page(url, file, facts.get(_plain(url), {}))


def _manifest(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LibraryError(f"{file} cannot be read: {error}.", "Correct it.") from error


def _length(value: object, file: Path) -> int:
    if not isinstance(value, int) or value < 0:
        raise LibraryError(f"{file} cannot be read: excerpt = {value!r} is not a whole number.", "Correct it.")
    return value


def _plain(url: str) -> str:
    """An address without what makes no difference here: scheme, fragment, query, the name of an index page."""
    address = unquote((web_url(url) or "").partition("://")[2].partition("?")[0])
    for index in INDEXES:
        address = address.removesuffix(f"/{index}")
    return address.rstrip("/")
