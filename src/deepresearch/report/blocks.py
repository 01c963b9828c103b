"""A report's text as plain data: what every writer walks over, already safe to show.

Links that may not be followed are unwrapped, images are links, HTML is text, tables of a size that no program could
show are cut. Citation marks keep their places, as `Cite`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ..text.characters import CJK, CJK_MARKS, clean
from ..text.labels import Labels
from .charts import is_chart
from .markup import followed, inline_text, safe_url
from .syntax import PLACEHOLDERS, parser

if TYPE_CHECKING:
    from markdown_it.token import Token

MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 200, 24, 2000
"""Limits of one table: body rows, columns, and characters of a cell."""
_NOT_SLUG = re.compile(r"[^\w\- ]+")
_URL_END = re.compile(r"[，。；：、！？）》」』】”’]")
"""Where a bare address ends in Chinese text, which sets no space after it."""
_CJK = re.compile(f"[{CJK}{CJK_MARKS}]")
_BOXES = {
    "agree": re.compile(r"(?:sources )?agree[.:]?|(?:各?来源)?一致[。：:]?", re.IGNORECASE),
    "differ": re.compile(r"(?:sources )?(?:differ|disagree)[.:]?|(?:各?来源)?(?:不一致|分歧)[。：:]?", re.IGNORECASE),
}
"""How a statement opens, in bold, that compares sources."""


@dataclass(frozen=True)
class TextRun:
    """Text in one style."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    strike: bool = False
    shift: Literal["", "sub", "sup"] = ""
    url: str | None = None
    """An address that may be linked to; "#name": the run or heading whose `anchor` or `id` is that name."""
    formula: bool = False
    """`text` is TeX."""
    display: bool = False
    """The formula is on a line of its own."""
    anchor: str = ""
    """The name of this place, for links within the report."""
    level: str = ""
    """Of a citation: what the check found, which decides its colour."""


@dataclass(frozen=True)
class Cite:
    """A citation mark, by its index among the report's marks."""

    index: int


@dataclass(frozen=True)
class Break:
    """A new line within a paragraph."""


Inline = TextRun | Cite | Break
Inlines = tuple[Inline, ...]


@dataclass(frozen=True)
class Heading:
    level: int
    """2 to 6; the report's title is the only 1."""
    inlines: Inlines
    id: str = ""


@dataclass(frozen=True)
class Paragraph:
    inlines: Inlines
    box: str = ""
    """agree or differ: it compares sources."""


@dataclass(frozen=True)
class Code:
    text: str


@dataclass(frozen=True)
class Chart:
    specification: str


@dataclass(frozen=True)
class Items:
    start: int | None
    """Number of the first item; None for a list without numbers."""
    items: "tuple[tuple[Block, ...], ...]"


@dataclass(frozen=True)
class BlockQuote:
    blocks: "tuple[Block, ...]"


@dataclass(frozen=True)
class Table:
    rows: tuple[tuple[Inlines, ...], ...]
    """The first is the head."""
    sides: tuple[str, ...]
    """left, center or right for each column."""


@dataclass(frozen=True)
class Rule:
    """A line between parts."""


Block = Heading | Paragraph | Code | Chart | Items | BlockQuote | Table | Rule


def blocks(text: str, labels: Labels, whole: bool = False) -> tuple[Block, ...]:
    """`text` (Markdown with placeholders) as blocks. whole: no table is cut."""
    return _Reader(parser().parse(text), labels, whole).blocks_until("")


def plain_text(inlines: Sequence[Inline]) -> str:
    """What a reader sees, without marks."""
    return " ".join("".join(i.text if isinstance(i, TextRun) else " " * isinstance(i, Break) for i in inlines).split())


def words_of(found: Sequence[Block]) -> str:
    """Every word of `found` that a reader sees, a line for each paragraph, item, cell and line of code."""
    lines: list[str] = []
    for block in found:
        match block:
            case Heading() | Paragraph():
                lines.append(plain_text(block.inlines))
            case Code():
                lines.append(block.text)
            case Items():
                lines += [words_of(item) for item in block.items]
            case BlockQuote():
                lines.append(words_of(block.blocks))
            case Table():
                lines += [plain_text(cell) for row in block.rows for cell in row]
            case _:
                pass
    return "\n".join(lines)


