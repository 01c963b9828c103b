"""The report: an answer to each part of the question, what else was found, where sources differ, what is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..text.dates import dates
from ..text.sentences import split_sentences
from ..tools.fencing import one_line
from ..trajectory import Passage
from .agreement import Pair, compare_sources
from .answers import Answer
from .candidates import Candidate
from .features import short_titles
from .parts import Part
from .phrases import Phrases, phrases_for
from .question import OPEN, unclear
from .quoting import (
    Quote,
    escape,
    paragraph_quotes,
    quotes_of,
    render_code,
    render_date,
    render_place,
    render_quote,
    section_quotes,
    shorten,
    show_title,
)
from .research import TOO_LONG, Research
from .words import content_terms, is_comparing, is_general, lexicon, related

LONGEST_HEADING = 200
EXCERPT = 240
"""Characters of a passage shown where nothing answers."""
BY_ASPECT = frozenset({OPEN, "risks", "change", "why", "list", "how"})
"""Kinds of question whose findings are shown by what the headings above them say."""
IN_LISTS = frozenset({OPEN, "risks", "change", "list", "how", "definition"})
"""Kinds of question that a whole list may answer."""
SEEN, MOST_NEXT = 60, 3
"""Candidates whose aspects could be asked about, and how many are proposed."""
ASPECTS = 2
"""Headings from which findings are shown by them."""


@dataclass(frozen=True)
class WrittenSections:
    """What a model wrote from the passages, with its citations: it stands where the quotations would."""

    short: Sequence[Sequence[str]]
    """The first section's blocks for each answer."""
    sections: Sequence[Sequence[str]]
    """The further blocks for each answer, with their heading."""
    note: str
    """How the report was made: {searches}, {passages}, {documents}."""


@dataclass
class Writer:
    """What the report is written from."""

    research: Research
    answers: Sequence[Answer]
    words: Phrases
    titles: dict[str, str]
    """Document to title as it is shown."""
    shown: set[str] = field(default_factory=set)
    """Quotations in the report so far, each by its passage and text."""
    written: WrittenSections | None = None

    def following(self, passage: Passage) -> list[Passage]:
        """The passages that were read behind one under the same heading, without a gap."""
        places = {p.position: p for p in self.research.evidence if p.document == passage.document}
        found: list[Passage] = []
        while (after := places.get(passage.position + len(found) + 1)) and after.heading == passage.heading:
            found.append(after)
        return found

    @property
    def many(self) -> bool:
        return len(self.answers) > 1

    @property
    def answered(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.answered]


def write_report(research: Research, answers: Sequence[Answer], written: WrittenSections | None = None) -> str:
    """The report as Markdown with \\cite{passage id} inside the sentences. written: instead of quotations."""
    words = phrases_for(research.question.language)
    titles = {document: shorten(title) for document, title in short_titles(research.evidence).items()}
    writer = Writer(research, answers, words, titles, written=written)
    parts = [f"# {escape(shorten(research.question.text, LONGEST_HEADING))}"]
    if not (research.asked or research.passages or research.failures):
        return "\n\n".join([*parts, words.nothing_searched]) + "\n"
    if not writer.answered:
        looked = research.answered or research.passages
        outcome = words.nothing_found if looked else words.nothing_answered
        if why := unclear(research.question.text):
            outcome = f"{words.unclear[why]} {outcome}"
        parts += [outcome, *_closest(writer), *_missing(writer), *_about(writer)]
        return "\n\n".join(parts) + "\n"
    parts += [f"## {words.short_answer}", *_short_answer(writer)]
    for number, answer in enumerate(answers):
        if answer.answered:
            parts += written.sections[number] if written else _findings(answer, writer)
    pairs = compare_sources([(answer.part, answer.ranked) for answer in writer.answered])
    if pairs:
        parts += [f"## {words.agree_differ}", "\n".join(_pair(pair, writer) for pair in pairs)]
    if any(not answer.answered for answer in answers):
        parts += _closest(writer)
    return "\n\n".join([*parts, *_missing(writer), *_next(writer), *_about(writer)]) + "\n"


