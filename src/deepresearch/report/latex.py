"""The report as LaTeX source for xelatex or lualatex: nothing of the report's text reaches TeX as a command."""

import re
from collections.abc import Iterable, Sequence

from ..text.characters import WIDE
from .blocks import (
    Block,
    Break,
    Chart,
    Cite,
    Code,
    Heading,
    Inline,
    Items,
    Paragraph,
    Quote,
    Rule,
    Run,
    Table,
    blocks,
)
from .charts import draw
from .checks import explain, suggest, summary
from .formulas import is_harmless
from .frame import MAKER, entry, passage
from .markup import one_line
from .structure import Report
from .styles import entries
from .tex import address, escape
from .words import cost_rows, facts, mark_text

QUOTE = 360
"""Characters of a cited passage that are shown."""
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


def latex(report: Report) -> dict[str, bytes]:
    """report.tex, and the picture and specification of each chart."""
    writer = _Writer(report)
    source = writer.write()
    return {"report.tex": source.encode("utf-8", "replace"), **writer.figures}


class _Writer:
    def __init__(self, report: Report) -> None:
        self.report = report
        self.figures: dict[str, bytes] = {}

    def write(self) -> str:
        """The whole source."""
        report, labels = self.report, self.report.labels
        parts = [rf"{{\LARGE\bfseries {escape(report.title)}\par}}"]
        if one_line(report.question) != report.title:
            parts.append(rf"\textit{{{escape(labels.question)}{labels.colon}{escape(report.question)}}}")
        told = " · ".join(f"{escape(name)}{labels.colon}{escape(value)}" for name, value in facts(report))
        parts.append(rf"{{\small {told}\par}}")
        if report.partial is not None:
            parts.append(_box(rf"\textbf{{{escape(labels.partial)}}}{labels.colon}{escape(report.partial)}"))
        parts += [*self._blocks(blocks(report.body, labels)), *self._references(), *self._checks()]
        if report.notes:
            parts += [_section(labels.notes), _list("itemize", map(escape, report.notes))]
        parts += [_section(labels.cost), self._cost()]
        body = "\n\n".join(part for part in parts if part)
        return self._preamble(body) + body + "\n\n\\end{document}\n"

    def _preamble(self, body: str) -> str:
        chinese = _CHINESE.format(serif=SERIF, sans=SANS, mono=MONO) if _CJK.search(body) else ""
        return _PREAMBLE.format(maker=MAKER, fonts=chinese.rstrip(), title=escape(self.report.title))

    def _blocks(self, found: Iterable[Block]) -> list[str]:
        return [self._block(block) for block in found]

    def _block(self, block: Block) -> str:
        match block:
            case Heading():
                return rf"\{_LEVELS[block.level]}{{{self._inlines(block.inlines)}}}"
            case Paragraph():
                text = self._inlines(block.inlines)
                return _box(text) if block.box else text
            case Code():
                return _code(block.text)
            case Chart():
                return self._chart(block)
            case Items():
                return self._items(block)
            case Quote():
                return "\\begin{quote}\n" + "\n\n".join(self._blocks(block.blocks)) + "\n\\end{quote}"
            case Table():
                return self._table(block)
            case Rule():
                return r"\par\medskip\hrule\medskip"

    def _items(self, items: Items) -> str:
        """A list; numbers are written out, so that no depth is too deep for TeX's counters."""
        lines = []
        for number, item in enumerate(items.items, items.start or 0):
            name = r"\textbullet" if items.start is None else f"{number}."
            text = "\n\n".join(self._blocks(item)) or r"\mbox{}"
            lines.append(f"\\item[{{{name}}}] {text}")
        return "\\begin{list}{}{\\leftmargin=1.6em\\itemsep=0.2em}\n" + "\n".join(lines) + "\n\\end{list}"

    def _table(self, table: Table) -> str:
        columns = max(len(row) for row in table.rows)
        width = f"\\dimexpr {1 / columns:.4f}\\linewidth-2\\tabcolsep\\relax"
        aligned = {"right": r"\raggedleft", "center": r"\centering"}
        sides = [*table.sides, *["left"] * columns][:columns]
        spec = "".join(
            f">{{{aligned.get(side, chr(92) + 'raggedright')}\\arraybackslash}}p{{{width}}}" for side in sides
        )
        rows = [" & ".join(self._inlines(cell) for cell in row) + r" \\" for row in table.rows]
        head = f"\\hline\n{rows[0]}\n\\hline\\endhead"
        size = r"\footnotesize" if columns > 4 else r"\small"
        return f"{{{size}\n\\begin{{longtable}}{{{spec}}}\n{head}\n" + "\n".join(
            [*rows[1:], r"\hline", r"\end{longtable}}"]
        )

    def _chart(self, block: Chart) -> str:
        chart, labels = draw(block.specification), self.report.labels
        if chart.png is None:
            return (
                rf"\textit{{{escape(labels.chart_missing.format(why=chart.problem))}}}"
                + "\n\n"
                + _code(block.specification)
            )
        name = f"figures/figure-{len(self.figures) // 2 + 1}"
        self.figures |= {f"{name}.png": chart.png, f"{name}.vl.json": block.specification.encode("utf-8", "replace")}
        title = escape(chart.title or labels.chart)
        size = f"width={min(chart.size[0] * 0.75, 430):.0f}bp,height=0.5\\textheight,keepaspectratio"
        return f"\\begin{{center}}\n\\includegraphics[{size}]{{{name}.png}}\n\n{title}\n\\end{{center}}"

    def _inlines(self, inlines: Sequence[Inline]) -> str:
        return "".join(self._inline(inline) for inline in inlines)

    def _inline(self, inline: Inline) -> str:
        match inline:
            case Run():
                return _run(inline)
            case Cite():
                return self._mark(inline.index)
            case Break():
                return r"\newline "

    def _mark(self, index: int) -> str:
        mark = self.report.marks[index]
        cites = "".join(rf"\cited{{{c.label}}}{{{escape(mark_text(c, self.report))}}}" for c in mark.cited)
        return cites + (rf"\textit{{[{escape(self.report.labels.removed)}]}}" if mark.removed else "")

    def _references(self) -> list[str]:
        report = self.report
        if not report.references:
            return []
        styled, items = entries(report), []
        for index, reference in enumerate(report.references):
            lines = ["".join(_run(run) for run in entry(reference, report, styled[index] if styled else ()))]
            for cited in reference.passages:
                quotation, known = passage(cited, report, QUOTE)
                letter = cited.label.removeprefix(str(reference.number))
                target = rf"\hypertarget{{ref-{cited.label}}}{{}}"
                lines.append(f"{target}{letter} \\textit{{{escape(quotation)}}} ({escape(known)})")
            items.append(f"\\item[{{{reference.number}.}}] " + r"\newline ".join(lines))
        listed = "\\begin{list}{}{\\leftmargin=2em\\itemsep=0.4em}\\small\n" + "\n".join(items) + "\n\\end{list}"
        return [_section(report.labels.references), listed]

    def _checks(self) -> list[str]:
        checks, labels = self.report.checks, self.report.labels
        if checks is None or not (checks.total or checks.uncited):
            return []
        parts = [_section(labels.check), escape(summary(checks, labels))]
        if checks.weak:
            weak = [f"[{w.cited.label}] {escape(explain(w, labels))}" for w in checks.weak]
            parts += [rf"\subsection{{{escape(labels.weak)}}}", _list("itemize", [f"{{}}{line}" for line in weak])]
        if checks.uncited:
            bare = [escape(suggest(b, labels)) for b in checks.uncited]
            parts += [rf"\subsection{{{escape(labels.uncited)}}}", _list("itemize", bare)]
        return parts

    def _cost(self) -> str:
        labels = self.report.labels
        rows = [("", labels.used, labels.limit), *cost_rows(self.report)]
        return self._table(Table(tuple(tuple((Run(c),) for c in row) for row in rows), ("left", "right", "right")))


