"""A report taken apart into claims: sentences, list items and table rows, each with the citation marks that back it.

How far a mark reaches: over the sentence that contains it, or that it directly follows ("Ice floats. \\cite{p}"). Of
several marks in one sentence each backs the words since the mark before it. In a table a mark backs its row; where
several cells of a row have marks of their own, its cell together with the row's first cell, unless that is a statement
of its own. A mark that is alone in a block backs the last sentence of the block before it. It never reaches further
back than that.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from ..text.characters import clean
from ..text.language import detect_language
from ..text.markdown import MarkdownBlock, markdown_blocks
from ..text.sentences import sentence_spans
from .citations import find_marks

Kind = Literal["sentence", "item", "row", "heading", "caption", "quotation", "note"]
HIDDEN = "\ue000"
"""Stands for every character of a mark while the Markdown is read; `clean` removes it from every text."""
LONGEST_LABEL = 60
"""Characters of a row's first cell that may name what the row is about, where it cites something itself."""
LONGEST_QUOTATION = 800
"""Characters up to which sentences within one pair of quotation marks are one claim."""


class Marked(Protocol):
    """One place in a text that cites."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def ids(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Claim:
    """One thing that the report states."""

    text: str
    """As a reader sees it, without marks and Markdown; a table row as "header: cell; header: cell"."""
    marks: tuple[int, ...]
    """Indexes of the citation marks that back it, in the order of the report."""
    ids: tuple[str, ...]
    """What these marks cite, each once."""
    start: int
    end: int
    """Where it is in the cleaned report (markup.clean), Markdown and marks included."""
    kind: Kind
    language: str
    """ISO 639-1 code; that of the report where the claim is too short to detect it."""
    parts: tuple[str, ...] = ()
    """For each of `marks` the words that it backs."""
    given: str = ""
    """Words of `text` that come from the table's header: a passage need not contain them."""
    section: str = ""
    """The heading above it; "" where there is none."""
    block: int = 0
    """Which block of the report (paragraph, item, table) it is in."""


@dataclass
class _Text:
    """Words of a block without Markdown, each character with its place in the report."""

    text: str
    places: list[int]
    marks: list[tuple[int, int]] = field(default_factory=list)
    """(position in `text`, index of the mark)"""


def split_claims(text: str, known: Collection[str] = ()) -> list[Claim]:
    """The claims of a report in order, also those that cite nothing, headings included; code is left out.

    known: ids of the passages that may be cited; only needed for marks in other spellings than `\\cite{...}`.
    """
    text = clean(text)
    return claims_of(text, list(find_marks(text, known)))


def claims_of(text: str, marks: Sequence[Marked]) -> list[Claim]:
    """The claims of `text`, which has been cleaned, with `marks` as its citation marks, in order."""
    hidden = _hide(text, marks)
    language = detect_language(text) or "en"
    claims: list[Claim] = []
    section = ""
    for number, block in enumerate(block for block in markdown_blocks(hidden) if block.kind != "code"):
        for found in _of_table(hidden, block, marks) if block.rows else _of_prose(hidden, block, marks):
            if found.text:
                section = found.text if found.kind == "heading" else section
                claims.append(replace(found, language=language, section=section, block=number))
            elif claims and found.marks and claims[-1].kind != "heading":
                last = claims[-1]
                parts = (*last.parts, *(last.text for _ in found.marks))
                claims[-1] = replace(last, marks=(*last.marks, *found.marks), parts=parts)
    return [_completed(claim, marks) for claim in claims]


def _completed(claim: Claim, marks: Sequence[Marked]) -> Claim:
    """The claim with its ids and, where it is long enough to detect it, its own language."""
    ids = tuple(dict.fromkeys(id_ for mark in claim.marks for id_ in marks[mark].ids))
    return replace(claim, ids=ids, language=detect_language(claim.text) or claim.language)


def _hide(text: str, marks: Sequence[Marked]) -> str:
    pieces = []
    end = 0
    for mark in marks:
        pieces += [text[end : mark.start], HIDDEN * (mark.end - mark.start)]
        end = mark.end
    return "".join([*pieces, text[end:]])


_CAPTION = re.compile(r"(?:fig(?:ure|\.)|table|chart|图|圖|表)\s?\d+\s?[.:：．\s]", re.IGNORECASE)

_LABEL = re.compile(r"(\*\*|__)(?:(?!\1)[^\n])+\1[:：]?")
"""A line that is bold as a whole, which counts as a heading."""


def _kind(hidden: str, block: MarkdownBlock) -> Kind:
    if block.kind in ("heading", "note"):
        return block.kind
    content = hidden[block.start : block.end]
    if _LABEL.fullmatch(content):
        return "heading"
    if _CAPTION.match(content.lstrip("*_ ")):
        return "caption"
    return block.kind if block.kind in ("item", "quotation") else "sentence"


