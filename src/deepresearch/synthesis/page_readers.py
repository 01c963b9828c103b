"""Readers of hyperlinked pages: MediaWiki dumps, folders of HTML or Markdown, and libraries."""

import bz2
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import unquote, urldefrag

import lxml.etree
import lxml.html
import mwparserfromhell
from markdown_it import MarkdownIt
from mdit_py_plugins.admon import admon_plugin

from ..library import Library
from .pages import LinkedPage, PageLink, PageParagraph, PageStore
from .source_reports import NUMBER

LONGEST_TITLE = 6
"""Words of a title that is looked for in the passages of a library."""
LONGEST_NAME = 40
"""Characters of what a link says that a page can be called by, and of what is set as code and names something."""
SHORTEST_TEXT = 20
"""Characters of a paragraph."""
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure form h1 h2 "
    "h3 h4 h5 h6 header hr html legend li main menu ol p section summary table tbody td tfoot th thead tr ul".split()
)
_UNREAD = frozenset("head nav footer pre script style button select svg template noscript textarea".split())
_CODE = frozenset("code tt kbd dfn samp".split())
_CODE_CLASSES = frozenset("application command envar filename function literal option package pkg systemitem".split())
"""Classes of what names a thing in manuals that are made from DocBook or reStructuredText."""


@dataclass(frozen=True)
class Piece:
    """A part of a page, in the order of the text."""

    text: str
    targets: tuple[str, ...] = ()
    role: str = ""
    """Empty: running text; break: a paragraph ends; heading; term: what the text until the next one defines."""


_BLANK_LINE = re.compile(r"\n\s*\n|\n(?=[*#:;])")
_MARKS = re.compile(r"^[*#:;\s]+")
_OTHER_SPACE = re.compile(r"^:?[\w -]{2,20}:")
_WORDS = re.compile(r"\w+(?:[-'’]\w+)*")
_SKIPPED_TAGS = frozenset({"ref", "table", "gallery", "math", "timeline", "syntaxhighlight", "score"})
_SPACES = re.compile(r"[ \t\n\xa0]+")


def read_pages(source: Path, into: Path, data: Path | None = None) -> PageStore:
    """The pages of a dump (.xml, .xml.bz2), a folder of HTML or Markdown, or, with `data`, the library of that name.

    Read anew where `into` is not there yet. Raises UserError where there is nothing to read.
    """
    if into.exists():
        return PageStore(into)
    aside = into.with_name(into.name + ".part")
    aside.unlink(missing_ok=True)
    into.parent.mkdir(parents=True, exist_ok=True)
    store = PageStore(aside)
    try:
        if data is not None:
            _read_library(Library.open(data, source.name, create=False), store)
        elif source.is_dir():
            _read_folder(source, store)
        else:
            _read_dump(source, store)
        store.finish()
    except BaseException:  # of any kind: nothing half-read stays
        store.close()
        aside.unlink(missing_ok=True)
        raise
    store.close()
    aside.replace(into)
    return PageStore(into)


def _read_dump(path: Path, store: PageStore) -> None:
    opener: Any = bz2.open if path.suffix == ".bz2" else open
    title = ""
    try:
        with cast("IO[bytes]", opener(path, "rb")) as file:
            tags = lxml.etree.iterparse(file, events=("end",), tag="{*}page", resolve_entities=False, recover=True)
            for _, element in tags:
                title = element.findtext("{*}title") or ""
                if element.findtext("{*}ns") in (None, "0") and title:
                    redirect = element.find("{*}redirect")
                    to = redirect.get("title", "") if redirect is not None else ""
                    text = "" if to else element.findtext("{*}revision/{*}text") or ""
                    _add_wikitext(title, to, text, store)
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
    except (lxml.etree.XMLSyntaxError, EOFError, OSError) as error:
        store.problem(f"{path.name} after the page {title!r}", str(error))


def _add_wikitext(title: str, redirect: str, text: str, store: PageStore) -> None:
    try:
        paragraphs = [] if redirect else wikitext_paragraphs(text)
    except mwparserfromhell.parser.ParserError as error:
        store.problem(title, str(error))
        return
    if redirect or paragraphs:
        store.add(LinkedPage(title, paragraphs, _as_title(redirect)))
    else:
        store.problem(title, "no text")


