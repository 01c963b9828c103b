"""What a search provider is: one protocol for the web and for the user's own library."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from ..trajectory import Passage

Kind = Literal["web", "news", "paper", "encyclopedia"]  # what sort of thing a result is


@dataclass(frozen=True)
class Query:
    """One query with its filters; a provider ignores none of them silently (see `SearchResult.notes`)."""

    text: str
    k: int = 6
    """Passages wanted."""
    since: str | None = None
    """Earliest date, YYYY-MM-DD."""
    until: str | None = None
    language: str | None = None
    """ISO 639-1 code."""
    site: str | None = None
    """Only this domain, its subdomains included, or only this folder of it."""
    kind: Kind | None = None


@dataclass(frozen=True)
class Hit:
    """A passage with its rank score; higher is better, comparable within one result only."""

    passage: Passage
    score: float


@dataclass(frozen=True)
class SearchResult:
    """Ranked hits. No hits means: looked, nothing there, if `complete`. A failure is raised as SearchFailed instead."""

    hits: list[Hit]
    provider: str
    notes: list[str] = field(default_factory=list)
    complete: bool = True
    """False: not everything was asked or gave an answer, so that no hits do not mean that there is nothing."""
    weighed: bool = False
    """The order already reflects authority, by scores that ranks no longer show."""


def passage_id(document: str, text: str, repeat: int = 0) -> str:
    """12 characters, a-z2-7, from the document's id and the passage's text alone.

    repeat: number of earlier passages of the document with the same text.
    """
    key = f"{document}\0{text}" + (f"\0{repeat}" if repeat else "")
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    return base64.b32encode(digest[:8]).decode().lower()[:12]


def excerpt_id(document: str, text: str) -> str:
    """The id of an excerpt: never that of the document's own paragraph, though the text may be the same."""
    return passage_id(f"excerpt of {document}", text)


def in_words(seconds: float) -> str:
    """A span of time, rounded to its largest unit."""
    for size, name in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            count = round(seconds / size)
            return f"{count} {name}{'s' if name == 'day' else ''}"
    return f"{max(0, round(seconds))} s"


class Source(Protocol):
    """A place to read from."""

    name: str

    async def open(self, reference: str) -> list[Passage]:
        """All passages of a document, in order, given its `Passage.document` or url.

        Raises FetchFailed; an empty list means: not a document of this source.
        """
        ...

    def close(self) -> None:
        """Close files and connections."""
        ...


@runtime_checkable
class SearchProvider(Source, Protocol):
    """A place to search and to read from."""

    async def search(self, query: Query) -> SearchResult:
        """Ranked passages. Raises SearchFailed."""
        ...
