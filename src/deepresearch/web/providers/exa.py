"""Exa: search by meaning, with the passages of each page that answer best.

Documentation: https://exa.ai/docs/reference/search, https://exa.ai/docs/reference/error-codes.
"""

from typing import Any

from ..search import Query
from .base import ApiProvider, RawAnswer, RawHit
from .service import ServiceInfo


class Exa(ApiProvider):
    info = ServiceInfo(
        name="exa",
        home="https://api.exa.ai",
        key="required",
        kinds={"web": "", "news": "news", "paper": "research paper"},
        most=25,
        dates="service",
        remarks={"language": "it knows no languages: no language filter applied"},
    )

    async def find(self, query: Query) -> RawAnswer:
        reply = await self.ask(
            "/search",
            json={
                "query": query.text,
                "numResults": min(query.k, self.info.most),
                "category": self.info.kinds[query.kind or "web"] or None,
                "includeDomains": [query.site.split("/")[0]] if query.site else None,
                "startPublishedDate": f"{query.since}T00:00:00.000Z" if query.since else None,
                "endPublishedDate": f"{query.until}T23:59:59.999Z" if query.until else None,
                "contents": {"highlights": True},
            },
            headers={"x-api-key": self._key},
        )
        return RawAnswer([_found(row) for row in self.rows(reply, "results")])


def _found(row: dict[str, Any]) -> RawHit:
    parts = row.get("highlights")
    text = " … ".join(part for part in parts if isinstance(part, str)) if isinstance(parts, list) else row.get("text")
    return RawHit(row.get("url"), row.get("title"), text, row.get("publishedDate"))