def _short_answer(writer: Writer) -> list[str]:
    """What answers each part; of a part that has no answer that."""
    blocks: list[str] = []
    for number, answer in enumerate(writer.answers):
        label = f"**{escape(shorten(answer.part.heading, LONGEST_HEADING))}**" if writer.many else ""
        if not answer.answered:
            blocks += [f"{label} — {writer.words.part_empty}"]
            continue
        blocks += [label] if label else []
        if writer.written:
            blocks += writer.written.short[number]
            continue
        said = [*_said(answer.short, answer.part, writer, whole=answer.whole), *_comparison(answer, writer)]
        blocks += said or _said(answer.quoted[:1], answer.part, writer, again=True)
    return blocks


def _said(
    candidates: Sequence[Candidate], part: Part, writer: Writer, again: bool = False, whole: bool = False
) -> list[str]:
    """Candidates as running text with their sources, lists as lists, examples after them. again: what was quoted
    before too, so that each part is answered where it is asked. whole: the first with what follows in its section."""
    blocks: list[str] = []
    by_source: list[tuple[str, list[Quote]]] = []
    if part.kind == "change" and not whole:
        candidates = sorted(candidates, key=_first_date)
    for candidate in candidates:
        if not again and any(unit.text in shown for unit in candidate.units for shown in writer.shown):
            continue
        found = _around(candidate, part, writer, whole and candidate is candidates[0], again)
        quotes = [quote for quote in found if _is_new(quote, writer) or again]
        if not quotes:
            continue
        first = quotes[0]
        source = show_title(writer.titles[first.passage.document], writer.words) + _in_brackets(first, writer)
        if whole and by_source and by_source[-1][0] == source:
            by_source[-1][1].extend(quotes)
        else:
            by_source.append((source, quotes))
    for source, quotes in by_source:
        if len(quotes) == 1:
            blocks.append(writer.words.according.format(title=source, quote=_render(quotes[0], writer)))
        else:
            blocks.append(writer.words.according_list.format(title=source))
            blocks.append("\n".join(f"- {_render(quote, writer)}" for quote in quotes))
        codes = dict.fromkeys(quote.code for quote in quotes if quote.code)
        if part.kind in ("how", OPEN, "definition", "list", "yes or no"):
            blocks += map(render_code, codes)
    return blocks


def _around(candidate: Candidate, part: Part, writer: Writer, whole: bool, again: bool) -> list[Quote]:
    """The candidate with its paragraph or (whole) its section; alone, where that would repeat a sentence."""
    following = writer.following(candidate.passage)
    lists = part.kind in IN_LISTS
    found = section_quotes(candidate, following) if whole else paragraph_quotes(candidate, lists, following)
    sentences = [sentence for quote in found for sentence in split_sentences(quote.text)]
    repeats = not again and any(sentence in one for sentence in sentences for one in writer.shown)
    return quotes_of(candidate) if repeats else found


def _first_date(candidate: Candidate) -> str:
    found = dates(candidate.text)
    return f"{found[0].year or 0:04}-{found[0].month or 0:02}" if found else "9"


def _is_new(quote: Quote, writer: Writer) -> bool:
    """The quotation is in nothing that is quoted already; it counts as quoted from now on."""
    if any(quote.text in one for one in writer.shown):
        return False
    writer.shown.add(quote.text)
    return True


def _render(quote: Quote, writer: Writer) -> str:
    return render_quote(quote.text, quote.passage, writer.words)


def _in_brackets(quote: Quote, writer: Writer) -> str:
    place = render_place(quote, writer.words, writer.titles[quote.passage.document], dated=True)
    return writer.words.in_brackets.format(place=place) if place else ""


def _comparison(answer: Answer, writer: Writer) -> list[str]:
    """A table with a column for each thing compared and a row for each aspect."""
    words, rows = writer.words, []
    for row in answer.rows:
        cells = [_cell(cell, writer) if cell else words.nothing for cell in row.cells]
        if all(cells) and (all(row.cells) or (any(row.cells) and not answer.short)):
            rows.append([escape(row.aspect), *cells])
    if not rows:
        return []
    heads = ["", *map(escape, answer.part.sides)]
    first = 0 if any(row[0] for row in rows) else 1  # without aspects no column for them
    lines = [heads[first:], ["---"] * len(heads[first:]), *(row[first:] for row in rows)]
    return ["\n".join(f"| {' | '.join(line)} |" for line in lines)]


