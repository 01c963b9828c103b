"""What surrounds a report's text in every format, as blocks."""

import re
from collections.abc import Iterator, Sequence

from ..library.authority import TIERS
from ..text.characters import one_line
from ..text.labels import Labels
from ..trajectory import Passage
from .blocks import Block, Heading, Inline, Items, Paragraph, Table, TextRun, words_of
from .citations import WEAKEST_FIRST, Cited, Reference
from .cost import CostLine, minute, minutes, number
from .dates import OLD_AFTER, is_old
from .markup import plain, safe_url
from .structure import Bare, Checks, ReportModel
from .styles import entries

EAST_ASIAN, LATIN, MONO = "Microsoft YaHei", "Calibri", "Consolas"
"""Fonts that office files name. They are not embedded: the program that shows the file substitutes what it has."""
MAKER = "step-deepresearch"
CLAIM, REASON = 240, 300
"""Characters of a claim and of a reason that are shown."""
MOST_LISTED = 20
"""Most citations, and most statements without one, in one list."""
QUOTE, LEAST = 320, 40
"""Characters of a cited passage that a reference shows, and fewer than which are not worth showing."""
SHARE, SHORT = 2, 1000
"""How many times as long as the report's own text its references may be, and how many characters in any case."""
_FORMULA = re.compile(r"\s*(?:[=@\t\r]|[+\-].*[=(|!@])")


def opening(report: ReportModel) -> list[Block]:
    """What is between the title and the text: question, days, who wrote it, why it is partial."""
    labels = report.labels
    found: list[Block] = []
    if one_line(report.question) != report.title:
        asked = one_line(report.question)
        found.append(Paragraph((TextRun(labels.question, bold=True), TextRun(labels.colon + asked))))
    line = " · ".join(f"{name}{labels.colon}{value}" for name, value in facts(report))
    found.append(Paragraph((TextRun(line),)))
    if report.partial is not None:
        found.append(Paragraph((TextRun(labels.partial, bold=True), TextRun(labels.colon + report.partial)), "differ"))
    return found


def closing(report: ReportModel) -> list[Block]:
    """What follows the text: references, the check of the citations, notes, cost."""
    labels = report.labels
    found: list[Block] = []
    if report.references:
        found += [Heading(2, (TextRun(labels.references),)), references(report)]
    found += [*checks(report), *notes(report)]
    if report.cost:
        found += [Heading(2, (TextRun(labels.cost),)), cost_table(report)]
    return found


def notes(report: ReportModel) -> list[Block]:
    """Remarks on the report for its reader."""
    return [Heading(2, (TextRun(report.labels.notes),)), _listed(report.notes)] if report.notes else []


def _listed(lines: Sequence[str]) -> Items:
    return Items(None, tuple((Paragraph((TextRun(one_line(line)),)),) for line in lines))


def facts(report: ReportModel) -> list[tuple[str, str]]:
    """(label, value) of what is under the title: days, who wrote it, what is known of its answers or citations."""
    labels = report.labels
    rows = [
        (labels.as_of if report.now else labels.asked, one_line(report.asked, 40)),
        (labels.written, minute(report.written)),
        (labels.by, _writer(report)),
        (labels.answers if report.without_model else labels.check, headline(report)),
    ]
    return [(label, value) for label, value in rows if value]


def _writer(report: ReportModel) -> str:
    labels, models = report.labels, report.labels.comma.join(one_line(m, 80) for m in report.models)
    if not report.without_model:
        return labels.comma.join(one_line(m, 80) for m in report.writers)
    research = labels.aside.format(text=labels.research_by.format(models=models)) if models else ""
    return labels.by_no_model + research


