"""Rubrics from a task's hidden side: its facts and descriptions are criteria, its near misses flaws.

With a model in two steps, so that what it says twice can be compared: a hidden summary and rubrics first, then the
query from the rubrics, with the roles assigned again.
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from ..judge.rubrics import Role, Rubric, RubricSet
from ..models.structured import Unusable
from ..text.characters import normalise
from ..text.names import is_named
from .data_files import Card
from .drawing import described, walk
from .generation import Progress, Rejected, words_of
from .record_steps import ModelStep, change_records, task_of
from .records import DataCard, SyntheticTask
from .samples import Sample

MOST_NEAR = 4
"""Near misses that become flaws."""
LONGEST_TEXT = 240
"""Characters of a criterion or a summary."""
MOST_RUBRICS = 8
"""That a model is asked for, as its prompt says; a small one would go on until its reply is cut."""
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
    """Writes summary, rubrics and query with a model, and drops what does not fit together."""

    def __init__(self, model: ModelStep) -> None:
        self._model = model

    async def write(self, task: SyntheticTask, card: Card) -> SyntheticTask:
        """The task with a query and rubrics of the model. Raises Rejected, ModelError."""
        facts = "\n".join(f"- {passage.fact}" for passage in task.evidence)
        wrong = "\n".join(f"- {name}" for name in task.distractors[:MOST_NEAR]) or "-"
        hidden = {"answer": task.answer, "facts": facts, "wrong": wrong}
        text = {"type": "string", "maxLength": LONGEST_TEXT}
        role = {"enum": list(get_args(Role))}
        weighed = {"criterion": text, "weight": {"enum": [1, 2, 3, 4, 5]}, "axis": {"type": "string", "maxLength": 40}}
        wanted = _object(role={"enum": ["explicit", "implicit"]}, **weighed)
        fields = {
            "summary": text,
            "rubrics": {"type": "array", "items": wanted, "minItems": 2, "maxItems": MOST_RUBRICS},
            "flaws": {"type": "array", "items": _object(**weighed), "minItems": 1, "maxItems": MOST_NEAR},
        }
        summary, rubrics = await self._model.ask("rubrics", task.language, hidden, fields, _read_rubrics, card)
        shown = "\n".join(f"{rubric.id}: {rubric.criterion}" for rubric in rubrics)
        texts = {"summary": summary, "rubrics": shown}
        roles = _object(**{rubric.id: role for rubric in rubrics})
        fields = {"query": {"type": "string", "maxLength": 600}, "roles": roles}
        query, assigned = await self._model.ask(
            "query", task.language, texts, fields, lambda found: (found["query"].strip(), found["roles"]), card
        )
        if differing := [rubric.id for rubric in rubrics if assigned.get(rubric.id) != rubric.role]:
            raise Rejected(f"query: roles differ in {'one rubric' if len(differing) == 1 else 'several rubrics'}")
        if any(is_named(name, normalise(query)) for name in (task.answer, *task.aliases) if name):
            raise Rejected("query: it names the answer")
        texts = {"query": query, "rubrics": "\n".join(f"({r.role}) {r.criterion}" for r in rubrics)}
        verdict = {"consistent": {"type": "boolean"}, "reason": text}
        if not await self._model.ask(
            "consistent", task.language, texts, verdict, lambda found: bool(found["consistent"]), card
        ):
            raise Rejected("consistent: the judge found query and rubrics inconsistent")
        notes = {**task.provenance.notes, "from": task.id, "summary": summary, "model": self._model.name}
        provenance = task.provenance.model_copy(update={"route": "rubrics", "notes": notes})
        changed = {"id": f"rubrics-{task.id}", "question": query, "rubrics": rubrics, "provenance": provenance}
        return task.model_copy(update=changed)


def _object(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _read_rubrics(found: dict[str, Any]) -> tuple[str, list[Rubric]]:
    wanted, flaws = found["rubrics"], found["flaws"]
    if not all(isinstance(item, dict) for item in (*wanted, *flaws)):
        raise Unusable('"rubrics" or "flaws" has an item that is no object')
    negative = [{**flaw, "role": "negative", "weight": f"-{flaw.get('weight')}"} for flaw in flaws]
    try:
        rows = [{**item, "id": f"c{n}"} for n, item in enumerate([*wanted, *negative], 1)]
        rubrics = list(RubricSet.model_validate({"rubrics": rows}).rubrics)
    except ValidationError as error:
        raise Unusable(f"a rubric cannot be used: {error.errors()[0]['msg']}") from error
    if not any(rubric.negative for rubric in rubrics) or not any(rubric.weight > 0 for rubric in rubrics):
        raise Unusable("there must be at least one criterion with a weight above zero, and one flaw")
    if len({rubric.criterion.casefold() for rubric in rubrics}) < len(rubrics):
        raise Unusable("two rubrics have the same criterion")
    return found["summary"].strip(), rubrics


async def add_rubrics(source: Path, out: Path, model: ModelStep | None, progress: Progress) -> DataCard:
    """Copy the tasks of a file with rubrics; with a model also with a query that it makes from them.

    Raises UserError where no task could be used, ModelError where the endpoint does not work.
    """

    async def change(record: Sample, card: Card) -> Sample:
        task = task_of(record)
        rubrics = mechanical_rubrics(task)
        task = await RubricWriter(model).write(task, card) if model else task.model_copy(update={"rubrics": rubrics})
        for rubric in task.rubrics:
            card.counts.setdefault("role", Counter())[rubric.role] += 1
        return task.model_dump(mode="json")

    return await change_records(source, out, "rubrics", {"model": model.name if model else ""}, change, progress)
