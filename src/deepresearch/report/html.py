"""The report as one self-contained HTML page: no script, nothing fetched, readable on paper, phone and dark screens.

Each citation mark opens a card with its passage (hover, or focus by keyboard), and leads to the passage
among the references. The page's Content-Security-Policy admits its own style sheet and nothing else.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from html import escape as escape_html
from importlib.resources import files
from itertools import groupby
from typing import Any

from ..text.characters import clean, one_line
from ..trajectory import Passage
from ..version import __version__
from . import blocks
from .blocks import Inline, TextRun
from .charts import draw
from .citations import Cited, Reference
from .frame import (
    REASON,
    about,
    age,
    checks,
    cost_table,
    entry,
    excerpt,
    facts,
    mark_text,
    place,
    quotations,
    remarks,
    trust,
)
from .markup import language_tag, plain, safe_url
from .structure import Format, ReportModel
from .styles import entries
from .tex import mathml

CARD, GLIMPSE = 480, 160
"""Characters of a passage in a card, and in the list of sources."""


def html(report: ReportModel) -> str:
    """The whole page."""
    body = report.blocks
    writer = _Writer(report)
    labels = report.labels
    checked, notes = checks(report), "".join(f"<li>{text(note)}</li>" for note in report.notes)
    prose = writer.show(body)
    parts = [
        _head(report),
        f'<a class="skip" href="#report">{text(labels.skip)}</a>',
        _masthead(report),
        '<div class="layout">',
        _contents(body, report, bool(checked)),
        f'<main id="report"><article class="prose">\n{prose}</article>',
        _references(report, writer.shown),
        f'<section id="check">{writer.show(checked)}</section>' if checked else "",
        f'<section id="notes"><h2>{text(labels.notes)}</h2><ul>{notes}</ul></section>' if notes else "",
        _sources(report),
        f'<section id="cost"><h2>{text(labels.cost)}</h2>{writer.show([cost_table(report)])}</section>',
        "</main></div>",
        f"<footer>{text(labels.made_by.format(run=report.run))} {text(__version__)}</footer>",
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def text(value: str) -> str:
    """`value`, cleaned and escaped, for an element or a quoted attribute."""
    return escape_html(clean(value))


@cache
def style() -> str:
    """The page's style sheet."""
    return files(__package__).joinpath("page.css").read_text(encoding="utf-8")


