"""A report taken apart into claims: sentences, list items and table rows, each with the citation marks that back it.

How far a mark reaches: over the sentence that contains it, or that it directly follows ("Ice floats. \\cite{p}"). Of
several marks in one sentence each backs the words since the mark before it. In a table a mark backs its row; where
several cells of a row have marks of their own, its cell together with the row's first cell, unless that is a statement
of its own. A mark that is alone in a block backs the last sentence of the block before it. It never reaches further
back than that.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..text.labels import labels_for
from ..text.language import detect_language
from ..text.sentences import sentence_spans
from .blocks import Block, BlockQuote, Cite, Heading, Inline, Items, Paragraph, Table, TextRun, blocks
from .citations import FoundMark, with_placeholders

Kind = Literal["sentence", "item", "row", "heading", "caption", "quotation", "note"]
HIDDEN = "\ue000"
"""Stands for a mark while the text is split into sentences; `clean` removes it from every text."""
LONGEST_LABEL = 60
"""Characters of a row's first cell that may name what the row is about, where it cites something itself."""
LONGEST_QUOTATION = 800
"""Characters up to which sentences within one pair of quotation marks are one claim."""
_LABELS = labels_for("en")
_CAPTION = re.compile(r"(?:fig(?:ure|\.)|table|chart|图|圖|表)\s?\d+\s?[.:：．\s]", re.IGNORECASE)


@dataclass(frozen=True)
class Claim:
    """One thing that the report states."""

    text: str
    """As a reader sees it, without marks and Markdown; a table row as "header: cell; header: cell"."""
    marks: tuple[int, ...]
    """Indexes of the citation marks that back it, in the order of the report."""
    kind: Kind
    parts: tuple[str, ...] = ()
    """For each of `marks` the words that it backs."""
    given: str = ""
    """Words of `text` that come from the table's header: a passage need not contain them."""
    ids: tuple[str, ...] = ()
    """What its marks cite, each once."""
    language: str = ""
    """ISO 639-1 code; that of the report where the claim is too short to detect it."""
    section: str = ""
    """The heading above it; "" where there is none."""


@dataclass(frozen=True)
class _Words:
    """Words of a block, with HIDDEN for each mark."""

    text: str
    marks: tuple[tuple[int, int], ...]
    """(position in `text`, index of the mark)"""


def claims_of(text: str, marks: Sequence[FoundMark]) -> list[Claim]:
    """The claims of `text`, which has been cleaned, with `marks` as its citation marks, in order; also those that cite
    nothing, headings included. Code is left out."""
    language = detect_language(text) or "en"
    claims: list[Claim] = []
    section = ""
    for found in _claims(blocks(with_placeholders(text, marks), _LABELS, whole=True)):
        if found.text:
            section = found.text if found.kind == "heading" else section
            claims.append(replace(found, section=section))
        elif claims and found.marks and claims[-1].kind != "heading":
            last = claims[-1]
            parts = (*last.parts, *(last.text for _ in found.marks))
            claims[-1] = replace(last, marks=(*last.marks, *found.marks), parts=parts)
    return [
        replace(
            claim,
            ids=tuple(dict.fromkeys(id_ for mark in claim.marks for id_ in marks[mark].ids)),
            language=detect_language(claim.text) or language,
        )
        for claim in claims
    ]


def _claims(found: Sequence[Block], kind: Kind = "sentence") -> Iterator[Claim]:
    """The claims of blocks in a list ("item"), a block quotation, or neither."""
    for block in found:
        match block:
            case Heading():
                yield from _of_prose(block.inlines, "heading")
            case Paragraph():
                yield from _of_prose(block.inlines, _kind(block.inlines, kind))
            case Items():
                for item in block.items:
                    yield from _claims(item, "item")
            case BlockQuote():
                yield from _claims(block.blocks, "quotation" if kind == "sentence" else kind)
            case Table():
                yield from _of_table(block)


def _kind(inlines: Sequence[Inline], around: Kind) -> Kind:
    """What a paragraph is: a note, a heading (bold as a whole), a caption, or as what is around it."""
    runs = [inline for inline in inlines if not isinstance(inline, TextRun) or inline.text.strip(" :：")]
    if any(isinstance(run, TextRun) and run.anchor.startswith("note-") for run in runs[:1]):
        return "note"
    if runs and all(isinstance(run, TextRun) and run.bold for run in runs):
        return "heading"
    return "caption" if _CAPTION.match(_read(inlines).text) else around


