"""Slides: every slide under its title, its number as page; tables, charts, diagrams, pictures' descriptions, notes."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..documents import Block, Document, ReadProblem
from .formulas import formula
from .office import Package, at, drawing_blocks, integer, local, value
from .rows import Cell, row_blocks, spread
from .signs import is_symbol_font, lowered, number_text, raised, symbols

_NUMBERS = {"alphaLc": "a", "alphaUc": "A", "romanLc": "i", "romanUc": "I"}
_TITLES = ("title", "ctrTitle")
_ASIDE = ("sldNum", "dt", "ftr", "hdr", "sldImg")
"""Placeholder types of slide numbers, dates, footers, headers and pictures of slides, which are left out."""
_ON = frozenset(["1", "true"])


def read_slides(path: Path) -> Iterator[Document | ReadProblem]:
    """One document; a slide's number is its page. Raises DocumentError, OSError."""
    with Package(path) as package:
        part = package.main("ppt/presentation.xml")
        relations = package.relations(part)
        blocks: list[Block] = []
        for number, entry in enumerate(package.xml(part).iter("{*}sldId"), 1):
            named = (relations.get(text) for key, text in entry.attrib.items() if key.endswith("}id"))
            relation = next(named, None)
            root = package.xml(relation.target) if relation else None
            if relation is None or root is None:
                blocks.append(Block("paragraph", f"[Slide {number} cannot be read.]", page=number))
            else:
                blocks += _Slide(package, relation.target, root, number).blocks()
        yield package.document(blocks, next((block.text for block in blocks if block.kind == "heading"), ""))


class _Slide:
    def __init__(self, package: Package, part: str, root: Any, number: int) -> None:
        self._package = package
        self._part = part
        self._root = root
        self._number = number

    def blocks(self) -> list[Block]:
        """The slide under its title, and the speaker's notes."""
        tree = at(self._root, "cSld/spTree")
        shapes = [] if tree is None else list(tree)
        title = next((shape for shape in shapes if _placeholder(shape) in _TITLES), None)
        name = " ".join(_text(title).split()) if title is not None else ""
        hidden = " (hidden)" if self._root.get("show") in ("0", "false") else ""
        heading = Block("heading", (name or f"Slide {self._number}") + hidden, 1, self._number)
        notes: list[Block] = []
        for _, root in self._package.related(self._part, "notesSlide"):
            notes += [
                b for shape in root.iter("{*}sp") if _placeholder(shape) == "body" for b in self._paragraphs(shape)
            ]
        if notes:
            notes.insert(0, Block("heading", "Speaker notes", 2, self._number))
        return [heading, *self._shapes(shape for shape in shapes if shape is not title), *notes]

    def _shapes(self, shapes: Iterable[Any]) -> list[Block]:
        """From top to bottom, left to right, as they are placed."""
        blocks: list[Block] = []
        for shape in sorted(shapes, key=_place):
            name = local(shape)
            if name == "grpSp":
                blocks += self._shapes(shape)
            elif name in ("sp", "cxnSp") and _placeholder(shape) not in _ASIDE:
                blocks += self._paragraphs(shape)
            elif name == "graphicFrame":
                blocks += self._frame(shape)
            elif name == "AlternateContent":
                blocks += self._shapes(next(iter(shape), ()))
            if text := " ".join((value(shape, "*/cNvPr", "descr") or "").split()):
                blocks.append(Block("paragraph", f"[{text}]", page=self._number))
        return blocks

    def _frame(self, frame: Any) -> list[Block]:
        """A table, a chart or a diagram; of anything else that it is there."""
        for table in frame.iter("{*}tbl"):
            cells = (row.iter("{*}tc") for row in table.iter("{*}tr"))
            # Without those that are part of the cell above or before them.
            rows = [[_cell(c) for c in row if _ON.isdisjoint((c.get("vMerge"), c.get("hMerge")))] for row in cells]
            found, wide = spread(rows)
            return row_blocks(found, self._number, wide)
        for drawing in frame.iter("{*}chart", "{*}relIds"):
            relations = self._package.relations(self._part)
            if blocks := drawing_blocks(self._package, relations, drawing, self._number):
                return blocks
        return [Block("paragraph", "[an embedded object that is not read]", page=self._number)]

    def _paragraphs(self, shape: Any) -> list[Block]:
        body = at(shape, "txBody")
        found = [] if body is None else [(one, text) for one in body.iterfind("{*}p") if (text := _shown(one).strip())]
        counts: dict[int, int] = {}
        blocks = []
        for paragraph, text in found:
            level = integer(value(paragraph, "pPr", "lvl"))
            mark = _mark(at(paragraph, "pPr/buAutoNum"), level, counts)
            item = len(found) > 1 or level > 0 or mark != "-"
            blocks.append(Block("item" if item else "paragraph", f"{mark} {text}" if item else text, page=self._number))
        return blocks


def _mark(numbered: Any, level: int, counts: dict[int, int]) -> str:
    """The automatic number of a paragraph; "-" where it has none. counts: the numbers so far by level."""
    for deeper in [one for one in counts if one > level]:
        del counts[deeper]
    if numbered is None:
        counts.pop(level, None)
        return "-"
    counts[level] = counts.get(level, integer(numbered.get("startAt"), 1) - 1) + 1
    kind = numbered.get("type") or "arabicPeriod"
    style = next((style for name, style in _NUMBERS.items() if kind.startswith(name)), "1")
    text = number_text(counts[level], style)
    return f"({text})" if kind.endswith("ParenBoth") else f"{text})" if kind.endswith("ParenR") else f"{text}."


def _shown(paragraph: Any) -> str:
    """The text of a paragraph with its signs."""
    parts: list[str] = []
    for child in paragraph.iter("{*}r", "{*}fld", "{*}br", "{*}oMath"):
        inside = {local(parent) for parent in child.iterancestors()}
        if "Fallback" in inside or "oMath" in inside:
            continue
        name = local(child)
        parts.append("\n" if name == "br" else formula(child) if name == "oMath" else _run(child, "".join(parts[-3:])))
    return "".join(parts)


def _run(run: Any, before: str) -> str:
    text = run.findtext("{*}t") or ""
    properties = at(run, "rPr")
    fonts = [found for name in ("sym", "latin") if (found := value(properties, name, "typeface"))]
    font = next((name for name in fonts if is_symbol_font(name)), None)
    if font and (fonts[0] == font or any("\uf020" <= character <= "\uf0ff" for character in text)):
        text = symbols(text, font)
    base = integer(value(properties, name="baseline"))
    return raised(text, before) if base > 0 else lowered(text) if base < 0 else text


def _text(shape: Any) -> str:
    return "\n".join(_shown(paragraph) for paragraph in shape.iter("{*}p"))


def _cell(cell: Any) -> Cell:
    rows, columns = (max(1, integer(cell.get(name), 1)) for name in ("rowSpan", "gridSpan"))
    return Cell(" ".join(_text(cell).split()), rows, columns)


def _placeholder(shape: Any) -> str:
    """What a shape is there for: title, body, sldNum; empty where it has no role."""
    found = at(shape, "nvSpPr/nvPr/ph")
    return "" if found is None else found.get("type") or "body"


def _place(shape: Any) -> tuple[int, int]:
    offset = at(shape, "grpSpPr/xfrm/off") if local(shape) == "grpSp" else next(shape.iter("{*}off"), None)
    return integer(value(offset, name="y")), integer(value(offset, name="x"))
