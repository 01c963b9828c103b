"""Rubrics from a task's hidden side: its facts and descriptions are criteria, its near misses flaws.

With a model in two steps, so that what it says twice can be compared: a hidden summary and criteria first, then the
question from these, with the roles assigned again. Each request is one small question, so that small models can answer.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..judge.rubrics import Role, Rubric
from ..models.structured import Unusable
from ..text.characters import normalise
from ..text.names import is_named
from .data_files import Card
from .drawing import described, walk
from .generation import ModelStep, Progress, Rejected, change_records, task_of, words_of
from .records import DataCard, SyntheticTask
from .samples import Sample, content_words

MOST_NEAR = 4
"""Near misses that become flaws."""
MOST_FACTS, MOST_WRONG = 3, 1
"""Facts on the way, and wrong answers, of which a model makes criteria: each is asked about by itself, twice."""
SHORTEST_TEXT, LONGEST_TEXT = 12, 240
"""Characters of a criterion, summary or question that a model writes."""
TEXT = {"type": "string", "minLength": SHORTEST_TEXT, "maxLength": LONGEST_TEXT}
ANSWER = {"type": "string", "minLength": 1, "maxLength": 80}
_AXES: dict[Role, str] = {"explicit": "answer", "implicit": "evidence", "negative": "wrong answer"}
_SOME = re.compile(r"(?:an? |某)")
"""Begins the description of what several entities may be."""


def mechanical_rubrics(task: SyntheticTask) -> list[Rubric]:
    """Criteria from the hidden facts: explicit is what the question asks for or states, implicit what has to be found
    out on the way, negative what would be mistaken. Raises Rejected for a task without hidden facts."""
    if not task.evidence:
        raise Rejected("the task has no hidden facts")
    words = words_of("rubrics", task.language)
    identified = dict(_identified(task, words["called"]))
    some = [name for name, what in identified.items() if _SOME.match(what)]
    drafts: list[tuple[str, float, Role, str]] = [(words["answer"].format(task.answer), 5, "explicit", "answer")]
    for name, what in identified.items():
        text = words["some" if name in some else "described" if what else "page"].format(name, what)
        drafts.append((text, 3, "implicit", "identification"))
    for fact, passage in {passage.fact: passage for passage in task.evidence}.items():
        pattern = task.provenance.pattern
        of_answer = bool(pattern and pattern.entity in passage.edge)
        text = words["some fact" if any(is_named(name, normalise(fact)) for name in some) else "fact"]
        told = fact if pattern else f"{fact} ({passage.title})"
        drafts.append((text.format(told), 2, "explicit" if of_answer else "implicit", "evidence"))
    names = {task.answer, *task.aliases}
    near = [name for name in dict.fromkeys(task.distractors) if name not in names]
    drafts += [(words["near"].format(name), -4, "negative", "wrong answer") for name in near[:MOST_NEAR]]
    steps = [name for name in identified if name not in {*names, *near[:MOST_NEAR]}]
    drafts += [(words["on the way"].format(name), -3, "negative", "wrong answer") for name in steps]
    drafts.append((words["undecided"], -2, "negative", "clarity"))
    rows = enumerate(drafts, 1)
    return [Rubric(id=f"c{n}", criterion=c, weight=w, role=role, axis=axis) for n, (c, w, role, axis) in rows]


def _identified(task: SyntheticTask, called: str) -> Iterable[tuple[str, str]]:
    """(name, description) of each entity that the question only describes; of an article without a description."""
    question = normalise(task.question)
    found: list[tuple[str, str]] = []
    if pattern := task.provenance.pattern:
        names = task.provenance.notes.get("names", {})
        for part, step in zip(list(described(pattern))[:-1], task.plan, strict=False):
            found.append((names.get(part.entity, ""), re.sub(r"^Identify |^找出|[.。]$", "", step)))
        for value in (clue.value for _, clue in walk(pattern) if clue.value and clue.value.name_language):
            found.append((names.get(value.entity, ""), called.format(value.name)))
    else:
        found = [(passage.title, "") for passage in task.evidence if passage.title != task.answer]
    return ((name, what) for name, what in found if name and not is_named(name, question))


class RubricWriter:
    """Writes summary, criteria and question with a model, one small thing at a time, and drops what does not fit."""

    def __init__(self, model: ModelStep, task: SyntheticTask, card: Card) -> None:
        self._model, self._task, self._card = model, task, card

    async def write(self) -> SyntheticTask:
        """The task with a question and rubrics of the model. Raises Rejected, ModelError."""
        task = self._task
        hidden = list(_hidden(task))
        told = "\n".join(fact for fact, role in hidden if role != "negative")
        summary = await self._ask(
            "summary", {"facts": told, "answer": task.answer}, "summary", _reads("summary", like=told)
        )
        rubrics = [await self._rubric(n, fact, role) for n, (fact, role) in enumerate(hidden, 1)]
        shown = "\n".join(rubric.criterion for rubric in rubrics if not rubric.negative)
        names = [name for name in (task.answer, *task.aliases) if name]
        texts = {"summary": summary, "criteria": shown}
        query = await self._ask("query", texts, "question", _reads("question", without=names, like=told))
        choices = sorted(rubric.criterion for rubric in rubrics if not rubric.negative)
        if len(set(choices)) < len(choices):
            raise Rejected("criterion: two are the same")
        texts = {"question": query, "criteria": "\n".join(choices)}
        told = normalise(await self._ask("role", texts, "answer", lambda found: str(found["answer"]), ANSWER))
        named = [name for name in names if is_named(name, told)]
        for rubric in rubrics:  # what holds the answer to the question is asked for, all else is on the way or wrong
            is_asked = any(is_named(name, normalise(rubric.criterion)) for name in named)
            if is_asked != (rubric.role == "explicit"):
                raise Rejected(f"role: {rubric.role} is {'' if is_asked else 'not '}what the question asks for")
        texts = {"question": query, "criteria": "\n".join(f"({r.role}) {r.criterion}" for r in rubrics)}
        fits = {"type": "boolean"}
        if not await self._ask("consistent", texts, "consistent", lambda found: bool(found["consistent"]), fits):
            raise Rejected("consistent: the judge found question and rubrics inconsistent")
        undecided = words_of("rubrics", task.language)["undecided"]
        rubrics.append(Rubric(id="open", criterion=undecided, weight=-2, role="negative", axis="clarity"))
        notes = {**task.provenance.notes, "from": task.id, "summary": summary, "model": self._model.name}
        provenance = task.provenance.model_copy(update={"route": "rubrics", "notes": notes})
        changed = {"id": f"rubrics-{task.id}", "question": query, "rubrics": rubrics, "provenance": provenance}
        return task.model_copy(update=changed)

    async def _rubric(self, number: int, fact: str, role: Role) -> Rubric:
        """The criterion that the model makes of a fact; that of a wrong answer needs no model."""
        if role == "negative":
            criterion = words_of("rubrics", self._task.language)["near"].format(fact)
        else:
            criterion = await self._ask("criterion", {"fact": fact}, "criterion", _reads("criterion", like=fact))
        weight = {"explicit": 5, "implicit": 3, "negative": -4}[role]
        return Rubric(id=f"c{number}", criterion=criterion, weight=weight, role=role, axis=_AXES[role])

    async def _ask(
        self,
        name: str,
        texts: Mapping[str, str],
        field: str,
        read: Callable[[Sample], Any],
        form: Mapping[str, Any] = TEXT,
    ) -> Any:
        return await self._model.ask(name, self._task.language, texts, {field: form}, read, self._card)


def _hidden(task: SyntheticTask) -> Iterator[tuple[str, Role]]:
    """Facts and wrong answers with their roles: what names the answer is asked for, what leads to it is not."""
    facts = list(dict.fromkeys(passage.fact for passage in task.evidence))
    names = [name for name in (task.answer, *task.aliases) if name]
    final = [fact for fact in facts if any(is_named(name, normalise(fact)) for name in names)]
    yield final[-1] if final else words_of("rubrics", task.language)["answer"].format(task.answer), "explicit"
    yield from ((fact, "implicit") for fact in [f for f in facts if f not in final][:MOST_FACTS])
    yield from ((name, "negative") for name in [n for n in task.distractors if n not in names][:MOST_WRONG])


def _reads(field: str, like: str = "", without: Sequence[str] = ()) -> Callable[[Sample], str]:
    """Reads a sentence that has something of `like` in it, and none of the names `without`."""

    def read(found: Sample) -> str:
        text = " ".join(str(found[field]).split())
        if "<<<" in text:  # a small model may repeat a fence
            raise Unusable(f'"{field}" is no sentence')
        if named := next((name for name in without if is_named(name, normalise(text))), ""):
            raise Unusable(f'"{field}" must not name {named}')
        if like and not content_words(like) & content_words(text):
            raise Unusable(f'"{field}" has nothing of what was given')
        return text

    return read


async def add_rubrics(source: Path, out: Path, model: ModelStep | None, progress: Progress) -> DataCard:
    """Copy the tasks of a file with rubrics; with a model also with a query that it makes from them.

    Raises UserError where no task could be used, ModelError where the endpoint does not work.
    """

    async def change(record: Sample, card: Card) -> Sample:
        task = task_of(record)
        rubrics = mechanical_rubrics(task)
        task = await RubricWriter(model, task, card).write() if model else task.model_copy(update={"rubrics": rubrics})
        for rubric in task.rubrics:
            card.counts.setdefault("role", Counter())[rubric.role] += 1
        return task.model_dump(mode="json")

    return await change_records(source, out, "rubrics", {"model": model.name if model else ""}, change, progress)
