"""What the policy knows of words: which carry no content, and which say the same relation in other words.

The words themselves, and the looks of questions and sentences, are data: lexicon.toml.
"""

import re
import tomllib
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from ..text.characters import HAN
from ..text.terms import tokenise
from ..text.wordlists import request_words
from ..text.wordlists import stop_words as text_stop_words
from ..text.wordlists import word_set as text_word_set

_COMPOUND = re.compile(r"[a-z_]\.|\.[a-z_]|[a-z0-9]_|_[a-z0-9]")
_WORD = re.compile(r"(?<![\w.])[A-Za-z]+(?:['’][a-z]+)?(?![\w(]|\.\w)")
_LONE = re.compile(r"[a-z]$")
_LETTERED = re.compile(rf"(?<![A-Za-z0-9])([A-Za-z])\s?([{HAN}])")
"""A word of a Latin letter and a Chinese character: U 盘, B 树."""


@cache
def lexicon() -> dict[str, Any]:
    """The data file."""
    data: dict[str, Any] = tomllib.loads(files(__package__).joinpath("lexicon.toml").read_text(encoding="utf-8"))
    return data


@cache
def pattern(name: str) -> re.Pattern[str]:
    """One of the looks of questions in the data file."""
    return re.compile(lexicon()["patterns"][name])


@cache
def word_set(section: str, key: str) -> frozenset[str]:
    """The words of one list, as they stand in the data file."""
    return frozenset(lexicon()[section][key].split())


@cache
def _terms_of(key: str) -> frozenset[str]:
    """The search terms of one list of words."""
    return frozenset(term for word in word_set("words", key) for term in tokenise(word))


def stem(word: str) -> str:
    """The search term that one word becomes."""
    found = tokenise(word)
    return found[-1] if found else word


@cache
def stop_words() -> frozenset[str]:
    """English words that carry no content, those of requests included, in lower case."""
    return text_stop_words("en") | request_words("en")


@cache
def break_words() -> tuple[str, ...]:
    """Chinese function words, longest first."""
    return tuple(sorted(word_set("words", "breaks"), key=lambda word: (-len(word), word)))


@cache
def _lines(key: str) -> list[dict[str, str]]:
    """The lines of a list of relations: each word by its term."""
    return [{stem(word): word for word in line.split()} for line in lexicon()["relations"][key].strip().splitlines()]


@cache
def _families() -> dict[str, frozenset[str]]:
    families: dict[str, frozenset[str]] = {}
    for line in _lines("families"):
        head = next(iter(line))
        families[head] = families.get(head, frozenset()) | set(line)
    for line in _lines("chinese"):
        head, *terms = line
        families[head] = families.get(head, frozenset({head})) | set(terms)
        for term in terms:
            families[term] = families.get(term, frozenset()) | families[head]
    nationality = stem("nationality")
    families[nationality] |= {stem(word) for word in text_word_set("names", "demonyms")}
    return families


@cache
def chinese_relations() -> frozenset[str]:
    """Chinese words that name relations, as they are written."""
    return frozenset(word for word in lexicon()["relations"]["chinese"].split() if not word.isascii())


@cache
def _synonyms() -> dict[str, frozenset[str]]:
    groups: dict[str, frozenset[str]] = {}
    for line in _lines("synonyms"):
        groups |= {term: groups.get(term, frozenset()) | set(line) for term in line}
    return groups


def related(term: str) -> frozenset[str]:
    """The term itself and terms by which texts say the same: director -> directed."""
    same = frozenset({term})
    return _families().get(term, same) | _synonyms().get(term, same)


def other_words(term: str, most: int = 4) -> list[str]:
    """Words, as written, by which texts may say `term` instead."""
    return _words_by_term().get(term, [])[:most]


@cache
def _words_by_term() -> dict[str, list[str]]:
    found: dict[str, dict[str, str]] = {}
    for line in [*_lines("families"), *_lines("synonyms")]:
        for term in line:
            found.setdefault(term, {}).update(line)
    return {term: [word for other, word in words.items() if other != term] for term, words in found.items()}


def is_relation(term: str) -> bool:
    """True for words that name a relation: director, mother."""
    return term in _families() and not is_attribute(term)


def is_general(term: str) -> bool:
    """True for words that fit any subject and so tell little."""
    return term in _terms_of("general")


def is_comparing(term: str) -> bool:
    """True for words that only say that things are compared."""
    return all(part in _terms_of("comparing") for part in term.split("+"))


def is_attribute(term: str) -> bool:
    """True for what is asked about a thing (its date, place, age) rather than a way to another thing."""
    return term in _terms_of("attributes")


def content_terms(texts: str | Iterable[str]) -> list[str]:
    """Terms with content in `texts`, in order, without repeats; of an identifier its parts.

    Words without content go before they are stemmed: "except" is not "exception".
    """
    joined = texts if isinstance(texts, str) else "\n".join(texts)
    return list(_content_terms(joined))


def implied_terms(text: str) -> list[str]:
    """What a sentence speaks of without the words: dates of a life speak of birth and death."""
    return content_terms(lexicon()["sentences"]["life"]) if re.search(lexicon()["sentences"]["lifespan"], text) else []


@lru_cache(maxsize=1 << 14)
def _content_terms(text: str) -> tuple[str, ...]:
    kept = _WORD.sub(lambda word: " " if word.group().casefold() in stop_words() else word.group(), text)
    terms = [*tokenise(kept), *lettered(text)]
    return tuple(t for t in dict.fromkeys(terms) if not _COMPOUND.search(t) and not _LONE.match(t))


def lettered(text: str) -> list[str]:
    """The words of a Latin letter and a Chinese character in the text, as terms."""
    found = (m.groups() for m in _LETTERED.finditer(text))
    return [letter.casefold() + character for letter, character in found if character not in break_words()]


def leans(text: str) -> bool:
    """The sentence cannot be understood without the one before it."""
    return bool(re.match(lexicon()["sentences"]["leans"], text))


def points_elsewhere(text: str) -> bool:
    """The sentence sends the reader elsewhere, or is not part of what the page says."""
    return bool(re.match(lexicon()["sentences"]["points"], text))


def advises_against(text: str) -> bool:
    """The sentence says what not to do."""
    return bool(re.match(lexicon()["sentences"]["avoids"], text))
