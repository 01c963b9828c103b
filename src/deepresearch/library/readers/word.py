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
from .office import Package, at, drawing_blocks, integer, local, value
from .rows import Cell, row_blocks, spread
from .signs import is_symbol_font, lowered, raised, symbols
from .word_lists import Numbering, Styles

_SPACES = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_AROUND = frozenset("sdt sdtContent ins customXml moveTo".split())  # elements around paragraphs
_LEFT_OUT = frozenset("Fallback txbxContent pPr rPr moveFrom del instrText sdtPr".split())
"""A text box is a paragraph of its own; the fallback repeats the content for old programs."""
_NOTES = {"footnotes": "Footnotes", "endnotes": "Endnotes", "comments": "Comments"}
_REFERENCES = {"footnoteReference": "footnotes", "endnoteReference": "endnotes"}
_NO_NOTES = ("separator", "continuationSeparator", "continuationNotice")
_OFF = ("0", "false", "off")
_WIDEST = 100


def read_word(path: Path) -> Iterator[Document | ReadProblem]:
    """One document. Raises DocumentError, OSError."""
    with Package(path) as package:
        part = package.main("word/document.xml")
        reader = _Reader(package, part)
        blocks = reader.blocks(at(package.xml(part), "body"))
        for relation, root in package.related(part, *_NOTES):
            blocks += reader.notes(relation.kind, root)
        title = own_title(blocks)
        blocks += _margins(package, part)
        yield package.document(blocks, title)