def content_security_policy() -> str:
    """What the page allows itself: its style sheet, by hash, and pictures that it contains."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def _head(report: ReportModel) -> str:
    return (
        f'<!doctype html>\n<html lang="{text(report.language)}"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{text(content_security_policy())}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{text(report.title)}</title>\n<style>{style()}</style></head>\n<body>"
    )


def _masthead(report: ReportModel) -> str:
    labels = report.labels
    counted = labels.sources_count.format(cited=len(report.references), documents=len(report.sources))
    rows = [*facts(report), (labels.sources_short, counted)]
    question = (
        f'<p class="question"><span>{text(labels.question)}</span> {text(report.question)}</p>'
        if one_line(report.question) != report.title
        else ""
    )
    banner = (
        f'<p class="partial" role="note"><strong>{text(labels.partial)}</strong> {text(report.partial)}</p>'
        if report.partial is not None
        else ""
    )
    listed = "".join(f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in rows)
    return f"<header><h1>{text(report.title)}</h1>{question}<dl>{listed}</dl>{banner}</header>"


def _contents(body: Sequence[blocks.Block], report: ReportModel, checked: bool) -> str:
    labels = report.labels
    entries = [
        (b.level, b.id, "".join(i.text for i in b.inlines if isinstance(i, TextRun)))
        for b in body
        if isinstance(b, blocks.Heading) and b.level <= 3
    ]
    entries += [(2, "references", labels.references)] if report.references else []
    entries += [(2, "check", labels.check)] if checked else []
    entries += [(2, "sources", labels.sources)] if report.sources else []
    entries.append((2, "cost", labels.cost))
    items = "".join(
        f'<li class="level-{level}"><a href="#{text(id_)}">{text(name)}</a></li>'
        for level, id_, name in entries
        if name.strip()
    )
    return f'<nav aria-label="{text(labels.contents)}"><p>{text(labels.contents)}</p><ol>{items}</ol></nav>'


class _Writer:
    """Blocks as HTML without active content."""

    def __init__(self, report: ReportModel) -> None:
        self.report = report
        self.titles = {cited.label: reference for reference in report.references for cited in reference.passages}
        self.shown: list[int] = []
        """Indexes of the marks that have been written, in order."""

    def show(self, found: Sequence[blocks.Block]) -> str:
        return "".join(map(self._block, found))

    def _block(self, block: blocks.Block) -> str:
        match block:
            case blocks.Heading():
                id_ = f' id="{text(block.id)}"' if block.id else ""
                return f"<h{block.level}{id_}>{self._inlines(block.inlines)}</h{block.level}>\n"
            case blocks.Paragraph():
                box = f' class="box {block.box}"' if block.box else ""
                return f"<p{box}>{self._inlines(block.inlines)}</p>\n"
            case blocks.Code():
                return f"<pre><code>{text(block.text)}</code></pre>\n"
            case blocks.Chart():
                return _chart(block, self.report)
            case blocks.Items():
                return self._items(block)
            case blocks.BlockQuote():
                return f"<blockquote>\n{self.show(block.blocks)}</blockquote>\n"
            case blocks.Table():
                return self._table(block)
            case blocks.Rule():
                return "<hr>\n"

    def _items(self, items: blocks.Items) -> str:
        tag = "ul" if items.start is None else "ol"
        start = f' start="{items.start}"' if items.start not in (None, 1) else ""
        return f"<{tag}{start}>\n" + "".join(map(self._item, items.items)) + f"</{tag}>\n"

    def _item(self, item: tuple[blocks.Block, ...]) -> str:
        first, *rest = item or (blocks.Paragraph(()),)
        if not isinstance(first, blocks.Paragraph):
            return f"<li>{self.show(item)}</li>\n"
        box = f' class="box {first.box}"' if first.box else ""
        return f"<li{box}>{self._inlines(first.inlines)}{self.show(rest)}</li>\n"

    def _table(self, table: blocks.Table) -> str:
        rows = [
            "".join(self._cell(cell, table.sides[n : n + 1], "td" if number else "th") for n, cell in enumerate(row))
            for number, row in enumerate(table.rows)
        ]
        head, *body = (f"<tr>{row}</tr>" for row in rows)
        return f'<div class="table"><table>\n<thead>{head}</thead>\n<tbody>{"".join(body)}</tbody></table></div>\n'

    def _cell(self, cell: Sequence[Inline], side: Sequence[str], tag: str) -> str:
        """A cell with its alignment as a class: the page's policy admits no style attributes."""
        aligned = f' class="{side[0]}"' if side and side[0] in ("left", "center", "right") else ""
        return f"<{tag}{aligned}>{self._inlines(cell)}</{tag}>"

    def _inlines(self, inlines: Sequence[Inline]) -> str:
        grouped = groupby(inlines, key=lambda i: i.url if isinstance(i, TextRun) else None)
        return "".join(_link(url, "".join(map(self._inline, group))) for url, group in grouped)

    def _inline(self, inline: Inline) -> str:
        match inline:
            case blocks.Cite():
                self.shown.append(inline.index)
                return self._mark(inline.index)
            case blocks.Break():
                return "<br>\n"
            case TextRun():
                return _run(inline)

    def _mark(self, index: int) -> str:
        mark = self.report.marks[index]
        cites = "".join(self._cite(f"card-{index}-{i}", cited) for i, cited in enumerate(mark.cited))
        removed = f'<span class="removed">[{text(self.report.labels.removed)}]</span>' if mark.removed else ""
        return f'<span class="marks" id="m-{index}">{cites}{removed}</span>'

    def _cite(self, card: str, cited: Cited) -> str:
        """A mark with its card."""
        reference, report = self.titles[cited.label], self.report
        known = " · ".join([place(cited.passage, report.labels), *about(reference, report), *remarks(cited, report)])
        reason = one_line(cited.check.reason, REASON) if cited.check else ""
        verdict = _level(cited, report) + (f' <span class="reason">{text(reason)}</span>' if reason else "")
        return (
            f'<span class="cite"><a class="mark {cited.level}" href="#ref-{cited.label}" aria-describedby="{card}">'
            f'[{text(mark_text(cited, report))}]</a><span class="card" id="{card}" role="note">'
            f'<span class="card-title">{_linked(reference.title, reference.url)}</span> '
            f'<span class="card-place">{text(known)}</span> '
            f'<span class="card-text"{_lang(cited.passage)}>{_highlighted(excerpt(cited, CARD))}</span>{verdict}</span>'
            "</span>"
        )


def _run(run: TextRun) -> str:
    if run.formula:
        shown = mathml(run.text, run.display) or f'<code class="formula">{text(run.text)}</code>'
    else:
        shown = f"<code>{text(run.text)}</code>" if run.code else text(run.text)
    for wanted, tag in ((run.bold, "strong"), (run.italic, "em"), (run.strike, "s"), (run.shift, run.shift)):
        shown = f"<{tag}>{shown}</{tag}>" if wanted and run.text else shown
    return f'<span id="{text(run.anchor)}">{shown}</span>' if run.anchor else shown


def _link(url: str | None, inner: str) -> str:
    """`inner`, leading to `url` where there is one."""
    external = "" if (url or "").startswith("#") else ' target="_blank" rel="noopener noreferrer"'
    return f'<a href="{text(url)}"{external}>{inner}</a>' if url and inner else inner


def _highlighted(found: tuple[str, str, str]) -> str:
    before, sentence, after = map(text, found)
    return f'{before}<b class="evidence">{sentence}</b>{after}' if sentence else after


