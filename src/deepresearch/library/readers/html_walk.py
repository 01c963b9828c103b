"""A page element by element: headings, paragraphs, lists, definitions, tables and code keep their form."""

import re
from collections.abc import Iterator
from typing import Any

from ..documents import Block, BlockKind
from ..passages import size
from .html_signs import CAPTION, LONGEST_CELL, description, replace_by_text
from .rows import markdown_table, without_empty_columns
from .text import unwrapped

_GONE = frozenset(
    "script style noscript template svg canvas iframe object embed form button input select textarea dialog nav head "
    "footer".split()
)
_GONE_ROLES = frozenset("navigation banner contentinfo search complementary dialog menu menubar".split())
_GONE_MARKS = frozenset(
    "nav navbar navigation navheader navfooter sidebar sphinxsidebar breadcrumb breadcrumbs headerlink toc related "
    "menu toctree-wrapper skip-link skip footer cookie-banner share social advertisement".split()
)
"""Classes and ids of what is not content."""
HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
_BLOCKS = frozenset(
    "address article blockquote body caption center dd details div dl dt fieldset figcaption figure header hr html li "
    "main ol p section summary table tbody td tfoot th thead tr ul".split()
)
TERM_LEVEL = 7  # below the headings of HTML, h1 to h6
DEEPEST = 200
"""Elements within elements: what is nested deeper is an attack, not a page."""
LONGEST_TITLE = 160
"""Characters of a paragraph in bold type that is a heading."""
_PROSE = 20  # words in one piece that make running text


def main_content(tree: Any) -> Any:
    """The element of a parsed page with its content, cleared of menus and of what is not shown."""
    main = _main(tree)
    for element in list(main.iter())[1:]:
        if _is_gone(element):
            replace_by_text(element, "")
    return main


def is_index(main: Any) -> bool:
    """Whether the content is nothing but links: a register, a table of contents. Articles have prose beside them."""
    return _linked(main, 50) and not any(size(text or "") >= _PROSE for text in _unlinked(main))


def _unlinked(main: Any) -> Iterator[str | None]:
    """The pieces of text that are in no link."""
    for element in main.iter("p", "div", "li", "td", "dd"):
        yield element.text
        yield from (child.tail for child in element)


def walk(main: Any) -> list[Block]:
    """The blocks of the content, in order."""
    walker = _Walker()
    walker.enter(main, 0)
    walker.flush()
    return walker.blocks


def _main(tree: Any) -> Any:
    for way in (".//main", ".//*[@role='main']", ".//article"):
        found = tree.findall(way)
        if len(found) == 1:
            return found[0]
    body = tree.find("body")
    return tree if body is None else body