class _Reader:
    """Walks over tokens once."""

    def __init__(self, tokens: "Sequence[Token]", labels: Labels, whole: bool) -> None:
        self._tokens = tokens
        self._whole = whole
        self._labels = labels
        self._at = 0
        openings = [i for i, token in enumerate(tokens) if token.type == "heading_open"]
        self._top = min((int(tokens[i].tag[1]) for i in openings), default=2)
        self._ids = dict(zip(openings, _ids([inline_text(tokens[i + 1]) for i in openings]), strict=True))

    def blocks_until(self, end: str) -> tuple[Block, ...]:
        """Blocks up to the token of type `end`, which is taken too; "" for the last token."""
        found: list[Block] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == end:
                break
            found += self._block(token)
        return tuple(found)

    def _block(self, token: "Token") -> Sequence[Block]:
        match token.type:
            case "heading_open":
                level = min(6, int(token.tag[1]) - self._top + 2)
                return [Heading(level, id=self._ids[self._at - 1], inlines=self._inlines())]
            case "paragraph_open":
                found = self._inlines()
                return [Paragraph(found, _box(found))]
            case "fence" | "code_block":
                text = PLACEHOLDERS.sub("", clean(token.content)).rstrip("\n")
                return [Chart(text) if is_chart(token.info) else Code(text)]
            case "bullet_list_open" | "ordered_list_open":
                return [self._items(token)]
            case "blockquote_open":
                return [BlockQuote(self.blocks_until("blockquote_close"))]
            case "table_open":
                return self._table()
            case "hr":
                return [Rule()]
            case "footnote_open":
                return self._footnote(token)
            case _:
                return ()

    def _inlines(self) -> Inlines:
        token = self._tokens[self._at]
        self._at += 2  # the inline token and what closes its block
        return tuple(_InlineReader(set(self._ids.values()), self._labels).read(token.children or []))

    def _items(self, opening: "Token") -> Items:
        items = []
        end = opening.type.replace("open", "close")
        while self._at < len(self._tokens) and self._tokens[self._at].type != end:
            self._at += 1
            items.append(self.blocks_until("list_item_close"))
        self._at += 1
        start = int(opening.attrs.get("start", 1)) if opening.type.startswith("ordered") else None
        return Items(start, tuple(items))

    def _table(self) -> list[Block]:
        rows: list[list[Inlines]] = []
        sides: list[str] = []
        while (token := self._tokens[self._at]).type != "table_close":
            self._at += 1
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                if token.type == "th_open":
                    sides.append(str(token.attrs.get("style", "")).removeprefix("text-align:") or "left")
                rows[-1].append(self._inlines())
        self._at += 1
        whole = Table(tuple(map(tuple, rows)), tuple(sides))
        return [whole] if self._whole else _capped(whole, self._labels)

    def _footnote(self, token: "Token") -> Sequence[Block]:
        first, *rest = self.blocks_until("footnote_close") or (Paragraph(()),)
        number = token.meta["id"] + 1
        name = TextRun(f"[{self._labels.footnote.format(n=number)}] ", anchor=f"note-{number}")
        if isinstance(first, Paragraph):
            return [Paragraph((name, *first.inlines)), *rest]
        return [Paragraph((name,)), first, *rest]


def _ids(headings: Sequence[str]) -> Iterator[str]:
    """A name for each heading, none twice."""
    taken: set[str] = set()
    for text in headings:
        slug = name = "h-" + _NOT_SLUG.sub("", text.lower()).strip().replace(" ", "-")[:80]
        number = 1
        while name in taken:
            number += 1
            name = f"{slug}-{number}"
        taken.add(name)
        yield name


def _box(inlines: Inlines) -> str:
    """agree, differ, or "" for a paragraph that is no box."""
    found = [i for i in inlines if not isinstance(i, TextRun) or i.text]
    if len(found) < 2 or not isinstance(found[0], TextRun) or not found[0].bold:
        return ""
    return next((kind for kind, words in _BOXES.items() if words.fullmatch(found[0].text.strip())), "")


