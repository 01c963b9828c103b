"""OpenAlex: titles and abstracts of scholarly works. A key is free and raises the day's allowance tenfold.

Documentation: https://developers.openalex.org/api-reference/works/list-works,
https://developers.openalex.org/api-reference/authentication, https://developers.openalex.org/guides/filtering.
"""

from typing import Any

from ..search import Query
from .base import ApiProvider, RawAnswer, RawHit
from .service import ServiceInfo

LONGEST_ABSTRACT = 3_000  # words of an abstract that are put together


class OpenAlex(ApiProvider):
    info = ServiceInfo(
        name="openalex",
        home="https://api.openalex.org",
        key="optional",
        kinds={"paper": ""},
        most=50,
        dates="service",
        own={403: "rate_limited"},
        remarks={"site": "the site filter looks at the address of each work found, which leaves few"},
    )

    async def find(self, query: Query) -> RawAnswer:
        filters = {"from_publication_date": query.since, "to_publication_date": query.until, "language": query.language}
        reply = await self.ask(
            "/works",
            params={
                "search": query.text,
                "filter": ",".join(f"{name}:{value}" for name, value in filters.items() if value) or None,
                "per_page": min(query.k, self.info.most),
                "select": "id,doi,display_name,publication_date,language,abstract_inverted_index,primary_location",
                "api_key": self._key or None,
                "mailto": self.contact or None,
            },
        )
        meta = reply.get("meta")
        total = meta.get("count") if isinstance(meta, dict) else None
        return RawAnswer([_found(work) for work in self.rows(reply, "results")], total=total)


def _found(work: dict[str, Any]) -> RawHit:
    place = work.get("primary_location")
    page = place.get("landing_page_url") if isinstance(place, dict) else None
    return RawHit(
        work.get("doi") or page or work.get("id"),
        work.get("display_name"),
        abstract(work.get("abstract_inverted_index")),
        work.get("publication_date"),
        work.get("language"),
        page,
    )


def abstract(index: object) -> str:
    """The text of an inverted index ({word: [places]}); of anything else, nothing."""
    if not isinstance(index, dict):
        return ""
    words: list[tuple[int, str]] = []
    for word, places in index.items():
        if isinstance(places, list) and len(words) < LONGEST_ABSTRACT:
            words += [(place, word) for place in places[:LONGEST_ABSTRACT] if type(place) is int]
    return " ".join(word for _, word in sorted(words)[:LONGEST_ABSTRACT])
