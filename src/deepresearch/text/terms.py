"""One tokeniser for index and query, whatever the language.

The index sees nothing but the result, joined by spaces, so that no engine has to know Chinese.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, pairwise

import tantivy

from .characters import CJK, fold_accents, mark_raised
from .wordlists import stop_words

LONGEST = 64
"""Characters of a term; what is longer (encoded data, mostly) is cut."""

_WORD = rf"[^\W{CJK}]"
_PIECE = re.compile(rf"([{CJK}]+)|({_WORD}+(?:[.,]{_WORD}+)*)")
_ASCII_WORD = re.compile(r"\w+(?:[.,]\w+)*", re.ASCII)
_ANY_WORD = re.compile(r"\w+(?:[.,]\w+)*")
_ANY_CJK = re.compile(f"[{CJK}]")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[0-9])(?=[A-Z])(?!(?i:st|nd|rd|th)$)|(?<=[A-Z])(?=[A-Z][a-z])")
"""Between the parts of an identifier; an ordinal in capitals ("20Th") is none."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_STEMMER = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(tantivy.Filter.stemmer("english")).build()
_CAPITALS = re.compile(r"\b[A-Z]{2,}\b|(?<=[a-z0-9,] )[A-Z][a-z]+(?: [A-Z][a-z]+)+(?=[ ,;:.?!]|$)")
_PARTICLES = re.compile("[的了吗呢嗎]")


def tokenise(text: str) -> list[str]:
    """Search terms of `text`, in order, repeats kept.

    Chinese, Japanese and Korean runs give character pairs, and a lone character itself; words are folded
    (case, width, accents) and stemmed as English; identifiers such as `asyncio.TaskGroup` give the whole and
    the parts. No term holds white space.
    """
    if text.isascii():  # most text: five times quicker than the general way
        return _of_words(_ASCII_WORD.findall(text))
    text = unicodedata.normalize("NFKC", mark_raised(text))
    if not _ANY_CJK.search(text):
        return _of_words(_ANY_WORD.findall(text))
    terms: list[str] = []
    for run, word in _PIECE.findall(text):
        if word:
            terms += _terms_of(word[: 4 * LONGEST])
        elif len(run) == 1:
            terms.append(run)
        else:
            terms += map("".join, pairwise(run))
    return terms


def _of_words(words: list[str]) -> list[str]:
    if len(max(words, key=len, default="")) > 4 * LONGEST:
        words = [word[: 4 * LONGEST] for word in words]
    return list(chain.from_iterable(map(_terms_of, words)))


def content_terms(text: str) -> list[str]:
    """Terms of a query without those that any text has; all of them where nothing else would be left.

    A word in capitals between others is meant as a name, and so are capitalised ones that follow each other within a
    sentence: WHO is not who, and the band For Against is not for and against.
    """
    runs = [] if text.isupper() else _CAPITALS.findall(text)
    capitals = {_stem(word) for run in runs for word in run.lower().split()}
    terms = tokenise(text)
    kept = [term for term in terms if term in capitals or not (term in _STOP_STEMS or _PARTICLES.search(term))]
    return kept or terms


@lru_cache(maxsize=1 << 17)
def _terms_of(word: str) -> tuple[str, ...]:
    if _NUMBER.fullmatch(word):
        return (word.replace(",", "")[:LONGEST],)
    return tuple(dict.fromkeys(term for term in _words(word) if term))


def _words(word: str) -> Iterator[str]:
    for dotted in word.split(","):
        parts = [part for piece in re.split(r"[._]", dotted) for part in _HUMP.split(piece) if part]
        if parts and parts != [dotted]:
            yield _fold(dotted)[:LONGEST]
        for part in parts:
            yield _stem(_fold(part)[:LONGEST])


def _fold(word: str) -> str:
    return fold_accents(word.casefold())


def stem(word: str) -> str:
    """The search term that one word becomes: the first one, where it is an identifier of several parts."""
    terms = tokenise(word)
    return terms[0] if terms else ""


def _stem(word: str) -> str:
    return _STEMMER.analyze(word)[0] if word.isascii() and word.isalpha() else word


_STOP_STEMS = frozenset(map(_stem, stop_words("en")))
