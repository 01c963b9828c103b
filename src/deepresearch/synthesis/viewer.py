"""Tasks and rollouts as one HTML page for people: no script, nothing from outside, every text escaped."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import write_file
from .data_files import read_records
from .filters import FILTERS, FOR_ROLLOUTS, FOR_TASKS, Filter, FilterOptions
from .samples import Sample, identity

LONGEST = 6_000
"""Characters of one text that are shown."""
HIDDEN = ("answer", "aliases", "distractors", "hops", "depth", "difficulty", "level", "pass_rate")
RUN = ("policy", "state", "correct", "cited", "supported", "turns", "calls", "errors", "hints", "wrong")


def write_page(source: Path, out: Path, tasks: Path | None = None, most: int = 50, suites: Sequence[Path] = ()) -> int:
    """Write a page of the first `most` records of a file of tasks or rollouts; how many there are on it.

    tasks: file in which the hidden side of rollouts is. suites: evaluation suites for the filters' verdicts.
    Raises UserError for a file that cannot be read.
    """
    records = list(islice(read_records(source), most))
    if not records:
        raise UserError(f"{source} is empty.", "Name a file of tasks or rollouts.")
    wanted = {record.get("task") for record in records}
    known = {task["id"]: task for task in read_records(tasks) if task["id"] in wanted} if tasks else {}
    names = FOR_ROLLOUTS if "events" in records[0] else FOR_TASKS
    chosen = {name: FILTERS.get(name)(FilterOptions(suites=suites)) for name in names}
    for record in read_records(source):  # as the filters would see the whole file
        for one in chosen.values():
            one.look(record)
    write_file(out, (part.encode("utf-8", "replace") for part in _page(source.name, records, known, chosen)))
    return len(records)


def _page(
    name: str, records: Iterable[Sample], tasks: Mapping[str, Sample], filters: Mapping[str, Filter]
) -> Iterator[str]:
    yield files(__package__).joinpath("viewer.html").read_text(encoding="utf-8").replace("TITLE", _text(name))
    for number, record in enumerate(records, 1):
        try:
            yield f"<article><h2>{number}. {_text(record['question'])}</h2><p>{_text(identity(record))}</p>"
            yield from _hidden(record if "evidence" in record else tasks.get(record.get("task", ""), record))
            if "events" in record:
                yield _table((key, record[key]) for key in RUN if key in record)
                yield _folded("Trajectory", "".join(map(_event, record["events"])))
            for message in record.get("messages", []):
                yield f"<h3>{_text(message['role'])}</h3>{_pre(message['content'])}"
            yield from _verdicts(record, filters)
        except (KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"Record {number} is neither task nor rollout: {error!r}.", "See docs/synthesis.md."
            ) from error
        yield "</article>"
    yield "</body></html>\n"


def _hidden(task: Sample) -> Iterator[str]:
    yield "<details open><summary>Hidden side</summary>" + _table((key, task[key]) for key in HIDDEN if key in task)
    if task.get("plan"):
        yield "<h3>Plan</h3><ol>" + "".join(f"<li>{_text(step)}</li>" for step in task["plan"]) + "</ol>"
    if task.get("evidence"):
        yield "<h3>Evidence</h3>"
        for passage in task["evidence"]:
            told = f"{passage.get('fact')} ({passage.get('title')}, {passage['passage']})"
            yield _folded(told, _pre(passage.get("text")))
    if task.get("rubrics"):
        yield "<h3>Rubrics</h3>"
        yield _table((f"{r['role']} {r['weight']:g}", f"{r.get('axis')}: {r['criterion']}") for r in task["rubrics"])
    if task.get("provenance"):
        yield _folded("Provenance", _pre(json.dumps(task["provenance"], ensure_ascii=False)))
    yield "</details>"


def _event(event: Sample) -> str:
    kind = _text(event["type"])
    if event["type"] == "turn":
        parts = [_pre(event[key]) for key in ("reasoning", "text") if event.get(key)]
        calls = [{"tool": call.get("tool"), **(call.get("arguments") or {})} for call in event.get("calls", [])]
        parts += [_pre(json.dumps(call, ensure_ascii=False)) for call in calls]
        return f'<div class="turn"><h3>{kind}</h3>{"".join(parts)}</div>'
    if event["type"] == "observation":
        title = f"observation: {event.get('tool', '')} {event.get('status', 'ok')}"
        return _folded(title, _pre(event.get("shown")))
    if event["type"] == "verified":
        rows = _table((c.get("level"), f"{c.get('passage')}: {c.get('claim', '')}") for c in event.get("citations", []))
        return f"<h3>{kind}</h3>{rows}"
    told = event.get("text") or event.get("message") or event.get("reason") or ""
    return f"<h3>{kind}</h3>{_pre(told) if told else ''}"


def _verdicts(record: Sample, filters: Mapping[str, Filter]) -> Iterator[str]:
    yield "<h3>Filters</h3><ul>"
    for name, one in filters.items():
        why = one.reason(record)
        yield f'<li class="{"bad" if why else "good"}">{_text(name)}: {_text(why or "passed")}</li>'
    yield "</ul>"


def _table(rows: Iterable[tuple[Any, Any]]) -> str:
    cells = ((key, ", ".join(map(str, value)) if isinstance(value, list) else value) for key, value in rows)
    return "<table>" + "".join(f"<tr><th>{_text(k)}</th><td>{_text(v)}</td></tr>" for k, v in cells) + "</table>"


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{_text(title)}</summary>{content}</details>"


def _pre(value: Any) -> str:
    return f"<pre>{_text(value)}</pre>"


def _text(value: Any) -> str:
    text = "" if value is None else str(value)
    cut = f"{text[:LONGEST]} … ({len(text) - LONGEST:,} characters more)" if len(text) > LONGEST else text
    return escape("".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in cut))