def _margins(package: Package, part: str) -> list[Block]:
    """What is at the top and foot of the pages, each text once; not the page numbers alone."""
    texts: dict[str, None] = {}
    for relation, root in package.related(part, "header", "footer"):
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
        parts = {relation.kind: root for relation, root in package.related(part, "styles", "numbering")}
        self._styles = Styles(parts.get("styles"))
        self._numbering = Numbering(parts.get("numbering"), self._styles)
        self._noted: dict[str, dict[str, int]] = {"footnotes": {}, "endnotes": {}}
        """Numbers of notes by id, in the order of the text."""
        self._drawn: list[Block] = []  # charts and diagrams of the current paragraph

    def blocks(self, parent: Any) -> list[Block]:
        """The blocks of everything in `parent`, in order."""
        blocks: list[Block] = []
        for element in () if parent is None else parent:
            name = local(element)
            if name == "p":
                blocks += self._paragraph(element)
            elif name == "tbl":
                blocks += self._table(element)
            elif name == "altChunk":
                blocks += self._chunk(element)
            elif name == "oMathPara":
                blocks.append(Block("paragraph", formula(element)))
            elif name in _AROUND and not _is_placeholder(element):
                blocks += self.blocks(element)
        return blocks

    def notes(self, kind: str, root: Any) -> list[Block]:
        """Footnotes, endnotes or comments under a heading of their own, with their numbers where they have any."""
        numbers = self._noted.get(kind, {})
        blocks = []
        for note in root:
            text = " ".join(" ".join(self._text(paragraph) for paragraph in note.iter("{*}p")).split())
            if text and value(note, name="type") not in _NO_NOTES:
                number = numbers.get(value(note, name="id") or "")
                blocks.append(Block("item", f"[{number}] {text}" if number else f"- {text}"))
        return [Block("heading", _NOTES[kind], 1), *blocks] if blocks else []

    def _paragraph(self, element: Any) -> list[Block]:
        text = self._text(element).strip()
        drawn, self._drawn = self._drawn, []
        blocks = []
        if text:
            properties = at(element, "pPr")
            level = self._styles.level(properties)
            mark = self._numbering.next_mark(properties)
            if level:
                blocks.append(Block("heading", " ".join(f"{mark.lstrip('-')} {text}".split()), level))
            elif mark or self._styles.is_list(properties):
                blocks.append(Block("item", f"{mark or '-'} {text}"))
            else:
                blocks.append(Block("paragraph", text))
        for box in element.iter("{*}txbxContent"):
            if next(box.iterancestors("{*}Fallback"), None) is None:
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
            name = local(child)
            if name == "r":
                self._run(child, parts)
            elif (text := self._piece(child, name, run)) is not None:
                parts.append(text)
            elif name == "ruby":
                self._inside(sorted(child, key=lambda part: local(part) != "rubyBase"), parts, run)
            elif name == "rt":
                inner: list[str] = []
                self._inside(child, inner, run)
                parts.append(f"({''.join(inner)})")
            elif name not in _LEFT_OUT:
                if name == "shape":  # which may have a text box in it
                    parts.append(_described(value(child, name="alt")))
                self._inside(child, parts, run)

    def _piece(self, element: Any, name: str, run: _Run) -> str | None:
        """What an element shows that has no others in it; None for one that has."""
        if name == "t":
            return symbols(element.text or "", run.font) if run.font else element.text or ""
        if name == "sym":
            return symbols(chr(int(value(element, name="char") or "20", 16)), value(element, name="font"))
        if name == "oMath":
            return formula(element)
        if name in _REFERENCES and value(element, name="customMarkFollows") in (None, *_OFF):
            numbers = self._noted[_REFERENCES[name]]
            return f"[{numbers.setdefault(value(element, name='id') or '', len(numbers) + 1)}]"
        if name == "fldChar":
            return _form_field(element)
        if name == "docPr":
            return _described(value(element, name="descr"))
        if name in ("chart", "relIds"):
            found = drawing_blocks(self._package, self._relations, element)
            self._drawn += found
            return "" if found else " [a drawing that cannot be read] "
        if name == "object":
            return " [an embedded object] "
        return "" if _is_placeholder(element) else _SPACES.get(name)

    def _run(self, element: Any, parts: list[str]) -> None:
        """A run of text, with the marks of what is struck out, raised or lowered."""
        run = self._shown(at(element, "rPr"))
        if run.hidden:
            return
        inner: list[str] = []
        self._inside(element, inner, run)
        text = "".join(inner)
        if run.raised and text.strip() and not text.startswith("["):  # a note's mark is recognised as it is
            text = lowered(text) if run.raised < 0 else raised(text, "".join(parts[-3:]))
        parts += ["~~", text, "~~"] if run.struck else [text]

    def _shown(self, properties: Any) -> _Run:
        shown = _Run()
        for found in () if properties is None else (*self._styles.run_properties(properties), properties):
            name = value(found, "rFonts", "ascii") or value(found, "rFonts", "hAnsi") or ""
            shown.font = name if is_symbol_font(name) else ""
            if at(found, "vertAlign") is not None:
                shown.raised = {"superscript": 1, "subscript": -1}.get(value(found, "vertAlign") or "", 0)
            elif at(found, "position") is not None:
                half_points = integer(value(found, "position"))
                shown.raised = (half_points > 3) - (half_points < -3)
            shown.hidden = _is_on(found, "vanish", shown.hidden)
            shown.struck = _is_on(found, "strike", _is_on(found, "dstrike", shown.struck))
        return shown

    def _chunk(self, element: Any) -> list[Block]:
        """A document of another kind within this one."""
        relation = self._relations.get(value(element, name="id") or "")
        if relation and relation.target.endswith((".htm", ".html", ".xhtml")):
            return fragment_blocks(decode(self._package.data(relation.target) or b" ", relation.target))
        return [Block("paragraph", "[an embedded document that is not read]")]

    def _table(self, element: Any) -> list[Block]:
        rows: list[list[Cell]] = []
        inner: list[Block] = []
        above: dict[int, Cell] = {}
        """By column: the cell that the one below it may be part of."""
        for row in (row for row in element.iter("{*}tr") if next(row.iterancestors("{*}tbl")) is element):
            column = integer(value(row, "trPr/gridBefore"))
            cells = [Cell("")] * column
            merged: dict[int, Cell] = {}
            for part in (part for part in row.iter("{*}tc") if next(part.iterancestors("{*}tr")) is row):
                wide = max(1, min(integer(value(part, "tcPr/gridSpan"), 1), _WIDEST))
                inside = self.blocks(part)
                inner += inside
                cell = above.get(column)
                if cell and at(part, "tcPr/vMerge") is not None and value(part, "tcPr/vMerge") != "restart":
                    cell.rows += 1
                else:
                    cell = Cell(" ".join(block.text for block in inside), 1, wide)
                    cells.append(cell)
                if at(part, "tcPr/vMerge") is not None:
                    merged[column] = cell
                column += wide
            rows.append(cells)
            above = merged
        # A table of one cell in a row, or in a column, is there for the layout: what is in it keeps its form.
        if len(rows) < 2 or max(map(len, rows)) < 2:
            return inner
        found, wide_rows = spread(rows)
        return row_blocks(found, wide=wide_rows)


def _described(text: str | None) -> str:
    return f" [{' '.join(text.split())}] " if text and text.strip() else ""


def _is_on(properties: Any, name: str, default: bool) -> bool:
    """Whether a property is switched on; `default` where it is not set."""
    return default if at(properties, name) is None else value(properties, name) not in _OFF


def _is_placeholder(element: Any) -> bool:
    """Whether it is a field that nothing was entered in."""
    return local(element) == "sdt" and at(element, "sdtPr/showingPlcHdr") is not None


def _form_field(element: Any) -> str:
    """A box or a choice of an old form; the text of other fields is in the document."""
    box, choice = at(element, "ffData/checkBox"), at(element, "ffData/ddList")
    if box is not None:
        return "☑" if _is_on(box, "checked", _is_on(box, "default", False)) else "☐"
    entries = [] if choice is None else [value(entry) or "" for entry in choice.iter("{*}listEntry")]
    number = integer(value(choice, "result"))
    return entries[number] if number < len(entries) else ""
