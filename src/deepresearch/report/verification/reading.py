"""Texts as the checks see them: sentences and their terms, and a sentence as its words in order."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import islice, pairwise, takewhile

from ...text.characters import HAN, has_han, normalise
from ...text.sentences import sentence_spans
from ...text.terms import content_terms, tokenise
from ...text.wordlists import pattern_of, stop_words, tables

_WORD = re.compile(rf"\d[\d.,]*\d(?!\w)|[^\W_{HAN}]+(?:'[a-z]+)?|[{HAN}]|[,;:.!?()]")
NEAR, NEAR_HAN = 4, 8
"""Content words, or Chinese characters, before or after a word that belong to it."""
LONGEST_SENTENCE = 400
"""Characters from which what passes for a sentence (a table, a menu) is cut at line ends."""


@dataclass(frozen=True)
class Sentence:
    start: int
    end: int
    text: str
    terms: frozenset[str]
    """Content terms (text.terms): stems, and pairs of Chinese characters."""


@dataclass(frozen=True)
class Reading:
    """A passage, or a claim, read once for all checks."""

    text: str
    title: str = ""
    date: str = ""

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        return tuple(_sentence(self.text, *span) for span in _spans(self.text))

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset().union(*(s.terms for s in self.sentences))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All terms in order, function words included."""
        return tuple(tokenise(self.text))

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """All terms of text and title."""
        return frozenset(self.words) | frozenset(tokenise(self.title))

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Neighbouring terms."""
        return frozenset(pairwise(self.words))

    @cached_property
    def around(self) -> frozenset[str]:
        """Terms of the title, which says what the sentences are about."""
        return frozenset(content_terms(self.title)) if self.title else frozenset()

    @cached_property
    def plain(self) -> str:
        """Title, date and text, normalised."""
        return normalise("\n".join(filter(None, (self.title, self.date, self.text))))


@lru_cache(maxsize=4096)
def read(text: str, title: str = "", date: str = "") -> Reading:
    """`text` as the checks see it, with the title and date of its document."""
    return Reading(text, title, date)


def _sentence(text: str, start: int, end: int) -> Sentence:
    piece = text[start:end]
    return Sentence(start, end, piece, frozenset(content_terms(piece)))


def _spans(text: str) -> Sequence[tuple[int, int]]:
    """Sentences; what is too long for one is cut at its lines."""
    spans = []
    for start, end in sentence_spans(text):
        if end - start <= LONGEST_SENTENCE or "\n" not in text[start:end]:
            spans.append((start, end))
            continue
        since = start
        for line in text[start:end].splitlines(keepends=True):
            if line.strip():
                spans.append((since + len(line) - len(line.lstrip()), since + len(line.rstrip())))
            since += len(line)
    return spans


@dataclass(frozen=True)
class Word:
    """A word, a number, a mark of punctuation or a Chinese character."""

    text: str
    stem: str
    content: bool


@dataclass(frozen=True)
class Spot:
    """A word at one place of a sentence, and what is beside it: stems, or pairs of Chinese characters."""

    text: str
    before: frozenset[str]
    after: frozenset[str]


@dataclass(frozen=True)
class Line:
    """A sentence as its words in order; `han`: it holds Chinese."""

    text: str
    words: tuple[Word, ...]
    terms: frozenset[str]
    han: bool

    def spots(self, words: frozenset[str], stems: bool = False) -> list[Spot]:
        """The places of any of `words`. English ones are stems, or else as written: one with a capital is then a name,
        save at the start."""
        if self.han:
            places = [match.span() for match in _pattern(words).finditer(self.text)]
            return [Spot(self.text[a:b], self._pairs(a - NEAR_HAN, a), self._pairs(b, b + NEAR_HAN)) for a, b in places]
        return [
            Spot(word.text, _content(self.words[:n][::-1]), _content(self.words[n + 1 :]))
            for n, word in enumerate(self.words)
            if (word.stem in words if stems else word.text.casefold() in words and (n == 0 or word.text.islower()))
        ]

    def _pairs(self, start: int, end: int) -> frozenset[str]:
        return frozenset(map("".join, pairwise(self.text[max(0, start) : end])))


@lru_cache
def _pattern(words: frozenset[str]) -> re.Pattern[str]:
    return pattern_of(words)


def _content(words: Sequence[Word]) -> frozenset[str]:
    """Stems of the first few content words of a clause."""
    clause = takewhile(lambda word: word.text not in ".;:!?", words)
    return frozenset(word.stem for word in islice((word for word in clause if word.content), NEAR))


@lru_cache(maxsize=4096)
def line(text: str) -> Line:
    """A sentence as these checks see it."""
    plain = normalise(text)
    words = tuple(map(_word, _WORD.findall(re.sub(r"n't\b", " not", plain))))
    return Line(plain, words, frozenset(content_terms(plain)), has_han(plain))


@lru_cache(maxsize=1 << 16)
def _word(word: str) -> Word:
    stem = (tokenise(word) or [""])[0]
    if has_han(word):
        content = word not in _han_function()
    else:
        content = word.casefold() not in stop_words("en") and bool(set(content_terms(f"{word} x")) - {"x"})
    return Word(word, stem or word, bool(stem) and content)


@cache
def _han_function() -> frozenset[str]:
    """Chinese characters that are mostly words without content."""
    return frozenset(tables(__package__)["words"]["function_zh"])