def _of_table(hidden: str, block: MarkdownBlock, marks: Sequence[Marked]) -> Iterator[Claim]:
    """A claim for each row of a table, or for each cell with marks where several cells of a row have them."""
    header = [_tidy(_read(hidden, *cell, marks).text) for cell in block.rows[0]]
    for row in block.rows[1:]:
        cells = [_read(hidden, *cell, marks) for cell in row]
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
            given = " ".join(name for name, _ in pairs)
            if text or found:
                yield Claim(text, found, (), row[0][0], row[-1][1], "row", "", tuple(text for _ in found), given)


def _of_prose(hidden: str, block: MarkdownBlock, marks: Sequence[Marked]) -> Iterator[Claim]:
    """A claim for each sentence of a block; one without text where the block has nothing but marks."""
    read = _read(hidden, block.start, block.end, marks)
    kind = _kind(hidden, block)
    whole = kind == "heading" or (kind == "quotation" and len(read.text) <= LONGEST_QUOTATION)
    spans = [] if whole else _whole_quotations(read.text, sentence_spans(read.text.replace(HIDDEN, " ")))
    spans = spans or [(0, len(read.text))]
    spans = [span for span in spans if any(c.isalnum() for c in read.text[slice(*span)])]
    if not spans:
        found = tuple(mark for _, mark in read.marks)
        yield Claim("", found, (), block.start, block.end, kind, "")
    for number, (start, end) in enumerate(spans):
        after = spans[number + 1][0] if number + 1 < len(spans) else len(read.text) + 1
        since = start if number else 0
        own = [(position, mark) for position, mark in read.marks if since <= position < after]
        place = read.places[start], read.places[end - 1] + 1
        text = _tidy(read.text[start:end])
        parts = tuple(_parts(read.text, start, end, [position for position, _ in own]))
        yield Claim(text, tuple(mark for _, mark in own), (), *place, kind, "", parts)


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


_MARKUP = re.compile(
    rf"(?P<mark>{HIDDEN}+)"
    r"|!\[[^\]\n]*\]\([^)\n]*\)"  # a picture
    r"|(?P<link>\[)(?=[^\[\]\n]*\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"\n]*\")?\))"
    r"|(?P<address>\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"\n]*\")?\))"
    rf"|\[(?=[^\[\]\n]{{0,300}}{HIDDEN}+(?!\s*\]))"  # a link whose address is a mark
    r"|\[\^[^\]\s]+\]"  # a footnote's mark
    r"|(?<=\d)<(?P<shift>su[bp])>(?=[\d+-])"  # 10<sup>6</sup> is 10^6, not 106
    r"|</?[A-Za-z][^<>\n]{0,200}>"
    r"|^\[[ xX]\]\s"  # a task's box
    r"|(?<=\n)[ \t]*>[ \t]?"  # a quotation's next line
    r"|(?P<escape>\\)[!-/:-@\[-`{-~]"
    r"|`+|~~|(?<![\w*])\*{1,3}(?=[^\s*])|(?<=[^\s*])\*{1,3}(?!\*)|(?<!\w)_{1,2}(?=\w)|(?<=\w)_{1,2}(?!\w)"
)


def _read(hidden: str, start: int, end: int, marks: Sequence[Marked]) -> _Text:
    """The words from `start` to `end`, without Markdown, and one HIDDEN for each run of marks."""
    index = {mark.start: number for number, mark in enumerate(marks)}
    read = _Text("", [])
    pieces = []
    since = start

    def take(a: int, b: int) -> None:
        pieces.append(hidden[a:b])
        read.places.extend(range(a, b))

    for match in _MARKUP.finditer(hidden, start, end):
        take(since, match.start())
        since = match.end() - 1 if match["escape"] else match.end()
        if match["shift"]:
            pieces.append("^" if match["shift"] == "sup" else "_")
            read.places.append(match.start())
        if match["mark"]:
            at = match.start()
            while at < match.end():  # marks side by side are hidden as one run
                number = index[at]
                read.marks.append((len(read.places), number))
                at = marks[number].end
            pieces.append(HIDDEN)
            read.places.append(match.end() - 1)
    take(since, end)
    read.text = "".join(pieces)
    return read


_EMPTY = re.compile(rf"[(（\[][\s,;，；、]*{HIDDEN}[\s,;，；、{HIDDEN}]*[)）\]]")
_LOOSE = re.compile(r"\s+(?=[.,;:!?。，；：！？、)）」』”])")
_LEADING = re.compile(r"^[\s,;，；、.。)）]+")


def _tidy(text: str) -> str:
    """A sentence on one line, without the brackets and blanks that its marks have left."""
    line = " ".join(_EMPTY.sub(" ", text).replace(HIDDEN, " ").split())
    return _LEADING.sub("", _LOOSE.sub("", line))
