"""Pairs of a request and a report: a query and its report, a plan and a report of that structure, a report in a bad
form and the same one well formed; and finished runs whose report alone is written again.

The reports of the pairs are those that people, or other programs, have written; no word of them is changed. Of a run
what was researched stays: without a model a badly formed report gets title, headings, paragraphs and lists, and no word
changes. A model writes it anew, and that is kept only where a comparison in both orders finds it deeper and no less
complete.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

from ..agent.export import to_sft
from ..judge.comparison import compare
from ..judge.short_answer import cited_passages
from ..text.characters import count_han
from ..text.names import is_named
from ..text.sentences import split_sentences
from ..trajectory import parse_event
from .data_files import Card
from .generation import ModelStep, Progress, Rejected, change_records, words_of
from .plan_route import plan_task
from .records import DataCard
from .samples import Sample, language_of, tokens
from .source_reports import checked_source, read_reports

Block = tuple[str, int, str]
KINDS = ("query", "plan", "form")
SHORTEST, LONGEST = 1_200, 40_000
"""Characters of a report; a Chinese character counts as three."""
MOST_SECTIONS = 15
BROKEN = 0.1
"""Share of the blanks at which a badly formed report breaks its lines."""
_NUMBERED = re.compile(r"\d+[.)] ")
PROSE = 0.5
"""Least share of a report's text that is in paragraphs and lists."""


def markdown(title: str, body: Sequence[Block]) -> str:
    """A report as well-formed Markdown."""
    lines = [f"# {title}"]
    before = ""
    for kind, level, text in body:
        plain = " ".join(text.split())
        if kind in ("code", "table"):
            lines.append(f"\n{text}" if kind == "table" else f"\n```\n{text}\n```")
        elif kind in ("heading", "term"):
            lines.append(f"\n{'#' * min(level, 6)} {plain}" if kind == "heading" else f"\n**{plain}**")
        else:
            mark = "- " if kind == "item" and not _NUMBERED.match(plain) else ""
            inner = re.sub(r"\s*\n\s*[-*•]\s+", "\n  - ", text) if kind == "item" else plain
            told = "\n".join(" ".join(line.split()) if n == 0 else line for n, line in enumerate(inner.split("\n")))
            lines.append(f"{'' if kind == before == 'item' else chr(10)}{mark}{told}")
        before = kind
    return "\n".join(lines) + "\n"


def badly_formed(title: str, body: Sequence[Block], rng: random.Random) -> str:
    """The same words as one paragraph, with headings that are none, or in broken lines under headings of any level."""
    form = rng.choice(("wall", "flat", "broken"))
    lines = []
    for kind, _, text in [("heading", 1, title), *body]:
        plain = " ".join(text.split())
        if kind == "heading" and form != "wall":
            plain = f"**{plain}**" if form == "flat" else f"{'#' * rng.randint(1, 6)} {plain}"
        elif form == "broken":
            plain = re.sub(" ", lambda _: "\n" if rng.random() < BROKEN else " ", plain)
        lines.append(plain)
    return (" " if form == "wall" else "\n").join(lines)


def report_pair(report: Sample, kind: str, seed: int) -> Sample:
    """One pair of a kind: chat messages, the report's with `loss`. Raises Rejected."""
    task = plan_task(report)
    body = [(b[0], b[1], b[2]) for b in report["body"]]
    good = markdown(report["title"], body)
    weight = len(good) + 2 * sum("\u4e00" <= c <= "\u9fff" for c in good)
    if not SHORTEST <= weight <= LONGEST:
        raise Rejected("too short or too long")
    if sum(len(t) for k, _, t in body if k in ("paragraph", "item")) < PROSE * len(good):
        raise Rejected("more tables and code than text")
    words = words_of("report", task.language)
    request = task.question
    if kind == "plan":
        headings = [text for k, level, text in body if k == "heading" and level == 2]
        if not 3 <= len(headings) <= MOST_SECTIONS:
            raise Rejected("too few or too many sections")
        request = words["plan"].format(request, "\n".join(f"{n}. {text}" for n, text in enumerate(headings, 1)))
        if [line[3:] for line in good.split("\n") if line.startswith("## ")] != headings:
            raise Rejected("the structure is not that of the plan")
    elif kind == "form":
        bad = badly_formed(report["title"], body, random.Random(f"{seed}:{task.id}"))  # noqa: S311  not for secrets
        if tokens(bad) != tokens(good):
            raise Rejected("the two forms differ in their words")
        request = words["form"].format(bad)
    messages = [{"role": "user", "content": request}, {"role": "assistant", "content": good}]
    key = blake2b((request + good).encode(), digest_size=6).hexdigest()
    return report_sample(kind, f"report-{kind}-{key}", task.language, task.question, messages, report["id"])


def report_sample(kind: str, key: str, language: str, question: str, messages: Sequence[Sample], source: str) -> Sample:
    """A sample whose loss is on the last message alone, which is a report."""
    marked = [{**message, "loss": message is messages[-1]} for message in messages]
    about = {"id": key, "kind": kind, "language": language, "question": question}
    return {**about, "messages": marked, "source": source}


