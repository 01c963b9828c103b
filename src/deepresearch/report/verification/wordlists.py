"""The words that the checks look for: words.toml."""

from functools import cache

from ...text.terms import stem
from ...text.wordlists import tables

Pair = tuple[frozenset[str], frozenset[str]]


@cache
def words(section: str, key: str, chinese: bool) -> frozenset[str]:
    """A list in one of the two languages."""
    return frozenset(tables(__package__)[section][f"{key}_{'zh' if chinese else 'en'}"])


@cache
def pairs(language: str) -> tuple[Pair, ...]:
    """Words and their opposites, each pair either way round: stems in English, words in Chinese."""
    reduce = stem if language == "en" else str
    opposites = tables(__package__)["direction"][language]
    sides = [[frozenset(map(reduce, side.split())) for side in pair] for pair in opposites]
    return tuple(pair for one, other in sides for pair in ((one, other), (other, one)))
