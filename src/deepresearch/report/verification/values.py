"""Numbers and dates of a claim: is each of them in the passage, as exactly as the claim gives it, and of the same?"""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Literal

from ...text.characters import normalise
from ...text.dates import Date, dates
from ...text.numbers import Quantity, quantities
from ...text.terms import content_terms
from .faults import Fault, missing, say
from .reading import Reading

Value = Quantity | Date

ABOUT = 0.06
"""Part by which a number said to be approximate may be off."""
SMALL = 12
"""Numbers in words up to this are often counts that the writer made; one that is missing is no fault."""
BEYOND = 1.5
""""More than 100" may stand for what is up to this many times as much."""
MOST = 40
"""Values of the evidence, or of a claim, that are compared with each other: more are a table, not a sentence."""
SHORT = 6
"""Content terms up to which a clause says little more of its one number or date than what it is the number of."""
TELLING = frozenset(("%", "usd", "eur", "gbp", "jpy", "cny", "inr", "hkd", "m", "kg", "s", "°", "°F"))
"""Units with another of which a number is another number. A passage may leave them out, as tables do."""
_PAGE = re.compile(r"\b(?:pp?\.|pages?)\s?$", re.IGNORECASE)
_COMPARED = r"(?:fewer|less|more|higher|lower|larger|smaller|greater|longer|shorter|older|younger|earlier|later)"
_DIFFERENCE_AFTER = re.compile(rf"(?:\W+\w+)?\W+{_COMPARED}\b(?:\W+\w+){{0,2}}?\W+than\b", re.IGNORECASE)
_DIFFERENCE_BEFORE = re.compile(
    r"\b(?:increase|decrease|rise|fall|drop|decline|gain|loss|difference|rose|fell|grew|dropped|declined|gained|lost|up"
    r"|down|increased|decreased)(?:\s+(?:of|by))?\s*$|(?:增加|减少|增长|下降|上升|下跌|提高|降低|多|少|高|低|相差|差)[了出]?\s*$",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;!?、。]|[,.:](?!\d)|(?<!\d)[,.:]|\b(?:and|but|while|whereas|then)\b|而|但|并且")


def check(claim: Reading, passage: Reading, evidence: str) -> list[Fault]:
    """The numbers and dates of the claim that the passage, its title and its own date do not give.

    evidence: the sentences of the passage that say most of the claim. With another value of the same kind in them the
    fault is a conflict. A difference or a percentage counts as given where two numbers of the claim and the evidence
    make it.
    """
    text, shown = normalise(claim.text), normalise(evidence)
    known: list[Value] = [*quantities(passage.plain), *dates(passage.plain)]
    near, own = values_in(shown), values_in(text)
    unclaimed = [other for other in near[:MOST] if not any(agree(value, other) for value in own)]
    faults = []
    for value in own:
        others = [other for other in unclaimed if is_alike(value, other)]
        words = words_of(value, text)
        if isinstance(value, Quantity) and _is_difference(value, text):
            if _is_worked_out(value, near, own, shown):
                continue
        elif _is_given(value, known, others) or _is_page(text, value):
            continue
        if isinstance(value, Quantity) and value.spelt and value.value <= SMALL and not others:
            continue
        instead = [words_of(other, shown) for other in others][:3]
        reason = missing(kind_of(value), words, instead, claim.text)
        faults.append(Fault(kind_of(value), words, reason, bool(others)))
    return faults if faults or len(own) > MOST else _exchanged(own, known, near[:MOST], text, shown)


def kind_of(value: Value) -> Literal["number", "date"]:
    """Which kind of fault it is if a value is not the passage's."""
    return "date" if isinstance(value, Date) else "number"


def values_in(text: str) -> list[Value]:
    """The dates of `text`, and its numbers that are no part of a date, in order."""
    found = dates(text)
    numbers = [q for q in quantities(text) if not any(q.start < d.end and d.start < q.end for d in found)]
    return sorted([*found, *numbers], key=lambda value: value.start)


def words_of(value: Value, text: str) -> str:
    """The words of `text`, which is normalised, that give a value, with what is counted."""
    return text[value.start : value.until if isinstance(value, Quantity) else value.end]


def is_alike(one: Value, other: Value) -> bool:
    """Whether two values are of one kind: numbers of the same thing, or dates with the same parts."""
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return one.unit == other.unit and one.ordinal == other.ordinal
    if isinstance(one, Date) and isinstance(other, Date):
        years = (one.year is None) == (other.year is None)
        return one.span == other.span and years and (one.month is None or other.month is not None)
    return False


def agree(claimed: Value, other: Value) -> bool:
    """Whether `other` confirms the value that is `claimed`."""
    if isinstance(claimed, Quantity) and isinstance(other, Quantity):
        return _numbers_agree(claimed, other)
    return isinstance(claimed, Date) and isinstance(other, Date) and _dates_agree(claimed, other)


def _is_given(value: Value, known: Sequence[Value], others: Sequence[Value]) -> bool:
    """Whether the passage gives a value. Where the sentences that say the claim count the same thing (`others`), a
    number that the passage has of something else is not it."""
    if isinstance(value, Date):
        return any(agree(value, other) for other in known) or _pieced(value, [d for d in known if isinstance(d, Date)])
    same = [other for other in known if agree(value, other)]
    if value.ordinal or not value.unit or not others:
        return bool(same)
    return any(isinstance(other, Quantity) and other.unit in ("", value.unit) for other in same)


