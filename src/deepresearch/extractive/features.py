"""What a candidate shows of an answer to one part of the question, as numbers that any language gives.

The weights that make a score of them are learned: ranking.py.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files

from ..library.authority import MARGIN, Authority
from ..text.characters import HAN, has_han
from ..trajectory import Passage
from .aliases import other_names
from .candidates import Candidate, candidates_of, units_of
from .parts import Part
from .words import content_terms, implied_terms, is_general, lexicon, related

FREQUENCIES = "frequencies.txt"
COPY = 0.9
GENERAL = 0.4
"""Worth of a word that fits any subject."""
OF_KIND = 0.3
"""Worth of a word that only says what kind of answer is wanted."""
UNSEEN = 0.35
FOUND_OUT = frozenset("date number size money duration percentage version person place".split())
"""Kinds whose answer is a thing that the question cannot have."""
REPEATED = 4
"""Documents from which a sentence that all of them have is part of their frame."""
OFTEN = 3
PREFIX = 5
"""Letters that two words must begin with to count as forms of one another."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CHARACTER = re.compile(f"[{HAN}]")
_SITE = re.compile(r"\s+[—–|·-]\s+")
_NUMBERED = re.compile(
    r"^(?:(?:Chapter|Section|Appendix|Part)\s+)?(?:\d+|[A-Z])(?:\.\d+)*\.\s+|^\(\d+\)\s*|^第\s*\d+\s*[章节]\.?\s*"
)


@cache
def _frequencies() -> dict[str, int]:
    """Term to its class, 1 (fairly rare) to 9 (everywhere), as counted over general text."""
    lines = files(__package__).joinpath(FREQUENCIES).read_text(encoding="utf-8").splitlines()
    return {term: int(line[0]) for line in lines if line and line[0].isdigit() for term in line[2:].split()}


@lru_cache(maxsize=1 << 15)
def rarity(term: str) -> float:
    """How much a term tells, 0.1 to 1, by how rare it is in general text."""
    known = _frequencies().get(term, 0)  # what general text has not is rarest
    weight = 1.0 - 0.1 * known
    return weight * (GENERAL if is_general(term) else 1.0)


@dataclass(frozen=True)
class Pool:
    """All candidates of the passages gathered, and what they are weighed by."""

    candidates: list[Candidate]
    commonness: dict[str, float]
    """Term to the share of passages that have it."""
    passage_terms: dict[str, frozenset[str]]
    """Terms of each passage with its headings."""
    section_terms: dict[str, frozenset[str]]
    """By passage: terms of all passages read of its section."""
    document_terms: dict[str, frozenset[str]]
    trust: dict[str, float]
    """By document, what its source's authority makes of a score; 1 where nothing speaks for or against it."""
    titles: dict[str, str]
    aliases: tuple[tuple[str, str], ...] = ()
    """Pairs of names for one thing."""
    terms: frozenset[str] = field(default=frozenset())
    """Every term that was read, titles and headings included."""


def gather(
    passages: Collection[Passage], authority: Authority | None = None, aliases: Sequence[tuple[str, str]] = ()
) -> Pool:
    """The candidates of all passages; those with the same words count once, for the source with most authority.

    aliases: pairs of names for one thing; what has the one counts as having the other.
    """
    titles = short_titles(passages)
    trust = {p.document: (1 - MARGIN) ** -authority.of(p).weight if authority else 1.0 for p in passages}
    places = Counter(text for _, text in {(p.document, unit.text) for p in passages for unit in units_of(p.text)})
    repeated = {text for text, many in places.items() if many >= REPEATED}
    kept: dict[str, Candidate] = {}
    passage_terms: dict[str, frozenset[str]] = {}
    section_terms: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    document_terms: dict[str, set[str]] = {}
    for passage in sorted(passages, key=lambda p: -trust[p.document]):
        title = titles[passage.document]
        terms = frozenset([*content_terms([title, *passage.heading, passage.text]), *implied_terms(passage.text)])
        terms |= other_names(terms, tuple(aliases))
        passage_terms[passage.id] = terms
        section_terms.setdefault((passage.document, tuple(passage.heading)), set()).update(terms)
        document_terms.setdefault(passage.document, set()).update(terms)
        for candidate in candidates_of(passage, title, tuple(aliases)):
            kept.setdefault(candidate.text, candidate)
    kept = {text: candidate for text, candidate in kept.items() if not repeated & {u.text for u in candidate.units}}
    counts = Counter(term for terms in passage_terms.values() for term in terms)
    many = max(1, len(passage_terms))
    return Pool(
        candidates=list(kept.values()),
        commonness={term: count / many for term, count in counts.items()},
        passage_terms=passage_terms,
        section_terms={p.id: frozenset(section_terms[p.document, tuple(p.heading)]) for p in passages},
        document_terms={document: frozenset(terms) for document, terms in document_terms.items()},
        trust=trust,
        titles=titles,
        aliases=tuple(aliases),
        terms=frozenset(counts),
    )