def headline(report: ReportModel) -> str:
    """How far the report can be relied on, in one line.

    Of a report that a model wrote: how many citations support their sentence. Without a model every sentence is quoted,
    so that a count of citations would mean nothing: there it is for how many parts of the question quotations were
    found, and in how many they show the kind of answer that is asked for.
    """
    labels, checks = report.labels, report.checks
    if not report.without_model:
        return summary(checks, labels) if checks and checks.total else ""
    answered = sum(part.answered for part in report.parts)
    quoted = sum(part.quoted for part in report.parts)
    kinds = labels.comma.join(dict.fromkeys(part.kind for part in report.parts if part.answered and part.kind))
    form, kinds = labels.parts_quoted if quoted else labels.parts, labels.aside.format(text=kinds) if kinds else ""
    counted = form.format(n=answered, of=len(report.parts), quoted=quoted, kinds=kinds) if report.parts else ""
    misquoted = checks is None or any(w.check and "quote" in w.check.faults for w in checks.weak)
    return labels.semicolon.join(filter(None, (counted, "" if misquoted or not report.marks else labels.verbatim)))


def summary(checks: Checks, labels: Labels) -> str:
    """How many citations support their sentence, and what the others do."""
    counts = dict(checks.counts)
    text = labels.checked.format(n=counts.pop("supports", 0), of=checks.total)
    others = labels.comma.join(f"{labels.of('levels', level)}{labels.colon}{n}" for level, n in counts.items())
    return text + labels.aside.format(text=others) if others else text


def checks(report: ReportModel) -> list[Block]:
    """Citations that failed the check and statements that cite nothing, as far as a reader needs them."""
    found, labels = report.checks, report.labels
    if found is None or not (found.total or found.uncited) or (report.without_model and not found.weak):
        return []
    parts: list[Block] = [Heading(2, (TextRun(labels.check),))]
    if found.total and not report.without_model:
        parts.append(Paragraph((TextRun(summary(found, labels)),)))
    if found.weak:
        worst = sorted(found.weak, key=lambda cited: WEAKEST_FIRST.index(cited.level))
        shown = tuple((Paragraph(tuple(explain(cited, labels))),) for cited in worst[:MOST_LISTED])
        parts += [Heading(3, (TextRun(labels.weak),)), Items(None, shown), *_more(len(worst), labels)]
    if found.uncited and not report.without_model:
        lines = [suggest(bare, labels) for bare in found.uncited[:MOST_LISTED]]
        parts += [Heading(3, (TextRun(labels.uncited),)), _listed(lines), *_more(len(found.uncited), labels)]
    return parts


def _more(count: int, labels: Labels) -> list[Block]:
    return [Paragraph((TextRun(labels.more.format(n=count - MOST_LISTED)),))] if count > MOST_LISTED else []


def explain(cited: Cited, labels: Labels) -> Iterator[TextRun]:
    """Mark, level, claim and reason of a citation."""
    check = cited.check
    claim = one_line(check.claim, CLAIM) if check else ""
    reason = one_line(check.reason, REASON) if check else ""
    quoted = f" {labels.quoted.format(text=claim)}" if claim else ""
    yield TextRun(f"[{cited.label}]", url=f"#ref-{cited.label}", level=cited.level)
    yield TextRun(f" {labels.of('levels', cited.level)}.{quoted}{f' {reason}' if reason else ''}")


def suggest(bare: Bare, labels: Labels) -> str:
    """A statement without a citation, and where support for it may be."""
    if bare.suggestion is None:
        return bare.claim
    title = one_line(bare.suggestion.title or bare.suggestion.document, 120)
    return f"{bare.claim} {labels.suggestion.format(title=title)}"


def cost_table(report: ReportModel) -> Table:
    """What the run used and might use; what it did not use at all is left out."""
    labels = report.labels
    rows = [("", labels.used, labels.limit), *map(_cost_row, report.cost, [labels] * len(report.cost))]
    return Table(tuple(tuple((TextRun(cell),) for cell in row) for row in rows), ("left", "right", "right"))


