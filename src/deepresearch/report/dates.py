"""What "now" means in a question, and which evidence is old for it."""

import re

from ..text.dates import last_day

OLD_AFTER = 2
"""Years after which evidence is old for a question about the present. Statistics of a country or a market appear with
a delay of a year or more; what is older than two has usually been overtaken."""

_NOW = re.compile(
    r"\b(?:now(?!\s+(?:known|called|that))|nowadays|current(?:ly)?|today(?:'s)?|at present|presently|latest|newest"
    r"|most recent|recent(?:ly)?|so far|to date|up[- ]to[- ]date|state of the art|these days"
    r"|this (?:year|month|week|quarter))\b"
    r"|现在|目前|当前|如今|当今|现今|现阶段|今天|今年|本年|最新|最近|近期|近来|眼下|至今|迄今|截至",
    re.IGNORECASE,
)


def asks_about_now(question: str) -> bool:
    """Whether `question` (English or Chinese) asks about the present."""
    return _NOW.search(question) is not None


def is_old(text: str | None, today: str) -> bool:
    """Whether evidence dated `text` is older than OLD_AFTER years on the day `today` (YYYY-MM-DD)."""
    written, now = last_day(text), last_day(today)
    return written is not None and now is not None and (now - written).days > 365.25 * OLD_AFTER
