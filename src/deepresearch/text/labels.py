"""The words that the software itself writes for a reader, in the reader's language: a package's labels.toml."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


class Labels:
    """The words of one language: `labels.references`, and `labels.of("levels", "partly")` from a group of them."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self._words = words

    def __getattr__(self, name: str) -> str:
        try:
            return str(self._words[name])
        except KeyError:
            raise AttributeError(f"labels.toml has no {name!r}") from None

    def of(self, group: str, name: str, default: str = "") -> str:
        """A word of a group, or `default` where the group has none of that name."""
        return str(self._words[group].get(name, default))


@cache
def labels_for(language: str, package: str = "deepresearch.report") -> Labels:
    """The words of `package` in `language` (ISO 639-1), in English where its labels.toml has no such language."""
    tables = tomllib.loads(files(package).joinpath("labels.toml").read_text(encoding="utf-8"))
    words = tables.get(language.lower().split("-")[0].split("_")[0], {})
    return Labels({name: _merged(text, words.get(name)) for name, text in tables["en"].items()})


def _merged(english: Any, other: Any) -> Any:
    return {**english, **(other or {})} if isinstance(english, dict) else other or english
