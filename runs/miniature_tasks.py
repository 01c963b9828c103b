"""The miniature's tasks: chains of one to three facts, checked to have one answer, with rubrics; and who solves them.

A path is a chain of relations, the first possibly read backwards: ("capital^-1", "largest neighbour", "currency") asks
for the currency of the largest neighbour of the country with a given capital.
"""

import itertools
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from deepresearch.judge.rubrics import Rubric
from deepresearch.library import Library
from deepresearch.synthesis.patterns import PatternQuery
from deepresearch.synthesis.records import Clue, Pattern, Provenance, SupportingPassage, SyntheticTask
from deepresearch.synthesis.triples import build_graph
from deepresearch.trajectory import Passage

from .miniature_world import NEIGHBOURS, RELATIONS, Fact, Page, Split, World, write_triples

RelationPath = tuple[str, ...]
Group = Literal["train", "dev", "seen", "entities", "paths"]
"""train: to learn from. dev: to develop with, countries and paths of their own. The other three are the test: seen
countries and paths in questions that training has not; held-out countries; held-out paths."""
INVERSE = "^-1"
ENDS = ("capital", "currency", "official language", "country code", "demonym", "subregion")
HELD_OUT_PATHS = {"test": 0.2, "dev": 0.1}
WEIGHTS = {"answer": 5.0, "hop": 2.0, "wrong": -4.0}


def all_paths() -> list[RelationPath]:
    """Every kind of chain that is asked."""
    inverse = [key + INVERSE for key, relation in RELATIONS.items() if relation.inverse]
    starts: list[RelationPath] = [(one,) for one in (*inverse, *NEIGHBOURS)]
    longer = [(a, b) for (a,), b in itertools.product(starts, NEIGHBOURS)]
    paths: list[RelationPath] = [(key,) for key in RELATIONS] + [(one,) for one in inverse]
    for start in (*starts, *longer):
        paths += [(*start, end) for end in ENDS if start[0] != end + INVERSE]
    paths += list(longer)
    return list(dict.fromkeys(paths))


def held_out_paths(seed: int = 0) -> dict[RelationPath, Split]:
    """Each path's side; chains of one fact are always for training, since longer ones are made of them."""
    rng = random.Random(f"paths {seed}")
    sides: dict[RelationPath, Split] = {}
    for length in (1, 2, 3):
        paths = [path for path in all_paths() if len(path) == length]
        rng.shuffle(paths)
        test, dev = (round(len(paths) * share) if length > 1 else 0 for share in HELD_OUT_PATHS.values())
        for number, path in enumerate(paths):
            sides[path] = "test" if number < test else "dev" if number < test + dev else "train"
    return sides