def short_titles(passages: Collection[Passage]) -> dict[str, str]:
    """Document to title, without the name of the site at its end and the number of the chapter in front."""
    titles = {p.document: " ".join(p.title.split()) or p.document for p in passages}
    for passage in passages:  # the page's own first heading is the title without the site
        title, heading = titles[passage.document], " ".join((passage.heading or [""])[0].split())
        if heading and title.startswith(heading) and _SITE.match(title, len(heading)):
            titles[passage.document] = heading
    tails = Counter(parts[-1] for title in titles.values() if len(parts := _SITE.split(title)) > 1)
    short = {}
    for document, title in titles.items():
        tail = _SITE.split(title)[-1]
        cut = title[: -len(tail)].rstrip(" —–|·-") if tails[tail] > 1 and len(tail) < len(title) else title
        short[document] = without_number(cut)
    return short


def without_number(heading: str) -> str:
    """A title or heading without the number in front, which tells nothing outside its book."""
    return _NUMBERED.sub("", heading) or heading


@dataclass(frozen=True)
class Asked:
    """One part of the question, made ready to be compared with many candidates."""

    part: Part
    weights: dict[str, float]
    """Asked term to how much it tells in general."""
    local: dict[str, float]
    """The same by how few of the passages read have it."""
    characters: frozenset[str]
    """Chinese characters asked for."""
    numbers: frozenset[str]
    answers: dict[str, re.Pattern[str]]
    """What an answer of each kind looks like."""
    kind: frozenset[str]
    """Words that say what kind of answer is wanted, and others for them: what is under them is of that kind."""
    sought: dict[str, float]
    """`weights` of what is asked about the things that are named: without names and words of the kind."""
    rarest: tuple[str, ...]
    """Asked terms that tell most, most first."""
    passage_cover: dict[str, float]
    document_cover: dict[str, float]
    best_passage: float
    on_trail: Collection[str] = ()


def prepare(part: Part, pool: Pool, on_trail: Collection[str] = ()) -> Asked:
    """`part` ready for `features`. on_trail: passages that the question's own relations led to."""
    terms = part.terms
    weights = {term: _weight(term, part, pool) for term in terms}
    local = {term: 1 - 0.9 * pool.commonness.get(term, 0.0) for term in terms}
    cover = {ident: covered(weights, had) for ident, had in pool.passage_terms.items()}
    by_document = {document: covered(weights, had) for document, had in pool.document_terms.items()}
    kinds = lexicon()["kinds"]
    return Asked(
        part=part,
        weights=weights,
        local=local,
        characters=frozenset(c for phrase in part.phrases for c in _CHARACTER.findall(phrase)),
        numbers=frozenset(_NUMBER.findall(part.text)),
        answers={k: re.compile(kinds[k]["answers"], re.IGNORECASE) for k in part.kinds if k in kinds},
        kind=frozenset(other for term in part.kind_terms if not is_general(term) for other in related(term)),
        sought={t: w for t, w in weights.items() if t not in part.name_terms and t not in part.kind_terms},
        rarest=tuple(sorted(terms, key=lambda t: -weights[t])),
        passage_cover=cover,
        document_cover=by_document,
        best_passage=max(cover.values(), default=0.0) or 1.0,
        on_trail=on_trail,
    )


def _weight(term: str, part: Part, pool: Pool) -> float:
    """How much an asked term tells; of Chinese pairs of characters that nothing read has, little: they are mostly
    cut across two words."""
    weight = rarity(term) * (OF_KIND if term in part.kind_terms else 1.0)
    return UNSEEN * weight if has_han(term) and term not in pool.terms else weight


def covered(weights: dict[str, float], had: Collection[str]) -> float:
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in had) / total if total else 0.0


