"""Sentences that state something and cite nothing, each with a passage that may support it."""

import re
from collections.abc import Mapping, Sequence
from heapq import nlargest

from ...text.characters import has_han, normalise
from ...text.numbers import quantities
from ...text.terms import content_terms
from ...text.wordlists import tables
from ...trajectory import Passage, Uncited
from ..claims import Claim
from .support import RELATED, support

FEWEST, FEWEST_HAN = 4, 6
"""Content terms of what states something; in Chinese these are pairs of characters."""
SHORTEST, SHORTEST_HAN = 2, 3
"""The same of a whole sentence: "Zebras can fly." """
CANDIDATES = 5
"""Passages that are compared in full."""
SUGGESTED = 0.5
"""Score from which a passage is suggested."""

_QUESTION = re.compile(r"[?？][\"'”’)）]*$")
_SENTENCE = re.compile(r"\w\s.*[.!]\W*$|[。！]\W*$")
"""More than a word, with a full stop."""
_LEADS_IN = re.compile(r"[:：]$")
_OPENING = re.compile(r"^[\s\"'“‘(（*_-]+")


def find_uncited(claims: Sequence[Claim], known: Mapping[str, Passage], weights: Mapping[str, float]) -> list[Uncited]:
    """The claims that need a citation and have none. known: the registered passages, of which one is suggested where
    it fits; weights: as support() takes them."""
    terms = {id_: frozenset(content_terms(f"{passage.title} {passage.text}")) for id_, passage in known.items()}
    found = []
    for claim in claims:
        if not claim.marks and needs_citation(claim):
            suggestion, score = _suggest(claim, known, terms, weights)
            found.append(Uncited(claim=claim.text, suggestion=suggestion, reason=_reason(suggestion, score)))
    return found


def _reason(suggestion: str | None, score: float) -> str:
    found = (
        f"this passage may support it (score {score:.2f})" if suggestion else "no passage that was shown supports it"
    )
    return f"states something and cites nothing; {found}"


def needs_citation(claim: Claim) -> bool:
    """Whether a claim states something about the world: no heading, no question, no transition, nothing about the
    report or its sources."""
    if claim.kind in ("heading", "caption", "note") or _QUESTION.search(claim.text) or _LEADS_IN.search(claim.text):
        return False
    lists = tables(__package__)["uncited"]
    if any(word in claim.section.casefold() for word in (*lists["section_en"], *lists["section_zh"])):
        return False
    opening = _OPENING.sub("", normalise(claim.text)).casefold()
    methods = lists["method_zh" if has_han(opening[:12]) else "method_en"]
    if opening.startswith(tuple(methods)):
        return False
    terms = set(content_terms(f"{claim.text} x")) - {"x"}
    telling = bool(quantities(claim.text)) or claim.kind == "row" or bool(_SENTENCE.search(claim.text))
    least = (SHORTEST_HAN if telling else FEWEST_HAN) if has_han(claim.text) else SHORTEST if telling else FEWEST
    return len(terms) >= least


def _suggest(
    claim: Claim, known: Mapping[str, Passage], terms: Mapping[str, frozenset[str]], weights: Mapping[str, float]
) -> tuple[str | None, float]:
    """The passage that supports the claim best, if any does, and its score."""
    rarest = max(weights.values(), default=1.0)
    wanted = {term: weights.get(term, rarest) for term in content_terms(claim.text)}
    shared = {id_: sum(wanted[term] for term in held & wanted.keys()) for id_, held in terms.items()}
    best: tuple[str | None, float] = (None, 0.0)
    for id_ in nlargest(CANDIDATES, (id_ for id_, weight in shared.items() if weight), key=shared.__getitem__):
        result = support(claim.text, known[id_], given=claim.given, weights=weights)
        if result.level in ("supports", "partly") and result.score > max(best[1], SUGGESTED, RELATED):
            best = (id_, result.score)
    return best
