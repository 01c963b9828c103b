"""Which sources deserve trust: a table of domains and families that anyone can review, and its part in ranking.

authority.csv beside this file has a line per domain. `who.int` means itself and everything under it;
`*.gov.cn` means everything under gov.cn. The longest match decides, on whole labels only. A user's own file in the same
form is asked first, and its answer is final.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from ..errors import FetchFailed, SettingsError
from ..trajectory import Passage
from ..web.search import Hit
from ..web.urls import parse_url


@dataclass(frozen=True)
class Tier:
    name: str
    weight: float
    """Of the best and the worst tier, 1 apart; nothing known is 0."""
    meaning: str


TIERS = {
    1: Tier("primary", 0.5, "the body that makes, decides or measures the thing speaks for itself"),
    2: Tier("expert", 0.4, "written or reviewed by people of the subject"),
    3: Tier("edited", 0.25, "editors answer for it, or it is open to view with its sources"),
    4: Tier("ordinary", 0.0, "nothing speaks for or against it"),
    5: Tier("weak", -0.2, "nobody is responsible for it, or it is often wrong"),
    6: Tier("unreliable", -0.5, "known for falsehoods, or made for advertising"),
}
"""From most to least trustworthy."""
ORDINARY = 4
TRUSTED = 2
"""The worst tier of sites that are searched a second time on their own, so that a flood of others cannot hide them."""
KINDS = frozenset(
    """government international statistics central-bank regulator exchange standards law health documentation
    university research society publisher repository reference culture news state-media factcheck ngo
    commercial partisan tabloid user-content content-farm predatory satire misinformation""".split()
)
COLUMNS = ["domain", "tier", "kind", "country", "language", "reason"]
KIND_WORDS = {
    "user-content": "anyone can publish there",
    "misinformation": "known misinformation",
    "predatory": "journals without real review",
    "satire": "satire, invented",
    "international": "international body",
    "law": "courts and law",
    "factcheck": "fact-checking",
    "ngo": "non-governmental",
}
"""Kinds whose own name would not do for readers."""
MARGIN = 0.09
"""Share of its score that a passage of the best tier may lack against one of the worst and still come first. The
largest that costs less than 0.5 % of nDCG@10 where authority is drawn at random; benchmarks/authority.py."""

Row = tuple[int, str, str, str, str]  # tier, kind, country, language, reason

_PLAIN = re.compile(
    r"(?:https?://)?((?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*)\.?(?::[0-9]{0,5})?(?:[/?#].*)?", re.I | re.ASCII | re.DOTALL
)
_PLACE = re.compile(r"[a-z]{2}|int")
_LANGUAGE = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class SiteVerdict:
    """What is known about a source."""

    host: str
    """The host judged, as the DNS spells it; empty for a document of the user's own."""
    match: str
    """The domain (`who.int`) or family (`*.gov.cn`) of the table that decided; empty where none did."""
    tier: int
    kind: str
    """One of KINDS, "own" or "unlisted"."""
    country: str
    """ISO 3166-1 alpha-2 in lower case, "int" for bodies of several countries, empty where not known."""
    language: str
    """ISO 639-1 of most of its pages, empty where not known."""
    reason: str
    origin: str
    """The table: "built-in" or the path of the user's file; empty where nothing matched."""

    @property
    def weight(self) -> float:
        """What the tier counts in ranking, from -0.5 to 0.5."""
        return TIERS[self.tier].weight


OWN = SiteVerdict("", "", ORDINARY, "own", "", "", "your own document", "")


class Authority:
    """The built-in table, and a user's own before it."""

    def __init__(self, tables: Sequence[tuple[str, Mapping[str, Row]]]) -> None:
        self._tables = tables

    @classmethod
    def load(cls, overrides: Path | str | None = None) -> "Authority":
        """The built-in table, with the user's file `overrides` before it; none where that is None or empty.

        Raises SettingsError that names the file and the line.
        """
        tables = [("built-in", _built_in())]
        if overrides:
            file = Path(overrides).expanduser()
            tables.insert(0, (str(file), read_table(file)))
        return cls(tables)

    def verdict(self, reference: str) -> SiteVerdict:
        """What is known about a URL, a host, or the path of a document (that is the user's own, and neutral).

        An address that can be read in two ways, one with a user name for example, counts as unlisted.
        """
        text = reference.strip()
        plain = _PLAIN.fullmatch(text)
        host = plain[1].lower() if plain else _odd_host(text)
        if host is None:
            return OWN
        for origin, table in self._tables:
            match = _find(table, host)
            if match:
                return SiteVerdict(host, match, *table[match], origin)
        reason = "in no table" if host else "not an address that can only be read in one way"
        return SiteVerdict(host, "", ORDINARY, "unlisted", "", "", reason, "")

    def of(self, passage: Passage) -> SiteVerdict:
        """What is known about the source of a passage; without a URL it is the user's own document."""
        return self.verdict(passage.url) if passage.url else OWN

    @cached_property
    def trusted(self) -> frozenset[str]:
        """Domains, and families without their `*.`, that some table puts into one of the TRUSTED tiers."""
        rows = (item for _, table in self._tables for item in table.items())
        return frozenset(domain.removeprefix("*.") for domain, row in rows if row[0] <= TRUSTED)


@cache
def built_in() -> Authority:
    """The built-in table alone."""
    return Authority.load()


