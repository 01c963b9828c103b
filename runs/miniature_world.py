"""The miniature's closed web: facts of countries, pages that state them, and what is held out.

Real facts (countries.json of mledoze/countries) where that file is at hand, made-up countries of the same shape beside
them for training, so that nothing can be learnt by heart. Each fact is on a page of one of two good sites, each of
which has its own wording; a quarter of them are contradicted by an old page of a site that nobody answers for; other
pages mention countries without stating anything of use. One file: facts and pages are checked against each other.
"""

import csv
import json
import random
import string
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from deepresearch.library import Library

Split = Literal["train", "dev", "test"]
INVENTED_WORDS = 600
"""Of which the names of made-up countries are."""
Truth = Collection[tuple[str, str, str]]
"""(country, relation, value) of facts."""
LONGEST_NAME = 24
"""Characters; longer names cost a small context too much."""


@dataclass(frozen=True)
class Relation:
    """A functional relation of countries: how pages, questions and queries word it."""

    key: str
    """As in the graph of facts."""
    words: tuple[str, str]
    """By which the two kinds of pages name it, and what one searches for."""
    asked: tuple[str, ...]
    """The value in questions, {} for the country."""
    inverse: tuple[str, ...] = ()
    """The country in questions, {} for the value; none where several countries have the same."""


RELATIONS = {
    relation.key: relation
    for relation in (
        Relation(
            "capital",
            ("capital", "seat of government"),
            ("the capital of {}", "the capital city of {}"),
            ("the country whose capital is {}", "the country governed from {}"),
        ),
        Relation("currency", ("currency", "money"), ("the currency of {}", "the money used in {}")),
        Relation("official language", ("language", "tongue"), ("the language of {}", "the language spoken in {}")),
        Relation(
            "country code",
            ("country code", "abbreviation"),
            ("the country code of {}", "the three-letter code of {}"),
            ("the country with the code {}", "the country abbreviated {}"),
        ),
        Relation(
            "demonym",
            ("demonym", "citizen name"),
            ("the name for the people of {}",),
            ("the country whose people are called {}", "the home of people called {}"),
        ),
        Relation("subregion", ("region", "location"), ("the region of {}", "the part of the world of {}")),
        Relation(
            "largest neighbour",
            ("largest neighbour", "biggest bordering country"),
            ("the largest neighbour of {}", "the largest country that borders {}"),
        ),
        Relation(
            "smallest neighbour",
            ("smallest neighbour", "tiniest bordering country"),
            ("the smallest neighbour of {}", "the smallest country that borders {}"),
        ),
    )
}


class Fact(NamedTuple):
    """What a page states, and a step of a chain: from the country to the value, or backwards."""

    country: str
    relation: str
    value: str
    backwards: bool = False

    @property
    def known(self) -> str:
        """From which the step starts."""
        return self.value if self.backwards else self.country

    @property
    def found(self) -> str:
        """To which it leads."""
        return self.country if self.backwards else self.value

    @property
    def turned(self) -> "Fact":
        """The same the other way round."""
        return self._replace(backwards=not self.backwards)

    def stem(self, wording: int) -> str:
        """The beginning of its sentence, up to what is found."""
        words = RELATIONS[self.relation].words[wording]
        return f"{self.value} is the {words} of" if self.backwards else f"{self.country} has the {words}"

    def sentence(self, wording: int = 0) -> str:
        """As pages state it; what is known comes first."""
        return f"{self.stem(wording)} {self.found}."

    def stated_in(self, text: str) -> str:
        """As the text states it; empty where it does not."""
        return next((words for words in map(self.sentence, (0, 1)) if words in text), "")

    def queries(self) -> list[str]:
        """What one searches for, the likelier wording first."""
        words = RELATIONS[self.relation].words
        return [f"{self.value} {one}" if self.backwards else f"{one} {self.country}" for one in words]


@dataclass(frozen=True)
class Site:
    """A site of the closed web."""

    name: str
    host: str
    tier: int
    """Of the project's table of authority: 1 the best, 6 the worst."""
    years: tuple[int, int]