def wikitext_paragraphs(text: str) -> list[PageParagraph]:
    """Paragraphs of MediaWiki's markup as plain text with the places of their links."""
    return _paragraphs(_wikitext_pieces(mwparserfromhell.parse(text).nodes))


def _wikitext_pieces(nodes: Sequence[Any]) -> Iterator[Piece]:
    """Every piece of running text; templates, tables and notes are left out."""
    for node in nodes:
        match type(node).__name__:
            case "Text":
                yield Piece(str(node))
            case "HTMLEntity":
                yield Piece(node.normalize())
            case "Heading":
                yield Piece(node.title.strip_code(), role="heading")
            case "ExternalLink" if node.title:
                yield Piece(node.title.strip_code())
            case "Wikilink":
                target = str(node.title)
                if not _OTHER_SPACE.match(target):
                    yield Piece((node.text or node.title).strip_code(), (_as_title(target),))
            case "Tag" if node.wiki_markup and not node.contents:  # the mark of a list item, or a rule
                yield Piece("", role="break")
            case "Tag" if str(node.tag).casefold() not in _SKIPPED_TAGS and node.contents:
                yield from _wikitext_pieces(node.contents.nodes)


def _as_title(target: str) -> str:
    name = " ".join(target.partition("#")[0].replace("_", " ").split())
    return name[:1].upper() + name[1:]


def _paragraphs(pieces: Iterable[Piece]) -> list[PageParagraph]:
    """Pieces joined and cut at blank lines and list items; blanks are made single, and links keep their places."""
    found: list[PageParagraph] = []
    text, links, heading, term = "", list[PageLink](), "", ""

    def end() -> None:
        nonlocal text, links
        if len(text.strip()) >= SHORTEST_TEXT:
            found.append(PageParagraph(text.rstrip(), links, heading, term))
        text, links = "", []

    for piece in pieces:
        if piece.role:
            end()
        if piece.role == "heading":
            heading, term = " ".join(piece.text.split()), ""
        elif piece.role == "term":
            term = " ".join(piece.text.split())
        for number, part in enumerate([] if piece.role else _BLANK_LINE.split(piece.text)):
            if number:
                end()
            plain = _SPACES.sub(" ", part)
            if not text:
                plain = _MARKS.sub("", plain)
            elif text.endswith(" "):
                plain = plain.lstrip(" ")
            if plain.strip():
                links += [PageLink(len(text), len(text) + len(plain), target) for target in piece.targets]
            text += plain
    end()
    return found


