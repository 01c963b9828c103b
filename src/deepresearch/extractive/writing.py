"""The report: quoted sentences by part of the question, where sources agree and differ, and what is missing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..text.characters import WIDE
from ..tools.fencing import one_line
from .agreement import Pair, compare_sources
from .evidence import Scored, choose, rank
from .facets import Facet, facets_of
from .hops import Trail, read_trail
from .phrases import Phrases, phrases_for
from .quoting import (
    Quote,
    escape,
    make_quotes,
    render_code,
    render_date,
    render_place,
    render_quote,
    shorten,
    show_title,
)
from .research import Research
from .scoring import Pool, gather, short_titles
from .statements import Statement, leans
from .words import content_terms, is_comparing, is_general, related

PER_SECTION = 6
"""Statements in one section."""
PER_SECTION_SETTLED = 3
IN_SHORT = 4
CLOSE_TO_BEST = 0.75
"""Share of the best score that a statement of the short answer must have."""
LONGEST_HEADING = 200
CLOSEST, EXCERPT = 3, 240
"""Passages shown where nothing answers, and characters of each."""
_LAST_WORD = re.compile(rf"[^\s{WIDE}]+$")


@dataclass
class Material:
    """What the report is written from."""

    research: Research
    words: Phrases
    trail: Trail
    facets: list[Facet]
    pool: Pool
    ranked: list[list[Scored]]
    """For each facet the statements that answer it, best first."""
    titles: dict[str, str]
    short: list[Statement] = field(default_factory=list)
    sections: list[list[Statement]] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        """The trail answers: a relation was followed, or all that the question names was found."""
        names = self.research.question.names
        return len(self.facets) == 1 and bool(self.trail.edges or (len(self.trail.roots) >= len(names) > 1))

    @property
    def quoted(self) -> list[Statement]:
        pairs = [s for pair in self.pairs for s in (pair.one, pair.other)]
        return [*self.short, *(s for section in self.sections for s in section), *pairs]


def write_report(research: Research) -> str:
    """The report as Markdown with \\cite{passage id} inside the sentences."""
    material = collect(research)
    words, question = material.words, research.question
    parts = [f"# {escape(_cut(question.text))}"]
    if not (research.asked or research.passages or research.failures):
        return "\n\n".join([*parts, words.nothing_searched]) + "\n"
    if not material.quoted:
        outcome = words.nothing_found if research.answered or research.passages else words.nothing_answered
        parts += [outcome, *_closest(material), *_missing(material), *_about(material)]
        return "\n\n".join(parts) + "\n"
    parts += [f"## {words.short_answer}", *_paragraphs(material)]
    for facet, section in zip(material.facets, material.sections, strict=True):
        if section:
            parts += [f"## {escape(_cut(facet.heading)) or words.findings}", *_by_source(section, material)]
    if material.pairs:
        parts += [f"## {words.agree_differ}", "\n".join(_pair(pair, material) for pair in material.pairs)]
    return "\n\n".join([*parts, *_missing(material), *_about(material)]) + "\n"


def collect(research: Research) -> Material:
    """Choose what is quoted and where."""
    passages = research.evidence
    pool = gather(passages, research.authority, research.aliases)
    trail = read_trail(research)
    facets = facets_of(research.questions)
    on_trail = {p.id for node in trail.nodes for p in research.read_at(node)} if len(facets) == 1 else set()
    ranked = [rank(pool, facet, on_trail or _led_to(research, trail, facet)) for facet in facets]
    titles = {document: shorten(title) for document, title in short_titles(passages).items()}
    material = Material(research, phrases_for(research.question.language), trail, facets, pool, ranked, titles)
    material.short = _short_answer(material)
    taken = list(material.short)
    for scored in ranked:
        fitting = [s for s in scored if s.statement.passage.id in on_trail] if material.settled else scored
        chosen = [s.statement for s in choose(fitting, PER_SECTION_SETTLED if material.settled else PER_SECTION, taken)]
        if not chosen and fitting and len(facets) > 1:  # each part has its section, if with what was said above
            chosen = [fitting[0].statement]
        material.sections.append(chosen)
        taken += chosen
    material.pairs = compare_sources(list(zip(facets, ranked, strict=True)))
    return material


def _led_to(research: Research, trail: Trail, facet: Facet) -> set[str]:
    """Passages about things that stand for the facet's subject: of "its engineer", the engineer who was found."""
    if facet.kind == "comparison":
        return set()
    edges = [edge for edge in [*trail.edges, *trail.read] if edge.lead.link in facet.aspects]
    return {p.id for edge in edges for p in research.read_at(edge.target)}


