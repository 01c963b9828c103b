"""Question analysis: language, kinds, names, the relations it walks along, and the parts that need an answer each."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from itertools import pairwise

from ..text.characters import HAN, KANA, has_han
from ..text.language import detect_language
from ..text.names import Name, is_weak, names_in
from .words import (
    break_words,
    chinese_relations,
    content_terms,
    is_attribute,
    is_comparing,
    is_general,
    is_relation,
    lettered,
    lexicon,
    pattern,
    stop_words,
    word_set,
)

_JOINT = re.compile(r"(?:,?\s+(?:and|in|to|for|on|with|at|a|the|from|by|is|are)\s+(?:the\s+)?|,\s+|[:,]\s+|\s)$")
_PHRASE_BREAK = re.compile(r"[,;:?!()\[\]。，、；：？！（）“”\"《》]+|\s[-–—]\s|\.(?:\s|$)")

_KANA = re.compile(f"[{KANA}]")
_SCRIPT_CHANGE = re.compile(rf"(?<=[{HAN}])\s*(?=[A-Za-z])|(?<=[A-Za-z0-9])\s*(?=[{HAN}])")
_HAN_RUN = re.compile(f"[{HAN}]{{2,}}")
_LATIN_RUN = re.compile(r"[A-Za-z][\w.+/-]*\w(?: [A-Za-z][\w.+/-]*\w)*", re.ASCII)


_JOINING = re.compile(r",?\s+(?:and|or)$", re.IGNORECASE)
_SAME_PERSON = re.compile(
    r"[Ww]ho\b.+\band\s+who\s+(?!(?:is|are|was|were|does|do|did|has|have|had)\b)(?!.*\b(?:it|them|him|her|this|that)\b)[^A-Z]+$"
)
"""Who did this and also that: one person is asked for."""
MEASURES = frozenset({"size", "money", "duration", "percentage", "version"})
"""Kinds of number."""
LONGEST_KIND = 30
"""Characters of words that only say what kind of answer is wanted."""
LEAST_OF_CLAUSE = 1
"""Terms that tell something with which a clause is a question of its own."""
OPEN = "open"
"""The kind of a question that asks for nothing in particular."""


@dataclass(frozen=True)
class Question:
    text: str
    language: str
    kinds: tuple[str, ...]
    """Keys of `kinds` in lexicon.toml; empty for an open question."""
    names: tuple[str, ...]
    """Names in it, in order."""
    readings: tuple[tuple[str, ...], ...]
    """Longer readings of neighbouring names as one ("Kiss and Tell"), each with the names that it swallows."""
    sought: tuple[str, ...]
    """Terms of what it asks about the names: director, father, born; not those that say what a name is the name of."""
    terms: tuple[str, ...]
    """All its terms with content."""
    phrases: tuple[str, ...]
    """Its words between function words, outside names, and words by which documents say what it says otherwise."""
    clauses: tuple[str, ...]
    """The questions it holds, when it holds several; else itself."""

    @property
    def kind(self) -> str:
        """The kind that decides the form of the answer."""
        return self.kinds[0] if self.kinds else OPEN

    @property
    def links(self) -> tuple[str, ...]:
        """Terms by which it walks from one thing to the next: director, father, arena."""
        return tuple(term for term in self.sought if not is_attribute(term))


def analyse(text: str) -> Question:
    """What `text` asks."""
    text = " ".join(text.split())
    language = _language(text)
    spans = [*names_in(text, question=True), *_foreign(text, language)]
    found = _distinct(n for n in spans if not (is_weak(n.text) or n.text.casefold() in word_set("words", "nobody")))
    names = tuple(n.text for n in found)
    idioms = {word: re.compile(look, re.IGNORECASE) for word, look in lexicon()["idioms"].items()}
    own = phrases_of(reduce(lambda rest, look: look.sub(" ; ", rest), idioms.values(), _blank(text, found)))
    implied = [word for word, look in lexicon()["implied"].items() if re.search(look, text.lower())]
    phrases = (*own, *implied, *(word for word, look in idioms.items() if look.search(text)))
    terms = tuple(content_terms([*names, *phrases]))
    return Question(
        text=text,
        language=language,
        kinds=kinds_of(text),
        names=names,
        readings=tuple(_readings(text, found)),
        sought=tuple(term for term in content_terms(own) if term not in _kinds_of(text, found)),
        terms=terms,
        phrases=phrases,
        clauses=tuple(_clauses(text, found)),
    )


def _language(text: str) -> str:
    """zh or en: what most of it is written in; Latin names without an English word between them count for nothing."""
    if not has_han(text) or _KANA.search(text):
        return "en"
    english = any(word.casefold() in stop_words() for word in re.findall("[A-Za-z]+", text))
    return "zh" if not english or detect_language(text) == "zh" else "en"


def _foreign(text: str, language: str) -> list[Name]:
    """Latin words in Chinese text, and Chinese ones in English: they are names, mostly."""
    pattern = _LATIN_RUN if language == "zh" else _HAN_RUN
    found = [Name(m.group(), m.start(), m.end()) for m in pattern.finditer(text)]
    return [name for name in found if not any(word.casefold() in stop_words() for word in name.text.split())]


@lru_cache(maxsize=64)
def unclear(text: str) -> str:
    """Why a question cannot be answered, whatever is read: "language" (neither English nor Chinese, by its letters and
    function words), "content" (no word to search for), or nothing."""
    words = re.findall(r"[^\W\d_]+", text)
    foreign = sum(word in word_set("words", "foreign") for word in words)  # names are written with capitals
    known = sum(word.casefold() in stop_words() for word in words)
    if len(pattern("scripts").findall(text)) > len("".join(words)) / 3 or foreign > max(1, known):
        return "language"
    return "" if phrases_of(text) else "content"


def kinds_of(text: str) -> tuple[str, ...]:
    """The kinds of answer that `text` asks for, the one that decides the form first."""
    lowered = text.lower()
    found = tuple(kind for kind, looks in lexicon()["kinds"].items() if re.search(looks["asks"], lowered))
    if found[:1] == ("compare",) and lowered.startswith("why"):
        found = found[1:]
    if MEASURES & set(found):  # they say what the number counts
        found = tuple(kind for kind in found if kind != "number")
    return tuple(kind for kind in found if kind != "yes or no") or found


def kind_terms(text: str, kinds: Iterable[str]) -> frozenset[str]:
    """Terms by which `text` says what kind of answer it wants ("risks", "how much was paid", 变化): an answer need not
    repeat them."""
    lowered = text.lower()
    found = [m.group() for kind in kinds for m in re.finditer(lexicon()["kinds"][kind]["asks"], lowered)]
    return frozenset(content_terms(words for words in found if len(words) <= LONGEST_KIND))


def _distinct(all_names: Iterable[Name]) -> list[Name]:
    """Names that do not lie within another one, in order."""
    names = sorted(set(all_names), key=lambda n: (n.start, -n.end))
    return [n for i, n in enumerate(names) if not any(o.start <= n.start and n.end <= o.end for o in names[:i])]


def _readings(text: str, names: list[Name]) -> list[tuple[str, ...]]:
    """Neighbouring names read as one."""
    joined = []
    for size in (3, 2):
        for i in range(len(names) - size + 1):
            group = names[i : i + size]
            gaps = [text[a.end : b.start] for a, b in pairwise(group)]
            if all(_JOINT.match(gap) for gap in gaps):
                joined.append((text[group[0].start : group[-1].end], *(n.text for n in group)))
    return joined


def _kinds_of(text: str, names: list[Name]) -> set[str]:
    """Terms that only say what a name is the name of: "film" in "the film Blood Street"."""
    before = (re.search(r"([^\W\d_]+)\s+[\"“]?$", text[: name.start]) for name in names)
    return {t for match in before if match for t in content_terms(match.group(1)) if not is_relation(t)}


def _blank(text: str, names: list[Name]) -> str:
    """`text` with a break in place of each name."""
    for name in reversed(names):
        text = f"{text[: name.start]} ; {text[name.end :]}"
    return text


def phrases_of(text: str) -> list[str]:
    """Runs of words between function words and marks."""
    phrases: list[str] = []
    for piece in _PHRASE_BREAK.split(text):
        for part in _SCRIPT_CHANGE.split(piece):
            phrases += _chinese(part) if has_han(part) else _english(part)
    phrases += lettered(text)
    return list(dict.fromkeys(p for p in phrases if p))


def _english(piece: str) -> list[str]:
    runs: list[list[str]] = [[]]
    for word in piece.split():
        if content_terms(word):
            runs[-1].append(word.strip("'’.,\"“”"))
        elif runs[-1]:
            runs.append([])
    return [re.sub(r"['’]s\b", "", " ".join(run)) for run in runs]


def _chinese(piece: str) -> list[str]:
    uncut = chinese_relations() | _whole_words()
    cuts = [match.span() for match in _breaks().finditer(piece) if match.group() not in uncut]
    spans = zip([0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(piece)], strict=True)
    return [part for start, end in spans if len(part := piece[start:end].strip()) > 1]


@cache
def _breaks() -> re.Pattern[str]:
    """Function words, and before them words that may have one within them (首都, 引用)."""
    return re.compile("|".join(map(re.escape, [*chinese_relations(), *_whole_words(), *break_words()])))


@cache
def _whole_words() -> frozenset[str]:
    return word_set("words", "whole") - set(break_words())


def _clauses(text: str, names: list[Name]) -> list[str]:
    """The questions that `text` holds, cut outside `names`; one that says too little by itself stays with the one
    before it."""
    cuts = [
        m for m in pattern("clause").finditer(text) if not any(n.start < m.end() and m.start() < n.end for n in names)
    ]
    starts = [0, *(m.end() for m in cuts)] if not _SAME_PERSON.match(text) else [0]
    pieces = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    clauses: list[str] = []
    for piece in pieces:
        little = sum(not (is_general(t) or is_comparing(t)) for t in content_terms(piece)) < LEAST_OF_CLAUSE
        if clauses and (little or not _asks(clauses[-1])):
            clauses[-1] += piece
        elif piece.strip():
            clauses.append(piece)
    if len(clauses) > 1 and not any(content_terms(clause) for clause in clauses[:1]):
        clauses = ["".join(clauses[:2]), *clauses[2:]]
    return [_JOINING.sub("", clause.strip(" ,，;；?？。")) for clause in clauses] or [text]


def _asks(clause: str) -> bool:
    """The clause is a question or a request, not a statement that leads to one."""
    return bool(
        kinds_of(clause)
        or clause.rstrip().endswith(("?", "？", "。", "；"))
        or pattern("request").match(clause.strip())
    )
