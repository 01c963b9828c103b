"""What the search providers share: results cleaned, filtered and made passages.

A provider is a subclass that describes its service (`info`) and has one coroutine, `find`.
"""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from urllib.parse import unquote, urlsplit

from ...errors import FetchFailed
from ...text.language import primary_code
from ...trajectory import Passage
from ..search import Hit, Query, SearchResult, excerpt_id
from ..urls import page_address, page_key, parse_url
from . import service
from .cleaning import LONGEST_TITLE, iso_date, plain, web_url
from .service import Service

Site = tuple[str, str]
"""Host and folder, the folder without a slash at its end."""
_OPENING = re.compile(r"^(?:https?://)?(?:\*?\.)?", re.I)
_SPECIAL = re.compile(r"[\s\"<>]")
"""Characters that would end the site filter within a query."""


@dataclass(frozen=True)
class RawHit:
    """One result as the service gave it: hostile, and of any type."""

    url: object
    title: object
    text: object
    date: object = None
    language: object = None
    place: object = None
    """Address that a site filter looks at where it is another one (a DOI leads elsewhere)."""
    instead: str = ""
    """What to call it where it has no title."""


@dataclass
class RawAnswer:
    """What a service answered, best first."""

    hits: list[RawHit]
    notes: list[str] = field(default_factory=list)
    complete: bool = True
    total: object = None
    """The service's own count of results, where it gives one: hostile, and of any type."""

    @property
    def counted(self) -> int:
        """`total` as a number; 0 where it is none."""
        is_number = isinstance(self.total, int | str) and str(self.total).isdecimal()
        return int(str(self.total)) if is_number else 0


class ApiProvider(Service):
    """A search service as a place to search. Subclasses describe their service and write `find`."""

    async def find(self, query: Query) -> RawAnswer:
        """Ask the service; the filters of `query` are sound and in their plain form. Raises SearchFailed."""
        raise NotImplementedError

    async def search(self, query: Query) -> SearchResult:
        """Ranked passages of title and snippet, with notes on what the filters could not do. Raises SearchFailed."""
        site = parse_site(query.site) if query.site else None
        if unsuited := self.unsuited(query, site):
            return SearchResult([], self.name, [f"not asked: {unsuited}"], complete=False)
        text, notes = self._fitted(query.text, site)
        asked = replace(query, text=text, language=primary_code(query.language), site="".join(site) if site else None)
        answer = await self._answer(asked)
        hits, left_out = self._hits(answer.hits, query, site)
        filters = {"dates": query.since or query.until, "language": query.language, "site": query.site}
        notes += [text for name, text in self.info.remarks.items() if filters[name]]
        notes += [*answer.notes, *left_out]
        return SearchResult(hits, self.name, notes, answer.complete)

    async def open(self, reference: str) -> list[Passage]:
        """Nothing: a search service finds pages, it does not store them."""
        return []

    def close(self) -> None:
        """Nothing to close: the fetcher belongs to its maker."""

    def unsuited(self, query: Query, site: Site | None) -> str:
        """Why the service cannot have what the filters ask for; empty where it can."""
        if query.kind and query.kind not in self.info.kinds:
            return f"it has no results of kind {query.kind}"
        if query.site and not site:
            return f"{plain(query.site, 80)!r} is not a web site"
        hosts = self.info.hosts
        if site and hosts and not any(covers(site[0], host) or covers(host, site[0]) for host in hosts):
            return f"all its results are on {', '.join(hosts)}"
        if query.language and not primary_code(query.language):
            return f"{plain(query.language, 80)!r} is not a language code"
        return next(
            (f"{plain(day, 80)!r} is not a date" for day in (query.since, query.until) if day and not is_day(day)), ""
        )

    async def _answer(self, query: Query) -> RawAnswer:
        """What the service finds. An empty first page of results that it counts is asked for again, then a failure."""
        for pause in (service.PAUSE, 2 * service.PAUSE, None):
            answer = await self.find(query)
            if answer.hits or not answer.counted:
                return answer
            if pause is not None:
                await asyncio.sleep(pause)
        why = f"it counts {answer.counted} results and gives none of them"
        raise self.failure("not_understood", why, hint="Ask it again later, or in other words.")

    def _fitted(self, text: str, site: Site | None) -> tuple[str, list[str]]:
        """The query within the service's limits, cut between words where it must be, and a note on that."""
        words, notes = text.split(), []
        most, longest = self.info.most_words, self.info.longest - (len(f" site:{''.join(site)}") if site else 0)
        if most and len(words) + bool(site) > most:
            words, notes = words[: most - bool(site)], [f"the query was cut to {most} words"]
        text = " ".join(words)
        if len(text) > longest:
            text = text[: longest + 1].rpartition(" ")[0] or text[:longest]
            notes = [f"the query was cut to {len(text)} characters"]
        return text, notes

    def _hits(self, found: Iterable[RawHit], query: Query, site: Site | None) -> tuple[list[Hit], list[str]]:
        """The results that the filters let through, cleaned, and how many were left out and why."""
        passages: dict[tuple[str, str], Passage] = {}
        addresses: dict[str, str] = {}
        left_out = dict.fromkeys(
            ("without a usable address", "outside the site", "without a date", "of other dates"), 0
        )
        for one in found:
            if len(passages) == query.k:
                break
            url = web_url(one.url)
            if url is None:
                left_out["without a usable address"] += 1
            elif site and not within(web_url(one.place) or url, site):
                left_out["outside the site"] += 1
            elif reason := self._other_date(iso_date(one.date), query):
                left_out[reason] += 1
            else:
                passage = _passage(one, addresses.setdefault(page_key(url), page_address(url)))
                passages.setdefault((page_key(url, variants=True), passage.text), passage)
        hits = [Hit(passage, 1 / rank) for rank, passage in enumerate(passages.values(), 1)]
        return hits, [f"{count} results {why} were left out" for why, count in left_out.items() if count]

    def _other_date(self, day: str | None, query: Query) -> str:
        if self.info.dates == "not" or not (query.since or query.until):
            return ""
        if day is None:
            return "without a date" if self.info.dates == "here" else ""
        return "" if in_range(day, query.since, query.until) else "of other dates"


