"""The search tool's `batch_search`: ask every provider, fuse, share the places out, report on each query."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any, NoReturn

from pydantic import Field

from ..errors import SearchFailed, WorldError
from ..library.authority import Authority, in_words
from ..threads import in_thread
from ..trajectory import Passage
from ..web.search import Kind, Query, SearchProvider, SearchResult
from .base import Arguments, ToolResult
from .fencing import describe_document, one_line, recall_passage, show_passage
from .fusion import FusedHit, fuse
from .pages import KnownPages

POOL = 30
"""Passages asked of each provider per query, at least: fusion and title matching choose among them."""
RECALLED = 3
"""Passages shown before that are recalled per query."""
COPIES = 2
"""Other places of the same text that are named."""
FILTERS = {"language", "since", "until", "site", "kind"}
"""Fields of a query that leave results out, and that models fill in without need."""
PATIENCE = 45.0
"""Seconds that one provider may take before it counts as failed; below the tool's own limit."""


class SearchRequest(Arguments):
    text: str = Field(min_length=1, max_length=500)
    k: int | None = Field(default=None, ge=1, le=50)
    """Passages for this query alone."""
    title: str = ""
    """Only documents of this title."""
    language: str | None = None
    """zh, en ..."""
    since: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    """YYYY-MM-DD."""
    until: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    site: str | None = None
    """Only this domain or folder."""
    kind: Kind | None = None


@dataclass
class Found:
    """What one query brought, and what of it is shown once the places are shared out."""

    request: SearchRequest
    ranked: list[FusedHit]
    notes: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    """Provider to message."""
    lost: bool = False
    """No provider answered."""
    complete: bool = True
    """Everything that was asked answered, so that no hits mean that there is nothing."""
    unanswered: bool = False
    """No provider took the query as it is, so that no hits mean nothing."""
    cached: bool = False
    new: list[FusedHit] = field(default_factory=list)
    seen: list[FusedHit] = field(default_factory=list)


class Searcher:
    """The providers of one run, and the answers that they have given so far."""

    def __init__(self, providers: Sequence[SearchProvider], authority: Authority) -> None:
        self._providers = providers
        self._authority = authority
        self._answers: dict[str, Found] = {}
        self.newest: list[str] = []
        """Texts of the queries asked last: what the run is after."""

    async def search(self, requests: Sequence[SearchRequest], k: int, registered: Mapping[str, Passage]) -> ToolResult:
        """Ask all queries at once; show the best `k` new passages. Raises SearchFailed where no provider answered."""
        self.newest = [request.text for request in requests]
        found = await asyncio.gather(*(self._find(request) for request in requests))
        if all(one.lost for one in found):
            _raise_lost(found)
        pages = KnownPages(registered.values())
        for one in found:
            settled = (replace(hit, passage=pages.settle([hit.passage])[0]) for hit in one.ranked)
            one.ranked = [_as_shown_before(hit, registered) for hit in settled]
        share_out(found, k, registered)
        return _result(found, registered, self._authority)

    async def _find(self, request: SearchRequest) -> Found:
        key = request.model_dump_json(exclude={"k"})
        if known := self._answers.get(key):
            return Found(request, known.ranked, known.notes, cached=True)
        answers = await asyncio.gather(*(_ask(provider, request) for provider in self._providers))
        results = [answer for answer in answers if isinstance(answer, SearchResult)]
        failed = {p.name: a for p, a in zip(self._providers, answers, strict=True) if isinstance(a, str)}
        ranked = await in_thread(fuse, results, request.text, request.title, self._authority)
        complete = not failed and all(result.complete for result in results)
        found = Found(
            request,
            ranked,
            [f"{result.provider}: {note}" for result in results for note in result.notes],
            failed,
            lost=not results,
            complete=complete,
            unanswered=not (ranked or any(result.complete for result in results)),
        )
        set_filters = request.model_dump(include=FILTERS, exclude_none=True)
        if complete and not ranked and set_filters:
            found = await self._without_filters(found, set_filters)
        if complete:
            self._answers[key] = found
        return found

    async def _without_filters(self, found: Found, filters: Mapping[str, Any]) -> Found:
        """What the query brings without its filters, where they have left nothing; else `found`."""
        wider = await self._find(found.request.model_copy(update=dict.fromkeys(FILTERS)))
        if not wider.ranked:
            return found
        told = ", ".join(f"{name} {value}" for name, value in filters.items())
        notes = [f"nothing passes the filters ({told}), so these are found without them", *wider.notes]
        return replace(wider, request=found.request, notes=notes, cached=False)


async def _ask(provider: SearchProvider, request: SearchRequest) -> SearchResult | str:
    """What the provider found, or in words why it failed."""
    text = request.text
    if request.title and request.title not in text:
        text = f"{request.title} {text}"
    wanted = max(POOL, 3 * (request.k or 0))
    query = Query(text, wanted, request.since, request.until, request.language, request.site, request.kind)
    try:
        async with asyncio.timeout(PATIENCE):
            return await provider.search(query)
    except WorldError as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {PATIENCE:.0f} s"


def _raise_lost(found: Sequence[Found]) -> NoReturn:
    """Raise the reasons of every provider, which may differ between the queries."""
    names = dict.fromkeys(name for one in found for name in one.failed)
    failed = {n: " / ".join(dict.fromkeys(one.failed[n] for one in found if n in one.failed)) for n in names}
    told = (
        f"No answer from {', '.join(failed)}. {describe_failures(failed)}."
        if failed
        else "There is no source to search."
    )
    raise SearchFailed(told, "Nothing was searched; continue without.")


