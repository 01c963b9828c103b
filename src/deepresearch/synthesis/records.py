"""The records of the factory: a task with its hidden side, a rollout, and the data card beside every file."""

from typing import Any, Literal

from ..judge.rubrics import Rubric
from ..trajectory import Passage, Record

MOST_PROBLEMS = 20
GENERATOR = 4
"""Version of the generators; raised when the same seed would give other records."""

Route = Literal["graph", "walk", "planning", "reflection", "verification", "report", "rubrics"]


class Clue(Record):
    """One condition on an entity: an edge to another entity, or what a number of it is."""

    relation: str
    """Key of the relation in its source."""
    forward: bool = True
    """True: the described entity is the head of the edge; False: it is the tail."""
    value: "Pattern | None" = None
    """The entity at the other end; None: the clue is about a number."""
    low: float | None = None
    high: float | None = None
    """Bounds of the number, both included."""
    rank: int | None = None
    """Place of the number among those that the other clues leave, 1 the largest, -1 the smallest."""


class Pattern(Record):
    """A description of an entity: by name, or by clues that all hold."""

    entity: str
    """Key of the entity that is meant; hidden."""
    name: str = ""
    """As the question names it; empty: it is described only."""
    name_language: str = ""
    """Language of `name` where that is not the question's."""
    kind: str = ""
    """Key of the class that the question mentions."""
    clues: list[Clue] = []


class SupportingPassage(Record):
    """A passage that supports a part of the answer."""

    passage: str
    document: str
    title: str = ""
    text: str = ""
    url: str | None = None
    fact: str = ""
    """The fact that it supports, in words."""
    query: str = ""
    """What one would search for who does not know yet what the fact reveals."""
    step: int = 0
    """Which step of the plan needs it, from 0."""
    edge: list[str] = []
    """Head, relation and tail by their keys, of a graph's fact."""

    @classmethod
    def of(cls, passage: Passage, **more: Any) -> "SupportingPassage":
        """Of a passage that was found. more: the other fields."""
        shown = passage.model_dump(include={"document", "title", "text", "url"})
        return cls(passage=passage.id, **shown, **more)


class Provenance(Record):
    """How a task was made, down to pages and edges."""

    route: Route
    generator: int = GENERATOR
    seed: str = ""
    """Of this task alone: the run's seed and the number of the attempt."""
    pattern: Pattern | None = None
    """The query of the graph route; its only solution in the whole graph is the answer."""
    pages: list[str] = []
    """Documents that were visited."""
    notes: dict[str, Any] = {}


class SyntheticTask(Record):
    """A research question with everything that its solver must not see."""

    id: str
    question: str
    language: str = "en"
    date: str = ""
    """The day that "now" means in the question, YYYY-MM-DD; empty: the question is not about time."""
    answer: str = ""
    aliases: list[str] = []
    """Other names of the answer that count as right."""
    plan: list[str] = []
    """Steps that lead to the answer, in order."""
    rubrics: list[Rubric] = []
    evidence: list[SupportingPassage] = []
    distractors: list[str] = []
    """Near misses: entities that meet all clues but one."""
    hops: int = 0
    """Facts that have to be joined."""
    depth: int = 0
    """Length of the longest chain among them."""
    difficulty: float = 0.0
    """Grows with clues, depth and descriptions in place of names."""
    level: Literal["easy", "medium", "hard"] = "easy"
    pass_rate: float | None = None
    """Share of a plain solver's tries that were right; None: not tried."""
    provenance: Provenance


class Rollout(Record):
    """One try of one policy at one task, whole: the run's events and what came of it."""

    task: str
    attempt: int
    policy: str
    run: str
    question: str
    answer: str
    """The right one, hidden from the policy."""
    report: str = ""
    state: str = ""
    """finished, partial, failed."""
    correct: bool = False
    """The short answer names the right entity and no near miss."""
    cited: bool = False
    """At least one citation, and every cited passage was shown to the policy."""
    supported: float | None = None
    """Share of the citations that the mechanical check found to support their sentence."""
    turns: int = 0
    calls: int = 0
    errors: int = 0
    """Tool calls that failed or could not be read."""
    tokens: int = 0
    events: list[dict[str, Any]] = []


class SourceFile(Record):
    """What a file was made from."""

    name: str
    licence: str = ""
    sha256: str = ""
    bytes: int = 0


class FilterReport(Record):
    """What one filter did to a file."""

    name: str
    before: int
    after: int
    examples: list[dict[str, str]] = []
    """Up to ten of what was dropped: id and reason."""


class DataCard(Record):
    """What is known of a data file; beside it as FILE.card.json."""

    file: str
    route: str
    generator: str
    """Name and version of the program."""
    seed: int | None = None
    sources: list[SourceFile] = []
    settings: dict[str, Any] = {}
    records: int = 0
    counts: dict[str, dict[str, int]] = {}
    """Records by language, hops, level and so on."""
    dropped: dict[str, int] = {}
    """What was generated and left out, by reason."""
    filters: list[FilterReport] = []
    problems: list[str] = []
    """The first input lines, pages and files that could not be used, by place."""
    problem_count: int = 0


class Problems:
    """What of a source could not be used: how much, and the first of it by its place."""

    def __init__(self, first: list[str] | None = None, count: int = 0) -> None:
        self.problems, self.problem_count = first or [], count

    def problem(self, place: str, reason: str) -> None:
        """Something that could not be used."""
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(f"{place}: {reason}")

    def first_problem(self) -> str:
        """In words, for an error; empty where there is none."""
        return f" First problem: {self.problems[0]}." if self.problems else ""
