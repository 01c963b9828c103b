"""Wording that changes what the evidence says: a denial, a hedge lost, a scope widened, a direction reversed."""

from ...text.negation import Negation, negations
from .faults import Fault, instead, left_out, say
from .reading import Line
from .wordlists import pairs, words

NEAR_HAN = 3
"""Characters between a Chinese negator and the words that it may still deny."""


def unhedged(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where the evidence hedges a word that the claim states without any hedge."""
    if claim.spots(words("hedging", "any", claim.han)):
        return []
    hedges = [s for s in evidence.spots(words("hedging", "strong", evidence.han)) if s.after & claim.terms]
    return [left_out("hedge", hedges[0].text, claim.text)] if hedges else []


def widened(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where the claim says of all what the evidence says of some, or does not say of all."""
    universal, partial, strict = (words("scope", key, claim.han) for key in ("universal", "partial", "strict"))
    limits = [spot for spot in evidence.spots(partial) if spot.after & claim.terms]
    wide = [spot for spot in claim.spots(universal) if (spot.after | spot.before) & evidence.terms]
    wide = [spot for spot in wide if limits or spot.text.casefold() in strict]
    if wide and not evidence.spots(universal):
        return [instead("scope", wide[0].text, limits[0].text if limits else "", claim.text, bool(limits))]
    return []


def reversed_(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where the claim has a word and the evidence, about the same, its opposite."""
    for mine, theirs in pairs("zh" if claim.han else "en"):
        said, opposite = claim.spots(mine, stems=True), evidence.spots(theirs, stems=True)
        if said and opposite and not claim.spots(theirs, stems=True) and not evidence.spots(mine, stems=True):
            near = said[0].before | said[0].after
            if near & (evidence.terms if claim.han else opposite[0].before | opposite[0].after):
                return [instead("direction", said[0].text, opposite[0].text, claim.text)]
    return []


def denied(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where a word that both have is denied in one of them alone."""
    mine, theirs = negations(claim.text), negations(evidence.text)
    for one, other, line, beside in ((mine, theirs, claim, evidence), (theirs, mine, evidence, claim)):
        answered = len(one) == len(other) and any(_has(line, word) for n in other for word in n.denied)
        for negation in one if claim.han or not answered else []:
            for word in negation.denied:
                if _has(beside, word) and not _is_denied(word, other, beside):
                    return [_fault(negation, word, one is mine, claim)]
    return []


def unfounded(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where the claim denies something and nothing in its evidence is denied."""
    if claim.han or evidence.han:
        return []
    mine = negations(claim.text)
    if not mine or negations(evidence.text) or evidence.spots(words("hedging", "strong", False)):
        return []
    word = mine[0].word
    return [Fault("negation", word, say(claim.text, "unfounded", words=word))]


def _has(line: Line, word: str) -> bool:
    return word in line.text if line.han else word in line.terms


def _is_denied(word: str, others: list[Negation], line: Line) -> bool:
    if not line.han:
        return any(word in other.denied for other in others)
    ends = [other.start + len(other.word) for other in others]
    places = [n for n in range(len(line.text)) if line.text.startswith(word, n)]
    return any(0 <= place - end <= NEAR_HAN for place in places for end in ends)


def _fault(negation: Negation, word: str, of_claim: bool, claim: Line) -> Fault:
    words = negation.word + word if claim.han else negation.word if of_claim else word
    reason = say(claim.text, "denies" if of_claim else "denied", words=words, by=negation.word)
    return Fault("negation", words, reason, True)


CHECKS = (denied, unhedged, widened, reversed_)
