"""Documents to passages: paragraphs of a size that can be read, ranked and cited."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from ..text.characters import CJK
from ..text.language import detect_language
from ..text.sentences import sentence_spans
from ..trajectory import Passage
from ..web.search import passage_id
from .documents import Block, Document

SMALL, LARGE = 80, 220
"""Words: smaller blocks are joined to their neighbours, larger ones are split at the ends of sentences."""
LEAD = 25
"""Words up to which the text of a section that has subsections only leads to the first of them."""
ROW = 300
"""Words up to which a row of a corpus stays one passage."""
_WORDS = re.compile(rf"[{CJK}]|[^\W_]+")
_CJK = re.compile(f"[{CJK}]")


def size(text: str) -> int:
    """Length in words; two Chinese characters count as one, and so do 20 characters without a space."""
    # Counting spaces is ten times quicker than the pattern, and this is called for every block several times.
    words = len(text.split()) if text.isascii() else len(_WORDS.findall(text)) - len(_CJK.findall(text)) // 2
    return max(words, len(text) // 20)


def make_passages(document: Document) -> list[Passage]:
    """The passages of `document`, in order. Ids depend on the document's id and the text alone."""
    made: list[Passage] = []
    seen: dict[str, int] = {}
    for heading, text, page in _cut(document):
        repeat = seen[text] = seen.get(text, -1) + 1
        made.append(
            Passage(
                id=passage_id(document.id, text, repeat),
                document=document.id,
                title=document.title,
                text=text,
                url=document.url,
                heading=heading,
                position=len(made),
                page=page,
                date=document.date,
                language=document.language or detect_language(text),
            )
        )
    return made


Cut = tuple[list[str], str, int | None]  # heading path, text, page
Section = tuple[list[str], list[Block]]  # heading path, and the blocks under it


def _cut(document: Document) -> Iterator[Cut]:
    if document.row:
        whole = "\n\n".join(block.text for block in document.blocks).strip()
        if size(whole) <= ROW:
            if whole:
                yield [], whole, None
            return
    for heading, blocks in _gathered(_led(_sections(document.blocks))):
        for text, page in _join(piece for block in blocks for piece in _split(block)):
            yield heading, text, page


def _sections(blocks: Iterable[Block]) -> Iterator[Section]:
    """Blocks grouped under their heading path; a heading with nothing under it opens the next section's text."""
    path: list[Block] = []
    used = 0
    """How many headings of the path have had text under them."""
    section: list[Block] = []
    filled = False
    end = Block("heading", "", 0)
    for block in [*(block for block in blocks if block.kind == "heading" or block.text.strip()), end]:
        if block.kind in ("heading", "term"):
            if filled:
                yield [" ".join(heading.text.split()) for heading in path], section
                section, filled, used = [], False, len(path)
            unused = [heading for heading in path[used:] if heading.level >= block.level]
            section += [Block("paragraph", heading.text, page=heading.page) for heading in unused]
            path = [heading for heading in path if heading.level < block.level]
            used = min(used, len(path))
            path += [block] if block.text.strip() else []
        if block.kind != "heading":
            section.append(block)
            filled = True
    if section:
        yield [], section


def _led(sections: Iterable[Section]) -> Iterator[Section]:
    """A line or two that only lead to what is under them ("The module provides:") as part of that."""
    lead: Section | None = None
    for path, blocks in sections:
        if lead and path[: len(lead[0])] == lead[0]:
            section = path, lead[1] + blocks
        else:
            section = path, blocks
            if lead:
                yield lead
        lead = None
        if section[1][0].kind != "term" and _total(section[1]) < LEAD:
            lead = section
        else:
            yield section
    if lead:
        yield lead


