"""PDF: pages to lines, lines to paragraphs and headings."""

import re
import statistics
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ...errors import DocumentError
from ...text.characters import CJK
from ..documents import Block, Document, ReadProblem

_PDFIUM = threading.Lock()
"""PDFium is not thread-safe: one document at a time in a process."""
MOST_PAGES = 5000
_BULLET = re.compile(r"(?:[•▪●◦■–*-]|\(?\d{1,2}[.)]|\([a-z]\))\s+\S")
_NUMBERED = re.compile(
    r"(?:(?:chapter|part)\s+)?(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+\S|(第\s*[\d一二三四五六七八九十百]+\s*[章部篇])", re.I
)
_SECTION = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,4})\s+[^\W\d_].*")
"""A line of its own that is a heading although it is not larger than the text."""
_NO_TITLE = re.compile(
    r"\W*(?:untitled|anonymous|unknown|document\s*\d*|.*\.(?:docx?|tex|pdf|dvi|indd|rtf|odt|pptx?))\W*", re.I
)
_SENTENCE_END = re.compile(r"[.!?:;。！？：；…][\"'”’)\]」』）]*$")
_CJK_END = re.compile(f"[{CJK}，。、；：！？）」』》]$")
_CJK_START = re.compile(f"[{CJK}，。、；：！？（「『《]")


@dataclass(frozen=True)
class _Line:
    """A line of print; two where PDFium has joined a word that was broken between them."""

    text: str
    page: int
    left: float
    right: float
    bottom: float
    top: float
    size: float


def read_pdf(path: Path) -> Iterator[Document | ReadProblem]:
    """One document with page numbers. Raises DocumentError for encrypted, damaged and text-less files, OSError."""
    data = path.read_bytes()
    with _PDFIUM:
        pages, meta, outline = _extract(data, path)
    if len(pages) == MOST_PAGES:
        yield ReadProblem(str(path), f"only its first {MOST_PAGES} pages are read")
    if not any(pages):
        raise DocumentError(
            f"{path} holds no text: its pages are pictures, as scanners make them.", "Run it through OCR first."
        )
    lines = [line for page in _without_margins(pages) for line in page]
    blocks = _blocks(lines, outline)
    created = re.match(r"D:(\d{4})(\d\d)(\d\d)", meta.get("CreationDate") or "")
    title = _title(meta.get("Title") or "", lines) or path.stem
    yield Document(str(path), title, blocks, date="-".join(created.groups()) if created else None)


def _title(declared: str, lines: list[_Line]) -> str:
    """The declared title unless it is none, else the largest print of the first page; empty where that is long."""
    declared = " ".join(declared.removeprefix("Microsoft Word - ").split())
    if len(declared) > 3 and not _NO_TITLE.fullmatch(declared):
        return declared
    first = [line for line in lines if line.page == lines[0].page]
    largest = max(line.size for line in first)
    found = " ".join(line.text for line in first if line.size == largest)
    return found if len(found) <= 120 else ""


def _extract(data: bytes, path: Path) -> tuple[list[list[_Line]], dict[str, str], dict[str, int]]:
    import pypdfium2  # noqa: PLC0415

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise DocumentError(f"{path} is encrypted.", "Save a copy without a password.") from error
        raise DocumentError(f"{path} is damaged: {error}", "Open it in a viewer and save it anew.") from error
    try:
        pages = []
        for number in range(min(len(document), MOST_PAGES)):
            try:
                pages.append(_lines(document[number], number + 1))
            except pypdfium2.PdfiumError:
                pages.append([])  # one broken page does not lose the others
        outline = {_key(item.get_title()): item.level + 1 for item in document.get_toc(max_depth=6)}
        return pages, document.get_metadata_dict(), outline
    finally:
        document.close()


def _lines(page: Any, number: int) -> list[_Line]:
    from pypdfium2 import raw  # noqa: PLC0415

    textpage = page.get_textpage()
    text = textpage.get_text_range()
    lines = []
    position = 0
    for piece in re.split(r"(\r\n|\n|\r)", text):
        stripped = piece.strip()
        if stripped:
            first = raw.FPDFText_GetCharIndexFromTextIndex(textpage, position + piece.index(stripped[0]))
            last = raw.FPDFText_GetCharIndexFromTextIndex(textpage, position + len(piece.rstrip()) - 1)
            left, low, _, top = textpage.get_charbox(max(first, 0), loose=True)
            _, bottom, right, _ = textpage.get_charbox(max(last, 0), loose=True)
            size = raw.FPDFText_GetFontSize(textpage, max(first, 0))
            lines.append(_Line(_clean(stripped), number, left, right, bottom, top, round(max(size, top - low), 1)))
        position += len(piece)
    return lines