def _cost_row(line: CostLine, labels: Labels) -> tuple[str, str, str]:
    def amount(value: float | None) -> str:
        if value is None:
            return labels.unknown_price
        return f"${number(value)}" if line.name == "cost" else number(value)

    used = minutes(line.used) if line.name == "minutes" and line.used is not None else amount(line.used)
    unlimited = "" if line.name in ("input", "cached", "output") else labels.no_limit
    return labels.of("lines", line.name), used, unlimited if line.limit is None else amount(line.limit)


def references(report: ReportModel) -> Items:
    """The list of references: each document with the passages that are cited, and in them what was quoted."""
    quoted = quotations(report)
    styled = entries(report) or [()] * len(report.references)
    items: list[tuple[Block, ...]] = []
    for reference, style in zip(report.references, styled, strict=True):
        passages = tuple((Paragraph(tuple(_passage(c, reference, quoted, report))),) for c in reference.passages)
        anchor = TextRun("", anchor="" if len(reference.passages) == 1 else f"ref-{reference.number}")
        items.append((Paragraph((anchor, *entry(reference, report, style))), Items(None, passages)))
    return Items(1, tuple(items))


def _passage(
    cited: Cited, reference: Reference, quoted: "dict[str, tuple[str, str, str]]", report: ReportModel
) -> Iterator[TextRun]:
    labels = report.labels
    letter = cited.label.removeprefix(str(reference.number))
    yield TextRun(f"{letter} " if letter else "", bold=True, anchor=f"ref-{cited.label}")
    before, sentence, after = quoted[cited.label]
    known = " · ".join([place(cited.passage, labels), *remarks(cited, report)])
    if before or sentence or after:
        start, end = labels.quoted.split("{text}")
        yield from (
            TextRun(start + before),
            TextRun(sentence, bold=True),
            TextRun(after + end),
            TextRun(labels.aside.format(text=known)),
        )
    else:
        yield TextRun(known)
    if report.checked and not (report.without_model and cited.level == "supports"):
        yield from (TextRun(" · "), TextRun(labels.of("levels", cited.level), italic=True, level=cited.level))


