"""The cited documents for reference managers: CSL-JSON, BibTeX and RIS."""

import json
import re
from typing import Any
from urllib.parse import unquote, urlsplit

from ..text.characters import one_line
from ..text.dates import date_parts, iso
from .citations import Reference
from .cost import minute
from .markup import language_tag, safe_url
from .structure import Format, ReportModel
from .tex import escape

LONGEST_TITLE = 500
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>{}]+")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def csl_items(report: ReportModel) -> list[dict[str, Any]]:
    """One CSL-JSON item per cited document, in the order of the references (CSL-JSON schema 1.0)."""
    return [_csl_item(reference, report) for reference in report.references]


def csl(report: ReportModel) -> str:
    """The references as CSL-JSON."""
    return json.dumps(csl_items(report), ensure_ascii=False, indent=1) + "\n"


def bibtex(report: ReportModel) -> str:
    """The references as BibTeX, readable by biber too."""
    return "\n".join(_bibtex_entry(item) for item in csl_items(report))


def ris(report: ReportModel) -> str:
    """The references as RIS; every value on its one line, lines end as the format asks."""
    lines = [line for item in csl_items(report) for line in _ris_lines(item)]
    return "".join(f"{line}\r\n" for line in lines)


def key(reference: Reference) -> str:
    """A reference's name in every file."""
    return f"ref{reference.number}"


def _csl_item(reference: Reference, report: ReportModel) -> dict[str, Any]:
    url = safe_url(reference.url)
    languages = [tag for c in reference.passages if (tag := language_tag(c.passage.language))]
    item: dict[str, Any] = {"id": key(reference), "type": "webpage" if url else "document"}
    item["title"] = one_line(reference.title, LONGEST_TITLE)
    if issued := date_parts(reference.date):
        item["issued"] = {"date-parts": [list(issued)]}
    if url:
        item["URL"] = url
        item["accessed"] = {"date-parts": [list(date_parts(minute(report.written))) or [1970]]}
        if doi := _doi(url):
            item |= {"DOI": doi, "type": "article-journal"}
    else:
        item["note"] = one_line(reference.document, LONGEST_TITLE)
    if languages:
        item["language"] = languages[0]
    if report.checked:
        item["annote"] = _verdicts(reference, report)
    return item


def _verdicts(reference: Reference, report: ReportModel) -> str:
    """How the citations of a document came out, by the marks of the text."""
    labels = report.labels
    found = [f"[{cited.label}] {labels.of('levels', cited.level)}" for cited in reference.passages]
    return f"{labels.check}{labels.colon}{labels.comma.join(found)}"


def _doi(url: str) -> str | None:
    parts = urlsplit(url)
    found = _DOI.fullmatch(unquote(parts.path.lstrip("/")))
    return found.group() if found and parts.hostname in ("doi.org", "dx.doi.org", "www.doi.org") else None


def _bibtex_entry(item: dict[str, Any]) -> str:
    issued = item.get("issued", {}).get("date-parts", [[]])[0]
    accessed = item.get("accessed", {}).get("date-parts", [[]])[0]
    fields = {
        "title": "{" + escape(item["title"]) + "}",
        "year": f"{issued[0]:04}" if issued else "",
        "month": _MONTHS[issued[1] - 1] if len(issued) > 1 else "",
        "day": str(issued[2]) if len(issued) > 2 else "",
        "doi": escape(item.get("DOI", "")),
        "url": item.get("URL", ""),
        "urldate": iso(accessed),
        "langid": {"zh": "chinese", "en": "english"}.get(item.get("language", "")[:2], ""),
        "note": escape(item.get("note", "")),
        "annotation": escape(item.get("annote", "")),
    }
    kind = {"webpage": "online", "article-journal": "article"}.get(item["type"], "misc")
    lines = "".join(
        f"  {name} = {value if name == 'month' else f'{{{value}}}'},\n" for name, value in fields.items() if value
    )
    return f"@{kind}{{{item['id']},\n{lines}}}\n"


def _ris_lines(item: dict[str, Any]) -> list[str]:
    issued = item.get("issued", {}).get("date-parts", [[]])[0]
    accessed = item.get("accessed", {}).get("date-parts", [[]])[0]
    kind = {"webpage": "ELEC", "article-journal": "JOUR"}.get(item["type"], "GEN")
    values = [
        ("TY", kind),
        ("ID", item["id"]),
        ("TI", item["title"]),
        ("PY", f"{issued[0]:04}" if issued else ""),
        ("DA", _ris_date(issued) if len(issued) > 1 else ""),
        ("DO", item.get("DOI", "")),
        ("UR", item.get("URL", "")),
        ("Y2", _ris_date(accessed) if accessed else ""),
        ("LA", item.get("language", "")),
        ("N1", item.get("note", "")),
        ("N1", item.get("annote", "")),
    ]
    return [*(f"{tag}  - {value}" for tag, value in values if value), "ER  - ", ""]


def _ris_date(parts: list[int]) -> str:
    return iso(parts).replace("-", "/") + "/" * (4 - len(parts))


BIBTEX = Format("references.bib", lambda report, _: bibtex(report))
RIS = Format("references.ris", lambda report, _: ris(report))
CSL = Format("references.json", lambda report, _: csl(report))
