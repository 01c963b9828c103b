"""The report from findings: each sentence of the model is checked against the passages of the findings that it uses."""

from collections.abc import Collection, Mapping, Sequence
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
from ..extractive.writing import BY_ASPECT, WrittenSections, write_report
from ..threads import in_thread
from ..trajectory import AnsweredPart, Citation, Passage
from .asks import Asker, prompts
from .declining import declined
from .findings import PassageFinding, check, cited, nearest_to, says_nothing, sentences_of

USED = 6
"""Findings of one part from which its answer is written."""
BESIDE = 2
"""Sentences of findings that the first section has beside the answer."""
QUOTED = 4
"""Quotations that it has beside them."""
UNWRITTEN = 2
"""Those of them that are of findings of which no sentence held."""
MOST_CITED = 3
"""Passages cited in one sentence."""
TOLD = 0.8
"""Share of a sentence's terms from which it says nothing new."""
ALIKE = 85.0
"""Likeness, of 100, from which a sentence only repeats its quotation."""


@dataclass(frozen=True)
class Item:
    """A sentence of the report, or a quotation, with its passages."""

    text: str
    passages: tuple[str, ...]
    """Those that support it, each by itself."""
    is_quotation: bool = False
    """The text is what is quoted of the passage, a stretch a line."""


@dataclass(frozen=True)
class _Writer:
    """What the blocks of a report are written from."""

    known: Mapping[str, Passage]
    titles: Mapping[str, str]
    """Document to title."""
    words: Phrases

    def markdown(self, item: Item) -> str:
        """The item with its citations."""
        if not item.is_quotation:
            return cited(item.text, item.passages, self.words.stop)
        passage = self.known[item.passages[0]]
        title = show_title(shorten(self.titles[passage.document]), self.words)
        return self.words.according.format(title=title, quote=" ".join(self._quotes(item.text, passage)))

    def _quotes(self, lines: str, passage: Passage) -> list[str]:
        return [render_quote(line, passage, self.words) for line in lines.splitlines()]

    def first_section(
        self, answer: Answer, direct: Sequence[Item], findings: Sequence[PassageFinding], silent: Collection[str]
    ) -> list[str]:
        """The direct answer as a paragraph; what else bears on the question, what of the findings is quoted, and what
        the extractive policy would quote and no sentence says, as a list; of a comparison the table.

        silent: passages in which the model found nothing, which are quoted last.
        """
        found = [Item(text, (f.passage,)) for f in findings for text in sentences_of(f.text)]
        bearing = self._bearing([*direct, *found], answer)
        lead = [one for one in direct if not one.is_quotation and one in bearing]
        chosen = [_quotation(candidate) for candidate in answer.short]
        unwritten = [Item(f.quotation, (f.passage,), True) for f in findings if not f.text][:UNWRITTEN]
        quotations = [one for one in chosen if one.passages[0] not in silent]
        quotations += [*unwritten, *(one for one in chosen if one.passages[0] in silent)]
        told = [one.text for one in lead]
        items: list[Item] = []
        for group, most in (
            ([one for one in direct if one.is_quotation], QUOTED),
            ([one for one in bearing if one in found], BESIDE),
            (quotations, QUOTED),
        ):
            last = len(items) + most
            for one in group:
                if len(items) < last and not _is_told(one.text, told):
                    told.append(one.text)
                    items.append(one)
        if not lead:
            lead, items = items[:1], items[1:]
        joint = "" if self.words.stop == "。" else " "
        blocks = [joint.join(map(self.markdown, lead))] if lead else []
        blocks += ["\n".join(f"- {self.markdown(one)}" for one in items)] if items else []
        return [*blocks, *self._table(answer.part, bearing)]

    def _bearing(self, items: Sequence[Item], answer: Answer) -> list[Item]:
        """Those that have nearly as much of what is asked as the best, or are of a passage that leads the answer (in a
        question of several steps the last one names nothing of the question), those with most first; all of them where
        several things may answer."""
        leading = {candidate.passage.id for candidate in answer.short}
        shares = {one: self._share(one, answer.part) for one in items}
        least = NEARLY * max(shares.values(), default=0.0)
        is_open = answer.part.kind in BY_ASPECT
        kept = [one for one in items if is_open or shares[one] >= least > 0 or not leading.isdisjoint(one.passages)]
        return sorted(kept, key=lambda one: -shares[one])

    def _share(self, item: Item, part: Part) -> float:
        """How much of what is asked the item has, with the titles and headings of its passages: 0 to 1, by rarity; 0
        where it has nothing that the part names."""
        places = [text for one in item.passages for text in (self.known[one].title, *self.known[one].heading)]
        had = set(content_terms([item.text, *places]))
        if part.name_terms and part.name_terms.isdisjoint(had):
            return 0.0
        weights = {term: rarity(term) for term in part.terms if term not in part.kind_terms}
        covered = sum(weight for term, weight in weights.items() if not related(term).isdisjoint(had))
        return covered / (sum(weights.values()) or 1.0)

    def _table(self, part: Part, items: Sequence[Item]) -> list[str]:
        """A column for each thing compared, with the items that speak of it alone."""
        sides = part.sides
        columns: list[list[str]] = [[] for _ in sides]
        for item in items:
            terms = set(content_terms(item.text))
            named = [number for number, side in enumerate(sides) if set(content_terms(side)) <= terms]
            if len(named) == 1:
                columns[named[0]].append(self.markdown(item).replace("|", "\\|"))
        if sum(map(bool, columns)) < 2:
            return []
        rows = [f"| {' | '.join(map(escape, sides))} |", f"|{' --- |' * len(sides)}"]
        for row in range(max(map(len, columns))):
            cells = [column[row] if row < len(column) else ("" if column else self.words.nothing) for column in columns]
            rows.append(f"| {' | '.join(cells)} |")
        return ["\n".join(rows)]

    def section(self, answer: Answer, findings: Sequence[PassageFinding]) -> list[str]:
        """Every finding of a part with the words of the passage that it rests on, and what else the extractive policy
        would quote of passages without one, under its document."""
        by_document: dict[str, list[str]] = {}
        found = {finding.passage: finding for finding in findings}
        rest = [PassageFinding("", c.passage.id, quotation=_quotation(c).text) for c in answer.quoted]
        for finding in (*findings, *(one for one in rest if one.passage not in found)):
            passage = self.known[finding.passage]
            is_repeated = fuzz.ratio(finding.text, " ".join(finding.quotation.split())) >= ALIKE
            stated = [] if is_repeated else sentences_of(finding.text)
            texts = [cited(sentence, [finding.passage], self.words.stop) for sentence in stated]
            texts += [quote + self.words.stop for quote in self._quotes(finding.quotation, passage)]
            by_document.setdefault(escape(shorten(self.titles[passage.document])), []).append(f"- {' '.join(texts)}")
        blocks = [f"## {escape(answer.part.heading) or self.words.findings}"]
        for title, items in by_document.items():
            blocks += [f"**{title}**", "\n".join(items)]
        return blocks


