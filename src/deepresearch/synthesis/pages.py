"""Hyperlinked pages in one file: from MediaWiki dumps, folders of HTML or Markdown, and libraries.

A page is its paragraphs, each with the places of its links. Redirects are followed when pages are looked up.
"""

import bz2
import json
import posixpath
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import unquote, urldefrag

import lxml.etree
import lxml.html
import mwparserfromhell
from markdown_it import MarkdownIt

from ..errors import UserError
from ..library import Library
from ..text.sentences import sentence_spans

LONGEST_TITLE = 6
"""Words of a title that is looked for in the passages of a library."""
LONGEST_NAME = 40
"""Characters of what a link says that a page can be called by."""
MOST_PROBLEMS = 20
_BLANK_LINE = re.compile(r"\n\s*\n|\n(?=[*#:;])")
_MARKS = re.compile(r"^[*#:;\s]+")
_OTHER_SPACE = re.compile(r"^:?[\w -]{2,20}:")
_WORDS = re.compile(r"\w+(?:[-'’]\w+)*")
_SKIPPED_TAGS = frozenset({"ref", "table", "gallery", "math", "timeline", "syntaxhighlight", "score"})
_SPACES = re.compile(r"[ \t\n\xa0]+")


@dataclass(frozen=True)
class PageLink:
    """A place in a text that names another page."""

    start: int
    end: int
    target: str


@dataclass(frozen=True)
class LinkedSentence:
    """A sentence with the titles that it links to, redirects followed."""

    text: str
    links: tuple[str, ...]


@dataclass
class LinkedPage:
    """One page."""

    title: str
    paragraphs: list[tuple[str, list[PageLink]]] = field(default_factory=list)
    redirect: str = ""


class PageStore:
    """The pages of one source, in one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = sqlite3.connect(path)
        self._db.execute("create table if not exists pages (id integer primary key, title text unique, redirect, body)")
        self._db.execute(
            "create table if not exists links (target, source, primary key (target, source)) without rowid"
        )
        self._db.execute("create table if not exists about (name text primary key, value)")
        about = dict(self._db.execute("select name, value from about"))
        self.problems: list[str] = json.loads(about.get("problems", "[]"))
        self.problem_count = int(about.get("problem_count", 0))

    def add(self, page: LinkedPage) -> bool:
        """Keep a page, if it is the first of its title; whether it was."""
        body = json.dumps([[t, [[k.start, k.end, k.target] for k in links]] for t, links in page.paragraphs])
        row = (page.title, page.redirect, body)
        added = self._db.execute("insert or ignore into pages (title, redirect, body) values (?, ?, ?)", row).rowcount
        targets = {k.target for _, links in page.paragraphs for k in links}
        links = ((target, page.title) for target in targets)
        self._db.executemany("insert or ignore into links values (?, ?)", links)
        return added > 0

    def rename(self, title: str, new: str) -> None:
        """Give a page another title, if no page has that, and leave a redirect."""
        if not self._db.execute("select 1 from pages where title = ?", (new,)).fetchone():
            self._db.execute("update pages set title = ? where title = ?", (new, title))
            self._db.execute("update or ignore links set source = ? where source = ?", (new, title))
            self.add(LinkedPage(title, redirect=new))

    def remove(self, title: str) -> None:
        """Take a page out."""
        self._db.execute("delete from pages where title = ?", (title,))

    def problem(self, place: str, reason: str) -> None:
        """A page that could not be used."""
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(f"{place}: {reason}")

    def finish(self) -> None:
        """Make everything durable. Raises UserError where there is no page."""
        self._db.execute(
            "update or ignore links set target = (select redirect from pages where title = target) "
            "where target in (select title from pages where redirect != '')"
        )
        for name, value in (("problems", json.dumps(self.problems)), ("problem_count", str(self.problem_count))):
            self._db.execute("insert or replace into about values (?, ?)", (name, value))
        self._db.commit()
        if not len(self):
            first = f" First problem: {self.problems[0]}." if self.problems else ""
            raise UserError(f"There is no page with text in the source.{first}", "See docs/synthesis.md for the forms.")

    def __len__(self) -> int:
        """Pages that are no redirects."""
        return int(self._db.execute("select count(*) from pages where redirect = ''").fetchone()[0])

    def titles(self) -> list[str]:
        """Titles of all pages that are no redirects, in the order added."""
        return [row[0] for row in self._db.execute("select title from pages where redirect = '' order by id")]

    def resolve(self, title: str) -> str:
        """The title that a link to `title` leads to, at most three redirects away; itself where there is no page."""
        for _ in range(3):
            row = self._db.execute("select redirect from pages where title = ?", (title,)).fetchone()
            if not row or not row[0]:
                break
            title = row[0]
        return title

    def linking(self, title: str, most: int = 200) -> list[str]:
        """Pages that link to a title directly, in the order of their names."""
        rows = self._db.execute("select source from links where target = ? order by source limit ?", (title, most))
        return [row[0] for row in rows]

    def page(self, title: str) -> LinkedPage | None:
        """The page of exactly that title."""
        row = self._db.execute("select title, redirect, body from pages where title = ?", (title,)).fetchone()
        if not row:
            return None
        paragraphs = [(text, [PageLink(*link) for link in links]) for text, links in json.loads(row[2])]
        return LinkedPage(row[0], paragraphs, row[1])

    def sentences(self, page: LinkedPage) -> list[LinkedSentence]:
        """The sentences of a page with the titles that they link to."""
        found = []
        for text, links in page.paragraphs:
            for start, end in sentence_spans(text):
                inside = [self.resolve(k.target) for k in links if start <= k.start and k.end <= end]
                found.append(
                    LinkedSentence(text[start:end], tuple(t for t in dict.fromkeys(inside) if t != page.title))
                )
        return found

    def write_corpus(self, path: Path, language: str) -> int:
        """The pages as JSON lines that a library can be built from, a paragraph a row; how many rows."""
        count = 0
        with path.open("w", encoding="utf-8") as file:
            for title in self.titles():
                page = self.page(title)
                for number, (text, _) in enumerate(page.paragraphs if page else [], 1):
                    row = {"id": f"{title}#{number}", "title": title, "text": text, "language": language}
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
                    count += 1
        return count

    def close(self) -> None:
        self._db.close()


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
