"""The content of each slide: a report's blocks, packed and cut at the ends of sentences, under their headings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..text.characters import one_line
from ..text.sentences import sentence_spans
from . import blocks
from .blocks import Inline, TextRun, plain_text
from .charts import draw
from .structure import ReportModel

ROOM = 620
"""Width of the text of one slide, in Latin letters; a Chinese character takes two."""
ITEM, MOST_LINES = 240, 8
"""Width of one item of a list, and lines of one slide."""
_WIDE = "\u2e80"


_Piece = tuple[tuple[Inline, ...], str]
"""A line of a slide, and its full text for the notes."""


@dataclass
class SlideContent:
    """The content of one slide."""

    title: str
    lines: list[tuple[Inline, ...]] = field(default_factory=list)
    table: blocks.Table | None = None
    picture: bytes | None = None
    notes: list[str] = field(default_factory=list)
    above: str = ""
    """Headings above the title's."""


def slide_contents(found: Sequence[blocks.Block], title: str, report: ReportModel) -> Iterator[SlideContent]:
    """The report's blocks, each small enough for a slide, under their headings."""
    path: dict[int, str] = {}
    section: list[blocks.Block] = []
    for block in [*found, blocks.Heading(1, ())]:
        if not isinstance(block, blocks.Heading):
            section.append(block)
            continue
        names = list(path.values())
        for content in _of_section(section, names[-1] if names else title, report):
            content.above = " › ".join(one_line(name, 75) for name in names[-3:-1])
            content.notes.insert(0, " › ".join(names))
            yield content
        section = []
        name = plain_text(block.inlines) or title
        path = {level: above for level, above in path.items() if level < block.level} | {block.level: name}


def _of_section(found: Sequence[blocks.Block], title: str, report: ReportModel) -> Iterator[SlideContent]:
    """Lines put together as far as a slide has room; a table, a chart, and a comparison of sources have their own."""
    content = SlideContent(title)
    for piece in _pieces(found, report, ROOM):
        if isinstance(piece, SlideContent):
            yield from [content] * bool(content.lines)
            piece.title = piece.title or title
            yield piece
            content = SlideContent(title)
            continue
        line, words = piece
        if content.lines and (len(content.lines) >= MOST_LINES or sum(map(width_of, (*content.lines, line))) > ROOM):
            yield content
            content = SlideContent(title)
        content.lines.append(line)
        content.notes.append(words)
    if content.lines:
        yield content


def _pieces(found: Sequence[blocks.Block], report: ReportModel, room: int) -> Iterator[SlideContent | _Piece]:
    """What a slide is put together from: lines of at most `room`, each with all its words, and whole slides."""
    for block in found:
        match block:
            case blocks.Paragraph():
                line, words = tuple(shortened(block.inlines, room)), plain_text(block.inlines)
                yield (
                    SlideContent(report.labels.of("boxes", block.box), [line], notes=[words])
                    if block.box
                    else (line, words)
                )
            case blocks.Items():
                yield from _of_items(block, report, 0)
            case blocks.BlockQuote():
                yield from _pieces(block.blocks, report, room)
            case blocks.Code():
                for number, text in enumerate(block.text.split("\n")[:MOST_LINES]):
                    yield (TextRun(text[:90], code=True),), "" if number else block.text
            case blocks.Table():
                yield SlideContent("", table=block, notes=[" | ".join(map(plain_text, row)) for row in block.rows])
            case blocks.Chart():
                chart = draw(block.specification)
                why = TextRun(report.labels.chart_missing.format(why=chart.problem))
                yield SlideContent(chart.title, [] if chart.png else [(why,)], picture=chart.png)
            case _:
                pass


def _of_items(items: blocks.Items, report: ReportModel, depth: int) -> Iterator[SlideContent | _Piece]:
    """The lines of a list, indented by its depth."""
    for number, item in enumerate(items.items, items.start or 0):
        name = ("–" if depth else "•") if items.start is None else f"{number}."
        for block in item:
            if isinstance(block, blocks.Items):
                yield from _of_items(block, report, depth + 1)
                continue
            for piece in _pieces((block,), report, ITEM):
                if isinstance(piece, SlideContent):
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
            cited = cited or (isinstance(inline, blocks.Cite) and at > last)
        elif isinstance(inline, blocks.Cite) and not cited:
            yield inline
            cited = at > end  # several that follow the last word at once all stay
