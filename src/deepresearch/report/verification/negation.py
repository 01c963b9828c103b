"""Negation: does the claim deny what its evidence affirms, or the other way round?"""

from ...text.negation import Negation, negations
from .aligned import Line
from .faults import Fault, say
from .wordlists import words

NEAR_HAN = 3
"""Characters between a Chinese negator and the words that it may still deny."""


def check(claim: Line, evidence: Line) -> list[Fault]:
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