def rerank(hits: Sequence[Hit], authority: Authority, margin: float = MARGIN) -> list[Hit]:
    """`hits` in the order of score and authority, best first; each carries its new score.

    Scores are an index's: not negative, and a little less means a little less relevant. Reciprocal ranks do not mean
    that; there any margin that changes the order costs relevance, so authority belongs before fusion. `margin`, from
    0 to below 1, is the largest share of a score that authority makes up for: a passage never passes one that scores
    more than 1 / (1 - margin) times as much. Near-duplicates are to be removed afterwards, so that the better source
    is the one that stays.
    """
    weighed = [Hit(hit.passage, hit.score * (1 - margin) ** -authority.of(hit.passage).weight) for hit in hits]
    return sorted(weighed, key=lambda hit: -hit.score)


def in_words(verdict: SiteVerdict) -> str:
    """A verdict in a few words, to put beside a document: "government, China", "unreliable: satire, invented, France
    (Gorafi)"; empty for the user's own documents. A weak or unreliable source is always called so.
    """
    if verdict.kind == OWN.kind:
        return ""
    if not verdict.match:
        return "unlisted site"
    place = country_names().get(verdict.country, "" if verdict.country == "int" else verdict.country)
    words = ", ".join(filter(None, (KIND_WORDS.get(verdict.kind, verdict.kind.replace("-", " ")), place)))
    if verdict.tier <= ORDINARY:
        return words
    why = f" ({verdict.reason.partition(':')[0].strip()})" if verdict.tier == max(TIERS) else ""
    return f"{TIERS[verdict.tier].name}: {words}{why}"


def explain(verdict: SiteVerdict) -> str:
    """A verdict in three lines, for people."""
    tier = TIERS[verdict.tier]
    about = ", ".join(filter(None, (verdict.kind, verdict.country, verdict.language)))
    line = f" (line {verdict.match} of the {verdict.origin} table)" if verdict.match else ""
    return (
        f"{verdict.host or 'no host'}: tier {verdict.tier} of {len(TIERS)}, {tier.name} ({about})\n"
        f"  {verdict.reason}{line}\n"
        f"  {tier.name}: {tier.meaning}; weight {tier.weight:+.2f} among comparably relevant passages"
    )


def read_table(path: Path) -> dict[str, Row]:
    """The table in a CSV file with the columns of COLUMNS; empty lines and lines that begin with # are passed over.

    Raises SettingsError that names the file and the line.
    """
    table: dict[str, Row] = {}
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            for fields in rows:
                if fields and fields != COLUMNS and not fields[0].startswith("#"):
                    domain, row = _entry(fields)
                    if domain in table:
                        raise ValueError(f"{domain} is there twice")
                    table[domain] = row
                line = rows.line_num + 1
    except (ValueError, csv.Error) as error:
        raise SettingsError(
            f"{path}, line {line}: {error}.", f"A line reads {','.join(COLUMNS)}; see docs/authority.md."
        ) from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.", "Name a readable file.") from error
    return table


@cache
def country_names() -> dict[str, str]:
    """Names of countries and territories by ISO 3166-1 alpha-2 code in small letters, in English, in common use."""
    with Path(__file__).with_name("places.csv").open(encoding="utf-8", newline="") as file:
        return {code: name for code, name in csv.reader(file)}  # noqa: C416  shows what a row is


@cache
def _built_in() -> dict[str, Row]:
    """Read without checks, which the tests make instead: every command that ranks waits for this."""
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return {domain: (int(tier), *rest) for domain, tier, *rest in rows}  # type: ignore[misc]


def _entry(fields: list[str]) -> tuple[str, Row]:
    """Domain and row of one line. Raises ValueError."""
    if len(fields) != len(COLUMNS):
        raise ValueError(f"{len(fields)} fields instead of {len(COLUMNS)}")
    name, tier, kind, country, language, reason = (field.strip() for field in fields)
    if len(tier) != 1 or tier not in "123456":
        raise ValueError(f"the tier is {tier!r}, not 1 to {len(TIERS)}")
    if kind not in KINDS:
        raise ValueError(f"the kind is {kind!r}, not one of {', '.join(sorted(KINDS))}")
    if not _PLACE.fullmatch(country):
        raise ValueError(f"the country is {country!r}, not two small letters or int")
    if not _LANGUAGE.fullmatch(language):
        raise ValueError(f"the language is {language!r}, not two small letters")
    if not reason:
        raise ValueError("there is no reason")
    return _domain(name), (int(tier), kind, country, language, reason)


def _domain(name: str) -> str:
    """A domain or family as the table keeps it. Raises ValueError."""
    family = "*." if name.startswith("*.") else ""
    bare = name.removeprefix("*.")
    if re.search(r"[/?#:@]", bare):
        raise ValueError(f"{name!r} is more than a domain")
    # One label is a family, never a site; parsed with a second one in front, as what has no dot reads as a path.
    host = (_odd_host(f"x.{bare}") or "").removeprefix("x.")
    if not host or not (family or "." in host):
        raise ValueError(f"{name!r} is not a domain")
    return family + host if family else host.removeprefix("www.")


def _odd_host(text: str) -> str | None:
    """The host in an address that is not plain; empty where it cannot be read in one way only, None for a path."""
    head = re.split(r"[/?#]", text, maxsplit=1)[0]
    web = re.match(r"https?://", text, re.I)
    if not web and (text[:5].lower() == "file:" or "\\" in head or "." not in head.strip(".")):
        return None
    try:
        return parse_url(text if web else f"http://{text}").host
    except FetchFailed:
        return ""


def _find(table: Mapping[str, Row], host: str) -> str:
    """The longest domain or family of the table that `host` belongs to, or an empty text."""
    rest = host.removeprefix("www.")
    if rest in table:
        return rest
    while "." in rest:
        rest = rest.partition(".")[2]
        if (family := f"*.{rest}") in table:
            return family
        if rest in table:
            return rest
    return ""
