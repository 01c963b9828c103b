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
)
from .charts import draw
from .markup import one_line
from .structure import ReportModel

ROOM = 620
"""Width of the text of one slide, in Latin letters; a Chinese character takes two."""
ITEM, MOST_LINES = 240, 8
"""Width of one item of a list, and lines of one slide."""
_WIDE = "\u2e80"


_Piece = tuple[tuple[Inline, ...], str]
"""A line, and all its words."""


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
    """Lines put together as far as a slide holds them; a table, a chart, and a comparison of sources have their own."""
    idea = Idea(title)
    for piece in _pieces(found, report, ROOM):
        if isinstance(piece, Idea):
            yield from [idea] * bool(idea.lines)
            piece.title = piece.title or title
            yield piece
            idea = Idea(title)
            continue
        line, words = piece
        if idea.lines and (len(idea.lines) >= MOST_LINES or sum(map(width_of, (*idea.lines, line))) > ROOM):
            yield idea
            idea = Idea(title)
        idea.lines.append(line)
        idea.notes.append(words)
    if idea.lines:
        yield idea


def _pieces(found: Sequence[Block], report: ReportModel, room: int) -> Iterator[Idea | _Piece]:
    """What a slide is put together from: lines of at most `room`, each with all its words, and whole slides."""
    for block in found:
        match block:
            case Paragraph():
                line, words = tuple(shortened(block.inlines, room)), plain_text(block.inlines)
                yield Idea(report.labels.of("boxes", block.box), [line], notes=[words]) if block.box else (line, words)
            case Items():
                yield from _of_items(block, report, 0)
            case BlockQuote():
                yield from _pieces(block.blocks, report, room)
            case Code():
                for number, text in enumerate(block.text.split("\n")[:MOST_LINES]):
                    yield (TextRun(text[:90], code=True),), "" if number else block.text
            case Table():
                yield Idea("", table=block, notes=[" | ".join(map(plain_text, row)) for row in block.rows])
            case Chart():
                chart = draw(block.specification)
                why = TextRun(report.labels.chart_missing.format(why=chart.problem))
                yield Idea(chart.title, [] if chart.png else [(why,)], picture=chart.png)
            case _:
                pass


def _of_items(items: Items, report: ReportModel, depth: int) -> Iterator[Idea | _Piece]:
    """The lines of a list, indented by its depth."""
    for number, item in enumerate(items.items, items.start or 0):
        name = ("–" if depth else "•") if items.start is None else f"{number}."
        for block in item:
            if isinstance(block, Items):
                yield from _of_items(block, report, depth + 1)
                continue
            for piece in _pieces((block,), report, ITEM):
                if isinstance(piece, Idea):
                    yield piece
                    continue
                yield (TextRun("\u2003" * depth + (f"{name} " if name else "\u2003")), *piece[0]), piece[1]
                name = ""


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
