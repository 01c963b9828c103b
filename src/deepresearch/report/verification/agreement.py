"""Two statements of different sources: do they agree, or differ in a number, a date or a "not" about the same thing?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...text.characters import has_han, normalise
from ...text.negation import negations
from .attribution import without_frame
from .reading import line
from .values import Value, agree, is_alike, values_in, words_of
from .wording import reversed_

ABOUT = 0.6
"""Share of the shorter statement's content words that both must have, values and negation aside."""
COMMON, COMMON_HAN = 2, 4
"""Content words, or Chinese characters, that both must have at least."""


@dataclass(frozen=True)
class Agreement:
    """Whether two statements about the same thing agree."""

    kind: Literal["agree", "differ"]
    values: tuple[str, str] = ("", "")
    """What either says, where they differ in a number, a date or a direction; empty where one denies the other."""


def compare_statements(one: str, other: str, about: float = ABOUT) -> Agreement | None:
    """Whether two statements agree or differ, whoever says so; None where they are not clearly about the same.

    They agree where every kind of value that both give is the same, one at least is if either gives any, both affirm
    or both deny, and neither has a content word in the place of one of the other. They differ where all is so but one
    kind of value, the direction ("rose", "fell"), or a negation.
    """
    one, other = without_frame(normalise(one)), without_frame(normalise(other))
    texts = one, other
    values = values_in(texts[0]), values_in(texts[1])
    rest = _other_words(texts[0], values[0]), _other_words(texts[1], values[1])
    common = rest[0] & rest[1]
    least = COMMON_HAN if has_han(texts[0]) else COMMON
    if len(common) < least or len(common) < about * min(map(len, rest)):
        return None
    same, unlike = _same_values(*values), _unlike(*values)
    denials = _denials(texts[0]), _denials(texts[1])
    one_denies = bool(denials[0]) != bool(denials[1])
    if rest[0] - common and rest[1] - common:
        turned = reversed_(line(one), line(other))
        opposite = reversed_(line(other), line(one))
        if turned and opposite and not unlike and not one_denies and (same or not any(values)):
            return Agreement("differ", (turned[0].words, opposite[0].words))
        return None
    if len(unlike) == 1 and not one_denies:
        ((mine, theirs),) = unlike
        return Agreement("differ", (words_of(mine, texts[0]), words_of(theirs, texts[1])))
    if unlike or (any(values) and not same):
        return None
    if one_denies:
        return Agreement("differ")
    return Agreement("agree") if denials[0] & denials[1] or not any(denials) else None


def _other_words(text: str, values: Sequence[Value]) -> frozenset[str]:
    """Stems of the content words, and Chinese characters, that are neither in a value nor deny anything."""
    spans = [(v.start, v.start + len(words_of(v, text))) for v in values]
    spans += [(n.start, n.start + len(n.word)) for n in negations(text)]
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return frozenset(word.stem for word in line(text).words if word.content)


def _denials(text: str) -> frozenset[str]:
    """What a statement denies."""
    return frozenset(word for negation in negations(text) for word in negation.denied)


def _agree(one: Value, other: Value) -> bool:
    """Whether either confirms the other: 1871 and 3 May 1871."""
    return agree(one, other) or agree(other, one)


def _same_values(mine: Sequence[Value], theirs: Sequence[Value]) -> bool:
    return any(_agree(one, other) for one in mine for other in theirs)


def _unlike(mine: Sequence[Value], theirs: Sequence[Value]) -> list[tuple[Value, Value]]:
    """A pair of values for each kind that both give without one in common."""
    pairs: list[tuple[Value, Value]] = []
    for one in mine:
        kin = [value for value in mine if is_alike(one, value)]
        alike = [other for other in theirs if is_alike(one, other) or is_alike(other, one)]
        if alike and kin[0] is one and not any(_agree(value, other) for value in kin for other in theirs):
            pairs.append((one, alike[0]))
    return pairs
