"""Slides: every slide under its title, its number as page; tables, charts, diagrams, pictures' descriptions, notes."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..documents import Block, Document, ReadProblem
from .formulas import formula
from .office import Package, chart_blocks, diagram_texts
from .rows import Cell, about, row_blocks, spread
from .signs import is_symbol_font, lowered, number_text, raised, symbols

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}oMath"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_NUMBERS = {"alphaLc": "a", "alphaUc": "A", "romanLc": "i", "romanUc": "I"}
_TITLES = ("title", "ctrTitle")
_ASIDE = ("sldNum", "dt", "ftr", "hdr", "sldImg")
"""Placeholder types of slide numbers, dates, footers, headers and pictures of slides, which are left out."""


def read_slides(path: Path) -> Iterator[Document | ReadProblem]:
    """One document; a slide's number is its page. Raises DocumentError, OSError."""
    with Package(path) as package:
        part = package.main("ppt/presentation.xml")
        relations = package.relations(part)
        blocks: list[Block] = []
        for number, entry in enumerate(package.xml(part).iter(_P + "sldId"), 1):
            relation = relations.get(entry.get(_R + "id") or "")
            root = package.xml(relation.target) if relation else None
            if relation is None or root is None:
                blocks.append(Block("paragraph", f"[Slide {number} cannot be read.]", page=number))
            else:
                blocks += _Slide(package, relation.target, root, number).blocks()
        meta = package.about()
    first = next((block.text for block in blocks if block.kind == "heading"), "")
    title = meta["title"] if meta["title"] not in ("", "PowerPoint Presentation") else first or path.stem
    blocks = about(author=meta["author"]) + blocks
    yield Document(str(path), title, blocks, date=meta["date"] or None, language=meta["language"] or None)


class _Slide:
    def __init__(self, package: Package, part: str, root: Any, number: int) -> None:
        self._package = package
        self._relations = package.relations(part)
        self._root = root
        self._number = number

    def blocks(self) -> list[Block]:
        """The slide under its title, and the speaker's notes."""
        tree = self._root.find(f"{_P}cSld/{_P}spTree")
        shapes = [] if tree is None else list(tree)
        title = next((shape for shape in shapes if _placeholder(shape) in _TITLES), None)
        name = "" if title is None else " ".join(_text(title).split())
        hidden = " (hidden)" if self._root.get("show") in ("0", "false") else ""
        heading = Block("heading", (name or f"Slide {self._number}") + hidden, 1, self._number)
        notes: list[Block] = []
        for relation in self._relations.values():
            root = self._package.xml(relation.target) if relation.kind == "notesSlide" else None
            for shape in () if root is None else root.iter(_P + "sp"):
                notes += self._paragraphs(shape) if _placeholder(shape) == "body" else []
        if notes:
            notes.insert(0, Block("heading", "Speaker notes", 2, self._number))
        return [heading, *self._shapes(shape for shape in shapes if shape is not title), *notes]

    def _shapes(self, shapes: Iterable[Any]) -> list[Block]:
        """From top to bottom, left to right, as they are placed."""
        blocks: list[Block] = []
        for shape in sorted((one for one in shapes if isinstance(one.tag, str)), key=_place):
            if shape.tag == _P + "grpSp":
                blocks += self._shapes(shape)
            elif shape.tag in (_P + "sp", _P + "cxnSp") and _placeholder(shape) not in _ASIDE:
                blocks += self._paragraphs(shape)
            elif shape.tag == _P + "graphicFrame":
                blocks += self._frame(shape)
            elif shape.tag.endswith("}AlternateContent"):
                blocks += self._shapes(next(iter(shape), ()))
            described = shape.find(f"*/{_P}cNvPr")
            text = "" if described is None else " ".join((described.get("descr") or "").split())
            if text:
                blocks.append(Block("paragraph", f"[{text}]", page=self._number))
        return blocks

    def _frame(self, frame: Any) -> list[Block]:
        """A table, a chart or a diagram; of anything else that it is there."""
        table = frame.find(f".//{_A}tbl")
        if table is not None:
            rows = [
                [_cell(cell) for cell in row.iter(_A + "tc") if not _is_covered(cell)] for row in table.iter(_A + "tr")
            ]
            found, wide = spread(rows)
            return row_blocks(found, self._number, wide)
        for drawing in frame.iter("{*}chart", "{*}relIds"):
            relation = self._relations.get(drawing.get(_R + "id") or drawing.get(_R + "dm") or "")
            root = self._package.xml(relation.target) if relation else None
            if root is not None and drawing.tag.endswith("}chart"):
                return chart_blocks(root, self._number)
            if root is not None:
                return [Block("item", f"- {text}", page=self._number) for text in diagram_texts(root)]
        return [Block("paragraph", "[an embedded object that is not read]", page=self._number)]

    def _paragraphs(self, shape: Any) -> list[Block]:
        body = shape.find("{*}txBody")
        if body is None:
            return []
        found = [(paragraph, _shown(paragraph).strip()) for paragraph in body.iterfind(_A + "p")]
        several = sum(bool(text) for _, text in found) > 1
        counts: dict[int, int] = {}
        blocks = []
        for paragraph, text in found:
            if not text:
                continue
            properties = paragraph.find(_A + "pPr")
            level = int(properties.get("lvl") or 0) if properties is not None else 0
            mark = _mark(properties, level, counts)
            item = several or level > 0 or mark != "-"
            blocks.append(Block("item" if item else "paragraph", f"{mark} {text}" if item else text, page=self._number))
        return blocks