def _clean(text: str) -> str:
    """PDFium joins a word that was broken at the end of a line, and marks the place by a control character."""
    text = re.sub(r"(?<=[^\W\d_])[\x02\ufffe](?=[^\W\d_])", "", text)
    text = re.sub(r"[\x02\ufffe]", "-", text)
    return re.sub(r"[\x00-\x08\x0b-\x1f]", "", text)


def _key(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()


def _without_margins(pages: list[list[_Line]]) -> list[list[_Line]]:
    """Without page numbers, running heads and running feet: what stands at the edge of many pages."""

    def mark(line: _Line) -> str:
        return re.sub(r"\d+", "#", line.text).strip()

    edges = Counter(mark(line) for page in pages for line in {*page[:2], *page[-2:]})
    often = max(3, len([page for page in pages if page]) // 4)
    return [
        [
            line
            for place, line in enumerate(page)
            if 2 <= place < len(page) - 2 or (edges[mark(line)] < often and re.search(r"[^\W#]", mark(line)))
        ]
        for page in pages
    ]


def _blocks(lines: list[_Line], outline: dict[str, int]) -> list[Block]:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    larger = sorted((size for size in sizes if size > body * 1.12), reverse=True)
    gaps = [a.bottom - b.top for a, b in pairwise(lines) if a.page == b.page and a.size == b.size == body]
    usual = min(statistics.median(gaps or [0.0]), body / 2)
    width = max((line.right for line in lines), default=0.0)
    blocks: list[Block] = []
    paragraph: list[_Line] = []
    for line in lines:
        level = _heading_level(line, larger, outline)
        if paragraph and (level or _breaks(paragraph[-1], line, usual, width)):
            blocks.append(_paragraph(paragraph))
            paragraph = []
        if not level:
            paragraph.append(line)
        elif blocks and blocks[-1].kind == "heading" and blocks[-1].level == level and _continues(blocks[-1], line):
            blocks[-1] = Block("heading", f"{blocks[-1].text} {line.text}", level, blocks[-1].page)
        else:
            blocks.append(Block("heading", line.text, level, line.page))
    if paragraph:
        blocks.append(_paragraph(paragraph))
    return blocks


def _heading_level(line: _Line, larger: list[float], outline: dict[str, int]) -> int:
    """0 for running text. Headings stand in the outline, or are larger than the text; numbers tell their level."""
    if len(line.text) > 120 or not re.search(r"[^\W\d_]", line.text):
        return 0
    if level := outline.get(_key(line.text)):
        return level
    if line.size not in larger:
        return 0
    if number := _NUMBERED.match(line.text):
        return (number.group(1) or "").count(".") + 1
    return min(larger.index(line.size) + 1, 4)


def _continues(heading: Block, line: _Line) -> bool:
    return heading.page == line.page and not _NUMBERED.match(line.text) and len(heading.text) < 80


def _breaks(before: _Line, line: _Line, usual: float, width: float) -> bool:
    """Whether a new paragraph starts at `line`."""
    ended = bool(_SENTENCE_END.search(before.text))
    if _BULLET.match(line.text):
        return True
    if before.page != line.page:
        return ended
    if line.bottom > before.top:  # another column
        return ended
    return before.bottom - line.top > usual + line.size / 3 or (
        ended and (before.right < width * 0.8 or line.left > before.left + line.size)
    )


def _paragraph(lines: list[_Line]) -> Block:
    text = lines[0].text
    number = _SECTION.fullmatch(text)
    if len(lines) == 1 and number and len(text) < 80 and not _SENTENCE_END.search(text):
        return Block("heading", text, number.group(1).count(".") + 1, lines[0].page)
    for line in lines[1:]:
        if re.search(r"[^\W\d_]-$", text) and line.text[:1].islower():
            text = text[:-1] + line.text
        elif _CJK_END.search(text) and _CJK_START.match(line.text):
            text += line.text
        else:
            text += " " + line.text
    return Block("item" if _BULLET.match(text) else "paragraph", text, page=lines[0].page)
