"""Real reports of other systems written in every format, opened again and compared with what was meant.

    python -m benchmarks.exports [--each N] [--keep FOLDER]

shared/data/drb1_reports holds Markdown reports of six systems, English and Chinese. Each becomes the answer of a run
whose registered passages are its own references, so that it goes through citations, structure and writers like any
report. The DOCX is opened with python-docx, the PDF with pypdfium2, the presentation with python-pptx; headings,
tables, words (each Chinese character and each Latin word), references and marks are compared. A last table times a
report of about 5,000 words with 100 citations and more in every format.
"""

import argparse
import json
import os
import re
import statistics
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepresearch.report import FORMATS, make_report, write
from deepresearch.report.blocks import Block, BlockQuote, Heading, Items, Table, words_of
from deepresearch.report.pdf import read_pdf
from deepresearch.report.structure import ReportModel
from deepresearch.report.syntax import PLACEHOLDERS
from deepresearch.text.characters import clean, one_line
from deepresearch.trajectory import Answered, Event, Observation, Passage, RunFinished, RunStarted, Task

DATA = Path(os.environ.get("DEEPRESEARCH_SHARED", Path(__file__).parents[2] / "shared")) / "data/drb1_reports/dev"
_ENTRY = re.compile(r"^\s*(?:[-*]\s*)?\[(\d{1,3})\]:?\s+(.*?)(?:[:：]?\s*)(https?://\S+)?\s*$", re.MULTILINE)
_NOTE = re.compile(r"^\[\^([\w.-]+)\]:\s*(\S.*)$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[([^\]\[]+)\]\((https?://(?:[^\s()]|\([^\s()]*\))+)\)")
_WORD = re.compile(r"[a-z]{3,}|[\u3400-\u9fff]")


def run_of(row: dict[str, Any]) -> list[Event]:
    """A finished run that gives the report of `row`, its references as the passages shown."""
    text, shown = row["article"], {}

    def show(id_: str, title: str, url: str | None) -> str:
        name = url or f"source {id_}"
        shown.setdefault(id_, Passage(id=id_, document=name, title=title or name, text=title or name, url=url))
        return id_

    notes = {m[1]: m[2] for m in _NOTE.finditer(text)}
    entries = {m[1]: (m[2].strip(" :：—-"), m[3]) for m in _ENTRY.finditer(text) if m[3]}
    text = _NOTE.sub("", text)
    text = _ENTRY.sub(lambda m: "" if m[3] else m.group(), text)
    text = re.sub(r"\[\^([\w.-]+)\]", lambda m: f"\\cite{{{show('n' + m[1], '', notes.get(m[1]))}}}", text)

    def numbers(match: re.Match[str]) -> str:
        ids = re.findall(r"\d+", match[1])
        return f"\\cite{{{', '.join(show('r' + i, *entries.get(i, (f'Source {i}', None))) for i in ids)}}}"

    text = re.sub(r"(?<![!\\\]])\[(\d{1,3}(?:\s*[,，]\s*\d{1,3})*)\](?![(:])", numbers, text)
    text = re.sub(r"(?<=[\]}])\[(\d{1,3})\](?![(:])", numbers, text)
    text = _LINK.sub(lambda m: f"{m.group()}\\cite{{{show('l' + str(abs(hash(m[2])) % 10**9), m[1], m[2])}}}", text)
    language = "zh" if len(re.findall("[\u4e00-\u9fff]", row["prompt"])) > 10 else "en"
    passages = list(shown.values())
    events: list[Event] = [
        RunStarted(run="bench", task=Task(question=row["prompt"], language=language, date="2025-08-07")),
        Observation(call="c1-1", tool="batch_web_surfer", passages=passages, passage_ids=[p.id for p in passages]),
        Answered(text=text),
        RunFinished(),
    ]
    for number, event in enumerate(events, 1):
        event.seq, event.time = number, 1_755_000_000.0 + number
    return events


def walk(found: tuple[Block, ...]) -> Iterator[Block]:
    for block in found:
        yield block
        if isinstance(block, BlockQuote):
            yield from walk(block.blocks)
        if isinstance(block, Items):
            for item in block.items:
                yield from walk(item)