def _gathered(sections: Iterable[Section]) -> Iterator[Section]:
    """Small definitions that follow each other (a glossary, a list of constants) as one section under what is above."""
    waiting: list[Section] = []
    filled = 0
    for path, blocks in sections:
        length = _total(blocks)
        small = blocks[0].kind == "term" and length < SMALL // 2
        if waiting and (not small or waiting[0][0][:-1] != path[:-1] or filled + length > LARGE):
            yield _merged(waiting)
            waiting, filled = [], 0
        if small:
            waiting.append((path, blocks))
            filled += length
        else:
            yield path, blocks
    if waiting:
        yield _merged(waiting)


def _total(blocks: Iterable[Block]) -> int:
    return sum(size(block.text) for block in blocks)


def _merged(sections: list[Section]) -> Section:
    path = sections[0][0]
    return (path if len(sections) == 1 else path[:-1]), [block for _, blocks in sections for block in blocks]


def _join(blocks: Iterable[Block]) -> list[tuple[str, int | None]]:
    """Small blocks joined to passages; a small rest goes to the passage before it."""
    groups: list[list[Block]] = []
    filled = LARGE
    for block in blocks:
        length = size(block.text)
        if filled >= SMALL or filled + length > LARGE:
            groups.append([])
            filled = 0
        groups[-1].append(block)
        filled += length
    if len(groups) > 1 and filled < SMALL // 2:
        rest = groups.pop()
        if _total(groups[-1]) + filled <= LARGE:
            groups[-1] += rest
        else:
            groups.append(rest)
    return [(_text(group), group[0].page) for group in groups]


def _text(group: list[Block]) -> str:
    text = group[0].text
    for before, block in pairwise(group):
        text += ("\n" if before.kind == block.kind == "item" else "\n\n") + block.text
    return text


def _split(block: Block) -> Iterator[Block]:
    """`block` itself, or pieces of it that are not too large."""
    if size(block.text) <= LARGE:
        if block.text.strip():
            yield block
        return
    pieces = _lines(block) if block.kind in ("code", "table") else _sentences(block.text)
    for text in pieces:
        yield Block(block.kind, text, block.level, block.page)


def _sentences(text: str) -> Iterator[str]:
    """Runs of whole sentences of about equal size; a sentence without end is cut between words."""
    spans = [part for span in sentence_spans(text) for part in _bounded(text, *span)]
    total = size(text)
    wanted = total / -(-total // LARGE)
    run: list[tuple[int, int]] = []
    filled = 0
    for begin, end in spans:
        length = size(text[begin:end])
        if run and filled + length / 2 > wanted:
            yield text[run[0][0] : run[-1][1]].strip()
            run, filled = [], 0
        run.append((begin, end))
        filled += length
    if run:
        yield text[run[0][0] : run[-1][1]].strip()


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The span itself, or parts of it that are not too large, cut between words where there are any."""
    longest = max(1, (end - start) * LARGE // max(size(text[start:end]), 1))
    while end - start > longest:
        cut = text.rfind(" ", start + longest // 2, start + longest) + 1 or start + longest
        yield start, cut
        start = cut
    yield start, end


def _lines(block: Block) -> Iterator[str]:
    """Pieces of code or of a table; every piece of a table has the head, every piece of code its fence."""
    lines = block.text.split("\n")
    head, foot = "", ""
    if block.kind == "table" and len(lines) > 2 and set(lines[1]) <= set("|-: "):
        head, lines = "\n".join(lines[:2]) + "\n", lines[2:]
    elif block.kind == "code" and lines[0].startswith("```") and lines[-1].startswith("```"):
        head, foot, lines = lines[0] + "\n", "\n" + lines[-1], lines[1:-1]
    taken: list[str] = []
    filled = 0
    for line in (whole[begin:end] for whole in lines for begin, end in _bounded(whole, 0, len(whole))):
        length = size(line)
        if taken and filled + length > LARGE:
            yield head + "\n".join(taken) + foot
            taken, filled = [], 0
        taken.append(line)
        filled += length
    if "".join(taken).strip():
        yield head + "\n".join(taken) + foot