class TaskMaker:
    """Makes tasks over one world, checks that each has one answer, and attaches the passages of a library."""

    def __init__(self, world: World, library: Library, folder: Path) -> None:
        """folder: for the graph of the facts."""
        self._world = world
        folder.mkdir(parents=True, exist_ok=True)
        self._graph = build_graph([write_triples(world, folder / "facts.tsv")], folder / "graph", "tsv")
        self._query = PatternQuery(self._graph, [])
        for entity in range(self._graph.entities):
            self._query.key(entity)
        self.passages, self.pages = passages_of(world, library)

    def chain(self, path: RelationPath, country: str) -> list[Fact] | None:
        """The facts of `path` that begin at a country; None where it breaks off."""
        hops: list[Fact] = []
        here = country
        for step in path:
            relation = step.removesuffix(INVERSE)
            value = self._world.countries[here].facts.get(relation)
            if value is None or (hops and value in (hop.known for hop in hops)):
                return None
            hops.append(Fact(here, relation, value, step.endswith(INVERSE)))
            here = hops[-1].found
        return hops

    def task(self, path: RelationPath, country: str, rng: random.Random, group: Group) -> SyntheticTask | None:
        """The task of one chain; None where the web or the graph does not carry it."""
        hops = self.chain(path, country)
        if not hops or any(hop not in self.passages for hop in hops) or not self._has_one_answer(hops):
            return None
        evidence = [self._evidence(hop, number) for number, hop in enumerate(hops)]
        outdated = [self._world.countries[hop.country].outdated.get(hop.relation) for hop in hops if not hop.backwards]
        on_the_way = [hop.found for hop in hops[:-1]]
        question = ask(hops, rng)
        wrong = [w for w in (*outdated, *on_the_way) if w and w not in question and not _alike(w, hops[-1].found)]
        wrong = list(dict.fromkeys(wrong))
        return SyntheticTask(
            id=f"{group}-{'.'.join(path)}-{country}".replace(" ", "_"),
            question=question,
            answer=hops[-1].found,
            plan=[words_of(hop) if not n else step_words(hop) for n, hop in enumerate(hops)],
            rubrics=rubrics_of(hops, wrong),
            evidence=evidence,
            distractors=wrong,
            hops=len(hops),
            depth=len(hops),
            difficulty=len(hops),
            provenance=Provenance(
                route="graph",
                pattern=pattern_of(hops),
                notes={
                    "group": group,
                    "path": list(path),
                    "checks": checks_of(hops, wrong, self.passages),
                    "hops": [list(hop) for hop in hops],
                },
            ),
        )

    def _has_one_answer(self, hops: Sequence[Fact]) -> bool:
        found = self._query.solve(pattern_of(hops))
        return [self._graph.key(int(entity)) for entity in found] == [hops[-1].found]

    def _evidence(self, hop: Fact, step: int) -> SupportingPassage:
        passage = self.passages[hop][0]
        return SupportingPassage(
            passage=passage.id,
            document=passage.document,
            title=passage.title,
            text=passage.text,
            url=passage.url,
            fact=hop.stated_in(passage.text),
            query=hop.queries()[0],
            step=step,
            edge=[hop.country, hop.relation, hop.value],
        )


def passages_of(world: World, library: Library) -> tuple[dict[Fact, list[Passage]], dict[str, Page]]:
    """The passages that state each fact, without the outdated ones, and the page of each passage by its id."""
    pages = {(page.title, page.text): page for page in world.pages}
    facts: dict[Fact, list[Passage]] = {}
    known: dict[str, Page] = {}
    for document, _ in library.documents():
        for passage in library.passages(document):
            known[passage.id] = page = pages[passage.title, passage.text]
            for fact in page.states if not page.outdated else ():
                facts.setdefault(fact, []).append(passage)
    return facts, known


def pattern_of(hops: Sequence[Fact]) -> Pattern:
    """The chain as a query over the graph, whose only solution must be the answer."""
    pattern = Pattern(entity=hops[0].known, name=hops[0].known)
    for hop in hops:
        clue = Clue(relation=hop.relation, forward=hop.backwards, value=pattern)
        pattern = Pattern(entity=hop.found, clues=[clue])
    return pattern


def ask(hops: Sequence[Fact], rng: random.Random) -> str:
    """The question of a chain, in one of several wordings."""
    words = hops[0].known
    for hop in hops:
        relation = RELATIONS[hop.relation]
        words = rng.choice(relation.inverse if hop.backwards else relation.asked).format(words)
    return f"What is {words}?"


def words_of(hop: Fact) -> str:
    """The first step of a plan."""
    relation = RELATIONS[hop.relation]
    return (relation.inverse if hop.backwards else relation.asked)[0].format(hop.known)


def step_words(hop: Fact) -> str:
    """A later step of a plan, which cannot name yet what it starts from."""
    return RELATIONS[hop.relation].asked[0].format("it")


def rubrics_of(hops: Sequence[Fact], wrong: Iterable[str]) -> list[Rubric]:
    """What a report is judged by: the answer, each fact with a source that states it, and what would be mistaken."""
    rows = [
        Rubric(id="answer", criterion=f"The report gives {hops[-1].found} as its answer.", weight=WEIGHTS["answer"])
    ]
    for number, hop in enumerate(hops, 1):
        criterion = f"The report states, and cites a source for it: {hop.sentence()}"
        rows.append(Rubric(id=f"hop{number}", criterion=criterion, weight=WEIGHTS["hop"], role="implicit"))
    for number, name in enumerate(wrong, 1):
        criterion = f"The report gives {name} as its answer, which is outdated or only a step on the way."
        rows.append(Rubric(id=f"wrong{number}", criterion=criterion, weight=WEIGHTS["wrong"], role="negative"))
    return rows


