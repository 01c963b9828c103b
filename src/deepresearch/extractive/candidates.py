"""Passages to candidates: what can be quoted as it stands, each with the words that it stands under.

A passage is cut into units (a sentence, a row of a table, an item of a list, a line of data), and every run of one to
three neighbouring units is a candidate. A unit inherits what is above it: the term that it defines, the sentence that
leads to its list, the head of its table.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from ..text.characters import count_han, has_han
from ..text.sentences import sentence_spans, split_sentences
from ..trajectory import Passage
from .aliases import other_names
from .words import advises_against, content_terms, implied_terms, leans, pattern, points_elsewhere, stop_words

WINDOW = 3
"""Neighbouring units in one candidate at most; a short list is one as a whole."""
LONGEST = 700
"""Characters of a candidate."""
LONGEST_LIST = 8
LONGEST_LINE = 200
LONGEST_CODE = 14
"""Lines of an example that is quoted with its sentence."""
LONGEST_TERM = 90

_GAP = ("…", "...")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_ENDS = re.compile(r"[.!?。．！？…;；:：][\"'”’)\]」』》）]*(?:\s?\[\d+\])*$")
_SIGNATURE = re.compile(
    r"(?:(?:class|exception|function|method|coroutine|async|await|classmethod|staticmethod|property|abstractmethod|type)\s+)*"
    r"[A-Za-z_][\w.]*(?:\(.*\)(?:\s*->\s*.+)?)?(?:\s*=\s*\S+)?¶?$"
)
_OPTION = re.compile(r"-{1,2}[A-Za-z?][\w-]*(?:[ =\[<(].{0,60})?(?:,? -{1,2}\w.{0,60})?$")
_ITEM = re.compile(r"^\s*(?:[-*•·]|\d{1,3}[.)、])\s+")
_LEADS = re.compile(r"[:：]\s*$")
_CODE = re.compile(r"^\S*/\S+\s|\s&&\s|\s--\w+\s.*\s--\w+|^(?:from \S+ )?import \S+|[{}]\s*$|\)\s*;$|^\w+\(.*\)\s*#")
ASKS = re.compile(r"[?？!！]\W*$")
"""A line of its own that asks: what follows answers it."""
_QUESTION = re.compile(r"[?？][\"'”’)\]」』》）]*$")
_DATA = re.compile(r"\d|[:：]")
_RULE = re.compile(r":?-+:?$|\|?[-:| ]*$")
_JUNK = re.compile(
    r"\\cite|https?://\S{60,}|(?:[›»].*){2}|\bPrev\b.*\bNext\b|^→|^(?i:authors?|作者):\s|(?:\s[·|]\s.*){4}|\.{5,}|[-=_*]{5,}|[�©]|&(?:nbsp|lt|gt|amp|quot|#\d+);"
)
_MENU = re.compile(r"(?:[\w' -]{2,40};\s){5,}")
_OPENED, _CLOSED = re.compile(r"[(（]"), re.compile(r"[)）]")


@dataclass(frozen=True)
class Unit:
    """The smallest piece that can be quoted."""

    text: str
    """Letter for letter as in the passage, white space apart."""
    index: int
    """Which unit of the passage."""
    block: int
    """Which paragraph of the passage."""
    kind: str
    """sentence, item, row, or line."""
    above: str = ""
    """The term that it defines, the sentence that leads to its list, or the head of its table."""
    code: str = ""
    """The short example that follows it."""
    opens: bool = False
    """It is the first thing said of the term above it."""

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset([*content_terms(self.text), *implied_terms(self.text)])

    @cached_property
    def above_terms(self) -> frozenset[str]:
        return frozenset(content_terms(self.above))


@dataclass(frozen=True)
class Candidate:
    """One to three neighbouring units of a passage."""

    passage: Passage
    units: tuple[Unit, ...]
    context: frozenset[str]
    """Terms of title, headings, and what is above its first unit."""
    extra: frozenset[str] = field(default=frozenset())
    """Terms of things that it calls by another name."""

    @cached_property
    def text(self) -> str:
        return " ".join(unit.text for unit in self.units)

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset().union(self.extra, *(unit.terms for unit in self.units))

    @property
    def above(self) -> str:
        return self.units[0].above

    @property
    def code(self) -> str:
        return next((unit.code for unit in self.units if unit.code), "")

    @property
    def chinese(self) -> bool:
        return has_han(self.text)

    @property
    def says_by_itself(self) -> bool:
        """It neither needs the sentence before it nor sends the reader elsewhere."""
        return not points_elsewhere(self.text) and (self.units[0].opens or not leans(self.text))

    @property
    def has_before(self) -> bool:
        """A sentence is right before it that can be quoted with it: not one that says what not to do."""
        first = self.units[0]
        before = units_of(self.passage.text)[first.index - 1] if first.index else first
        return before != first and is_behind(before, first) and not advises_against(before.text)

    @property
    def key(self) -> tuple[str, int, int]:
        return self.passage.id, self.units[0].index, self.units[-1].index

    def is_within(self, other: "Candidate") -> bool:
        """All its units are units of the other."""
        (mine, first, last), (theirs, begin, end) = self.key, other.key
        return mine == theirs and begin <= first and last <= end

    def overlaps(self, other: "Candidate") -> bool:
        """They have a unit in common."""
        (mine, first, last), (theirs, begin, end) = self.key, other.key
        return mine == theirs and begin <= last and first <= end


def candidates_of(passage: Passage, title: str, aliases: tuple[tuple[str, str], ...] = ()) -> list[Candidate]:
    """The candidates of a passage, in order. title: as it counts for context. aliases: pairs of names for one thing."""
    of_links = pattern("link_lists").fullmatch
    if passage.heading and of_links(passage.heading[-1].strip()):
        return []
    outer = frozenset(content_terms([title, *passage.heading]))
    units = tuple(unit for unit in units_of(passage.text) if not of_links(unit.above.strip()))
    if passage.excerpt:
        whole = " ".join(passage.text.split())
        units = tuple(unit for unit in units if not _is_cut(unit, whole))
    return [_candidate(passage, window, outer, aliases) for window in _windows(units)]


def _candidate(
    passage: Passage, window: tuple[Unit, ...], outer: frozenset[str], aliases: tuple[tuple[str, str], ...]
) -> Candidate:
    context = outer | window[0].above_terms
    candidate = Candidate(passage, window, context)
    if not aliases:
        return candidate
    extra, around = other_names(candidate.terms, aliases), other_names(context, aliases)
    return replace(candidate, extra=extra, context=context | around) if extra or around else candidate


def _windows(units: tuple[Unit, ...]) -> Iterator[tuple[Unit, ...]]:
    """Runs of one to three units that follow each other, and short lists and tables as a whole."""
    for start, first in enumerate(units):
        if _stands(first):
            yield (first,)
        length = len(first.text)
        for end in range(start + 1, min(start + WINDOW, len(units))):
            length += len(units[end].text) + 1
            if length > LONGEST or units[end].above != first.above or not _follows(units[end - 1], units[end]):
                break
            if _stands(units[end]):
                yield units[start : end + 1]
    for start, end in _lists(units):
        if end - start > WINDOW and sum(len(unit.text) for unit in units[start:end]) <= LONGEST:
            yield units[start:end]


def _stands(unit: Unit) -> bool:
    """It can be quoted alone: a sentence that only leads to what follows, or that asks, cannot."""
    return bool(unit.code) or not (_LEADS.search(unit.text) or _QUESTION.search(unit.text))


def _follows(one: Unit, other: Unit) -> bool:
    """The second stands right behind the first, in the same paragraph or the next."""
    return other.index == one.index + 1 and other.block - one.block <= 1


def is_behind(one: Unit, other: Unit) -> bool:
    """The second continues the first, a sentence: it is in its paragraph, or begins the next one and leans on it."""
    return one.kind == "sentence" and one.block >= other.block - leans(other.text)


def _lists(units: tuple[Unit, ...]) -> Iterator[tuple[int, int]]:
    """(start, end) of lists and of tables: neighbouring items or rows under the same lead or head."""
    start = 0
    for end in range(1, len(units) + 1):
        same = end < len(units) and units[end].kind == units[start].kind and units[end].above == units[start].above
        if not same:
            if units[start].kind in ("item", "row") and end - start <= LONGEST_LIST:
                yield start, end
            start = end


def _is_cut(unit: Unit, excerpt: str) -> bool:
    """The excerpt leaves something out at the beginning or the end of the unit."""
    before, _, after = excerpt.partition(unit.text)
    return before.rstrip().endswith(_GAP) or after.lstrip().startswith(_GAP) or unit.text.endswith(_GAP)


@lru_cache(maxsize=4096)
def units_of(text: str) -> tuple[Unit, ...]:
    """The quotable units of a text."""
    units: list[Unit] = []
    term = lead = ""
    opening, opens, leading = "", False, ""
    for number, (block, kind) in enumerate(blocks_of(text)):
        if kind == "code":
            short = block if len(block.splitlines()) <= LONGEST_CODE else ""
            if short and units:
                _add_example(units, short, opening, number, term)
            leading, opening = short if not units else "", ""
            continue
        if kind == "table":
            units += _rows(block, len(units), number)
            continue
        label = _label(block) if kind == "text" else None
        if label is not None:
            term, lead, opens = label, "", bool(label)
            continue
        if kind == "item":
            pieces = [(piece, "item") for piece in _item_pieces(block)]
            above = lead or term
        else:
            pieces = list(_text_pieces(block))
            above = term
            lead = _lead_of(block)
            opening = lead
        for piece, sort in pieces:
            units.append(Unit(piece, len(units), number, sort, above, leading, opens))
            leading, opens = "", False
    return tuple(units)


def _lead_of(block: str) -> str:
    """The sentence at the end of the block that leads to a list or an example; nothing where none does."""
    last = " ".join(block.rsplit("\n", 1)[-1].split())
    return split_sentences(last)[-1] if last and _LEADS.search(last) else ""


def _add_example(units: list[Unit], code: str, opening: str, number: int, term: str) -> None:
    """Give an example to the sentence that leads to it, else to the one before it."""
    if not units[-1].code and (opening or units[-1].above == term) and number - units[-1].block <= 1:
        units[-1] = replace(units[-1], code=code)


def _text_pieces(block: str) -> Iterator[tuple[str, str]]:
    """(text, kind) of what a paragraph has: its sentences, or, where it has none, its lines of data."""
    found = False
    for start, end in _balanced(block):
        sentence = without_marks(" ".join(block[start:end].split()))
        if is_sentence(sentence):
            found = True
            yield sentence, "sentence"
    if not found:
        for line in block.split("\n"):
            text = " ".join(line.split())
            if _is_line(text):
                yield text, "line"


def _item_pieces(block: str) -> Iterator[str]:
    """The item as a whole where it is short, else its sentences."""
    text = without_marks(" ".join(block.split()))
    if _is_item(text):
        yield text
    elif len(text) > LONGEST_LINE:
        for start, end in _balanced(text):
            if is_sentence(text[start:end]):
                yield text[start:end]


def is_junk(text: str) -> bool:
    """It has marks of navigation, of broken text or of nothing that can be quoted."""
    return bool(_JUNK.search(text))


def _is_item(text: str) -> bool:
    words = len(text.split())
    return 4 <= len(text) <= 2 * LONGEST_LINE and not _JUNK.search(text) and (words > 1 or has_han(text))


def without_marks(sentence: str) -> str:
    """The sentence without the mark of a list item, and without emphasis that begins or ends outside it."""
    sentence = _ITEM.sub("", sentence).strip("# ")
    if sentence.count("**") % 2:
        sentence = sentence.removeprefix("**") if sentence.startswith("**") else sentence.removesuffix("**")
    return sentence.strip()


def _rows(block: str, first: int, number: int) -> list[Unit]:
    """The rows of a Markdown table, each under the table's head."""
    rows = [line.strip().strip("|").strip() for line in block.split("\n")]
    kept = [" ".join(row.split()) for row in rows if not _RULE.match(row)]
    has_head = len(rows) > 1 and bool(_RULE.match(rows[1].replace(" ", "")))
    head = kept[0] if has_head and kept else ""
    body = kept[1:] if has_head else kept
    if not has_head and any(not all(cell.strip() for cell in row.split("|")) for row in body):
        return []  # drawn with signs: a cell goes over several lines, and a line is no row
    kept = [row for row in body if any(cell.strip() for cell in row.split("|")) and not _MENU.search(row)]
    texts = [row for row in kept if len(row) <= 2 * LONGEST_LINE]
    return [Unit(text, first + i, number, "row", head) for i, text in enumerate(texts)]


