"""The report as a Word document (python-docx): headings, lists, tables, links, marks that lead to the references."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from ..text.characters import one_line
from . import blocks
from .blocks import Inline, TextRun
from .charts import draw
from .frame import EAST_ASIAN, LATIN, MAKER, MONO, closing, inert_cell, mark_runs, opening
from .markup import need
from .structure import Format, ReportModel
from .tex import rows

_COLOURS = {
    "contradicts": "A3211B",
    "unrelated": "A3211B",
    "partly": "8A4B00",
    "unreachable": "8A4B00",
    "seen": "5C6672",
}
_SHADES = {"agree": "E9F4EC", "differ": "FFF4E2", "code": "F5F6F8"}
_LINK = "0B57A4"
_AFTER_SHADE = "w:tabs w:spacing w:ind w:contextualSpacing w:jc w:outlineLvl w:rPr w:sectPr".split()
"""Elements that must follow the shading in a paragraph's properties."""


def docx(report: ReportModel) -> bytes:
    """The whole document. Raises ExportError where python-docx is missing."""
    need("docx", "python-docx", "office")
    writer = _Writer(report)
    writer.write()
    file = BytesIO()
    writer.document.save(file)
    return file.getvalue()


class _Writer:
    def __init__(self, report: ReportModel) -> None:
        import docx  # noqa: PLC0415

        self.report = report
        self.document = docx.Document()
        self._bookmarks = 0
        self._set_up()

    def write(self) -> None:
        """Everything, from the title to the cost table."""
        report = self.report
        self.document.add_paragraph(one_line(report.title), style="Title")
        self._blocks([*opening(report), *report.blocks, *closing(report)], self.document)

    def _set_up(self) -> None:
        from docx.shared import Pt, RGBColor  # noqa: PLC0415

        properties = self.document.core_properties
        properties.title, properties.author = one_line(self.report.title, 250), MAKER
        properties.comments, properties.language = "", self.report.language
        written = self.report.written if 0 < self.report.written < 4e9 else 0.0
        properties.created = properties.modified = datetime.fromtimestamp(written, UTC).replace(tzinfo=None)
        for fonts in self.document.styles.element.iter(_name("w:rFonts")):  # those of the defaults among them
            fonts.attrib.clear()
            for script, name in (("ascii", LATIN), ("hAnsi", LATIN), ("eastAsia", EAST_ASIAN)):
                fonts.set(_name(f"w:{script}"), name)
        for style in self.document.styles:
            if style.name.startswith(("Heading", "Title")):
                style.font.color.rgb = RGBColor(0x1B, 0x22, 0x2B)
        self.document.styles["Normal"].font.size = Pt(10.5)
        self.document.styles["Title"].font.size = Pt(22)
        self._number_pages()

    def _number_pages(self) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH  # noqa: PLC0415

        paragraph = self.document.sections[0].footer.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        field = _element("w:fldSimple", instr="PAGE")
        paragraph._p.append(field)
        field.append(self._run(paragraph, TextRun("1")))

    def _blocks(self, found: Iterable[blocks.Block], where: Any, depth: int = 0) -> None:
        for block in found:
            match block:
                case blocks.Heading():
                    self._inlines(self.document.add_heading("", min(block.level - 1, 9)), block.inlines)
                case blocks.Paragraph():
                    paragraph = where.add_paragraph()
                    self._indent(paragraph, depth)
                    self._inlines(paragraph, block.inlines)
                    if block.box:
                        self._shade(paragraph, _SHADES[block.box])
                case blocks.Code():
                    self._code(block.text, where, depth)
                case blocks.Chart():
                    self._chart(block, where)
                case blocks.Items():
                    self._items(block, where, depth)
                case blocks.BlockQuote():
                    self._blocks(block.blocks, where, depth + 1)
                case blocks.Table():
                    self._table(block, where)
                case blocks.Rule():
                    pass

    def _items(self, items: blocks.Items, where: Any, depth: int) -> None:
        """Items with their own numbers written out: Word's would continue from one list to the next."""
        for number, item in enumerate(items.items, items.start or 0):
            first, *rest = item or (blocks.Paragraph(()),)
            style = "List Bullet" if items.start is None else "List Continue"
            paragraph = where.add_paragraph(style=f"{style} {min(depth + 1, 3)}" if depth else style)
            if items.start is not None:
                self._hang(paragraph, depth)
                paragraph.add_run(f"{number}.\t")
            if isinstance(first, blocks.Paragraph):
                self._inlines(paragraph, first.inlines)
                if first.box:
                    self._shade(paragraph, _SHADES[first.box])
            else:
                rest = [first, *rest]
            self._blocks(rest, where, depth + 1)

    def _hang(self, paragraph: Any, depth: int) -> None:
        from docx.shared import Cm  # noqa: PLC0415

        paragraph.paragraph_format.left_indent = Cm(0.75 * (depth + 1))
        paragraph.paragraph_format.first_line_indent = Cm(-0.75)

    def _indent(self, paragraph: Any, depth: int) -> None:
        from docx.shared import Cm  # noqa: PLC0415

        if depth:
            paragraph.paragraph_format.left_indent = Cm(0.75 * min(depth, 8))

    def _code(self, text: str, where: Any, depth: int) -> None:
        paragraph = where.add_paragraph()
        self._indent(paragraph, depth)
        self._run(paragraph, TextRun(text, code=True))
        self._shade(paragraph, _SHADES["code"])

    def _chart(self, block: blocks.Chart, where: Any) -> None:
        from docx.shared import Cm  # noqa: PLC0415

        chart, labels = draw(block.specification), self.report.labels
        if chart.png is None:
            self._append(where.add_paragraph(), TextRun(labels.chart_missing.format(why=chart.problem), italic=True))
            self._code(block.specification, where, 0)
            return
        where.add_paragraph().add_run().add_picture(BytesIO(chart.png), width=Cm(min(15, chart.size[0] / 96 * 2.54)))
        where.add_paragraph(chart.title or labels.chart, style="Caption")

    def _table(self, table: blocks.Table, where: Any) -> None:
        from docx.table import _Cell  # noqa: PLC0415

        columns = max(len(row) for row in table.rows)
        made = self.document.add_table(len(table.rows), columns) if where is self.document else None
        made = made or where.add_table(len(table.rows), columns)
        made.style = "Table Grid"
        for number, (element, row) in enumerate(zip(made._tbl.tr_lst, table.rows, strict=True)):
            if number == 0:
                element.get_or_add_trPr().append(_element("w:tblHeader"))
            for cell, inlines, side in zip(element.tc_lst, row, table.sides, strict=False):
                paragraph = _Cell(cell, made).paragraphs[0]
                paragraph.paragraph_format.space_after = 0
                paragraph.alignment = {"center": 1, "right": 2}.get(side)
                self._inlines(paragraph, inert_cell(inlines), bold=number == 0)
        self.document.add_paragraph()

    def _inlines(self, paragraph: Any, inlines: Sequence[Inline], bold: bool = False) -> None:
        for inline in inlines:
            match inline:
                case TextRun(formula=True):
                    self._append(paragraph, replace(inline, text="\n".join(rows(inline.text))))
                case TextRun():
                    self._append(paragraph, replace(inline, bold=inline.bold or bold))
                case blocks.Break():
                    paragraph.add_run().add_break()
                case blocks.Cite():
                    self._inlines(paragraph, mark_runs(inline.index, self.report))

    def _append(self, paragraph: Any, run: TextRun) -> None:
        if run.anchor.startswith("ref-"):
            self._bookmarks += 1
            paragraph._p.append(_element("w:bookmarkStart", id=str(self._bookmarks), name=_bookmark(run.anchor)))
            paragraph._p.append(_element("w:bookmarkEnd", id=str(self._bookmarks)))
        colour = _COLOURS.get(run.level, "")
        if not run.url or (run.url.startswith("#") and not run.url.startswith("#ref-")):
            self._run(paragraph, run, colour)
            return
        if run.url.startswith("#"):
            link = _element("w:hyperlink", anchor=_bookmark(run.url[1:]), history="1")
        else:
            from docx.opc.constants import RELATIONSHIP_TYPE  # noqa: PLC0415

            link, colour = _element("w:hyperlink"), _LINK
            link.set(_name("r:id"), paragraph.part.relate_to(run.url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
        paragraph._p.append(link)
        link.append(self._run(paragraph, run, colour or _LINK))

    @staticmethod
    def _run(paragraph: Any, run: TextRun, colour: str = "") -> Any:
        """The element of a run that is added to `paragraph`."""
        from docx.shared import RGBColor  # noqa: PLC0415

        made = paragraph.add_run(run.text)
        font = made.font
        font.bold, font.strike, font.italic = run.bold or None, run.strike or None, run.italic or run.formula or None
        if run.code or run.formula:
            font.name = MONO if run.code else "Cambria Math"
            made._r.rPr.rFonts.set(_name("w:eastAsia"), EAST_ASIAN)
        if colour:
            font.color.rgb = RGBColor.from_string(colour)
        if run.shift:
            setattr(font, "superscript" if run.shift == "sup" else "subscript", True)
        return made._r

    @staticmethod
    def _shade(paragraph: Any, colour: str) -> None:
        shade = _element("w:shd", val="clear", color="auto", fill=colour)
        paragraph._p.get_or_add_pPr().insert_element_before(shade, *_AFTER_SHADE)


def _bookmark(anchor: str) -> str:
    return anchor.replace("-", "_")


def _name(tag: str) -> str:
    from docx.oxml.ns import qn  # noqa: PLC0415

    name: str = qn(tag)
    return name


def _element(tag: str, **attributes: str) -> Any:
    """An element of WordprocessingML with its attributes."""
    from docx.oxml import OxmlElement  # noqa: PLC0415

    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(_name(f"w:{name}"), value)
    return element


FORMAT = Format("report.docx", lambda report, _: docx(report))
