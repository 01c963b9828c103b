"""Passages to statements: whole sentences that can be quoted as they stand, each with what it stands under."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from ..text.characters import count_han, has_han
from ..text.sentences import sentence_spans, split_sentences
from ..trajectory import Passage
from .words import content_terms, implied_terms, lexicon, stop_words

SHORTEST, LONGEST = 25, 480
"""Characters of a quotable sentence; half of that suffices in Chinese."""
EXCERPT = 0.8
"""Weight of a sentence that only the excerpt by a search engine shows."""
LONGEST_LINE = 160
LONGEST_CODE = 14
"""Lines of an example that is quoted with its sentence."""

_GAP = ("…", "...")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_ENDS = re.compile(r"[.!?。！？…;；][\"'”’)\]」』》）]*(?:\s?\[\d+\])*$")
_SIGNATURE = re.compile(
    r"(?:(?:class|exception|function|method|coroutine|async|await|classmethod|staticmethod|property|abstractmethod|type)\s+)*"
    r"[A-Za-z_][\w.]*(?:\(.*\)(?:\s*->\s*.+)?)?(?:\s*=\s*\S+)?¶?$"
)
_PRONOUN = re.compile(r"(?:It|They|He|She|Its|Their|His|Her)\b")
_ITEM = re.compile(r"^(?:[-*•·]|\d{1,3}[.)、])\s+")
_CODE = re.compile(r"^\S*/\S+\s|\s&&\s|\s--\w+\s.*\s--\w+|^(?:from \S+ )?import \S+|[{}]\s*$|\)\s*;$|^\w+\(.*\)\s*#")
_CALLED = re.compile(r"\w\([^()]*\)$")
_DATA = re.compile(r"\d| \| |[:：]")
_OPENED, _CLOSED = re.compile(r"[(（]"), re.compile(r"[)）]")
_OPENERS = "\"'“‘([`«*_"
_RULE = re.compile(r":?-+:?$|\|?[-:| ]*$")
_JUNK = re.compile(r"\\cite|https?://\S{60,}|(?:\S\s*[|›»·]\s*){3,}|\.{5,}|[-=_*]{5,}|[�]")


@dataclass(frozen=True)
class Statement:
    passage: Passage
    text: str
    """Letter for letter as in the passage, white space apart."""
    index: int
    """Which sentence of the passage."""
    block: int
    """Which paragraph of the passage."""
    term: str
    """The signature or label that it explains; empty mostly."""
    whole: bool
    """A sentence; else a line of a table or list."""
    terms: frozenset[str]
    implied: frozenset[str]
    """Its terms and those that it speaks of without the word."""
    context: frozenset[str]
    """Terms of title, headings and label above it."""
    weight: float
    """Below 1 for sentences that lean on others or point elsewhere."""
    code: str
    """The short example that follows it; empty mostly."""

    @property
    def chinese(self) -> bool:
        return bool(has_han(self.text))

    @property
    def opens_example(self) -> bool:
        """It is no whole without its example."""
        return self.text.endswith((":", "："))


@dataclass(frozen=True)
class Piece:
    """A sentence of a text with its place."""

    text: str
    block: int
    term: str
    whole: bool
    code: str = ""


def statements_of(passage: Passage, title: str | None = None) -> list[Statement]:
    """The statements of `passage`, in order. title: as it counts for context, the passage's own if None."""
    outer = content_terms([passage.title if title is None else title, *passage.heading])
    return [
        Statement(
            passage=passage,
            text=piece.text,
            index=index,
            block=piece.block,
            term=piece.term,
            whole=piece.whole,
            terms=frozenset(terms),
            implied=frozenset([*terms, *implied_terms(piece.text)]),
            context=frozenset([*outer, *content_terms(piece.term)]),
            weight=_weight(piece) * (EXCERPT if passage.excerpt else 1.0),
            code=piece.code,
        )
        for index, piece in enumerate(_pieces(passage.text))
        if (terms := content_terms(piece.text)) and not (passage.excerpt and _is_cut(piece, passage.text))
    ]


def with_aliases(statement: Statement, aliases: Iterable[tuple[str, str]]) -> Statement:
    """The statement with the terms of what it calls by another name."""
    terms, context = set(statement.terms), set(statement.context)
    for name, other in aliases:
        for had in (terms, context):
            if had >= set(content_terms(other)):
                had.update(content_terms(name))
    return (
        replace(statement, terms=frozenset(terms), implied=statement.implied | terms, context=frozenset(context))
        if aliases
        else statement
    )


def _is_cut(piece: Piece, excerpt: str) -> bool:
    """The excerpt leaves something out at the beginning or the end of the sentence."""
    before, _, after = " ".join(excerpt.split()).partition(piece.text)
    return before.rstrip().endswith(_GAP) or after.lstrip().startswith(_GAP) or piece.text.endswith(_GAP)


@lru_cache(maxsize=4096)
def _pieces(text: str) -> tuple[Piece, ...]:
    """The quotable pieces of a text."""
    pieces: list[Piece] = []
    term = ""
    opening = None
    for number, (block, code) in enumerate(_blocks(text)):
        if code:
            if len(block.splitlines()) <= LONGEST_CODE:
                _add_example(pieces, block, opening, term)
            continue
        label = _label(block)
        if label is not None:
            term = label
            continue
        opening = Piece(" ".join(block.rsplit("\n", 1)[-1].split()), number, term, True)
        for part in _table_rows(block) if block.lstrip().startswith("|") else [[block]]:
            row = len(part) > 1  # of a table: a cell is no sentence, whatever it looks like
            sentences = [] if row else _sentences(part[0])
            lines = [" | ".join(part)] if row else _lines(part[0])
            pieces += [Piece(s, number, term, True) for s in sentences] or [
                Piece(line, number, term, False) for line in lines if _is_line(line)
            ]
    return tuple(pieces)


