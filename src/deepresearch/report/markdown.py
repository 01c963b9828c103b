"""The report as Markdown: marks that link to numbered references, each with the passages that are cited.

The policy's Markdown is kept as it is, except for what another program could act on when it shows the file: raw
HTML, links of other schemes than http, https and mailto, and images, which would be fetched.
"""

import re
from typing import Any

from ..text.markdown import Ranges, code_ranges, is_inside, line_starts, merge_ranges, new_parser
from .blocks import Run
from .checks import explain, suggest, summary
from .citations import Cited, Mark, Reference
from .markup import (
    PLACEHOLDERS,
    clean,
    closing_fence,
    one_line,
    safe_url,
)
from .plain import plain
from .structure import Report
from .styles import entries
from .words import about, cost_rows, facts, mark_text, place, remarks

QUOTE = 320
"""Characters of a cited passage that are shown."""

_SPECIAL = re.compile(r"([\\`*_\[\]~$]|&(?=#?\w+;))")
_ACTIVE = re.compile(
    rf"(?P<mark>{PLACEHOLDERS.pattern})"
    r"|(?P<autolink><(?:https?://|mailto:)[^\s<>]*>)"
    r"|(?P<kept><br ?/?>|<(?P<tag>su[bp])>[^<>\n\ue000`\[\]\\]{1,200}</(?P=tag)>)"
    r"|<(?P<strong>b|strong|i|em)>(?P<words>[^<>\n\ue000`\[\]\\*\s][^<>\n\ue000`\[\]\\*]{0,200}(?<!\s))</(?P=strong)>"
    r"|(?P<html>\\?<(?=[A-Za-z/!?]))"
    r"|(?P<image>(?<!\\)!(?=\[))"
    r"|(?P<link>\](?=[(:]))",
    re.IGNORECASE,
)


def markdown(report: Report) -> str:
    """The whole report as Markdown."""
    labels = report.labels
    parts = [f"# {escape(report.title)}"]
    if one_line(report.question) != report.title:
        parts.append(f"**{labels.question}**{labels.colon}{escape(report.question)}")
    parts.append(" · ".join(f"{name}{labels.colon}{escape(value)}" for name, value in facts(report)))
    if report.partial is not None:
        parts.append(f"> **{labels.partial}**{labels.colon}{escape(report.partial)}")
    parts.append(body(report))
    if report.references:
        styled = entries(report) or [()] * len(report.references)
        lines = [_reference(r, report, style) for r, style in zip(report.references, styled, strict=True)]
        parts += [f"## {labels.references}", "\n".join(lines)]
    parts += _checks(report)
    if report.notes:
        parts += [f"## {labels.notes}", "\n".join(f"- {escape(note)}" for note in report.notes)]
    parts += [f"## {labels.cost}", _cost_table(report)]
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: str) -> str:
    """`text` on one line, with nothing in it that Markdown or HTML would act on."""
    return _SPECIAL.sub(r"\\\1", one_line(text)).replace("<", "&lt;").replace(">", "&gt;")


def anchor(cited: Cited) -> str:
    """Name of the place that a mark leads to."""
    return f"ref-{cited.label}"


def body(report: Report) -> str:
    """The policy's Markdown with its marks resolved and everything active in it broken."""
    text = report.body
    code = code_ranges(text)
    broken = _lines_with_forbidden_links(text)

    def replace(match: re.Match[str]) -> str:
        if is_inside(code, match.start()):
            return "" if match["mark"] else match.group()
        if match["mark"]:
            return _mark(report.marks[int(match.group(2))], report)
        if match["words"]:
            stars = "**" if match["strong"].lower() in ("b", "strong") else "*"
            return f"{stars}{match['words']}{stars}"
        if match["html"]:
            return "&lt;"
        if match["image"]:
            return "\\!"
        return "]\\" if match["link"] and is_inside(broken, match.start()) else match.group()

    return _ACTIVE.sub(replace, text + closing_fence(text)).strip("\n")


