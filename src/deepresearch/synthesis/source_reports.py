"""Finished reports as material: title, opening and sections of Markdown, HTML, other documents, and libraries."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import DocumentError, LibraryError, UserError
from ..library import Library
from ..library.documents import Block, Document, ReadProblem, own_title
from ..library.readers import READERS
from ..library.reading import kind_of, read
from ..text.language import detect_language
from .data_files import Card
from .generation import words_of
from .samples import Sample

FEWEST = 3
"""Sections of a report that can be used."""
FRAME = re.compile(words_of("patterns", "en")["framing headings"], re.IGNORECASE)
"""Headings that frame a report and are no part of its subject."""
BACK = re.compile(words_of("patterns", "en")["headings without text"], re.IGNORECASE)
"""Headings of what is no text of a report."""
NUMBER = re.compile(words_of("patterns", "en")["number of a heading"], re.IGNORECASE)
"""Before a heading."""
_ADDRESS = re.compile(r"https?://\S+|[\W\d_]+")
LEAST_TEXT = 25
"""Letters beside its addresses of what is no bare list of sources."""
_ITEM = re.compile(r"^(?:[-*•–]\s+)+")
_MARKS = re.compile(r"[*_`#]+|\[([^\]]*)\]\([^)]*\)|<[^>]*>|\[\^?[\d_]+\]")


def read_reports(source: Path, data: Path, card: Card) -> Iterator[Sample]:
    """The reports of a file, a folder, or the library of that name, each as {"id", "title", "language", "opening",
    "sections": [{"heading", "parts", "text"}], "body"}; what cannot be read goes into the card. Raises UserError."""
    for document in _documents(source, data, card):
        if isinstance(document, ReadProblem):
            card.problem(document.place, document.reason)
        elif report := as_report(document):
            yield report
        else:
            yield {"id": document.id, "sections": []}


def _documents(source: Path, data: Path, card: Card) -> Iterator[Document | ReadProblem]:
    if not source.exists():
        library = Library.open(data, source.name, create=False)
        try:
            for document, title in library.documents():
                blocks: list[Block] = []
                above: list[str] = []
                for passage in library.passages(document):
                    fresh = next((i for i, h in enumerate(passage.heading) if above[i : i + 1] != [h]), None)
                    if fresh is not None:
                        blocks += [Block("heading", h, fresh + 1 + i) for i, h in enumerate(passage.heading[fresh:])]
                    above = passage.heading
                    blocks.append(Block("paragraph", passage.text))
                yield Document(document, title, blocks)
        finally:
            library.close()
        return
    for file in sorted(p for p in source.rglob("*") if p.is_file()) if source.is_dir() else [source]:
        if kind_of(file) in READERS.names() and file.name != "SOURCE.txt":
            try:
                yield from read(file)
            except (DocumentError, LibraryError, OSError) as error:
                card.problem(file.name, str(error))


def as_report(document: Document) -> Sample | None:
    """The parts of a report; None where it has no title or too few sections."""
    named = "" if document.title == Path(document.id).stem else document.title
    first = [block.text for block in document.blocks if block.kind == "heading" and block.level == 1]
    title = plain_heading(own_title(document.blocks) or (first[0] if len(first) == 1 else named))
    headings = [b for b in document.blocks if b.kind == "heading" and plain_heading(b.text) not in ("", title)]
    subjects = Counter(b.level for b in headings if not FRAME.fullmatch(plain_heading(b.text)))
    level = next((level for level in sorted(subjects) if subjects[level] >= FEWEST), None)
    if level is None:
        return None
    opening: list[str] = []
    sections: list[dict[str, Any]] = []
    place = opening
    for block in document.blocks:
        heading = plain_heading(block.text) if block.kind == "heading" else ""
        if block.kind == "heading" and block.level <= level and heading != title:
            framed = FRAME.fullmatch(heading)
            if framed:
                place = opening if not sections else []
            elif heading:
                sections.append({"heading": heading, "parts": [], "text": []})
                place = sections[-1]["text"]
        elif block.kind == "heading" and heading and sections and place is sections[-1]["text"]:
            sections[-1]["parts"].append(heading)
        elif block.kind in ("paragraph", "item") and block.text.strip():
            place.append(_MARKS.sub(r"\1", block.text).strip())
    sections = [section for section in sections if section["text"]]
    text = " ".join([title, *opening, *(line for s in sections for line in s["text"][:2])])
    language = document.language or detect_language(text[:2000]) or "en"
    if len(sections) < FEWEST or not title:
        return None
    body = list(_body(document.blocks, title, level))
    found = {"id": document.id, "title": title, "language": language, "opening": opening, "sections": sections}
    return {**found, "body": body}


def _body(blocks: Sequence[Block], title: str, level: int) -> Iterator[tuple[str, int, str]]:
    """(kind, level with 2 for a section, text) of what is under the title, without lists of sources."""
    is_back = False
    used = {b.level for b in blocks if b.kind == "heading" and plain_heading(b.text) not in ("", title)}
    ranks = {own: 2 + rank for rank, own in enumerate(sorted(used))}
    for block in blocks:
        is_heading = block.kind == "heading"
        text = plain_heading(block.text) if is_heading else _ITEM.sub("", _MARKS.sub(r"\1", block.text).strip())
        if is_heading and block.level <= level:
            is_back = bool(BACK.match(text))
        is_address = "://" in text and len(_ADDRESS.sub("", text)) < LEAST_TEXT
        if text and not (is_back or is_address or (is_heading and text == title)):
            yield block.kind, ranks.get(block.level, 2) if is_heading else 0, text


def plain_heading(text: str) -> str:
    """A heading without its number and markup."""
    return NUMBER.sub("", " ".join(_MARKS.sub(r"\1", text).split())).strip(" :：.。-–—")


def checked_source(source: Path, data: Path) -> Path:
    """The path of a source, or of the library of that name. Raises UserError where there is neither."""
    library = data / "libraries" / source.name
    if not source.exists() and not library.is_dir():
        raise UserError(f"{source} is no file or folder, and no library has that name.", "Check the spelling.")
    return source if source.exists() else library
