"""What reports write besides Markdown: formulas in TeX, citation marks, and HTML tags without attributes."""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from ..text.markdown import new_parser as markdown_parser

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

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
    r"|<a\s{1,3}href\s?=\s?(?:\"(?P<double>[^\"<>\s]{1,2000})\"|'(?P<single>[^'<>\s]{1,2000})')\s?>|(?P<end></a\s?>)",
    re.IGNORECASE,
)
_KINDS = {"b": "strong", "strong": "strong", "i": "em", "em": "em", "s": "s", "del": "s", "sub": "sub", "sup": "sup"}
_DROPPED = frozenset(("u", "p", "div", "span", "small"))


@cache
def parser() -> "MarkdownIt":
    """The parser of reports; HTML is text, save tags without attributes."""
    return new_parser()


def new_parser() -> "MarkdownIt":
    """A parser of one's own, to be changed."""
    made = markdown_parser()
    made.inline.ruler.before("escape", "formula", _read_formula)
    made.inline.ruler.before("escape", "tag", _read_tag)
    made.inline.ruler.before("escape", "mark", _read_mark)
    made.core.ruler.after("inline", "tags", _pair_tags)
    made.core.ruler.after("tags", "quoted_formulas", _leave_quotations)
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
    match = _TAG.match(state.src, state.pos) if state.src[state.pos] == "<" else None
    if match is None:
        return False
    if not silent:
        _push_tag(state, match)
    state.pos = match.end()
    return True


def _push_tag(state: "StateInline", match: re.Match[str]) -> None:
    name = (match["name"] or "").lower()
    if name == "br":
        state.push("hardbreak", "br", 0)
        return
    token = state.push("html_tag", "", 0)
    token.content = match.group()
    kind = "" if name in _DROPPED else _KINDS.get(name, "link")
    closes = bool(match["close"] or match["end"])
    token.meta = {"kind": kind, "closes": closes, "href": match["double"] or match["single"] or ""}


def _pair_tags(state: "StateCore") -> None:
    for token in state.tokens:
        if token.type == "inline" and any(child.type == "html_tag" for child in token.children or []):
            token.children = _paired(token.children or [])


def _paired(children: "Sequence[Token]") -> "list[Token]":
    """Tags that open and close in good order as tokens of their kind; the rest as text."""
    partner: set[int] = set()
    open_: list[int] = []
    for index, child in enumerate(children):
        if child.type == "html_tag" and child.meta["kind"]:
            if not child.meta["closes"]:
                open_.append(index)
            elif open_ and children[open_[-1]].meta.get("kind") == child.meta["kind"]:
                partner |= {index, open_.pop()}
        elif child.nesting > 0:
            open_.append(index)
        elif child.nesting < 0:
            while open_ and children[open_.pop()].type == "html_tag":
                pass
    return [_as_token(child, index in partner) for index, child in enumerate(children)]


def _as_token(child: "Token", paired: bool) -> "Token":
    from markdown_it.token import Token  # noqa: PLC0415

    if child.type != "html_tag":
        return child
    kind, closes = child.meta["kind"], child.meta["closes"]
    if not kind or not paired:
        return Token("text", "", 0, content="" if not kind else child.content)
    token = Token(f"{kind}_{'close' if closes else 'open'}", "", -1 if closes else 1)
    if kind == "link" and not closes:
        token.attrs = {"href": child.meta["href"]}
    return token
