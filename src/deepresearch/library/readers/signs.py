"""Signs that plain text has no place for: raised and lowered text, the letters of symbol fonts; numbers of lists."""

import csv
import re
from functools import cache
from pathlib import Path

RAISED = str.maketrans("0123456789+-−=()in", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁱⁿ")
LOWERED = str.maketrans("0123456789+-−=()aehklmnopstxijruv", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕₖₗₘₙₒₚₛₜₓᵢⱼᵣᵤᵥ")
LONGEST = 30
"""Characters of raised or lowered text; what is longer is running text in small print."""
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|re|ère|e|eme|ème|o|a|os|as|do|da|TM|SM)\.?", re.IGNORECASE)
_NOTE = re.compile(r"\[.{1,12}\]|[*†‡§¶#]{1,4}")
_NOTED = re.compile(r"[.,;:!?…)\]”’\"'。，；：！？）」』》]$|[A-Za-z]{5,}$|[\u3400-\u9fff]$")
"""What a raised number belongs to as the mark of a note: a sentence, a clause, a longer word, Chinese."""
_UNITS = re.compile(r"(?:met(?:er|re)|mile|inche?|yard|second)s?$|[米里尺厘]$", re.IGNORECASE)
_VALUES = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)
_ROMAN = dict(zip("m cm d cd c xc l xl x ix v iv i".split(), _VALUES, strict=True))
_NAMED = frozenset("symbol,wingdings,wingdings 2,wingdings 3,webdings,zapfdingbats,mt extra,marlett".split(","))


def raised(text: str, before: str = "", note: bool = False) -> str:
    """How raised `text` behind `before` is written: 10⁶, 2^(n+x), 21st; the mark of a note as [12]."""
    text = " ".join(text.split())
    if note or _NOTE.fullmatch(text):
        return f"[{text.strip('[]()')}]" if text else ""
    if text.isdigit() and _NOTED.search(before) and not _UNITS.search(before):
        return f"[{text}]"
    if before[-1:].isalnum() and _ORDINAL.fullmatch(text):
        return text
    return _moved(text, RAISED, "^")


def lowered(text: str) -> str:
    """How lowered text is written: CO₂, T_max."""
    return _moved(" ".join(text.split()), LOWERED, "_")


def _moved(text: str, table: dict[int, int], mark: str) -> str:
    if not text or len(text) > LONGEST:
        return f" {text} " if text else ""
    if all(ord(character) in table for character in text) and not (text.isalpha() and len(text) > 1):
        return text.translate(table)
    return f"{mark}{text}" if text.isalnum() else f"{mark}({text})"


def is_symbol_font(font: str | None) -> bool:
    """Whether the letters of the font are signs."""
    return (font or "").strip("\"' ").lower() in _NAMED


def symbols(text: str, font: str | None) -> str:
    """`text` in a symbol font as the signs that it shows; a sign that is not known leaves a mark."""
    name = (font or "").strip("\"' ").lower()
    return "".join(_sign(ord(character), name) for character in text)


@cache
def _fonts() -> dict[tuple[str, int], str]:
    """The signs of symbol fonts by font and code, as far as signs.csv beside this file has them."""
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return {(row["font"], int(row["code"], 16)): row["sign"] for row in csv.DictReader(file)}


def _sign(code: int, font: str) -> str:
    if chr(code).isspace() or not (0x20 <= code <= 0xFF or 0xF020 <= code <= 0xF0FF):
        return chr(code)
    return _fonts().get((font, code & 0xFF)) or f"[sign {code & 0xFF:02X} of the font {font or 'unknown'}]"


def number_text(number: int, style: str) -> str:
    """A number as a list of this style shows it: 1, a, A, i or I."""
    if style in "aA" and number > 0:
        letters = ""
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(ord("a") + rest) + letters
        return letters.upper() if style == "A" else letters
    if style in "iI" and 0 < number < 4000:
        roman = ""
        for sign, value in _ROMAN.items():
            roman += sign * (number // value)
            number %= value
        return roman.upper() if style == "I" else roman
    return str(number)
