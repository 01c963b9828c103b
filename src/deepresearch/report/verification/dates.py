"""Dates of a claim: is each of them in the passage, as precisely as the claim gives it?"""

from ...text.characters import normalise
from ...text.dates import Date, dates
from .faults import Fault, missing
from .reading import Reading


def check(claim: Reading, passage: Reading, evidence: str) -> list[Fault]:
    """The dates of the claim that the passage, its title and its own date do not give.

    Where the evidence gives another one with the same parts, the fault is a conflict.
    """
    text = normalise(claim.text)
    known = dates(passage.plain)
    near = dates(normalise(evidence))
    faults = []
    for date in dates(text):
        if any(_agree(date, other) for other in known) or _pieced(date, known):
            continue
        words = text[date.start : date.end]
        others = [
            normalise(evidence)[o.start : o.end] for o in near if _alike(date, o) and not _claimed(o, dates(text))
        ]
        faults.append(Fault("date", words, missing("date", words, others[:3], claim.text), bool(others)))
    return faults


def _claimed(date: Date, claimed: tuple[Date, ...]) -> bool:
    return any(_agree(own, date) for own in claimed)


def _agree(claimed: Date, other: Date) -> bool:
    """Whether `other` bears out what is `claimed`: every part that the claim gives is there and the same."""
    if claimed.span > 1 or other.span > 1:
        if claimed.year is None or other.year is None or other.span > claimed.span:
            return False
        return claimed.year <= other.year < claimed.year + claimed.span
    return all(
        mine is None or mine == theirs
        for mine, theirs in ((claimed.year, other.year), (claimed.month, other.month), (claimed.day, other.day))
    )


def _pieced(claimed: Date, known: tuple[Date, ...]) -> bool:
    """Whether the passage gives the year in one place and month and day in another that names no other year."""
    if claimed.span > 1 or claimed.month is None:
        return False
    months = [
        d
        for d in known
        if d.month == claimed.month and (claimed.day is None or d.day == claimed.day) and d.year is None
    ]
    days = [d for d in known if d.month is None and d.day == claimed.day and d.day is not None]
    years = claimed.year is None or any(d.year == claimed.year for d in known)
    return years and bool(months or (days and any(d.month == claimed.month for d in known)))


def _alike(claimed: Date, other: Date) -> bool:
    """Whether `other` gives the same parts of a date."""
    return (
        claimed.span == other.span
        and (claimed.year is None) == (other.year is None)
        and (claimed.month is None or other.month is not None)
    )
