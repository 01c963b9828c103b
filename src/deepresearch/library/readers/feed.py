"""RSS and Atom: every entry is a document with its own address and date."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from lxml import etree

from ...errors import DocumentError
from ..documents import Block, Document, ReadProblem
from .html import fragment_blocks
from .rows import about

_TEXTS = ("encoded", "content", "description", "summary")
"""Names of the elements with an entry's text, the fullest first."""
_DATES = ("pubDate", "published", "date", "updated")


def read_feed(path: Path) -> Iterator[Document | ReadProblem]:
    """A document per entry. Raises DocumentError where the file is no sound feed, OSError."""
    root = parse_xml(path.read_bytes(), path)
    if etree.QName(root).localname not in ("rss", "feed", "RDF"):
        raise DocumentError(f"{path} is XML, but no RSS or Atom feed.", "Convert it to text, Markdown or HTML.")
    channel = next(_named(root, "channel"), root)
    title = _text(channel, "title") or path.stem
    seen: set[str] = set()
    for number, entry in enumerate(root.iter("{*}item", "{*}entry"), 1):
        mark = _text(entry, "guid") or _text(entry, "id") or _link(entry) or str(number)
        id = f"{path}#{mark if mark not in seen else number}"
        seen.add(mark)
        yield _entry(entry, id, title)


def parse_xml(data: bytes, path: Path) -> Any:
    """The root element; entities are not resolved, nothing is loaded. Raises DocumentError."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(f"{path} is not sound XML: {error}.", "Save it again.") from error


def _entry(entry: Any, id: str, feed: str) -> Document:
    title = _text(entry, "title") or feed
    found = next((element for name in _TEXTS for element in _named(entry, name) if _whole(element).strip()), None)
    author = _text(entry, "creator") or _text(entry, "author")
    blocks = [Block("heading", feed, 1), Block("heading", title, 2), *about(author=author)]
    if found is not None:
        blocks += fragment_blocks(_whole(found))
    return Document(id, title, blocks, url=_link(entry) or None, date=_date(entry))


def _named(element: Any, name: str) -> Iterator[Any]:
    """The children of that name, in whatever namespace."""
    return (child for child in element.iterchildren("{*}" + name) if "search.yahoo.com/mrss" not in child.tag)


def _whole(element: Any) -> str:
    """An element's text; of XHTML inside it, the mark-up too."""
    return "".join([element.text or "", *(etree.tostring(child, encoding="unicode") for child in element)])


def _text(element: Any, name: str) -> str:
    """The text of the first child of that name; HTML in it (titles of some feeds) is left as it is."""
    return next((" ".join("".join(child.itertext()).split()) for child in _named(element, name)), "")


def _link(entry: Any) -> str:
    links = list(_named(entry, "link"))
    links.sort(key=lambda link: link.get("rel", "alternate") != "alternate")
    found = next((link.get("href") or (link.text or "").strip() for link in links), "")
    return found if found.startswith(("http://", "https://")) else ""


def _date(entry: Any) -> str | None:
    date = next((found for name in _DATES if (found := _text(entry, name))), "")
    if date[:4].isdigit():
        return date
    try:
        return parsedate_to_datetime(date).date().isoformat()
    except ValueError:
        return None