def _of_table(table: Table) -> Iterator[Claim]:
    """A claim for each row of a table, or for each cell with marks where several cells of a row have them."""
    header = [_tidy(_read(cell).text) for cell in table.rows[0]]
    for row in table.rows[1:]:
        cells = [_read(cell) for cell in row]
        marked = [n for n, cell in enumerate(cells) if cell.marks]
        first = _tidy(cells[0].text) if cells else ""
        label = set() if 0 in marked and len(first) > LONGEST_LABEL else {0}
        groups = [label | {n} for n in marked] if len(marked) > 1 else [set(range(len(cells)))]
        for group in groups:
            chosen = [n for n in sorted(group) if n < len(header) and _tidy(cells[n].text)]
            pairs = [(header[n], _tidy(cells[n].text)) for n in chosen]
            text = "; ".join(f"{name}: {value}" if name else value for name, value in pairs)
            own = marked if len(marked) < 2 else [max(group)]
            found = tuple(dict.fromkeys(mark for n in own for _, mark in cells[n].marks))
            if text or found:
                yield Claim(text, found, "row", tuple(text for _ in found), " ".join(name for name, _ in pairs))


def _of_prose(inlines: Sequence[Inline], kind: Kind) -> Iterator[Claim]:
    """A claim for each sentence of a paragraph; one without text where it has nothing but marks."""
    read = _read(inlines)
    whole = kind == "heading" or (kind == "quotation" and len(read.text) <= LONGEST_QUOTATION)
    spans = [] if whole else _whole_quotations(read.text, sentence_spans(read.text.replace(HIDDEN, " ")))
    spans = spans or [(0, len(read.text))]
    spans = [span for span in spans if any(c.isalnum() for c in read.text[slice(*span)])]
    if not spans:
        yield Claim("", tuple(mark for _, mark in read.marks), kind)
    for number, (start, end) in enumerate(spans):
        after = spans[number + 1][0] if number + 1 < len(spans) else len(read.text) + 1
        since = start if number else 0
        own = [(position, mark) for position, mark in read.marks if since <= position < after]
        parts = tuple(_parts(read.text, start, end, [position for position, _ in own]))
        yield Claim(_tidy(read.text[start:end]), tuple(mark for _, mark in own), kind, parts)


def _parts(text: str, start: int, end: int, positions: Sequence[int]) -> Iterator[str]:
    """For each mark of a sentence the words since the mark before it; the last one backs the rest as well."""
    since = start
    pieces: list[tuple[int, int]] = []
    for number, position in enumerate(positions):
        until = end if number == len(positions) - 1 else max(since, min(position, end))
        if not any(c.isalnum() for c in text[since:until]) and pieces:
            pieces.append(pieces[-1])  # two marks side by side back the same words
        else:
            pieces.append((since, until))
            since = until
    if pieces and pieces[-1][1] < end and not any(c.isalnum() for c in text[pieces[-1][1] : end]):
        last = pieces[-1]
        pieces = [(a, end) if (a, b) == last else (a, b) for a, b in pieces]
    yield from (_tidy(text[a:b]) for a, b in pieces)


_PAIRS = {"“": "”", "「": "」", "『": "』", "(": ")", "（": "）"}


def _whole_quotations(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sentences, where those within one pair of quotation marks or brackets are one."""
    whole: list[tuple[int, int]] = []
    for start, end in spans:
        if whole and end - whole[-1][0] <= LONGEST_QUOTATION and _is_open(text[slice(*whole[-1])], text[start:]):
            whole[-1] = (whole[-1][0], end)
        else:
            whole.append((start, end))
    return whole


def _is_open(piece: str, rest: str) -> bool:
    """Whether a quotation or bracket opened in `piece` is closed in `rest`."""
    near = rest[:LONGEST_QUOTATION]
    if any(piece.count(a) > piece.count(b) and b in near for a, b in _PAIRS.items()):
        return True
    return piece.count('"') % 2 == 1 and near.count('"') % 2 == 1


def _read(inlines: Sequence[Inline]) -> _Words:
    """What a reader sees, raised digits set off from the number before them; notes and pictures left out."""
    text = ""
    marks = []
    for inline in inlines:
        if isinstance(inline, Cite):
            marks.append((len(text), inline.index))
            text += HIDDEN
        elif not isinstance(inline, TextRun):
            text += " "
        elif not ((inline.url or "").startswith("#note-") or inline.text.startswith(f"[{_LABELS.image}: ")):
            raised = inline.shift and text[-1:].isdigit() and inline.text[:1] in "+-0123456789"
            text += ("^" if inline.shift == "sup" else "_") * bool(raised) + inline.text
    return _Words(text, tuple(marks))


_EMPTY = re.compile(rf"[(（\[][\s,;，；、]*{HIDDEN}[\s,;，；、{HIDDEN}]*[)）\]]")
_LOOSE = re.compile(r"\s+(?=[.,;:!?。，；：！？、)）」』”])")
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>")
_LEADING = re.compile(r"^[\s,;，；、.。)）]+")


def _tidy(text: str) -> str:
    """A sentence on one line, without HTML, and without the brackets and blanks that its marks have left."""
    line = " ".join(_EMPTY.sub(" ", _TAG.sub("", text)).replace(HIDDEN, " ").split())
    return _LEADING.sub("", _LOOSE.sub("", line))
