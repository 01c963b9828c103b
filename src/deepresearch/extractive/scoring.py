"""How well a statement answers a facet: whether it is about the facet's things, and says what is asked about them."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ..library.authority import MARGIN, Authority
from ..text.characters import HAN
from ..trajectory import Passage
from .facets import Facet
from .statements import LONGEST, Statement, statements_of, with_aliases
from .words import content_terms, has_term, is_general, lexicon, related

BY_HEADING, BY_PASSAGE, BY_DOCUMENT = 0.9, 0.8, 0.6
"""Worth of a term of the subject that stands in title or heading, elsewhere in the passage, in the document."""
ASPECT_BY_HEADING = 0.45
"""What is asked should stand in the sentence: a heading that says it is worth less."""
BY_RELATION = 0.7
"""Worth of a related word."""
GENERAL = 0.3
"""Worth of a word that fits any subject."""
ASPECTS_IN_ONE = 5
"""Terms that one sentence can be expected to hold of all that a long question asks."""
BASE, UNASKED, UNASKED_OF_COMPARED = 0.25, 0.15, 0.35
"""What is left of the score where the subject is missing altogether, and where what is asked about it is; more where
things are compared, since whatever is said of them may be what they differ in."""
LEAST_ASPECTS, LEAST_PAIRS = 0.34, 0.15
"""Share of what is asked that a statement must have, where several things are asked; the second for Chinese pairs."""
TOGETHER = 0.6
"""Score of a sentence that names all the things compared, before what is asked about them counts."""
ENTRY = 1.3
"""Score of the first sentence of a glossary's entry for what is asked."""
FURTHER_ON = 0.25
"""What each further sentence of it is worth less."""
ABOUT = 0.6
"""Worth of a sentence that does not name its subject, where that alone is asked."""
ANSWER = 0.12
"""Bonus for what the question's kind asks for: a date, a number, a reason, an example."""
LENGTH = 0.1
"""What the longest sentence is worth less than a short one that says as much."""
TOPICALITY = 0.3
"""What a sentence loses whose passage has nothing of what is asked."""
MUST_SHOW = {"definition": 0.6, "how many": 0.6, "when": 0.4}
"""Kinds of question whose answer shows ("X is a", a number, a date), and the worth of a sentence without that."""
IN_ANOTHER_LANGUAGE = 0.75
"""Worth of a sentence that has not the language of what is asked, so that its words can only fit in part."""
WITHOUT_IDENTIFIER = 0.5
"""Worth of a sentence that has the words of an identifier at most."""
AVOIDS = 0.45
"""Worth of what not to do, where the question is how to do something."""
UNDER_HEADING = 0.4
"""Bonus where the heading above names all that is asked, for Chinese pairs: a sentence of a section on the matter
seldom repeats it, and of the pairs some are no words."""
SUBJECT_BEFORE = 30
"""Characters within which the subject of a definition stands before its verb."""

_PAIR = re.compile(f"[{HAN}]{{2}}$")
"""A pair of Chinese characters; one that no statement has was most likely cut across two words."""
_NUMBERED = re.compile(r"^(?:(?:Chapter|Section|Appendix|Part)\s+)?(?:\d+|[A-Z])(?:\.\d+)*\.\s+")
_SITE = re.compile(r"\s+[—–|·-]\s+")

Contexts = Sequence[tuple[frozenset[str], float]]
"""Terms that a statement stands in, and what it is worth to find a term there."""


@dataclass(frozen=True)
class Pool:
    """All statements of the passages gathered, and what they are weighed by."""

    statements: list[Statement]
    weights: dict[str, float]
    """How much each term tells: the rarer the more."""
    around: dict[str, frozenset[str]]
    """Terms of a passage, and of all gathered passages of a document."""
    trust: dict[str, float]
    """By document, what its source's authority makes of a score; 1 where nothing speaks for or against it."""
    aliases: tuple[tuple[str, str], ...]
    """Pairs of names for one thing."""

    @property
    def terms(self) -> frozenset[str]:
        """Every term that was read, titles and headings included."""
        return frozenset().union(*self.around.values(), *(s.implied | s.context for s in self.statements))


