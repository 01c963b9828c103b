"""The report from findings: each sentence of the model is checked against the passages of the findings that it uses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from ..extractive.answers import NEARLY, Answer
from ..extractive.candidates import Candidate
from ..extractive.features import rarity, short_titles
from ..extractive.parts import Part
from ..extractive.phrases import Phrases, phrases_for
from ..extractive.quoting import escape, quotes_of, render_quote, shorten, show_title
from ..extractive.research import Research
from ..extractive.words import content_terms, related
from ..extractive.writing import WrittenSections, write_report
from ..threads import in_thread
from ..trajectory import AnsweredPart, Passage
from .asks import Asker, prompts
from .declining import declined
from .findings import PassageFinding, check, cited, says_nothing, sentences_of

USED = 6
"""Findings of one part from which its answer is written."""
BESIDE = 2
"""Sentences of findings that the first section has beside the answer."""
QUOTED = 4
"""Quotations that it has beside them."""
MOST_CITED = 3
"""Passages cited in one sentence."""
TOLD = 0.8
"""Share of a sentence's terms from which it says nothing new."""
ALIKE = 85.0
"""Likeness, of 100, from which a sentence only repeats its quotation."""


@dataclass(frozen=True)
class Statement:
    """A sentence of the report with the passages that support it, each by itself."""

    text: str
    passages: tuple[str, ...]


async def compose(
    asker: Asker, research: Research, answers: Sequence[Answer], findings: Sequence[PassageFinding]
) -> tuple[str, list[AnsweredPart]]:
    """The report, and which parts it answers.

    A part without a finding is declined. Raises ModelError.
    """
    words = phrases_for(research.question.language)
    titles = short_titles(list(research.passages.values()))
    short: list[list[str]] = []
    sections: list[list[str]] = []
    final: list[Answer] = []
    for answer in answers:
        own = [f for f in findings if f.part == answer.part.text and f.says]
        final.append(answer if own and answer.answered else declined(answer))
        if not (own and answer.answered):
            short.append([])
            sections.append([])
            continue
        direct = await _direct(asker, answer.part.text, own[:USED], research.passages)
        short.append(_first_section(answer, direct, own, research.passages, titles, words))
        sections.append(_section(answer, own, research.passages, titles, words))
    note = prompts("zh" if research.question.language == "zh" else "en")["note"]
    report = await in_thread(write_report, research, final, WrittenSections(short, sections, note.strip()))
    return report, [AnsweredPart(question=a.part.text, answered=a.answered) for a in final]


async def _direct(
    asker: Asker, question: str, findings: Sequence[PassageFinding], known: Mapping[str, Passage]
) -> list[Statement]:
    """The model's answer in sentences that hold; one that does not is written again once, else left out."""
    statements: list[Statement] = []
    for written in await asker.answer(question, [finding.says for finding in findings]):
        bound = [findings[number - 1].passage for number in written.findings]
        others = [finding.passage for finding in findings if finding.passage not in bound]
        for sentence in sentences_of(written.text):
            statement = await _statement(sentence, [*bound, *others], known, question)
            if statement is None and not says_nothing(sentence):
                again = await asker.repair(sentence, known[bound[0]].text)
                statement = await _statement((sentences_of(again) or [""])[0], bound[:1], known, question)
            if statement and not _is_told(statement.text, [one.text for one in statements]):
                statements.append(statement)
    return statements


async def _statement(
    sentence: str, passages: Sequence[str], known: Mapping[str, Passage], question: str
) -> Statement | None:
    """The sentence with those of `passages` that support it by themselves; None where none does."""
    claims = [(sentence, ident) for ident in dict.fromkeys(passages if sentence else ())]
    verdicts = await in_thread(check, claims, known, question)
    supporting = [verdict.passage for verdict in verdicts if verdict.level == "supports"]
    return Statement(sentence, tuple(supporting[:MOST_CITED])) if supporting else None


def _is_told(sentence: str, told: Sequence[str]) -> bool:
    """What the sentence says is in `told`: nearly all its terms are, and every number."""
    terms, had = set(content_terms(sentence)), set(content_terms(told))
    missing = terms - had
    return len(missing) <= (1 - TOLD) * len(terms) and not any(term[0].isdigit() for term in missing)


def _first_section(
    answer: Answer,
    direct: Sequence[Statement],
    findings: Sequence[PassageFinding],
    known: Mapping[str, Passage],
    titles: Mapping[str, str],
    words: Phrases,
) -> list[str]:
    """The direct answer as a paragraph; what else bears on the question, and what the extractive policy would quote and
    no sentence says, as a list; of a comparison the table."""
    found = [Statement(text, (f.passage,)) for f in findings for text in sentences_of(f.text)]
    direct, bearing = _bearing(direct, found, answer, known)
    told = [one.text for one in direct]
    items: list[str] = []
    for one in bearing:
        if len(items) < BESIDE and not _is_told(one.text, told):
            told.append(one.text)
            items.append(cited(one.text, one.passages, words.stop))
    sentences = [cited(one.text, one.passages, words.stop) for one in direct] or items[:1]
    items = items[0 if direct else 1 :]
    quoted = [c for c in answer.short if not _is_told(c.text, told)][: QUOTED if sentences else BESIDE]
    items += [_quoted(candidate, titles, words) for candidate in quoted]
    if not sentences:
        sentences, items = items[:1], items[1:]
    joint = "" if words.stop == "。" else " "
    blocks = [joint.join(sentences)] if sentences else []
    blocks += ["\n".join(f"- {item}" for item in items)] if items else []
    return [*blocks, *_table(answer.part, bearing, words)]


