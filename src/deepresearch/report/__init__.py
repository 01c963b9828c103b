"""Reports: citations resolved to passages, one structure, and the formats that are written from it."""

from typing import TYPE_CHECKING, Any

from .citations import citations, sources
from .overview import summary

if TYPE_CHECKING:
    from .export import FORMATS, Problem, Written, check_formats, render_markdown, write
    from .overview import as_json
    from .structure import Format, ReportModel, make_report
    from .styles import check_style

__all__ = [
    "FORMATS",
    "Format",
    "Problem",
    "ReportModel",
    "Written",
    "as_json",
    "check_formats",
    "check_style",
    "citations",
    "make_report",
    "render_markdown",
    "sources",
    "summary",
    "write",
]

_HOMES = {
    "FORMATS": "export",
    "Format": "structure",
    "Problem": "export",
    "ReportModel": "structure",
    "Written": "export",
    "as_json": "overview",
    "check_formats": "export",
    "check_style": "styles",
    "make_report": "structure",
    "render_markdown": "export",
    "write": "export",
}


def __getattr__(name: str) -> Any:
    """The names that need a writer, each loaded at first use; a check of citations needs none."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
