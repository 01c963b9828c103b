"""What a finished run earns: verdicts on its report by a task's hidden side, and their weighted sum.

Without a judge every verdict is mechanical: whether the short answer is right; whether each hop's fact is stated with a
citation whose passage supports it; whether only what was shown is cited; whether a near miss is given as the answer. A
served judge decides the task's rubrics instead. In both cases what is not the answer itself earns nothing where the
answer is wrong: a reward that pays for form gets form.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..derived import answer, find, registered
from ..judge.judging import Judge, judge_report
from ..judge.reward import bit, score
from ..judge.rubrics import Rubric, RubricSet
from ..judge.short_answer import cited_passages, names_answer, short_answer
from ..judge.verdicts import CriterionVerdict
from ..report.verification.support import support
from ..text.characters import has_han, normalise
from ..text.names import is_named
from ..text.wordlists import stop_words
from ..trajectory import Event, Observation, Passage, Verified
from .records import ResearchTask

ANSWER = "answer"
"""Id and axis of the criterion that the others depend on."""
_NAMED = "\x00"
"""Takes the place of the answer's name."""
_SHORT = 2
"""Telling words of a candidate in a list."""
_CLAIM_END = re.compile(r"[.!?](?:\s|$)|[:：。！？\n]")
_JOINT = re.compile(r"[,;/、，；。！？\n]|[.!?](?:\s|$)|\b(?:or|and)\b|或|和|还是")
_OR = re.compile(r"\bor\b|/|或|还是")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class RewardOptions:
    """Weights of the mechanical criteria, and who judges."""

    answer: float = 5.0
    fact: float = 2.0
    """Of each hop."""
    citations: float = 1.0
    distractor: float = -4.0
    per_call: float = 0.0
    """Taken from the score of a right answer for each tool call."""
    gated: bool = True
    """Whether what is not the answer counts only where the answer is right."""
    judge: Judge | None = None
    """Decides the rubrics of tasks that have some."""


OUTCOME_ONLY = RewardOptions(fact=0.0, citations=0.0, distractor=0.0)


@dataclass(frozen=True)
class Reward:
    """`parts`: 0 or 1 for each criterion by its id, before the answer's gate; for a flaw 1 means that it is there."""

    score: float
    parts: dict[str, float]
    right: bool
    flaws: frozenset[str] = frozenset()
    """Ids of the criteria that are flaws."""


def reward(task: ResearchTask, events: Sequence[Event], options: RewardOptions = RewardOptions()) -> Reward:
    """The reward by mechanical verdicts."""
    rubrics, verdicts = mechanical_verdicts(task, events, options)
    return _reward(rubrics, verdicts, is_right(task, events), events, options)


async def judged_reward(task: ResearchTask, events: Sequence[Event], options: RewardOptions) -> Reward:
    """The reward by the judge of the options where there is one and the task has rubrics. Raises ModelError."""
    report = answer(events)
    if options.judge is None or not task.rubrics or report is None:
        return reward(task, events, options)
    rubrics = RubricSet(question=task.question, rubrics=tuple(task.rubrics))
    judged = await judge_report(options.judge, task.question, report.text, rubrics, trials=1)
    right = is_right(task, events) or not task.answer  # an open question has no one answer to depend on
    flaws = {rubric.id for rubric in rubrics.rubrics if rubric.negative}
    verdicts = [  # what the judge could not read must not pay: leaving it out would
        v if v.counts else v.model_copy(update={"level": "fully" if v.rubric in flaws else "not"})
        for v in judged.trials[0]
    ]
    return _reward(rubrics.rubrics, verdicts, right, events, options)


def is_right(task: ResearchTask, events: Sequence[Event]) -> bool:
    """Whether the report's short answer names the task's answer, no near miss, and does not list candidates."""
    report = answer(events)
    names = [name for name in (task.answer, *task.aliases) if name]
    if report is None or not names_answer(report.text, task.question, names, task.distractors):
        return False
    return not lists_candidates(report.text, task.question, names)


