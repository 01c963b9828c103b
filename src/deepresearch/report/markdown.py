"""The report as Markdown: marks that link to numbered references, each with the passages that are cited.

The policy's Markdown is unchanged, except for what another program could act on when it shows the file: raw
HTML, links of other schemes than http, https and mailto, and images, which would be fetched.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from ..text.characters import one_line
from ..text.markdown import code_ranges, is_inside
from .blocks import Block, Heading, Inline, Items, Paragraph, Table, TextRun, plain_text
from .frame import closing, mark_text, opening
from .markup import closing_fence
from .structure import Format, ReportModel
from .syntax import PLACEHOLDERS, parser

_SPECIAL = re.compile(r"([\\`*\[\]~$]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;))")
_FOLLOWED = r"https?://[^\s/?#@\\&<>()]++(?![@\\&])|mailto:|#(?!ref-)"
"""Where a link of the policy's text may lead: http and https without a user's name, mailto, a heading of the text."""
_ACTIVE = re.compile(
    rf"(?P<mark>{PLACEHOLDERS.pattern})"
    rf"|(?P<autolink><(?:{_FOLLOWED})[^\s<>]*>)"
    r"|(?P<kept><br ?/?>|<(?P<tag>su[bp])>[^<>\n\ue000`\[\]\\]{1,200}</(?P=tag)>)"
    r"|<(?P<strong>b|strong|i|em)>(?P<words>[^<>\n\ue000`\[\]\\*\s][^<>\n\ue000`\[\]\\*]{0,200}(?<!\s))</(?P=strong)>"
    r"|(?P<html>\\?<(?=[A-Za-z/!?]))"
    r"|(?P<image>(?<!\\)!(?=\[))"
    rf"|(?P<link>\](?=[(:](?!\s*<?(?:{_FOLLOWED}))))",
    re.IGNORECASE,
)
_NOTE = re.compile(r"^ {0,3}\[\^[^\]\s]+\]:(?!\s*<?(?:[\w&#;]+:\S|//))", re.MULTILINE)
"""Where a note is defined, with words and not with an address: a program that knows no notes reads a link there."""


def markdown(report: ReportModel) -> str:
    """The whole report as Markdown."""
    parts = [f"# {escape(report.title)}", *map(_block, opening(report)), body(report), *map(_block, closing(report))]
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: str) -> str:
    """`text` on one line, with nothing in it that Markdown or HTML would act on."""
    return _SPECIAL.sub(r"\\\1", one_line(text)).replace("<", "&lt;").replace(">", "&gt;")


def body(report: ReportModel) -> str:
    """The policy's Markdown with its marks resolved and everything active in it broken."""
    text = _with_tables_apart(report.body)
    code = code_ranges(text)
    notes = {match.end() - 1 for match in _NOTE.finditer(text)}

    def replace(match: re.Match[str]) -> str:
        if is_inside(code, match.start()):
            return "" if match["mark"] else match.group()
        if match["mark"]:
            return _mark(int(match.group(2)), report)
        if match["words"]:
            stars = "**" if match["strong"].lower() in ("b", "strong") else "*"
            return f"{stars}{match['words']}{stars}"
        if match["html"]:
            return "&lt;"
        if match["image"]:
            return "\\!"
        return "]\\" if match["link"] and match.end() not in notes else match.group()

    return _ACTIVE.sub(replace, text + closing_fence(text)).strip("\n")


def _mark(index: int, report: ReportModel) -> str:
    # The inner brackets are escaped: a reference definition in the policy's text could take them over.
    mark = report.marks[index]
    links = [f"[\\[{mark_text(cited, report)}\\]](#ref-{cited.label})" for cited in mark.cited]
    return "".join(links) + (f"*\\[{report.labels.removed}\\]*" if mark.removed else "")


def _block(block: Block) -> str:
    """A block of the report's frame; the policy's text is never one."""
    match block:
        case Heading():
            return f"{'#' * block.level} {_inlines(block.inlines)}"
        case Paragraph():
            return f"> {_inlines(block.inlines)}" if block.box else _inlines(block.inlines)
        case Items():
            return "\n".join(_items(block))
        case Table():
            rows = [[plain_text(cell) for cell in row] for row in block.rows]  # words and figures of our own
            rows.insert(1, ["---:" if side == "right" else "---" for side in block.sides])
            return "\n".join(f"| {' | '.join(row)} |" for row in rows)
        case _:
            return ""


def _items(items: Items, indent: str = "") -> Iterator[str]:
    for number, item in enumerate(items.items, items.start or 0):
        name = "-" if items.start is None else f"{number}."
        for block in item:
            if isinstance(block, Items):
                yield from _items(block, indent + " " * (len(name) + 1))
            else:
                yield f"{indent}{name} {_block(block)}"


def _inlines(inlines: Sequence[Inline]) -> str:
    pieces = []
    for url, group in groupby((i for i in inlines if isinstance(i, TextRun)), key=lambda run: run.url):
        runs = list(group)
        words = "".join(map(_run, runs))
        if url and one_line("".join(run.text for run in runs)) == url:
            words = f"<{url}>"
        elif url:
            words = f"[{words}]({url})"
        pieces.append(words)
    return "".join(pieces)


def _run(run: TextRun) -> str:
    """A run with its blanks outside the stars."""
    words = escape(run.text)
    stars = "**" if run.bold else "*" if run.italic else ""
    before, after = (" " if words and at.isspace() else "" for at in (run.text[:1], run.text[-1:]))
    shown = f"{before}{stars}{words}{stars}{after}" if words else run.text
    return f'<a id="{run.anchor}"></a>{shown}' if run.anchor else shown


def _with_tables_apart(text: str) -> str:
    """`text` with a blank line before each table that follows a list at once: other programs would not see a table."""
    lines = text.split("\n")
    tables = [t.map[0] for t in parser().parse(text) if t.type == "table_open" and t.level == 0 and t.map]
    for line in reversed(tables):
        if line and lines[line - 1].strip():
            lines.insert(line, "")
    return "\n".join(lines)


FORMAT = Format("report.md", lambda report, _: markdown(report))