def _bearing(
    direct: Sequence[Statement], found: Sequence[Statement], answer: Answer, known: Mapping[str, Passage]
) -> tuple[list[Statement], list[Statement]]:
    """Those of both that have nearly as much of what is asked as the best, or are of a passage that leads the answer:
    in a question of several steps the last one names nothing of the question. Of `found` those with most come first."""
    leading = {candidate.passage.id for candidate in answer.short}
    shares = {one: _share(one, answer.part, known) for one in (*direct, *found)}
    least = NEARLY * max(shares.values(), default=0.0)
    kept = {one for one, share in shares.items() if share >= least or not leading.isdisjoint(one.passages)}
    bearing = sorted((one for one in found if one in kept), key=lambda one: -shares[one])
    return [one for one in direct if one in kept], bearing


def _share(statement: Statement, part: Part, known: Mapping[str, Passage]) -> float:
    """How much of what is asked the statement has, with the titles and headings of its passages: 0 to 1, by rarity; 0
    where it has nothing that the part names."""
    places = [text for ident in statement.passages for text in (known[ident].title, *known[ident].heading)]
    had = set(content_terms([statement.text, *places]))
    if part.name_terms and part.name_terms.isdisjoint(had):
        return 0.0
    weights = {term: rarity(term) for term in part.terms if term not in part.kind_terms}
    covered = sum(weight for term, weight in weights.items() if not related(term).isdisjoint(had))
    return covered / (sum(weights.values()) or 1.0)


def _quoted(candidate: Candidate, titles: Mapping[str, str], words: Phrases) -> str:
    passage = candidate.passage
    title = show_title(shorten(titles[passage.document]), words)
    quotes = [render_quote(quote.text, passage, words) for quote in quotes_of(candidate)]
    return words.according.format(title=title, quote=" ".join(quotes))


def _table(part: Part, statements: Sequence[Statement], words: Phrases) -> list[str]:
    """A column for each thing compared, with the statements that speak of it alone."""
    sides = part.sides
    columns: list[list[str]] = [[] for _ in sides]
    for statement in statements:
        terms = set(content_terms(statement.text))
        named = [number for number, side in enumerate(sides) if set(content_terms(side)) <= terms]
        if len(named) == 1:
            cell = cited(statement.text, statement.passages, words.stop).replace("|", "\\|")
            columns[named[0]].append(cell)
    if sum(map(bool, columns)) < 2:
        return []
    rows = [f"| {' | '.join(map(escape, sides))} |", f"|{' --- |' * len(sides)}"]
    for row in range(max(map(len, columns))):
        cells = [column[row] if row < len(column) else ("" if column else words.nothing) for column in columns]
        rows.append(f"| {' | '.join(cells)} |")
    return ["\n".join(rows)]


def _section(
    answer: Answer,
    findings: Sequence[PassageFinding],
    known: Mapping[str, Passage],
    titles: Mapping[str, str],
    words: Phrases,
) -> list[str]:
    """Every finding of a part with the words of the passage that it rests on, and what else the extractive policy would
    quote of passages without one, under its document."""
    by_document: dict[str, list[str]] = {}
    for finding in findings:
        passage = known[finding.passage]
        is_repeated = fuzz.ratio(finding.text, " ".join(finding.quotation.split())) >= ALIKE
        stated = [] if is_repeated else sentences_of(finding.text)
        sentences = " ".join(cited(sentence, [finding.passage], words.stop) for sentence in stated)
        quotations = [render_quote(line, passage, words) + words.stop for line in finding.quotation.splitlines()]
        item = f"- {' '.join(filter(None, (sentences, *quotations)))}"
        by_document.setdefault(escape(shorten(titles[passage.document])), []).append(item)
    found = {finding.passage for finding in findings}
    for candidate in (c for c in answer.quoted if c.passage.id not in found):
        quotes = " ".join(render_quote(quote.text, candidate.passage, words) for quote in quotes_of(candidate))
        by_document.setdefault(escape(shorten(titles[candidate.passage.document])), []).append(
            f"- {quotes}{words.stop}"
        )
    blocks = [f"## {escape(answer.part.heading) or words.findings}"]
    for title, items in by_document.items():
        blocks += [f"**{title}**", "\n".join(items)]
    return blocks
