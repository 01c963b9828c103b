"""What reports write besides Markdown: formulas in TeX, citation marks, and HTML tags without attributes."""

import re
from functools import cache
from typing import TYPE_CHECKING

from ..text.markdown import new_parser as markdown_parser

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline

PLACEHOLDER = "\\\ue000{%d}"
"""Stands for the n-th citation mark of a report. It begins and ends with punctuation, as the mark that it replaces
did, so that emphasis around it is read the same; `clean` removes its middle from every text, so nobody can forge it."""
PLACEHOLDERS = re.compile("\\\\\ue000\\{(\\d+)\\}")

_FORMULA = re.compile(
    r"\\\((?P<round>[^\ue000]{1,2000}?)\\\)|\\\[(?P<square>[^\ue000]{1,2000}?)\\\]"
    r"|\$\$(?P<double>[^$\ue000]{1,2000}?)\$\$"
    r"|(?P<environment>\\begin\{(?P<name>(?:equation|align|gather|multline|eqnarray)\*?)\}[^\ue000]{1,2000}?\\end\{(?P=name)\})"
    r"|\$(?P<single>[^\s$\ue000](?:[^$\n\ue000]{0,300}[^\s$\\\ue000])?)\$(?![\d$A-Za-z])"
)
_SHORT = re.compile(r"[A-Za-z]{1,2}'*|[A-Za-z]\([^()]{0,40}\)|\d{0,4}[A-Za-z]|[A-Za-z][+\-*/][A-Za-z\d]")
_SIGNS = re.compile(r"[\\^_={}<>]")
_COMMAND = re.compile(r"(?<!\\)\\[A-Za-z]")
_WORD = re.compile(r"[^\W\d_]{3}")
_AMOUNT = re.compile(r"[\d.,]+\s*(?:[a-z]{3}|[A-Z]\b|[\u3000-\uffff])")
"""What is between the signs of two sums of money."""
_QUOTES = {"“": 1, "「": 1, "『": 1, "”": -1, "」": -1, "』": -1}
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>b|strong|i|em|s|del|u|sub|sup|p|div|span|small|br)\s{0,3}/?>"
    r"|<a\s{1,3}href\s?=\s?(?:\"(?P<double>[^\"<>\s]{1,2000})\"|'(?P<single>[^'<>\s]{1,2000})')\s?>",
    re.IGNORECASE,
)
_KINDS = {"b": "strong", "strong": "strong", "i": "em", "em": "em", "s": "s", "del": "s", "sub": "sub", "sup": "sup"}
_DROPPED = frozenset(("u", "p", "div", "span", "small"))
LONGEST_PAIR = 2000
"""Characters between two tags that belong together."""


@cache
def parser() -> "MarkdownIt":
    """The parser of reports; HTML is text, except tags without attributes."""
    return new_parser()


def new_parser() -> "MarkdownIt":
    """A parser of one's own, to be changed."""
    made = markdown_parser()
    made.inline.ruler.before("escape", "formula", _read_formula)
    made.inline.ruler.before("escape", "tag", _read_tag)
    made.inline.ruler.before("escape", "mark", _read_mark)
    made.core.ruler.after("inline", "quoted_formulas", _leave_quotations)
    return made


def _read_mark(state: "StateInline", silent: bool) -> bool:
    match = PLACEHOLDERS.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        state.push("mark", "", 0).meta = {"index": int(match[1])}
    state.pos = match.end()
    return True


def _read_formula(state: "StateInline", silent: bool) -> bool:
    if state.src[state.pos] not in "\\$":
        return False
    match = _FORMULA.match(state.src, state.pos)
    if match is None or not _is_formula(match, state.src):
        return False
    if not silent:
        token = state.push("formula", "", 0)
        kind = next(k for k in ("round", "square", "double", "environment", "single") if match[k])
        token.content, token.markup = match[kind].strip(), match.group()
        token.meta = {"display": kind in ("square", "double", "environment")}
    state.pos = match.end()
    return True


def _is_formula(match: re.Match[str], text: str) -> bool:
    """Whether what looks like a formula is one, and not money, an escaped bracket of Markdown, or an index."""
    before = text[match.start() - 1 : match.start()] if match.start() else ""
    if match["environment"]:
        return True
    if match["single"]:
        tex = match["single"]
        if before.isascii() and before.isalnum():
            return False
        return _SHORT.fullmatch(tex) is not None or (_SIGNS.search(tex) is not None and not _AMOUNT.match(tex))
    tex = match["round"] or match["square"] or match["double"]
    if match["square"]:
        line = text.rfind("\n", 0, match.start()) + 1
        alone = not text[line : match.start()].strip() and not text[match.end() :].partition("\n")[0].strip(
            " .,;。，；"
        )
        return (alone and _reads_as_tex(tex)) or (not before.isalnum() and _COMMAND.search(tex) is not None)
    return _reads_as_tex(tex)


def _reads_as_tex(text: str) -> bool:
    """Whether `text` has a sign of TeX, or a letter and no word."""
    return _SIGNS.search(text) is not None or (any(c.isalpha() for c in text) and not _WORD.search(text))


def _leave_quotations(state: "StateCore") -> None:
    """What is in a quotation is text: a formula is only what the report itself writes as one."""
    from markdown_it.token import Token  # noqa: PLC0415

    quoted = 0
    for token in state.tokens:
        quoted += token.nesting if token.type.startswith("blockquote") else 0
        if token.type != "inline" or not any(child.type == "formula" for child in token.children or []):
            continue
        depth = straight = 0
        signs = token.content.count('"')
        for index, child in enumerate(token.children or []):
            if child.type == "formula" and (quoted or depth > 0 or (straight % 2 and straight < signs)):
                token.children[index] = Token("text", "", 0, content=_ESCAPED.sub(r"\1", child.markup))  # type: ignore[index]
            elif child.type in ("text", "text_special"):
                straight += child.content.count('"')
                for character in child.content:
                    depth = max(0, depth + _QUOTES.get(character, 0))


def _read_tag(state: "StateInline", silent: bool) -> bool:
    """A pair of tags of a known kind is markup, a tag that only lays text out is left out, any other is text."""
    match = _TAG.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "<" else None
    if match is None:
        return False
    name = (match["name"] or "a").lower()
    end = match.end()
    if name not in _DROPPED and name != "br":
        limit = min(state.posMax, end + LONGEST_PAIR)
        close = None if match["close"] else re.compile(rf"</{name}\s?>", re.IGNORECASE).search(state.src, end, limit)
        if close is None:
            return False
        if not silent:
            _push_pair(state, match, close.start())
        end = close.end()
    elif name == "br" and not silent:
        state.push("hardbreak", "br", 0)
    state.pos = end
    return True


def _push_pair(state: "StateInline", opening: re.Match[str], end: int) -> None:
    """The tokens of a pair of tags: those that open and close it, and between them what is between the tags."""
    kind = _KINDS.get((opening["name"] or "a").lower(), "link")
    token = state.push(f"{kind}_open", "", 1)
    if kind == "link":
        token.attrs = {"href": opening["double"] or opening["single"]}
    outer, state.posMax, state.pos = state.posMax, end, opening.end()
    state.md.inline.tokenize(state)
    state.posMax = outer
    state.push(f"{kind}_close", "", -1)
