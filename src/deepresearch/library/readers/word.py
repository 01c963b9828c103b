"""Word documents: headings by style, numbers of lists, tables, formulas, fields, pictures' descriptions, notes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...text.encoding import decode
from ..documents import Block, Document, ReadProblem, own_title
from .formulas import formula
from .html import fragment_blocks
from .office import Package, chart_blocks, diagram_texts
from .rows import Cell, about, row_blocks, spread
from .signs import is_symbol_font, lowered, raised, symbols
from .word_lists import Numbering, Styles

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}oMath"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
"""The element that repeats the content for old programs."""
_DESCRIBED = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_SHAPE = "{urn:schemas-microsoft-com:vml}shape"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"
_BOX = W + "txbxContent"
_SPACES = {W + "tab": "\t", W + "br": "\n", W + "cr": "\n", W + "noBreakHyphen": "-", W + "ptab": "\t"}
_LEFT_OUT = frozenset(
    [_FALLBACK, _BOX, *(W + name for name in ("pPr", "rPr", "moveFrom", "del", "instrText", "sdtPr"))]
)
"""A text box is a paragraph of its own."""
_NOTES = {"footnotes": "Footnotes", "endnotes": "Endnotes", "comments": "Comments"}
_REFERENCES = {W + "footnoteReference": "footnotes", W + "endnoteReference": "endnotes"}
_WIDEST = 100


def read_word(path: Path) -> Iterator[Document | ReadProblem]:
    """One document. Raises DocumentError, OSError."""
    with Package(path) as package:
        part = package.main("word/document.xml")
        reader = _Reader(package, part)
        body = package.xml(part).find(W + "body")
        blocks = [] if body is None else reader.blocks(body)
        for relation in package.relations(part).values():
            if relation.kind in _NOTES:
                blocks += reader.notes(relation.kind, package.xml(relation.target))
        blocks += _margins(package, part)
        meta = package.about()
    first = own_title(blocks)
    blocks = about(author=meta["author"]) + blocks
    yield Document(
        str(path),
        meta["title"] or first or path.stem,
        blocks,
        date=meta["date"] or None,
        language=meta["language"] or None,
    )


def _margins(package: Package, part: str) -> list[Block]:
    """What is at the top and foot of the pages, each text once; not the page numbers alone."""
    texts: dict[str, None] = {}
    for relation in package.relations(part).values():
        root = package.xml(relation.target) if relation.kind in ("header", "footer") else None
        if root is not None:
            found = _Reader(package, relation.target).blocks(root)
            texts |= dict.fromkeys(block.text for block in found if re.search(r"[^\W\d_]{3}", block.text))
    blocks = [Block("paragraph", text) for text in texts]
    return [Block("heading", "Headers and footers", 1), *blocks] if blocks else []


@dataclass
class _Run:
    """How a run of text is shown."""

    font: str = ""
    raised: int = 0
    """1 above the line, -1 below it."""
    hidden: bool = False
    struck: bool = False


class _Reader:
    def __init__(self, package: Package, part: str) -> None:
        self._package = package
        self._relations = package.relations(part)
        self._styles = Styles(package.related(part, "styles"))
        self._numbering = Numbering(package.related(part, "numbering"), self._styles)
        self._noted: dict[str, dict[str, int]] = {"footnotes": {}, "endnotes": {}}
        """Numbers of notes by id, in the order of the text."""
        self._drawn: list[Block] = []
        """Charts and diagrams of the current paragraph."""

    def blocks(self, parent: Any) -> list[Block]:
        """The blocks of everything in `parent`, in order."""
        blocks: list[Block] = []
        for element in parent:
            if element.tag == W + "p":
                blocks += self._paragraph(element)
            elif element.tag == W + "tbl":
                blocks += self._table(element)
            elif element.tag == W + "altChunk":
                blocks += self._chunk(element)
            elif element.tag == _MATH + "Para":
                blocks.append(Block("paragraph", formula(element)))
            elif _is_placeholder(element):
                continue  # what to enter, not what was entered
            elif element.tag in (W + "sdt", W + "sdtContent", W + "ins", W + "customXml", W + "moveTo"):
                blocks += self.blocks(element)
        return blocks

    def notes(self, kind: str, root: Any) -> list[Block]:
        """Footnotes, endnotes or comments under a heading of their own, with their numbers where they have any."""
        numbers = self._noted.get(kind, {})
        blocks = []
        for note in () if root is None else root:
            text = " ".join(" ".join(self._text(paragraph) for paragraph in note.iter(W + "p")).split())
            if text and note.get(W + "type") not in ("separator", "continuationSeparator", "continuationNotice"):
                number = numbers.get(note.get(W + "id") or "")
                blocks.append(Block("item", f"[{number}] {text}" if number else f"- {text}"))
        return [Block("heading", _NOTES[kind], 1), *blocks] if blocks else []

    def _paragraph(self, element: Any) -> list[Block]:
        text = self._text(element).strip()
        drawn, self._drawn = self._drawn, []
        blocks = []
        if text:
            properties = element.find(W + "pPr")
            level = self._styles.level(properties)
            mark = self._numbering.next_mark(properties)
            if level:
                blocks.append(Block("heading", " ".join(f"{mark.lstrip('-')} {text}".split()), level))
            elif mark or self._styles.is_list(properties):
                blocks.append(Block("item", f"{mark or '-'} {text}"))
            else:
                blocks.append(Block("paragraph", text))
        for box in element.iter(_BOX):
            if not any(parent.tag == _FALLBACK for parent in box.iterancestors()):
                blocks += self.blocks(box)
        return blocks + drawn

    def _text(self, element: Any) -> str:
        """The text of a paragraph as it is shown: deleted text left out, pictures by their descriptions."""
        parts: list[str] = []
        self._inside(element, parts, _Run())
        return "".join(parts).replace("~~~~", "")

    def _inside(self, element: Any, parts: list[str], run: _Run) -> None:
        """Add to `parts` what is shown of everything in `element`."""
        for child in element:
            tag = child.tag
            if tag == W + "r":
                shown = self._run(child)
                if not shown.hidden:
                    parts.append("~~" if shown.struck else "")
                    self._raised(child, parts, shown) if shown.raised else self._inside(child, parts, shown)
                    parts.append("~~" if shown.struck else "")
            elif (text := self._piece(child, run)) is not None:
                parts.append(text)
            elif tag == W + "ruby":
                self._inside(sorted(child, key=lambda part: str(part.tag) != W + "rubyBase"), parts, run)
            elif tag == W + "rt":
                inner: list[str] = []
                self._inside(child, inner, run)
                parts.append(f"({''.join(inner)})")
            elif not self._drawing(child, parts) and tag not in _LEFT_OUT:
                self._inside(child, parts, run)

    def _piece(self, element: Any, run: _Run) -> str | None:
        """What an element shows that has no others in it; None for one that has."""
        tag = element.tag
        if tag == W + "t":
            return symbols(element.text or "", run.font) if run.font else element.text or ""
        if tag == W + "sym":
            return symbols(chr(int(element.get(W + "char") or "20", 16)), element.get(W + "font"))
        if tag == _MATH:
            return formula(element)
        if tag in _REFERENCES and element.get(W + "customMarkFollows") not in ("1", "true", "on"):
            numbers = self._noted[_REFERENCES[tag]]
            return f"[{numbers.setdefault(element.get(W + 'id') or '', len(numbers) + 1)}]"
        if tag == W + "fldChar":
            return _form_field(element)
        if _is_placeholder(element):
            return ""
        return _SPACES.get(tag)

    def _drawing(self, element: Any, parts: list[str]) -> bool:
        """A picture's description; a chart and a diagram, as blocks. False where the element is none of these."""
        if element.tag in (_DESCRIBED, _SHAPE):
            text = " ".join((element.get("descr") or element.get("alt") or "").split())
            parts.append(f" [{text}] " if text else "")
            return bool(element.tag == _DESCRIBED)  # a shape has a text box in it
        elif element.tag in (_CHART, _DIAGRAM):
            relation = self._relations.get(element.get(_R + "id") or element.get(_R + "dm") or "")
            root = self._package.xml(relation.target) if relation else None
            if root is None:
                parts.append(" [a drawing that cannot be read] ")
            elif element.tag == _CHART:
                self._drawn += chart_blocks(root)
            else:
                self._drawn += [Block("item", f"- {text}") for text in diagram_texts(root)]
        elif element.tag == W + "object":
            parts.append(" [an embedded object] ")
            return False
        else:
            return False
        return True

    def _run(self, element: Any) -> _Run:
        properties = element.find(W + "rPr")
        if properties is None:
            return _Run()
        shown = _Run()
        for found in [*self._styles.run_properties(properties), properties]:
            fonts = found.find(W + "rFonts")
            name = "" if fonts is None else fonts.get(W + "ascii") or fonts.get(W + "hAnsi") or ""
            shown.font = name if is_symbol_font(name) else ""
            if (align := found.find(W + "vertAlign")) is not None:
                shown.raised = {"superscript": 1, "subscript": -1}.get(align.get(W + "val") or "", 0)
            elif (position := found.find(W + "position")) is not None:
                half_points = _integer(position.get(W + "val"))
                shown.raised = (half_points > 3) - (half_points < -3)
            shown.hidden = _is_on(found, "vanish", shown.hidden)
            shown.struck = _is_on(found, "strike", _is_on(found, "dstrike", shown.struck))
        return shown

    def _raised(self, element: Any, parts: list[str], shown: _Run) -> None:
        """A raised or lowered run, together with those of its kind right before it."""
        inner: list[str] = []
        self._inside(element, inner, shown)
        text = "".join(inner)
        if text.startswith("[") or not text.strip():  # a note's mark is recognised as it is
            parts.append(text)
            return
        before = "".join(parts[-3:])
        parts.append(lowered(text) if shown.raised < 0 else raised(text, before))

    def _chunk(self, element: Any) -> list[Block]:
        """A document of another kind within this one."""
        relation = self._relations.get(element.get(_R + "id") or "")
        if relation and relation.target.endswith((".htm", ".html", ".xhtml")):
            return fragment_blocks(decode(self._package.data(relation.target) or b" ", relation.target))
        return [Block("paragraph", "[an embedded document that is not read]")]

    def _table(self, element: Any) -> list[Block]:
        rows: list[list[_Placed]] = []
        inner: list[Block] = []
        for row in element.iter(W + "tr"):
            if next(row.iterancestors(W + "tbl")) is not element:
                continue
            placed: list[_Placed] = []
            column = _integer(_value(row.find(f"{W}trPr/{W}gridBefore")))
            for cell in (cell for cell in row.iter(W + "tc") if next(cell.iterancestors(W + "tr")) is row):
                merged = cell.find(f"{W}tcPr/{W}vMerge")
                wide = max(1, min(_integer(_value(cell.find(f"{W}tcPr/{W}gridSpan")), 1), _WIDEST))
                inside = self.blocks(cell)
                text = " ".join(block.text for block in inside)
                above = rows[-1] if rows else []
                continues = (
                    merged is not None
                    and _value(merged) != "restart"
                    and any(one.column == column and one.merged for one in above)
                )
                placed.append(_Placed(column, wide, text, merged is not None, continues))
                column += wide
                inner += inside
            rows.append(placed)
        # A table of one cell in a row, or in a column, is there for the layout: what is in it keeps its form.
        if len(rows) < 2 or max(map(len, rows)) < 2:
            return inner
        found, wide_rows = spread([_cells(row, rows[number + 1 :]) for number, row in enumerate(rows)])
        return row_blocks(found, wide=wide_rows)