def gather(passages: Collection[Passage], authority: Authority, aliases: Sequence[tuple[str, str]] = ()) -> Pool:
    """The statements of all passages; those with the same words count once, for the source with most authority.

    aliases: pairs of names for one thing; what has the one counts as having the other.
    """
    kept: dict[str, Statement] = {}
    titles = short_titles(passages)
    trust = {p.document: (1 - MARGIN) ** -authority.of(p).weight for p in passages}
    around: dict[str, set[str]] = {}
    for passage in sorted(passages, key=lambda p: -trust[p.document]):
        for key in (passage.id, passage.document):
            around.setdefault(key, set()).update(content_terms(passage.text))
        for statement in statements_of(passage, titles[passage.document]):
            kept.setdefault(statement.text, with_aliases(statement, aliases))
    frequency = Counter(term for s in kept.values() for term in s.terms)
    weights = {term: math.log(1 + len(kept) / count) for term, count in frequency.items()}
    whole = {key: frozenset(terms) for key, terms in around.items()}
    return Pool(list(kept.values()), weights, whole, trust, tuple(aliases))


def short_titles(passages: Iterable[Passage]) -> dict[str, str]:
    """Document to title, without the name of the site at its end and the number of the chapter in front."""
    passages = list(passages)
    titles = {p.document: " ".join(p.title.split()) or p.document for p in passages}
    for passage in passages:  # the page's own first heading is the title without the site
        title, heading = titles[passage.document], " ".join((passage.heading or [""])[0].split())
        if heading and title.startswith(heading) and _SITE.match(title, len(heading)):
            titles[passage.document] = heading
    tails = [parts[-1] for title in titles.values() if len(parts := _SITE.split(title)) > 1]
    common = {tail for tail in tails if tails.count(tail) > 1}
    short = {
        document: title[: -len(tail)].rstrip(" —–|·-") if (tail := _SITE.split(title)[-1]) in common else title
        for document, title in titles.items()
    }
    return {document: without_number(title) for document, title in short.items()}


def without_number(heading: str) -> str:
    """A title or heading without the number in front, which tells nothing outside its book."""
    return _NUMBERED.sub("", heading) or heading


def in_pairs(facet: Facet) -> bool:
    """What is asked is Chinese, cut into pairs of characters of which some are no words."""
    return any(map(_PAIR.match, facet.aspects))


def score_statement(statement: Statement, facet: Facet, pool: Pool, on_trail: Collection[str] = ()) -> float:
    """How well a statement answers the facet, 0 to about 1.

    on_trail: passages that the question's own relations led to; they are about its subject whatever they call it.
    """
    weight = statement.weight * pool.trust[statement.passage.document] * (1 - LENGTH * len(statement.text) / LONGEST)
    if _is_entry(statement, facet, pool):
        return max(0.0, ENTRY - FURTHER_ON * statement.index) * weight
    if facet.together and not all(_names(statement, terms) for terms in facet.subjects):
        return 0.0
    score = _match(statement, facet, pool, on_trail) * _topicality(statement, facet, pool)
    bonus = _answer_bonus(statement, facet)
    if not bonus:
        score *= MUST_SHOW.get(facet.kind, 1.0)
    if facet.kind in ("how to", "list") and re.search(lexicon()["kinds"]["how to"]["avoids"], statement.text):
        score *= AVOIDS
    if facet.aspects and statement.chinese != facet.chinese:
        score *= IN_ANOTHER_LANGUAGE
    if facet.literal and not any(name in _said(statement) for name in facet.literal):
        score *= WITHOUT_IDENTIFIER
    return score * (1 + bonus + _heading_bonus(statement, facet)) * weight


def _topicality(statement: Statement, facet: Facet, pool: Pool) -> float:
    """How much of what is asked the passage has as a whole: a sentence may have the words by chance."""
    around = statement.context | pool.around[statement.passage.id]
    got, total = _cover((*facet.subject, *facet.aspects), around, (), pool)
    return 1 - TOPICALITY * (1 - got / total) if total else 1.0


def _said(statement: Statement) -> str:
    """The statement and what it stands under."""
    return " ".join((statement.text, statement.term, *statement.passage.heading)).casefold()


def _heading_bonus(statement: Statement, facet: Facet) -> float:
    """For standing in a section whose heading names what is asked, as far as it does."""
    if not in_pairs(facet) or not statement.passage.heading:
        return 0.0
    heading = content_terms(statement.passage.heading[-1])
    return UNDER_HEADING * sum(term in heading for term in facet.aspects) / len(facet.aspects)


