"""A run for programs as one object, and for a terminal in a few lines."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..derived import answer, find, started, state, total_cost, total_usage
from ..text.characters import one_line
from ..trajectory import Event, RunFailed
from .citations import citations, resolve_answer, sources
from .cost import cost_lines, counted, minutes, number
from .structure import Format, ReportModel, make_report


def as_json(events: Sequence[Event]) -> dict[str, Any]:
    """A run for programs, as `run --json` prints it; without a report its texts are empty and its lists still true."""
    from .markdown import markdown  # noqa: PLC0415  a terminal's few lines do not wait for a writer

    report = make_report(events) if answer(events) else None
    task = started(events).task
    return {
        "run": started(events).run,
        "status": state(events),
        "question": task.question,
        "language": task.language,
        "title": report.title if report else "",
        "partial": report.partial if report else None,
        "report": markdown(report) if report else "",
        "answer": report.answer if report else "",
        "parts": [part.model_dump(mode="json") for part in report.parts] if report else [],
        "citations": citations(events),
        "checks": _checks(report),
        "unregistered": list(report.unregistered) if report else [],
        "notes": list(report.notes) if report else [],
        "sources": sources(events),
        "usage": total_usage(events).model_dump(mode="json"),
        "cost": total_cost(events),
        "budget": [asdict(line) for line in cost_lines(events)],
        "events": [event.model_dump(mode="json") for event in events],
    }


def _checks(report: ReportModel | None) -> dict[str, Any] | None:
    """A verdict for each passage at each mark, and the statements without a citation; None without a check."""
    if report is None or report.checks is None:
        return None
    verdicts = [
        {
            "mark": index,
            "number": cited.label,
            "passage": cited.passage.id,
            "level": cited.level,
            "claim": cited.check.claim if cited.check else "",
            "reason": cited.check.reason if cited.check else "",
        }
        for index, mark in enumerate(report.marks)
        for cited in mark.cited
    ]
    uncited = [
        {"claim": bare.claim, "suggestion": bare.suggestion.id if bare.suggestion else None}
        for bare in report.checks.uncited
    ]
    return {"counts": dict(report.checks.counts), "citations": verdicts, "uncited": uncited}


def summary(events: Sequence[Event], live: bool | None = None) -> str:
    """The state of a run: its question, what it used, what it wrote. Nothing in it acts on a terminal.

    live: whether a process is writing the run now, where that is known.
    """
    opening = started(events)
    costs = {line.name: line.used or 0 for line in cost_lines(events)}
    usage, cost = total_usage(events), total_cost(events)
    price = "unknown price" if cost is None else f"${number(cost)}"
    lines = [
        f"Run {one_line(opening.run)}: {_status(events, live)}. {one_line(opening.task.question, 200)}",
        f"Used: {counted(costs['turns'], 'turn')}, {counted(costs['tool_calls'], 'tool call')}, "
        f"{counted(usage.input + usage.output, 'token')} ({number(usage.cached)} of them cached), {price}, "
        f"{minutes(costs['minutes'])} minute{'' if costs['minutes'] == 1 else 's'}.",
        _report_line(events),
    ]
    if failed := find(events, RunFailed):
        lines.append(f"Failed: {one_line(failed[-1].message or failed[-1].reason, 300)}")
    return "\n".join(lines)


def _status(events: Sequence[Event], live: bool | None) -> str:
    status = state(events)
    return "interrupted, it can be resumed" if status == "running" and live is False else status


def _report_line(events: Sequence[Event]) -> str:
    answered = answer(events)
    shown = len(sources(events))
    if answered is None:
        return f"No report yet; {counted(shown, 'document')} shown so far."
    resolved = resolve_answer(events)
    passages = sum(len(reference.passages) for reference in resolved.references)
    removed = len(resolved.unregistered)
    return (
        f"Report: {'partial, ' if answered.partial else ''}{counted(len(answered.text), 'character')}, "
        f"{counted(passages, 'passage')} of {counted(len(resolved.references), 'document')} cited, "
        f"{counted(shown, 'document')} shown"
        + (f", {counted(removed, 'id')} cited that {'was' if removed == 1 else 'were'} never shown" if removed else "")
        + "."
    )


FORMAT = Format("report.json", lambda _, events: json.dumps(as_json(events), ensure_ascii=False, indent=1) + "\n")
