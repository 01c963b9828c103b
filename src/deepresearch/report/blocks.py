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
    from markdown_it.tree import SyntaxTreeNode

MOST_ROWS, MOST_COLUMNS = 200, 24
"""Limits of one table: body rows and columns."""
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
    from markdown_it.tree import SyntaxTreeNode  # noqa: PLC0415  slow to import

    root = SyntaxTreeNode(parser().parse(text))
    return _Reader(root, labels, whole).blocks(root.children)


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


_STYLES: dict[str, dict[str, Any]] = {
    "strong": {"bold": True},
    "em": {"italic": True},
    "s": {"strike": True},
    "sub": {"shift": "sub"},
    "sup": {"shift": "sup"},
}


class _Reader:
    """Reads the syntax tree of one text."""

    def __init__(self, root: "SyntaxTreeNode", labels: Labels, whole: bool) -> None:
        self._labels = labels
        self._whole = whole
        headings = [node for node in root.walk() if node.type == "heading"]
        self._top = min((int(node.tag[1]) for node in headings), default=2)
        self._ids = dict(zip(map(id, headings), _ids([_words(node) for node in headings]), strict=True))

    def blocks(self, nodes: "Sequence[SyntaxTreeNode]") -> tuple[Block, ...]:
        """The blocks of sibling nodes."""
        return tuple(block for node in nodes for block in self._blocks(node))

    def _blocks(self, node: "SyntaxTreeNode") -> Sequence[Block]:
        match node.type:
            case "heading":
                level = min(6, int(node.tag[1]) - self._top + 2)
                return [Heading(level, self._inlines(node), self._ids[id(node)])]
            case "paragraph":
                found = self._inlines(node)
                return [Paragraph(found, _box(found))]
            case "fence" | "code_block":
                text = PLACEHOLDERS.sub("", clean(node.content)).rstrip("\n")
                return [Chart(text) if is_chart(node.info) else Code(text)]
            case "bullet_list" | "ordered_list":
                start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
                return [Items(start, tuple(self.blocks(item.children) for item in node.children))]
            case "blockquote":
                return [BlockQuote(self.blocks(node.children))]
            case "table":
                return self._table(node)
            case "hr":
                return [Rule()]
            case "footnote_block":
                return self.blocks(node.children)
            case "footnote":
                return self._footnote(node)
            case _:
                return ()

    def _table(self, node: "SyntaxTreeNode") -> list[Block]:
        rows = [row.children for part in node.children for row in part.children]
        sides = [str(cell.attrs.get("style", "")).removeprefix("text-align:") or "left" for cell in rows[0]]
        table = Table(tuple(tuple(map(self._inlines, row)) for row in rows), tuple(sides))
        return [table] if self._whole else capped(table, self._labels)

    def _footnote(self, node: "SyntaxTreeNode") -> Sequence[Block]:
        first, *rest = self.blocks(node.children) or (Paragraph(()),)
        number = node.meta["id"] + 1
        name = TextRun(f"[{self._labels.footnote.format(n=number)}] ", anchor=f"note-{number}")
        if isinstance(first, Paragraph):
            return [Paragraph((name, *first.inlines)), *rest]
        return [Paragraph((name,)), first, *rest]

    def _inlines(self, node: "SyntaxTreeNode") -> Inlines:
        """The inline content of a paragraph, heading or cell."""
        return tuple(self._read(node.children[0].children, TextRun(""))) if node.children else ()

    def _read(self, nodes: "Sequence[SyntaxTreeNode]", style: TextRun, bare: bool = False) -> Iterator[Inline]:
        """Inline nodes in a style. bare: within a bare address, which may end before its link does."""
        for index, node in enumerate(nodes):
            if node.type in _STYLES:
                yield from self._read(node.children, replace(style, **_STYLES[node.type]))
            elif node.type == "link":
                linked = replace(style, url=self._followed(str(node.attrs.get("href", ""))))
                yield from self._read(node.children, linked, bare=node.info == "auto")
            elif node.type == "softbreak":
                before, after = (nodes[i].content if 0 <= i < len(nodes) else "" for i in (index - 1, index + 1))
                joined = _CJK.match(before[-1:]) and _CJK.match(after[:1])
                yield replace(style, text="" if joined else " ")
            else:
                yield from self._leaf(node, style, bare)

    def _followed(self, target: str) -> str | None:
        """Where a link may lead; None for nowhere."""
        if target.startswith("#"):
            name = "h-" + clean(target[1:])
            return "#" + name if name in self._ids.values() else None
        return followed(target)

    def _leaf(self, node: "SyntaxTreeNode", style: TextRun, bare: bool) -> Iterator[Inline]:
        labels = self._labels
        match node.type:
            case "text" | "text_special":
                yield from _text(PLACEHOLDERS.sub("", node.content), style, bare)
            case "code_inline":
                yield replace(style, text=PLACEHOLDERS.sub("", node.content), code=True)
            case "formula":
                yield replace(style, text=clean(node.content), formula=True, display=bool(node.meta["display"]))
            case "mark":
                yield Cite(node.meta["index"])
            case "hardbreak":
                yield Break()
            case "image":
                url = style.url or safe_url(str(node.attrs.get("src", "")))
                yield replace(style, text=f"[{labels.image}: {node.content}]", url=url)
            case "footnote_ref":
                number = node.meta["id"] + 1
                yield TextRun(f"[{labels.footnote.format(n=number)}]", shift="sup", url=f"#note-{number}")
            case "html_inline":  # the box of a task list is the only HTML that the parser makes
                yield replace(style, text="☑ " if "checked" in node.content else "☐ ")
            case _:
                pass


def _text(text: str, style: TextRun, bare: bool) -> Iterator[Inline]:
    end = _URL_END.search(text) if bare and style.url else None
    if end:  # a bare address ends before Chinese punctuation
        address = text[: end.start()]
        yield replace(style, text=address, url=safe_url(address if "://" in address else f"http://{address}"))
        style, text = replace(style, url=None), text[end.start() :]
    if text:
        yield replace(style, text=text)


def _words(heading: "SyntaxTreeNode") -> str:
    inline = heading.children[0].token if heading.children else None
    return inline_text(inline) if inline else ""


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


def capped(table: Table, labels: Labels, rows: int = MOST_ROWS, columns: int = MOST_COLUMNS) -> list[Block]:
    """A table, cut where it has more than so many body rows or columns, with a note about it."""
    shown = Table(tuple(row[:columns] for row in table.rows[: rows + 1]), table.sides[:columns])
    if shown == table:
        return [table]
    counts = {"rows": len(shown.rows) - 1, "columns": len(shown.sides), "all_rows": len(table.rows) - 1}
    note = labels.table_cut.format(**counts, all_columns=len(table.sides))
    return [shown, Paragraph((TextRun(note, italic=True),))]
