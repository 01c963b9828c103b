"""Sentences of English and Chinese text."""

import re
from collections.abc import Iterator

from .characters import CJK

_CLOSERS = "\"'”’)\\]}»」』】》）｣"
_OPENERS = "\"'“‘([{«「『【《（｢"
_NOTES = r"(?:\[[^\[\]\n]{1,40}\]|[¹²³⁰⁴-⁹]+)*"
"""Marks of notes behind a full stop belong to the sentence before: `it did.[1][citation needed] The`."""
_END = re.compile(
    rf"[。！？｡][。！？｡…]*[{_CLOSERS}]*{_NOTES}"  # Chinese: the mark itself ends the sentence
    rf"|(?:(?<!\d)．|．(?!\d))[{_CLOSERS}]*{_NOTES}"
    rf"|(?:……|…)[{_CLOSERS}]*(?=\s|$)"
    rf"|[.!?]+[{_CLOSERS}]*{_NOTES}(?=\s|$|[{CJK}])"
    r"|\n\s*\n"
    r"|\n(?=\s*(?:[-*•·]|\d{1,3}[.)、])\s)"  # a list item starts a line
)
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st sr jr rev gen col lt sgt capt gov sen rep hon pres vs etc eg ie cf al approx ca no nos "
    "vol vols pp p fig figs eq eqs sec ch chap art ed eds trans dept univ inc ltd co corp bros est jan feb mar apr jun "
    "jul aug sep sept oct nov dec mon tue wed thu fri sat sun ave blvd rd mt ft min max resp ref "
    "refs tab op cit viz".split()
)
_WEAK = frozenset("etc inc ltd co corp al jr sr no ed".split())
"""Abbreviations that are often the last word of a sentence: a capital after them starts a new one."""
_LAST_WORD = re.compile(r"([^\s]+)$")


def split_sentences(text: str) -> list[str]:
    """The sentences of `text`, stripped, in order; together they have every character that is not white space."""
    return [text[start:end] for start, end in sentence_spans(text)]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of every sentence in `text`, white space around it left out."""
    spans = []
    start = 0
    for end in [*_ends(text), len(text)]:
        piece = text[start:end]
        if stripped := piece.strip():
            begin = start + len(piece) - len(piece.lstrip())
            spans.append((begin, begin + len(stripped)))
        start = end
    return spans


def _ends(text: str) -> Iterator[int]:
    for match in _END.finditer(text):
        mark = match.group()[0]
        if mark not in ".．" or _ends_at_dot(text, match):
            yield match.end()


def _ends_at_dot(text: str, match: re.Match[str]) -> bool:
    """Whether the full stop closes a sentence rather than an abbreviation, an initial or a list number."""
    following = text[match.end() : match.end() + 80].lstrip().lstrip(_OPENERS)
    if not following:
        return True
    found = _LAST_WORD.search(text, max(0, match.start() - 40), match.start())
    word = found.group(1).lstrip(_OPENERS) if found else ""
    if match.group()[:2] == "..":
        return not following[0].islower()
    bare = word.replace(".", "").lower()
    if bare in _ABBREVIATIONS:
        return bare in _WEAK and "." not in word and following[0].isupper()
    if len(word) == 1 and word.isalpha() and word.isupper():
        return False  # an initial: J. Smith
    if re.fullmatch(r"(?:[A-Za-z]\.)+[A-Za-z]", word):
        return word not in ("e.g", "i.e") and following[0].isupper() and not _is_name_like(following)
    if word.isdigit() and len(word) < 4 and _opens_item(text, match.start() - len(word)):
        return False  # a list number: 3. Open the lid
    return not following[0].islower()


def _is_name_like(following: str) -> bool:
    """Whether what follows U.S. or Ph.D. rather continues a name (U.S. Senate) than starts a sentence."""
    first = re.match(r"[^\W\d_]+", following)
    return first is None or first.group().lower() not in _STARTERS


_STARTERS = frozenset(
    "the a an in it he she they we this that these those but and however on at as its his her if for".split()
)


def _opens_item(text: str, position: int) -> bool:
    """Whether a line or a new sentence starts at `position`."""
    before = text[max(0, position - 40) : position]
    return not before.strip() or "\n" in before[len(before.rstrip()) :] or before.rstrip()[-1] in ".!?:;。！？：；"
