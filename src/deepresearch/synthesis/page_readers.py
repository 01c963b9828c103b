"""Readers of hyperlinked pages: MediaWiki dumps, folders of HTML or Markdown, and libraries."""

import bz2
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import unquote, urldefrag

import lxml.etree
import lxml.html
import mwparserfromhell
from markdown_it import MarkdownIt

from ..errors import UserError
from ..library import Library
from .pages import LinkedPage, PageLink, PageStore

LONGEST_TITLE = 6
"""Words of a title that is looked for in the passages of a library."""


LONGEST_NAME = 40
"""Characters of what a link says that a page can be called by."""


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
        elif source.exists():
            _read_dump(source, store)
        else:
            raise UserError(f"{source} does not exist.", "Check the spelling.")
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


def wikitext_paragraphs(text: str) -> list[tuple[str, list[PageLink]]]:
    """Paragraphs of MediaWiki's markup as plain text with the places of their links."""
    pieces: list[tuple[str, str]] = []
    _collect(mwparserfromhell.parse(text).nodes, pieces)
    return _paragraphs(pieces)


def _collect(nodes: Sequence[Any], pieces: list[tuple[str, str]]) -> None:
    """(text, target or "") of every piece of running text; templates, tables and notes are left out."""
    for node in nodes:
        match type(node).__name__:
            case "Text":
                pieces.append((str(node), ""))
            case "HTMLEntity":
                pieces.append((node.normalize(), ""))
            case "Heading":
                pieces.append(("\n\n", ""))
            case "ExternalLink" if node.title:
                pieces.append((node.title.strip_code(), ""))
            case "Wikilink":
                target = str(node.title)
                if not _OTHER_SPACE.match(target):
                    shown = (node.text or node.title).strip_code()
                    pieces.append((shown, _as_title(target)))
            case "Tag" if str(node.tag).casefold() not in _SKIPPED_TAGS and node.contents:
                _collect(node.contents.nodes, pieces)


def _as_title(target: str) -> str:
    name = " ".join(target.partition("#")[0].replace("_", " ").split())
    return name[:1].upper() + name[1:]


def _paragraphs(pieces: Sequence[tuple[str, str]]) -> list[tuple[str, list[PageLink]]]:
    """Pieces joined and cut at blank lines and list items; blanks are made single, and links keep their places."""
    found: list[tuple[str, list[PageLink]]] = []
    text, links = "", list[PageLink]()

    def end() -> None:
        nonlocal text, links
        if len(text.strip()) >= 20:
            found.append((text.rstrip(), links))
        text, links = "", []

    for piece, target in pieces:
        for number, part in enumerate(_BLANK_LINE.split(piece)):
            if number:
                end()
            plain = _SPACES.sub(" ", part)
            if not text:
                plain = _MARKS.sub("", plain)
            elif text.endswith(" "):
                plain = plain.lstrip(" ")
            if target and plain.strip():
                links.append(PageLink(len(text), len(text) + len(plain), target))
            text += plain
    end()
    return found


def _read_folder(folder: Path, store: PageStore) -> None:
    """A page without a title is called what the links to it say most often."""
    markdown = MarkdownIt("commonmark").enable("table")
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
        first = next(tree.iter("h1", "h2", "h3"), None)
        heading = first.text_content() if first is not None and first.tag == "h1" else tree.findtext(".//title") or ""
        title = " ".join(heading.split()) or _meta_title(text)
        page = LinkedPage(title or name, _html_paragraphs(tree, file, folder))
        if not page.paragraphs or not store.add(page):
            store.problem(name, "another page has that title" if page.paragraphs else "no text")
        elif title:
            store.add(LinkedPage(name, redirect=title))
        else:
            untitled.append(name)
        for shown, links in page.paragraphs:
            for link in links:
                called.setdefault(link.target, Counter())[shown[link.start : link.end].strip()] += 1
    for name in untitled:
        if names := [n for n, count in called.get(name, Counter()).most_common(5) if _is_title(n, count)]:
            store.rename(name, names[0])


def _is_title(name: str, count: int) -> bool:
    """Whether what links say is what a page is called: said more than once, in words."""
    return count > 1 and _WORDS.match(name) is not None and len(name) <= LONGEST_NAME


def _meta_title(text: str) -> str:
    found = re.match(r"---\n(?:.*\n)*?title:\s*(.+)\n|\s*title:\s*(.+)\n", text)
    return next((part.strip() for part in found.groups() if part), "") if found else ""


def _html_paragraphs(tree: Any, file: Path, folder: Path) -> list[tuple[str, list[PageLink]]]:
    found = []
    for element in tree.iter("p", "li", "dd"):
        if element.find(".//p") is None and element.find(".//li") is None:
            pieces: list[tuple[str, str]] = []
            _collect_html(element, file, folder, pieces)
            found += _paragraphs([(text.replace("\n", " "), target) for text, target in pieces])
    return found


def _collect_html(element: Any, file: Path, folder: Path, pieces: list[tuple[str, str]]) -> None:
    if element.tag == "a":
        pieces.append((element.text_content(), _page_of(element.get("href") or "", file, folder)))
        return
    pieces.append((element.text or "", ""))
    for child in element:
        if isinstance(child.tag, str):
            _collect_html(child, file, folder, pieces)
        pieces.append((child.tail or "", ""))


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
            paragraphs = [(p.text, list(_mentions(p.text, titles, title))) for p in library.passages(document)]
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