ATLAS = Site("Atlas", "atlas.example", 1, (2019, 2025))
YEARBOOK = Site("Yearbook", "yearbook.example", 2, (2019, 2025))
FORUM = Site("Forum", "forum.example", 5, (1988, 1999))
TRAVEL = Site("Travel", "travel.example", 4, (2005, 2025))
SITES = (ATLAS, YEARBOOK, FORUM, TRAVEL)
CONTRADICTED = 0.25
"""Share of the facts of which an old page says something else."""
SECOND_WORDING = 0.28
"""Share of the facts that the yearbook has, and not the atlas."""
TWO_FACTS = 0.2
"""How often a page of the atlas has the next fact too."""
REMARKS = (
    "Travellers from {1} like the markets of {0}.",
    "A ferry brings visitors from {1} to {0}.",
    "Food in {0} is cheaper than in {1}.",
    "Photographs of {0} were shown in {1}.",
)


@dataclass
class Country:
    name: str
    facts: dict[str, str]
    """Relation to value."""
    split: Split = "train"
    real: bool = True
    outdated: dict[str, str] = field(default_factory=dict)
    """Relation to what an old page says of it."""


@dataclass(frozen=True)
class Page:
    id: str
    title: str
    text: str
    url: str
    date: str
    states: tuple[Fact, ...] = ()
    """The facts on it, each in the direction in which it is stated."""
    outdated: bool = False


@dataclass(frozen=True)
class Lexicon:
    """What names are made of."""

    words: list[str]
    true: Truth
    """What no invented country may be like."""


@dataclass
class World:
    """Everything that is true, and every page that says so or not."""

    countries: dict[str, Country]
    pages: list[Page]

    def of(self, split: Iterable[Split]) -> list[Country]:
        """The countries of these splits."""
        wanted = set(split)
        return [country for country in self.countries.values() if country.split in wanted]

    def lexicon(self) -> "Lexicon":
        """The words of all names, without what is true of whom."""
        true = {(c.name, *fact) for c in self.countries.values() for fact in c.facts.items()}
        names = {name for c in self.countries.values() for name in (c.name, *c.facts.values())}
        return Lexicon(sorted({word for name in names for word in name.split()}), frozenset(true))


def plain(text: str) -> str:
    """`text` without accents and signs that a small vocabulary need not know."""
    letters = unicodedata.normalize("NFKD", text.replace("\u2019", "'"))
    return "".join(c for c in letters if c in string.ascii_letters + string.digits + " .'-")


def real_countries(path: Path, rng: random.Random) -> list[Country]:
    """The countries of `countries.json`, whole regions held out: a quarter for the test, an eighth to develop with."""
    rows = [row for row in json.loads(path.read_text(encoding="utf-8")) if row["subregion"] and row["capital"]]
    names = {row["cca3"]: plain(row["name"]["common"]) for row in rows}
    area = {row["cca3"]: row["area"] for row in rows}
    countries = []
    for row in rows:
        facts = {"capital": plain(row["capital"][0]), "country code": row["cca3"], "subregion": row["subregion"]}
        if len(row["currencies"]) == 1:
            facts["currency"] = plain(next(iter(row["currencies"].values()))["name"])
        if len(row["languages"]) == 1:
            facts["official language"] = plain(next(iter(row["languages"].values())))
        if called := plain(row["demonyms"].get("eng", {}).get("m", "")):
            facts["demonym"] = called
        if around := sorted((c for c in row["borders"] if c in names), key=area.__getitem__):
            facts["largest neighbour"] = names[around[-1]]
            if len(around) > 1:
                facts["smallest neighbour"] = names[around[0]]
        countries.append(Country(names[row["cca3"]], facts))
    fitting = {c.name for c in countries if max(map(len, (c.name, *c.facts.values()))) <= LONGEST_NAME}
    countries = [country for country in countries if country.name in fitting]
    _hold_out(countries, rng)
    return countries


def made_up_countries(
    count: int, names: "Names", rng: random.Random, split: Split | None, true: Truth = ()
) -> list[Country]:
    """Countries that do not exist, with no fact that is `true`. split: of all of them; None: whole regions are held
    out, as of the real ones."""
    countries: list[Country] = []
    for start in range(0, count, 8):
        region = names.draw()
        known = [names.draw() for _ in range(min(8, count - start))]
        languages = [names.draw() for _ in range(5)]
        for place, name in enumerate(known):
            around = rng.sample([other for other in known if other != name], min(2, len(known) - 1))
            facts = {
                "capital": names.draw(),
                "currency": f"{names.draw()} {rng.choice(COINS)}",
                "official language": rng.choice(languages),
                "country code": names.code(),
                "demonym": names.draw(),
                "subregion": region,
                "largest neighbour": around[0],
                **({"smallest neighbour": around[1]} if len(around) > 1 and place % 4 else {}),
            }
            if any((name, relation, value) in true for relation, value in facts.items()):
                continue
            countries.append(Country(name, facts, split or "train", real=False))
    inside = {country.name for country in countries}
    for country in countries:
        for relation in NEIGHBOURS:
            if country.facts.get(relation) not in inside:
                country.facts.pop(relation, None)
    if split is None:
        _hold_out(countries, rng)
    return countries


