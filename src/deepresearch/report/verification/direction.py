"""Direction turned round: more for less, rose for fell, before for after."""

from ...text.characters import has_han
from ...text.wordlists import pattern_of
from .aligned import Line
from .faults import Fault
from .wordlists import pairs

NEIGHBOURS = 2
"""Words that must follow both a word and its opposite for the two to be about the same."""


def check(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where the claim has a word and the evidence, about the same, its opposite."""
    if claim.han and evidence.han:
        return _chinese(claim.text, evidence.text)
    for one, other in pairs("en"):
        for mine, theirs in ((one, other), (other, one)):
            said, instead = claim.forms(mine), evidence.forms(theirs)
            if not said or not instead or claim.forms(theirs) or evidence.forms(mine):
                continue
            near = {*claim.after(said[0]), *claim.before(said[0])}
            beside = {*evidence.after(instead[0]), *evidence.before(instead[0])}
            if near & beside:
                return [_fault(claim.words[said[0]].text, evidence.words[instead[0]].text)]
    return []


def turned(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where the opposite of a word of the claim stands beside more of its neighbours than the word itself.

    evidence: several sentences as one line, in which both may stand.
    """
    if claim.han or evidence.han:
        return []
    for one, other in pairs("en"):
        for mine, theirs in ((one, other), (other, one)):
            said = claim.forms(mine)
            if not said or claim.forms(theirs):
                continue
            near = set(claim.after(said[0]))
            same, opposite = (_beside(evidence, side, near) for side in (mine, theirs))
            if opposite[0] >= NEIGHBOURS and opposite[0] > same[0]:
                return [_fault(claim.words[said[0]].text, evidence.words[opposite[1]].text)]
    return []


def _beside(evidence: Line, side: frozenset[str], near: set[str]) -> tuple[int, int]:
    """How many of `near` follow a word of `side` at most, and where that word stands."""
    found = [(len(near & set(evidence.after(place))), place) for place in evidence.forms(side)]
    return max(found, default=(0, 0))


def _fault(word: str, instead: str) -> Fault:
    chinese = f"该句说“{word}”，段落说“{instead}”"
    english = f"the claim says “{word}”, the passage “{instead}”"
    return Fault("direction", word, chinese if has_han(word) else english, True)


def _chinese(claim: str, evidence: str) -> list[Fault]:
    for one, other in pairs("zh"):
        for mine, theirs in ((one, other), (other, one)):
            said, instead = pattern_of(mine).search(claim), pattern_of(theirs).search(evidence)
            if not said or not instead or pattern_of(theirs).search(claim) or pattern_of(mine).search(evidence):
                continue
            near = claim[max(0, said.start() - 6) : said.start()] + " " + claim[said.end() : said.end() + 6]
            if any(near[i : i + 2] in evidence for i in range(len(near) - 1) if " " not in near[i : i + 2]):
                return [_fault(said.group(), instead.group())]
    return []