@dataclass
class Meant:
    """What every file should hold."""

    headings: list[str]
    tables: int
    words: Counter[str]
    references: list[str]
    marks: int

    @classmethod
    def of(cls, report: ReportModel) -> "Meant":
        found = report.blocks
        every = list(walk(found))
        heads = [one_line("".join(getattr(i, "text", "") for i in b.inlines)) for b in every if isinstance(b, Heading)]
        tables = sum(isinstance(b, Table) for b in every)
        titles = [one_line(r.title, 60).rstrip("…") for r in report.references]
        shown = [report.marks[int(index)] for index in PLACEHOLDERS.findall(report.body)]
        return cls(heads, tables, words(words_of(found)), titles, sum(len(mark.cited) for mark in shown))


def words(text: str) -> Counter[str]:
    """Words of three letters and more, and Chinese characters; TeX's commands, shown as signs by a page are none."""
    text = re.sub(r"\\[A-Za-z]+", " ", text.replace("\ufffe", "-"))
    return Counter(_WORD.findall(unicodedata.normalize("NFKC", clean(text)).lower()))


def squeezed(text: str) -> str:
    return re.sub(r"[\s\ufffe\xad-]+", "", unicodedata.normalize("NFKC", text))


@dataclass
class Tally:
    """Counts of one format over all reports."""

    files: int = 0
    headings: list[int] = field(default_factory=lambda: [0, 0])
    tables: list[int] = field(default_factory=lambda: [0, 0])
    words: list[int] = field(default_factory=lambda: [0, 0])
    references: list[int] = field(default_factory=lambda: [0, 0])
    marks: list[int] = field(default_factory=lambda: [0, 0])
    seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


def compare(
    tally: Tally, meant: Meant, text: str, tables: int | None, headings: list[str] | None, marks: int | None
) -> list[str]:
    """Add one file to `tally`; returns what was lost."""
    lost = []
    joined = squeezed(text)
    there = [h for h in meant.headings if (h in headings if headings is not None else squeezed(h) in joined)]
    # A long title is cut on a slide and hyphenated on paper; its beginning is enough to know it by.
    listed = [t for t in meant.references if squeezed(t)[:24] in joined]
    found = words(text)
    kept = sum(min(n, found[w]) for w, n in meant.words.items())
    rows = [
        ("headings", tally.headings, len(there), len(meant.headings)),
        ("words", tally.words, kept, meant.words.total()),
        ("references", tally.references, len(listed), len(meant.references)),
    ]
    rows += [("tables", tally.tables, min(tables, meant.tables), meant.tables)] if tables is not None else []
    rows += [("marks", tally.marks, min(marks, meant.marks), meant.marks)] if marks is not None else []
    for name, counts, got, of in rows:
        counts[0] += got
        counts[1] += of
        if got < of:
            gone = {
                "words": [w for w, n in (meant.words - found).items()][:8],
                "headings": [h for h in meant.headings if h not in there][:2],
            }
            lost.append(f"{name} {got}/{of} {gone.get(name, '')}")
    return lost


def open_docx(path: Path) -> tuple[str, int, list[str], int]:
    import docx

    document = docx.Document(str(path))
    headings = [one_line(p.text) for p in document.paragraphs if p.style and p.style.name.startswith("Heading")]
    body = document.element.body
    written, broken = docx.oxml.ns.qn("w:t"), docx.oxml.ns.qn("w:br")
    text = "\n".join(
        "".join(t.text or "\n" for t in p.iter(written, broken)) for p in body.iter(docx.oxml.ns.qn("w:p"))
    )
    tables = len(list(body.iter(docx.oxml.ns.qn("w:tbl")))) - 1  # the cost table
    anchors = sum(1 for link in body.iter(docx.oxml.ns.qn("w:hyperlink")) if link.get(docx.oxml.ns.qn("w:anchor")))
    headings = [re.sub(r"\[\d+[a-z]*\]$", "", h).strip() for h in headings]
    return text, tables, headings, anchors


def open_pptx(path: Path) -> str:
    import pptx

    lines = []
    for slide in pptx.Presentation(str(path)).slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                lines.append(shape.text_frame.text)
            if shape.has_table:
                lines += [cell.text for row in shape.table.rows for cell in row.cells]
        if slide.has_notes_slide:
            lines.append(slide.notes_slide.notes_text_frame.text)
    return "\n".join(lines)


def check_tex(text: str) -> list[str]:
    """Faults in the structure of the source: braces, environments, a command that is not ours."""
    faults = []
    bare = re.sub(r"\\[\\{}$&%#_]", "", text)
    if bare.count("{") != bare.count("}"):
        faults.append("braces")
    begins, ends = (Counter(re.findall(rf"\\{word}\{{(\w+)\}}", text)) for word in ("begin", "end"))
    if begins != ends:
        faults.append(f"environments {begins - ends} {ends - begins}")
    return faults