def _mark(properties: Any, level: int, counts: dict[int, int]) -> str:
    """The automatic number of a paragraph; "-" where it has none. counts: the numbers so far by level."""
    for deeper in [one for one in counts if one > level]:
        del counts[deeper]
    numbered = None if properties is None else properties.find(_A + "buAutoNum")
    if numbered is None:
        counts.pop(level, None)
        return "-"
    counts[level] = counts.get(level, int(numbered.get("startAt") or 1) - 1) + 1
    kind = numbered.get("type") or "arabicPeriod"
    style = next((style for name, style in _NUMBERS.items() if kind.startswith(name)), "1")
    text = number_text(counts[level], style)
    return f"({text})" if kind.endswith("ParenBoth") else f"{text})" if kind.endswith("ParenR") else f"{text}."


def _shown(paragraph: Any) -> str:
    """The text of a paragraph with its signs."""
    parts: list[str] = []
    for child in paragraph.iter(_A + "r", _A + "fld", _A + "br", _MATH):
        if any(parent.tag == _FALLBACK for parent in child.iterancestors()):
            continue
        if child.tag == _A + "br":
            parts.append("\n")
        elif child.tag == _MATH:
            parts.append(formula(child))
        else:
            parts.append(_run(child, "".join(parts[-3:])))
    return "".join(parts)


def _run(run: Any, before: str) -> str:
    text = run.findtext(_A + "t") or ""
    properties = run.find(_A + "rPr")
    if properties is None:
        return text
    fonts = [found.get("typeface") for name in ("sym", "latin") if (found := properties.find(_A + name)) is not None]
    font = next((name for name in fonts if is_symbol_font(name)), None)
    if font and (fonts[0] == font or any("\uf020" <= character <= "\uf0ff" for character in text)):
        text = symbols(text, font)
    base = int(properties.get("baseline") or 0) if (properties.get("baseline") or "0").lstrip("-").isdecimal() else 0
    return raised(text, before) if base > 0 else lowered(text) if base < 0 else text


def _text(shape: Any) -> str:
    return "\n".join(_shown(paragraph) for paragraph in shape.iter(_A + "p"))


def _cell(cell: Any) -> Cell:
    return Cell(" ".join(_text(cell).split()), _count(cell.get("rowSpan")), _count(cell.get("gridSpan")))


def _count(text: str | None) -> int:
    return max(1, int(text)) if text and text.isdecimal() else 1


def _is_covered(cell: Any) -> bool:
    """Whether it is part of the cell above or before it."""
    return any(cell.get(name) in ("1", "true") for name in ("vMerge", "hMerge"))


def _placeholder(shape: Any) -> str:
    """What a shape is there for: title, body, sldNum; empty where it has no role."""
    found = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph") if isinstance(shape.tag, str) else None
    return "" if found is None else found.get("type") or "body"


def _place(shape: Any) -> tuple[int, int]:
    offset = (
        next(shape.iter(_A + "off"), None) if shape.tag != _P + "grpSp" else shape.find(f"{_P}grpSpPr/{_A}xfrm/{_A}off")
    )
    if offset is None and (frame := shape.find(f"{_P}xfrm/{_A}off")) is not None:
        offset = frame
    numbers = ("0", "0") if offset is None else (offset.get("y") or "0", offset.get("x") or "0")
    y, x = (int(number) if number.lstrip("-").isdecimal() else 0 for number in numbers)
    return y, x
