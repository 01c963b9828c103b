"""From what was read to where to look next: names that stand near the relations which the question walks along."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..text.names import Name, is_weak, names_in
from ..text.sentences import sentence_spans
from ..text.terms import tokenise
from .research import PastQuery, Research
from .words import is_attribute, related

NEAR = 4.0
"""Words within which a name counts as belonging to a relation word."""
BEGINNING = 60
"""Characters within which a text begins with the name of what it is about."""
ROOTS = 2
"""Best passages of the whole question that are read for leads."""
STRONG = 0.85
"""Score from which a name is tied to the question rather than merely mentioned."""


@dataclass(frozen=True)
class Lead:
    """A name worth looking up, and why."""

    name: str
    score: float
    source: str
    """Passage id it was read in."""
    link: str
    """The question's term that it stands near; empty where none."""


@dataclass(frozen=True)
class Edge:
    """A step of the trail: the lead, the passage it was read in, the passage it led to."""

    lead: Lead
    target: str


@dataclass
class Trail:
    """How the run got from the names in the question to what they lead to."""

    roots: list[str]
    """Passages of the documents that the question names."""
    edges: list[Edge]
    leads: list[Lead]
    """What could be looked up next, best first."""
    wanted: dict[str, tuple[str, ...]]
    """What of the question is left to be asked at a passage."""

    @property
    def nodes(self) -> list[str]:
        """The passages it goes through."""
        return list(dict.fromkeys([*self.roots, *(edge.target for edge in self.edges)]))


@lru_cache(maxsize=1)
def read_trail(research: Research) -> Trail:
    """The trail of the run so far.

    What was looked up by a name that stood near "director" is the director: its passage is read for the question's
    other relations only. Leads of several sources take turns, so that each of two compared things gets its own.
    """
    links = research.question.links
    open_links = dict.fromkeys(best_for_question(research), links)
    found: dict[str, list[Lead]] = {}
    trail = Trail([], [], [], {})
    named = {
        name for question in research.questions for names in (question.names, *question.readings) for name in names
    }
    for asked in research.asked:
        name, hit = _looked_up(asked, research)
        if not hit:
            continue
        lead = None if name in named else _origin(name, found)
        if lead is None and name not in named:
            continue
        left = open_links.get(lead.source, ()) if lead else links
        open_links.setdefault(hit, tuple(t for t in left if not lead or t not in related(lead.link)))
        if lead is None:
            trail.roots.append(hit)
        elif lead.score >= STRONG:
            trail.edges.append(Edge(lead, hit))
        _read(research, open_links, found)
    _read(research, open_links, found)
    walked = [edge for edge in trail.edges if _reaches(trail.roots, trail.edges, edge.lead.source)]
    trail.edges = walked or trail.edges
    trail.leads = _in_turn(found, _known(research))
    attributes = tuple(term for term in research.question.sought if is_attribute(term))
    trail.wanted = {ident: (*left, *attributes) for ident, left in open_links.items()}
    return trail


def _looked_up(asked: PastQuery, research: Research) -> tuple[str, str]:
    """(name, passage) of a query that looked a name up: by title, or as words that a passage begins with."""
    if asked.title:
        return asked.title, next(iter(asked.hits), "")
    name = fold_name(asked.text)
    begins = (
        hit for hit in asked.hits if name in fold_name(research.passages[hit].text[: len(asked.text) + BEGINNING])
    )
    return asked.text, next(begins, "")


def on_trail(research: Research) -> frozenset[str]:
    """Passages that are about what the question leads to, whatever they call it; none where it has several parts."""
    if len(research.question.clauses) > 1 or "compare" in research.question.kinds:
        return frozenset()
    return frozenset(p.id for node in read_trail(research).nodes for p in research.read_at(node))


@dataclass(frozen=True)
class Step:
    """One step of the trail, for those who quote it."""

    name: str
    """What the passages at `source` name, and those at `target` are about."""
    source: frozenset[str]
    target: frozenset[str]
    wanted: tuple[str, ...]
    """Terms of what is left to be asked at `target`."""


def steps_of(research: Research) -> list[Step]:
    """The steps by which the question's relations were walked; none where it has several parts."""
    if not on_trail(research):
        return []
    trail = read_trail(research)
    at = {node: frozenset(p.id for p in research.read_at(node)) for node in trail.nodes}
    return [
        Step(
            e.lead.name,
            at.get(e.lead.source, frozenset([e.lead.source])),
            at.get(e.target, frozenset([e.target])),
            trail.wanted.get(e.target, ()),
        )
        for e in trail.edges
        if e.lead.source in research.passages and e.target != e.lead.source
    ]


