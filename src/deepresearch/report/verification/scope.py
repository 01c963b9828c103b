"""Scope widened: some made all, often made always, a finding in mice made one about everybody."""

from ...text.characters import has_han
from .aligned import Line
from .faults import Fault
from .wordlists import pattern, words


def check(claim: Line, evidence: Line) -> list[Fault]:
    """A fault where the claim says of all what the evidence says of some, or drops what limits it."""
    if claim.han and evidence.han:
        return _chinese(claim.text, evidence.text)
    universal, partial = words("scope", "universal_en"), words("scope", "partial_en")
    limits = [n for n in evidence.places(partial) if set(evidence.after(n, 3)) & claim.terms]
    settings = evidence.places(words("scope", "setting_en"))
    if not evidence.places(universal):
        for index in claim.places(universal):
            near = {*claim.after(index, 3), *claim.before(index, 2)}
            if near & evidence.terms and (limits or claim.words[index].text.casefold() in words("scope", "strict_en")):
                return [_fault(claim.words[index].text, evidence.words[limits[0]].text if limits else "")]
    if limits and not claim.places(partial | universal) and not any(w.text[0].isdigit() for w in claim.words):
        return [_lost(evidence.words[limits[0]].text)]
    if settings and not claim.places(words("scope", "setting_en")):
        return [_lost(evidence.words[settings[0]].text)]
    return []


def _fault(word: str, instead: str) -> Fault:
    if has_han(word):
        reason = f"该句说“{word}”，段落{f'说“{instead}”' if instead else '没有这样说'}"
    else:
        reason = f"the claim says “{word}”, the passage {f'“{instead}”' if instead else 'no such thing'}"
    return Fault("scope", word, reason, bool(instead))


def _lost(word: str) -> Fault:
    chinese = f"段落说“{word}”，该句略去了这一限定"
    return Fault("scope", word, chinese if has_han(word) else f"the passage says “{word}”, the claim leaves that out")


def _chinese(claim: str, evidence: str) -> list[Fault]:
    universal, partial = pattern("scope", "universal_zh"), pattern("scope", "partial_zh")
    limit = next((m for m in partial.finditer(evidence) if _shared(evidence[m.end() : m.end() + 6], claim)), None)
    wide = universal.search(claim)
    if wide and not universal.search(evidence) and _shared(claim[wide.end() : wide.end() + 6], evidence):
        return [_fault(wide.group(), limit.group() if limit else "")]
    if limit and not wide and not partial.search(claim):
        return [_lost(limit.group())]
    setting = pattern("scope", "setting_zh").search(evidence)
    if setting and not pattern("scope", "setting_zh").search(claim):
        return [_lost(setting.group())]
    return []


def _shared(piece: str, text: str) -> bool:
    """Whether two characters in a row of `piece` stand in `text`."""
    return any(piece[i : i + 2] in text for i in range(len(piece) - 1))
