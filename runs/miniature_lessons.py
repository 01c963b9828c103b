"""Texts for mid-training, about countries that are invented for a few pages and never come back.

Their names are made of the words of all names there are, put together by chance, so that nothing that is true of a
country can be learnt.

First copying: names that stand twice, and pairs of which one half asks for the other. Then reading: pages, and what
each says of a country, or that none says it. Then the atomic capabilities, each as one decision in a situation: the
plan of a question, the next query, what a result brings, a search again after an error or in other words, the report
with its citations. The loss is on the decision alone.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from .miniature_tasks import RelationPath, ask, step_words, words_of
from .miniature_world import RELATIONS, Fact, Lexicon, Names, Page, made_up_countries, plant_outdated, write_pages

COUNTRIES = 16
"""Of one invented world."""
LESSONS_A_WORLD = 24
ASKED = 7
"""Questions on one result that its pages may answer."""
NOT_FOUND, AGAIN = "not found", "try again"
"""How the note on a result without the fact ends, and what is noted of an error."""
RECALLED = 3
"""Passages shown before that the tool recalls by number."""


@dataclass
class Lesson:
    """A text of marks, each followed by words, with a weight."""

    parts: list[tuple[str, str, float]] = field(default_factory=list)
    kind: str = ""

    def give(self, mark: str, text: str = "") -> None:
        """Something that is given."""
        self.parts.append((mark, text, 0.0))

    def want(self, mark: str, text: str = "") -> None:
        """Something that is to be learnt."""
        self.parts.append((mark, text, 1.0))


class InventedWeb:
    """A few invented countries, their pages, and a search over them that behaves like the project's own."""

    def __init__(self, rng: random.Random, k: int, lexicon: Lexicon) -> None:
        self._rng = rng
        self._k = k
        countries = made_up_countries(COUNTRIES, Names(lexicon.words, rng), rng, "train", lexicon.true)
        plant_outdated(countries, rng)
        self.countries = {country.name: country for country in countries}
        self.pages = list(write_pages(countries, rng))
        self._words = [set(re.findall(r"[\w.]+\w", f"{page.title} {page.text}".lower())) for page in self.pages]

    def search(self, query: str) -> list[Page]:
        """The best pages: those that name what the query names, then those with most of its words."""
        words = set(re.findall(r"[\w.]+\w", query.lower()))
        scores = []
        for page, known in zip(self.pages, self._words, strict=True):
            shared = words & known
            named = page.title.split(" (")[0].lower() in query.lower()
            rare = sum(1.0 if word in COMMON else 3.0 for word in shared)
            scores.append((-10.0 * named - rare + 0.01 * self._rng.random(), len(scores)))
        return [self.pages[place] for _, place in sorted(scores)[: self._k]]

    def chain(self, path: RelationPath) -> list[Fact] | None:
        """Facts of a path from a country by chance; None where it breaks off."""
        hops: list[Fact] = []
        here = self._rng.choice(list(self.countries))
        for step in path:
            relation = step.removesuffix("^-1")
            value = self.countries[here].facts.get(relation)
            if value is None or (hops and value in [hop.known for hop in hops]):
                return None
            hops.append(Fact(here, relation, value, step.endswith("^-1")))
            here = hops[-1].found
        return hops


COMMON = {word for relation in RELATIONS.values() for words in relation.words for word in words.split()} | {"of"}


def copying(rng: random.Random, count: int, words: Sequence[str]) -> Iterator[Lesson]:
    """Names that stand twice, and pairs whose second half is asked for."""
    for number in range(count):
        lesson = Lesson(kind="copying")
        invent = Names(words, rng)
        names = [invent.draw() for _ in range(rng.randint(4, 10))]
        if number % 2:
            text = " ".join(names)
            lesson.give("<|question|>", f"copy {text}")
            lesson.want("<|report|>", f"copy {text}")
            lesson.want("<|end|>")
        else:
            pairs = [(name, invent.draw()) for name in names]
            for n, (one, other) in enumerate(pairs, 1):
                lesson.give("<|passage|>", f"{n} {one} | {other}")
            for n, (one, other) in rng.sample(list(enumerate(pairs, 1)), min(4, len(pairs))):
                lesson.give("<|question|>", f"is {one}")
                lesson.want("<|think|>", f"{one} | {other} [{n}]")
                lesson.want("<|end|>")
        yield lesson


def reading(rng: random.Random, count: int, k: int, lexicon: Lexicon) -> Iterator[Lesson]:
    """Pages, and several questions of which they answer most."""
    for web in _webs(rng, count, k, lexicon):
        for _ in range(LESSONS_A_WORLD):
            lesson = Lesson(kind="reading")
            pages = web.search(f"{rng.choice(list(web.countries))}")
            if rng.random() < 0.5:
                pages = rng.sample(web.pages, k + 2)
            rng.shuffle(pages)
            lesson.give("<|result|>")
            for number, page in enumerate(pages, 1):
                lesson.give("<|passage|>", f"{number} {page.title} | {page.text}")
            for hop in _questions(pages, web, rng):
                source = source_of(hop, pages)
                same = [query for n, query in enumerate(hop.queries()) if source and hop.sentence(n) in source.text]
                query = rng.choice(same if same and rng.random() < 0.7 else hop.queries())
                lesson.give("<|question|>", query)
                lesson.want("<|think|>", note(hop, query, pages, {page.id: n for n, page in enumerate(pages, 1)}))
                lesson.want("<|end|>")
            yield lesson