def _balanced(block: str) -> list[tuple[int, int]]:
    """Sentences of a block; one that ends within brackets or before them ("Jr. (1924", "(d. 851)") continues."""
    spans: list[tuple[int, int]] = []
    for begin, end in sentence_spans(block):
        last = block[slice(*spans[-1])] if spans else ""
        continues = len(_OPENED.findall(last)) > len(_CLOSED.findall(last)) or block[begin] == "("
        if spans and continues and end - spans[-1][0] <= LONGEST:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((begin, end))
    return spans


@lru_cache(maxsize=4096)
def blocks_of(text: str) -> tuple[tuple[str, str], ...]:
    """(text, kind) of the paragraphs, list items, tables and fenced code of a text."""
    return tuple(_blocks(text))


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """(text, kind) of the paragraphs, list items, tables and fenced code of a text."""
    lines: list[str] = []
    kind = "text"
    for line in [*text.split("\n"), ""]:
        if kind == "code":
            if _FENCE.match(line):
                yield "\n".join(lines), kind
                lines, kind = [], "text"
            else:
                lines.append(line)
            continue
        opens = _kind_of(line, kind if lines else "text")
        if lines and (opens != kind or not line.strip() or (opens == "item" and _ITEM.match(line))):
            yield "\n".join(lines), kind
            lines = []
        kind = opens
        if line.strip() and kind != "code":
            lines.append(line)