async def make_report_pairs(source: Path, data: Path, out: Path, seed: int, progress: Progress) -> DataCard:
    """Write up to three pairs for each report of a file, folder or library. Raises UserError where there are none."""

    def pairs(card: Card) -> Iterator[Sample]:
        for report in read_reports(source, data, card):
            yield from ({"report": report, "kind": kind} for kind in KINDS)

    async def change(pair: Sample, card: Card) -> Sample:
        made = report_pair(pair["report"], pair["kind"], seed)
        counts = card.counts.setdefault("kind", Counter())
        counts[pair["kind"]] += 1
        return made

    place = checked_source(source, data)
    return await change_records(place, out, "report", {"seed": seed}, change, progress, records=pairs)


LONGEST_PARAGRAPH = 900
"""Characters; a Chinese character counts as three."""
_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*")


def form_fault(report: str) -> str:
    """What is wrong with the form of a report; empty where nothing is."""
    lines = report.splitlines()
    levels = [len(found[1]) for line in lines if (found := _HEADING.fullmatch(line.strip()))]
    if not levels:
        return "no heading"
    if any(below > above + 1 for above, below in pairwise(levels)):
        return "headings that skip a level"
    return "a wall of text" if any(map(_is_wall, lines)) else ""


def _is_wall(line: str) -> bool:
    return len(line) + 2 * count_han(line) > LONGEST_PARAGRAPH


def well_formed(report: str, question: str, language: str) -> str:
    """The same words under a title and headings: the first paragraph as the short answer, long ones as lists."""
    words = words_of("oracle", language)
    lines = [f"# {' '.join(question.split())}"]
    is_first = True
    for line in filter(None, (line.strip() for line in report.splitlines())):
        if found := _HEADING.fullmatch(line):
            lines += ["", f"## {found[2]}"]
            is_first = False
            continue
        sentences = split_sentences(line)
        if is_first:
            lines += ["", f"## {words['heading']}", "", sentences[0]]
            sentences, is_first = sentences[1:], False
            lines += ["", f"## {words['found']}"] if sentences else []
        if sentences and _is_wall(line):
            lines += ["", *(f"- {sentence}" for sentence in sentences)]
        elif sentences:
            lines += ["", (" " if language != "zh" else "").join(sentences)]
    return "\n".join(lines) + "\n"


def rewritten(record: Sample, report: str, kind: str) -> Sample:
    """The run as chat messages, with the loss on the new report alone. Raises Rejected."""
    samples = to_sft([parse_event(event) for event in record["events"]])
    messages = list(samples[-1]["messages"]) if samples else []
    if not messages or messages[-1].get("content", "").strip() != record["report"].strip():
        raise Rejected("the run does not end with its report")
    messages[-1] = {**messages[-1], "content": report}
    language, run = language_of(record), record["run"]
    return report_sample(kind, f"{kind}-{run}", language, record["question"], messages, run)


async def _refined(record: Sample, model: ModelStep, card: Card) -> str:
    """The report in a model's words. Raises Rejected where it is no better, ModelError."""
    cited = cited_passages(record["report"])
    shown = {p["id"]: p["text"] for event in record["events"] for p in event.get("passages", [])}
    passages = "\n\n".join(f"[{key}] {text}" for key, text in shown.items() if key in cited)
    texts = {"question": record["question"], "report": record["report"], "passages": passages}
    fields, language = {"report": {"type": "string"}}, language_of(record)
    new = await model.ask("refine", language, texts, fields, lambda found: str(found["report"]), card)
    if not cited_passages(new) or not cited_passages(new) <= set(shown):
        raise Rejected("refine: it cites nothing, or what was not shown")
    if is_named(record["answer"], record["report"]) and not is_named(record["answer"], new):
        raise Rejected("refine: the answer is lost")
    found = await compare(model.model, record["question"], record["report"], new)
    if not found.deeper_and_no_less_complete:
        raise Rejected("refine: not deeper, or less complete" if found.better else "refine: no verdict")
    return new


async def rewrite_reports(runs: Path, out: Path, model: ModelStep | None, progress: Progress) -> DataCard:
    """Write each good run of a file of rollouts with a better report. Raises UserError where none is, ModelError."""

    async def change(record: Sample, card: Card) -> Sample:
        if record["state"] != "finished" or not record["cited"] or (record["answer"] and not record["correct"]):
            raise Rejected("the research is not good")
        if model:
            return rewritten(record, await _refined(record, model, card), "refined")
        fault = form_fault(record["report"])
        if not fault:
            raise Rejected("the report is well formed")
        card.counts.setdefault("fault", Counter())[fault] += 1
        report = well_formed(record["report"], record["question"], language_of(record))
        if form_fault(report) or cited_passages(report) != cited_passages(record["report"]):
            raise Rejected("its form could not be repaired")
        return rewritten(record, report, "form")

    return await change_records(runs, out, "report", {"model": model.name if model else ""}, change, progress)
