"""What a text denies: "not", "never", "没有", and the words that look like them and deny nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .characters import HAN, has_han, normalise
from .terms import content_terms
from .wordlists import any_of, word_set

REACH = 3  # content words after an English negator that it denies
EXCUSING = 6
"""Words after "not" among which "until" means that nothing is denied."""
_HELPERS = "会能可是有再得要应该曾在用愿肯敢想存"  # Chinese verbs between a negator and what it denies
_WORD = re.compile(r"[A-Za-z]+?(?=n't\b)|n't\b|[A-Za-z]+(?:'[a-z]+)?|\d[\d.,]*\d|\d|[,;:.!?()]")
_CLAUSE_ENDS = ".;:!?"


@dataclass(frozen=True)
class Negation:
    """A word that denies, and what it denies."""

    word: str
    start: int
    """Position in `normalise(text)`."""
    denied: tuple[str, ...]
    """English: stems of the content words that follow in its clause. Chinese: the two characters that follow."""


def negations(text: str) -> list[Negation]:
    """The negations of an English or Chinese text, in order."""
    plain = normalise(text)
    found = [*_english(plain), *(_chinese(plain) if has_han(plain) else ())]
    return sorted(found, key=lambda negation: negation.start)


def _english(text: str) -> Iterator[Negation]:
    words = list(_WORD.finditer(text))
    for index, match in enumerate(words):
        word = match.group()
        if word != "n't" and (word.casefold() not in word_set("negation", "en") or not (index == 0 or word.islower())):
            continue  # one with a capital is a name, except at the start
        rest = [following.group() for following in words[index + 1 : index + 1 + EXCUSING]]
        numbered = word.casefold() == "no" and rest and rest[0][0].isdigit()
        if numbered or (rest and rest[0] in word_set("negation", "excused_en")) or "until" in rest:
            continue
        yield Negation(word, match.start(), tuple(_content(m.group() for m in words[index + 1 :])))


def _content(words: Iterator[str]) -> Iterator[str]:
    many = 0
    for word in words:
        if word in _CLAUSE_ENDS or (word == "," and many) or many == REACH:
            return
        if word == "longer" and not many:
            continue  # "no longer used" denies the use
        terms = content_terms(f"{word} x")[:-1]
        if terms:
            many += 1
            yield terms[-1]


def _chinese(text: str) -> Iterator[Negation]:
    hidden = any_of("negation", "harmless_zh").sub(lambda word: "＿" * len(word.group()), text)
    for match in any_of("negation", "zh").finditer(hidden):
        tail = hidden[match.end() :].lstrip(_HELPERS)[:2]
        whole = re.fullmatch(f"[{HAN}]{{2}}", tail)
        yield Negation(match.group(), match.start(), (tail,) if whole else ())