def _chart(block: blocks.Chart, report: ReportModel) -> str:
    """A chart with its specification beside it."""
    labels, chart = report.labels, draw(block.specification)
    code = f"<pre><code>{text(block.specification)}</code></pre>"
    if chart.png is None:
        why = text(labels.chart_missing.format(why=chart.problem))
        return f'<figure><figcaption class="problem">{why}</figcaption>{code}</figure>\n'
    picture, title = base64.b64encode(chart.png).decode(), text(chart.title or labels.chart)
    return (
        f'<figure><img src="data:image/png;base64,{picture}" alt="{title}" width="{chart.size[0]}">\n'
        f"<figcaption>{title}</figcaption>"
        f"<details><summary>{text(labels.chart_data)}</summary>{code}</details></figure>\n"
    )


def _linked(title: str, url: str | None) -> str:
    """A document's title, leading to it where it has an address."""
    return _link(safe_url(url), text(one_line(title, 200)))


def _level(cited: Cited, report: ReportModel) -> str:
    """What the check found, where there was one; nothing for a quotation that a program copied."""
    if not report.checked or (report.without_model and cited.level == "supports"):
        return ""
    return f'<span class="level {cited.level}">{text(report.labels.of("levels", cited.level))}</span>'


def _lang(passage: Passage) -> str:
    language = language_tag(passage.language)
    return f' lang="{language}"' if language else ""


def _references(report: ReportModel, shown: Sequence[int]) -> str:
    if not report.references:
        return ""
    places: dict[str, list[int]] = {}
    for index in shown:
        for cited in report.marks[index].cited:
            places.setdefault(cited.label, []).append(index)
    quoted = quotations(report)
    styled = entries(report) or [()] * len(report.references)
    items = []
    for reference, style in zip(report.references, styled, strict=True):
        passages = "".join(
            _passage(cited, reference, quoted[cited.label], places.get(cited.label, []), report)
            for cited in reference.passages
        )
        own_id = "" if len(reference.passages) == 1 else f' id="ref-{reference.number}"'
        named = "".join(_link(run.url, _run(run)) for run in entry(reference, report, style))
        number = f'<b class="number">[{reference.number}]</b>'
        items.append(f'<li{own_id}><p class="source">{number}{named}</p>{passages}</li>')
    listed = "\n".join(items)
    heading = text(report.labels.references)
    return f'<section id="references"><h2>{heading}</h2><ol class="references">\n{listed}\n</ol></section>'


def _passage(
    cited: Cited, reference: Reference, quoted: tuple[str, str, str], places: Sequence[int], report: ReportModel
) -> str:
    labels, lang = report.labels, _lang(cited.passage)
    where = " · ".join([place(cited.passage, labels), *remarks(cited, report)])
    back = " ".join(
        f'<a href="#m-{index}" aria-label="{text(labels.cited_in_text)} {n}">↩{n if n > 1 else ""}</a>'
        for n, index in enumerate(places, 1)
    )
    whole = plain(cited.passage.text)
    cut = "".join(quoted) != one_line(whole)
    more = (
        f"<details><summary>{text(labels.whole_passage)}</summary><p{lang}>{text(whole)}</p></details>" if cut else ""
    )
    quotation = f"<blockquote{lang}>{_highlighted(quoted)}</blockquote>" if any(quoted) else ""
    return (
        f'<div class="passage" id="ref-{cited.label}">'
        f'<b class="letter">{cited.label.removeprefix(str(reference.number))}</b>{quotation}'
        f'<p class="place"><span>{text(where)}</span>{_level(cited, report)}'
        f'<span class="back">{back}</span></p>{more}</div>'
    )


def _sources(report: ReportModel) -> str:
    """Every document that was shown, cited or not."""
    if not report.sources:
        return ""
    labels = report.labels
    numbers = {c.passage.document: reference.number for reference in report.references for c in reference.passages}
    line = labels.sources_line.format(documents=len(report.sources), cited=len(numbers))
    items = "\n".join(_source(source, numbers.get(source["document"]), report) for source in report.sources)
    return (
        f'<section id="sources"><h2>{text(labels.sources)}</h2><details><summary>{text(line)}</summary>'
        f'<ol class="sources">\n{items}\n</ol></details></section>'
    )


def _source(source: dict[str, Any], number: int | None, report: ReportModel) -> str:
    labels = report.labels
    passages = [Passage.model_validate({"document": source["document"], "title": "", **p}) for p in source["passages"]]
    glimpses = "".join(
        f"<li{_lang(p)}><span>{text(place(p, labels))}</span> {text(one_line(plain(p.text), GLIMPSE))}</li>"
        for p in passages
    )
    words = text(labels.cited.format(number=number) if number else labels.not_cited)
    status = _link(f"#ref-{number}" if number else None, words)
    known = text(" · ".join([age(source["date"], report), trust(source["document"], report)]))
    return (
        f"<li><p><cite>{_linked(source['title'], source['url'])}</cite> "
        f'<span class="address">{text(one_line(safe_url(source["url"]) or source["document"], 160))}</span></p>'
        f'<p class="place"><span>{known}</span><span>{status}</span></p>'
        f"<details><summary>{text(labels.passages.format(n=len(passages)))}</summary><ul>{glimpses}</ul></details></li>"
    )


FORMAT = Format("report.html", lambda report, _: html(report))
