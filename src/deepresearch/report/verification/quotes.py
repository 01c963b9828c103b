"""Quotations of a claim: does the passage hold each of them, letter by letter?"""

import re
from functools import lru_cache

from rapidfuzz import fuzz

from ...text.characters import has_han
from ...text.quotations import EDGES, holds, letters, pieces
from ..markup import plain
from .faults import Fault, say
from .reading import Reading

_OPEN, _CLOSE = "“「『", "”」』"
_STRAIGHT = re.compile(r"\"([^\"“”「」]+)\"|‘([^‘’]{12,})’(?!\w)")
_SEMICOLON = re.compile(r"(?<=[;；])")
SHORTEST, SHORTEST_HAN = 3, 6
"""Words, or Chinese characters, from which words in quotation marks are a quotation, not a name or irony."""
TITLED, LONGEST_TITLE = 0.6, 8
"""Share of capitals from which so many quoted words are a title, not a quotation."""
NEAR = 70.0
"""Likeness, of 100, from which a passage holds a quotation in altered form."""


def check(claim: Reading, passage: Reading, evidence: str) -> list[Fault]:
    """The quotations of the claim that are not in the passage letter by letter.

    The module text/quotations.py says what may differ.
    """
    faults = []
    for quotation in quotations(claim.text):
        text = _source(passage)
        missing = [piece for piece in pieces(quotation) if not holds(text, piece)]
        if not missing:
            continue
        near = max(fuzz.partial_ratio(piece.casefold(), text.casefold()) for piece in missing)
        altered = near >= NEAR
        reason = say(quotation, "quote_altered" if altered else "quote_missing", words=quotation)
        faults.append(Fault("quote", quotation, reason, altered))
    return faults


def verbatim_share(claim: Reading, passage: Reading) -> float:
    """The part of the claim that it quotes from the passage letter by letter, 0 to 1."""
    held = [q for q in quotations(claim.text) if all(holds(_source(passage), piece) for piece in pieces(q))]
    return sum(map(len, held)) / len(claim.text) if claim.text else 0.0


def repeats(claim: Reading, passage: Reading) -> bool:
    """Whether the claim is, letter by letter, whole sentences of the passage, or what is between semicolons."""
    own = letters(claim.text).strip(EDGES)
    if not own or own not in _source(passage):
        return False
    sentences = [letters(part) for sentence in passage.sentences for part in _SEMICOLON.split(sentence.text)]
    for first in range(len(sentences)):
        joined = ""
        for piece in sentences[first:]:
            joined += piece
            if len(joined.strip(EDGES)) >= len(own):
                break
        if joined.strip(EDGES) == own:
            return True
    return False


@lru_cache(maxsize=1024)
def _source(passage: Reading) -> str:
    """The letters of a passage, as written and as a reader sees it, and of its title."""
    return letters(f"{passage.title}\n{passage.text}\n{plain(passage.text)}")


def quotations(text: str) -> list[str]:
    """What `text` quotes, the outermost of nested ones; titles, names and single words left out."""
    found = [next(filter(None, match.groups())) for match in _STRAIGHT.finditer(text)]
    depth = start = 0
    for place, character in enumerate(text):
        if character in _OPEN:
            start = start if depth else place + 1
            depth += 1
        elif character in _CLOSE and depth:
            depth -= 1
            if not depth:
                found.append(text[start:place])
    return [q for q in found if _is_quotation(q)]


def _is_quotation(words: str) -> bool:
    if has_han(words):
        return sum(c.isalnum() for c in words) >= SHORTEST_HAN
    parts = words.split()
    long = [word for word in parts if len(word) > 3]
    titled = len(parts) <= LONGEST_TITLE and sum(word[0].isupper() for word in long) > TITLED * len(long)
    return len(parts) >= SHORTEST and not titled
