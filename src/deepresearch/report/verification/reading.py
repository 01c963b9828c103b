"""Texts as the checks see them: sentences, terms, and the same letters whatever the typography."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from ...text.characters import normalise
from ...text.sentences import sentence_spans
from ...text.terms import content_terms, tokenise

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
