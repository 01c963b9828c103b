"""arXiv: abstracts of preprints, as an Atom feed.

Documentation: https://info.arxiv.org/help/api/user-manual.html, https://info.arxiv.org/help/api/tou.html.
"""

import re

from lxml import etree

from ..search import Query
from .base import ApiProvider, RawAnswer, RawHit
from .service import ServiceInfo

WORDS = 20  # words of a query that are searched for
_ATOM = "{http://www.w3.org/2005/Atom}"
_OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
_TERM = re.compile(r'"[^"]+"|[^\s"]+')
_SYNTAX = re.compile(r"[^\w.+-]+")
_OPERATORS = frozenset(("AND", "OR", "ANDNOT"))


class Arxiv(ApiProvider):
    info = ServiceInfo(
        name="arxiv",
        home="https://export.arxiv.org",
        kinds={"paper": ""},
        most=50,
        dates="service",
        hosts=("arxiv.org",),
        gap=3.0,
        remarks={"language": "nearly all of it is English: no language filter applied"},
    )

    async def find(self, query: Query) -> RawAnswer:
        """Works with every word of the query; where there is none, those with any of them."""
        terms = _terms(query.text)
        if not terms:
            return RawAnswer([], ["nothing in the query can be searched for"])
        cut = [f"the query was cut to {WORDS} words"] if len(terms) > WORDS else []
        terms = terms[:WORDS]
        answer = await self._search(" AND ".join(terms), query)
        if not (answer.hits or answer.counted or len(terms) == 1):
            answer = await self._search(" OR ".join(terms), query)
            answer.notes.append("no work has all words of the query")
        answer.notes += cut
        return answer

    async def _search(self, expression: str, query: Query) -> RawAnswer:
        if query.since or query.until:
            first, last = (query.since or "1991-01-01"), (query.until or "2199-12-31")
            dates = f"submittedDate:[{first.replace('-', '')}0000 TO {last.replace('-', '')}2359]"
            expression = f"({expression}) AND {dates}"
        answer = await self.call(
            "/api/query",
            params={"search_query": expression, "max_results": min(query.k, self.info.most), "sortBy": "relevance"},
        )
        feed = self._feed(answer.body)
        entries = feed.findall(f"{_ATOM}entry")
        if any("/api/errors" in _text(entry, "id") for entry in entries):
            raise self.failure("refused", f"error: {_text(entries[0], 'summary')}")
        total = feed.findtext(f"{_OPENSEARCH}totalResults", "").strip()
        return RawAnswer([_found(entry) for entry in entries], total=total)

    def _feed(self, body: bytes) -> etree._Element:
        """The feed; no entity is expanded, no address in it is followed. Raises SearchFailed."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            feed = etree.fromstring(body, parser)
        except (etree.XMLSyntaxError, ValueError):
            raise self.failure("not_understood", "the answer is not XML") from None
        if feed.tag != f"{_ATOM}feed" or feed.getroottree().docinfo.doctype:
            raise self.failure("not_understood", "the answer is not an Atom feed")
        return feed


def _terms(text: str) -> list[str]:
    """The words of a query, and its quoted phrases, each to be searched for in all fields."""
    words = [" ".join(_SYNTAX.split(term)).strip(" .-+") for term in _TERM.findall(text)]
    return [f'all:"{word}"' for word in words if word and word not in _OPERATORS]


def _text(entry: etree._Element, name: str) -> str:
    return " ".join(entry.findtext(f"{_ATOM}{name}", "").split())


def _found(entry: etree._Element) -> RawHit:
    address = _text(entry, "id").replace("http://", "https://", 1)
    return RawHit(address, _text(entry, "title"), _text(entry, "summary"), _text(entry, "published"), "en")