def _passage(one: RawHit, url: str) -> Passage:
    title = plain(one.title, LONGEST_TITLE) or plain(one.instead, LONGEST_TITLE) or _name_of(url)
    text = plain(one.text) or title
    return Passage(
        id=excerpt_id(url, text),
        document=url,
        title=title,
        text=text,
        url=url,
        date=iso_date(one.date),
        language=primary_code(one.language if isinstance(one.language, str) else None),
        excerpt=True,
    )


def _name_of(url: str) -> str:
    """What to call a page without a title: a DOI, or host and path."""
    parts = urlsplit(url)
    host, path = (parts.hostname or "").removeprefix("www."), unquote(parts.path).strip("/")
    if host in ("doi.org", "dx.doi.org"):
        return plain(f"doi:{path}", LONGEST_TITLE)
    return plain(f"{host}/{path}" if path else host, LONGEST_TITLE) or url


def today() -> str:
    """This day, YYYY-MM-DD."""
    return date.today().isoformat()


def parse_site(site: str) -> Site | None:
    """Host and folder of `gov.cn`, `*.gov.cn`, `www.gov.cn/zhengce` or a URL; None where it names no host."""
    bare = _OPENING.sub("", site.strip())
    try:
        host = parse_url(f"http://{bare}").host
    except FetchFailed:
        return None
    folder = unquote(bare.partition("/")[2].partition("?")[0].partition("#")[0]).strip("/")
    return None if _SPECIAL.search(folder) else (host, f"/{folder}" if folder else "")


def within(url: str, site: Site) -> bool:
    """Whether `url` is on the host, or on one below it, and in the folder."""
    parts = urlsplit(url)
    return covers(site[0], parts.hostname or "") and f"{unquote(parts.path)}/".startswith(f"{site[1]}/")


def covers(domain: str, host: str) -> bool:
    """Whether `host` is `domain` or below it."""
    return host == domain or host.endswith("." + domain)


def in_range(day: str, since: str | None, until: str | None) -> bool:
    """Whether some day of `day` (YYYY, YYYY-MM or YYYY-MM-DD) is between the two days."""
    return (since or "")[: len(day)] <= day <= (until or "9999-12-31")[: len(day)]


def is_day(text: str) -> bool:
    """Whether `text` is a day of the calendar, YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
