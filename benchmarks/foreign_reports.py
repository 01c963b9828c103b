"""Reports of other systems, in Markdown with marks such as [3], [^3], 【3】 or links, and a list of sources."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from deepresearch.report.citations import FoundMark
from deepresearch.report.claims import Claim, claims_of
from deepresearch.text.characters import clean
from deepresearch.text.language import detect_language
from deepresearch.text.markdown import code_ranges, is_inside

MOST = 60
"""Sources that a range such as [3-7] may stand for."""

_URL = r"https?://[^\s<>()\[\]\"，。；、）】]+(?:\([^\s<>()]*\)[^\s<>()\[\]\"，。；、）】]*)*"
_LINK = rf"(?<!!)\[(?P<anchor>(?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]\(\s*<?(?P<url>{_URL})>?(?:\s+\"[^\"\n]*\")?\s*\)"
_NUMBER = r"\^?\d{1,3}(?:_\d{1,3})?"
_NUMBERS = rf"{_NUMBER}(?:\s*[,，、;–—-]\s*{_NUMBER})*"
_MARK = re.compile(
    rf"(?P<wrapped>[(（]\s*{_LINK.replace('anchor', 'anchor1').replace('url>', 'url1>')}\s*[)）])"
    rf"|(?P<link>{_LINK})"
    rf"|(?<![\w!\]\\])(?:\[(?P<numbers>{_NUMBERS})\])(?![(:])|(?<=\])\[(?P<next>{_NUMBERS})\](?![(:])"
    rf"|(?<=\w)\[(?P<close>{_NUMBERS})\](?![(:])"
    rf"|【(?P<wide>\d{{1,3}})(?:[:†][^【】]{{0,40}})?】|<sup>\[?(?P<raised>{_NUMBERS})\]?</sup>"
)
_RANGE = re.compile(r"(\d+)\s*[–—-]\s*(\d+)|(\d+(?:_\d+)?)")
_ENTRY = re.compile(
    r"^[ \t]*(?:[-*+][ \t]+)?(?:\\?\[\^?(?P<label>\d{1,3}(?:_\d{1,3})?)\\?\][:：.]?|(?P<number>\d{1,3})[.)、])"
    r"[ \t]*(?P<rest>.*)$",
    re.MULTILINE,
)
_BULLET = re.compile(rf"^[ \t]*[-*+][ \t]+(?P<rest>{_LINK}.*|.*{_URL})[ \t]*$", re.MULTILINE)
_HEADING = re.compile(
    r"^(?:#{1,6}[ \t]+|\*\*|__)?(?:[\d一二三四五六七八九十]{1,3}[.、)）][ \t]*)?"
    r"(?:key citations|citations?(?: used)?|references?|sources?|bibliography|works cited"
    r"|(?:主要|参考|引用|资料|信息|数据)?(?:来源|文献|资料|链接|引用))"
    r"(?:\b|(?=[^\w]|$|[与和及（(]))[^\n]{0,40}$",
    re.MULTILINE | re.IGNORECASE,
)
_NEXT_HEADING = re.compile(r"^#{1,6}[ \t]+\S", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """An entry of the list of sources, or a page that a link in the text leads to."""

    label: str
    """The number that marks use, or the address of a link."""
    title: str
    url: str | None


@dataclass(frozen=True)
class ForeignReport:
    text: str
    """As it was read: cleaned, the list of sources blanked out."""
    claims: tuple[Claim, ...]
    """The ids of a claim are labels of `sources`."""
    marks: tuple[FoundMark, ...]
    sources: dict[str, Source]
    """By label, in the order of the list, then links in the order of the text."""
    unresolved: tuple[str, ...]
    """Labels that marks use and no source has, once each."""
    language: str


def parse_report(markdown: str) -> ForeignReport:
    """The claims, citation marks and sources of a report that another system has written."""
    text = clean(markdown)
    entries = list(_entries(text))
    sources: dict[str, Source] = {}
    for source, start, end in entries:
        if source.label:
            sources.setdefault(source.label, source)
        text = text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
    marks = []
    for mark, link in _marks(text):
        marks.append(mark)
        if link and text.startswith("](", mark.start):  # the words of a link stay, without its bracket
            bracket = text.rindex("[", 0, mark.start)
            text = f"{text[:bracket]} {text[bracket + 1 :]}"
        if link:
            sources.setdefault(link.label, link)
    used = dict.fromkeys(label for mark in marks for label in mark.ids)
    return ForeignReport(
        text=text,
        claims=tuple(claims_of(text, marks)),
        marks=tuple(marks),
        sources=sources,
        unresolved=tuple(label for label in used if label not in sources),
        language=detect_language(text) or "en",
    )


def _entries(text: str) -> Iterator[tuple[Source, int, int]]:
    """The entries of the lists of sources, each with its place, and their headings (label "")."""
    parts = list(_lists(text))
    for match in _ENTRY.finditer(text):
        url = re.search(_URL, match["rest"])
        listed = any(start <= match.start() < end for start, end in parts)
        if listed or (match["label"] and url and match.group().lstrip().startswith(("[", "\\["))):
            yield _source(match["label"] or match["number"], match["rest"]), *match.span()
    for start, end in parts:
        for match in _BULLET.finditer(text, start, end):
            if not _ENTRY.match(match.group()):
                link = re.search(_URL, match["rest"])
                yield _source(link.group() if link else "", match["rest"]), *match.span()
        yield Source("", "", None), start, text.find("\n", start) if "\n" in text[start:end] else end


def _lists(text: str) -> Iterator[tuple[int, int]]:
    """Where lists of sources stand: from their heading to the next one."""
    for match in _HEADING.finditer(text):
        following = _NEXT_HEADING.search(text, match.end())
        end = following.start() if following else len(text)
        if re.search(_URL, text[match.end() : end]) or re.search(r"^\\?\[\^?\d", text[match.end() : end], re.MULTILINE):
            yield match.start(), end


def _source(label: str, rest: str) -> Source:
    url = re.search(_URL, rest)
    link = re.search(_LINK, rest)
    title = link["anchor"] if link else rest[: url.start()] if url else rest
    return Source(label, title.strip(" \t*:：-–—.<["), url.group().rstrip(".,;*") if url else None)


def _marks(text: str) -> Iterator[tuple[FoundMark, Source | None]]:
    """The citation marks outside code, in order; for a link also the source that it leads to."""
    code = code_ranges(text)
    for match in _MARK.finditer(text):
        if is_inside(code, match.start()):
            continue
        if match["wrapped"] or match["link"]:
            yield _of_link(match)
            continue
        numbers = next(v for k in ("numbers", "next", "close", "wide", "raised") if (v := match[k]))
        yield FoundMark(match.start(), match.end(), tuple(dict.fromkeys(_labels(numbers)))), None


def _of_link(match: re.Match[str]) -> tuple[FoundMark, Source | None]:
    """A link that cites: of one that stands in the sentence as words the words stay."""
    anchor, url = match["anchor1"] or match["anchor"] or "", (match["url1"] or match["url"]).rstrip(".,;")
    numbered = re.fullmatch(rf"\[?({_NUMBERS})\]?", anchor.strip())
    words = bool(match["link"]) and not numbered
    start = match.start() + 1 + len(anchor) if words else match.start()
    label = numbered.group(1) if numbered else url
    return FoundMark(start, match.end(), (label,)), Source(label, "" if numbered else anchor.strip(), url)


def _labels(numbers: str) -> Iterator[str]:
    for first, last, single in _RANGE.findall(numbers.replace("^", "")):
        if single:
            yield single.lstrip("0") or "0"
        elif int(first) <= int(last) < int(first) + MOST:
            yield from map(str, range(int(first), int(last) + 1))
        else:
            yield from (str(int(first)), str(int(last)))
