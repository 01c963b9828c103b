"""Markdown as a policy writes it and text as pages hold it: cleaned, read, and told apart from code.

The Markdown parser is imported when it is first needed: commands that render nothing do not wait for it.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from ..text.characters import CJK_MARKS, HAN, KANA

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

BlockRule = Callable[["StateBlock", int, int, bool], bool]
Ranges = list[tuple[int, int]]
"""(start, end) pairs in a text, sorted, not overlapping."""

PLACEHOLDER = "\\\ue000{%d}"
"""Stands for the n-th citation mark of a report. It begins and ends with punctuation, as the mark that it replaces
did, so that emphasis around it is read the same; `clean` removes its middle from every text, so nobody can forge it."""
PLACEHOLDERS = re.compile("\\\\\ue000\\{(\\d+)\\}")

_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters, the escape of terminals among them
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, and those that turn text round
    "\ue000\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"  # ours, non-characters, half characters, hidden tags
)
_BACKTICKS = re.compile(r"`+")
_CJK = re.compile(f"[{KANA}{HAN}{CJK_MARKS}]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"


def clean(text: str) -> str:
    """`text` with plain line ends and without characters that hide, reorder or control."""
    return _UNWANTED.sub("", _BREAKS.sub("\n", text))


def one_line(text: str, longest: int | None = None) -> str:
    """`text`, cleaned, on one line, cut at a word's end to at most `longest` characters."""
    line = " ".join(clean(text).split())
    if longest is None or len(line) <= longest:
        return line
    cut = line[: longest - 1]
    space = cut.rfind(" ", longest * 2 // 3)
    return (cut[:space] if space > 0 else cut).rstrip(" ,;:，；：、") + "…"


def safe_url(url: str | None) -> str | None:
    """`url` as it may be linked to, or None: only http and https, a host, and no user name that could pass for one."""
    cleaned = clean(url or "").strip()
    try:
        parts = urlsplit(cleaned)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not host or "@" in parts.netloc or "\\" in cleaned:
        return None
    return quote(cleaned, safe=_URL_SAFE)


def language_tag(language: str | None) -> str | None:
    """`language` where it has the form of a language code (en, zh-CN), else None."""
    return language if language and _LANGUAGE.fullmatch(language) else None


def new_parser() -> "MarkdownIt":
    """A parser for the Markdown of reports: tables, strike-through, task lists, footnotes, bare links; no HTML."""
    from markdown_it import MarkdownIt  # noqa: PLC0415
    from mdit_py_plugins.footnote import footnote_plugin  # noqa: PLC0415
    from mdit_py_plugins.footnote.index import footnote_def  # noqa: PLC0415
    from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin  # noqa: PLC0415
    from mdit_py_plugins.tasklists import tasklists_plugin  # noqa: PLC0415

    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": False}).enable(["table", "strikethrough"])
    parser.use(footnote_plugin, inline=False).use(tasklists_plugin).use(gfm_autolink_plugin)
    # A footnote defined within another would leave tags open: definitions stand at the top level alone.
    parser.block.ruler.at("footnote_def", _at_top_level(footnote_def), {"alt": ["paragraph", "reference"]})
    parser.inline.ruler.before("emphasis", "cjk_emphasis", _read_stars)
    return parser


def _at_top_level(rule: BlockRule) -> BlockRule:
    return lambda state, start, end, silent: state.level == 0 and rule(state, start, end, silent)


def _read_stars(state: "StateInline", silent: bool) -> bool:
    """Emphasis that begins or ends beside Chinese or Japanese text, which sets no blank there: 他说**“好。”**就走了."""
    from markdown_it.rules_inline.state_inline import Delimiter  # noqa: PLC0415

    start = state.pos
    if silent or state.src[start] != "*":
        return False
    scanned = state.scanDelims(start, True)
    end = start + scanned.length
    before, after = state.src[max(0, start - 1) : start], state.src[end : end + 1]
    opens = scanned.can_open or (bool(_CJK.match(before)) and after.strip() != "")
    closes = scanned.can_close or (bool(_CJK.match(after)) and before.strip() != "")
    for _ in range(scanned.length):
        state.push("text", "", 0).content = "*"
        state.delimiters.append(Delimiter(ord("*"), scanned.length, len(state.tokens) - 1, -1, opens, closes))
    state.pos = end
    return True


@cache
def _reader() -> "MarkdownIt":
    return new_parser()


def parse(text: str) -> "list[Token]":
    """The block tokens of `text`, which has been cleaned."""
    return _reader().parse(text)


def line_starts(text: str) -> list[int]:
    """Where each line of `text` begins, and the end of the text as the last entry."""
    return [0, *(m.end() for m in re.finditer("\r\n?|\n", text)), len(text)]


def code_ranges(text: str) -> Ranges:
    """Where code stands in `text`: fenced and indented blocks and code spans, delimiters included."""
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
    return merge(sorted(blocks | spans))


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
    """Whether an odd number of backslashes stands before `position`."""
    first = position
    while first > start and text[first - 1] == "\\":
        first -= 1
    return (position - first) % 2 == 1


def merge(ranges: Ranges) -> Ranges:
    """`ranges`, sorted, with those that touch made one."""
    merged: Ranges = []
    for start, end in ranges:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def inside(ranges: Ranges, position: int) -> bool:
    """Whether `position` lies in one of `ranges`."""
    index = bisect_right(ranges, position, key=itemgetter(0)) - 1
    return index >= 0 and position < ranges[index][1]


def inline_text(token: "Token") -> str:
    """What a reader sees of an inline token, as plain text without citation marks."""
    words = []
    for child in token.children or []:
        if child.type in ("text", "text_special", "code_inline", "image"):
            words.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            words.append(" ")
    return " ".join(PLACEHOLDERS.sub("", "".join(words)).split())


def split_title(text: str) -> tuple[str, str]:
    """(title, rest) where `text` opens with a first-level heading, else ("", text)."""
    tokens = parse(text)
    if len(tokens) > 1 and tokens[0].type == "heading_open" and tokens[0].tag == "h1" and tokens[0].map:
        title = inline_text(tokens[1])
        if title:
            starts = line_starts(text)
            return title, text[starts[min(tokens[0].map[1], len(starts) - 1)] :].lstrip("\n")
    return "", text


def closing_fence(text: str) -> str:
    """What closes a code fence that is left open at the end of `text`, so that what follows is no code."""
    blocks = [t for t in parse(text) if t.level == 0 and t.map]
    last = max(blocks, key=lambda t: t.map or [0, 0], default=None)
    if last is None or last.type != "fence" or last.map is None:
        return ""
    *before, end = text[: line_starts(text)[last.map[1]]].splitlines()[last.map[0] :]
    closed = before and end.strip().strip(last.markup[0]) == "" and end.count(last.markup[0]) >= len(last.markup)
    return "" if closed else f"\n{last.markup}"
