"""How well a passage supports a claim: a score from what they have in common, and the faults of the claim."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ...text.language import detect_language
from ...text.terms import content_terms
from ...trajectory import Passage
from . import names, quotes, substitution, values, wording
from .attribution import without_frame
from .faults import Fault
from .lexical import Overlap, overlap, weigh
from .reading import Reading, line, read

Level = Literal["seen", "supports", "partly", "contradicts", "unrelated"]
Embed = Callable[[Sequence[str]], Sequence[Sequence[float]]]
"""Texts to vectors of length 1."""

BIAS = -2.0
WEIGHTS = {"best": 1.39, "words": 1.59, "pairs": 0.53, "letters": 0.77, "numbers": -0.1, "names": -0.57}
"""Of the score; see features()."""
MOST = 3
"""Missing numbers, and missing names, that count."""
SUPPORTS = 0.55
"""Score from which a claim without faults is supported."""
RELATED = 0.25
"""Score below which a passage has nothing to do with the claim."""
ALIGNED = 0.4
"""Share of a claim's weight in one sentence from which the two speak of the same, so that what differs is a fault."""
QUOTED = 0.6
"""Part of a claim that is quoted verbatim from which nothing in it can be reversed."""
SAME = 0.6
"""The same share, from which what differs is a contradiction."""
MEANT = 10
"""Sentences of a passage whose meaning is compared: those that share most with the claim."""
ALIKE = 0.5
"""Cosine from which a passage has to do with the claim, whatever its words."""
AS_GOOD = 0.9
"""Part of the best sentence's share from which another one is as good an evidence."""


@dataclass(frozen=True)
class Support:
    """What comparing a claim with a passage has found."""

    score: float
    """0: nothing in common, 1: everything."""
    level: Level
    evidence: tuple[tuple[int, int], ...]
    """(start, end) in the passage of the sentences that the verdict rests on, the best first."""
    faults: tuple[Fault, ...]
    by: str = "mechanical"


def support(
    claim: str,
    passage: Passage | str,
    *,
    title: str = "",
    given: str = "",
    question: str = "",
    weights: Mapping[str, float] | None = None,
    embed: Embed | None = None,
) -> Support:
    """How well `passage` supports `claim`.

    title: says what a passage given as text is about. given: words of the claim that the passage need not hold (a
    table's header). question: what the claim answers, where it is only a name or a number. weights: how telling each
    term is (lexical.weigh); by default from the passage's own sentences.
    embed: gives the meaning of texts as vectors of length 1 (of zeros where it cannot read one). It is asked only where
    the words leave the claim open: neither supported nor in conflict with the passage. It counts half of the score, and
    makes "partly" of "unrelated"; never "supports". Raises what `embed` raises.
    """
    source = read(passage, title) if isinstance(passage, str) else read_passage(passage)
    weights = weights or weigh([source])
    stated, body = read(claim), read(without_frame(claim))
    common, faults = compared(stated, source, given, weights)
    score = _score(common, faults)
    quoted = 1.0 if quotes.repeats(body, source) else quotes.verbatim_share(body, source)
    if quoted >= QUOTED:
        score = max(score, quoted)
    else:
        faults += _aligned_faults(stated, source, common)
        if _level(score, faults) == "supports":
            faults += substitution.check(stated, source, common.evidence)
    faults += names.unasked(body, source, question) if quoted < QUOTED else []
    foreign = quoted < QUOTED and _foreign(claim, source.text)
    spans = tuple((source.sentences[n].start, source.sentences[n].end) for n in common.evidence)
    found = Support(score, "seen" if foreign else _level(score, faults), spans, tuple(faults))
    is_open = found.level in ("partly", "unrelated") and not any(fault.conflict for fault in faults)
    return _by_meaning(found, claim, source, weights, embed) if embed and is_open else found


def compared(stated: Reading, source: Reading, given: str, weights: Mapping[str, float]) -> tuple[Overlap, list[Fault]]:
    """What claim and passage have in common, and the facts of the claim that the passage does not give."""
    body = read(without_frame(stated.text))
    common = overlap(body, source, weights, frozenset(content_terms(given)))
    shown = "\n".join(source.sentences[n].text for n in common.evidence)
    faults = [fault for check in (quotes, values, names) for fault in check.check(stated, source, shown)]
    close = common.best >= ALIGNED
    return common, [fault if close or fault.kind == "quote" else replace(fault, conflict=False) for fault in faults]


