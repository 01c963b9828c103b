"""Reports as files.

A format is one module with its `Format`, and one line of FORMATS. Where it needs a program or a package that the
machine lacks it raises ExportError; the other formats are written all the same. Installed packages add formats through
entry points (docs/extending.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ExportError, SettingsError
from ..files import write_file
from ..plugins import Registry
from ..trajectory import Event
from .structure import Format, make_report
from .styles import check_style

FORMATS: Registry[Format] = Registry(
    "formats",
    {
        "md": f"{__package__}.markdown:FORMAT",
        "html": f"{__package__}.html:FORMAT",
        "json": f"{__package__}.overview:FORMAT",
        "docx": f"{__package__}.word:FORMAT",
        "pdf": f"{__package__}.pdf:FORMAT",
        "pptx": f"{__package__}.slides:FORMAT",
        "tex": f"{__package__}.latex:FORMAT",
        "bib": f"{__package__}.bibliography:BIBTEX",
        "ris": f"{__package__}.bibliography:RIS",
        "csl": f"{__package__}.bibliography:CSL",
    },
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
    """Raises ExportError where the file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, [content if isinstance(content, bytes) else content.encode("utf-8", "replace")])
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written ({error.strerror}).", "Name a folder that can be written to (--out)."
        ) from error
