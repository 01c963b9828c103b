"""How relations are worded, in English and Chinese: a reviewable table, and plain words for what is not in it."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Wording:
    """The words for one relation."""

    key: str
    texts: dict[str, dict[str, str]]
    """Language to form to template: vp, nested (of a described tail), shared (of two heads with one tail), inverse;
    between, exact, one, none, largest, smallest of a number; kind: what a member of the class is called."""
    is_class: bool = False
    same: bool = False
    """Reads the same in both directions."""
    hidden: bool = False
    """Too vague to ask about."""
    named: bool = False
    """Where its tail ends depends on who divides: the tail is only ever named, and never asked for."""
    partial: bool = False
    """Of its tails a source lists only some: nothing is found by being one of them."""
    transitive: bool = False
    """Also holds of what several of its edges join one after another."""
    cues: tuple[str, ...] = ()
    """A passage that states the fact has one of these; none: any passage with both names will do."""

    def form(self, language: str, form: str) -> str | None:
        """The template, if the relation has one of that form."""
        return self.texts[language].get(form)


def wording(key: str, label: str = "") -> Wording:
    """The wording of a relation. label: what its source calls it."""
    row = _table().get(key) or _table().get(label) or {}
    name = (label or key).strip("_").replace("_", " ")
    texts = {}
    for language in LANGUAGES:
        forms = row.get(language, {})
        plain = {form: text.format(name) for form, text in _read()["defaults"][language].items()}
        if "vp" in forms:  # what is described must end its clause: has as a part the wheel that ...
            plain["nested"] = re.sub(r"^has \{\} as (.+)$", r"has as \1 {}", forms["vp"])
        texts[language] = plain | forms
    flags = {flag: row.get(flag, False) for flag in ("same", "hidden", "named", "partial", "transitive")}
    return Wording(key, texts, is_class=row.get("class", False), cues=tuple(row.get("cues", ())), **flags)


def kind_word(name: str, template: str = "{}") -> str:
    """What a member of a class is called in a question. template: the form "kind" of the relation to the class."""
    word = str(_read()["kinds"].get(name, name))
    return word if re.fullmatch(_read()["classes"]["pattern"], word) else template.format(word)


def measure_word(kind: str) -> str:
    """The Chinese measure word of a class."""
    return str(_read()["measures"].get(kind, "个"))


def tail_text(words: Wording, language: str, name: str) -> str:
    """A tail's name as the relation's wording has it: the Swiss franc, the Netherlands."""
    plain = with_article(name) if language == "en" else name
    form = words.form(language, "tail")
    return form.format(name) if form else plain


def with_article(name: str) -> str:
    """An English name as it is written within a sentence."""
    return f"the {name}" if re.fullmatch(_read()["articles"]["pattern"], name) else name


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("relations.toml").read_text(encoding="utf-8"))


@cache
def _table() -> dict[str, dict[str, Any]]:
    return {key: row for name, row in _read().items() if "keys" in row for key in row["keys"]}
