"""Pairs of a request and a report: a query and its report, a plan and a report of that structure, and a report in a
bad form and the same one well formed.

The reports are those that people, or other programs, have written; no word of them is changed. A bad form has exactly
the words of the good one.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from .data_files import Card
from .generation import Progress, Rejected, words_of
from .plan_route import plan_task
from .record_steps import change_records
from .records import DataCard
from .samples import Sample, tokens
from .source_reports import checked_source, read_reports

Block = tuple[str, int, str]
KINDS = ("query", "plan", "form")
SHORTEST, LONGEST = 1_200, 40_000
"""Characters of a report; a Chinese character counts as three."""
MOST_SECTIONS = 15
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


def _as_wall(title: str, body: Sequence[Block], rng: random.Random) -> str:
    """Everything in one paragraph."""
    return " ".join([title, *(" ".join(text.split()) for _, _, text in body)])


def _without_levels(title: str, body: Sequence[Block], rng: random.Random) -> str:
    """Headings in bold or capitals within the text, lists as lines without marks."""
    style: Callable[[str], str] = rng.choice((lambda text: f"**{text}**", str.upper, lambda text: f"{text}:"))
    parts = [style(text) if kind == "heading" else text for kind, _, text in body]
    return "\n".join([title, *(" ".join(part.split()) for part in parts)])


def _broken(title: str, body: Sequence[Block], rng: random.Random) -> str:
    """Lines broken anywhere, headings at any level."""
    lines = [f"{'#' * rng.randint(1, 6)} {title}"]
    for kind, _, text in body:
        words = text.split()
        if kind == "heading":
            lines.append(f"{'#' * rng.randint(1, 6)} {' '.join(words)}")
            continue
        while words:
            cut = rng.randint(4, 18)
            lines.append(" ".join(words[:cut]) + rng.choice(("", "  ", "\n")))
            words = words[cut:]
    return "\n".join(lines)


BAD_FORMS = (_as_wall, _without_levels, _broken)


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
        rng = random.Random(f"{seed}:{task.id}")  # noqa: S311  not for secrets
        bad = rng.choice(BAD_FORMS)(report["title"], body, rng)
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
