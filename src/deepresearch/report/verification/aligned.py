"""Words in their order, for the checks that compare a claim with one sentence that says nearly the same."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise, takewhile

from ...text.characters import HAN, has_han, normalise
from ...text.terms import content_terms, tokenise
from ...text.wordlists import pattern_of, stop_words

_WORD = re.compile(rf"\d[\d.,]*\d(?!\w)|[^\W_{HAN}]+(?:'[a-z]+)?|[{HAN}]|[,;:.!?()]")
_HAN_FUNCTION = frozenset(
    "的了着著过過是在于於和与與及或而且但并並也亦都就才又还還再被把将將对對为為以因由从從自到至向给給等这這那其此该該之所则則即若"
    "如便却卻使让讓很更最称稱曾已有"
)
"""Chinese characters that are mostly words without content."""
NEAR, NEAR_HAN = 4, 8
"""Content words, or Chinese characters, before or after a word that belong to it."""


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
        content = word not in _HAN_FUNCTION
    else:
        content = word.casefold() not in stop_words("en") and bool(set(content_terms(f"{word} x")) - {"x"})
    return Word(word, stem or word, bool(stem) and content)
