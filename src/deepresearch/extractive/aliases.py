"""Other names of what is asked about, as the passages give them: GIL and global interpreter lock, 最低工资 and minimum
wage. They lead to sources that use the other name, those in another language among them."""

import re
from collections.abc import Iterable, Iterator, Sequence

from ..text.characters import HAN, has_han
from ..trajectory import Passage
from .question import Question
from .words import content_terms

NEAR, SHORTEST = 80, 3
"""Characters on either side of an acronym within which it may be spelled out, and letters of the shortest one."""

_ACRONYM = re.compile(rf"(?<![\w-])[A-Z]{{{SHORTEST},6}}(?![\w-])")
_WORD = re.compile(r"[A-Za-z]+")
_BRACKETS = re.compile(r"\s?[(（]([^()（）\n]{2,60})[)）]")
_HANS = re.compile(f"[{HAN}]{{3,}}")
_PARTS = re.compile(r"\s*[,，;；、/]\s*")
_LATIN = re.compile(r"[A-Za-z][\w .+-]*", re.ASCII)


def read_aliases(questions: Iterable[Question], passages: Sequence[Passage]) -> list[tuple[str, str]]:
    """Pairs of a name in the questions and another one for the same thing, in the order found."""
    found: dict[tuple[str, str], None] = {}
    for question in questions:
        for passage in passages:
            texts = [*passage.heading, "\n".join([*passage.heading[-1:], passage.text])]
            for acronym in _ACRONYM.findall(question.text):
                found |= dict.fromkeys((acronym, whole) for text in texts for whole in _spelled_out(acronym, text))
            found |= dict.fromkeys(_in_brackets(question, passage.text))
    return [(name, other) for name, other in found if name.casefold() != other.casefold()]


def _spelled_out(acronym: str, text: str) -> Iterator[str]:
    """Words near the acronym, or the whole text, whose initials it is."""
    near = [text[max(0, m.start() - NEAR) : m.end() + NEAR] for m in re.finditer(rf"\b{acronym}\b", text)]
    for stretch in near:
        words = list(_WORD.finditer(stretch))
        for first, last in zip(words, words[len(acronym) - 1 :], strict=False):
            whole = stretch[first.start() : last.end()]
            if _initials(whole) == acronym and acronym not in whole and re.fullmatch(r"[A-Za-z\s-]+", whole):
                yield " ".join(whole.split())
    if not near and len(text) < NEAR and _initials(text) == acronym:
        yield text


def _initials(text: str) -> str:
    return "".join(word[0] for word in _WORD.findall(text)).upper()


def _in_brackets(question: Question, text: str) -> Iterator[tuple[str, str]]:
    """A name in the question, and its acronym, or of a Chinese one the Latin name, in brackets behind it."""
    for match in _BRACKETS.finditer(text):
        before = text[max(0, match.start() - NEAR) : match.start()].rstrip()
        names = [name for name in [*question.names, *question.phrases] if before.endswith(name)]
        names += [run for at in range(NEAR) if _HANS.fullmatch(run := before[at:]) and run in question.text][:1]
        for name in names:
            for part in _PARTS.split(match.group(1)):
                if len(name) >= SHORTEST and (_initials(name) == part or (has_han(name) and _LATIN.fullmatch(part))):
                    yield name, part


def other_names(terms: frozenset[str], aliases: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """Terms of names for which `terms` have the other one. aliases: pairs of names for one thing."""
    return frozenset(
        term for name, other in aliases if terms >= set(content_terms(other)) for term in content_terms(name)
    )
