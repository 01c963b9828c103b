"""The plan in words, and as items for the todo list."""

from .parts import parts_of
from .phrases import phrases_for
from .question import OPEN
from .research import Research

LONGEST_ITEM = 500
"""Characters of an item that the list takes."""


def sub_questions(research: Research) -> list[str]:
    """What has to be found out, one line each."""
    return [line for part in parts_of(research.questions) for line in (part.text, *part.sides) if line]


def plan_text(research: Research) -> str:
    """The plan as Markdown."""
    question, words = research.question, phrases_for(research.question.language)
    lines = [
        words.plan_asked.format(
            kind=(", " if question.language != "zh" else "、").join(
                words.kinds[kind] for kind in question.kinds or (OPEN,)
            )
        ),
        "",
        words.plan_parts,
    ]
    lines += [f"{number}. {line}" for number, line in enumerate(sub_questions(research), 1)]
    where = [words.plan_names.format(names=", ".join(question.names))] if question.names else []
    where += [words.plan_passages, words.plan_check]
    return "\n".join([*lines, "", words.plan_where, *(f"- {line}" for line in where)])


def todo_items(research: Research, status: str, notes: list[str] | None = None) -> list[dict[str, str]]:
    """The sub-questions as changes for the todo list, which knows items by their text; `notes`: one for each."""
    lines = [line[:LONGEST_ITEM] for line in sub_questions(research)]
    items = {line: {"text": line, "status": status} for line in lines}
    for line, note in zip(lines, notes or [], strict=False):
        items[line]["note"] = note
    return list(items.values())