def _reaches(roots: Sequence[str], edges: Sequence[Edge], passage: str) -> bool:
    """The passage is one that the question names, or is led to from there."""
    reached = set(roots)
    for edge in edges:
        if edge.lead.source in reached:
            reached.add(edge.target)
    return passage in reached


def _read(research: Research, open_links: Mapping[str, Sequence[str]], found: dict[str, list[Lead]]) -> None:
    """Note the leads of passages that have not been read for leads yet."""
    for ident, links in open_links.items():
        if ident not in found and ident in research.passages:
            found[ident] = leads_in(tuple(p.text for p in research.read_at(ident)), ident, tuple(links))


def best_for_question(research: Research) -> list[str]:
    whole = [a for a in research.asked if a.text and research.question.text.startswith(a.text) and not a.title]
    return [ident for a in whole for ident in a.hits[:ROOTS]]


def _origin(title: str, found: Mapping[str, Sequence[Lead]]) -> Lead | None:
    """The lead that made the run look `title` up; None for names of the question."""
    return next((lead for leads in found.values() for lead in leads if lead.name == title), None)


def _known(research: Research) -> set[str]:
    """Folded names that are in the question, were looked up, or are titles read."""
    titles = [p.title for p in research.passages.values()] + [a.title or a.text for a in research.asked]
    return {fold_name(name) for name in [*research.question.names, *titles]}


def _in_turn(found: Mapping[str, Sequence[Lead]], known: set[str]) -> list[Lead]:
    lists = [[lead for lead in leads if not _is_known(fold_name(lead.name), known)] for leads in found.values()]
    merged: dict[str, Lead] = {}
    for depth in range(max(map(len, lists), default=0)):
        level = [leads[depth] for leads in lists if depth < len(leads)]
        for lead in sorted(level, key=lambda one: -one.score):
            merged.setdefault(fold_name(lead.name), lead)
    return list(merged.values())


@lru_cache(maxsize=256)
def leads_in(texts: tuple[str, ...], source: str, links: tuple[str, ...]) -> list[Lead]:
    """Names in `texts`, read at the passage `source`, the closest to words of the relations `links` first."""
    best: dict[str, Lead] = {}
    sentences = (text[start:end] for text in texts for start, end in sentence_spans(text))
    for number, sentence in enumerate(sentences):
        names = names_in(sentence)
        for at, name in enumerate(names):
            key = fold_name(name.text)
            if not key or is_weak(name.text):
                continue
            tie, link = _tie(names, at, sentence, links)
            score = round(tie + _standing(name, number), 4)
            if key not in best or score > best[key].score:
                best[key] = Lead(name.text, score, source, link)
    return sorted(best.values(), key=lambda lead: -lead.score)


def fold_name(name: str) -> str:
    return " ".join(tokenise(name))


def _is_known(key: str, known: set[str]) -> bool:
    """The name, or a longer form of it (a surname alone), is known."""
    return key in known or any(f" {key} " in f" {other} " for other in known)


def _tie(names: Sequence[Name], at: int, sentence: str, links: Sequence[str]) -> tuple[float, str]:
    """How closely a name stands to words of the relations, 0 to 2, and to which of them.

    A name in between counts as one word: in "the son of Lothair I of the Franks and Ermengarde" the second parent
    stands almost as near to "son" as the first.
    """
    name = names[at]
    before = _terms_between(sentence, 0, name.start, [n for n in names if n.end <= name.start])[::-1]
    after = _terms_between(sentence, name.end, len(sentence), [n for n in names if n.start >= name.end])
    best = (0.0, "")
    for link in links:
        wanted = related(link)
        distances = [i for i, term in enumerate(before) if term in wanted][:1]
        distances += [i + 2 for i, term in enumerate(after) if term in wanted][:1]
        if distances:
            best = max(best, (2 * math.exp(-min(distances) / NEAR), link))
    return best


def _terms_between(sentence: str, start: int, end: int, names: Sequence[Name]) -> list[str]:
    """Terms of a stretch of the sentence, each name in it as one."""
    terms: list[str] = []
    for name in names:
        if name.start >= start:
            terms += [*tokenise(sentence[start : name.start]), name.text]
            start = name.end
    return terms + tokenise(sentence[start:end])


def _standing(name: Name, sentence: int) -> float:
    """What speaks for a name by itself: early in the text, several words."""
    return 0.3 / (1 + sentence) + (0.3 if name.words > 1 else 0.0)
