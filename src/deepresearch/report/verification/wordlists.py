"""The words that the checks look for: words.toml."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from ...text.terms import stem

Pair = tuple[frozenset[str], frozenset[str]]


@cache
def lists() -> dict[str, Any]:
    """The tables of words.toml."""
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


@cache
def words(section: str, key: str, chinese: bool) -> frozenset[str]:
    """A list in one of the two languages."""
    return frozenset(lists()[section][f"{key}_{'zh' if chinese else 'en'}"])


@cache
def pairs(language: str) -> tuple[Pair, ...]:
    """Words and their opposites, each pair either way round: stems in English, words in Chinese."""
    reduce = stem if language == "en" else str
    sides = [[frozenset(map(reduce, side.split())) for side in pair] for pair in lists()["direction"][language]]
    return tuple(pair for one, other in sides for pair in ((one, other), (other, one)))
