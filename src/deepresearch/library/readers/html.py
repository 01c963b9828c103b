"""HTML pages: the main content, and the page's own metadata."""

import logging
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from lxml import etree
from lxml.html import HTMLParser

from ...errors import DocumentError
from ...text.encoding import decode
from ..documents import Block, Document, ReadProblem, own_title
from ..passages import size
from .html_signs import write_signs
from .html_walk import HEADINGS, is_index, length, main_content, walk
from .markdown import markdown_blocks

LARGEST_ARTICLE = 2 * 1024 * 1024
"""Characters up to which the article extractor, which is slow, is tried."""
LEAST = 50
"""Words: an extractor that finds less has not found the article."""
MANUAL = 0.15
"""Part of a page's text in code and definitions from which it is a manual."""
PLACES = 3
"""Places in itself that the table of contents of a manual leads to, at least."""
SENTENCE = 8  # words of a line that may be a sentence
_NUMBERED = re.compile(r"^([ \t]*)- (?=(?:\d{1,6}|[a-z]{1,4}|[A-Z]{1,4})\. )", re.MULTILINE)
"""Items of lists whose numbers are in their text."""
_BOLD = re.compile(r"(?:- )?((?:\(?\d+[.)] )?)\*\*([^*\n]{3,160}[^*\n.:;,。：；，])\*\*")
"""A paragraph in bold type, which is a heading."""
_MANUALS = re.compile(
    r"docutils|sphinx|docbook|doxygen|mkdocs|asciidoc|makeinfo|texinfo|javadoc|rustdoc|mdbook|pandoc|latex2html",
    re.IGNORECASE,
)
_DATES = (
    "article:published_time datepublished citation_publication_date citation_date dc.date dc.date.issued dcterms.date "
    "dcterms.issued date article:modified_time last-modified"
).split()
"""Names of meta elements, the most telling first."""
for _name in ("trafilatura", "htmldate"):
    logging.getLogger(_name).addHandler(logging.NullHandler())  # they complain about every odd page


def read_html(path: Path) -> Iterator[Document | ReadProblem]:
    """One document. Raises DocumentError, OSError."""
    yield parse_html(decode(path.read_bytes(), str(path)), str(path), path.stem)


def parse_html(text: str, id: str, name: str) -> Document:
    """The page `text` as a document; `name` is its title where it has none.

    Manuals are walked element by element, so that signatures, definitions, tables and code keep their form. Other
    pages go through an extractor made for articles, which knows better what is not content. Raises DocumentError.
    """
    tree = _parsed(text)
    if tree is None:
        raise DocumentError(f"{id} is empty.", "Remove it or fill it.")
    meta = _meta(tree)
    write_signs(tree)
    main = main_content(deepcopy(tree))
    if is_index(main):
        raise DocumentError(f"{id} has nothing but links.", "Name the pages that they lead to.")
    if _is_manual(tree, main) or len(text) > LARGEST_ARTICLE:
        blocks = walk(main)
    else:
        from trafilatura import extract_metadata  # noqa: PLC0415  slow to import

        guessed = extract_metadata(tree, extensive=False)  # else it takes any year in the text for a date
        blocks = _article(tree, main)
        meta = {key: getattr(guessed, key) for key in ("date", "url") if getattr(guessed, key)} | meta
    return Document(
        id,
        meta.get("title") or own_title(blocks) or name,
        blocks,
        url=meta.get("url"),
        date=meta.get("date"),
        language=tree.get("lang") or tree.get("xml:lang"),
    )


def fragment_blocks(text: str) -> list[Block]:
    """The blocks of a page or piece of a page that is content throughout: a chapter, a letter, an entry of a feed."""
    tree = _parsed(text)
    if tree is None:
        return []
    write_signs(tree)
    return walk(main_content(tree))


def _parsed(text: str) -> Any:
    """The root of the page; None where there is nothing in it."""
    text = re.sub(r"\A\s*<\?xml[^>]*\?>", "", text)  # the parser refuses text that declares an encoding
    return etree.HTML(text or " ", HTMLParser(remove_comments=True, remove_pis=True))


def _is_manual(tree: Any, main: Any) -> bool:
    """Whether a documentation tool made the page, it has a table of its own contents, or code and definitions are a
    good part of it."""
    if any(_MANUALS.search(meta.get("content") or "") for meta in tree.iterfind(".//meta[@name='generator']")):
        return True
    if _contents(tree) >= PLACES:
        return True
    inside = sum(length(element) for element in main.iter("pre", "dl"))
    return inside > MANUAL * length(main)


def _contents(tree: Any) -> int:
    """The headings and empty anchors of the page that links on it lead to."""
    linked = {href[1:] for a in tree.iter("a") if len(href := a.get("href") or "") > 1 and href[0] == "#"}
    headings = [{e.get("id") or e.get("name") for e in h.iter()} for h in tree.iter(*HEADINGS)] if linked else []
    anchors = [{a.get("name")} for a in tree.iter("a") if not length(a)] if linked else []
    return sum(not linked.isdisjoint(names) for names in (*headings, *anchors))


def _article(tree: Any, main: Any) -> list[Block]:
    """What the article extractor finds; all visible text where that is next to nothing."""
    found = _extracted(tree, fast=True)
    if not _is_prose(found):  # its quick way takes a page with little text and large menus for a list
        found = _extracted(tree, fast=False) or found
    if size(found) < LEAST:
        blocks = walk(main)
        if sum(size(block.text) for block in blocks) > 2 * size(found):
            return blocks
    blocks = [replace(block, text=_NUMBERED.sub(r"\1", block.text)) for block in markdown_blocks(found)]
    titles = [_BOLD.fullmatch(block.text) for block in blocks]
    return [Block("heading", t[1] + t[2], 6) if t else block for block, t in zip(blocks, titles, strict=True)]


def _extracted(tree: Any, fast: bool) -> str:
    from trafilatura import extract  # noqa: PLC0415  slow to import

    copy = deepcopy(tree)
    etree.strip_tags(copy, "time")  # what is in it would be read as metadata of the page
    for listing in copy.iter("ol"):
        listing.tag = "ul"  # its numbers are in its text
    return extract(copy, output_format="markdown", include_comments=False, include_tables=True, fast=fast) or ""


def _is_prose(text: str) -> bool:
    """Whether most words are in lines that may be sentences."""
    lines = [(size(line), line) for line in text.split("\n")]
    return 2 * sum(n for n, line in lines if n >= SENTENCE or "|" in line) >= sum(n for n, _ in lines)


def _meta(tree: Any) -> dict[str, str]:
    """title, date and url as far as the page declares them."""
    declared = {
        (meta.get("name") or meta.get("property") or meta.get("itemprop") or "").lower(): meta.get("content") or ""
        for meta in tree.iterfind(".//meta")
    }
    canonical = tree.find(".//link[@rel='canonical']")
    url = canonical.get("href") if canonical is not None else declared.get("og:url")
    found = {
        "title": " ".join((tree.findtext(".//title") or declared.get("og:title") or "").split()),
        "date": next((declared[name] for name in _DATES if declared.get(name)), ""),
        "url": url if (url or "").startswith(("http://", "https://")) else "",
    }
    return {key: value for key, value in found.items() if value}
