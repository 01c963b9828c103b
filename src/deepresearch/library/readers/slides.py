"""Slides (pptx): every slide under its title and with its number, tables, charts, pictures' descriptions, notes."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pptx

from ..documents import Block, Document, ReadProblem
from .rows import about, row_blocks
from .zipped import check_office

DEEPEST = 20
"""Groups of shapes within groups."""


def read_slides(path: Path) -> Iterator[Document | ReadProblem]:
    """One document; a slide's number is its page. Raises DocumentError, OSError; whatever python-pptx raises."""
    check_office(path)
    show = pptx.Presentation(str(path))
    blocks = [block for number, slide in enumerate(show.slides, 1) for block in _slide(slide, number)]
    meta = show.core_properties
    first = next((block.text for block in blocks if block.kind == "heading"), "")
    date = meta.modified or meta.created
    yield Document(
        str(path),
        meta.title if meta.title not in ("", "PowerPoint Presentation") else first or path.stem,
        about(author=meta.author) + blocks,
        date=date.date().isoformat() if date else None,
        language=meta.language or None,
    )


def _slide(slide: Any, number: int) -> list[Block]:
    title = slide.shapes.title
    name = " ".join(title.text_frame.text.split()) if title is not None else ""
    blocks = [Block("heading", name or f"Slide {number}", 1, number)]
    rest = [shape for shape in slide.shapes if title is None or shape.shape_id != title.shape_id]
    blocks += _shapes(rest, number)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = _paragraphs(slide.notes_slide.notes_text_frame, number)
        blocks += [Block("heading", "Speaker notes", 2, number), *notes] if notes else []
    return blocks


def _shapes(shapes: Iterable[Any], number: int, depth: int = 0) -> list[Block]:
    blocks: list[Block] = []
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        described = shape._element.xpath("./*/p:cNvPr/@descr")  # the library has no name for it
        if hasattr(shape, "shapes") and depth < DEEPEST:
            blocks += _shapes(shape.shapes, number, depth + 1)
        elif getattr(shape, "has_table", False):
            blocks += row_blocks(([cell.text for cell in row.cells] for row in shape.table.rows), number)
        elif getattr(shape, "has_chart", False):
            blocks += _chart(shape.chart, number)
        elif shape.has_text_frame:
            blocks += _paragraphs(shape.text_frame, number)
        if described and described[0].strip():
            blocks.append(Block("paragraph", f"[{' '.join(described[0].split())}]", page=number))
    return blocks


def _paragraphs(frame: Any, number: int) -> list[Block]:
    blocks = []
    several = sum(bool(paragraph.text.strip()) for paragraph in frame.paragraphs) > 1
    for paragraph in frame.paragraphs:
        text = paragraph.text.replace("\v", "\n").strip()
        if text:
            item = several or paragraph.level > 0
            blocks.append(Block("item" if item else "paragraph", f"- {text}" if item else text, page=number))
    return blocks


def _chart(chart: Any, number: int) -> list[Block]:
    """The figures that it is drawn from, a row for each category."""
    blocks = []
    if chart.has_title and chart.chart_title.has_text_frame:
        blocks.append(Block("paragraph", chart.chart_title.text_frame.text.strip(), page=number))
    for plot in chart.plots:
        series = list(plot.series)
        rows = [["", *(line.name for line in series)]]
        for place, category in enumerate(plot.categories):
            values = (line.values[place] if place < len(line.values) else None for line in series)
            rows.append([str(category), *("" if value is None else f"{value:g}" for value in values)])
        rows[0][0] = "Category"
        blocks += row_blocks(rows, number)
    return blocks