def _run(run: Run) -> str:
    if run.formula:
        text = f"${' '.join(run.text.split())}$" if is_harmless(run.text) else rf"\texttt{{{escape(run.text)}}}"
    else:
        text = _spaced(run.text)
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
    return rf"\href{{{address(run.url)}}}{{{text}}}" if run.url else text


def _spaced(text: str) -> str:
    """`text` escaped, with the blanks at its ends kept."""
    escaped = escape(text)
    before = " " if text[:1].isspace() and escaped else ""
    return before + escaped + (" " if text[-1:].isspace() else "")


def _code(text: str) -> str:
    lines = [
        escape(line) if not line.startswith((" ", "\t")) else _indented(line) for line in text.expandtabs(4).split("\n")
    ]
    return "{\\small\\ttfamily\\raggedright " + "\\par\n".join(line or r"\mbox{}" for line in lines) + "\\par}"


def _indented(line: str) -> str:
    return "~" * (len(line) - len(line.lstrip())) + escape(line)


def _section(title: str) -> str:
    return rf"\section{{{escape(title)}}}"


def _box(text: str) -> str:
    return rf"\boxedtext{{{text}}}"


def _list(kind: str, items: Iterable[str]) -> str:
    return f"\\begin{{{kind}}}\n" + "\n".join(rf"\item {{}}{item}" for item in items) + f"\n\\end{{{kind}}}"
