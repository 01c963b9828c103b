"""The words that a criterion asks for: quoted texts, numbers and names; and finding them in a report."""

import re
import unicodedata

_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|「([^」]+)」|『([^』]+)』|《([^》]+)》|‘([^’]+)’|(?<!\w)'([^']+)'(?!\w)")
_GLUE = re.compile(r"(?:\s|,|，|、|;|；|and|or|both|as well as|the|和|与|及|以及|或者?|等)*", re.IGNORECASE)
_NUMBER = re.compile(r"(?:[$€£¥]\s?)?\d[\d,]*(?:\.\d+)?(?:\s?%)?")
_NAMES = re.compile(r"[A-Z][\w.&'’-]*(?:\s+(?:(?:of|the|de|van|von|and)\s+)?[A-Z0-9][\w.&'’-]*)*")
_SEPARATOR = re.compile(r"\s*(?:,\s*(?:and|or)\s+|,|;|\s+and\s+|\s+or\s+)\s*")
_LATIN = "0-9A-Za-z\u00c0-\u024f"
_LANGUAGES = {
    "english": "en",
    "chinese": "zh",
    "mandarin": "zh",
    "japanese": "ja",
    "korean": "ko",
    "中文": "zh",
    "汉语": "zh",
    "英文": "en",
    "英语": "en",
    "日文": "ja",
    "日语": "ja",
    "韩文": "ko",
    "韩语": "ko",
}
"""Those that text/language.py can tell."""


def quoted(text: str, names: bool = False) -> list[str]:
    """What `text` asks for, where it is nothing but quoted texts, or numbers, and glue; else []. names: those too."""
    found = [next(group for group in match.groups() if group).strip() for match in _QUOTED.finditer(text)]
    if found:
        return found if _GLUE.fullmatch(_QUOTED.sub(" ", text)) else []
    items = [item.strip() for item in _SEPARATOR.split(text) if item.strip()]
    if items and all(_NUMBER.fullmatch(item) or (names and _NAMES.fullmatch(item)) for item in items):
        return items
    return []


def find_text(wanted: str, report: str) -> str | None:
    """The place in `report` that reads `wanted` as words of its own, letter by letter; None where there is none.

    Case, width and white space do not matter, nor do the commas of numbers.
    """
    plain = unicodedata.normalize("NFKC", wanted).strip()
    pattern = r"\s+".join(map(_flexible, plain.split()))
    before = rf"(?<![{_LATIN}])" if plain[:1].isascii() and plain[:1].isalnum() else ""
    behind = rf"(?![{_LATIN}])" if plain[-1:].isascii() and plain[-1:].isalnum() else ""
    if plain[:1].isdigit():
        before = r"(?<![\d.,])(?<![A-Za-z])"
    if plain[-1:].isdigit():
        behind = r"(?![\d])(?![.,]\d)"
    folded = report.translate(_WIDE_DIGITS)
    found = re.search(before + pattern + behind, folded, re.IGNORECASE) if pattern else None
    return report[found.start() : found.end()] if found else None


def read_language(name: str) -> str | None:
    """ISO 639-1 code of a language that can be told from text, by its English or Chinese name."""
    return _LANGUAGES.get(name.casefold())


def _flexible(word: str) -> str:
    """A pattern for one word: 1500 and 1,500 are the same."""
    number = re.fullmatch(r"(\D*)(\d[\d,]*)(\D?.*)", word)
    if not number or not number[2].replace(",", "").isdigit():
        return re.escape(word)
    digits = number[2].replace(",", "")
    groups = ",?".join(re.findall(r"\d{1,3}(?=(?:\d{3})*$)", digits))
    return re.escape(number[1]) + groups + re.escape(number[3])


_WIDE_DIGITS = {ord("０") + n: str(n) for n in range(10)} | {ord("％"): "%", ord("，"): ","}
