"""Crossref: what publishers register about their works; an abstract for about a third of them.

Documentation: https://www.crossref.org/documentation/retrieve-metadata/rest-api/ (access and authentication, filters).
"""

from typing import Any

from ..search import Query
from .base import ApiProvider, RawAnswer, RawHit
from .cleaning import plain
from .service import ServiceInfo


class Crossref(ApiProvider):
    info = ServiceInfo(
        name="crossref",
        home="https://api.crossref.org",
        kinds={"paper": ""},
        most=50,
        dates="service",
        remarks={
            "language": "it knows no languages: no language filter applied",
            "site": "the site filter looks at the address of each work found, which leaves few",
        },
    )

    async def find(self, query: Query) -> RawAnswer:
        filters = {"from-pub-date": query.since, "until-pub-date": query.until}
        reply = await self.ask(
            "/v1/works",
            params={
                "query": query.text,
                "filter": ",".join(f"{name}:{value}" for name, value in filters.items() if value) or None,
                "rows": min(query.k, self.info.most),
                "select": "DOI,URL,title,abstract,issued,container-title,resource",
                "mailto": self.contact or None,
            },
        )
        total = _part(reply.get("message"), "total-results")
        return RawAnswer([_found(work) for work in self.rows(reply, "message", "items")], total=total)


def _found(work: dict[str, Any]) -> RawHit:
    title, journal = _first(work.get("title")), plain(_first(work.get("container-title")))
    doi = plain(work.get("DOI"))
    where = f"Published in {journal.rstrip('.')}." if journal else None
    return RawHit(
        work.get("URL") or (f"https://doi.org/{doi}" if doi else None),
        title,
        work.get("abstract") or where,
        _first(_part(work.get("issued"), "date-parts")),
        instead=f"Work without a title in {journal} (doi:{doi})" if journal else "",
        place=_part(_part(work.get("resource"), "primary"), "URL"),
    )


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None


def _part(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None
