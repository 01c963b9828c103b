"""A SearXNG instance of the user's own, which asks many engines at once.

Documentation: https://docs.searxng.org/dev/search_api.html; the instance must list `json` in search.formats.
"""

from datetime import date
from typing import Any

from ...errors import SearchFailed, SettingsError
from ..fetched import Fetched
from ..search import Query
from .base import ApiProvider, RawAnswer, RawHit
from .cleaning import plain
from .service import Caller, ServiceInfo


class SearXNG(ApiProvider):
    info = ServiceInfo(
        name="searxng",
        home="",
        kinds={"web": "general", "news": "news", "paper": "science"},
        dates="here",
        remarks={
            "dates": "dates are those that the engines give",
            "language": "language is a wish that not every engine heeds",
        },
    )

    def __init__(self, fetcher: Caller, key: str = "", *, base_url: str = "", contact: str = "") -> None:
        """Raises SettingsError where no instance is named."""
        if not base_url:
            raise SettingsError("searxng needs the address of an instance.", "Set search.searxng_url.")
        super().__init__(fetcher, key, base_url=base_url, contact=contact)

    async def find(self, query: Query) -> RawAnswer:
        reply = await self.ask(
            "/search",
            params={
                "q": f"{query.text} site:{query.site}" if query.site else query.text,
                "format": "json",
                "categories": self.info.kinds[query.kind or "web"],
                "language": query.language,
                "time_range": _span(query.since),
            },
        )
        found = [
            RawHit(row.get("url"), row.get("title"), row.get("content"), row.get("publishedDate"))
            for row in self.rows(reply, "results")
        ]
        silent = _silent(reply.get("unresponsive_engines"))
        if silent and not found:
            raise self.failure("unreachable", f"none of its engines found anything, and these gave no answer: {silent}")
        return RawAnswer(found, [f"engines without an answer: {silent}"] if silent else [], complete=not silent)

    def _failure_of(self, answer: Fetched) -> SearchFailed | None:
        if answer.status == 403:
            return SearchFailed(
                "searxng does not give out JSON (HTTP 403).",
                "Add json to search.formats in the settings.yml of the instance.",
                "refused",
            )
        return super()._failure_of(answer)


def _span(since: str | None) -> str | None:
    """The shortest span of time that the engines know and that reaches back to `since`."""
    if not since:
        return None
    days = (date.today() - date.fromisoformat(since)).days
    return next((name for name, length in (("day", 1), ("month", 28), ("year", 365)) if days <= length), None)


def _silent(engines: Any) -> str:
    """Engines that gave no answer, with their reasons; they come as [name, reason]."""
    if not isinstance(engines, list):
        return ""
    pairs = [[plain(part, 40) for part in pair[:2]] for pair in engines[:10] if isinstance(pair, list)]
    return ", ".join(f"{pair[0]} ({pair[1]})" if len(pair) > 1 else pair[0] for pair in pairs if pair)
