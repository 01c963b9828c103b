"""The report as LaTeX source for xelatex or lualatex: nothing of the report's text reaches TeX as a command."""

import re
from collections.abc import Iterable, Sequence

from ..text.characters import WIDE
from . import blocks
from .blocks import Inline, TextRun
from .charts import draw
from .frame import MAKER, closing, mark_runs, opening
from .structure import Format, ReportModel
from .tex import address, canonical, escape, is_harmless

SERIF, SANS, MONO = "Noto Serif CJK SC", "Noto Sans CJK SC", "Noto Sans Mono CJK SC"
"""Fonts for Chinese that the source names; xelatex stops where one is missing."""

_CJK = re.compile(f"[\u0370-\u04ff\u2042\u2070-\u209f\u2100-\u2bff{WIDE}]")
_PREAMBLE = r"""% {maker}. Compile twice: xelatex report.tex
\documentclass[11pt,a4paper]{{article}}
\usepackage[margin=25mm]{{geometry}}
\usepackage{{fontspec,xcolor,longtable,array,graphicx,amsmath,amssymb,ulem}}
\normalem
{fonts}
\tracinglostchars=3 % a sign that no font has is an error
\usepackage[unicode,colorlinks,allcolors=blue!60!black]{{hyperref}}
\hypersetup{{pdftitle={{{title}}}}}
\setlength{{\parindent}}{{0pt}}\setlength{{\parskip}}{{0.6em}}\setcounter{{secnumdepth}}{{0}}\sloppy
\newcommand{{\cited}}[2]{{\textsuperscript{{\hyperlink{{ref-#1}}{{[#2]}}}}}}
\newcommand{{\boxedtext}}[1]{{\par\noindent\fbox{{\parbox{{0.96\linewidth}}{{#1}}}}\par}}
\begin{{document}}
"""
_CHINESE = r"""\usepackage{{xeCJK}}
\setCJKmainfont{{{serif}}}
\setCJKsansfont{{{sans}}}
\setCJKmonofont{{{mono}}}
\xeCJKDeclareCharClass{{CJK}}{{"370->"4FF, "2042, "2070->"209F, "2100->"2BFF}}
\XeTeXlinebreaklocale "zh"
"""
_LEVELS = {2: "section", 3: "subsection", 4: "subsubsection", 5: "paragraph", 6: "subparagraph"}


def latex(report: ReportModel) -> dict[str, bytes]:
    """report.tex, and the picture and specification of each chart."""
    writer = _Writer(report)
    source = writer.write()
    return {"report.tex": source.encode("utf-8", "replace"), **writer.figures}


