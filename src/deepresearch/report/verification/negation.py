"""Negation: does the claim deny what its evidence affirms, or the other way round?"""

from ...text.negation import Negation, negations
from .aligned import Line
from .faults import Fault
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
                    return [_fault(negation, word, one is mine, claim.han)]
    return []


def unfounded(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where the claim denies something and nothing in its evidence is denied."""
    if claim.han or evidence.han:
        return []
    mine = negations(claim.text)
    if not mine or negations(evidence.text) or evidence.spots(words("hedging", "strong", False)):
        return []
    word = mine[0].word
    return [Fault("negation", word, f"the claim says “{word}”, its evidence denies nothing")]


def _has(line: Line, word: str) -> bool:
    return word in line.text if line.han else word in line.terms


def _is_denied(word: str, others: list[Negation], line: Line) -> bool:
    if not line.han:
        return any(word in other.denied for other in others)
    ends = [other.start + len(other.word) for other in others]
    places = [n for n in range(len(line.text)) if line.text.startswith(word, n)]
    return any(0 <= place - end <= NEAR_HAN for place in places for end in ends)


def _fault(negation: Negation, word: str, of_claim: bool, chinese: bool) -> Fault:
    if chinese:
        who, whom = ("该句", "段落") if of_claim else ("段落", "该句")
        words = negation.word + word
        return Fault("negation", words, f"{who}说“{words}”，{whom}没有这样否定", True)
    said = "denies" if of_claim else "does not deny"
    words = negation.word if of_claim else word
    return Fault("negation", words, f"the claim {said} what the passage says with “{negation.word}”", True)
