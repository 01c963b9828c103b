"""Which characters belong to which script, text without those that do harm, and one form for text that is compared.

The classes are the inside of a character class of a regular expression: `re.compile(f"[{HAN}]+")`.
"""

import re
import unicodedata
from functools import lru_cache

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
"""Ideographs: Chinese, and those of Japanese and Korean."""
KANA = "\u3040-\u30ff"
HANGUL = "\uac00-\ud7af"
CJK = KANA + HAN + HANGUL
"""Letters of the scripts that are written without spaces between words."""
CJK_MARKS = "\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
"""Punctuation and blanks of these scripts, full-width signs included."""
WIDE = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
"""All that is drawn twice as wide as a Latin letter, signs and punctuation included."""

_HAN = re.compile(f"[{HAN}]")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters, the escape of terminals among them
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, and those that turn text round
    "\ue000\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"  # ours, non-characters, half characters, hidden tags
)
_SAME = str.maketrans(
    {
        **dict.fromkeys("‘’‛′`´ʼ＇", "'"),
        **dict.fromkeys("“”„‟″«»「」『』＂", '"'),
        **dict.fromkeys("‐‑‒–—―−－", "-"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2009\u200a\u202f\u3000", " "),
        "…": "...",
    }
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_RAISED_RUN = re.compile(r"(?<=\d)[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
_LOWERED_RUN = re.compile(r"(?<=\d)[₀₁₂₃₄₅₆₇₈₉]+")
_WIDE_COMMA = re.compile(r"(?<=[0-9])，(?=[0-9])")


def clean(text: str) -> str:
    """`text` with plain line ends and without characters that hide, reorder or control."""
    return _UNWANTED.sub("", _BREAKS.sub("\n", text))


def one_line(text: str, longest: int | None = None) -> str:
    """`text`, cleaned, on one line, cut at a word's end to at most `longest` characters."""
    line = " ".join(clean(text).split())
    if longest is None or len(line) <= longest:
        return line
    cut = line[: longest - 1]
    space = cut.rfind(" ", longest * 2 // 3)
    return (cut[:space] if space > 0 else cut).rstrip(" ,;:.，；：、。") + "…"


def has_han(text: str) -> bool:
    """Whether there is an ideograph in `text`."""
    return not text.isascii() and _HAN.search(text) is not None


def count_han(text: str) -> int:
    """The number of ideographs in `text`."""
    return 0 if text.isascii() else len(_HAN.findall(text))


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """`text` on one line with one kind of quotation mark, dash and blank, full-width characters made half-width.

    Raised and lowered digits are not joined to the number before them: `10⁶` becomes `10^6`. A full-width comma
    between figures separates two numbers: it becomes a comma and a blank. Applying it twice changes nothing further.
    """
    if not text.isascii():
        text = mark_raised(_WIDE_COMMA.sub(", ", text))
        text = unicodedata.normalize("NFKC", text.translate(_SAME))
    return " ".join(text.translate(_SAME).split())


def mark_raised(text: str) -> str:
    """`text` with `^` before raised digits, and `_` before lowered ones, that follow a digit."""
    if text.isascii():
        return text
    text = _RAISED_RUN.sub(lambda run: "^" + run.group().translate(_RAISED), text)
    return _LOWERED_RUN.sub(lambda run: "_" + run.group().translate(_LOWERED), text)


def fold_accents(text: str) -> str:
    """`text` with Latin and Greek letters bare of accents; in other scripts marks make different letters."""
    return text if text.isascii() else "".join(map(_without_accent, text))


@lru_cache(maxsize=4096)
def _without_accent(character: str) -> str:
    if "\u00c0" <= character <= "\u03ff" or "\u1e00" <= character <= "\u1fff":
        return "".join(c for c in unicodedata.normalize("NFD", character) if not unicodedata.combining(c))
    return character
