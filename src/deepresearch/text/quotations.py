"""Whether a text holds a quotation, letter by letter, and where.

White space, the marks of Markdown, the kind of quotation mark and dash, characters that nobody sees, and the case of
the first letter may differ; an ellipsis or square brackets may leave words out.
"""

import re
from functools import lru_cache

from .characters import normalise

MOST_PARTS = 10  # pieces that a quotation may be in
SHORTEST = 2  # characters of the shortest quotation that is looked for
EDGES = " .,;:!?。，；：！？、'\""
_LEFT_OUT = re.compile(r"\[[^\[\]]*\]|\(\s*(?:\.\.\.|…)\s*\)|\.{3,}|…+")
_ASIDE = re.compile(r"[\s*_`|\\\u200b-\u200f\u202a-\u202e\u2060\ufeff]")


def letters(text: str) -> str:
    """What of `text` is compared; quotation marks within a quotation may be of either kind."""
    text = text.replace("`", "")  # before the forms of quotation marks are made one: it marks code, too
    return _ASIDE.sub("", normalise(text)).replace('"', "'")


def pieces(quotation: str) -> list[str]:
    """The letters of the parts of a quotation between what it leaves out."""
    return [piece for part in _LEFT_OUT.split(quotation) if (piece := letters(part).strip(EDGES))]


def holds(source: str, piece: str) -> bool:
    """Whether the letters of a text hold those of a piece."""
    return any(first in source for first in _either_case(piece))


def find_quote(quotation: str, text: str) -> str | None:
    """The part of `text`, as it is there, that `quotation` repeats; None where it is not there.

    All its pieces must be there, in order, within one stretch ten times its length.
    """
    source, parts = letters(text), pieces(quotation)
    if not 0 < len(parts) <= MOST_PARTS or sum(map(len, parts)) < SHORTEST:
        return None
    longest = 10 * sum(map(len, parts)) + 200
    for first in _either_case(parts[0]):
        begin = -1
        while (begin := source.find(first, begin + 1)) >= 0:
            end = begin + len(first)
            for part in parts[1:]:
                found = source.find(part, end, begin + longest)
                end = found + len(part) if found >= 0 and end else 0
            if end:
                whole = letters(quotation)
                for mark in whole[len(whole.rstrip(EDGES)) :]:
                    end += source[end : end + 1] == mark
                places = _places(text)
                return text[places[begin] : places[end - 1] + 1]
    return None


def _either_case(piece: str) -> tuple[str, str]:
    return piece, piece[0].swapcase() + piece[1:]


@lru_cache(maxsize=8)
def _places(text: str) -> list[int]:
    """Where in `text` each of its letters is."""
    return [place for place in range(len(text)) for _ in range(_size(text, place))]


def _size(text: str, place: int) -> int:
    """How many letters a character gives: a raised digit after a number gives two (10⁶ is 10^6)."""
    raised = not text[place].isascii() and text[place - 1 : place].isdigit()
    before = text[place - 1] if raised else ""
    return len(letters(before + text[place])) - len(letters(before))
