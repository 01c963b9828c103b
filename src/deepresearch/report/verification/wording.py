"""Wording that turns round what the evidence says: a hedge lost, a scope widened, a direction reversed."""

from .aligned import Line
from .faults import Fault, instead, left_out
from .wordlists import pairs, words

NEIGHBOURS = 2
"""Words that must follow both a word and its opposite for the two to be about the same."""


def unhedged(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where the evidence hedges a word that the claim states without any hedge."""
    if claim.spots(words("hedging", "any", claim.han)):
        return []
    hedges = [s for s in evidence.spots(words("hedging", "strong", evidence.han)) if s.after & claim.terms]
    return [left_out("hedge", hedges[0].text, claim.text)] if hedges else []


def widened(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where the claim says of all what the evidence says of some, or leaves out what limits it."""
    universal, partial, strict, setting = (
        words("scope", key, claim.han) for key in ("universal", "partial", "strict", "setting")
    )
    limits = [spot for spot in evidence.spots(partial) if spot.after & claim.terms]
    wide = [spot for spot in claim.spots(universal) if (spot.after | spot.before) & evidence.terms]
    wide = [spot for spot in wide if limits or spot.text.casefold() in strict]
    if wide and not evidence.spots(universal):
        return [instead("scope", wide[0].text, limits[0].text if limits else "", claim.text, bool(limits))]
    if limits and not claim.spots(partial | universal) and not any(word.text[0].isdigit() for word in claim.words):
        return [left_out("scope", limits[0].text, claim.text)]
    settings = evidence.spots(setting)
    return [left_out("scope", settings[0].text, claim.text)] if settings and not claim.spots(setting) else []


def reversed_(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where the claim has a word and the evidence, about the same, its opposite."""
    for mine, theirs in pairs("zh" if claim.han else "en"):
        said, opposite = claim.spots(mine, stems=True), evidence.spots(theirs, stems=True)
        if said and opposite and not claim.spots(theirs, stems=True) and not evidence.spots(mine, stems=True):
            near = said[0].before | said[0].after
            if near & (evidence.terms if claim.han else opposite[0].before | opposite[0].after):
                return [instead("direction", said[0].text, opposite[0].text, claim.text)]
    return []


def opposed(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where the opposite of a word of the claim is beside more of its neighbours than the word itself.

    evidence: several sentences as one line, in which both may be.
    """
    for mine, theirs in pairs("en") if not claim.han else ():
        said = claim.spots(mine, stems=True)
        if said and not claim.spots(theirs, stems=True):
            near = said[0].after
            same = max((len(near & spot.after) for spot in evidence.spots(mine, stems=True)), default=0)
            for spot in evidence.spots(theirs, stems=True):
                if len(near & spot.after) >= max(NEIGHBOURS, same + 1):
                    return [instead("direction", said[0].text, spot.text, claim.text)]
    return []


CHECKS = (unhedged, widened, reversed_)
"""Those that compare with one sentence."""
