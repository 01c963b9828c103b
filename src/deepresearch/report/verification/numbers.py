"""Numbers of a claim: is each of them in the passage, as rounded as the claim gives it?"""

import re

from ...text.characters import normalise
from ...text.dates import dates
from ...text.numbers import Quantity, quantities
from .faults import Fault, missing
from .reading import Reading

ABOUT = 0.06
"""Part by which a number said to be approximate may be off."""
SMALL = 12
"""Numbers in words up to this are often counts that the writer made; one that is missing is no fault."""
BEYOND = 1.5
""""More than 100" may stand for what is up to this many times as much."""


def check(claim: Reading, passage: Reading, evidence: str) -> list[Fault]:
    """The numbers of the claim that the passage does not give; with another one of the same unit in their place,
    the fault is a conflict."""
    known = _plain_numbers(passage.plain, keep_years=True)
    near = _plain_numbers(normalise(evidence))
    text = normalise(claim.text)
    own = _plain_numbers(text)
    faults = []
    for number in own:
        if any(_agree(number, other) for other in known) or _is_page(text, number):
            continue
        words = text[number.start : number.until]
        others = [o for o in near if _alike(number, o) and not any(_agree(mine, o) for mine in own)]
        if number.spelt and number.value <= SMALL and not others:
            continue
        shown = [normalise(evidence)[o.start : o.until] for o in others]
        faults.append(Fault("number", words, missing("number", words, shown[:3], claim.text), bool(others)))
    return faults


def _is_page(text: str, number: Quantity) -> bool:
    """Whether a number says where in its document something stands, which a passage does not say of itself."""
    before, after = text[: number.start], text[number.start : number.until + 2]
    return bool(_PAGE.search(before)) or ("页" in after and (before.rstrip().endswith("第") or after.startswith("第")))


_PAGE = re.compile(r"\b(?:pp?\.|pages?)\s?$", re.IGNORECASE)


def _plain_numbers(text: str, keep_years: bool = False) -> list[Quantity]:
    """The numbers of a text that are no part of a date."""
    spans = [(d.start, d.end) for d in dates(text)]
    return [
        q for q in quantities(text) if keep_years or not any(q.start < end and start < q.end for start, end in spans)
    ]


def _agree(claimed: Quantity, other: Quantity) -> bool:
    """Whether `other` bears out the number that is `claimed`."""
    if claimed.unit != other.unit:
        if other.unit and {claimed.unit, other.unit} & _TELLING:
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
    if claimed.bound == -1 and other.bound <= 0:
        return value >= true >= value / BEYOND
    return False


_TELLING = frozenset(("%", "usd", "eur", "gbp", "jpy", "cny", "inr", "hkd", "m", "kg", "s", "°", "°F"))
"""Units with another of which a number is another number. A passage may leave them out, as tables do."""


def _rounds_to(value: float, rounded: Quantity) -> bool:
    """Whether `value`, rounded to the last digit that `rounded` gives, is it."""
    exact = abs(value - rounded.value) <= 1e-9 * max(1.0, abs(value))
    if exact or rounded.step == 1 or rounded.ordinal:
        return exact  # a count is not rounded to its last digit: 42 people are not 42.4
    return abs(value - rounded.value) <= rounded.step / 2 * (1 + 1e-9) and rounded.step <= 0.2 * abs(value)


def _alike(claimed: Quantity, other: Quantity) -> bool:
    """Whether two numbers count the same kind of thing."""
    return claimed.unit == other.unit and claimed.ordinal == other.ordinal
