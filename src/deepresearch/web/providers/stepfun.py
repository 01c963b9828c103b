"""StepFun's web search, which favours sites of authority.

Documentation: https://platform.stepfun.com/docs/zh/api-reference/search/search,
https://platform.stepfun.com/docs/zh/api-reference/error-codes.
"""

from ..search import Query
from .base import ApiProvider, RawAnswer, RawHit
from .cleaning import iso_date
from .service import ServiceInfo


class StepFun(ApiProvider):
    info = ServiceInfo(
        name="stepfun",
        home="https://api.stepfun.com",
        key="required",
        kinds={"web": "", "paper": "research"},
        remarks={
            "dates": "it gives the day on which a page was indexed: pages indexed before the range were left out, "
            "no other date filter applied",
            "language": "it knows no languages: no language filter applied",
            "site": "the site filter looks at the pages found, which leaves few",
        },
    )

    async def find(self, query: Query) -> RawAnswer:
        reply = await self.ask(
            "/v1/search",
            json={
                "query": query.text,
                "n": min(query.k, self.info.most),
                "category": self.info.kinds[query.kind or "web"] or None,
            },
            headers=self.bearer(),
        )
        # Without a date: a page may be much older than its place in the index.
        return RawAnswer(
            [
                RawHit(row.get("url"), row.get("title"), row.get("snippet") or row.get("content"))
                for row in self.rows(reply, "results")
                if (iso_date(row.get("time")) or "9999") >= (query.since or "")
            ]
        )
