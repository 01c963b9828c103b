"""How well a document's title fits a name, and whether a query asks for a document by name."""

import re
import unicodedata

from rapidfuzz.fuzz import ratio

from ..text.characters import HAN, KANA

MISSPELT = 90
"""Similarity, of 100, from which two titles count as spellings of one."""

_WORD = re.compile(rf"[{KANA}{HAN}]|[^\W_]+")
_APOSTROPHE = re.compile(r"['\u2018\u2019\u02bc`]")
_QUALIFIER = re.compile(r"\s*\([^()]*\)\s*$")
_EPITHET = re.compile(r"\s?,|\s(?:of|the|de|von|[ivx]+)\b")
"""What may follow a single name in a title: "Ermengarde of Tours", "Paris, Texas"."""
_UNDECOMPOSED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


def fold(text: str) -> list[str]:
    """Words of `text` without case, accents and punctuation; each Chinese character is a word of its own."""
    text = _APOSTROPHE.sub("", text).casefold()
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_UNDECOMPOSED)
    return _WORD.findall(text)


def match_title(wanted: str, title: str) -> int:
    """How well a document's title fits a name: 4 the same, 3 but for a qualifier in brackets ("Dark River (2017
    film)"), 2 with what tells the bearer from others ("Ermengarde of Tours"), 1 nearly, 0 not.
    """
    name, whole = _bare(wanted), _bare(title)
    if not name or not whole:
        return 0
    bare = _bare(_QUALIFIER.sub("", title)) or whole
    if name in (whole, bare):
        return 4 if name == whole else 3
    if bare[: len(name)] == name and _EPITHET.match(title.casefold(), len(wanted)):
        return 2
    if len(name) == 1:
        return int(len(bare) in (2, 3) and bare[-1] == name[0])
    short, long = sorted((name, bare), key=len)
    if len(short) > 1 and (long[: len(short)] == short or (2 * len(short) >= len(long) and _contains(long, short))):
        return 1
    without = _bare(_QUALIFIER.sub("", wanted))
    close = without == bare or _same_ends(name, bare) or ratio(" ".join(name), " ".join(bare)) >= MISSPELT
    return int(close)


def names_title(query: str, title: str) -> bool:
    """True where `query` is about this document by name: its title is in the query and is half of it or more."""
    words, bare = fold(query), fold(_QUALIFIER.sub("", title))
    return bool(bare) and 2 * len(bare) >= len(words) and _contains(words, bare)


def _bare(name: str) -> list[str]:
    """The folded words of a name without an article in front."""
    words = fold(name)
    return words[1:] if len(words) > 1 and words[0] in ("the", "a", "an") else words


def _contains(words: list[str], part: list[str]) -> bool:
    """`part` stands in `words` without a gap."""
    return any(words[i : i + len(part)] == part for i in range(len(words) - len(part) + 1))


def _same_ends(one: list[str], other: list[str]) -> bool:
    """A name with and without its middle: first and last words agree, the shorter is within the longer in order."""
    short, long = sorted((one, other), key=len)
    if len(short) < 2 or len(long) - len(short) > 2 or short[0] != long[0] or short[-1] != long[-1]:
        return False
    rest = iter(long)
    return all(word in rest for word in short)