def _kind_of(line: str, before: str) -> str:
    if _FENCE.match(line):
        return "code"
    if line.lstrip().startswith("|"):
        return "table"
    if _ITEM.match(line) or (before == "item" and line.strip()):
        return "item"
    return "text"


def _label(block: str) -> str | None:
    """The term that the block is, which what follows explains; "" for another short label, None for text."""
    line = block.strip().removesuffix("¶").strip()
    if "\n" in line or len(line) > LONGEST_TERM or re.search(r"[.。．;；,，]$", line):
        return None
    if is_signature(line) or _OPTION.match(line) or ASKS.search(line):
        return line
    if _LEADS.search(line) or len(line.split()) > 8 or re.search(r"\d", line):
        return None
    return line


def is_signature(line: str) -> bool:
    """The line defines something in code: `cancel(msg=None)`, `class asyncio.Task`."""
    return bool(_SIGNATURE.match(line) and re.search(r"[(._]|[a-z][A-Z]|^(?:class|exception)\s", line))


def is_sentence(text: str) -> bool:
    """A complete sentence that says something: not a fragment, not navigation, not code."""
    chinese = count_han(text) > len(text) / 8
    if not (8 if chinese else 16) <= len(text) <= LONGEST or not _ENDS.search(text) or _JUNK.search(text):
        return False
    if chinese:
        return True
    words = text.split()
    if _CODE.search(text) or (text[0].islower() and words[0].isalpha() and len(words) < 4):
        return False
    common = sum(word.strip(".,;:()\"'").casefold() in stop_words() for word in words)
    return len(words) >= 3 and common >= max(1, len(words) // 12)


def _is_line(line: str) -> bool:
    """A line with data in it, which can be quoted where no sentence says it."""
    if not (8 <= len(line) <= 2 * LONGEST_LINE) or _JUNK.search(line) or _CODE.search(line):
        return False
    return bool(_DATA.search(line)) and (len(line.split()) > 1 or has_han(line))