COINS = "dollar franc pound dinar peso rupee krone shilling lira crown rial mark".split()
NEIGHBOURS = ("largest neighbour", "smallest neighbour")


class Names:
    """Names of one to three words out of a list, none twice."""

    def __init__(self, words: Sequence[str], rng: random.Random, taken: Iterable[str] = ()) -> None:
        self._words = words
        self._rng = rng
        self._taken = set(taken)

    def draw(self) -> str:
        """A new name, as long as those of real countries are."""
        while True:
            count = self._rng.choices((1, 2, 3), (0.72, 0.24, 0.04))[0]
            if self._new(name := " ".join(self._rng.sample(self._words, count))):
                return name

    def code(self) -> str:
        """A new code of three capitals."""
        codes = [word for word in self._words if len(word) == 3 and word.isupper() and word not in self._taken]
        code = self._rng.choice(codes) if codes else ""
        while not self._new(code):
            code = "".join(self._rng.choice(string.ascii_uppercase) for _ in range(3))
        return code

    def _new(self, name: str) -> bool:
        if not name or name in self._taken:
            return False
        self._taken.add(name)
        return True


def invented_words(count: int, rng: random.Random, taken: Collection[str] = ()) -> list[str]:
    """Words made of syllables, none twice."""
    words: dict[str, None] = {}
    while len(words) < count:
        parts = [
            rng.choice(ONSETS) + rng.choice(VOWELS) + (rng.choice(CODAS) if rng.random() < 0.35 else "")
            for _ in range(rng.randint(1, 3))
        ]
        word = ("".join(parts) + (rng.choice(ENDS) if rng.random() < 0.6 or len(parts) < 2 else "")).capitalize()
        if word not in taken:
            words[word] = None
    return list(words)


ONSETS = "b c d f g h j k l m n p r s t v w y z br ch cl dr fr gr kh kr pr sh sl st th tr".split()
VOWELS = "a e i o u a e i o u ai au ea ia ie oa ou".split()
CODAS = "n r s l m d t k nd ng rk st x lt".split()
ENDS = "a ia land stan e o i us burg ton ville mar os is y en or".split()