def quotations(report: ReportModel) -> dict[str, tuple[str, str, str]]:
    """For each cited passage what is shown of it: (before, the sentence that counts, after).

    Together with their entries these are at most SHARE times as long as the report's text, or SHORT characters.
    """
    cited = [c for reference in report.references for c in reference.passages]
    body = len(words_of(report.blocks))
    taken = sum(len("".join(r.text for r in entry(reference, report, ()))) for reference in report.references)
    taken += sum(len(place(c.passage, report.labels)) for c in cited)
    room = min(QUOTE, (max(SHARE * body, SHORT) - taken) // max(1, len(cited)))
    return {c.label: excerpt(c, room) if room >= LEAST else ("", "", "") for c in cited}


def excerpt(cited: Cited, room: int) -> tuple[str, str, str]:
    """What of a cited passage is before, in and after the sentence that its verdict rests on, `room` characters.

    Without such a sentence: the passage's beginning.
    """
    passage = one_line(plain(cited.passage.text))
    sentence = one_line(plain(cited.check.evidence)) if cited.check else ""
    start = passage.find(sentence) if sentence else -1
    if start < 0 or len(sentence) >= room:
        return "", one_line(sentence, room) if start >= 0 else "", "" if start >= 0 else one_line(passage, room)
    end, left = start + len(sentence), room - len(sentence)
    first = max(0, start - max(left // 2, left - (len(passage) - end)))
    if first:
        first = passage.find(" ", first, start) + 1 or first
    before = f"{'…' if first else ''}{passage[first:start]}"
    after = one_line(passage[end:], max(2, left - len(before))) if len(passage) > end else ""
    return before, sentence, f"{' ' if passage[end : end + 1] == ' ' else ''}{after}"


def entry(reference: Reference, report: ReportModel, styled: Sequence[TextRun]) -> list[TextRun]:
    """A reference without its number: in its style where there is one, else title, date, kind of source, address."""
    url = safe_url(reference.url)
    address = one_line(url or reference.document, 160)
    if styled:  # no style prints the path of the user's own document
        details = [*about(reference, report, dated=False), *([] if url else [address])]
        return [*_linked(styled, url), TextRun(f" · {' · '.join(details)}")]
    known = " · ".join(about(reference, report))
    return [
        TextRun(one_line(reference.title, 200), bold=True, url=url),
        TextRun(f" · {known} · "),
        TextRun(address, url=url),
    ]


def _linked(runs: Sequence[TextRun], url: str | None) -> Iterator[TextRun]:
    """`runs`, the address in them a link."""
    for run in runs:
        before, found, after = run.text.partition(url) if url else (run.text, "", "")
        for text, target in ((before, None), (found, url), (after, None)):
            if text:
                yield TextRun(text, bold=run.bold, italic=run.italic, url=target)


def mark_runs(index: int, report: ReportModel) -> list[TextRun]:
    """A citation mark as text, each of its citations a link to its passage."""
    mark = report.marks[index]
    runs = [
        TextRun(
            f"[{mark_text(c, report)}]", shift="sup", url=f"#ref-{c.label}", level=c.level if report.checked else ""
        )
        for c in mark.cited
    ]
    removed = [TextRun(f"[{report.labels.removed}]", italic=True, level="unrelated")] if mark.removed else []
    return [*runs, *removed]


def mark_text(cited: Cited, report: ReportModel) -> str:
    """What is between the brackets of a mark: its label, and its level where it does not support the sentence."""
    if not report.checked or cited.level == "supports":
        return cited.label
    return f"{cited.label}{report.labels.comma}{report.labels.of('marks', cited.level)}"


def place(passage: Passage, labels: Labels) -> str:
    """Where in its document a passage is: headings, page, or else the paragraph's number."""
    headings = [h for h in (one_line(h, 80) for h in passage.heading) if h and h != one_line(passage.title)]
    parts = [" › ".join(headings)] if headings else []
    if passage.page is not None:
        parts.append(labels.page.format(n=passage.page))
    return " · ".join(parts) or labels.paragraph.format(n=passage.position + 1)


def trust(document: str, report: ReportModel) -> str:
    """What kind of source a document is, in the report's language."""
    labels, verdict = report.labels, report.trust[document]
    if verdict.kind in ("own", "unlisted"):
        return labels.of("tiers", verdict.kind)
    kind = labels.of("kinds", verdict.kind, verdict.kind.replace("-", " "))
    return labels.of("tiers", TIERS[verdict.tier].name) + labels.aside.format(text=kind)


def age(date: str | None, report: ReportModel) -> str:
    """The date of a source, with a remark where it is old for a question about the present."""
    labels, shown = report.labels, one_line(date or "", 40)
    if report.now and is_old(date, report.asked):
        return shown + labels.aside.format(text=labels.old.format(years=OLD_AFTER))
    return shown or labels.undated


def about(reference: Reference, report: ReportModel, dated: bool = True) -> list[str]:
    """What a reader should know of a cited document: its date, or else whether it is old; and whether to trust it."""
    old = [report.labels.old.format(years=OLD_AFTER)] if report.now and is_old(reference.date, report.asked) else []
    dates = [age(reference.date, report)] if reference.date or reference.url else []
    return [*(dates if dated else old), trust(reference.document, report)]


def remarks(cited: Cited, report: ReportModel) -> list[str]:
    """Remarks on a cited passage for the reader: a mere excerpt, a copy of another one."""
    labels = report.labels
    found = [labels.excerpt] if cited.passage.excerpt else []
    return found + ([labels.copy] if cited.check and cited.check.copy_of else [])


def inert_cell(inlines: Sequence[Inline]) -> Sequence[Inline]:
    """A table's cell, led by an apostrophe where a spreadsheet would take it for a formula."""
    text = "".join(i.text for i in inlines if isinstance(i, TextRun))
    return [TextRun("'"), *inlines] if _FORMULA.match(text) else inlines
