"""A report checked against the passages that it cites: one verdict on each citation, and what cites nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from ...library.ranking import Repeats
from ...text.characters import clean
from ...text.quotations import find_quote
from ...trajectory import Citation, Passage, Verified
from ..citations import find_marks
from ..claims import Claim, claims_of
from .faults import say
from .lexical import weigh
from .quotes import quotations
from .support import Embed, Support, read_passage, support
from .uncited import find_uncited

_FACTS = ("number", "date", "name", "quote")
"""Faults that another passage cited for the same words may cure."""


def verify(text: str, known: Mapping[str, Passage], *, question: str = "", embed: Embed | None = None) -> Verified:
    """Check the report `text` against `known`, the passages that may be cited, by id; without any model.

    Gives a Citation for each id of each mark, in the order of the text, and an Uncited for each sentence that states
    something and cites nothing. A citation of what is not in `known` is unrelated. Pure: no network, no clock.
    question: what the report answers. embed: see support(); each text is given to it once. Raises what it raises.
    """
    text = clean(text)
    marks = list(find_marks(text, known))
    claims = claims_of(text, marks)
    checker = _Checker(known, question, embed)
    verdicts = []
    for claim in claims:
        copy_of = copies([known[id_] for id_ in claim.ids if id_ in known])
        for mark, words in zip(claim.marks, claim.parts, strict=True):
            verdicts += [checker.verdict(claim, mark, words, id_, copy_of.get(id_)) for id_ in marks[mark].ids]
    covered = {mark for claim in claims for mark in claim.marks}
    for number in set(range(len(marks))) - covered:
        verdicts += [
            _missing(number, id_, "") if id_ not in known else Citation(passage=id_, mark=number)
            for id_ in marks[number].ids
        ]
    verdicts.sort(key=lambda verdict: verdict.mark or 0)
    return Verified(citations=verdicts, uncited=find_uncited(claims, known, checker.weights))


class _Checker:
    """Compares the claims of one report with the passages that they cite."""

    def __init__(self, known: Mapping[str, Passage], question: str, embed: Embed | None) -> None:
        self.known = known
        self.weights = weigh(read_passage(passage) for passage in known.values())
        self._support = partial(support, question=question, weights=self.weights)
        self.embed = _once(embed) if embed else None

    def verdict(self, claim: Claim, mark: int, words: str, id_: str, copy_of: str | None) -> Citation:
        """The verdict on one passage cited for `words`, a part of `claim` or all of it."""
        if id_ not in self.known:
            return _missing(mark, id_, words)
        passage = self.known[id_]
        result = self._support(words, passage, given=claim.given, embed=self.embed)
        if words != claim.text and result.level != "supports":
            whole = self._support(claim.text, passage, given=claim.given, embed=self.embed)
            result = whole if whole.level == "supports" else result
        result = self._together(result, words, [other for other in claim.ids if other != id_ and other in self.known])
        held = quotations(words) if result.level == "supports" else []
        quoted = next(filter(None, (find_quote(one, passage.text) for one in held)), "")
        first = passage.text[slice(*result.evidence[0])] if result.evidence else ""
        return Citation(
            passage=id_,
            level=result.level,
            reason=reason(result, words, copy_of),
            mark=mark,
            claim=words,
            evidence=quoted or first,
            faults=list(dict.fromkeys(fault.kind for fault in result.faults)),
            by=result.by,
            copy_of=copy_of,
            score=round(result.score, 3),
        )

    def _together(self, result: Support, words: str, others: Sequence[str]) -> Support:
        """The verdict where further passages are cited for the same sentence: what one lacks another may give.

        The facts that only the others give are no fault of this one, but it supports a part alone.
        """
        missing = {(f.kind, f.words) for f in result.faults if f.kind in _FACTS}
        for other in others if missing else ():
            missing &= {(f.kind, f.words) for f in self._support(words, self.known[other]).faults}
        kept = tuple(f for f in result.faults if f.kind not in _FACTS or (f.kind, f.words) in missing)
        if len(kept) == len(result.faults):
            return result
        conflicting = any(f.conflict and f.kind != "quote" for f in kept)
        level = result.level if conflicting or result.level != "contradicts" else "partly"
        return replace(result, faults=kept, level=level)


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


def reason(result: Support, claim: str, copy_of: str | None = None) -> str:
    """The verdict on `claim` in words for people, in Chinese where the claim is."""
    alike = result.by == "semantic" and result.level == "partly"
    parts = [fault.reason for fault in result.faults] or [say(claim, "alike" if alike else result.level)]
    if copy_of:
        parts.append(say(claim, "copy", passage=copy_of))
    return say(claim, "semicolon").join(parts)


def copies(passages: Sequence[Passage]) -> dict[str, str]:
    """For each passage that repeats an earlier one, the id of that one."""
    repeats, first, repeated = Repeats(), list[Passage](), dict[str, str]()
    for passage in {passage.id: passage for passage in passages}.values():
        number = repeats.of(passage.text)
        if number is None:
            first.append(passage)
        else:
            repeated[passage.id] = first[number].id
    return repeated
