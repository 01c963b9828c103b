"""Wording that changes what the evidence says: a denial, a hedge lost, a scope widened, a direction reversed."""

import re

from ...text.negation import Negation, negations
from ...text.terms import content_terms, stem
from .faults import Fault, instead, left_out, say
from .reading import Line
from .wordlists import pairs, words

NEIGHBOURS = 2
"""Words that must follow both a word and its opposite for the two to be about the same."""
NEAR_HAN = 3
"""Characters between a Chinese negator and the words that it may still deny."""
_PASSIVE = re.compile(r"\b(?:is|are|was|were|been|being|be)\s(?:\w+ly\s)?(\w+)\sby\b")
_REPLACED = re.compile(
    r"\b(?:superseded by|deprecated in favou?r of|g[ai]ves? way to)\b|[被由]([^，。；]{1,16}?)所?(?:取代|代替|替代)"
)
_REPLACES = re.compile(
    r"\bt(?:akes?|aken|ook) the place of\b|\bin (?:the )?place of\b|\binstead of\b|\bsupersed\w+\b|取代|代替|替代"
)
"""Ways to say that the words after are replaced by those before; above, the other way round."""


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


def turned(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where both have the same words before and after a verb, and what does it in one has it done to it in the
    other: "A was replaced by B", "A replaces B"."""
    texts = [_REPLACES.sub(" replaces ", _REPLACED.sub(r" be replaced by \1", one.text)) for one in (claim, evidence)]
    passive = [{stem(verb) for verb in _PASSIVE.findall(text)} for text in texts]
    for verb in passive[0] ^ passive[1]:
        (doer, done), (first, second) = (
            _sides(text, verb, verb in verbs) for text, verbs in zip(texts, passive, strict=True)
        )
        if doer & first and done & second and not (doer & second or done & first):
            mine, theirs = (one.text.strip(" .。") for one in (claim, evidence))
            return [instead("direction", mine, theirs, claim.text)]
    return []


def _sides(text: str, verb: str, passive: bool) -> tuple[set[str], set[str]]:
    """Content terms only before and only after a verb, given as its stem, where it is followed by "by", or is not; none
    where the text has it not so."""
    verbs = re.finditer(r"[A-Za-z]+(?=\s+by\b)" if passive else r"[A-Za-z]+\b(?!\s+by\b)", text)
    place = next((word for word in verbs if stem(word.group()) == verb), None)
    sides = (text[: place.start()], text[place.end() :]) if place else ("", "")
    before, after = (set(content_terms(side)) for side in sides)
    return before - after, after - before


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


CHECKS = (denied, unhedged, widened, reversed_, turned)
"""Those that compare with one sentence."""