def _short_answer(material: Material) -> list[Statement]:
    """The steps of the trail where there is one; else the best statement of each facet."""
    if material.settled and (chosen := _along_trail(material)):
        return chosen
    best: list[Statement] = []
    together = [s for f, s in zip(material.facets, material.ranked, strict=True) if f.together and s]
    answers = together or material.ranked[:IN_SHORT]
    for scored in answers:
        few = 1 if len(answers) > 1 else 2
        close = [s for s in scored if s.score >= CLOSE_TO_BEST * scored[0].score]
        alone = [s for s in close if not leans(s.statement.text)]
        best += [s.statement for s in choose(alone or close, few, best)]
    return best or _along_trail(material)


def _along_trail(material: Material) -> list[Statement]:
    """For each step the sentence that names the next thing, then what is said of that thing."""
    chosen: list[Statement] = []
    used: set[tuple[str, str]] = set()
    for edge in material.trail.edges:
        naming = [s for s in _statements_at(edge.lead.source, material) if edge.lead.name in s.text]
        if naming and (edge.lead.source, edge.lead.link) not in used:
            chosen += [s for s in (naming[0], _best_of(edge.target, material)) if s and s not in chosen]
            used.add((edge.lead.source, edge.lead.link))
    for root in material.trail.roots:
        best = _best_of(root, material)
        read = {p.id for p in material.research.read_at(root)}
        if best and not any(s.passage.id in read for s in chosen):
            chosen.append(best)
    return list({(s.passage.id, s.text): s for s in chosen}.values())[: 2 * IN_SHORT]


def _statements_at(passage: str, material: Material) -> list[Statement]:
    """The statements of a passage, or, of an excerpt, of what was read of its page."""
    read = {p.id for p in material.research.read_at(passage)}
    return [s for s in material.pool.statements if s.passage.id in read]


def _best_of(passage: str, material: Material) -> Statement | None:
    """The statement of a passage that answers best; its first where none does."""
    read = {p.id for p in material.research.read_at(passage)}
    answering = [s.statement for s in material.ranked[0] if s.statement.passage.id in read]
    first = [s for s in _statements_at(passage, material) if s.whole]
    return next(iter([*answering, *first]), None)


def _paragraphs(material: Material) -> list[str]:
    words = material.words
    quotes: list[Quote] = []
    for quote in (quote for statement in material.short for quote in make_quotes([statement])):
        if not any(quote.passage.id == q.passage.id and quote.text in q.text for q in quotes):
            quotes.append(quote)
    lines: list[str] = []
    before = ""
    for quote in quotes:
        title = material.titles[quote.passage.document]
        place = render_place(quote, words, title, dated=True)
        place = words.in_brackets.format(place=place) if place else ""
        source = show_title(title, words) + place
        rendered = render_quote(quote, words)
        if quote.passage.document == before:
            lines.append(words.further.format(place=place, quote=rendered))
        else:
            lines.append(words.according.format(title=source, quote=rendered))
        before = quote.passage.document
    how_to = any(facet.kind == "how to" for facet in material.facets)
    examples = dict.fromkeys(q.statements[-1].code for q in quotes if how_to and q.statements[-1].code)
    return [("" if words.stop == "。" else " ").join(lines), *map(render_code, examples)]


def _by_source(statements: Sequence[Statement], material: Material) -> list[str]:
    """Quotations under the title of their document."""
    groups: dict[str, list[Quote]] = {}
    for quote in make_quotes(statements):
        groups.setdefault(quote.passage.document, []).append(quote)
    parts = []
    for document, quotes in groups.items():
        title = material.titles[document]
        date = render_date(quotes[0].passage, material.words)
        dated = material.words.in_brackets.format(place=date) if date else ""
        parts += [f"**{escape(title)}{dated}**", "\n".join(_item(quote, title, material) for quote in quotes)]
    return parts


def _item(quote: Quote, title: str, material: Material) -> str:
    """A quotation as an item, with the example that follows it where the question is how to do something."""
    words = material.words
    item = words.item.format(place=_before(quote, words, title), quote=render_quote(quote, words))
    code = quote.statements[-1].code
    if code and any(facet.kind == "how to" for facet in material.facets):
        item += f"\n\n{render_code(code)}"
    return item


def _before(quote: Quote, words: Phrases, title: str) -> str:
    place = render_place(quote, words, title)
    return place + words.colon if place else ""