def _mark(mark: Mark, report: Report) -> str:
    # The inner brackets are escaped: a reference definition in the policy's text could take them over.
    links = [f"[\\[{mark_text(cited, report)}\\]](#{anchor(cited)})" for cited in mark.cited]
    removed = [f"*\\[{report.labels.removed}\\]*"] if mark.removed else []
    return "".join(links + removed)


def _reference(reference: Reference, report: Report, styled: tuple[Run, ...]) -> str:
    labels = report.labels
    url = safe_url(reference.url)
    where = f"<{url}>" if url else f"`{one_line(reference.document).replace('`', '')}`"
    if styled:
        head = ["".join(_run(run) for run in styled), *map(escape, about(reference, report, dated=False))]
        head += [] if url else [where]  # no style prints the path of the user's own document
    else:
        head = [f"**{escape(reference.title)}**", *map(escape, about(reference, report)), where]
    number = "" if len(reference.passages) == 1 else f'<a id="ref-{reference.number}"></a>'
    lines = [f"{reference.number}. {number}" + " · ".join(head)]
    indent = " " * (len(str(reference.number)) + 2)
    for cited in reference.passages:
        letter = cited.label.removeprefix(str(reference.number))
        level = f" · *{labels.levels[cited.level]}*" if report.checked else ""
        level += "".join(f" · {escape(remark)}" for remark in remarks(cited, report))
        lines.append(
            f'{indent}- <a id="{anchor(cited)}"></a>{f"**{letter}** " if letter else ""}'
            f"“{escape(one_line(plain(cited.passage.text), QUOTE))}” ({escape(place(cited.passage, labels))}){level}"
        )
    return "\n".join(lines)


def _run(run: Run) -> str:
    shown = escape(f"x{run.text}x")[1:-1]
    return (
        f"{shown[: len(shown) - len(shown.lstrip())]}*{shown.strip()}*{shown[len(shown.rstrip()) :]}"
        if run.italic and shown.strip()
        else shown
    )


def _checks(report: Report) -> list[str]:
    """How the citations came out, those that do not hold, and what cites nothing."""
    checks, labels = report.checks, report.labels
    if checks is None or not (checks.total or checks.uncited):
        return []
    parts = [f"## {labels.check}", escape(summary(checks, labels))]
    if checks.weak:
        lines = [f"- [\\[{w.cited.label}\\]](#{anchor(w.cited)}) {escape(explain(w, labels))}" for w in checks.weak]
        parts += [f"### {labels.weak}", "\n".join(lines)]
    if checks.uncited:
        parts += [f"### {labels.uncited}", "\n".join(f"- {escape(suggest(b, labels))}" for b in checks.uncited)]
    return parts


def _cost_table(report: Report) -> str:
    labels = report.labels
    rows = [("", labels.used, labels.limit), ("---", "---:", "---:"), *cost_rows(report)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _lines_with_forbidden_links(text: str) -> Ranges:
    """Where blocks stand that hold a link which may not be followed."""
    parser = new_parser()
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    environment: dict[str, Any] = {}
    starts = line_starts(text)
    last = len(starts) - 1
    found: set[tuple[int, int]] = set()
    for token in parser.parse(text, environment):
        targets = [c.attrs.get("href") or c.attrs.get("src") for c in token.children or []]
        if token.map and any(target and not may_follow(str(target)) for target in targets):
            found.add((token.map[0], token.map[1]))
    for definition in [*environment.get("references", {}).values(), *environment.get("duplicate_refs", [])]:
        if not may_follow(definition["href"]):
            found.add(tuple(definition["map"]))
    return merge_ranges(sorted((starts[min(first, last)], starts[min(end, last)]) for first, end in found))


def may_follow(target: str) -> bool:
    """Whether a link of the policy's text may stay: http, https, mailto, or a heading of the text itself."""
    if target.startswith("#"):
        return not target.startswith("#ref-")
    return safe_url(target) is not None or clean(target).lower().startswith("mailto:")
