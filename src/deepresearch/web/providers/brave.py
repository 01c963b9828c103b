"""Brave Search: an index of its own, web and news.

Documentation: https://api-dashboard.search.brave.com/api-reference/web/search/get,
https://api.search.brave.com/app/documentation/web-search/response-headers.
"""

from typing import Any

from ..search import Query
from .base import ApiProvider, RawAnswer, RawHit, today
from .service import ServiceInfo

_OWN_CODES = {"zh": "zh-hans", "ja": "jp", "pt": "pt-pt", "no": "nb"}
_LANGUAGES = frozenset(
    "ar eu bn bg ca zh-hans hr cs da nl en et fi fr gl de el gu he hi hu is it jp kn ko lv lt ms ml mr nb pl pt-pt pa "
    "ro ru sr sk sl es sv ta te th tr uk vi".split()
)


class Brave(ApiProvider):
    info = ServiceInfo(
        name="brave",
        home="https://api.search.brave.com",
        key="required",
        kinds={"web": "web", "news": "news"},
        longest=400,
        most_words=50,
        dates="service",
        remarks={"language": "language is a wish, not a filter"},
    )

    async def find(self, query: Query) -> RawAnswer:
        kind = self.info.kinds[query.kind or "web"]
        language = _OWN_CODES.get(query.language or "", query.language)
        known = language if language in _LANGUAGES else None
        reply = await self.ask(
            f"/res/v1/{kind}/search",
            params={
                "q": f"{query.text} site:{query.site}" if query.site else query.text,
                "count": min(query.k, self.info.most),
                "country": "ALL",
                "search_lang": known,
                "freshness": _range(query),
                "text_decorations": "false",
            },
            headers={"X-Subscription-Token": self._key},
        )
        # Of the web it leaves `web` out where it found nothing.
        path = ("results",) if kind == "news" else ("web", "results")
        found = [
            _found(row) for row in self.rows(reply, *path, empty=reply.get("type") == "search" and "web" not in reply)
        ]
        unknown = language and not known
        return RawAnswer(found, [f"it does not know the language {language}: not asked for"] if unknown else [])


def _range(query: Query) -> str | None:
    return f"{query.since or '1970-01-01'}to{query.until or today()}" if query.since or query.until else None


def _found(row: dict[str, Any]) -> RawHit:
    more = row.get("extra_snippets")
    texts = [row.get("description"), *(more if isinstance(more, list) else [])]
    text = " … ".join(text for text in texts if isinstance(text, str))
    return RawHit(row.get("url"), row.get("title"), text, row.get("page_age") or row.get("age"))
