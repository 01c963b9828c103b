"""The report as slides (python-pptx): one subject each, with its citations and their sources at the foot.

A slide shows the beginning of a longer text; the whole of it is in the speaker's notes.
"""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

from ..text.characters import clean, one_line
from .blocks import Block, Break, Cite, Inline, Paragraph, Table, TextRun, capped, words_of
from .frame import EAST_ASIAN, LATIN, MAKER, MONO, about, age, checks, inert_cell, mark_runs, notes, opening
from .markup import need, safe_url
from .slide_layout import ROOM, SlideContent, shortened, slide_contents, width_of
from .structure import Format, ReportModel
from .tex import rows as formula_rows

MOST_ROWS, MOST_COLUMNS, ROW = 9, 6, 260
"""Rows and columns of a table on a slide, and the width of a row's text, which its cells share."""
PER_SLIDE = 7
"""References on a slide."""
NOTES = 6000
_INK, _MUTED, _ACCENT, _WARN = "1B222B", "5C6672", "0B57A4", "8A4B00"
_COLOURS = {**dict.fromkeys(("contradicts", "unrelated"), "A3211B"), "supports": _ACCENT, "": _ACCENT}
"""Colour of a citation by its level; any other level: _WARN."""
_BLANK = 6
"""The empty layout of python-pptx's own template."""


def pptx(report: ReportModel) -> bytes:
    """The whole presentation. Raises ExportError where python-pptx is missing."""
    need("pptx", "python-pptx", "office")
    writer = _Writer(report)
    writer.write()
    file = BytesIO()
    writer.deck.save(file)
    return file.getvalue()