def _cell(candidate: Candidate, writer: Writer) -> str:
    """What is said of one thing; nothing where it was quoted before."""
    said = [_render(quote, writer) for quote in quotes_of(candidate) if _is_new(quote, writer)]
    title = show_title(writer.titles[candidate.passage.document], writer.words)
    return f"{' '.join(said)} ({title})" if said else ""


def _findings(answer: Answer, writer: Writer) -> list[str]:
    """What else bears on a part: by aspect for open questions, else by source."""
    words = writer.words
    groups: dict[str, list[Quote]] = {}
    by_aspect = answer.part.kind in BY_ASPECT and len({_aspect(c, writer) for c in answer.further}) >= ASPECTS
    for candidate in answer.further:
        for quote in quotes_of(candidate):
            if _is_new(quote, writer):
                key = _aspect(candidate, writer) if by_aspect else _source(quote, writer)
                groups.setdefault(key, []).append(quote)
    if not groups:
        return []
    parts = [f"## {escape(shorten(answer.part.heading, LONGEST_HEADING)) or words.findings}"]
    for key, quotes in groups.items():
        parts.append(f"### {escape(key)}" if by_aspect else f"**{key}**")
        parts.append("\n".join(_item(quote, writer, by_aspect) for quote in quotes))
    return parts


def _aspect(candidate: Candidate, writer: Writer) -> str:
    """What the source itself says that it speaks of: the heading above, else its title."""
    heading = candidate.passage.heading[-1] if candidate.passage.heading else ""
    return shorten(" ".join(heading.split())) or writer.titles[candidate.passage.document]


def _source(quote: Quote, writer: Writer) -> str:
    date = render_date(quote.passage, writer.words)
    dated = writer.words.in_brackets.format(place=date) if date else ""
    return f"{escape(writer.titles[quote.passage.document])}{dated}"


def _item(quote: Quote, writer: Writer, by_aspect: bool) -> str:
    title = writer.titles[quote.passage.document]
    place = render_place(quote, writer.words, title)
    if by_aspect:
        place = show_title(title, writer.words) if quote.passage.heading[-1:] not in ([], [title]) else ""
    before = place + writer.words.colon if place else ""
    return writer.words.item.format(place=before, quote=_render(quote, writer))


def _pair(pair: Pair, writer: Writer) -> str:
    words = writer.words
    sides = []
    for candidate in (pair.one, pair.other):
        title = show_title(writer.titles[candidate.passage.document], words)
        sides.append(f"{title} {render_quote(candidate.text, candidate.passage, words)}")
    one, other = sides
    if pair.kind == "agree":
        return words.agree.format(one=one, other=other)
    if pair.about[0]:
        return words.differ_numbers.format(a=pair.about[0], b=pair.about[1], one=one, other=other)
    return words.differ_not.format(one=one, other=other)


def _closest(writer: Writer) -> list[str]:
    """What came nearest to the parts that have no answer."""
    words = writer.words
    nearest = [c for answer in writer.answers if not answer.answered for c in answer.nearest]
    lines = []
    for candidate in {c.passage.id: c for c in nearest}.values():
        whole = quotes_of(candidate)[0].text
        text = shorten(whole, EXCERPT).removesuffix("…") if len(whole) > EXCERPT else whole
        more = "…" if text != whole else ""
        title = show_title(writer.titles[candidate.passage.document], words)
        title += words.in_brackets.format(place=words.excerpt) if candidate.passage.excerpt else ""
        quoted = f"{words.open_quote}{escape(text)}{words.close_quote}{more}"
        lines.append(words.item.format(place=title + words.colon, quote=f"{quoted}\\cite{{{candidate.passage.id}}}"))
    return [f"## {words.closest}", words.closest_note, "\n".join(lines)] if lines else []


