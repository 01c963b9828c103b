"""Reports as files.

A format is a function from the report and the run's events to what its file holds. Where it needs a program or a
package that the machine lacks it raises ExportError; the other formats are written all the same. Installed packages add
formats through entry points (docs/extending.md).
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ExportError, SettingsError
from ..plugins import Registry
from ..trajectory import Event
from .bibliography import bibtex, csl, ris
from .structure import ReportModel, make_report
from .styles import check_style

Content = str | bytes | dict[str, bytes]


@dataclass(frozen=True)
class Format:
    """A way to write a report."""

    file: str
    """Name of the file in the export's folder."""
    render: Callable[[ReportModel, Sequence[Event]], Content]
    """What the file holds; or several files by name, `file` among them. Raises ExportError where a tool is missing."""


def _format(file: str, module: str, name: str) -> Format:
    """A format whose writer is imported when it is first used."""

    def render(report: ReportModel, events: Sequence[Event]) -> Content:
        from importlib import import_module  # noqa: PLC0415

        content: Content = getattr(import_module(f".{module}", __package__), name)(report)
        return content

    return Format(file, render)


def _json(_: ReportModel, events: Sequence[Event]) -> str:
    from .overview import as_json  # noqa: PLC0415  it writes Markdown too

    return json.dumps(as_json(events), ensure_ascii=False, indent=1) + "\n"


MD = _format("report.md", "markdown", "markdown")
HTML = _format("report.html", "html", "html")
JSON = Format("report.json", _json)
DOCX = _format("report.docx", "word", "docx")
PDF = _format("report.pdf", "pdf", "pdf")
PPTX = _format("report.pptx", "slides", "pptx")
TEX = _format("report.tex", "latex", "latex")
BIB = Format("references.bib", lambda report, _: bibtex(report))
RIS = Format("references.ris", lambda report, _: ris(report))
CSL = Format("references.json", lambda report, _: csl(report))

FORMATS: Registry[Format] = Registry(
    "formats",
    {name: f"{__name__}:{name.upper()}" for name in "md html json docx pdf pptx tex bib ris csl".split()},
)
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
    from .markdown import markdown  # noqa: PLC0415

    return markdown(make_report(events, style))


def check_formats(names: Iterable[str]) -> list[str]:
    """`names` without blanks and repetitions. Raises ExportError for one that is not known."""
    stripped = [name.strip().lower() for name in names]
    wanted = list(dict.fromkeys(ALSO.get(name, name) for name in stripped if name))
    known = FORMATS.names()
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        what = f"Unknown report format {', '.join(unknown)}." if unknown else "No report format given."
        raise ExportError(what, f"Known formats: {', '.join(known)}.")
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
        try:
            form = FORMATS.get(name)
            content = form.render(report, events)
        except (ExportError, SettingsError) as error:
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
