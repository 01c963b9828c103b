"""What the mechanical check leaves undecided, and the answers of a model to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ...text.quotations import find_quote
from ...trajectory import Citation, Passage, Verified

SURE_UNRELATED = 0.08
"""Score below which nobody need read the passage again."""
_HARD = frozenset(("quote",))
"""Faults that a model cannot settle otherwise: letters are compared, not meanings."""
_EXACT = frozenset(("number", "date"))
"""Faults that are settled where the passage gives another value, whatever a model makes of it."""


@dataclass(frozen=True)
class Open:
    """A citation whose verdict a reader, or a model, should give."""

    citation: int
    """Its index in Verified.citations."""
    claim: str
    passage: Passage


@dataclass(frozen=True)
class ModelVerdict:
    """A model's verdict on an open citation."""

    citation: int
    level: Literal["supports", "partly", "contradicts", "unrelated"]
    reason: str
    evidence: str
    """The sentence of the passage that it relies on; must be there letter by letter."""
    by: str
    """The model's name."""


def undecided(verified: Verified, known: Mapping[str, Passage]) -> list[Open]:
    """The citations that comparing words does not decide: neither supported without a fault, nor of a passage that has
    nothing in common with the claim, nor with an altered quotation or another number or date than the passage gives.
    known: the registered passages by id."""
    return [
        Open(index, citation.claim, known[citation.passage])
        for index, citation in enumerate(verified.citations)
        if citation.passage in known and _is_open(citation)
    ]


def _is_open(citation: Citation) -> bool:
    if not citation.claim or citation.by not in ("mechanical", "semantic") or _HARD & set(citation.faults):
        return False
    if citation.level == "contradicts" and _EXACT & set(citation.faults):
        return False
    if citation.level == "unrelated":
        return (citation.score or 0.0) >= SURE_UNRELATED
    return citation.level in ("seen", "partly", "contradicts")


def settle(verified: Verified, answers: Iterable[ModelVerdict], known: Mapping[str, Passage]) -> Verified:
    """`verified` with the verdicts of `answers` in it.

    An answer is used only where its evidence is in the passage, white space and typography aside; a verdict
    "unrelated" needs none. All others leave what the mechanical check has found. Returns a new event.
    """
    citations = list(verified.citations)
    for answer in answers:
        if not 0 <= answer.citation < len(citations):
            continue
        standing = citations[answer.citation]
        passage = known.get(standing.passage)
        evidence = find_quote(answer.evidence, passage.text) or "" if passage else ""
        if passage and (evidence or (answer.level == "unrelated" and not answer.evidence.strip())):
            faults = [] if answer.level == "supports" else standing.faults
            citations[answer.citation] = standing.model_copy(
                update={
                    "level": answer.level,
                    "reason": answer.reason,
                    "evidence": evidence,
                    "by": answer.by,
                    "faults": faults,
                }
            )
    return verified.model_copy(update={"citations": citations})
