"""A report checked against the passages that it cites: one verdict on each citation, and what cites nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...text.characters import clean
from ...trajectory import Citation, Passage, Verified
from ..citations import find_marks
from ..claims import Claim, claims_of
from .copies import copies
from .faults import say
from .lexical import weigh
from .support import Embed, Support, read_passage, support
from .uncited import find_uncited

_FACTS = ("number", "date", "name", "quote")
"""Faults that another passage cited for the same words may cure."""


def verify(text: str, known: Mapping[str, Passage], *, embed: Embed | None = None) -> Verified:
    """Check the report `text` against `known`, the passages that may be cited, by id; without any model.

    Gives a Citation for each id of each mark, in the order of the text, and an Uncited for each sentence that states
    something and cites nothing. A citation of what is not in `known` is unrelated. Pure: no network, no clock.
    embed: see support(); each text is given to it once. Raises what it raises.
    """
    embed = _once(embed) if embed else None
    text = clean(text)
    marks = list(find_marks(text, known))
    claims = claims_of(text, marks)
    weights = weigh(read_passage(known[id_]) for id_ in known)
    verdicts = []
    covered: set[int] = set()
    for claim in claims:
        covered.update(claim.marks)
        same = copies([known[id_] for id_ in claim.ids if id_ in known])
        for mark, words in zip(claim.marks, claim.parts, strict=True):
            others = [known[id_] for id_ in claim.ids if id_ in known]
            verdicts += [
                _verdict(mark, id_, words, claim, known, others, weights, embed, same.get(id_))
                for id_ in marks[mark].ids
            ]
    for number in set(range(len(marks))) - covered:
        verdicts += [
            _missing(number, id_, "") if id_ not in known else Citation(passage=id_, mark=number)
            for id_ in marks[number].ids
        ]
    verdicts.sort(key=lambda verdict: verdict.mark or 0)
    return Verified(citations=verdicts, uncited=find_uncited(claims, known, weights))


def _verdict(
    mark: int,
    id_: str,
    words: str,
    claim: Claim,
    known: Mapping[str, Passage],
    others: Sequence[Passage],
    weights: Mapping[str, float],
    embed: Embed | None,
    copy_of: str | None,
) -> Citation:
    """The verdict on one passage cited for `words`, a part of `claim` or all of it."""
    if id_ not in known:
        return _missing(mark, id_, words)
    passage = known[id_]
    result = support(words, passage, given=claim.given, weights=weights, embed=embed)
    if words != claim.text and result.level != "supports":
        whole = support(claim.text, passage, given=claim.given, weights=weights, embed=embed)
        result = whole if whole.level == "supports" else result
    result = _together(result, words, [p for p in others if p.id != id_], weights)
    return Citation(
        passage=id_,
        level=result.level,
        reason=reason(result, words, copy_of),
        mark=mark,
        claim=words,
        evidence=passage.text[slice(*result.evidence[0])] if result.evidence else "",
        faults=list(dict.fromkeys(fault.kind for fault in result.faults)),
        by=result.by,
        copy_of=copy_of,
        score=round(result.score, 3),
    )


def _once(embed: Embed) -> Embed:
    """`embed` with its vectors kept, so that no text is embedded twice."""
    kept: dict[str, Sequence[float]] = {}

    def vectors(texts: Sequence[str]) -> list[Sequence[float]]:
        new = [text for text in dict.fromkeys(texts) if text not in kept]
        if new:
            kept.update(zip(new, embed(new), strict=True))
        return [kept[text] for text in texts]

    return vectors


def _missing(mark: int, id_: str, words: str) -> Citation:
    why = "cites a passage that was never shown" if id_ else "cites nothing"
    return Citation(passage=id_, level="unrelated", reason=why, mark=mark, claim=words, by="mechanical", score=0.0)


def _together(result: Support, words: str, others: Sequence[Passage], weights: Mapping[str, float]) -> Support:
    """The verdict where further passages are cited for the same sentence: what one lacks another may give.

    The facts that only the others give are no fault of this one, but it supports a part alone.
    """
    lacking = [f for f in result.faults if f.kind in _FACTS]
    if not lacking or not others:
        return result
    missing = {(f.kind, f.words) for f in lacking}
    for other in others:
        missing &= {(f.kind, f.words) for f in support(words, other, weights=weights).faults}
    kept = tuple(f for f in result.faults if f.kind not in _FACTS or (f.kind, f.words) in missing)
    if len(kept) == len(result.faults):
        return result
    conflicting = any(f.conflict and f.kind != "quote" for f in kept)
    level = result.level if conflicting or result.level != "contradicts" else "partly"
    return replace(result, faults=kept, level=level)


def reason(result: Support, claim: str, copy_of: str | None = None) -> str:
    """The verdict on `claim` in words for people, in Chinese where the claim is."""
    alike = result.by == "semantic" and result.level == "partly"
    parts = [fault.reason for fault in result.faults] or [say(claim, "alike" if alike else result.level)]
    if copy_of:
        parts.append(say(claim, "copy", passage=copy_of))
    return say(claim, "semicolon").join(parts)
