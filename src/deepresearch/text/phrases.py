"""Chinese running text cut into phrases of whole words.

There is no dictionary here. Text is cut at punctuation, at other scripts and at function words; what stands between
two cuts stays whole, since a phrase that is too long is still readable and one that ends inside a word is not.
"""

import re
from collections.abc import Iterator
from functools import cache

from .characters import HAN
from .wordlists import pattern_of, request_words, word_set

_RUN = re.compile(f"[{HAN}]+")
SHORTEST = 2
"""Characters of a phrase; a single one says too little."""


def chinese_phrases(text: str) -> list[str]:
    """The phrases of the Chinese in `text`, in order, repeats kept."""
    return [text[start:end] for start, end in phrase_spans(text)]


def phrase_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each phrase of the Chinese in `text`."""
    return [span for run in _RUN.finditer(text) for span in _pieces(text, *run.span())]


def phrase_around(text: str, start: int, end: int) -> str:
    """The Chinese of `text` from `start` to `end`, made longer on both sides to whole phrases."""
    touched = [span for span in phrase_spans(text) if span[0] < end and start < span[1]]
    return text[min(start, touched[0][0]) : max(end, touched[-1][1])] if touched else text[start:end]


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    since = start
    for match in _words().finditer(text, start, end):
        if match.group() not in word_set("chinese", "whole"):
            yield from _trimmed(text, since, match.start())
            since = match.end()
    yield from _trimmed(text, since, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The span without the words of request that it begins with ("介绍"), if enough is left."""
    opening = _requests().match(text, start, end)
    if opening and end - opening.end() >= SHORTEST:
        start = opening.end()
    if end - start >= SHORTEST:
        yield start, end


@cache
def _words() -> re.Pattern[str]:
    lists = (word_set("chinese", key) for key in ("cut", "single", "whole"))
    return pattern_of(word for words in lists for word in words)


@cache
def _requests() -> re.Pattern[str]:
    return re.compile(f"(?:{pattern_of(request_words('zh')).pattern})+")
