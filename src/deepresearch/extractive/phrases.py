"""The wording of plan and report, in English and Chinese: phrases.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Phrases:
    according: str
    """{title}, {quote}: the quote with its citation."""
    item: str
    """{place}, {quote}: an item under its source."""
    in_brackets: str
    colon: str
    open_quote: str
    close_quote: str
    stop: str
    title_open: str
    title_close: str
    page: str
    dated: str
    excerpt: str
    """Said of what only a search engine's excerpt shows."""
    short_answer: str
    findings: str
    agree_differ: str
    agree: str
    differ_numbers: str
    differ_not: str
    not_found: str
    nothing_found: str
    nothing_answered: str
    """No source answered any search."""
    nothing_searched: str
    closest: str
    closest_note: str
    nothing_about: str
    no_answer: str
    part_empty: str
    """Below a part that has no answer."""
    nothing: str
    """In a cell of a table."""
    widen: str
    ages: str
    according_list: str
    """{title}: what leads to several quotations."""
    term_empty: str
    failed: str
    unread: str
    """{what}: documents, {why}."""
    by_names: str
    """{what}: what is asked, {names}."""
    about: str
    note: str
    plan_asked: str
    plan_parts: str
    plan_where: str
    plan_names: str
    plan_passages: str
    plan_read: str
    plan_check: str
    kinds: dict[str, str]
    counts: dict[str, tuple[str, str]]
    """How many of something: for one, for any other number {n}."""

    def count(self, what: str, n: int) -> str:
        """`n` of `what`, a key of `counts`."""
        return self.counts[what][n != 1].format(n=n)


@cache
def _phrases(language: str) -> Phrases:
    table = tomllib.loads(files(__package__).joinpath("phrases.toml").read_text(encoding="utf-8"))[language]
    counts = {what: (one, many) for what, (one, many) in table["counts"].items()}
    return Phrases(**{**table, "counts": counts})


def phrases_for(language: str) -> Phrases:
    """The wording for a question in `language` (ISO 639-1); English where it is neither."""
    return _phrases("zh" if language == "zh" else "en")