def features(candidate: Candidate, asked: Asked, pool: Pool) -> dict[str, float]:
    """The features of `candidate` for the part by their names, each about 0 to 1."""
    part, own, context = asked.part, candidate.terms, candidate.context
    defines = _defines(candidate, asked, pool)
    if defines == 1.0 and "definition" in part.kinds:  # an entry need not repeat its term
        own |= context
    share = covered(asked.weights, own)
    both = own | context
    starts = {term[:PREFIX] for term in own}
    had = frozenset(t for t in asked.weights if has_form(t, own, starts))
    named = part.name_terms
    shown, often = _shown(candidate, asked)
    text, passage = candidate.text, candidate.passage
    heading = passage.heading[-1] if passage.heading else ""
    cover = asked.passage_cover.get(passage.id, 0.0)
    return {
        "covered": share,
        "covered_in_context": covered(asked.weights, both),
        "covered_beyond_context": covered({t: w for t, w in asked.weights.items() if t not in context}, own),
        "covered_locally": covered(asked.local, own),
        "covered_loosely": covered(asked.weights, had),
        "sought_covered": covered(asked.sought, own),
        "sought_loosely": covered(asked.sought, had),
        "covered_by_passage": cover,
        "covered_by_document": asked.document_cover.get(passage.document, 0.0),
        "passage_beside_best": cover / asked.best_passage,
        "rarest": float(bool(asked.rarest) and asked.rarest[0] in own),
        "rarest_in_context": float(bool(asked.rarest) and asked.rarest[0] in both),
        "names_in_context": _share(named, both),
        "characters": _share(asked.characters, text),
        "heading_fits": _fits(heading, asked),
        "title_fits": _fits(pool.titles[passage.document], asked),
        "above_fits": _fits(candidate.above, asked),
        "answer": shown,
        "answer_covered": shown * share,
        "answer_in_passage": shown * cover / asked.best_passage,
        "answer_often": often,
        "kind_above": float(not (_heading_terms(heading) | candidate.units[0].above_terms).isdisjoint(asked.kind)),
        "new_number": float(bool(set(_NUMBER.findall(text)) - asked.numbers)),
        "defines": defines,
        "number_asked_missing": float(bool(asked.numbers - set(_NUMBER.findall(text)))),
        "windows": (len(candidate.units) - 1) / 2,
        "line": float(candidate.units[0].kind == "line"),
        "first": float(candidate.units[0].index == 0),
    }


def _share(wanted: Collection[str], had: Collection[str]) -> float:
    return sum(term in had for term in wanted) / len(wanted) if wanted else 0.0


def has_form(term: str, had: frozenset[str], starts: set[str] | None = None) -> bool:
    """The term, a related word, or another form of the word is there. starts: how the words there begin."""
    if term in had or not related(term).isdisjoint(had):
        return True
    starts = {other[:PREFIX] for other in had} if starts is None else starts
    return len(term) >= PREFIX and term.isalpha() and term[:PREFIX] in starts


@lru_cache(maxsize=1 << 14)
def _heading_terms(heading: str) -> frozenset[str]:
    return frozenset(content_terms(heading))


def _fits(heading: str, asked: Asked) -> float:
    """How far a heading is about what is asked: its share of asked words and the asked words' share of it."""
    terms = _heading_terms(heading)
    if not terms:
        return 0.0
    common = sum(asked.weights[t] for t in terms if t in asked.weights)
    own = sum(rarity(t) for t in terms) or 1.0
    wanted = sum(asked.weights.values()) or 1.0
    return math.sqrt(min(1.0, common / own) * min(1.0, common / wanted))


def _shown(candidate: Candidate, asked: Asked) -> tuple[float, float]:
    """The share of the kinds asked for whose looks the candidate has, and how often (OFTEN times is 1)."""
    found = [shows(candidate, kind, asked) for kind in asked.answers]
    if not found:
        return 0.0, 0.0
    return sum(map(bool, found)) / len(found), min(1.0, max(found) / OFTEN)


def shows(candidate: Candidate, kind: str, asked: Asked) -> int:
    """How many different things the candidate has that an answer of `kind` looks like; of what is to be found out
    (a number, a name) those that the question does not have itself."""
    around = "" if kind in FOUND_OUT else candidate.above
    text = " ".join(filter(None, (around, candidate.text, candidate.code)))
    found = {match.group().strip().casefold() for match in asked.answers[kind].finditer(text)}
    if kind in FOUND_OUT:
        said = asked.part.text.casefold()
        found = {one for one in found if one not in said}
    return len(found)


def _defines(candidate: Candidate, asked: Asked, pool: Pool) -> float:
    """It begins with what is asked and says what that is: "X is a ...", or X is the term or the heading above it."""
    wanted = set(asked.part.terms)
    names = [wanted, *({*content_terms(other)} for name, other in pool.aliases if set(content_terms(name)) <= wanted)]
    labels = [candidate.above, *(candidate.passage.heading[-1:] if candidate.units[0].index == 0 else [])]
    if any((terms := _heading_terms(label)) and any(terms <= name for name in names) for label in labels):
        return 1.0
    sign = re.search(lexicon()["kinds"]["definition"]["answers"], candidate.text[:160])
    before = content_terms(candidate.text[: sign.start()]) if sign else []
    return sum(term in wanted for term in before) / max(2, len(before)) if before else 0.0