def _is_page(text: str, value: Value) -> bool:
    """Whether a number says where in its document something is, which a passage does not say of itself."""
    if not isinstance(value, Quantity):
        return False
    chinese = "第" in text[max(0, value.start - 2) : value.start + 1] and "页" in text[value.start : value.until + 2]
    return chinese or bool(_PAGE.search(text[: value.start]))


def _numbers_agree(claimed: Quantity, other: Quantity) -> bool:
    if claimed.unit != other.unit:
        if other.unit and {claimed.unit, other.unit} & TELLING:
            return False
        claimed, other = claimed.bare, other.bare
    if (claimed.ordinal or other.ordinal) and claimed.ordinal != other.ordinal and not claimed.spelt:
        return False
    value, true = claimed.value, other.value
    if _rounds_to(true, claimed) or _rounds_to(value, other):
        return True
    if (claimed.about or other.about) and abs(value - true) <= ABOUT * max(abs(true), abs(value)):
        return True
    if claimed.bound == 1 and other.bound >= 0:
        return value <= true <= BEYOND * value
    return claimed.bound == -1 and other.bound <= 0 and value >= true >= value / BEYOND


def _rounds_to(value: float, rounded: Quantity) -> bool:
    """Whether `value`, rounded to the last digit that `rounded` gives, is it."""
    exact = abs(value - rounded.value) <= 1e-9 * max(1.0, abs(value))
    if exact or rounded.step == 1 or rounded.ordinal:
        return exact  # a count is not rounded to its last digit: 42 people are not 42.4
    return abs(value - rounded.value) <= rounded.step / 2 * (1 + 1e-9) and rounded.step <= 0.2 * abs(value)


def _dates_agree(claimed: Date, other: Date) -> bool:
    """Every part that the claim gives is there and the same."""
    if claimed.span > 1 or other.span > 1:
        if claimed.year is None or other.year is None or other.span > claimed.span:
            return False
        return claimed.year <= other.year < claimed.year + claimed.span
    pairs = (claimed.year, other.year), (claimed.month, other.month), (claimed.day, other.day)
    return all(mine is None or mine == theirs for mine, theirs in pairs)


def _pieced(claimed: Date, known: Sequence[Date]) -> bool:
    """Whether the passage gives the year in one place and month and day in another that names no other year."""
    if claimed.span > 1 or claimed.month is None:
        return False
    same_month = [d for d in known if d.month == claimed.month]
    months = any(claimed.day in (None, d.day) and d.year is None for d in same_month)
    days = any(d.month is None and d.day == claimed.day and d.day is not None for d in known)
    years = claimed.year is None or any(d.year == claimed.year for d in known)
    return years and (months or (days and bool(same_month)))


def _is_difference(value: Quantity, text: str) -> bool:
    """Whether a number says by how much another one is more or less."""
    return bool(_DIFFERENCE_AFTER.match(text, value.end) or _DIFFERENCE_BEFORE.search(text[: value.start]))


def _is_worked_out(value: Quantity, near: Sequence[Value], own: Sequence[Value], shown: str) -> bool:
    """Whether the evidence gives a difference, or two numbers have it, or the percentage, between them."""
    rest = [o for o in (*near[:MOST], *own[:MOST]) if isinstance(o, Quantity) and o != value and not o.ordinal]
    pairs = [(a, b) for a, b in combinations(rest, 2) if a.unit == b.unit and a.unit and a.value != b.value]
    for one, other in pairs:
        gap = abs(one.value - other.value)
        shares = [100 * gap / abs(q.value) for q in (one, other) if q.value] if value.unit == "%" else []
        if _rounds_to(gap, value) or any(_rounds_to(share, value) for share in shares):
            return True
    same = [o for o in near if isinstance(o, Quantity) and agree(value, o)]
    return any(not pairs or is_alike(value, o) or _is_difference(o, shown) for o in same)


def _exchanged(
    own: Sequence[Value], known: Sequence[Value], near: Sequence[Value], text: str, shown: str
) -> list[Fault]:
    """A fault where a value of the claim is with words that are with another value in the evidence, and none that
    are with itself."""
    theirs, mine = list(_with_clauses(near, shown)), list(_with_clauses(own, text))
    for value, words in mine:
        its = [terms for other, terms in theirs if agree(value, other)]
        rest = [(o, terms) for o, terms in theirs if is_alike(value, o) and not agree(value, o)]
        if len(its) != 1 or sum(agree(value, other) for other in known) > 1:
            continue
        for other, terms in rest:
            if words & terms - its[0] and its[0] - words and not words & its[0] - terms and len(words) <= SHORT:
                first, second = words_of(value, text), words_of(other, shown)
                reason = say(text, "exchanged", words=first, other=second)
                return [Fault(kind_of(value), first, reason)]
    return []


def _with_clauses(values: Sequence[Value], text: str) -> Iterator[tuple[Value, frozenset[str]]]:
    """Each value with the content terms of its clause, where no other date, or number, is in that clause."""
    ends = [match.start() for match in _CLAUSE.finditer(text)]
    for value in values:
        start = max((end for end in ends if end <= value.start), default=0)
        stop = min((end for end in ends if end >= value.end), default=len(text))
        inside = [other for other in values if start <= other.start < stop and type(other) is type(value)]
        if len(inside) == 1:
            rest = f"{text[start : value.start]} {text[value.start + len(words_of(value, text)) : stop]} x"
            terms = frozenset(term for term in content_terms(rest) if not term[0].isdigit())
            yield value, terms - {"x"}