def _capped(table: Table, labels: Labels) -> list[Block]:
    """A table, cut where it is gigantic, with a note about it."""
    rows = tuple(tuple(_cut(cell) for cell in row[:MOST_COLUMNS]) for row in table.rows[: MOST_ROWS + 1])
    shown = Table(rows, table.sides[:MOST_COLUMNS])
    if len(rows) == len(table.rows) and len(table.sides) <= MOST_COLUMNS:
        return [shown]
    note = labels.table_cut.format(
        rows=len(rows) - 1, columns=len(shown.sides), all_rows=len(table.rows) - 1, all_columns=len(table.sides)
    )
    return [shown, Paragraph((TextRun(note, italic=True),))]


def _cut(cell: Inlines) -> Inlines:
    left, found = LONGEST_CELL, list[Inline]()
    for inline in cell:
        if isinstance(inline, TextRun):
            if len(inline.text) > left:
                return (*found, replace(inline, text=inline.text[:left] + "…"))
            left -= len(inline.text)
        found.append(inline)
    return tuple(found)


_OPENS: dict[str, dict[str, Any]] = {
    "strong": {"bold": True},
    "em": {"italic": True},
    "s": {"strike": True},
    "sub": {"shift": "sub"},
    "sup": {"shift": "sup"},
}


class _InlineReader:
    """Reads the tokens of one paragraph."""

    def __init__(self, headings: set[str], labels: Labels) -> None:
        self._headings = headings
        self._labels = labels
        self._styles = [TextRun("")]
        self._bare = False
        """Within a bare address, which may end before its link does."""

    def read(self, children: "Sequence[Token]") -> Iterator[Inline]:
        for index, child in enumerate(children):
            kind, _, way = child.type.rpartition("_")
            if way == "open" and (kind in _OPENS or kind == "link"):
                self._styles.append(replace(self._styles[-1], **self._style(kind, child)))
            elif way == "close" and (kind in _OPENS or kind == "link"):
                self._bare = False
                if len(self._styles) > 1:
                    self._styles.pop()
            elif child.type == "softbreak":
                before, after = (children[i].content if 0 <= i < len(children) else "" for i in (index - 1, index + 1))
                joined = _CJK.match(before[-1:]) and _CJK.match(after[:1])
                yield replace(self._styles[-1], text="" if joined else " ")
            else:
                yield from self._inline(child)

    def _style(self, kind: str, child: "Token") -> dict[str, Any]:
        if kind in _OPENS:
            return _OPENS[kind]
        self._bare = child.info == "auto"
        return {"url": self._followed(str(child.attrs.get("href", "")))}

    def _followed(self, target: str) -> str | None:
        """Where a link may lead; None for nowhere."""
        if target.startswith("#"):
            name = "h-" + clean(target[1:])
            return "#" + name if name in self._headings else None
        return followed(target)

    def _inline(self, child: "Token") -> Iterator[Inline]:
        style, labels = self._styles[-1], self._labels
        match child.type:
            case "text" | "text_special":
                yield from self._text(PLACEHOLDERS.sub("", child.content))
            case "code_inline":
                yield replace(style, text=PLACEHOLDERS.sub("", child.content), code=True)
            case "formula":
                yield replace(style, text=clean(child.content), formula=True, display=bool(child.meta["display"]))
            case "mark":
                yield Cite(child.meta["index"])
            case "hardbreak":
                yield Break()
            case "image":
                url = style.url or safe_url(str(child.attrs.get("src", "")))
                yield replace(style, text=f"[{labels.image}: {child.content}]", url=url)
            case "footnote_ref":
                number = child.meta["id"] + 1
                yield TextRun(f"[{labels.footnote.format(n=number)}]", shift="sup", url=f"#note-{number}")
            case "html_inline":  # the box of a task list is the only HTML that the parser makes
                yield replace(style, text="☑ " if "checked" in child.content else "☐ ")
            case _:
                pass

    def _text(self, text: str) -> Iterator[Inline]:
        end = _URL_END.search(text) if self._bare else None
        style = self._styles[-1]
        if end and style.url:  # a bare address ends before Chinese punctuation
            address = text[: end.start()]
            url = safe_url(address if "://" in address else f"http://{address}")
            yield replace(style, text=address, url=url)
            style, text = replace(style, url=None), text[end.start() :]
        if text:
            yield replace(style, text=text)