class _Writer:
    def __init__(self, report: ReportModel) -> None:
        self.report = report
        self.figures: dict[str, bytes] = {}

    def write(self) -> str:
        """The whole source."""
        report = self.report
        title = rf"{{\LARGE\bfseries {escape(report.title)}\par}}"
        parts = self._blocks([*opening(report), *report.blocks, *closing(report)])
        body = "\n\n".join(part for part in [title, *parts] if part)
        chinese = _CHINESE.format(serif=SERIF, sans=SANS, mono=MONO) if _CJK.search(body) else ""
        preamble = _PREAMBLE.format(maker=MAKER, fonts=chinese.rstrip(), title=escape(report.title))
        return preamble + body + "\n\n\\end{document}\n"

    def _blocks(self, found: Iterable[blocks.Block]) -> list[str]:
        return [self._block(block) for block in found]

    def _block(self, block: blocks.Block) -> str:
        match block:
            case blocks.Heading():
                return rf"\{_LEVELS[block.level]}{{{self._inlines(block.inlines)}}}"
            case blocks.Paragraph():
                text = self._inlines(block.inlines)
                return rf"\boxedtext{{{text}}}" if block.box else text
            case blocks.Code():
                return _code(block.text)
            case blocks.Chart():
                return self._chart(block)
            case blocks.Items():
                return self._items(block)
            case blocks.BlockQuote():
                return "\\begin{quote}\n" + "\n\n".join(self._blocks(block.blocks)) + "\n\\end{quote}"
            case blocks.Table():
                return self._table(block)
            case blocks.Rule():
                return r"\par\medskip\hrule\medskip"

    def _items(self, items: blocks.Items) -> str:
        """A list; numbers are written out, so that no depth is too deep for TeX's counters."""
        lines = []
        for number, item in enumerate(items.items, items.start or 0):
            name = r"\textbullet" if items.start is None else f"{number}."
            text = "\n\n".join(self._blocks(item)) or r"\mbox{}"
            lines.append(f"\\item[{{{name}}}] {text}")
        return "\\begin{list}{}{\\leftmargin=1.6em\\itemsep=0.2em}\n" + "\n".join(lines) + "\n\\end{list}"

    def _table(self, table: blocks.Table) -> str:
        columns = max(len(row) for row in table.rows)
        width = f"\\dimexpr {1 / columns:.4f}\\linewidth-2\\tabcolsep\\relax"
        aligned = {"right": r"\raggedleft", "center": r"\centering"}
        sides = [*table.sides, *["left"] * columns][:columns]
        spec = "".join(
            f">{{{aligned.get(side, chr(92) + 'raggedright')}\\arraybackslash}}p{{{width}}}" for side in sides
        )
        rows = [
            "{}" + " & ".join(self._inlines(cell) for cell in row) + r" \\" for row in table.rows
        ]  # {}: a row's [ is no option
        head = f"\\hline\n{rows[0]}\n\\hline\\endhead"
        size = r"\footnotesize" if columns > 4 else r"\small"
        return f"{{{size}\n\\begin{{longtable}}{{{spec}}}\n{head}\n" + "\n".join(
            [*rows[1:], r"\hline", r"\end{longtable}}"]
        )

    def _chart(self, block: blocks.Chart) -> str:
        chart, labels = draw(block.specification), self.report.labels
        if chart.png is None:
            why = escape(labels.chart_missing.format(why=chart.problem))
            return rf"\textit{{{why}}}" + "\n\n" + _code(block.specification)
        name = f"figures/figure-{len(self.figures) // 2 + 1}"
        self.figures |= {f"{name}.png": chart.png, f"{name}.vl.json": block.specification.encode("utf-8", "replace")}
        title = escape(chart.title or labels.chart)
        size = f"width={min(chart.size[0] * 0.75, 430):.0f}bp,height=0.5\\textheight,keepaspectratio"
        return f"\\begin{{center}}\n\\includegraphics[{size}]{{{name}.png}}\n\n{title}\n\\end{{center}}"

    def _inlines(self, inlines: Sequence[Inline]) -> str:
        return "".join(self._inline(inline) for inline in inlines)

    def _inline(self, inline: Inline) -> str:
        match inline:
            case TextRun():
                return _run(inline)
            case blocks.Cite():
                return "".join(map(_run, mark_runs(inline.index, self.report)))
            case blocks.Break():
                return r"\newline "


def _run(run: TextRun) -> str:
    if run.url and run.url.startswith("#ref-") and run.shift:
        return rf"\cited{{{run.url[5:]}}}{{{escape(run.text[1:-1])}}}"
    text = _formula(run) if run.formula else _spaced(run.text)
    for wanted, command in (
        (run.code, "texttt"),
        (run.bold, "textbf"),
        (run.italic, "textit"),
        (run.strike, "sout"),
        (run.shift == "sub", "textsubscript"),
        (run.shift == "sup", "textsuperscript"),
    ):
        if wanted and text.strip():
            text = rf"\{command}{{{text}}}"
    if run.url and run.url.startswith("#ref-"):
        text = rf"\hyperlink{{{run.url[1:]}}}{{{text}}}"
    elif run.url and not run.url.startswith("#"):
        text = rf"\href{{{address(run.url)}}}{{{text}}}"
    return rf"\hypertarget{{{run.anchor}}}{{}}{text}" if run.anchor.startswith("ref-") else text


def _formula(run: TextRun) -> str:
    tex = " ".join(canonical(run.text).split())
    if not is_harmless(tex):
        return rf"\texttt{{{escape(run.text)}}}"
    return rf"\[{tex}\]" if run.display and "\\begin" in tex else f"${tex}$"


def _spaced(text: str) -> str:
    """`text` escaped, with the blanks at its ends."""
    escaped = escape(text)
    before = " " if text[:1].isspace() and escaped else ""
    return before + escaped + (" " if text[-1:].isspace() else "")


def _code(text: str) -> str:
    lines = ["~" * (len(line) - len(line.lstrip())) + escape(line) for line in text.expandtabs(4).split("\n")]
    return "{\\small\\ttfamily\\raggedright " + "\\par\n".join(line or r"\mbox{}" for line in lines) + "\\par}"


FORMAT = Format("report.tex", lambda report, _: latex(report))
