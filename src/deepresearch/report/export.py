"""Reports as files: one line per format.

A format is a function from the report to what its file holds, or to several files by name. Where it needs a program or
a package that the machine lacks it raises ExportError; the other formats are written all the same.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..derived import answer, started, state, total_cost, total_usage
from ..errors import ExportError
from ..trajectory import Event
from .bibliography import bibtex, csl, ris
from .citations import citations, sources
from .cost import cost_lines
from .html import html
from .latex import latex
from .markdown import markdown
from .pdf import pdf
from .slides import pptx
from .structure import Report, make_report
from .styles import check_style
from .word import docx

Content = str | bytes | dict[str, bytes]


@dataclass(frozen=True)
class Format:
    """A way to write a report."""

    file: str
    """Name of the file in the export's folder."""
    render: Callable[[Report, Sequence[Event]], Content]
    """What the file holds; or several files by name, `file` among them. Raises ExportError where a tool is missing."""


FORMATS = {
    "md": Format("report.md", lambda report, _: markdown(report)),
    "html": Format("report.html", lambda report, _: html(report)),
    "json": Format("report.json", lambda _, events: json.dumps(as_json(events), ensure_ascii=False, indent=1) + "\n"),
    "docx": Format("report.docx", lambda report, _: docx(report)),
    "pdf": Format("report.pdf", lambda report, _: pdf(report)),
    "pptx": Format("report.pptx", lambda report, _: pptx(report)),
    "tex": Format("report.tex", lambda report, _: latex(report)),
    "bib": Format("references.bib", lambda report, _: bibtex(report)),
    "ris": Format("references.ris", lambda report, _: ris(report)),
    "csl": Format("references.json", lambda report, _: csl(report)),
}
ALSO = {"markdown": "md", "slides": "pptx", "latex": "tex", "bibtex": "bib", "csl-json": "csl", "word": "docx"}
"""Other names of formats."""


@dataclass(frozen=True)
class Problem:
    """A format that could not be written."""

    format: str
    message: str
    """Which tool is missing or what went wrong, and what to do."""


@dataclass(frozen=True)
class Written:
    """What an export has brought."""

    files: tuple[Path, ...]
    problems: tuple[Problem, ...] = ()


def render_markdown(events: Sequence[Event], style: str = "") -> str:
    """The report of a run as Markdown. Raises ExportError where none has been written yet."""
    return markdown(make_report(events, style))


def as_json(events: Sequence[Event]) -> dict[str, Any]:
    """A run for programs, as `run --json` prints it; without a report its texts are empty and its lists still true."""
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
        "citations": citations(events),
        "checks": _checks_json(report),
        "unregistered": list(report.unregistered) if report else [],
        "notes": list(report.notes) if report else [],
        "sources": sources(events),
        "usage": total_usage(events).model_dump(mode="json"),
        "cost": total_cost(events),
        "budget": [asdict(line) for line in cost_lines(events)],
        "events": [event.model_dump(mode="json") for event in events],
    }


def _checks_json(report: Report | None) -> dict[str, Any] | None:
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


def check_formats(names: Iterable[str]) -> list[str]:
    """`names` without blanks and repetitions. Raises ExportError for one that is not known."""
    stripped = [name.strip().lower() for name in names]
    wanted = list(dict.fromkeys(ALSO.get(name, name) for name in stripped if name))
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown or not wanted:
        what = f"Unknown report format {', '.join(unknown)}." if unknown else "No report format given."
        raise ExportError(what, f"Known formats: {', '.join(FORMATS)}.")
    return wanted


def write(events: Sequence[Event], folder: Path, formats: Sequence[str], style: str = "") -> Written:
    """Write the report of a run into `folder` in each of `formats`, its references in `style`.

    The files come in the order of the formats; a format whose tool is missing is a problem, and the others are written
    all the same. A file is whole or not there. Raises ExportError for an unknown format or style or a run without a
    report, before anything is written, and where a file cannot be written.
    """
    chosen = check_formats(formats)
    check_style(style)
    report = make_report(events, style)
    files: list[Path] = []
    problems: list[Problem] = []
    for name in chosen:
        form = FORMATS[name]
        try:
            content = form.render(report, events)
        except ExportError as error:
            problems.append(Problem(name, str(error)))
            continue
        for file, data in (content if isinstance(content, dict) else {form.file: content}).items():
            _write_whole(folder / file, data)
            files.append(folder / file)
    return Written(tuple(files), tuple(problems))


def _write_whole(path: Path, content: str | bytes) -> None:
    """Write beside `path` and move into place, so that no reader ever meets half a file."""
    data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        if part.is_file():
            part.unlink()
        raise ExportError(
            f"{path} cannot be written ({error.strerror}).", "Name a folder that can be written to (--out)."
        ) from error
