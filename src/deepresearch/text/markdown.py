"""Reading Markdown: its blocks with their places, and where code is.

The parser is imported when it is first needed: commands that read no Markdown do not wait for it.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

from .characters import CJK, CJK_MARKS

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

MarkdownKind = Literal["heading", "paragraph", "item", "quotation", "note", "table", "code"]
Span = tuple[int, int]  # (start, end) in a text
Ranges = list[Span]  # sorted, not overlapping
_BlockRule = Callable[["StateBlock", int, int, bool], bool]
_CJK = re.compile(f"[{CJK}{CJK_MARKS}]")
_QUOTE_SIGNS = frozenset("“”‘’\"'—…·")
"""Punctuation that Chinese and Latin text share: the characters next to it decide which it is."""
_DELIMITER_ROW = re.compile(r"[ \t]*\|?(?:[ \t]*:?-{2,}:?[ \t]*\|)+(?:[ \t]*:?-{2,}:?)?[ \t]*")
_BACKTICKS = re.compile(r"`+")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:[ \t]+\"[^\"\n]*\")?\)")
_TAG = re.compile(r"<!--(?:(?!-->|<!--).)*-->|</?[A-Za-z][^<>]*>", re.DOTALL)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_EMPHASIS = re.compile(r"[*`]+|(?<!\w)_+|_+(?!\w)")

_FENCED = re.compile(
    r"\s*(?P<fence>`{3,}|~{3,})(?P<language>markdown|md|)[ \t]*\n(?P<report>.*)\n[ \t]*(?P=fence)\s*", re.S | re.I
)
_FENCE_LINE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class MarkdownBlock:
    """A paragraph, heading, list item, cell-bearing table or piece of code, with its place in the source."""

    kind: MarkdownKind
    start: int
    end: int
    """Of its words: without the list mark, the `>` or the `#` before the first line; of code and tables all of it."""
    outer: Span
    """Whole lines of what holds it at the top level: a list item with all that is in it, a quotation; else its own."""
    level: int = 0
    """Of a heading, 1 the highest."""
    rows: tuple[tuple[Span, ...], ...] = ()
    """Of a table, the place of each cell of each row, the header first."""


def markdown_blocks(text: str, html: bool = False) -> list[MarkdownBlock]:
    """The blocks of `text` in order, notes where they are defined; what is empty is left out.

    html: HTML is markup, so that a whole element or comment is one paragraph; else it is text like any other.
    """
    return list(_blocks(text, _block_reader(html).parse(text)))


def _blocks(text: str, tokens: "Sequence[Token]") -> Iterator[MarkdownBlock]:
    starts = line_starts(text)
    around: list[Token] = []
    outer = (0, 0)
    index = 0
    while index < len(tokens):
        token = tokens[index]
        span = _lines(starts, token)
        if span and not any(outside.type in ("list_item_open", "blockquote_open") for outside in around):
            outer = span
        if token.type == "table_open" and span:
            last = next(i for i in range(index, len(tokens)) if tokens[i].type == "table_close")
            yield MarkdownBlock("table", *span, outer, rows=tuple(_cells(text, starts, tokens[index:last])))
            index = last
        elif token.type in ("fence", "code_block") and span:
            yield MarkdownBlock("code", *span, outer)
        elif token.type == "html_block" and span:
            yield MarkdownBlock("paragraph", *span, outer)
        elif token.nesting:
            around = [*around, token] if token.nesting == 1 else around[:-1]
        elif token.type == "inline" and span and token.content:
            kind = _kind([outside.type.removesuffix("_open") for outside in around])
            level = int(around[-1].tag[1]) if kind == "heading" else 0
            yield MarkdownBlock(kind, *_narrowed(text, span, token.content), outer, level)
        index += 1


def _lines(starts: Sequence[int], token: "Token") -> Span | None:
    return (starts[token.map[0]], starts[min(token.map[1], len(starts) - 1)]) if token.map else None


def _kind(around: Sequence[str]) -> MarkdownKind:
    if "heading" in around:
        return "heading"
    if "footnote_reference" in around:
        return "note"
    return "item" if "list_item" in around else "quotation" if "blockquote" in around else "paragraph"


def _narrowed(text: str, lines: Span, content: str) -> Span:
    """The lines without the list mark, the `>` or the `#` before the first and what follows the words of the last."""
    first, last = content.split("\n", 1)[0].strip(), content.rsplit("\n", 1)[-1].strip()
    start = max(text.find(first, *lines), lines[0])
    end = text.rfind(last, start, lines[1])
    return start, end + len(last) if end >= 0 else lines[1]


def _cells(text: str, starts: Sequence[int], tokens: "Sequence[Token]") -> Iterator[tuple[Span, ...]]:
    """The place of each cell of each row of a table."""
    cells: list[Span] = []
    position = end = 0
    for token in tokens:
        if token.type == "tr_open" and token.map:
            cells, position, end = [], starts[token.map[0]], starts[min(token.map[1], len(starts) - 1)]
        elif token.type == "inline":
            content = token.content.replace("|", "\\|") if token.content not in text[position:end] else token.content
            start = text.find(content, position, end) if content else position
            start = start if start >= 0 else position  # only a cell that the parser has rewritten is not found
            cells.append((start, min(end, start + len(content))))
            position = cells[-1][1]
        elif token.type == "tr_close":
            yield tuple(cells)


def unfenced(text: str) -> str:
    """`text` without the code fence that a model has put around its whole report; any other text as it is."""
    match = _FENCED.fullmatch(text)
    if match is None:
        return text
    within = _FENCE_LINE.search(match["report"])
    closed = within is not None and not within[1].strip()  # what follows the first fence is not in it
    if not match["language"] and (closed or "\\cite" not in match["report"]):
        return text
    return match["report"]


def without_links(source: str) -> str:
    """Markdown without the targets of its links and images, without HTML tags, backslash escapes resolved."""
    return _ESCAPE.sub(r"\1", _LINK.sub(r"\1", _TAG.sub("", source)))


def plain_line(source: str) -> str:
    """Markdown on one line, without links, tags and marks of emphasis and code."""
    return " ".join(_EMPHASIS.sub("", without_links(source)).split())


def new_parser() -> "MarkdownIt":
    """A parser for the Markdown of reports: tables, strike-through, task lists, footnotes, bare links; no HTML."""
    from markdown_it import MarkdownIt  # noqa: PLC0415
    from mdit_py_plugins.footnote import footnote_plugin  # noqa: PLC0415
    from mdit_py_plugins.footnote.index import footnote_def  # noqa: PLC0415
    from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin  # noqa: PLC0415
    from mdit_py_plugins.tasklists import tasklists_plugin  # noqa: PLC0415

    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": False}).enable(["table", "strikethrough"])
    parser.use(footnote_plugin, inline=False).use(tasklists_plugin).use(gfm_autolink_plugin)
    # A footnote defined within another would leave tags open: definitions are at the top level only.
    parser.block.ruler.at("footnote_def", _at_top_level(footnote_def), {"alt": ["paragraph", "reference"]})
    parser.block.ruler.before("table", "table_behind_list", _table_behind_list, {"alt": ["paragraph"]})
    parser.inline.ruler.before("strikethrough", "delimiters", _read_delimiters)
    return parser


def _at_top_level(rule: _BlockRule) -> _BlockRule:
    return lambda state, start, end, silent: state.level == 0 and rule(state, start, end, silent)


def _table_behind_list(state: "StateBlock", start: int, end: int, silent: bool) -> bool:
    """A table that follows a list item at once ends the item, rather than being its next lines."""
    if not silent or start + 1 >= end or state.sCount[start] >= state.blkIndent:
        return False
    head, row = (state.src[state.bMarks[n] : state.eMarks[n]] for n in (start, start + 1))
    return "|" in head and _DELIMITER_ROW.fullmatch(row) is not None


def _read_delimiters(state: "StateInline", silent: bool) -> bool:
    """Emphasis and strike-through, also beside Chinese, Japanese and Korean text, which sets no blank there.

    CommonMark lets no emphasis begin or end between punctuation and a letter, as in **注意：**水价 or 他说**“好”**就走.
    """
    from markdown_it.rules_inline.state_inline import Delimiter  # noqa: PLC0415

    marker = state.src[state.pos]
    if silent or marker not in "*_~":
        return False
    scanned = state.scanDelims(state.pos, marker != "_")
    size = 2 if marker == "~" else 1
    if scanned.length < size:
        return False
    opens, closes = _beside_cjk(state.src, state.pos, state.pos + scanned.length)
    if scanned.length % size:
        state.push("text", "", 0).content = marker
    for _ in range(scanned.length // size):
        state.push("text", "", 0).content = marker * size
        length = 0 if marker == "~" else scanned.length  # 0: no rule about sums of lengths
        place = len(state.tokens) - 1
        opened, closed = scanned.can_open or opens, scanned.can_close or closes
        state.delimiters.append(Delimiter(ord(marker), length, place, -1, opened, closed))
    state.pos += scanned.length
    return True


def _beside_cjk(text: str, start: int, end: int) -> tuple[bool, bool]:
    """Whether the delimiter at `start` may open, and whether it may close, because of the script beside it."""

    def is_cjk(position: int, outward: int) -> bool:
        character = text[position : position + 1] if position >= 0 else ""
        beyond = text[position + outward : position + outward + 1] if position + outward >= 0 else ""
        return bool(_CJK.match(character)) or (character in _QUOTE_SIGNS and bool(_CJK.match(beyond)))

    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    either = is_cjk(start - 1, -1) or is_cjk(end, 1)
    return _is_punctuation(after) and either, _is_punctuation(before) and either


def _is_punctuation(character: str) -> bool:
    return bool(character.strip()) and not character.isalnum()


@cache
def _block_reader(html: bool) -> "MarkdownIt":
    """The same blocks, without what is inside a line; notes stay where they are defined."""
    from markdown_it import MarkdownIt  # noqa: PLC0415
    from mdit_py_plugins.footnote.index import footnote_def  # noqa: PLC0415

    parser = MarkdownIt("commonmark", {"html": html}).enable("table").disable("inline")
    parser.block.ruler.before(
        "reference", "footnote_def", _at_top_level(footnote_def), {"alt": ["paragraph", "reference"]}
    )
    parser.block.ruler.before("table", "table_behind_list", _table_behind_list, {"alt": ["paragraph"]})
    return parser


_reader = cache(new_parser)


def parse(text: str) -> "list[Token]":
    """The block tokens of `text`, which has been cleaned."""
    return _reader().parse(text)


def line_starts(text: str) -> list[int]:
    """Where each line of `text` begins, and the end of the text as the last entry."""
    return [0, *(m.end() for m in re.finditer("\r\n?|\n", text)), len(text)]


def code_ranges(text: str) -> Ranges:
    """Where code is in `text`: fenced and indented blocks and code spans, delimiters included."""
    starts = line_starts(text)
    last = len(starts) - 1
    blocks: set[tuple[int, int]] = set()
    prose: set[tuple[int, int]] = set()
    for token in parse(text):
        if token.map is None or token.type not in ("fence", "code_block", "inline"):
            continue
        lines = (starts[min(token.map[0], last)], starts[min(token.map[1], last)])
        (prose if token.type == "inline" else blocks).add(lines)
    spans = {span for start, end in prose for span in _code_spans(text, start, end)}
    return merge_ranges(sorted(blocks | spans))


def _code_spans(text: str, start: int, end: int) -> Ranges:
    """Code spans between `start` and `end`: a run of backticks up to the next run of the same length."""
    runs = [m.span() for m in _BACKTICKS.finditer(text, start, end)]
    later: dict[int, list[int]] = {}  # length -> indexes of the runs of that length, the last first
    for index in range(len(runs) - 1, -1, -1):
        later.setdefault(runs[index][1] - runs[index][0], []).append(index)
    spans: Ranges = []
    index = 0
    while index < len(runs):
        opens, ends = runs[index]
        if _escaped(text, start, opens):
            opens += 1  # this backtick is text; the rest of the run may open
        closing = later.get(ends - opens, [])
        while closing and closing[-1] <= index:
            closing.pop()
        if closing and ends > opens:
            index = closing[-1]
            spans.append((opens, runs[index][1]))
        index += 1
    return spans


def _escaped(text: str, start: int, position: int) -> bool:
    """Whether an odd number of backslashes precedes `position`."""
    first = position
    while first > start and text[first - 1] == "\\":
        first -= 1
    return (position - first) % 2 == 1


def merge_ranges(ranges: Ranges) -> Ranges:
    """`ranges`, sorted, with those that touch made one."""
    merged: Ranges = []
    for start, end in ranges:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def is_inside(ranges: Ranges, position: int) -> bool:
    """Whether `position` is in one of `ranges`."""
    index = bisect_right(ranges, position, key=itemgetter(0)) - 1
    return index >= 0 and position < ranges[index][1]
