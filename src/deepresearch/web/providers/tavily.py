"""Tavily: search made for agents, with longer extracts.

Documentation: https://docs.tavily.com/documentation/api-reference/endpoint/search,
https://help.tavily.com/articles/8645538886-understanding-http-errors.
"""

from ..search import Query
from .base import ApiProvider, RawAnswer, RawHit
from .service import ServiceInfo


class Tavily(ApiProvider):
    info = ServiceInfo(
        name="tavily",
        home="https://api.tavily.com",
        key="required",
        kinds={"web": "general", "news": "news"},
        longest=400,
        dates="service",
        own={432: "out_of_quota", 433: "out_of_quota"},
        remarks={"language": "it knows no languages: no language filter applied"},
    )

    async def find(self, query: Query) -> RawAnswer:
        reply = await self.ask(
            "/search",
            json={
                "query": query.text,
                "max_results": min(query.k, self.info.most),
                "topic": self.info.kinds[query.kind or "web"],
                "start_date": query.since,
                "end_date": query.until,
                "include_domains": [query.site.split("/")[0]] if query.site else None,
            },
            headers=self.bearer(),
        )
        return RawAnswer(
            [
                RawHit(row.get("url"), row.get("title"), row.get("content"), row.get("published_date"))
                for row in self.rows(reply, "results")
            ]
        )
