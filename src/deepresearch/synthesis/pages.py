"""Hyperlinked pages in one file: from MediaWiki dumps, folders of HTML or Markdown, and libraries.

A page is its paragraphs, each with the places of its links. Redirects are followed when pages are looked up.
"""

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UserError
from ..text.sentences import sentence_spans

MOST_PROBLEMS = 20


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
