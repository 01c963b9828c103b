"""Which language a text is in, as far as retrieval and reports need to know."""

import re

from .characters import HAN, HANGUL, KANA
from .wordlists import stop_words

_HAN, _KANA, _HANGUL = (re.compile(f"[{script}]") for script in (HAN, KANA, HANGUL))
_WORD = re.compile(r"[^\W\d_]+")
_ASCII_WORD = re.compile("[a-z]+")
SAMPLE = 4000  # characters looked at


def detect_language(text: str) -> str | None:
    """ISO 639-1 code: "zh", "ja", "ko" by script, "en" by its function words; None where it is something else.

    A Chinese character counts as much as a word, so a few of them outweigh the Latin names between them.
    """
    sample = text[:SAMPLE]
    if sample.isascii():  # the common case, and three times quicker so
        han = kana = hangul = 0
        words = _ASCII_WORD.findall(sample.lower())
    else:
        han, kana, hangul = (len(script.findall(sample)) for script in (_HAN, _KANA, _HANGUL))
        words = [w.lower() for w in _WORD.findall(sample) if w.isascii()]
    if hangul > max(han + kana, len(words)):
        return "ko"
    if han + kana > len(words):
        return "ja" if kana * 5 > han else "zh"
    if words and sum(map(stop_words("en").__contains__, words)) >= max(1, len(words) // 8):
        return "en"
    return None


def primary_code(tag: str | None) -> str | None:
    """`zh` of `zh-CN`; None of what is not a language tag."""
    code = re.split(r"[-_]", (tag or "").strip().lower())[0]
    return code if re.fullmatch(r"[a-z]{2,3}", code) else None
