"""Word documents (docx): headings by style, lists, tables, links' text, pictures' descriptions, notes and comments."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from lxml import etree

from ..documents import Block, Document, ReadProblem
from .rows import about, row_blocks
from .zipped import check_office

_P, _TBL, _TR, _TC, _BOX = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc"), qn("w:txbxContent")
_TEXT = (qn("w:t"), "{http://schemas.openxmlformats.org/officeDocument/2006/math}t")
_SPACES = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_LEFT_OUT = (
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",  # the same again for old programs
    qn("w:pPr"),
    qn("w:moveFrom"),
    qn("w:instrText"),
    _BOX,  # a text box is a paragraph of its own
)
_NOTES = {"footnotes": "Footnotes", "endnotes": "Endnotes", "comments": "Comments"}


def read_word(path: Path) -> Iterator[Document | ReadProblem]:
    """One document. Raises DocumentError, OSError; whatever python-docx raises on damaged files."""
    check_office(path)
    document = docx.Document(str(path))
    blocks = _blocks(document.element.body, document)
    for relation in document.part.rels.values():
        title = _NOTES.get(relation.reltype.rsplit("/", 1)[-1])
        if title and not relation.is_external:
            blocks += _notes(title, relation.target_part.blob)
    meta = document.core_properties
    first = next((block.text for block in blocks if block.kind == "heading" and block.text), "")
    date = meta.modified or meta.created
    yield Document(
        str(path),
        meta.title or first or path.stem,
        about(author=meta.author) + blocks,
        date=date.date().isoformat() if date else None,
        language=meta.language or None,
    )


def _blocks(parent: Any, document: Any) -> list[Block]:
    blocks: list[Block] = []
    for element in parent:
        if element.tag == _P:
            blocks += _paragraph(element, document)
        elif element.tag == _TBL:
            blocks += _table(element, document)
        elif element.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml")):
            blocks += _blocks(element, document)
    return blocks


def _paragraph(element: Any, document: Any) -> list[Block]:
    text = _text(element).strip()
    blocks = []
    if text:
        paragraph = Paragraph(element, document)
        level = _level(paragraph)
        properties = element.pPr
        listed = properties is not None and properties.numPr is not None
        if level:
            blocks.append(Block("heading", " ".join(text.split()), level))
        elif listed or (paragraph.style and (paragraph.style.name or "").startswith("List")):
            blocks.append(Block("item", f"- {text}"))
        else:
            blocks.append(Block("paragraph", text))
    for box in element.iter(_BOX):
        if not any(parent.tag == _LEFT_OUT[0] for parent in box.iterancestors()):
            blocks += _blocks(box, document)
    return blocks


def _level(paragraph: Any) -> int:
    """Of a heading, by its style or one that this is based on; 0 of text."""
    style, seen = paragraph.style, 0
    while style is not None and seen < 20:  # styles may be based on each other in a circle
        name = (style.name or "").lower()
        if name == "title":
            return 1
        if name.startswith("heading ") and name[8:].isdecimal():
            return min(int(name[8:]), 6)
        outline = style.element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        if outline is not None and outline.get(qn("w:val"), "9") in "012345":
            return int(outline.get(qn("w:val"))) + 1
        style, seen = style.base_style, seen + 1
    return 0


def _text(element: Any) -> str:
    """The text of a paragraph as it is shown: deleted text left out, pictures by their descriptions."""
    parts = []
    stack = [element]
    while stack:
        part = stack.pop()
        if part.tag in _TEXT:
            parts.append(part.text or "")
        elif part.tag == qn("wp:docPr"):
            parts.append(f" [{part.get('descr')}] " if part.get("descr") else "")
        elif part.tag in _SPACES:
            parts.append(_SPACES[part.tag])
        elif part.tag not in _LEFT_OUT:
            stack += reversed(part)
    return "".join(parts)


def _table(element: Any, document: Any) -> list[Block]:
    rows, inner = [], []
    for row in element.iter(_TR):
        if next(row.iterancestors(_TBL)) is not element:
            continue
        cells = []
        for cell in (cell for cell in row.iter(_TC) if next(cell.iterancestors(_TR)) is row):
            span = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
            wide = int(span.get(qn("w:val"))) if span is not None and span.get(qn("w:val"), "").isdecimal() else 1
            inside = _blocks(cell, document)
            cells += [" ".join(block.text for block in inside), *[""] * (min(wide, 100) - 1)]
            inner += inside
        rows.append(cells)
    # A table of one cell in a row, or in a column, is there for the layout: what it holds keeps its form.
    return row_blocks(rows) if len(rows) > 1 and max(map(len, rows)) > 1 else inner


def _notes(title: str, blob: bytes) -> list[Block]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    texts = (" ".join(" ".join(map(_text, note.iter(_P))).split()) for note in etree.fromstring(blob, parser))
    blocks = [Block("item", f"- {text}") for text in texts if text]
    return [Block("heading", title, 1), *blocks] if blocks else []
