"""Markdown as a policy writes it and text as pages hold it: cleaned, its addresses judged, read as plain text."""

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from ..errors import ExportError
from ..text.characters import clean
from ..text.markdown import line_starts
from .syntax import PLACEHOLDERS, parser

if TYPE_CHECKING:
    from markdown_it.token import Token

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"

_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_BULLET = re.compile(r"^(?:\s*[-*+•]\s+)+")
_ROW = re.compile(r"\s*\|.*\|\s*")
_RULE = re.compile(r"[\s|:-]+")
_PIPE = re.compile(r"(?<!\\)\|")
_MARKED = re.compile(
    # A star or line beside a letter or digit is arithmetic or a name (2**3, __init__); beside a slash or before a
    # full stop it belongs to a comment or a pattern (/* a */, *.txt).
    r"(?<![`\\])`(?P<code>[^`\n]+)`(?!`)"
    r"|(?<![`\\])``(?P<ticks>(?:[^`\n]|`(?!`))+)``(?!`)"
    r"|(?<![A-Za-z0-9*\\/])\*{3}(?=[^\s*/.])(?P<both>[^*\n]*[^\s*])\*{3}(?![A-Za-z0-9*/])"
    r"|(?<![A-Za-z0-9*\\/])\*\*(?=[^\s*/.])(?P<bold>(?:[^*\n]|\*(?!\*))*[^\s*])\*\*(?![A-Za-z0-9*/])"
    r"|(?<![A-Za-z0-9*\\/])\*(?=[^\s*/.])(?P<italic>[^*\n]*[^\s*])\*(?![A-Za-z0-9*/])"
    r"|(?<![\w\\/])_(?=[^\s_/.])(?P<line>[^_\n]*[^\s_])_(?![\w/])"
)


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


def followed(target: str) -> str | None:
    """Where a link of the policy's text may lead: to an address of http, https or mailto; None for nowhere."""
    return clean(target) if clean(target).lower().startswith("mailto:") else safe_url(target)


def language_tag(language: str | None) -> str | None:
    """`language` where it has the form of a language code (en, zh-CN), else None."""
    return language if language and _LANGUAGE.fullmatch(language) else None


def inline_text(token: "Token") -> str:
    """What a reader sees of an inline token, as plain text without citation marks."""
    words = []
    for child in token.children or []:
        if child.type in ("text", "text_special", "code_inline", "image", "formula"):
            words.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            words.append(" ")
    return " ".join(PLACEHOLDERS.sub("", "".join(words)).split())


def split_title(text: str) -> tuple[str, str]:
    """(title, rest) where `text` opens with a first-level heading, else ("", text)."""
    tokens = parser().parse(text)
    if len(tokens) > 1 and tokens[0].type == "heading_open" and tokens[0].tag == "h1" and tokens[0].map:
        title = inline_text(tokens[1])
        if title:
            starts = line_starts(text)
            return title, text[starts[min(tokens[0].map[1], len(starts) - 1)] :].lstrip("\n")
    return "", text


def closing_fence(text: str) -> str:
    """What closes a code fence that is left open at the end of `text`, so that what follows is no code."""
    blocks = [t for t in parser().parse(text) if t.level == 0 and t.map]
    last = max(blocks, key=lambda t: t.map or [0, 0], default=None)
    if last is None or last.type != "fence" or last.map is None:
        return ""
    *before, end = text[: line_starts(text)[last.map[1]]].splitlines()[last.map[0] :]
    closed = before and end.strip().strip(last.markup[0]) == "" and end.count(last.markup[0]) >= len(last.markup)
    return "" if closed else f"\n{last.markup}"


def plain(passage: str) -> str:
    """`passage` without list marks, table pipes, code fences and the marks of bold, italic and code.

    What remains is letter for letter as it was, white space apart; code within fences is left as it is.
    """
    lines = []
    fence = ""
    for line in passage.splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        elif fence:
            lines.append(line)
        elif not _ROW.fullmatch(line):
            lines.append(_unmarked(_BULLET.sub("", line)))
        elif not _RULE.fullmatch(line):
            lines.append(" ".join(_unmarked(cell.strip()) for cell in _cells(line)))
    return "\n".join(lines)


def _cells(row: str) -> list[str]:
    return [cell.replace("\\|", "|") for cell in _PIPE.split(row.strip().strip("|"))]


def _unmarked(text: str) -> str:
    def within(match: re.Match[str]) -> str:
        code = match["code"] or match["ticks"]
        return code.strip() if code else _unmarked(match["both"] or match["bold"] or match["italic"] or match["line"])

    return _MARKED.sub(within, text)


def need(module: str, package: str, extra: str) -> None:
    """Raises ExportError that names `package` and its extra where `module` cannot be imported."""
    if find_spec(module) is None:
        raise ExportError(f"{package} is not installed.", f"pip install 'step-deepresearch[{extra}]'")
