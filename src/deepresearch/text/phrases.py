"""Chinese running text cut into phrases of whole words.

There is no dictionary here. Text is cut at punctuation, at other scripts and at function words; what is between
two cuts stays whole, since a phrase that is too long is still readable and one that ends inside a word is not.
"""

import re
from collections.abc import Iterator
from functools import cache

from .characters import HAN
from .wordlists import pattern_of, request_words, word_set

_RUN = re.compile(f"[{HAN}]+")
SHORTEST = 2
"""Characters of the shortest phrase; a single character means too little."""


def chinese_phrases(text: str) -> list[str]:
    """The phrases of the Chinese in `text`, in order, repeats kept."""
    return [text[start:end] for start, end in phrase_spans(text)]


def phrase_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each phrase of the Chinese in `text`."""
    return [span for run in _RUN.finditer(text) for span in _pieces(text, *run.span())]


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    whole = word_set("chinese", "whole")
    cuts = [match.span() for match in _words().finditer(text, start, end) if match.group() not in whole]
    cuts = [cut for cut in cuts if text[slice(*cut)] not in word_set("chinese", "final") or cut[1] == end]
    since = start
    for first, last in cuts:
        if text[first:last] in word_set("chinese", "joining") and _is_edge(first, last, cuts, start, end):
            continue  # it joins nothing: the last word of 前缀和, 按位与
        yield from _trimmed(text, since, first)
        since = last
    yield from _trimmed(text, since, end)


def _is_edge(first: int, last: int, cuts: list[tuple[int, int]], start: int, end: int) -> bool:
    """Whether a cut is at the beginning or the end of its piece."""
    before, behind = {start, *(cut[1] for cut in cuts)}, {end, *(cut[0] for cut in cuts)}
    return first in before or last in behind


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The span without the words of request that it begins with ("介绍"), if enough is left."""
    opening = _requests().match(text, start, end)
    if opening and end - opening.end() >= SHORTEST:
        start = opening.end()
    if end - start >= SHORTEST:
        yield start, end


@cache
def _words() -> re.Pattern[str]:
    lists = (word_set("chinese", key) for key in ("cut", "single", "joining", "final", "whole"))
    return pattern_of(word for words in lists for word in words)


@cache
def _requests() -> re.Pattern[str]:
    return re.compile(f"(?:{pattern_of(request_words('zh')).pattern})+")
