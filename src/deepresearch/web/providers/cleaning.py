"""Cleans what services return before it is stored: plain text of bounded length, ISO dates, addresses of the web.

Everything that comes in here is hostile, of any type and of any length.
"""

import html
import re
from datetime import date, timedelta
from itertools import takewhile

from ...errors import FetchFailed
from ...text.characters import one_line
from ...text.dates import date_parts, dates
from ..urls import parse_url

LONGEST_TITLE = 300
LONGEST_TEXT = 2_000
LONGEST_URL = 2_000
_ROOM = 8
"""Characters of markup looked at for each character of text that remains."""

_BLOCKS = (
    "address article aside blockquote body br caption dd div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "head header hr html iframe img li link main meta nav noscript object ol option p pre script section select style "
    "table tbody td template textarea tfoot th thead title tr ul video"
)
_INLINE = (
    "a abbr b bdi bdo button cite code del dfn em font i input ins kbd label mark q s samp small span strike strong "
    "sub sup svg time tt u var wbr"
)
_ATTRIBUTES = r"(?:\s[^<>=]*+=[^<>]*+)?+\s*/?>"
"""Attributes of a tag. Each needs an equals sign: "a <b and c> d" is not markup."""
_HIDDEN = re.compile(
    r"<!--(?:(?!<!--|-->).)*+-->|<(script|style|template|noscript)\b[^<>]*+>(?:(?!</?\1\b).)*+</\1\s*>", re.S | re.I
)
_BREAK = re.compile(rf"</?(?:{'|'.join(_BLOCKS.split())}|jats:(?:p|title|sec|list|list-item)){_ATTRIBUTES}", re.I)
_TAG = re.compile(rf"</?(?:{'|'.join(_INLINE.split())}|(?:jats|mml|xlink):[a-z-]+){_ATTRIBUTES}", re.I)
_RAISED = re.compile(r"<(?:jats:)?(sup|sub)\b[^<>]*+>\s*([-+−–]?[0-9a-z()]{1,8}[-+−–]?)\s*</(?:jats:)?\1\s*>", re.I)
"""Tags of short superscripts and subscripts."""
_POWER = re.compile(
    r"<mml:m(sup|sub)\b[^<>]*+>\s*<mml:m[nio]\b[^<>]*+>([^<>]{1,20})</mml:m[nio]>\s*"
    r"<mml:m[nio]\b[^<>]*+>([^<>]{1,20})</mml:m[nio]>\s*</mml:m\1\s*>"
)
_PAIRED = re.compile(rf"<({'|'.join(_INLINE.split())})\b[^<>]*+>(?=.*?</\1\s*>)", re.S | re.I)
"""An element of running text that is closed again: in a text that was escaped, markup and not a word about it."""
_ROUNDS = 3  # times that a text may have been escaped


def plain(value: object, longest: int = LONGEST_TEXT) -> str:
    """`value` as one line without markup, control and invisible characters; empty where it is not text.

    Longer texts end between words, with an ellipsis.
    """
    if not isinstance(value, str):
        return ""
    text = _without_markup(value[: _ROOM * longest])
    for _ in range(_ROUNDS):
        unescaped = html.unescape(text)
        if unescaped == text:
            break
        text = _without_markup(unescaped) if _PAIRED.search(unescaped) else unescaped
    return one_line(text, longest)


def _without_markup(text: str) -> str:
    """Tags taken out; raised and lowered text stays apart from a number before it: 10^6, but H2O and 1st."""
    text = _POWER.sub(lambda found: f"{found[2]}{'^' if found[1] == 'sup' else '_'}{found[3]}", text)
    text = _RAISED.sub(_raised, _HIDDEN.sub(" ", text))
    return _TAG.sub("", _BREAK.sub(" ", text))


def _raised(found: re.Match[str]) -> str:
    kind, content = found[1].lower(), found[2]
    before = found.string[found.start() - 1 : found.start()]
    if kind == "sup":
        plain_word = content.isalpha() and len(content) > 1  # 1st, Mme
        return content if plain_word else f"^{content}"
    return f"_{content}" if before.isdigit() else content


def web_url(value: object) -> str | None:
    """The address, normalised and without its fragment; None where it is not the address of a web page."""
    if not isinstance(value, str) or len(value) > LONGEST_URL:
        return None
    try:
        return str(parse_url(value.strip()))
    except FetchFailed:
        return None


_AGO = re.compile(
    r"(\d{1,4}|an?)\s?(second|sec|minute|min|hour|day|week|month|year)s?\.?\sago|(\d{1,4})\s?(秒|分|小时|天|日|周|个?月|年)钟?前",
    re.I,
)
_DAYS = {"day": 1, "天": 1, "日": 1, "week": 7, "周": 7}


def iso_date(value: object, today: date | None = None) -> str | None:
    """YYYY, YYYY-MM or YYYY-MM-DD, as exact as `value` is; None where it names no date.

    value: a date in words or digits, a time with a date in front, an age ("3 days ago"), or a list of year, month
    and day. today: the day that ages count from, this very day where it is not given.
    """
    if isinstance(value, list):
        numbers = [int(part) if isinstance(part, str) and part.isdecimal() else part for part in value[:3]]
        return _checked(*numbers) if numbers and all(type(n) is int for n in numbers) else None
    if not isinstance(value, str):
        return None
    text = " ".join(value[:80].split())
    if found := _AGO.match(text):
        return _ago(found[1] or found[3], (found[2] or found[4]).lower(), today or date.today())
    parts = date_parts(text)
    if not parts and (first := next((found for found in dates(text) if found.year), None)):
        parts = tuple(takewhile(bool, (first.year or 0, first.month or 0, first.day or 0)))
    return _checked(*parts) if parts else None


def _checked(year: int, month: int | None = None, day: int | None = None) -> str | None:
    """The parts as text, up to the first that is not a year, month or day."""
    if not 1000 <= year <= 2200:
        return None
    if month is None or not 1 <= month <= 12:
        return f"{year}"
    try:
        return date(year, month, day or 0).isoformat()
    except (ValueError, OverflowError):
        return f"{year}-{month:02}"


def _ago(number: str, unit: str, today: date) -> str:
    """The date so long ago; an age in months or years gives no day."""
    count = int(number) if number.isdigit() else 1
    if unit.endswith(("year", "年")):
        return f"{max(1, today.year - count):04}"
    if unit.endswith(("month", "月")):
        months = max(12, today.year * 12 + today.month - 1 - count)
        return f"{months // 12:04}-{months % 12 + 1:02}"
    return (today - timedelta(days=count * _DAYS.get(unit, 0))).isoformat()
