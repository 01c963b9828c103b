"""Whether a report answers a task, decided without a model, and how often tasks are answered."""

from collections.abc import Iterable, Mapping

from ..judge.short_answer import names_answer
from .records import SyntheticTask


def is_correct(report: str, task: SyntheticTask) -> bool:
    """Whether the short answer names the answer, and no near miss."""
    names = [name for name in (task.answer, *task.aliases) if name]
    return names_answer(report, task.question, names, task.distractors)


def pass_rates(rollouts: Iterable[Mapping[str, object]]) -> dict[str, float]:
    """Share of correct tries by task."""
    tried: dict[str, list[bool]] = {}
    for record in rollouts:
        tried.setdefault(str(record["task"]), []).append(bool(record["correct"]))
    return {task: sum(right) / len(right) for task, right in tried.items()}