def _read_folder(folder: Path, store: PageStore) -> None:
    """A page without a title is called what the links to it say most often."""
    markdown = MarkdownIt("commonmark").enable("table").use(admon_plugin)
    called: dict[str, Counter[str]] = {}
    untitled: list[str] = []
    for file in sorted(folder.rglob("*")):
        if file.suffix.casefold() not in (".html", ".htm", ".md"):
            continue
        name = file.relative_to(folder).as_posix()
        try:
            text = file.read_text(encoding="utf-8")
            html = markdown.render(text) if file.suffix == ".md" else text
            tree = lxml.html.document_fromstring(html.encode(), parser=lxml.html.HTMLParser(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, lxml.etree.LxmlError) as error:
            store.problem(name, str(error))
            continue
        main = [element.text_content() for element in tree.iter("h1")]
        heading = main[0] if len(main) == 1 else tree.findtext(".//title") or ""
        title = _heading(heading) or _meta_title(text)
        page = LinkedPage(title or name, _html_paragraphs(tree, file, folder, title))
        if not page.paragraphs or not store.add(page):
            store.problem(name, "another page has that title" if page.paragraphs else "no text")
        elif title:
            store.add(LinkedPage(name, redirect=title))
        else:
            untitled.append(name)
        for part in page.paragraphs:
            for link in part.links:
                called.setdefault(link.target, Counter())[part.text[link.start : link.end].strip()] += 1
    for name in untitled:
        if names := [n for n, count in called.get(name, Counter()).most_common(5) if _is_title(n, count)]:
            store.rename(name, names[0])


def _is_title(name: str, count: int) -> bool:
    """Whether what links say is what a page is called: said more than once, in words."""
    return count > 1 and _WORDS.match(name) is not None and len(name) <= LONGEST_NAME


def _meta_title(text: str) -> str:
    found = re.match(r"---\n(?:.*\n)*?title:\s*(.+)\n|\s*title:\s*(.+)\n", text)
    return next((part.strip() for part in found.groups() if part), "") if found else ""


def _heading(text: str) -> str:
    """A heading without its number and the sign that links to it."""
    return NUMBER.sub("", " ".join(text.replace("¶", " ").split()))


def _html_paragraphs(tree: Any, file: Path, folder: Path, title: str) -> list[PageParagraph]:
    def target_of(element: Any) -> str:
        return _page_of(element.get("href") or "", file, folder)

    found = _paragraphs(_html_pieces(tree, target_of))
    return [replace(part, heading="") if part.heading == title else part for part in found]


def _html_pieces(element: Any, target_of: Callable[[Any], str]) -> Iterator[Piece]:
    """Running text with what it links to and what it sets as code; navigation and listings are left out."""
    tag = element.tag
    if not isinstance(tag, str) or tag in _UNREAD:
        return
    if re.fullmatch(r"h[1-6]", tag):
        yield Piece(_heading(element.text_content()), role="heading")
        return
    if tag == "dt":
        yield Piece(element.text_content().replace("¶", " "), role="term")
        return
    text = " ".join(element.text_content().split())
    if tag == "a" or _is_code(element):
        targets = [target_of(element)] if tag == "a" else []
        if len(text) <= LONGEST_NAME and (tag != "a" or _is_all_code(element)):
            targets.append(text)
        yield Piece(text if text != "¶" else "", tuple(filter(None, targets)))
        return
    if tag in _BLOCKS:
        yield Piece("", role="break")
    yield Piece((element.text or "").replace("\n", " "))
    for child in element:
        yield from _html_pieces(child, target_of)
        yield Piece((child.tail or "").replace("\n", " "))
    if tag in _BLOCKS:
        yield Piece("", role="term" if tag == "dl" else "break")


def _is_code(element: Any) -> bool:
    return element.tag in _CODE or (
        element.tag == "span" and bool(_CODE_CLASSES & set((element.get("class") or "").split()))
    )


def _is_all_code(link: Any) -> bool:
    only = list(link)
    return len(only) == 1 and not (link.text or "").strip() and not (only[0].tail or "").strip() and _is_code(only[0])


def _page_of(reference: str, file: Path, folder: Path) -> str:
    """The name of the page that a relative link leads to; empty where it leads out of the folder."""
    path = unquote(urldefrag(reference)[0])
    if not path or ":" in path.split("/")[0]:
        return ""
    here = "" if path.startswith("/") else file.relative_to(folder).parent.as_posix()
    name = posixpath.normpath(posixpath.join(here, path.lstrip("/")))
    return "" if name.startswith("..") else name


def _read_library(library: Library, store: PageStore) -> None:
    """Documents as pages; a link is where a passage has another document's title."""
    try:
        titles = {title.casefold(): title for _, title in library.documents() if title}
        for document, title in library.documents():
            paragraphs = [
                PageParagraph(p.text, list(_mentions(p.text, titles, title))) for p in library.passages(document)
            ]
            known = store.page(title)
            if known:
                paragraphs = known.paragraphs + paragraphs
                store.remove(title)
            store.add(LinkedPage(title or document, paragraphs))
    finally:
        library.close()


def _mentions(text: str, titles: dict[str, str], own: str) -> Iterator[PageLink]:
    words = list(_WORDS.finditer(text))
    place = 0
    while place < len(words):
        for length in range(min(LONGEST_TITLE, len(words) - place), 0, -1):
            start, end = words[place].start(), words[place + length - 1].end()
            title = titles.get(text[start:end].casefold())
            if title and title != own and text[start].isupper():
                yield PageLink(start, end, title)
                place += length - 1
                break
        place += 1