@dataclass
class _Placed:
    """A cell of a table by its column."""

    column: int
    wide: int
    text: str
    merged: bool
    """With cells above or below it."""
    continues: bool
    """It is part of the cell above it."""


def _cells(row: list[_Placed], below: list[list[_Placed]]) -> list[Cell]:
    cells = [Cell("")] * (row[0].column if row else 0)
    for cell in row:
        if cell.continues:
            continue
        height = 1
        for other in below:
            if not any(one.continues and one.column == cell.column for one in other):
                break
            height += 1
        cells.append(Cell(cell.text, height, cell.wide))
    return cells


def _is_on(properties: Any, name: str, default: bool) -> bool:
    """Whether a property is switched on; `default` where it is not set."""
    found = properties.find(W + name)
    return default if found is None else found.get(W + "val") not in ("0", "false", "off")


def _is_placeholder(element: Any) -> bool:
    """Whether it is a field that nothing was entered in."""
    return element.tag == W + "sdt" and element.find(f"{W}sdtPr/{W}showingPlcHdr") is not None


def _form_field(element: Any) -> str:
    """A box or a choice of an old form; the text of other fields is in the document."""
    box = element.find(f"{W}ffData/{W}checkBox")
    if box is not None:
        states = [box.find(W + name) for name in ("checked", "default")]
        state = next((found for found in states if found is not None), None)
        return "☑" if state is not None and state.get(W + "val") not in ("0", "false", "off") else "☐"
    choice = element.find(f"{W}ffData/{W}ddList")
    if choice is not None:
        entries = [entry.get(W + "val") or "" for entry in choice.iter(W + "listEntry")]
        number = _integer(_value(choice.find(W + "result")))
        return entries[number] if number < len(entries) else ""
    return ""


def _value(element: Any) -> str:
    return "" if element is None else element.get(W + "val") or ""


def _integer(text: str | None, default: int = 0) -> int:
    try:
        return int(float(text or default))
    except ValueError:
        return default
