"""The page that a run of the miniature leaves: the table, the curves and some trajectories, in one file."""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from deepresearch.derived import find
from deepresearch.training.curves import Curve, draw, read_points
from deepresearch.trajectory import Answered, Event, Observation, PlanProposed, RunFailed, RunStarted, Turn

from .miniature_measure import GROUPS, MEASURES, Row, as_words

CURVES = {
    "curves/mid-training-I/curve.jsonl": ("loss", "decisions"),
    "curves/mid-training-II/curve.jsonl": ("loss", "decisions"),
    "curves/fine-tuning/curve.jsonl": ("loss", "decisions"),
    "curves/PPO/curve.jsonl": ("reward", "right", "calls", "kl", "entropy"),
}
"""Quantities drawn of each stage."""
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .25rem .8rem; border-bottom: 1px solid #ddd }
td + td { text-align: right; font-variant-numeric: tabular-nums } td { white-space: nowrap } th { text-align: left }
pre { white-space: pre-wrap; background: #f6f6f6; padding: .8rem } svg { max-width: 100%; height: auto }
"""


def write_page(
    path: Path,
    about: Sequence[str],
    tables: Mapping[str, Sequence[Row]],
    folders: Mapping[str, Path],
    transcripts: Mapping[str, str],
) -> None:
    """Write the page. about: lines on the run. tables: by heading. folders: of trainings, by what their curves are
    called. transcripts: runs as text."""
    parts: list[str] = []
    for heading, rows in tables.items():
        parts += [f"<h2>{html.escape(heading)}</h2>", _table(rows)]
    parts += [f"<p>{html.escape(line)}</p>" for line in about]
    for stage, quantities in CURVES.items():
        lines = {
            name: Curve(read_points(file)) for name, folder in folders.items() if (file := folder / stage).exists()
        }
        if lines:
            parts += [f"<h2>{stage.split('/')[1]}</h2>", _picture(lines, quantities, path.with_suffix(".svg"))]
    parts.append("<h2>Held-out runs</h2>")
    parts += [f"<h3>{html.escape(task)}</h3><pre>{html.escape(text)}</pre>" for task, text in transcripts.items()]
    head = f"<meta charset='utf-8'><title>The miniature</title><style>{STYLE}</style>"
    path.write_text(f"<!doctype html><html lang='en'>{head}<h1>The miniature</h1>{''.join(parts)}</html>", "utf-8")


def _table(rows: Sequence[Row]) -> str:
    cells = "".join(f"<th>{name}</th>" for name in ("stage", "tasks", "n", *MEASURES))
    lines = [f"<tr>{cells}</tr>"]
    for row in rows:
        values = [as_words(name, *value) for name, value in row.values.items()]
        line = [html.escape(row.stage), GROUPS[row.group], str(row.runs), *values]
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in line) + "</tr>")
    return f"<table>{''.join(lines)}</table>"


def _picture(lines: Mapping[str, Curve], quantities: Sequence[str], scratch: Path) -> str:
    draw(lines, quantities, scratch)
    text = scratch.read_text("utf-8")
    scratch.unlink()
    return text[text.index("<svg") :]


def transcript(events: Sequence[Event]) -> str:
    """A run as people read it: what was asked, thought, searched, shown and reported."""
    lines = [f"? {event.task.question}" for event in find(events, RunStarted)]
    numbers: dict[str, int] = {}
    for event in events:
        if isinstance(event, PlanProposed):
            lines += [f"plan: {line}" for line in event.text.splitlines()]
        elif isinstance(event, Turn) and event.calls:
            for call in event.calls:
                asked = (call.arguments or {}).get("queries") or (call.arguments or {}).get("references")
                lines.append(f"{event.reasoning or '-'} -> {', '.join(map(str, asked or [call.problem]))}")
        elif isinstance(event, Observation):
            lines += [f"    {event.status}: {event.reason}"] if event.status != "ok" else []
            for passage in event.passages:
                numbers.setdefault(passage.id, len(numbers) + 1)
                lines.append(f"    [{numbers[passage.id]}] {passage.title} | {passage.text}")
        elif isinstance(event, Answered):
            text = event.text
            for key, number in numbers.items():
                text = text.replace(f"\\cite{{{key}}}", f"[{number}]")
            lines.append(f"report: {text}")
    reasons = [f"failed: {event.message}" for event in find(events, RunFailed)]
    return "\n".join([*lines, *reasons])
