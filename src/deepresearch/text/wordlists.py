"""Word lists that several packages share: words.toml."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def tables(package: str = __package__) -> dict[str, Any]:
    """The tables of a package's words.toml."""
    return tomllib.loads(files(package).joinpath("words.toml").read_text(encoding="utf-8"))


@cache
def word_set(section: str, key: str) -> frozenset[str]:
    """The words of one list of words.toml, unchanged."""
    return frozenset(tables()[section][key].split())


def stop_words(language: str) -> frozenset[str]:
    """Words of `language` ("en" or "zh") that carry no content, in lower case; none for another language."""
    return word_set("stop", language) if language in tables()["stop"] else frozenset()


def request_words(language: str) -> frozenset[str]:
    """Words by which a question asks ("describe", "overview", 介绍) and which tell nothing about its subject."""
    return word_set("request", language) if language in tables()["request"] else frozenset()


@cache
def any_of(section: str, key: str) -> re.Pattern[str]:
    """A pattern for any word of one list, the longest first."""
    return pattern_of(word_set(section, key))


def pattern_of(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of `words`, the longest first."""
    return re.compile("|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word))))