def _questions(pages: Sequence[Page], web: InventedWeb, rng: random.Random) -> list[Fact]:
    stated = [fact for page in pages for fact in page.states if not page.outdated]
    for page in pages:
        if page.outdated:
            stated += [fact._replace(value=web.countries[fact.country].facts[fact.relation]) for fact in page.states]
    asked = rng.sample(stated, min(ASKED, len(stated)))
    other = web.countries[rng.choice(pages).title.split(" (")[0]]
    for relation in rng.sample(sorted(other.facts), 2):
        back = bool(RELATIONS[relation].inverse) and rng.random() < 0.5
        asked.append(Fact(other.name, relation, other.facts[relation], back))
    rng.shuffle(asked)
    return asked


def source_of(hop: Fact, pages: Sequence[Page]) -> Page | None:
    """The first page that states a fact and is not outdated."""
    return next((page for page in pages if not page.outdated and hop in page.states), None)


def note(hop: Fact, query: str, pages: Sequence[Page], numbers: dict[str, int]) -> str:
    """What a result brings for a step: the sentence that states it, and its number."""
    page = source_of(hop, pages)
    return cited(hop, page.text, f"[{numbers[page.id]}]") if page else not_found(hop, query)


def not_found(hop: Fact, query: str) -> str:
    """The note on a result without the fact. It begins as a sentence that states it would: so small a model can tell
    that no page goes on from there, but hardly that none will."""
    return f"{hop.stem(hop.queries().index(query))} {NOT_FOUND}"


def cited(hop: Fact, text: str, mark: str) -> str:
    """A fact as its source states it, with a citation."""
    return f"{hop.stated_in(text).rstrip('.')} {mark}"


def _webs(rng: random.Random, count: int, k: int, lexicon: Lexicon) -> Iterator[InventedWeb]:
    for _ in range(-(-count // LESSONS_A_WORLD)):
        yield InventedWeb(rng, k, lexicon)


class Episode:
    """A whole episode as the teacher works, in an invented web: the situations of which lessons are cut."""

    def __init__(self, web: InventedWeb, hops: Sequence[Fact], rng: random.Random, errors: float) -> None:
        self.lesson = Lesson()
        self.numbers: dict[str, int] = {}
        self.shown: list[Page] = []
        self.turns: list[tuple[int, int, str]] = []
        """First and last part of each turn, and its kind."""
        self._web = web
        self._rng = rng
        self.lesson.give("<|question|>", ask(hops, rng))
        plan = [words_of(hops[0]), *map(step_words, hops[1:])]
        lines = "\n".join(f"{number}. {step}" for number, step in enumerate(plan, 1))
        self._turn("plan", [("<|plan|>", lines)])
        thought = ""
        kind = "first query"
        for hop in hops:
            for query in hop.queries():
                if source_of(hop, self.shown):
                    break
                while True:
                    self._turn(kind, [*([("<|think|>", thought)] if thought else []), ("<|search|>", query)])
                    if rng.random() >= errors:
                        break
                    self.lesson.give("<|error|>", "search failed")
                    thought, kind = AGAIN, "after an error"
                self._show(web.search(query))
                thought = note(hop, query, self.shown, self.numbers)
                kind = "in other words" if thought.endswith(NOT_FOUND) else "next query"
            if not source_of(hop, self.shown):
                return
        self._turn("report", [("<|think|>", thought), ("<|report|>", self._report(hops))])

    def _turn(self, kind: str, parts: Sequence[tuple[str, str]]) -> None:
        first = len(self.lesson.parts)
        for mark, text in parts:
            self.lesson.give(mark, text)
        self.lesson.give("<|end|>")
        self.turns.append((first, len(self.lesson.parts), kind))

    def _show(self, pages: Sequence[Page]) -> None:
        self.lesson.give("<|result|>")
        new = [page for page in pages if page.id not in self.numbers]
        for page in new:
            self.numbers[page.id] = len(self.numbers) + 1
            self.shown.append(page)
            self.lesson.give("<|passage|>", f"{self.numbers[page.id]} {page.title} | {page.text}")
        for page in [page for page in pages if page not in new][:RECALLED]:
            self.lesson.give("<|passage|>", str(self.numbers[page.id]))

    def _report(self, hops: Sequence[Fact]) -> str:
        sources = [(hop, source_of(hop, self.shown)) for hop in hops]
        return report_text([(hop, page.text, f"[{self.numbers[page.id]}]") for hop, page in sources if page])


def report_text(facts: Sequence[tuple[Fact, str, str]]) -> str:
    """The report of (fact, text of its source, citation): the answer first, then each fact as its source states it."""
    last, _, mark = facts[-1]
    return "\n\n".join([f"It is {last.found} {mark}.", *(f"{cited(*fact)}." for fact in facts)])


def atomic(
    rng: random.Random, count: int, k: int, lexicon: Lexicon, paths: Sequence[RelationPath], errors: float
) -> Iterator[Lesson]:
    """Situations of episodes, with the loss on one decision."""
    made = 0
    while made < count:
        web = InventedWeb(rng, k, lexicon)
        for _ in range(LESSONS_A_WORLD):
            hops = web.chain(rng.choice(paths))
            if not hops:
                continue
            episode = Episode(web, hops, rng, errors)
            first, last, kind = rng.choice(episode.turns)
            parts = episode.lesson.parts[:last]
            wanted = [(mark, text, 1.0) for mark, text, _ in parts[first:]]
            yield Lesson([*parts[:first], *wanted], kind)
            made += 1


def ids_of(
    lesson: Lesson, encode: Callable[[str], Sequence[int]], mark: Callable[[str], int]
) -> tuple[list[int], list[float]]:
    """Token ids and the weight of each."""
    ids: list[int] = []
    weights: list[float] = []
    for name, text, weight in lesson.parts:
        part = [mark(name), *encode(text)]
        ids += part
        weights += [weight] * len(part)
    return ids, weights


def text_of(lesson: Lesson) -> str:
    """The words alone, for the tokenizer."""
    return "\n".join(text for _, text, _ in lesson.parts)