class _Walker:
    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._parts: list[str] = []
        self._kind: BlockKind = "paragraph"
        self._bullet = ""
        """What is put before the next text of a list without numbers."""
        self._lists: list[str] = []  # tags of the lists around
        self._terms = 0  # definition lists around

    def flush(self) -> None:
        text = unwrapped("".join(self._parts))
        self._parts = []
        if text:
            self.blocks.append(Block(self._kind, self._bullet + text))
            self._bullet = ""

    def enter(self, element: Any, depth: int) -> None:
        tag = element.tag
        if depth > DEEPEST:
            return
        if tag in HEADINGS:
            self._heading(element, int(tag[1]))
        elif tag == "p" and _is_title(element):
            self._heading(element, TERM_LEVEL - 1)
        elif tag == "pre":
            self._code(element)
        elif tag == "dt":
            self._term(element)
        elif tag == "table" and (rows := _rows(element)):
            self.flush()
            self.blocks.append(Block("table", rows))
        elif tag == "img":
            text = description(element)
            self._parts.append(f" [{text}] " if len(text.split()) >= CAPTION else "")
        else:
            self._inside(element, tag, depth)

    def _inside(self, element: Any, tag: str, depth: int) -> None:
        block = tag in _BLOCKS
        if block:
            self.flush()
        if tag in ("ul", "ol"):
            self._lists.append(tag)
        elif tag == "li":
            self._kind, self._bullet = "item", "" if self._lists[-1:] == ["ol"] else "- "
        self._terms += tag == "dl"
        self._parts.append("\n" if tag == "br" else element.text or "")
        for child in element:
            self.enter(child, depth + 1)
            self._parts.append(child.tail or "")
        if block:
            self.flush()
        if tag in ("ul", "ol"):
            self._lists.pop()
            self._kind, self._bullet = "paragraph", ""
        if tag == "dl":
            self.blocks.append(Block("heading", "", self._level()))
            self._terms -= 1

    def _level(self) -> int:
        return TERM_LEVEL + max(self._terms, 1) - 1

    def _heading(self, element: Any, level: int) -> None:
        self.flush()
        if text := unwrapped(_visible(element)):
            self.blocks.append(Block("heading", text, level))

    def _term(self, element: Any) -> None:
        self.flush()
        if text := unwrapped(_visible(element)):
            self.blocks.append(Block("term", text, self._level()))

    def _code(self, element: Any) -> None:
        self.flush()
        code = _visible(element).strip("\n").rstrip()
        if code.strip():
            fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", code)), 3)
            self.blocks.append(Block("code", f"{fence}\n{code}\n{fence}"))


def _is_gone(element: Any) -> bool:
    tag = element.tag
    if (
        not isinstance(tag, str)
        or tag in _GONE
        or (tag in ("ul", "ol", "dl", "aside", "div") and _is_menu(element, tag))
    ):
        return True
    if element.get("role") in _GONE_ROLES or element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    if "display:none" in (element.get("style") or "").replace(" ", ""):
        return True
    marks = f"{element.get('class') or ''} {element.get('id') or ''}".lower().split()
    return tag not in ("main", "article") and not _GONE_MARKS.isdisjoint(marks)


def _is_title(paragraph: Any) -> bool:
    """Whether all words of a short paragraph are in bold type, and make no sentence but a question perhaps."""
    text = " ".join("".join(paragraph.itertext()).split())
    bold = sum(map(length, paragraph.iter("b", "strong")))
    marks = sum(map(len, re.findall(r"[\W\d]", text)))
    return 0 < len(text) <= LONGEST_TITLE and not re.search(r"[.:;,。：；，]$", text) and bold >= len(text) - marks > 3


def _visible(element: Any) -> str:
    """All text in an element; line breaks are kept."""
    for line_break in element.iterfind(".//br"):
        line_break.text = "\n"
    return "".join(element.itertext())


def _is_menu(element: Any, tag: str) -> bool:
    """Whether a list is a table of contents: all links, which in plain lists lead to places of the same page."""
    if not _linked(element, 5):
        return False
    return tag in ("dl", "aside") or all((link.get("href") or "#").startswith("#") for link in element.iterfind(".//a"))


def _linked(element: Any, least: int) -> bool:
    """Whether there are so many links, and next to nothing else."""
    links = element.findall(".//a")
    if len(links) < least:
        return False
    return sum(map(length, links)) > 0.7 * length(element)


def length(element: Any) -> int:
    """Characters of the text in an element, without white space."""
    return len("".join("".join(element.itertext()).split()))


def _rows(table: Any) -> str:
    """A table as Markdown; empty where it is not a table of data. Merged cells are spread already."""
    if table.find(".//table") is not None:
        return ""
    cells = ([unwrapped(_visible(cell)) for cell in row.iterchildren("td", "th")] for row in table.iter("tr"))
    rows = without_empty_columns([row for row in cells if any(row)])
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(cell) > LONGEST_CELL for row in rows for cell in row):
        return ""
    caption = table.find("caption")
    title = unwrapped(_visible(caption)) + "\n\n" if caption is not None else ""
    return title + markdown_table(rows)