def _add_example(pieces: list[Piece], code: str, opening: Piece | None, term: str) -> None:
    """Give an example to the sentence that opens it ("is done by the command:"), else to the one before it."""
    if opening and opening.text.endswith((":", "：")):
        sentence = split_sentences(opening.text)[-1]
        if is_sentence(sentence[:-1] + "."):
            pieces.append(replace(opening, text=sentence, code=code))
            return
    if pieces and not pieces[-1].code and pieces[-1].term == term:
        pieces[-1] = replace(pieces[-1], code=code)


def _sentences(text: str) -> list[str]:
    """Quotable sentences of a text, without the marks of list items."""
    spans = [_without_marks(" ".join(text[a:b].split())) for a, b in _balanced(text)]
    return [sentence for sentence in spans if is_sentence(sentence)]


def _without_marks(sentence: str) -> str:
    """The sentence without the mark of a list item, and without emphasis that begins or ends outside it."""
    sentence = _ITEM.sub("", sentence).strip("# ")
    return sentence.strip("*").rpartition("**")[2].strip() if sentence.count("**") % 2 else sentence


def _table_rows(block: str) -> Iterator[list[str]]:
    """The cells of each row of a Markdown table, empty ones and rules left out."""
    for row in block.split("\n"):
        cells = [" ".join(cell.split()) for cell in row.strip().strip("|").split(" | ")]
        if kept := [cell for cell in cells if cell and not _RULE.match(cell)]:
            yield kept


def _balanced(block: str) -> list[tuple[int, int]]:
    """Sentences of a block; one that ends within brackets or before them ("Jr. (1924", "(d. 851)") goes on."""
    spans: list[tuple[int, int]] = []
    for begin, end in sentence_spans(block):
        last = block[slice(*spans[-1])] if spans else ""
        goes_on = len(_OPENED.findall(last)) > len(_CLOSED.findall(last)) or block[begin] == "("
        if spans and goes_on and end - spans[-1][0] <= LONGEST:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((begin, end))
    return spans


def _blocks(text: str) -> Iterator[tuple[str, bool]]:
    """Paragraphs and fenced code of a text; True for code."""
    lines: list[str] = []
    code = False
    for line in text.split("\n"):
        fence = bool(_FENCE.match(line))
        turn = not code and bool(lines) and line.startswith("|") != lines[-1].startswith("|")
        if not fence and not turn and (code or line.strip()):
            lines.append(line)
            continue
        if any(one.strip() for one in lines):
            yield "\n".join(lines), code
        lines = [line] if turn and line.strip() and not fence else []
        code ^= fence
    if lines and not code:
        yield "\n".join(lines), False


def _label(block: str) -> str | None:
    """The definition's signature that the block is; "" for another short label, None for text."""
    line = block.strip()
    if "\n" in line or len(line) > LONGEST_LINE:
        return None
    if is_signature(line):
        return line.rstrip("¶")
    return "" if len(line.split()) == 1 and not _ENDS.search(line) else None


def is_signature(line: str) -> bool:
    """The line defines something in code: `cancel(msg=None)`, `class asyncio.Task`."""
    return bool(_SIGNATURE.match(line) and re.search(r"[(._]|[a-z][A-Z]|^(?:class|exception)\s", line))


def _lines(block: str) -> list[str]:
    """The lines of a block, without the marks of list items."""
    return [_ITEM.sub("", " ".join(line.split())) for line in block.split("\n")]


def is_sentence(text: str) -> bool:
    """A complete sentence that says something: not a fragment, not navigation, not code."""
    chinese = count_han(text) > len(text) / 8
    shortest = SHORTEST // 2 if chinese else SHORTEST
    if not shortest <= len(text) <= LONGEST or not _ENDS.search(text) or _JUNK.search(text):
        return False
    if chinese:
        return True
    words = text.split()
    if (
        _CODE.search(text)
        or not (text[0].isalnum() or text[0] in _OPENERS)
        or (text[0].islower() and words[0].isalpha())
    ):
        return False
    common = sum(word.strip(".,;:()\"'").casefold() in stop_words() for word in words)
    return len(words) >= 4 and common >= max(1, len(words) // 10)


def _is_line(line: str) -> bool:
    """A row or item with data in it, which can be quoted where no sentence says it."""
    fits = 8 <= len(line) <= LONGEST_LINE and len(line.split()) > 1 and not line.endswith(":")
    return (
        fits
        and (not line[0].islower() or " | " in line)
        and bool(_DATA.search(line))
        and not any(p.search(line) for p in (_JUNK, _CODE, _CALLED))
    )


def _weight(piece: Piece) -> float:
    if not piece.whole:
        return 0.7
    if re.match(lexicon()["sentences"]["points"], piece.text):
        return 0.45
    if leans(piece.text):
        return 0.85
    return 0.95 if _PRONOUN.match(piece.text) else 1.0


def leans(text: str) -> bool:
    """The sentence cannot be understood without the one before it."""
    return bool(re.match(lexicon()["sentences"]["leans"], text))