def read_passage(passage: Passage) -> Reading:
    """A passage as the checks see it; its title and headings say what it is about."""
    return read(passage.text, " ".join([passage.title or passage.document, *passage.heading]), passage.date or "")


def _foreign(claim: str, passage: str) -> bool:
    """Whether claim and passage are in different languages, so that common words say nothing."""
    languages = {detect_language(claim), detect_language(passage)} - {None}
    return len(languages) > 1


def _aligned_faults(claim: Reading, source: Reading, common: Overlap) -> list[Fault]:
    """What the claim denies, widens or reverses, compared with the sentences that say nearly the same.

    Where several say it equally well, the one that supports the claim counts.
    """
    if not common.evidence or common.best < ALIGNED:
        return []
    first, said, terms = source.sentences[common.evidence[0]], line(claim.text), claim.terms
    least = AS_GOOD * len(terms & first.terms)
    alike = [line(s.text) for s in source.sentences if s is first or len(terms & s.terms) >= least]
    found = [[f for check in wording.CHECKS for f in check(said, other)] for other in alike if other.han == said.han]
    faults = min(found, key=len, default=[])
    if all(fault.kind != "negation" for fault in faults):
        faults += wording.unfounded(said, line(" ".join(source.sentences[n].text for n in common.evidence)))
    if common.best >= SAME:
        return faults
    return [replace(f, conflict=False) for f in faults if f.kind not in ("hedge", "scope") or f.conflict]


def _score(common: Overlap, faults: Sequence[Fault]) -> float:
    """A logistic combination of what claim and passage have in common; benchmarks.verification fits the weights."""
    return 1 / (1 + math.exp(-(BIAS + sum(WEIGHTS[name] * value for name, value in features(common, faults).items()))))


def features(common: Overlap, faults: Sequence[Fault]) -> dict[str, float]:
    """What the score is made of."""
    return {
        "best": common.best,
        "words": common.words,
        "pairs": common.pairs,
        "letters": common.letters,
        "numbers": min(MOST, sum(f.kind in ("number", "date") for f in faults)),
        "names": min(MOST, sum(f.kind == "name" for f in faults)),
    }


def _level(score: float, faults: Sequence[Fault]) -> Level:
    if score < RELATED:
        return "unrelated"
    if any(f.conflict and f.kind != "quote" for f in faults):
        return "contradicts"
    return "partly" if faults or score < SUPPORTS else "supports"


def _by_meaning(found: Support, claim: str, source: Reading, weights: Mapping[str, float], embed: Embed) -> Support:
    """`found` with the mean of its score and the likeness in meaning for its score; as it was where they are unlike or
    the model cannot read them."""
    alike, nearest = likeness(claim, source, weights, embed)
    if alike <= 0:
        return found
    changed = replace(found, score=(found.score + alike) / 2, by="semantic")
    if found.level != "unrelated" or alike < ALIKE:
        return changed
    spans = [(source.sentences[nearest].start, source.sentences[nearest].end), *found.evidence]
    return replace(changed, level="partly", evidence=tuple(dict.fromkeys(spans)))


def likeness(claim: str, source: Reading, weights: Mapping[str, float], embed: Embed) -> tuple[float, int]:
    """The greatest cosine of the claim's vector and those of the sentences that share most with it, between 0 and 1,
    and which sentence it is."""
    terms = read(claim).terms
    shared = [sum(weights.get(term, 1.0) for term in terms & sentence.terms) for sentence in source.sentences]
    likely = sorted(range(len(shared)), key=lambda n: (-shared[n], n))[:MEANT]
    if not likely:
        return 0.0, 0
    first, *others = embed([claim, *(source.sentences[n].text for n in likely)])
    cosines = [sum(a * b for a, b in zip(first, other, strict=True)) for other in others]
    best = max(range(len(cosines)), key=cosines.__getitem__)
    return min(1.0, max(0.0, cosines[best])), likely[best]