def _missing(writer: Writer) -> list[str]:
    """The section on what was not found; nothing where nothing is missing."""
    words, research = writer.words, writer.research
    looked = research.answered or research.passages  # where nobody looked, nothing is known to be missing
    lines = [words.nothing_about.format(what=what) for what in _gaps(writer)] if looked else []
    lines += _by_names(writer)
    # Where no source answered, `why` names every one of them with its reason.
    told = {name: why.rstrip(". ") for name, why in research.failures.items()}
    reasons = [one_line(why if why.startswith(f"{name} ") else f"{name} ({why})", 2_000) for name, why in told.items()]
    lines += [words.failed.format(what=escape(reason)) for reason in reasons]
    for why in dict.fromkeys(research.unread.values()):
        documents = [_name(document, writer) for document, told in research.unread.items() if told == why]
        lines.append(words.unread.format(what="; ".join(documents), why=escape(_reason(why, words))))
    lines += [words.widen] if not writer.answered and looked else []
    return [f"## {words.not_found}", "\n".join(lines)] if lines else []


def _reason(why: str, words: Phrases) -> str:
    """Why a page was not read, in the language of the report where its outcome is known there."""
    outcome, _, status = (
        why.partition(":")[0].partition("_") if why.startswith("http_") else (why.partition(":")[0], "", "")
    )
    known = words.reasons.get("long" if why == TOO_LONG else outcome, "")
    return known.format(status=status) if known else one_line(why).rstrip(".")


def _next(writer: Writer) -> list[str]:
    """What could be asked next, of open questions: aspects that good passages have and the report does not."""
    told = {_aspect(candidate, writer) for answer in writer.answered for candidate in answer.quoted}
    seen: dict[str, str] = {}
    for one in (one for a in writer.answered if a.part.kind in BY_ASPECT for one in a.ranked[:SEEN]):
        title, aspect = writer.titles[one.candidate.passage.document], _aspect(one.candidate, writer)
        if aspect not in {title, *told}:
            seen.setdefault(aspect, show_title(title, writer.words))
    lines = [writer.words.ask_next.format(title=t, aspect=escape(aspect)) for aspect, t in seen.items()][:MOST_NEXT]
    return [f"## {writer.words.next_questions}", "\n".join(lines)] if lines else []


def _name(document: str, writer: Writer) -> str:
    title = next((p.title for p in writer.research.passages.values() if p.document == document), "")
    return f"{show_title(shorten(title), writer.words)} {escape(one_line(document))}" if title else escape(document)


def _by_names(writer: Writer) -> list[str]:
    """Parts that only sources in another language say anything on."""
    return [
        writer.words.by_names.format(what=escape(answer.part.text), names=escape(", ".join(answer.part.names)))
        for answer in writer.answered
        if answer.part.names and all(c.chinese != answer.part.chinese for c in answer.quoted)
    ]


def _gaps(writer: Writer) -> list[str]:
    """Parts without an answer, and words of the question that nothing read has."""
    words = writer.words
    empty = [answer.part.text for answer in writer.answers if not answer.answered]
    gaps = [words.no_answer.format(what=escape(text)) for text in empty if writer.many]
    for answer in writer.answers:
        unread = [phrase for phrase in [*answer.part.names, *answer.part.phrases] if _unread(phrase, answer.missing)]
        unread = [phrase for phrase in unread if phrase not in lexicon()["implied"] | lexicon()["idioms"]]
        gaps += [words.term_empty.format(what=escape(phrase)) for phrase in unread]
    return list(dict.fromkeys(gaps))


def _unread(phrase: str, missing: Iterable[str]) -> bool:
    """Nothing read has any of the phrase's terms."""
    terms = [t for t in content_terms(phrase) if not (is_comparing(t) or is_general(t))]
    lost = set(missing)
    return bool(terms) and all(t in lost or not related(t).isdisjoint(lost) for t in terms)


def _about(writer: Writer) -> list[str]:
    words, research = writer.words, writer.research
    note = (writer.written.note if writer.written else words.note).format(
        searches=words.count("searches", len(research.asked)),
        passages=words.count("passages", len(research.evidence)),
        documents=words.count("documents", len({p.document for p in research.evidence})),
    )
    known = sorted(p.date[:10] for p in research.evidence if p.date)
    aged = words.ages.format(oldest=known[0], newest=known[-1]) if known else ""
    return [f"## {words.about}", f"{note} {aged}".strip()]
