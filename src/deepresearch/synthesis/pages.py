"""Hyperlinked pages in one file: from MediaWiki dumps, folders of HTML or Markdown, and libraries.

A page is its paragraphs, each with its heading, the term that it defines, and the places of its links and of the names
set as code. Redirects are followed when pages are looked up.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path

from ..errors import UserError
from ..text.sentences import sentence_spans
from .records import Problems

FORMAT = 3
"""Of the file; raised when pages are kept in another way."""


@dataclass(frozen=True)
class PageLink:
    """A place in a text that names another page, or something that is set as code."""

    start: int
    end: int
    target: str


@dataclass(frozen=True)
class LinkedSentence:
    """A sentence with the titles that it links to, redirects followed, and the names that it sets as code."""

    text: str
    links: tuple[str, ...]
    heading: str = ""
    term: str = ""


@dataclass(frozen=True)
class PageParagraph:
    """Running text and where on its page it is."""

    text: str
    links: Sequence[PageLink] = ()
    heading: str = ""
    """The nearest one above it; empty above the first."""
    term: str = ""
    """What it defines, in a list of definitions."""

    def whole(self) -> str:
        """The text with what stands above it."""
        above = [part for part in (self.heading, self.term) if part]
        return ": ".join([*above, self.text])


@dataclass
class LinkedPage:
    """One page."""

    title: str
    paragraphs: list[PageParagraph] = field(default_factory=list)
    redirect: str = ""


class PageStore(Problems):
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
        super().__init__(json.loads(about.get("problems", "[]")), int(about.get("problem_count", 0)))

    def add(self, page: LinkedPage) -> bool:
        """Keep a page, if it is the first of its title; whether it was."""
        body = json.dumps([[p.text, [astuple(k) for k in p.links], p.heading, p.term] for p in page.paragraphs])
        row = (page.title, page.redirect, body)
        added = self._db.execute("insert or ignore into pages (title, redirect, body) values (?, ?, ?)", row).rowcount
        targets = {k.target for paragraph in page.paragraphs for k in paragraph.links}
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
            raise UserError(f"There is no page with text.{self.first_problem()}", "See docs/synthesis.md.")

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
        paragraphs = [
            PageParagraph(text, [PageLink(*link) for link in links], heading, term)
            for text, links, heading, term in json.loads(row[2])
        ]
        return LinkedPage(row[0], paragraphs, row[1])

    def sentences(self, page: LinkedPage) -> list[LinkedSentence]:
        """The sentences of a page with the titles that they link to."""
        found = []
        for part in page.paragraphs:
            for start, end in sentence_spans(part.text):
                inside = [self.resolve(k.target) for k in part.links if start <= k.start and k.end <= end]
                links = tuple(t for t in dict.fromkeys(inside) if t != page.title)
                found.append(LinkedSentence(part.text[start:end], links, part.heading, part.term))
        return found

    def write_corpus(self, path: Path, language: str) -> int:
        """The pages as JSON lines that a library can be built from, a paragraph a row; how many rows."""
        count = 0
        with path.open("w", encoding="utf-8") as file:
            for title in self.titles():
                page = self.page(title)
                for number, part in enumerate(page.paragraphs if page else [], 1):
                    row = {"id": f"{title}#{number}", "title": title, "text": part.whole(), "language": language}
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
                    count += 1
        return count

    def close(self) -> None:
        self._db.close()
