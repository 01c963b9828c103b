"""Serper: Google's results for the web, news and scholarly works.

Documentation: https://serper.dev (playground), https://schemas.apis.io/schemas/serper/serper-search-request/.
"""

from typing import Any

from ..search import Query
from .base import ApiProvider, RawAnswer, RawHit, today
from .service import ServiceInfo

_OWN_CODES = {"zh": "zh-cn"}
_LISTS = {"search": "organic", "news": "news", "scholar": "organic"}


class Serper(ApiProvider):
    info = ServiceInfo(
        name="serper",
        home="https://google.serper.dev",
        key="required",
        kinds={"web": "search", "news": "news", "paper": "scholar"},
        dates="service",
        remarks={"language": "language is a wish, not a filter"},
    )

    async def find(self, query: Query) -> RawAnswer:
        kind = self.info.kinds[query.kind or "web"]
        reply = await self.ask(
            f"/{kind}",
            json={
                "q": f"{query.text} site:{query.site}" if query.site else query.text,
                "num": 10 if query.k <= 10 else self.info.most,  # above ten it costs twice as much
                "hl": _OWN_CODES.get(query.language or "", query.language),
                "tbs": _range(query),
            },
            headers={"X-API-KEY": self._key},
        )
        return RawAnswer([_found(row) for row in self.rows(reply, _LISTS[kind])])


def _range(query: Query) -> str | None:
    """Google's own form of a range of days."""
    if not (query.since or query.until):
        return None
    first, last = ((day or other).split("-") for day, other in ((query.since, "1970-01-01"), (query.until, today())))
    days = [f"{int(month)}/{int(day)}/{year}" for year, month, day in (first, last)]
    return f"cdr:1,cd_min:{days[0]},cd_max:{days[1]}"


def _found(row: dict[str, Any]) -> RawHit:
    year = row.get("year")
    when = row.get("date") or (str(year) if isinstance(year, int | str) else None)
    return RawHit(row.get("link"), row.get("title"), row.get("snippet"), when)
