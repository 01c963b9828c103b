"""Dates in English and Chinese text, as precise as the text gives them, and ISO dates."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from .characters import normalise
from .numbers import han_value


@dataclass(frozen=True)
class Date:
    """A date, or the part of one that a text gives."""

    year: int | None
    month: int | None
    day: int | None
    start: int
    end: int
    span: int = 1
    """Years it covers: 10 for a decade, 100 for a century."""


_MONTHS = {
    name: number
    for number, names in enumerate(
        "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august|sep sept september|oct october|"
        "nov november|dec december".split("|"),
        1,
    )
    for name in names.split()
}
_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_YEAR = r"(?P<year>1[0-9]{3}|20[0-9]{2}|21[0-4][0-9])"
_DAY = r"(?P<day>0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?"
_LONG = "January|February|March|April|June|July|August|September|October|November|December"
"""Full names of months that are not ordinary words too (not May)."""
_HAN = "零〇一二三四五六七八九十"
_PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!\d){_YEAR}[-/.](?P<numeric>0?[1-9]|1[0-2])[-/.]{_DAY}(?!\d)",
        rf"(?<!\d){_YEAR}\s?年\s?(?P<numeric>1[0-2]|0?[1-9])\s?月(?:\s?{_DAY}\s?[日号])?",
        rf"\b{_DAY}(?:\s*[-/&]\s*\d{{1,2}}(?:st|nd|rd|th)?)?\s+(?:of\s+)?{_MONTH}(?:,?\s+{_YEAR})?(?!\w)",
        rf"\b{_MONTH}\s+{_DAY}(?!\d)(?:\s*[-/&]\s*\d{{1,2}}(?:st|nd|rd|th)?(?!\d))?(?:,?\s+{_YEAR}(?!\d))?",
        rf"\b{_MONTH},?\s+(?:of\s+)?{_YEAR}(?!\d)",
        rf"(?<![\d/.])(?P<one>\d{{1,2}})[/.](?P<other>\d{{1,2}})[/.]{_YEAR}(?!\d)",
        rf"(?<!\d){_YEAR}-(?P<numeric>0[1-9]|1[0-2])(?![\d-])",
        rf"(?<![\d-]){_YEAR}[-/]\d\d(?![\d-])",
        r"(?<!\d)(?P<numeric>1[0-2]|0?[1-9])\s?月(?!份?以)(?:\s?(?P<day>0?[1-9]|[12][0-9]|3[01])\s?[日号])?",
        r"(?<!\d)(?P<day>0?[1-9]|[12][0-9]|3[01])日(?!元|本|均|常|益|前|后)",
        rf"(?<!\d)(?P<hanyear>[{_HAN}]{{4}})年(?:(?P<hanmonth>[一二三四五六七八九十]{{1,2}})月)?(?:(?P<handay>[一二三四五六七八九十]{{1,3}})[日号])?",
        r"(?<![\w$€£¥])(?P<decade>1[0-9]{2}0|20[0-9]0)'?s\b|(?<!\d)(?P<handecade>1[0-9]{2}0|20[0-9]0)年代",
        r"\b(?P<century>1[0-9]|2[01])(?:st|th)[\s-]centur(?:y|ies)|(?<!\d)(?P<hancentury>1[0-9]|2[01])世纪",
        rf"(?<![A-Za-z\d_^$€£¥])(?<!\d[.,]){_YEAR}(?:\s?年)?(?![A-Za-z_.,]?\d)(?!\s?(?:%|percent|people|million|billion|[万亿元个名家人]))(?![A-Za-z])",
        rf"(?<=\d{{4}}-){_YEAR}(?!\d)",
        rf"(?<![A-Za-z])(?:FY|Q[1-4]\s?){_YEAR}(?!\d)",
        rf"\b(?:in|during|since|by|until|of|from|early|late|mid-?)\s(?P<alone>{_LONG})\b|\b(?P<last>{_LONG})\b(?=[.,;])",
    )
]


@lru_cache(maxsize=4096)
def dates(text: str) -> tuple[Date, ...]:
    """The dates of `text` in order, the most precise reading of each place; positions as in `normalise(text)`."""
    text = normalise(text)
    found: list[Date] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if all(match.end() <= other.start or match.start() >= other.end for other in found):
                found.extend(_made(match))
    return tuple(sorted(found, key=lambda d: d.start))


def _made(match: re.Match[str]) -> Iterator[Date]:
    given = {name: value for name, value in match.groupdict().items() if value}
    start, end = match.span()
    if "decade" in given or "handecade" in given:
        yield Date(int(given.get("decade") or given["handecade"]), None, None, start, end, 10)
    elif "century" in given or "hancentury" in given:
        yield Date(100 * (int(given.get("century") or given["hancentury"]) - 1), None, None, start, end, 100)
    elif "hanyear" in given:
        year = han_value(given["hanyear"])
        month, day = (han_value(given[key]) if key in given else None for key in ("hanmonth", "handay"))
        if year and 1000 <= year < 2150:
            yield Date(int(year), int(month) if month else None, int(day) if day else None, start, end)
    elif "one" in given:
        one, other, year = int(given["one"]), int(given["other"]), int(given["year"])
        day, month = (one, other) if one > 12 or other <= 12 else (other, one)
        unclear = one <= 12 and other <= 12 and one != other
        if month <= 12 and day <= 31:
            yield Date(year, None if unclear else month, None if unclear else day, start, end)
    else:
        name = given.get("month") or given.get("alone") or given.get("last")
        month = _MONTHS[name.casefold().rstrip(".")] if name else int(given["numeric"]) if "numeric" in given else None
        yield Date(
            int(given["year"]) if "year" in given else None,
            month,
            int(given["day"]) if "day" in given else None,
            start,
            end,
        )


_ISO = re.compile(r"\s*(\d{4})(?:[-/.年]?(\d{1,2})(?:[-/.月]?(\d{1,2}))?)?(?!\d)")


def date_parts(text: str | None) -> tuple[int, ...]:
    """(year, month, day), as far as given, of a text that starts with a date; () of anything else."""
    match = _ISO.match(text or "")
    year, month, day = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    if not year or not 1 <= month <= 12:
        return (year,) if year else ()
    return (year, month, day) if 1 <= day <= 31 else (year, month)


def iso(parts: Sequence[int]) -> str:
    """Parts of a date as YYYY, YYYY-MM or YYYY-MM-DD."""
    return "-".join(f"{part:0{2 if index else 4}}" for index, part in enumerate(parts))


def iso_date(text: str | None) -> str | None:
    """YYYY, YYYY-MM or YYYY-MM-DD out of a text that starts with a date; None of anything else."""
    return iso(date_parts(text)) or None


def last_day(text: str | None) -> date | None:
    """The last day that a date (YYYY, YYYY-MM or YYYY-MM-DD) can mean; None for anything else."""
    parts = date_parts(text)
    try:
        if len(parts) == 3:
            return date(*parts)
        year, month = (*parts, 12)[:2]
        return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    except (ValueError, OverflowError):
        return None