def one(events: list[Event], folder: Path, tallies: dict[str, Tally]) -> list[str]:
    report = make_report(events)
    meant = Meant.of(report)
    lost = []
    for name, form in ((name, FORMATS.get(name)) for name in FORMATS.names()):
        tally = tallies.setdefault(name, Tally())
        began = time.perf_counter()
        written = write(events, folder, [name])
        tally.seconds.append(time.perf_counter() - began)
        if written.problems:
            lost.append(f"{name}: {written.problems[0].message}")
            continue
        tally.files += 1
        path = folder / form.file
        tally.sizes.append(path.stat().st_size)
        found: list[str] = []
        if name == "docx":
            text, tables, headings, anchors = open_docx(path)
            found = compare(tally, meant, text, tables, headings, anchors)
        elif name == "pdf":
            found = compare(tally, meant, read_pdf(path.read_bytes()), None, None, None)
        elif name == "pptx":
            found = compare(tally, meant, open_pptx(path), None, None, None)
        elif name == "html":
            source = path.read_text(encoding="utf-8")
            shown = re.sub(r"<style>.*?</style>|<[^>]+>", " ", source, flags=re.DOTALL)
            from html import unescape

            found = compare(
                tally, meant, unescape(shown), source.count("<table") - 1, None, source.count('class="cite"')
            )
        elif name == "tex":
            found = check_tex(path.read_text(encoding="utf-8"))
        elif name in ("bib", "ris", "csl"):
            text = path.read_text(encoding="utf-8")
            entries = {"bib": "\n@", "ris": "ER  - ", "csl": '"id":'}[name]
            count = ("\n" + text).count(entries)
            tally.references[0] += count
            tally.references[1] += len(meant.references)
            found = [] if count == len(meant.references) else [f"references {count}/{len(meant.references)}"]
        lost += [f"{name}: {fault}" for fault in found]
    return lost


def rows_of(each: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(DATA.glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        chinese = [r for r in rows if re.search("[\u4e00-\u9fff]{5}", r["prompt"])]
        english = [r for r in rows if r not in chinese]
        mixed = [row for pair in zip(english, chinese, strict=False) for row in pair]
        for row in mixed[: each or None]:
            yield path.stem, row


def long_report() -> list[Event]:
    """English reports, the longest first, joined until there are 5,000 words."""
    rows = [row for name, row in rows_of(0) if name == "odr_gpt-5"]
    rows = [row for row in rows if not re.search("[\u4e00-\u9fff]{5}", row["prompt"])]
    joined: list[str] = []
    for row in sorted(rows, key=lambda row: -len(row["article"].split())):
        joined.append(row["article"])
        if len(re.sub(r"https?://\S+", "", " ".join(joined)).split()) > 7500:
            break
    return run_of({**rows[0], "article": "\n\n".join(joined)})


def share(counts: list[int]) -> str:
    return f"{counts[0]}/{counts[1]}" if counts[1] else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=4, help="reports per system, English and Chinese by turns; 0: all")
    parser.add_argument("--keep", type=Path, help="folder in which the files stay")
    given = parser.parse_args()
    tallies: dict[str, Tally] = {}
    faults = reports = 0
    with tempfile.TemporaryDirectory() as scratch:
        for name, row in rows_of(given.each):
            reports += 1
            for fault in one(run_of(row), (given.keep or Path(scratch)) / f"{name}-{row['id']}", tallies):
                faults += 1
                print(f"{name} {row['id']}: {fault}")
        print(f"\n{reports} reports, {faults} differences")
        print("| format | files | headings | tables | words | references | marks | s p50 | s max | kB p50 |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        for name, t in tallies.items():
            cells = [share(c) for c in (t.headings, t.tables, t.words, t.references, t.marks)]
            times = [f"{statistics.median(t.seconds):.2f}", f"{max(t.seconds):.2f}"]
            size = f"{statistics.median(t.sizes) / 1000:.0f}"
            print(f"| {' | '.join([name, f'{t.files}/{reports}', *cells, *times, size])} |")
        events = long_report()
        report = make_report(events)
        count = len(words_of(report.blocks).split())
        marks = sum(len(m.cited) for m in report.marks)
        print(f"\nA report of {count:,} words, {marks} citations of {len(report.references)} documents, seconds:")
        for name in FORMATS.names():
            began = time.perf_counter()
            write(events, Path(scratch), [name])
            print(f"{name} {time.perf_counter() - began:.2f}", end="  ")
        print()


if __name__ == "__main__":
    main()
