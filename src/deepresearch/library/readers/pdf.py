"""PDF: pages to lines, lines to paragraphs and headings."""

import io
import re
import statistics
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import dropwhile, pairwise, takewhile
from pathlib import Path

from ...errors import DocumentError
from ...text.characters import CJK
from ..documents import Block, Document, ReadProblem
from .pdf_lines import PrintedLine, page_lines

_PDFIUM = threading.Lock()
"""PDFium is not thread-safe: one document at a time in a process."""
MOST_PAGES = 5000
_UNREADABLE = (OSError, RuntimeError, ValueError)
"""What pdf_oxide raises for a file or a page that it cannot read."""
LONGEST_WORD = 60  # characters
_BULLET = re.compile(r"(?:[•▪●◦■–*-]|\(?\d{1,2}[.)]|\([a-z]\))\s+\S")
_NUMBERED = re.compile(
    r"(?:(?:chapter|part)\s+)?(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+\S|(第\s*[\d一二三四五六七八九十百]+\s*[章部篇])", re.I
)
_SECTION = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,4})\s+[^\W\d_].*")
"""A line of its own that is a heading although it is not larger than the text."""
_AMOUNT = re.compile(r"[$€£¥￥]\s?\d|\d[.,]\d\d\s*(?:%|[A-Z]{3})?$")
"""Money, or a number with decimals: of a line that is not a heading however large it is, such as a total."""
_NO_TITLE = re.compile(
    r"\W*(?:untitled|anonymous|unknown|document\s*\d*|.*\.(?:docx?|tex|pdf|dvi|indd|rtf|odt|pptx?))\W*", re.I
)
_SENTENCE_END = re.compile(r"[.!?:;。！？：；…][\"'”’)\]」』）]*$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BROKEN = re.compile(r"([^\W\d_]+)[-\u2010\u00ad]$")
_CJK_END = re.compile(f"[{CJK}，。、；：！？）」』》]$")
_CJK_START = re.compile(f"[{CJK}，。、；：！？（「『《]")


def read_pdf(path: Path) -> Iterator[Document | ReadProblem]:
    """One document with page numbers. Raises DocumentError for encrypted, damaged and text-less files, OSError."""
    data = path.read_bytes()
    with _PDFIUM:
        pages, meta, outline, problems = _extract(data, path)
    yield from problems
    if not any(pages):
        raise DocumentError(
            f"{path} has no text: its pages are pictures, as scanners make them.", "Run it through OCR first."
        )
    lines = [line for page in _without_margins(pages) for line in page]
    blocks = _with_pictures(_blocks(lines, outline, _words(lines)), pages)
    created = re.match(r"D:(\d{4})(\d\d)(\d\d)", meta.get("CreationDate") or "")
    title = _title(meta.get("Title") or "", lines) or path.stem
    yield Document(str(path), title, blocks, date="-".join(created.groups()) if created else None)


def _title(declared: str, lines: list[PrintedLine]) -> str:
    """The declared title unless it is none, else the largest print of the first page; empty where that is long."""
    declared = " ".join(declared.removeprefix("Microsoft Word - ").split())
    if len(declared) > 3 and not _NO_TITLE.fullmatch(declared):
        return declared
    first = [line for line in lines if line.page == lines[0].page]
    largest = max(line.size for line in first)
    after = dropwhile(lambda line: line.size != largest, first)
    found = " ".join(line.text for line in takewhile(lambda line: line.size == largest, after))
    return found if len(found) <= 120 and not _NUMBERED.match(found) else ""


def _extract(
    data: bytes, path: Path
) -> tuple[list[list[PrintedLine]], dict[str, str], dict[str, int], list[ReadProblem]]:
    """Lines by page, the file's own metadata, levels of the headings in its outline, and what is not read."""
    import pypdfium2  # noqa: PLC0415  slow to import

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise DocumentError(f"{path} is encrypted.", "Save a copy without a password.") from error
        raise DocumentError(f"{path} is damaged: {error}", "Open it in a viewer and save it again.") from error
    try:
        problems = []
        if len(document) > MOST_PAGES:
            problems.append(ReadProblem(str(path), f"only its first {MOST_PAGES} pages are read"))
        if document.get_formtype() in (pypdfium2.raw.FORMTYPE_XFA_FULL, pypdfium2.raw.FORMTYPE_XFA_FOREGROUND):
            problems.append(ReadProblem(str(path), "it has a form of the kind XFA, whose values are not read"))
        count = min(len(document), MOST_PAGES)
        pages = _pages(data, count)
        if not any(pages):  # it may be damaged in a way that PDFium can repair
            repaired = io.BytesIO()
            document.save(repaired)
            pages = _pages(repaired.getvalue(), count)
        outline = {_key(item.get_title()): item.level + 1 for item in document.get_toc(max_depth=6)}
        return pages, document.get_metadata_dict(), outline, problems
    finally:
        document.close()


def _pages(data: bytes, count: int) -> list[list[PrintedLine]]:
    """The lines of the first `count` pages; none of a page that cannot be read: one does not lose the others."""
    import pdf_oxide  # noqa: PLC0415

    pdf_oxide.disable_logging()  # it complains on the terminal
    pages: list[list[PrintedLine]] = [[] for _ in range(count)]
    with suppress(*_UNREADABLE):
        document = pdf_oxide.PdfDocument.from_bytes(data)
        for number in range(count):
            with suppress(*_UNREADABLE):
                pages[number] = page_lines(document, number + 1)
    return pages


def _with_pictures(blocks: list[Block], pages: list[list[PrintedLine]]) -> list[Block]:
    """The blocks with a mark in the place of every page without text."""
    blank = [number for number, lines in enumerate(pages, 1) if not lines]
    marks = [Block("paragraph", f"[Page {page} has no text: it is empty, or a picture.]", page=page) for page in blank]
    return sorted([*blocks, *marks], key=lambda block: block.page or 0)


def _words(lines: list[PrintedLine]) -> set[str]:
    """The whole words of the document, those with a hyphen among them, in small letters."""
    words: set[str] = set()
    broken = False
    for line in lines:
        found = _WORD.findall(line.text)
        cut = bool(_BROKEN.search(line.text, max(0, len(line.text) - LONGEST_WORD)))
        words.update(word.lower() for word in found[broken : len(found) - cut])
        broken = cut
    return words


def _unbroken(first: str, second: str, words: set[str]) -> str:
    """A word that was broken at the end of a line: its hyphen stays where the document writes it with one elsewhere,
    or both parts by themselves and never the whole."""
    whole, hyphened = (first + second).lower(), f"{first}-{second}".lower()
    apart = first.lower() in words and second.lower() in words and min(len(first), len(second)) > 2
    return f"{first}-{second}" if whole not in words and (hyphened in words or apart) else first + second


def _key(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()


def _without_margins(pages: list[list[PrintedLine]]) -> list[list[PrintedLine]]:
    """Without page numbers, running heads and running feet: what is at the edge of many pages."""

    def mark(line: PrintedLine) -> str:
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


def _blocks(lines: list[PrintedLine], outline: dict[str, int], words: set[str]) -> list[Block]:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    larger = sorted((size for size in sizes if size > body * 1.12), reverse=True)
    gaps = [a.bottom - b.top for a, b in pairwise(lines) if a.page == b.page and a.size == b.size == body]
    usual = min(statistics.median(gaps or [0.0]), body / 2)
    width = max((line.right for line in lines), default=0.0)
    blocks: list[Block] = []
    paragraph: list[PrintedLine] = []
    for line in [one for one in lines if not re.fullmatch(r"[-=_*~·.]{5,}", one.text)]:  # drawn with signs
        level = _heading_level(line, larger, outline)
        if paragraph and (level or _breaks(paragraph[-1], line, usual, width)):
            blocks.append(_paragraph(paragraph, words))
            paragraph = []
        if not level:
            paragraph.append(line)
        elif blocks and (blocks[-1].kind, blocks[-1].level) == ("heading", level) and _continues(blocks[-1], line):
            blocks[-1] = Block("heading", f"{blocks[-1].text} {line.text}", level, blocks[-1].page)
        else:
            blocks.append(Block("heading", line.text, level, line.page))
    if paragraph:
        blocks.append(_paragraph(paragraph, words))
    return blocks


def _heading_level(line: PrintedLine, larger: list[float], outline: dict[str, int]) -> int:
    """0 for running text. Headings are in the outline, or are larger than the text; their numbers give their level."""
    if len(line.text) > 120 or not re.search(r"[^\W\d_]", line.text):
        return 0
    if level := outline.get(_key(line.text)):
        return level
    if line.size not in larger:
        return 0
    if number := _NUMBERED.match(line.text):
        return (number.group(1) or "").count(".") + 1
    return 0 if _AMOUNT.search(line.text) else min(larger.index(line.size) + 1, 4)


def _continues(heading: Block, line: PrintedLine) -> bool:
    return heading.page == line.page and not _NUMBERED.match(line.text) and len(heading.text) < 80


def _breaks(before: PrintedLine, line: PrintedLine, usual: float, width: float) -> bool:
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


def _paragraph(lines: list[PrintedLine], words: set[str]) -> Block:
    text = lines[0].text
    number = _SECTION.fullmatch(text)
    if len(lines) == 1 and number and len(text) < 80 and not _SENTENCE_END.search(text):
        return Block("heading", text, number.group(1).count(".") + 1, lines[0].page)
    for line in lines[1:]:
        broken = _BROKEN.search(text, max(0, len(text) - LONGEST_WORD))
        following = re.match(r"[^\W\d_]+", line.text)
        if broken and following and (following[0].islower() or (broken[1].isupper() and following[0].isupper())):
            text = text[: broken.start()] + _unbroken(broken[1], following[0], words) + line.text[following.end() :]
        elif _CJK_END.match(text[-1:]) and _CJK_START.match(line.text):
            text += line.text
        else:
            text += " " + line.text
    return Block("item" if _BULLET.match(text) else "paragraph", text, page=lines[0].page)
