"""The words that the checks look for: words.toml."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from ...text.terms import stem
from ...text.wordlists import pattern_of


@cache
def lists() -> dict[str, Any]:
    """The tables of words.toml."""
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


@cache
def words(section: str, key: str) -> frozenset[str]:
    """A list of English words."""
    return frozenset(lists()[section][key])


@cache
def pattern(section: str, key: str) -> re.Pattern[str]:
    """Any of a list of Chinese words, the longest first."""
    return pattern_of(lists()[section][key])


@cache
def pairs(language: str) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    """Words and their opposites: stems in English, words in Chinese."""
    reduce = stem if language == "en" else str
    return tuple(
        (frozenset(map(reduce, one.split())), frozenset(map(reduce, other.split())))
        for one, other in lists()["direction"][language]
    )