def _as_shown_before(ranked: FusedHit, registered: Mapping[str, Passage]) -> FusedHit:
    """`ranked` for the copy of it that the run has been shown already, where there is one."""
    if ranked.passage.id in registered:
        return ranked
    shown = next((copy for copy in ranked.copies if copy.id in registered), None)
    if shown is None:
        return ranked
    others = tuple(copy for copy in ranked.copies if copy is not shown)
    return replace(ranked, passage=shown, copies=(ranked.passage, *others))


def share_out(found: Sequence[Found], k: int, registered: Mapping[str, Passage]) -> None:
    """Share `k` places between the queries, one at a time in query order.

    A query that has run dry leaves its places to the others; a passage that several queries brought takes one place.
    """
    waiting = [deque(r for r in one.ranked if r.passage.id not in registered) for one in found]
    shown: set[str] = set()
    while len(shown) < k and any(waiting):
        for one, queue in zip(found, waiting, strict=True):
            _deal_one(one, queue, shown, k)
    for one in found:
        one.seen = [r for r in one.ranked if r.passage.id in registered][:RECALLED]


def _deal_one(one: Found, queue: deque[FusedHit], shown: set[str], k: int) -> None:
    """The query's next passage that no other query has brought; those that others brought cost no place."""
    most = one.request.k or k
    while queue and len(shown) < k:
        hit = queue.popleft()
        one.new.append(hit)
        if len(one.new) >= most:
            queue.clear()
        if hit.passage.id not in shown:
            shown.add(hit.passage.id)
            return


def _result(found: Sequence[Found], registered: Mapping[str, Passage], authority: Authority) -> ToolResult:
    """What the policy is shown: a line for each query, then the hits, grouped by document."""
    asked_by: dict[str, list[int]] = {}
    groups: dict[str, list[FusedHit]] = {}
    for number, hit in _in_turn(found):
        by = asked_by.setdefault(hit.passage.id, [])
        if not by:
            groups.setdefault(hit.passage.document, []).append(hit)
        by.append(number)
    lines = [_headline(number, one) for number, one in enumerate(found, 1)]
    passages: list[Passage] = []
    for group in groups.values():
        first = group[0].passage
        lines += ["", describe_document(first, in_words(authority.of(first)))]
        for hit in group:
            if hit.passage.id in registered:
                lines.append(recall_passage(hit.passage))
                continue
            numbers = f" (query {', '.join(map(str, asked_by[hit.passage.id]))})" if len(found) > 1 else ""
            lines.append(show_passage(hit.passage, numbers + _elsewhere(hit)))
            passages.append(hit.passage)
    data = {"action": "batch_search", "queries": [_query_data(one, registered) for one in found]}
    about = " ".join(f"{one.request.title} {one.request.text}" for one in found)
    return ToolResult("\n".join(lines), "ok" if groups else "empty", passages, data, about)


def _in_turn(found: Sequence[Found]) -> list[tuple[int, FusedHit]]:
    """First hits of all queries, then second hits, and so on, each with the number of its query."""
    return [(n, hit) for row in zip_longest(*map(_hits, found)) for n, hit in enumerate(row, 1) if hit]


def _hits(one: Found) -> list[FusedHit]:
    """What is shown of a query's hits, in their order."""
    shown = {r.passage.id for r in (*one.new, *one.seen)}
    return [r for r in one.ranked if r.passage.id in shown]


def _elsewhere(hit: FusedHit) -> str:
    """Other places of the same text, so that it counts as one source."""
    places = _other_documents(hit)
    if not places:
        return ""
    more = f" and {len(places) - COPIES} more" if len(places) > COPIES else ""
    return f" (also at: {', '.join(one_line(place, 100) for place in places[:COPIES])}{more}; one source)"


def _other_documents(hit: FusedHit) -> list[str]:
    return list(dict.fromkeys(copy.document for copy in hit.copies if copy.document != hit.passage.document))


def _headline(number: int, one: Found) -> str:
    """What became of a query, in a line or two."""
    title = f" in documents titled {one_line(one.request.title)!r}" if one.request.title else ""
    nothing = "nothing found"
    if one.unanswered:
        nothing = "no source could answer, which is not the same as nothing found"
    elif not one.complete:
        nothing = "nothing found so far, but not everything was asked or answered"
    count = f"{len(one.new)} passages" if one.new else "nothing new" if one.seen else nothing
    more = len(one.ranked) - len(one.new) - len(one.seen)
    parts = [f"{count}{f', {more} more not shown' if more > 0 else ''}"]
    parts += ["as answered earlier in this run, from the cache"] if one.cached else []
    parts += [one_line(note) for note in one.notes]
    line = f"Query {number} {one_line(one.request.text)!r}{title}: {'; '.join(parts)}."
    if one.failed:
        line += f"\nFailed, which is not the same as nothing found: {describe_failures(one.failed)}"
    return line


def _query_data(one: Found, registered: Mapping[str, Passage]) -> dict[str, Any]:
    return {
        **one.request.model_dump(exclude_none=True),
        "hits": [
            {
                "passage": hit.passage.id,
                "document": hit.passage.document,
                "score": hit.score,
                "new": hit.passage.id not in registered,
                "providers": list(hit.providers),
                "also": _other_documents(hit),
            }
            for hit in _hits(one)
        ],
        "found": len(one.ranked),
        "cached": one.cached,
        "notes": one.notes,
        "failed": one.failed,
    }


def describe_failures(failed: Mapping[str, str]) -> str:
    """In words, without a stop at the end; messages that begin with the name do not get it twice."""
    cleaned = ((name, one_line(message.rstrip(". "))) for name, message in failed.items())
    return "; ".join(message if message.startswith(f"{name} ") else f"{name}: {message}" for name, message in cleaned)
