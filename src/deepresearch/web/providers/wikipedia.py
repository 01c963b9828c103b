"""Wikipedia by its action interface: full-text search with the introductions of the articles found.

Documentation: https://www.mediawiki.org/wiki/API:Search, https://www.mediawiki.org/wiki/Extension:TextExtracts.
"""

from typing import Any

from ...text.language import detect_language, primary_code
from ..search import Query
from .base import ApiProvider, RawAnswer, RawHit, Site
from .service import ServiceInfo


class Wikipedia(ApiProvider):
    info = ServiceInfo(
        name="wikipedia",
        home="https://{language}.wikipedia.org",
        kinds={"encyclopedia": ""},
        most=20,  # introductions that one request may bring
        longest=300,
        hosts=("wikipedia.org",),
        remarks={
            "dates": "articles have no date of publication, dates are those of the last edit: no date filter applied"
        },
    )

    async def find(self, query: Query) -> RawAnswer:
        """The edition is that of the query's language, or of the script it is written in."""
        edition = query.language or detect_language(query.text) or "en"
        reply = await self.ask(
            "/w/api.php",
            base=self.base.replace("{language}", edition),
            params={
                "action": "query",
                "format": "json",
                "formatversion": 2,
                "generator": "search",
                "gsrsearch": query.text,
                "gsrlimit": min(query.k, self.info.most),
                "prop": "extracts|info|revisions",
                "exintro": 1,
                "explaintext": 1,
                "exlimit": "max",
                "inprop": "url",
                "rvprop": "timestamp",
            },
        )
        if "error" in reply:
            code = reply["error"].get("code") if isinstance(reply["error"], dict) else None
            limited = code in ("ratelimited", "maxlag")
            raise self.failure("rate_limited" if limited else "refused", f"error {code}")
        pages = sorted(self.rows(reply, "query", "pages", empty="batchcomplete" in reply), key=_place)
        return RawAnswer([_found(page, edition) for page in pages])

    def unsuited(self, query: Query, site: Site | None) -> str:
        """An edition of another language has nothing on the site of one edition."""
        edition = primary_code(query.language) or detect_language(query.text) or "en"
        if site and site[0].endswith(".wikipedia.org") and site[0].split(".")[0] not in (edition, "www"):
            return f"the edition of language {edition} is not {site[0]}"
        return super().unsuited(query, site)


def _place(page: dict[str, Any]) -> int:
    index = page.get("index")
    return index if isinstance(index, int) else 1_000


def _found(page: dict[str, Any], edition: str) -> RawHit:
    revisions = page.get("revisions")
    newest = revisions[0] if isinstance(revisions, list) and revisions else None
    edited = newest.get("timestamp") if isinstance(newest, dict) else None
    return RawHit(page.get("fullurl"), page.get("title"), page.get("extract"), edited, edition)
