"""Words in their order, for the checks that compare a claim with one sentence that says nearly the same."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from ...text.characters import HAN, has_han, normalise
from ...text.terms import content_terms, tokenise
from ...text.wordlists import stop_words

_WORD = re.compile(rf"\d[\d.,]*\d(?!\w)|[^\W_{HAN}]+(?:'[a-z]+)?|[{HAN}]|[,;:.!?()]")
_HAN_FUNCTION = frozenset(
    "的了着著过過是在于於和与與及或而且但并並也亦都就才又还還再被把将將对對为為以因由从從自到至向给給等这這那其此该該之所则則即若"
    "如便却卻使让讓很更最称稱曾已有"
)
"""Chinese characters that are mostly words without content."""
NEAR = 4
"""Content words before or after a word that belong to it."""


@dataclass(frozen=True)
class Word:
    """A word, a number, a mark of punctuation or a Chinese character."""

    text: str
    stem: str
    content: bool


@dataclass(frozen=True)
class Line:
    """A sentence as its words in order; `han`: it holds Chinese."""

    text: str
    words: tuple[Word, ...]
    terms: frozenset[str]
    han: bool

    def after(self, index: int, many: int = NEAR) -> list[str]:
        """Stems of the content words that follow a word, up to the end of the clause."""
        return _content(self.words[index + 1 :], many)

    def before(self, index: int, many: int = NEAR) -> list[str]:
        """Stems of the content words that come before a word, back to the start of the clause."""
        return _content(self.words[:index][::-1], many)

    def places(self, words: Collection[str]) -> list[int]:
        """Where these words stand. One with a capital is a name, save at the start."""
        return [n for n, w in enumerate(self.words) if w.text.casefold() in words and (n == 0 or w.text.islower())]

    def forms(self, stems: Collection[str]) -> list[int]:
        """Where words with these stems stand."""
        return [n for n, word in enumerate(self.words) if word.stem in stems]


def _content(words: Collection[Word], many: int) -> list[str]:
    found: list[str] = []
    for word in words:
        if word.text in ".;:!?" or len(found) == many:
            break
        if word.content:
            found.append(word.stem)
    return found


@lru_cache(maxsize=4096)
def line(text: str) -> Line:
    """A sentence as these checks see it."""
    plain = normalise(text)
    words = []
    for match in _WORD.finditer(re.sub(r"n't\b", " not", plain)):
        word = match.group()
        stem = (tokenise(word) or [""])[0]
        words.append(Word(word, stem or word, bool(stem) and _is_content(word)))
    return Line(plain, tuple(words), frozenset(content_terms(plain)), has_han(plain))


def _is_content(word: str) -> bool:
    if has_han(word):
        return word not in _HAN_FUNCTION
    return word.casefold() not in stop_words("en") and bool(set(content_terms(f"{word} x")) - {"x"})