def _match(statement: Statement, facet: Facet, pool: Pool, on_trail: Collection[str]) -> float:
    """How well subject and aspects fit, whatever the kind of question."""
    subject = 1.0 if statement.passage.id in on_trail else _about(statement, facet, pool)
    if not facet.aspects:
        return subject * (1.0 if _names(statement, facet.subject) else ABOUT)
    aspects = _says(statement, facet, pool)
    if facet.together:
        return TOGETHER + (1 - TOGETHER) * aspects
    if len(facet.aspects) > 1 and aspects < (LEAST_PAIRS if in_pairs(facet) else LEAST_ASPECTS):
        return 0.0
    if not facet.subjects:
        return aspects
    unasked = UNASKED_OF_COMPARED if facet.kind == "comparison" else UNASKED
    return (BASE + (1 - BASE) * subject) * (unasked + (1 - unasked) * aspects)


def _about(statement: Statement, facet: Facet, pool: Pool) -> float:
    """How far the statement is about the facet's things, 0 to 1. Part of a name is another name: it counts little."""
    passage = statement.passage
    contexts = (
        (statement.context, BY_HEADING),
        (pool.around[passage.id], BY_PASSAGE),
        (pool.around[passage.document], BY_DOCUMENT),
    )
    shares = []
    for terms in facet.subjects:
        got, total = _cover(terms, statement.terms, contexts, pool)
        shares.append((got / total if total else 0.0) ** min(3, len(terms)))
    return sum(shares) / len(shares) if shares else 0.0


def _says(statement: Statement, facet: Facet, pool: Pool) -> float:
    """How much of what is asked the statement says, 0 to 1; nothing where only the headings above it do."""
    heading = content_terms((statement.passage.heading or [""])[-1]) if len(facet.aspects) > 1 else []
    own = {*statement.implied, *heading}
    if not any(has_term(own, term) or related(term) & own for term in facet.aspects):
        return 0.0
    got, total = _cover(facet.aspects, statement.implied, [(statement.context, ASPECT_BY_HEADING)], pool)
    expected = min(total, total * ASPECTS_IN_ONE / len(facet.aspects))
    return min(1.0, got / expected) if expected else 0.0


def _cover(terms: Iterable[str], own: Collection[str], contexts: Contexts, pool: Pool) -> tuple[float, float]:
    """Weight of those `terms` that stand in the sentence, by a related word or in its contexts; and of all."""
    usual = sum(pool.weights.values()) / len(pool.weights) if pool.weights else 1.0
    total = got = 0.0
    for term in terms:
        weight = pool.weights.get(term, usual)
        if _PAIR.match(term):
            weight = min(pool.weights.get(term, 0.0), usual)
        weight *= GENERAL if is_general(term) else 1.0
        total += weight
        if has_term(own, term):
            got += weight
            continue
        worth = [credit for known, credit in contexts if term in known]
        worth += [BY_RELATION] if not related(term).isdisjoint(own) else []
        got += weight * max(worth, default=0.0)
    return got, total


def _names(statement: Statement, terms: Sequence[str]) -> bool:
    """Most of the terms stand in the sentence itself."""
    return 2 * sum(has_term(statement.terms, term) for term in terms) > len(terms)


def _is_entry(statement: Statement, facet: Facet, pool: Pool) -> bool:
    """A sentence of an entry whose label is the thing whose meaning is asked, as glossaries have them."""
    if facet.kind != "definition":
        return False
    labels = [statement.term or statement.passage.text.partition("\n")[0], *statement.passage.heading[-1:]]
    asked = list(facet.subjects[-1] if facet.subjects else facet.aspects)
    names = [asked, *(content_terms(other) for name, other in pool.aliases if content_terms(name) == asked)]
    return any(content_terms(label) in names for label in labels)


def _answer_bonus(statement: Statement, facet: Facet) -> float:
    """For what the question's kind asks for: a date, a number, an example, "X is a"."""
    looks = lexicon()["kinds"].get(facet.kind, {}).get("answers")
    sign = re.search(looks, statement.text) if looks else None
    if facet.kind == "definition":
        return ANSWER if sign and _defines(statement.text[: sign.start()], facet) else 0.0
    bonus = ANSWER if sign else 0.0
    if facet.kind == "how to" and statement.code:
        bonus += 2 * ANSWER
    return bonus


def _defines(before: str, facet: Facet) -> bool:
    """What stands before "is a" is the subject: "X is a ...", not "... when X was a ..."."""
    wanted, said = (*facet.subject, *facet.aspects), content_terms(before)
    return len(before) < SUBJECT_BEFORE and 2 * sum(term in said for term in wanted) >= len(wanted)