class _Writer:
    def __init__(self, report: ReportModel) -> None:
        import pptx  # noqa: PLC0415
        from pptx.util import Inches  # noqa: PLC0415

        self.report = report
        self.deck = pptx.Presentation()
        self.deck.slide_width, self.deck.slide_height = Inches(13.333), Inches(7.5)
        self.deck.core_properties.title = one_line(report.title, 250)
        self.deck.core_properties.author = MAKER
        self._name_fonts()

    def write(self) -> None:
        """Title, the slides of the text, references, what the check found."""
        report, labels = self.report, self.report.labels
        self._opening()
        self._contents(report.blocks)
        for first in range(0, len(report.references), PER_SLIDE):
            slide = self._slide(labels.references)
            frame = self._box(slide, 0.8, 1.5, 11.7, 5.4)
            for reference in report.references[first : first + PER_SLIDE]:
                url = safe_url(reference.url)
                paragraph = self._paragraph(frame, 14)
                self._run(paragraph, TextRun(f"[{reference.number}] {one_line(reference.title, 110)}", url=url))
                tail = " · ".join([*about(reference, report), one_line(url or reference.document, 90)])
                self._run(paragraph, TextRun(f" · {tail}"), colour=_MUTED)
        self._contents([*checks(report), *notes(report)])

    def _contents(self, found: Sequence[Block]) -> None:
        for content in slide_contents(found, self.report.title, self.report):
            self._content(content)

    def _name_fonts(self) -> None:
        """Name a font for Chinese in the theme, which leaves it open."""
        for related in self.deck.slide_masters[0].part.rels.values():
            if related.reltype.endswith("/theme"):
                part = related.target_part
                fonts = part.blob.replace(b'<a:ea typeface=""/>', f'<a:ea typeface="{EAST_ASIAN}"/>'.encode())
                part._blob = fonts.replace(b'<a:latin typeface="Calibri"/>', f'<a:latin typeface="{LATIN}"/>'.encode())

    def _opening(self) -> None:
        slide = self.deck.slides.add_slide(self.deck.slide_layouts[_BLANK])
        frame = self._box(slide, 0.8, 1.6, 11.7, 5.2)
        self._run(self._paragraph(frame, 36), TextRun(one_line(self.report.title, 140), bold=True))
        for block in opening(self.report):
            if isinstance(block, Paragraph):
                paragraph = self._paragraph(frame, 16)
                for run in shortened(block.inlines, 420):
                    self._run(paragraph, run, colour=_WARN if block.box else _MUTED)  # type: ignore[arg-type]

    def _slide(self, title: str, above: str = "") -> Any:
        slide = self.deck.slides.add_slide(self.deck.slide_layouts[_BLANK])
        if above:
            small = self._paragraph(self._box(slide, 0.8, 0.25, 11.7, 0.4), 12)
            self._run(small, TextRun(one_line(above, 160)), colour=_MUTED)
        self._run(
            self._paragraph(self._box(slide, 0.8, 0.5, 11.7, 0.9), 26 if width_of([TextRun(title)]) <= 70 else 20),
            TextRun(one_line(title, 130), bold=True),
        )
        return slide

    def _content(self, content: SlideContent) -> None:
        slide = self._slide(content.title, content.above)
        cells = [c for row in content.table.rows[:MOST_ROWS] for c in row[:MOST_COLUMNS]] if content.table else []
        cited = [i.index for line in [*content.lines, *cells] for i in line if isinstance(i, Cite)]
        if content.lines:
            frame = self._box(slide, 0.8, 1.6, 11.7, 4.4)
            size = 24 if sum(map(width_of, content.lines)) <= ROOM // 2 else 20
            for line in content.lines:
                self._line(self._paragraph(frame, size), line)
        if content.table:
            self._table(slide, content.table)
        if content.picture:
            self._picture(slide, content.picture)
        self._foot(slide, cited)
        self._notes(slide, content.notes)

    def _line(self, paragraph: Any, line: Sequence[Inline]) -> None:
        for inline in line:
            match inline:
                case TextRun(formula=True):
                    for number, row in enumerate(formula_rows(inline.text)):
                        if number:
                            paragraph.add_line_break()
                        self._run(paragraph, replace(inline, text=row))
                case TextRun():
                    self._run(paragraph, inline, colour=_WARN if inline.level else _INK)
                case Cite():
                    for run in mark_runs(inline.index, self.report):
                        shifted = replace(run, url=None, italic=False, shift="sup")
                        self._run(paragraph, shifted, colour=_COLOURS.get(run.level, _WARN))
                case Break():
                    paragraph.add_line_break()

    def _table(self, slide: Any, table: Table) -> None:
        from pptx.util import Inches, Pt  # noqa: PLC0415

        shown, *note = capped(table, self.report.labels, MOST_ROWS - 1, MOST_COLUMNS)
        assert isinstance(shown, Table)
        rows, columns = shown.rows, max(map(len, shown.rows))
        shape = slide.shapes.add_table(
            len(rows), columns, Inches(0.8), Inches(1.6), Inches(11.7), Inches(0.4 * len(rows))
        )
        for r, row in enumerate(rows):
            for c, inlines in enumerate(row):
                frame = shape.table.cell(r, c).text_frame
                paragraph = frame.paragraphs[0]
                self._line(paragraph, tuple(shortened(inert_cell(inlines), ROW // columns)))
                for run in paragraph.runs:
                    run.font.size = Pt(12)
                    if r == 0:
                        run.font.color.rgb, run.font.bold = self._colour("FFFFFF"), True
        if note:
            words = TextRun(words_of(note))
            self._run(self._paragraph(self._box(slide, 0.8, 5.9, 11.7, 0.4), 12), words, colour=_MUTED)

    def _picture(self, slide: Any, picture: bytes) -> None:
        from pptx.util import Inches  # noqa: PLC0415

        shape = slide.shapes.add_picture(BytesIO(picture), Inches(0.8), Inches(1.6))
        scale = min(Inches(11.7) / shape.width, Inches(4.3) / shape.height)
        shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
        shape.left = int((self.deck.slide_width - shape.width) / 2)

    def _foot(self, slide: Any, marks: Sequence[int]) -> None:
        """The sources of a slide."""
        references = {c.label: reference for reference in self.report.references for c in reference.passages}
        cited = {c.label: references[c.label] for index in marks for c in self.report.marks[index].cited}
        documents = list({r.number: r for r in cited.values()}.values())[:6]
        if not documents:
            return
        frame = self._box(slide, 0.8, 6.3, 11.7, 1.0)
        paragraph = self._paragraph(frame, 11)
        for number, reference in enumerate(documents):
            gap = " · " if number else ""
            title = one_line(reference.title, 60 if len(documents) < 4 else 40)
            self._run(paragraph, TextRun(f"{gap}[{reference.number}] "), colour=_MUTED)
            self._run(paragraph, TextRun(title, url=safe_url(reference.url)), colour=_MUTED)
            if reference.date:
                dated = f"{self.report.labels.comma}{age(reference.date, self.report)}"
                self._run(paragraph, TextRun(dated), colour=_MUTED)

    @staticmethod
    def _notes(slide: Any, lines: Sequence[str]) -> None:
        text = "\n".join(clean(line) for line in lines if line)
        if text:
            slide.notes_slide.notes_text_frame.text = text[:NOTES]

    @staticmethod
    def _box(slide: Any, left: float, top: float, width: float, height: float) -> Any:
        from pptx.util import Inches  # noqa: PLC0415

        frame = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height)).text_frame
        frame.word_wrap = True
        return frame

    @staticmethod
    def _paragraph(frame: Any, size: int) -> Any:
        from pptx.util import Pt  # noqa: PLC0415

        first = frame.paragraphs[0]
        paragraph = first if not first.runs and len(frame.paragraphs) == 1 else frame.add_paragraph()
        paragraph.font.size = Pt(size)
        paragraph.space_after = Pt(size / 2)
        return paragraph

    @staticmethod
    def _colour(name: str) -> Any:
        from pptx.dml.color import RGBColor  # noqa: PLC0415

        return RGBColor(*bytes.fromhex(name))  # type: ignore[no-untyped-call]

    def _run(self, paragraph: Any, run: TextRun, colour: str = _INK) -> None:
        if not run.text:
            return
        made = paragraph.add_run()
        made.text = clean(run.text).replace("\n", " ")
        made.font.bold, made.font.italic = run.bold or None, run.italic or run.formula or None
        made.font.color.rgb = self._colour(colour)
        if run.code:
            made.font.name = MONO
        if run.shift:
            made.font._element.set("baseline", "30000" if run.shift == "sup" else "-25000")
        if run.url and not run.url.startswith("#"):
            made.hyperlink.address = run.url


FORMAT = Format("report.pptx", lambda report, _: pptx(report))