def _pair(pair: Pair, material: Material) -> str:
    words = material.words
    sides = []
    for statement in (pair.one, pair.other):
        title = show_title(material.titles[statement.passage.document], words)
        sides.append(f"{title} {render_quote(Quote([statement], statement.text), words)}")
    one, other = sides
    if pair.kind == "agree":
        return words.agree.format(one=one, other=other)
    if pair.about[0]:
        return words.differ_numbers.format(a=pair.about[0], b=pair.about[1], one=one, other=other)
    return words.differ_not.format(one=one, other=other)


def _closest(material: Material) -> list[str]:
    """Where nothing answers: the beginnings of what the searches ranked first."""
    words, research = material.words, material.research
    found = dict.fromkeys(hit for asked in research.asked if not asked.title for hit in asked.hits)
    asked = set(research.question.terms)
    read = [research.read_at(hit) for hit in found if hit in research.passages][:CLOSEST]
    passages = [max(near, key=lambda p: len(asked & set(content_terms(p.text)))) for near in read]
    if not passages:
        return []
    lines = []
    for passage in passages:
        text = " ".join(passage.text.split())
        more = "…" if len(text) > EXCERPT else ""
        if more:  # half a word or number would be one that the source does not have
            text = _LAST_WORD.sub("", text[:EXCERPT]).rstrip() or text[:EXCERPT]
        title = show_title(material.titles[passage.document], words)
        title += words.in_brackets.format(place=words.excerpt) if passage.excerpt else ""
        quoted = f"{words.open_quote}{escape(text)}{words.close_quote}{more}"
        lines.append(words.item.format(place=title + words.colon, quote=f"{quoted}\\cite{{{passage.id}}}"))
    return [f"## {words.closest}", words.closest_note, "\n".join(lines)]


def _missing(material: Material) -> list[str]:
    """The section on what was not found; nothing where nothing is missing."""
    words, research = material.words, material.research
    looked = research.answered or research.passages  # where nobody looked, nothing is known to be missing
    lines = [words.nothing_about.format(what=what) for what in _gaps(material)] if looked else []
    lines += _by_names(material)
    # Where no source answered, `why` names every one of them with its reason.
    told = {name: why.rstrip(". ") for name, why in research.failures.items()}
    reasons = [one_line(why if why.startswith(f"{name} ") else f"{name} ({why})", 2_000) for name, why in told.items()]
    lines += [words.failed.format(what=escape(reason)) for reason in reasons]
    for why in dict.fromkeys(research.unread.values()):
        documents = [_name(document, material) for document, told in research.unread.items() if told == why]
        lines.append(words.unread.format(what="; ".join(documents), why=escape(one_line(why).rstrip("."))))
    return [f"## {words.not_found}", "\n".join(lines)] if lines else []


def _name(document: str, material: Material) -> str:
    title = next((p.title for p in material.research.passages.values() if p.document == document), "")
    return f"{show_title(shorten(title), material.words)} {escape(one_line(document))}" if title else escape(document)


def _by_names(material: Material) -> list[str]:
    """Facets that only sources in another language say anything on."""
    words = material.words
    return [
        words.by_names.format(what=escape(f.heading or material.research.question.text), names=", ".join(f.subject))
        for f, scored in zip(material.facets, material.ranked, strict=True)
        if scored and f.aspects and f.subject and all(s.statement.chinese != f.chinese for s in scored)
    ]


def _gaps(material: Material) -> list[str]:
    words = material.words
    empty = [
        f.heading or material.research.question.text
        for f, scored in zip(material.facets, material.ranked, strict=True)
        if not scored and not f.together and (f.heading or material.quoted)
    ]
    gaps = [words.facet_empty.format(what=escape(heading)) for heading in empty]
    read, headings = material.pool.terms, [f.heading for f in material.facets if f.heading in empty]
    for asked in material.research.questions:
        unread = [phrase for phrase in [*asked.names, *asked.phrases] if _unread(phrase, read)]
        gaps += [
            words.term_empty.format(what=escape(w)) for w in unread if not any(w in heading for heading in headings)
        ]
    return list(dict.fromkeys(gaps))


def _unread(phrase: str, read: frozenset[str]) -> bool:
    terms = [t for t in content_terms(phrase) if not (is_comparing(t) or is_general(t))]
    return bool(terms) and not any(related(t) & read for t in terms)


def _about(material: Material) -> list[str]:
    words, research = material.words, material.research
    documents = {p.document for p in research.evidence}
    note = words.note.format(
        searches=words.count("searches", len(research.asked)),
        passages=words.count("passages", len(research.evidence)),
        documents=words.count("documents", len(documents)),
    )
    return [f"## {words.about}", note]


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= LONGEST_HEADING else text[:LONGEST_HEADING].rsplit(" ", 1)[0] + "…"
