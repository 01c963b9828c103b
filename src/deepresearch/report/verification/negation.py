"""Negation: does the claim deny what its evidence affirms, or the other way round?"""

from ...text.wordlists import any_of, word_set
from .aligned import Line
from .faults import Fault
from .wordlists import words

_HELPERS = "会能可是有再得要应该曾在用愿肯敢想存"
_REACH = 3
_EXCUSING = 6


def check(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where a word that both have is denied in one of them alone."""
    if claim.han and evidence.han:
        return _chinese(claim.text, evidence.text)
    mine, theirs = _denied(claim), _denied(evidence)
    for one, other, said in ((mine, theirs, "denies"), (theirs, mine, "does not deny")):
        beside = evidence if one is mine else claim
        for word, negator in one.items():
            if word in beside.terms and word not in other and len(mine) != len(theirs):
                words = negator if one is mine else word
                return [Fault("negation", words, f"the claim {said} what the passage says with “{negator}”", True)]
    return []


def unfounded(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where the claim denies something and nothing in its evidence is denied."""
    if claim.han or evidence.han:
        return []
    mine = _denied(claim)
    if not mine or _denied(evidence) or evidence.places(words("hedging", "strong_en")):
        return []
    negator = next(iter(mine.values()))
    return [Fault("negation", negator, f"the claim says “{negator}”, its evidence denies nothing")]


def _denied(text: Line) -> dict[str, str]:
    """Stems of the words that are denied, each with the word that denies it."""
    denied: dict[str, str] = {}
    for index in text.places(word_set("negation", "en")):
        rest = [word.text for word in text.words[index + 1 : index + 1 + _EXCUSING]]
        numbered = text.words[index].text.casefold() == "no" and rest and rest[0][0].isdigit()
        if numbered or (rest and rest[0] in word_set("negation", "excused_en")) or "until" in rest:
            continue
        for word in text.after(index, _REACH):
            denied.setdefault(word, text.words[index].text)
    return denied


def _chinese(claim: str, evidence: str) -> list[Fault]:
    harmless = any_of("negation", "harmless_zh")
    texts = [harmless.sub(lambda m: "＿" * len(m.group()), text) for text in (claim, evidence)]
    for one, other, who in ((texts[0], texts[1], "该句"), (texts[1], texts[0], "段落")):
        for match in any_of("negation", "zh").finditer(one):
            tail = one[match.end() :].lstrip(_HELPERS)[:2]
            place = other.find(tail) if len(tail) == 2 and "＿" not in tail else -1
            if place < 0:
                continue
            denied = any(any_of("negation", "zh").search(other[max(0, at - 4) : at]) for at in _all(other, tail))
            if not denied:
                words = match.group() + tail
                whom = "段落" if who == "该句" else "该句"
                return [Fault("negation", words, f"{who}说“{words}”，{whom}没有这样否定", True)]
    return []


def _all(text: str, piece: str) -> list[int]:
    places = []
    at = text.find(piece)
    while at >= 0:
        places.append(at)
        at = text.find(piece, at + 1)
    return places
