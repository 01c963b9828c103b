"""What one slide holds: a report's blocks, packed and cut at the ends of sentences, under their headings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..text.sentences import sentence_spans
from .blocks import (
    Block,
    BlockQuote,
    Chart,
    Cite,
    Code,
    Heading,
    Inline,
    Items,
    Paragraph,
    Table,
    TextRun,
    plain_text,
    words_of,
)
from .charts import draw
from .markup import one_line
from .structure import ReportModel

ROOM = 620
"""Width of the text of one slide, in Latin letters; a Chinese character takes two."""
ITEM = 240
MOST_ITEMS = 7
_WIDE = "\u2e80"


@dataclass
class Idea:
    """What one slide holds."""

    title: str
    lines: list[tuple[Inline, ...]] = field(default_factory=list)
    table: Table | None = None
    picture: bytes | None = None
    notes: list[str] = field(default_factory=list)
    above: str = ""
    """Headings above the title's."""


def ideas(found: Sequence[Block], title: str, report: ReportModel) -> Iterator[Idea]:
    """The report's blocks, each small enough for a slide, under their headings."""
    path: dict[int, str] = {}
    section: list[Block] = []
    for block in [*found, Heading(1, ())]:
        if not isinstance(block, Heading):
            section.append(block)
            continue
        names = list(path.values())
        for idea in _of_section(section, names[-1] if names else title, report):
            idea.above = " › ".join(one_line(name, 75) for name in names[-3:-1])
            idea.notes.insert(0, " › ".join(names))
            yield idea
        section = []
        name = plain_text(block.inlines) or title
        path = {level: above for level, above in path.items() if level < block.level} | {block.level: name}


def _of_section(found: Sequence[Block], title: str, report: ReportModel) -> Iterator[Idea]:
    """Paragraphs put together as far as a slide holds them; a list goes with the few words that lead to it."""
    idea: Idea | None = None
    for block in found:
        if isinstance(block, Paragraph) and not block.box:
            line = tuple(shortened(block.inlines, ROOM))
            if idea and sum(map(width_of, idea.lines)) + width_of(line) > ROOM:
                yield idea
                idea = None
            idea = idea or Idea(title)
            idea.lines.append(line)
            idea.notes.append(plain_text(block.inlines))
        else:
            lead = idea if idea and sum(map(width_of, idea.lines)) <= ITEM and isinstance(block, Items) else None
            if idea and lead is None:
                yield idea
            idea = None
            yield from _of_block(block, title, report, lead)
    if idea:
        yield idea


def _of_block(block: Block, title: str, report: ReportModel, lead: Idea | None) -> Iterator[Idea]:
    match block:
        case Paragraph():
            yield Idea(
                report.labels.of("boxes", block.box),
                [tuple(shortened(block.inlines, ROOM))],
                notes=[plain_text(block.inlines)],
            )
        case Items():
            yield from _of_items(block, title, report, lead)
        case Table():
            yield Idea(title, table=block, notes=[" | ".join(map(plain_text, row)) for row in block.rows])
        case Chart():
            chart = draw(block.specification)
            why = report.labels.chart_missing.format(why=chart.problem)
            yield Idea(chart.title or title, [] if chart.png else [(TextRun(why),)], picture=chart.png)
        case BlockQuote():
            yield from _of_section(block.blocks, title, report)
        case Code():
            lines = block.text.split("\n")[:12]
            yield Idea(title, [(TextRun(line[:90], code=True),) for line in lines], notes=[block.text])
        case _:
            return


def _of_items(items: Items, title: str, report: ReportModel, lead: Idea | None) -> Iterator[Idea]:
    """The items of a list, those within them among them, as many to a slide as it holds."""
    idea = lead or Idea(title)
    for item, line, words in _lines_of(items, 0):
        if item.box:
            if idea.lines:
                yield idea
            yield from _of_block(item, title, report, None)
            idea = Idea(title)
            continue
        if idea.lines and (len(idea.lines) >= MOST_ITEMS or sum(map(width_of, idea.lines)) + width_of(line) > ROOM):
            yield idea
            idea = Idea(title)
        idea.lines.append(line)
        idea.notes.append(words)
    if idea.lines:
        yield idea


def _lines_of(items: Items, depth: int) -> Iterator[tuple[Paragraph, tuple[Inline, ...], str]]:
    """Each paragraph of a list: itself, its line on a slide, and all its words."""
    indent = "\u2003" * depth
    for number, item in enumerate(items.items, items.start or 0):
        name = ("–" if depth else "•") if items.start is None else f"{number}."
        for position, block in enumerate(item):
            if isinstance(block, Items):
                yield from _lines_of(block, depth + 1)
                continue
            plain = words_of((block,))
            shown = TextRun(one_line(plain), code=isinstance(block, Code))
            paragraph = block if isinstance(block, Paragraph) else Paragraph((shown,))
            led = TextRun(f"{indent}\u2003" if position else f"{indent}{name} ")
            yield paragraph, (led, *shortened(paragraph.inlines, ITEM)), plain


def width_of(inlines: Iterable[Inline]) -> int:
    return sum(sum(2 if c >= _WIDE else 1 for c in i.text) if isinstance(i, TextRun) else 4 for i in inlines)


def shortened(inlines: Sequence[Inline], room: int) -> Iterator[Inline]:
    """`inlines` up to the end of the last sentence that fits, or of the words that do, with the citation of its end."""
    if width_of(inlines) <= room:
        yield from inlines
        return
    text = "".join(i.text if isinstance(i, TextRun) else "" for i in inlines)
    fitting = [end for _, end in sentence_spans(text) if width_of([TextRun(text[:end])]) <= room]
    end = fitting[-1] if fitting else max(room // (2 if width_of([TextRun(text)]) > 1.5 * len(text) else 1) - 1, 1)
    if not fitting and text[end - 1 : end + 1].isascii():  # within a word, or between two
        end = text.rfind(" ", end // 2, end) + 1 or end
    last = fitting[-2] if len(fitting) > 1 else 0
    at, cited = 0, False
    """Where in `text`; whether the sentence that is shown last has a citation."""
    for inline in inlines:
        if isinstance(inline, TextRun):
            if at < end:
                cut = at + len(inline.text) > end
                yield replace(inline, text=inline.text[: end - at].rstrip() + "…" * (not fitting)) if cut else inline
            at += len(inline.text)
        elif at < end:
            yield inline
            cited = cited or (isinstance(inline, Cite) and at > last)
        elif isinstance(inline, Cite) and not cited:
            yield inline
            cited = at > end  # several that follow the last word at once all stay
