"""From what was read to where to look next: names that stand near the relations which the question walks along."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from ..text.characters import HAN, has_han
from ..text.names import Name, is_weak, names_in, without_remark
from ..text.sentences import sentence_spans
from ..text.terms import tokenise
from .question import kind_terms
from .research import PastQuery, Research
from .words import break_words, chinese_relations, is_attribute, related

NEAR, BEGINNING = 4.0, 60
"""Words within which a name belongs to a relation word; characters within which a text names what it is about."""
ROOTS = 2
"""Best passages of the whole question that are read for leads."""
BEFORE_NAMES = ("为", "由", "自", "出自", "名叫")
"""Chinese words before a name."""
LONGEST_PIECE = 12
"""Characters of a stretch of Chinese that may be a name."""
_HAN_RUN = re.compile(f"[{HAN}·]{{2,}}")
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
    """Terms of the relations that are left to be followed at a passage."""
    expected: dict[str, str]
    """The name at a passage that is strongly tied to them."""

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
    trail = Trail(_titled_in_question(research), [], [], {}, {})
    walked: list[Edge] = []
    open_links |= dict.fromkeys(trail.roots, links)
    named = {name for asked in research.questions for names in (asked.names, *asked.readings) for name in names}
    _read(research, open_links, found)
    for asked in research.asked:
        name, hit = _looked_up(asked, research)
        if not hit:
            continue
        origins = (one for leads in found.values() for one in leads if one.name == name)
        lead = None if name in named else next(origins, None)
        if lead is None and name not in named:
            continue
        left = open_links.get(lead.source, ()) if lead else links
        open_links.setdefault(hit, tuple(t for t in left if not lead or t not in related(lead.link)))
        if lead is None:
            trail.roots.append(hit)
        elif lead.score >= STRONG:
            trail.edges.append(Edge(lead, hit))
            if lead.source in (*trail.roots, *(edge.target for edge in walked)):
                walked.append(trail.edges[-1])
        _read(research, open_links, found)
    titled = {fold_name(p.title): p.id for p in reversed(research.passages.values())}
    strong = [lead for root in trail.roots for lead in found.get(root, ()) if lead.score >= STRONG]
    met = [Edge(lead, titled[key]) for lead in strong if (key := fold_name(lead.name)) in titled]  # read before
    trail.edges = walked or trail.edges or [edge for edge in met if edge.target not in trail.roots]
    trail.leads = _in_turn(found, research)
    trail.wanted = open_links
    trail.expected = {ident: leads[0].name for ident, leads in found.items() if leads and leads[0].score >= STRONG}
    return trail


def _titled_in_question(research: Research) -> list[str]:
    """The first passage of each document whose Chinese title is in the question, the longest where several overlap:
    nothing marks a name there."""
    titled: dict[str, str] = {}
    for passage in research.passages.values():
        title = without_remark(passage.title)
        if has_han(title) and len(title) > 1 and title in research.question.text and title not in chinese_relations():
            titled.setdefault(title, passage.id)
    return [ident for title, ident in titled.items() if not any(title in other != title for other in titled)]


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
    expected: str = ""
    """The name there that is strongly tied to them."""


def steps_of(research: Research) -> list[Step]:
    """The steps by which the question's relations were walked; none where it has several parts."""
    if not on_trail(research):
        return []
    trail = read_trail(research)

    def at(node: str) -> frozenset[str]:
        return frozenset(p.id for p in research.read_at(node))

    question = research.question
    of_kind = kind_terms(question.text, question.kinds)
    attributes = [term for term in question.sought if is_attribute(term) and term not in of_kind]
    return [
        Step(
            edge.lead.name,
            at(edge.lead.source),
            at(edge.target),
            (*trail.wanted.get(edge.target, ()), *attributes),
            trail.expected.get(edge.target, ""),
        )
        for edge in trail.edges
        if edge.lead.source in research.passages and edge.target != edge.lead.source
    ]


def _read(research: Research, open_links: Mapping[str, Sequence[str]], found: dict[str, list[Lead]]) -> None:
    """Note the leads of passages that have not been read for leads yet."""
    for ident, links in open_links.items():
        if ident not in found and ident in research.passages:
            found[ident] = leads_in(tuple(p.text for p in research.read_at(ident)), ident, tuple(links))


def best_for_question(research: Research) -> list[str]:
    whole = [a for a in research.asked if a.text and research.question.text.startswith(a.text) and not a.title]
    return [ident for a in whole for ident in a.hits[:ROOTS]]


def _in_turn(found: Mapping[str, Sequence[Lead]], research: Research) -> list[Lead]:
    """What is neither in the question nor was looked up or read, the sources in turn."""
    titles = [p.title for p in research.passages.values()] + [a.title or a.text for a in research.asked]
    # A surname alone is known by the longer form.
    told = "".join(f" {fold_name(name)} |" for name in dict.fromkeys([*research.question.names, *titles]))
    lists = [[lead for lead in leads if f" {fold_name(lead.name)} " not in told] for leads in found.values()]
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
        pieces = set(_pieces(sentence))
        names = sorted({*names_in(sentence), *pieces}, key=lambda name: name.start)
        for at, name in enumerate(names):
            key = fold_name(name.text)
            if not key or is_weak(name.text):
                continue
            tie, link = _tie(names, at, sentence, links)
            if not link and name in pieces:
                continue
            standing = 0.3 / (1 + number) + (0.3 if name.words > 1 else 0.0)  # early in the text, several words
            score = round(tie + standing, 4)
            if key not in best or score > best[key].score:
                best[key] = Lead(name.text, score, source, link)
    return sorted(best.values(), key=lambda lead: -lead.score)


def _pieces(sentence: str) -> Iterator[Name]:
    """What may be a name in Chinese: what is between function words and words for relations."""
    for run in _HAN_RUN.finditer(sentence) if has_han(sentence) else ():
        start, end = run.span()
        cuts = [(start, start), *(cut.span() for cut in _cuts().finditer(sentence, start, end)), (end, end)]
        for (_, since), (until, _) in pairwise(cuts):
            if 1 < until - since <= LONGEST_PIECE:
                yield Name(sentence[since:until], since, until)


@cache
def _cuts() -> re.Pattern[str]:
    return re.compile("|".join(sorted({*break_words(), *chinese_relations(), *BEFORE_NAMES}, key=len, reverse=True)))


def fold_name(name: str) -> str:
    return " ".join(tokenise(name))


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