def _quotation(candidate: Candidate) -> Item:
    return Item("\n".join(quote.text for quote in quotes_of(candidate)), (candidate.passage.id,), True)


async def compose(
    asker: Asker, research: Research, answers: Sequence[Answer], findings: Sequence[PassageFinding]
) -> tuple[str, list[AnsweredPart]]:
    """The report, and which parts it answers.

    A part without a finding is declined. Raises ModelError.
    """
    words = phrases_for(research.question.language)
    writer = _Writer(research.passages, short_titles(list(research.passages.values())), words)
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
        silent = {f.passage for f in findings if f.part == answer.part.text and not f.says}
        short.append(writer.first_section(answer, direct, own, silent))
        sections.append(writer.section(answer, own))
    note = prompts("zh" if research.question.language == "zh" else "en")["note"]
    report = await in_thread(write_report, research, final, WrittenSections(short, sections, note.strip()))
    return report, [AnsweredPart(question=a.part.text, answered=a.answered) for a in final]


async def _direct(
    asker: Asker, question: str, findings: Sequence[PassageFinding], known: Mapping[str, Passage]
) -> list[Item]:
    """The model's answer in sentences that hold; one that does not is written again once, else what it came near to is
    quoted."""
    items: list[Item] = []
    for written in await asker.answer(question, [finding.says for finding in findings]):
        bound = [findings[number - 1].passage for number in written.findings]
        others = [finding.passage for finding in findings if finding.passage not in bound]
        for sentence in sentences_of(written.text):
            item, verdicts = await _held(sentence, [*bound, *others], known, question)
            if item is None and not says_nothing(sentence):
                for again in sentences_of(await asker.repair(sentence, known[bound[0]].text))[:1]:
                    item, _ = await _held(again, bound[:1], known, question)
                meant = nearest_to([sentence] * len(verdicts), verdicts, known)
                item = item or (Item(meant[0], (meant[1],), True) if meant else None)
            if item and not _is_told(item.text, [one.text for one in items]):
                items.append(item)
    return items


async def _held(
    sentence: str, passages: Sequence[str], known: Mapping[str, Passage], question: str
) -> tuple[Item | None, list[Citation]]:
    """The sentence with those of its passages that support it by themselves, None where none does; the verdicts."""
    verdicts = await in_thread(check, [(sentence, ident) for ident in dict.fromkeys(passages)], known, question)
    supporting = [verdict.passage for verdict in verdicts if verdict.level == "supports"]
    return (Item(sentence, tuple(supporting[:MOST_CITED])) if supporting else None), verdicts


def _is_told(sentence: str, told: Sequence[str]) -> bool:
    """What the sentence says is in `told`: nearly all its terms are, and every number."""
    terms, had = set(content_terms(sentence)), set(content_terms(told))
    missing = terms - had
    return len(missing) <= (1 - TOLD) * len(terms) and not any(term[0].isdigit() for term in missing)
