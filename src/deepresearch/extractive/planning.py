"""The plan in words, and as items for the todo list."""

from .facets import facets_of
from .phrases import phrases_for
from .research import Research
from .words import content_terms

LONGEST_ITEM = 500
"""Characters of an item that the list takes."""


def sub_questions(research: Research) -> list[str]:
    """What has to be found out, one line each."""
    question = research.question
    facets = facets_of(research.questions)
    joint = "：" if question.language == "zh" else ": "
    lines = []
    for facet in facets:
        aspects = [p for p in question.phrases if set(facet.aspects) & set(content_terms(p)) and p not in facet.heading]
        lines.append(facet.heading + (joint + "、".join(aspects) if aspects and facet.kind == "comparison" else ""))
    return [line or question.text for line in lines]


def plan_text(research: Research) -> str:
    """The plan as Markdown."""
    question, words = research.question, phrases_for(research.question.language)
    lines = [words.plan_asked.format(kind=words.kinds[question.kind]), "", words.plan_parts]
    lines += [f"{number}. {line}" for number, line in enumerate(sub_questions(research), 1)]
    where = [words.plan_names.format(names=", ".join(question.names))] if question.names else []
    where += [words.plan_passages, words.plan_read, words.plan_check]
    return "\n".join([*lines, "", words.plan_where, *(f"- {line}" for line in where)])


def todo_items(research: Research, status: str, notes: list[str] | None = None) -> list[dict[str, str]]:
    """The sub-questions as changes for the todo list, which knows items by their text; `notes`: one for each."""
    lines = [line[:LONGEST_ITEM] for line in sub_questions(research)]
    items = {line: {"text": line, "status": status} for line in lines}
    for line, note in zip(lines, notes or [], strict=False):
        items[line]["note"] = note
    return list(items.values())
