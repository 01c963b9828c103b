"""Whether words are in a text, and where: white space, typographic variants and Markdown's marks aside."""

import re

_MARKS = frozenset("*`")
_SAME = str.maketrans("“”„«»‘’‚–—−‐‑\u00a0", '"""""\'\'\'----- ')
_GAP = re.compile(r"\s*(?:\[?(?:\.{3}|…)\]?)+\s*")
_NORMAL = {"＂": '"', "＇": "'"}
MOST_PARTS = 10
"""Pieces that ellipses may cut a quotation into."""
SHORTEST = 2
"""Characters of the shortest quotation that counts as evidence."""


def find_quote(quote: str, text: str) -> str | None:
    """The part of `text`, letter by letter, that `quote` repeats; None where it is not there.

    A quotation with an ellipsis must have all its parts there, in order, within one stretch ten times its length.
    """
    plain, places = _plain(text)
    parts = [part for part in (_plain(p)[0].strip() for p in _GAP.split(_unquoted(quote))) if part]
    if not 0 < len(parts) <= MOST_PARTS or sum(map(len, parts)) < SHORTEST:
        return None
    longest = 10 * sum(map(len, parts)) + 200
    begin = -1
    while (begin := plain.find(parts[0], begin + 1)) >= 0:
        end = _end(plain, parts, begin, begin + longest)
        if end is not None:
            return text[places[begin] : places[end - 1] + 1]
    return None


def _end(plain: str, parts: list[str], begin: int, limit: int) -> int | None:
    """Where the last of `parts` ends, the first beginning at `begin`."""
    at = begin
    for part in parts:
        found = plain.find(part, at, limit)
        if found < 0:
            return None
        at = found + len(part)
    return at


def _unquoted(quote: str) -> str:
    text = quote.strip()
    pairs = (('"', '"'), ("“", "”"), ("「", "」"), ("'", "'"), ("‘", "’"))
    if len(text) > 1 and any(text.startswith(a) and text.endswith(b) for a, b in pairs):
        text = text[1:-1]
    return text


def _plain(text: str) -> tuple[str, list[int]]:
    """`text` with white space as single blanks and marks left out, and each character's place in `text`."""
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text.translate(_SAME)):
        if character in _MARKS:
            continue
        if character.isspace():
            if characters and characters[-1] != " ":
                characters.append(" ")
                places.append(place)
            continue
        characters.append(_NORMAL.get(character, character))
        places.append(place)
    return "".join(characters), places
