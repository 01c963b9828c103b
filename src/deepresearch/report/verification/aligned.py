"""Words in their order, for the checks that compare a claim with one sentence that says nearly the same."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from ...text.characters import has_han, normalise
from ...text.terms import content_terms, tokenise

_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?|\d[\d.,]*\d|\d|[,;:.!?()]")
NEAR = 4
"""Content words before or after a word that belong to it."""


@dataclass(frozen=True)
class Word:
    text: str
    stem: str
    content: bool


@dataclass(frozen=True)
class Line:
    """A sentence: its words where it is English, its letters where it is Chinese."""

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
        stems = tokenise(match.group())
        content = bool(stems) and bool(set(content_terms(f"{match.group()} x")) - {"x"})
        words.append(Word(match.group(), stems[-1] if stems else "", content))
    return Line(plain, tuple(words), frozenset(content_terms(plain)), has_han(plain))
