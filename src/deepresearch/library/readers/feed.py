"""RSS and Atom: every entry is a document with its own address and date."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import DocumentError
from ..documents import Block, Document, ReadProblem
from .html import fragment_blocks
from .rows import about


def read_feed(path: Path) -> Iterator[Document | ReadProblem]:
    """A document per entry. Raises DocumentError where the file is not a sound feed, OSError."""
    import feedparser  # noqa: PLC0415  slow to import

    feed = feedparser.parse(path.read_bytes(), sanitize_html=False, resolve_relative_uris=False)
    if not feed.version:
        raise DocumentError(f"{path} is not an RSS or Atom feed.", "Convert it to text, Markdown or HTML.")
    title = _line(feed.feed.get("title")) or path.stem
    seen: set[str] = set()
    for number, entry in enumerate(feed.entries, 1):
        mark = entry.get("id") or _link(entry) or str(number)
        id = f"{path}#{mark if mark not in seen else number}"
        seen.add(mark)
        yield _entry(entry, id, title)


def _entry(entry: Any, id: str, feed: str) -> Document:
    title = _line(entry.get("title")) or feed
    texts = [content.value for content in entry.get("content", ())] + [entry.get("summary") or ""]
    blocks = [Block("heading", feed, 1), Block("heading", title, 2), *about(author=_line(entry.get("author")))]
    blocks += fragment_blocks(next((text for text in texts if text.strip()), ""))
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    date = "{:04}-{:02}-{:02}".format(*moment[:3]) if moment else None
    return Document(id, title, blocks, url=_link(entry) or None, date=date)


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _link(entry: Any) -> str:
    link = str(entry.get("link") or "")
    return link if link.startswith(("http://", "https://")) else ""
