"""The wording of plan and report, in English and Chinese: phrases.toml."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


class Phrases:
    """The entries of one language, by their names in the data file."""

    kinds: dict[str, str]
    unclear: dict[str, str]
    counts: dict[str, tuple[str, str]]
    """How many of something: for one, for any other number {n}."""
    reasons: dict[str, str]
    """Why a page was not read, by the outcome; of those without an entry the message is shown."""

    def __init__(self, **entries: Any) -> None:
        self.__dict__.update(entries)

    def __getattr__(self, name: str) -> str:
        raise AttributeError(f"phrases.toml has no entry {name}")

    def count(self, what: str, n: int) -> str:
        """`n` of `what`, a key of `counts`."""
        return self.counts[what][n != 1].format(n=n)


@cache
def _phrases(language: str) -> Phrases:
    return Phrases(**tomllib.loads(files(__package__).joinpath("phrases.toml").read_text(encoding="utf-8"))[language])


def phrases_for(language: str) -> Phrases:
    """The wording for a question in `language` (ISO 639-1); English where it is neither."""
    return _phrases("zh" if language == "zh" else "en")
