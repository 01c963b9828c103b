"""HTML pages: the main content, and what the page says about itself."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from ...errors import DocumentError
from ...text.encoding import decode
from ..documents import Block, Document, ReadProblem
from ..passages import size
from .html_walk import is_index, main_content, walk
from .markdown import markdown_blocks

LARGEST_ARTICLE = 2 * 1024 * 1024
"""Characters up to which the article extractor, which is slow, is tried."""
LEAST = 50
"""Words: an extractor that finds less has not found the article."""
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
    logging.getLogger(_name).addHandler(logging.NullHandler())  # they complain aloud about every odd page


def read_html(path: Path) -> Iterator[Document | ReadProblem]:
    """One document. Raises DocumentError, OSError."""
    yield parse_html(decode(path.read_bytes(), str(path)), str(path), path.stem)


def parse_html(text: str, id: str, name: str) -> Document:
    """The page `text` as a document; `name` is its title where it has none.

    Manuals are walked element by element, so that signatures, definitions, tables and code keep their form. Other
    pages go through an extractor made for articles, which knows better what is not content. Raises DocumentError.
    """
    text = re.sub(r"\A\s*<\?xml[^>]*\?>", "", text)  # the parser refuses text that declares an encoding
    tree = etree.HTML(text or " ", etree.HTMLParser(remove_comments=True, remove_pis=True))
    if tree is None:
        raise DocumentError(f"{id} holds nothing.", "Remove it or fill it.")
    meta = _meta(tree)
    manual = _is_manual(tree) or len(text) > LARGEST_ARTICLE
    main = main_content(tree)
    if is_index(main):
        raise DocumentError(f"{id} holds nothing but links.", "Name the pages that they lead to.")
    if manual:
        blocks = walk(main)
    else:
        from trafilatura import extract_metadata  # noqa: PLC0415  slow to import

        blocks = _article(text, main)
        guessed = extract_metadata(text, extensive=False)  # else it takes any year in the text for a date
        meta = {key: getattr(guessed, key) for key in ("title", "date", "url") if getattr(guessed, key)} | meta
    return Document(
        id,
        meta.get("title") or name,
        blocks,
        url=meta.get("url"),
        date=meta.get("date"),
        language=tree.get("lang") or tree.get("xml:lang"),
    )


def fragment_blocks(text: str) -> list[Block]:
    """The blocks of a page or piece of a page that is content throughout: a chapter, a letter, an entry of a feed."""
    text = re.sub(r"\A\s*<\?xml[^>]*\?>", "", text)
    tree = etree.HTML(text or " ", etree.HTMLParser(remove_comments=True, remove_pis=True))
    return [] if tree is None else walk(main_content(tree))


def _is_manual(tree: Any) -> bool:
    if any(_MANUALS.search(meta.get("content") or "") for meta in tree.iterfind(".//meta[@name='generator']")):
        return True
    return tree.find(".//pre") is not None or tree.find(".//dl/dt") is not None


def _article(text: str, main: Any) -> list[Block]:
    """What the article extractor finds; all visible text where that is next to nothing."""
    from trafilatura import extract  # noqa: PLC0415  slow to import

    found = extract(text, output_format="markdown", include_comments=False, include_tables=True, fast=True) or ""
    if size(found) < LEAST:
        blocks = walk(main)
        if sum(size(block.text) for block in blocks) > 2 * size(found):
            return blocks
    return markdown_blocks(found)


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