def lists_candidates(report: str, question: str, names: Sequence[str]) -> bool:
    """Whether the short answer names `names` as one of several: up to the end of the sentence that names them first,
    two other short pieces of an enumeration, or one that "or" joins, none of them in the words of the question.

    Not noticed: two names that a comma or "and" joins ("Paris, France" looks the same), candidates with descriptions of
    three words or more each, and lists in languages without spaces between words other than Chinese.
    """
    text = normalise(short_answer(report)).replace("*", "").casefold()
    for name in sorted(names, key=len, reverse=True):
        escaped = re.escape(normalise(name).casefold())
        whole = escaped if has_han(name) or name.isdigit() else rf"(?<!\w){escaped}(?!\w)"
        text = re.sub(whole, _NAMED, text)
    head, _, tail = text.partition(_NAMED)
    claim = f"{head}{_NAMED}{_CLAIM_END.split(tail, maxsplit=1)[0]}"
    common = stop_words("en") | set(_WORD.findall(normalise(question).casefold()))
    asked = set(_WORD.findall(normalise(question).casefold())) - stop_words("en")
    others = 0
    for piece in _JOINT.split(claim):
        words = _WORD.findall(piece)
        telling = [word for word in words if word not in common]
        others += _NAMED not in piece and 0 < len(telling) <= _SHORT and not asked & set(words)
    return others >= 2 or (others == 1 and _OR.search(claim) is not None)


def mechanical_verdicts(
    task: ResearchTask, events: Sequence[Event], options: RewardOptions
) -> tuple[list[Rubric], list[CriterionVerdict]]:
    """Criteria from the task's hidden side, each with its verdict; those of weight 0 are left out."""
    report = answer(events)
    text = report.text if report else ""
    drafts: list[tuple[Rubric, bool]] = []

    def add(id_: str, criterion: str, weight: float, met: bool) -> None:
        if weight:
            drafts.append((Rubric(id=id_, criterion=criterion, weight=weight, axis=id_.partition(" ")[0]), met))

    add(ANSWER, f"The report gives {task.answer} as its answer.", options.answer, is_right(task, events))
    supported = _supported_claims(events)
    for number, fact in enumerate(dict.fromkeys(str(e["fact"]) for e in task.evidence if e.get("fact")), 1):
        met = any(_states(claim, fact) for claim in supported)
        add(f"fact {number}", f"The report states, and cites a source for it: {fact}", options.fact, met)
    cited = cited_passages(text)
    sound = bool(cited) and cited <= set(registered(events)) and len(supported) == len(_citations(events))
    add(
        "citations",
        "The report cites, and cites nothing that was not shown or does not support it.",
        options.citations,
        sound,
    )
    if task.distractors:
        asked, short = normalise(task.question), normalise(short_answer(text))
        wrong = [name for name in task.distractors if not is_named(name, asked) and is_named(name, short)]
        missed = bool(wrong) and not is_right(task, events)
        add("distractor", "The report gives a near miss as its answer.", options.distractor, missed)
    rubrics = [rubric for rubric, _ in drafts]
    verdicts = [CriterionVerdict(rubric=r.id, level="fully" if met else "not", by="mechanical") for r, met in drafts]
    return rubrics, verdicts


def _reward(
    rubrics: Sequence[Rubric],
    verdicts: Sequence[CriterionVerdict],
    right: bool,
    events: Sequence[Event],
    options: RewardOptions,
) -> Reward:
    by_id = {rubric.id: rubric for rubric in rubrics}
    parts = {
        v.rubric: float(bit(by_id[v.rubric], v.level)) for v in verdicts if v.level in ("not", "partially", "fully")
    }
    shut = options.gated and not right
    counted = [
        v.model_copy(update={"level": "not"}) if shut and v.counts and by_id[v.rubric].weight > 0 else v
        for v in verdicts
    ]
    total = score(rubrics, counted).value or 0.0
    calls = sum(event.call is not None for event in find(events, Observation))
    flaws = frozenset(rubric.id for rubric in rubrics if rubric.negative)
    return Reward(total - (options.per_call * calls if right else 0.0), parts, right, flaws)


def _citations(events: Sequence[Event]) -> list[tuple[str, str]]:
    """(claim, level) of each citation of the newest report, as the loop's check found it."""
    checks = find(events, Verified)
    return [(citation.claim, citation.level) for citation in checks[-1].citations] if checks else []


def _supported_claims(events: Sequence[Event]) -> list[str]:
    return [claim for claim, level in _citations(events) if level == "supports"]


def _states(claim: str, fact: str) -> bool:
    """Whether a sentence says what the fact says: the check of citations with the sentence as the source."""
    return support(fact, Passage(id="", document="", title="", text=claim)).level == "supports"
