"""Labelled reports from known facts with planted faults: what a judge learns from and is measured on without people.

A report states some facts of one subject rightly, some wrongly, and leaves others out; which, is decided first, so that
the verdict on each criterion follows from how the report was made and from nothing that judges.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from deepresearch.judge.verdicts import LEVELS, Level
from deepresearch.training.judging import LabelledCriterion, LabelledReport

HELD: dict[Level, int] = {"not": 0, "partially": 1, "fully": 2}
"""Of the two facts that a criterion is about, those for which it holds."""
CITED = 0.5
"""Share of the stated facts that cite a source, where no criterion asks for it."""


@dataclass(frozen=True)
class Fact:
    """A fact of a subject."""

    subject: str
    relation: str
    """As criteria name it: capital."""
    value: str
    sentence: str
    """As reports state it: {0} the subject, {1} the value."""
    wrong: Sequence[str]
    """Values of other subjects; one of them takes the place of the right one."""


@dataclass
class _Stated:
    """How a report treats one fact."""

    fact: Fact
    value: str = ""
    """As the report has it; empty: the fact is left out."""
    cited: bool = False

    @property
    def is_right(self) -> bool:
        return self.value == self.fact.value


def planted_reports(
    subjects: Sequence[Sequence[Fact]], count: int, seed: int, remarks: Sequence[str] = (), criteria: int = 3
) -> Iterator[LabelledReport]:
    """`count` reports, each on one of `subjects` (its facts, two for each criterion) with up to `criteria` criteria of
    three kinds, each verdict as likely as the others. remarks: sentences without facts, {0} the subject."""
    rng = random.Random(f"planted {seed}")
    able = [facts for facts in subjects if len(facts) >= 2]
    for number in range(count):
        facts = list(rng.choice(able))
        rng.shuffle(facts)
        pairs = list(pairwise(facts))[::2][: rng.randint(1, criteria)]
        stated, labels = [], []
        for pair in pairs:
            treated, label = _MAKERS[rng.randrange(len(_MAKERS))]([_Stated(fact) for fact in pair], rng)
            stated += treated
            labels.append(label)
        subject = facts[0].subject
        yield LabelledReport(
            id=f"planted-{seed}-{number}",
            question=f"What is known of {subject}?",
            report=_report(subject, stated, remarks, rng),
            criteria=labels,
        )


def _states(pair: list[_Stated], rng: random.Random) -> tuple[list[_Stated], LabelledCriterion]:
    """Both facts are stated rightly: wanted."""
    level = rng.choice(LEVELS)
    _treat(pair, HELD[level], rng, holds="right", fails=("wrong", "left out"))
    a, b = (one.fact for one in pair)
    words = f"The {a.relation} of {a.subject} is {a.value} and the {b.relation} is {b.value}."
    return pair, LabelledCriterion(criterion=words, weight=3, level=level, reason=_reason(pair))


def _misstates(pair: list[_Stated], rng: random.Random) -> tuple[list[_Stated], LabelledCriterion]:
    """Both facts are stated wrongly: a flaw. What is left out is not wrong."""
    level = rng.choice(LEVELS)
    _treat(pair, HELD[level], rng, holds="wrong", fails=("right", "left out"))
    a, b = (one.fact for one in pair)
    words = f"Another {a.relation} of {a.subject} than {a.value}, or another {b.relation} than {b.value}, is given."
    return pair, LabelledCriterion(criterion=words, weight=-3, role="negative", level=level, reason=_reason(pair))


def _cites(pair: list[_Stated], rng: random.Random) -> tuple[list[_Stated], LabelledCriterion]:
    """Both facts, right or wrong, are stated with a source: wanted."""
    level = rng.choice(LEVELS)
    _treat(pair, rng.randint(HELD[level], 2), rng, holds="stated", fails=("left out",))
    told = [one for one in pair if one.value]
    for one in pair:
        one.cited = False
    for one in rng.sample(told, HELD[level]):
        one.cited = True
    a, b = (one.fact for one in pair)
    words = f"A source is cited for the {a.relation} and for the {b.relation} of {a.subject}."
    reason = ", ".join(f"{one.fact.relation} {'cited' if one.cited else 'not cited'}" for one in pair)
    return pair, LabelledCriterion(criterion=words, weight=1, role="implicit", level=level, reason=reason)


_MAKERS = (_states, _misstates, _cites)


def _treat(pair: list[_Stated], holding: int, rng: random.Random, holds: str, fails: Sequence[str]) -> None:
    """Give `holding` facts of the pair the treatment `holds`, the others one of `fails`."""
    chosen = rng.sample(range(len(pair)), holding)
    for place, one in enumerate(pair):
        treatment = holds if place in chosen else rng.choice(fails)
        if treatment == "stated":
            treatment = rng.choice(("right", "wrong"))
        if treatment != "left out":
            wrong = [value for value in one.fact.wrong if value != one.fact.value]
            one.value = one.fact.value if treatment == "right" else rng.choice(wrong)
            one.cited = rng.random() < CITED


def _reason(pair: Sequence[_Stated]) -> str:
    return ", ".join(
        f"{one.fact.relation} {one.value} {'right' if one.is_right else 'wrong'}"
        if one.value
        else f"{one.fact.relation} left out"
        for one in pair
    )


def _report(subject: str, stated: Sequence[_Stated], remarks: Sequence[str], rng: random.Random) -> str:
    sentences = [
        one.fact.sentence.format(subject, one.value) + (f" [{rng.randint(1, 9)}]" if one.cited else "")
        for one in stated
        if one.value
    ]
    sentences += [remark.format(subject) for remark in rng.sample(remarks, min(len(remarks), 1))]
    rng.shuffle(sentences)
    return " ".join(sentences) or "Nothing was found."