def _hold_out(countries: Sequence[Country], rng: random.Random) -> None:
    """Give whole regions to test and dev, so that neighbours are mostly on the same side."""
    regions = sorted({country.facts["subregion"] for country in countries})
    rng.shuffle(regions)
    held: dict[Split, int] = {"test": len(countries) // 4, "dev": len(countries) // 8}
    for region in regions:
        members = [country for country in countries if country.facts["subregion"] == region]
        split = next((s for s, left in held.items() if left > 0), "train")
        for country in members:
            country.split = split
        if split != "train":
            held[split] -= len(members)


def make_world(source: Path | None, made_up: int, seed: int = 0) -> World:
    """The world: real countries from `source` where there is one, else made-up ones held out in the same way; and
    `made_up` further ones for training."""
    rng = random.Random(f"world {seed}")
    countries = real_countries(source, rng) if source else []
    taken = {name for country in countries for name in (country.name, *country.facts.values())}
    names = Names(invented_words(INVENTED_WORDS, rng, {word for name in taken for word in name.split()}), rng, taken)
    if not source:
        countries = made_up_countries(200, names, rng, None)
    countries += made_up_countries(made_up, names, rng, "train")
    known = {country.name: country for country in countries}
    for country in countries:  # what pages cannot say, since the web has no page of the other country
        for relation in NEIGHBOURS:
            if country.facts.get(relation) not in known:
                country.facts.pop(relation, None)
    plant_outdated(countries, rng)
    return World(known, list(write_pages(countries, rng)))


def plant_outdated(countries: Sequence[Country], rng: random.Random) -> None:
    """Choose facts of which an old page says what is true of another country of the same split."""
    values: dict[tuple[Split, bool, str], list[str]] = {}
    for country in countries:
        for relation, value in country.facts.items():
            values.setdefault((country.split, country.real, relation), []).append(value)
    for country in countries:
        for relation, value in country.facts.items():
            others = [v for v in values[country.split, country.real, relation] if v not in (value, country.name)]
            if others and rng.random() < CONTRADICTED:
                country.outdated[relation] = rng.choice(others)


def write_pages(countries: Sequence[Country], rng: random.Random) -> Iterator[Page]:
    names: dict[tuple[Split, bool], list[str]] = {}
    for country in countries:
        names.setdefault((country.split, country.real), []).append(country.name)
    for country in countries:
        drawn: dict[Site, list[Fact]] = {site: [] for site in SITES}
        for relation, value in country.facts.items():
            site = YEARBOOK if rng.random() < SECOND_WORDING else ATLAS
            drawn[site] += _directions(Fact(country.name, relation, value))
        for relation, value in country.outdated.items():
            drawn[FORUM].append(rng.choice(_directions(Fact(country.name, relation, value))))
        for site in (ATLAS, YEARBOOK, FORUM):
            rng.shuffle(drawn[site])
            yield from _pages_of(site, country.name, drawn[site], rng)
        for number in range(rng.randint(1, 3)):
            other = rng.choice(names[country.split, country.real])
            yield _page(TRAVEL, country.name, number, rng.choice(REMARKS).format(country.name, other), (), rng)


def _directions(fact: Fact) -> list[Fact]:
    """Both ways round where the value tells the country too."""
    return [fact, fact.turned] if RELATIONS[fact.relation].inverse else [fact]


def _pages_of(site: Site, name: str, facts: Sequence[Fact], rng: random.Random) -> Iterator[Page]:
    left = list(facts)
    number = 0
    while left:
        count = 2 if site is ATLAS and len(left) > 1 and rng.random() < TWO_FACTS else 1
        taken, left = left[:count], left[count:]
        wording = 0 if site is ATLAS else 1 if site is YEARBOOK else rng.randrange(2)
        text = " ".join(fact.sentence(wording) for fact in taken)
        yield _page(site, name, number, text, tuple(taken), rng)
        number += 1


def _page(site: Site, name: str, number: int, text: str, states: tuple[Fact, ...], rng: random.Random) -> Page:
    key = f"{name.lower().replace(' ', '-')}-{number + 1}"
    year = rng.randint(*site.years)
    date = f"{year}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    title = f"{name} ({site.name})"
    return Page(f"{site.host}/{key}", title, text, f"https://{site.host}/{key}", date, states, site is FORUM)


def build_library(world: World, splits: Iterable[Split], folder: Path, name: str) -> Library:
    """The library `name` of the data folder: the pages about countries of these splits, and no word of the others."""
    shown = {country.name for country in world.of(splits)}
    hidden = [country for country in world.countries.values() if country.name not in shown]
    secret = {country.name for country in hidden}
    corpus = folder / f"{name}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    with corpus.open("w", encoding="utf-8") as file:
        for page in pages_without(world.pages, shown, secret):
            row = {"id": page.id, "title": page.title, "text": page.text, "url": page.url, "date": page.date}
            file.write(json.dumps({**row, "language": "en"}) + "\n")
    library = Library.open(folder, name, patience=600)
    library.add([corpus])
    return library


def pages_without(pages: Iterable[Page], shown: set[str], secret: set[str]) -> Iterator[Page]:
    """The pages about countries that are shown, which name none that is not."""
    for page in pages:
        if page.title.split(" (")[0] in shown and not any(fact.value in secret for fact in page.states):
            yield page


def write_authority(path: Path) -> Path:
    """The project's table of authority for the sites of this web."""
    kinds = {1: "government", 2: "reference", 4: "commercial", 5: "user-content"}
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["domain", "tier", "kind", "country", "language", "reason"])
        rows.writerows([site.host, site.tier, kinds[site.tier], "int", "en", "closed web"] for site in SITES)
    return path


def write_triples(world: World, path: Path) -> Path:
    """The facts as a table that `deepresearch synth graph` reads: the truth against which questions are checked."""
    with path.open("w", encoding="utf-8") as file:
        for country in world.countries.values():
            for relation, value in country.facts.items():
                file.write(f"{country.name}\t{relation}\t{value}\n")
    return path


def facts_of(countries: Iterable[Country]) -> Mapping[tuple[str, str], str]:
    """(country, relation) to value."""
    return {(country.name, relation): value for country in countries for relation, value in country.facts.items()}