def checks_of(
    hops: Sequence[Fact], wrong: Iterable[str], passages: Mapping[Fact, Sequence[Passage]]
) -> dict[str, dict[str, object]]:
    """How each rubric is decided without a model: names and the passages that count as its source."""
    checks: dict[str, dict[str, object]] = {"answer": {"kind": "answer", "names": [hops[-1].found]}}
    for number, hop in enumerate(hops, 1):
        sources = [passage.id for way in (hop, hop.turned) for passage in passages.get(way, ())]
        checks[f"hop{number}"] = {"kind": "fact", "names": [hop.country, hop.value], "passages": sources}
    for number, name in enumerate(wrong, 1):
        checks[f"wrong{number}"] = {"kind": "answer", "names": [name]}
    return checks


def _alike(some: str, other: str) -> bool:
    return some in other or other in some


def hops_of(task: SyntheticTask) -> list[Fact]:
    """The hidden chain of a task."""
    return [Fact(*row) for row in task.provenance.notes["hops"]]


def make_tasks(maker: TaskMaker, world: World, group: Group, count: int, seed: int) -> Iterator[SyntheticTask]:
    """Up to `count` tasks of a group, as many of each length as there are.

    A chain belongs to a group by its countries and its path; every country that it passes must be on the group's side.
    """
    rng = random.Random(f"{group} {seed}")
    sides = held_out_paths()
    split: Split = {"train": "train", "seen": "train", "paths": "train", "dev": "dev", "entities": "test"}[group]
    side: Split = {"train": "train", "seen": "train", "paths": "test", "dev": "dev", "entities": "train"}[group]
    countries = [c for c in world.of([split]) if c.real or group == "train" or split != "train"]
    if not any(c.real for c in countries):  # without the real facts made-up ones are tested
        countries = world.of([split])
    inside = {country.name for country in countries}
    paths = [path for path, where in sides.items() if where == side or (group == "dev" and len(path) == 1)]
    drawn = {length: _chains(paths, length, countries, rng) for length in (1, 2, 3)}
    made: dict[int, set[str]] = {length: set() for length in drawn}
    while sum(map(len, made.values())) < count and any(drawn.values()):
        length = min((n for n in drawn if drawn[n]), key=lambda n: len(made[n]))
        path, country = drawn[length].pop()
        if not _belongs(path, country, group):
            continue
        hops = maker.chain(path, country)
        if not hops or not {hop.country for hop in hops} <= inside:
            continue
        task = maker.task(path, country, rng, group)
        if task and task.id not in made[length] and _stays_inside(task, world, split):
            made[length].add(task.id)
            yield task


def _chains(paths: Sequence[RelationPath], length: int, countries: Sequence, rng: random.Random) -> list:
    chains = [(path, country.name) for path in paths if len(path) == length for country in countries]
    rng.shuffle(chains)
    return chains


def _belongs(path: RelationPath, country: str, group: Group) -> bool:
    """Every tenth chain of seen countries and paths is held out as a question."""
    if group not in ("train", "seen"):
        return True
    held = random.Random(f"{path} {country}").random() < 0.1
    return held == (group == "seen")


def _stays_inside(task: SyntheticTask, world: World, split: Split) -> bool:
    """Whether every country that the chain names is of the split."""
    names = {name for hop in hops_of(task) for name in (hop.country, hop.value)}
    return all(world.countries[name].split == split for name in names if name in world.countries)


def write_tasks(tasks: Iterable[SyntheticTask], path: Path) -> list[SyntheticTask]:
    """Write the tasks as `deepresearch synth` does, and return them."""
    made = list(tasks)
    path.write_text("".join(json.dumps(t.model_dump(mode="json")) + "\n" for t in made), encoding="utf-8")
    return made
