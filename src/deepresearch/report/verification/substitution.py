"""A word of the passage changed: the claim repeats a sentence almost wholly, but has another word in one place, or two
words in the place of each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, takewhile
from types import ModuleType

from rapidfuzz.distance import Indel, Levenshtein

from ...text.characters import has_han
from ...text.terms import tokenise
from .faults import Fault, Kind, instead
from .reading import Reading, Word, line
from .values import agree, kind_of, values_in

ALMOST = 0.7
"""Share of the claim's content words that one sentence has in the same order from which it repeats that sentence."""
LONGER = 1
"""Tokens by which the two wordings of one place may differ in length; beyond that something was put in or left out."""
AROUND = 3
"""Tokens that both have right before and after the place."""
BESIDE = 1
"""Sentences before and after the repeated one whose words the claim may have taken up."""
DERIVED = 0.55
"""Part of the longer of two stems from which a common beginning makes them forms of one word (decision, decide)."""


def check(claim: Reading, passage: Reading, sentences: Sequence[int]) -> list[Fault]:
    """A fault for each content word that the claim has in the place of another one of the sentence that it repeats.

    sentences: indexes of those of the passage that the claim may repeat. A word that is only put in or left out is no
    fault, nor another form of the same word, nor one that the title, the sentence or one beside it has elsewhere.
    """
    own = line(claim.text).words
    needed = sum(token.content for token in own) or 1
    best: tuple[float, list[Fault]] = (0.0, [])
    for index in sentences:
        other = line(passage.sentences[index].text).words
        blocks, same = _aligned(own, other, Indel)
        exchanged = _exchanged(own, _aligned(own, other, Levenshtein)[0], claim.text)
        share = (same + 2 * len(exchanged)) / needed
        if share >= ALMOST and share > best[0]:
            near = [s.text for s in passage.sentences[max(0, index - BESIDE) : index + BESIDE + 1]]
            known = frozenset(tokenise("\n".join([passage.title, *near])))
            found = [fault for block in blocks for fault in _substituted(own, block, known, claim.text)]
            best = share, exchanged or found
    return best[1]


@dataclass(frozen=True)
class _Block:
    """A place of the claim where the sentence has something else."""

    start: int
    end: int
    theirs: tuple[Word, ...]
    around: int
    """Tokens right before and after it that both have."""


def _aligned(own: Sequence[Word], other: Sequence[Word], by: ModuleType) -> tuple[list[_Block], int]:
    """Where two sentences differ between the tokens that they have in the same order, and how many content tokens
    these are. by: the distance that is least: Indel matches most tokens, Levenshtein leaves most in their places."""
    blocks: list[_Block] = []
    same = a = b = before = 0
    steps = [s for s in by.opcodes([t.stem for t in own], [t.stem for t in other]) if s.tag == "equal"]
    for step in steps:
        same += sum(token.content for token in own[step.src_start : step.src_end])
        run = step.src_end - step.src_start
        blocks.append(_Block(a, step.src_start, tuple(other[b : step.dest_start]), before + run))
        a, b, before = step.src_end, step.dest_end, run
    blocks.append(_Block(a, len(own), tuple(other[b:]), before))
    return blocks, same


def _exchanged(own: Sequence[Word], blocks: Sequence[_Block], claim: str) -> list[Fault]:
    """A fault where two places have each the words of the other, with more than "and" between them."""
    differing = [
        (block, [word for word in own[block.start : block.end] if word.content], [w for w in block.theirs if w.content])
        for block in blocks
        if block.theirs and block.start < block.end
    ]
    for (one, mine, theirs), (other, yours, whose) in combinations(differing, 2):
        crossed = mine and yours and _stems(mine) == _stems(whose) and _stems(theirs) == _stems(yours)
        if crossed and any(word.content for word in own[one.end : other.start]):
            return [instead(_kind(mine, theirs), _joined(mine), _joined(theirs), claim, conflict=False)]
    return []


def _stems(words: Sequence[Word]) -> list[str]:
    return [word.stem for word in words]


def _substituted(own: Sequence[Word], block: _Block, known: frozenset[str], claim: str) -> list[Fault]:
    """A fault if the claim has words of its own in a place for about as many of the sentence."""
    mine = [n for n in range(block.start, block.end) if own[n].content]
    theirs = [token for token in block.theirs if token.content]
    if not mine or not theirs or block.around < AROUND or abs(len(block.theirs) - block.end + block.start) > LONGER:
        return []
    new = [n for n in mine if not _is_known(own, n, theirs, known)]
    said, given = values_in(_joined(own[block.start : block.end])), values_in(_joined(block.theirs))
    if not new or any(agree(value, other) for value in said for other in given):
        return []
    words = own[new[0] : new[-1] + 1]
    return [instead(_kind(words, block.theirs), _joined(words), _joined(block.theirs), claim, conflict=False)]


def _kind(mine: Sequence[Word], theirs: Sequence[Word]) -> Kind:
    said = values_in(_joined(mine))
    return kind_of(said[0]) if said and values_in(_joined(theirs)) else "word"


def _is_known(own: Sequence[Word], n: int, theirs: Sequence[Word], known: frozenset[str]) -> bool:
    """Whether the passage has a word of the claim close by, or another form of it in this place."""
    token = own[n]
    figures = [other.text for other in theirs if other.text[0].isdigit()]
    if token.text[0].isdigit() and figures:  # wherever else the passage has that number, here it has another one
        return any(other.endswith(token.text) or token.text.endswith(other) for other in figures)  # 2018-19
    if has_han(token.text):
        pairs = [own[k].text + own[k + 1].text for k in (n - 1, n) if 0 <= k < len(own) - 1]
        return any(pair in known for pair in pairs)
    return token.stem in known or any(_is_form(token.stem, other.stem) for other in theirs)


def _is_form(one: str, other: str) -> bool:
    """Whether two stems are forms of one word: a long common beginning (decide, decision), or one vowel more, less or
    another (colour, color; began, begun)."""
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    if common and Levenshtein.distance(one, other) == 1:
        return one.translate(_NO_VOWELS) == other.translate(_NO_VOWELS)
    return common >= max(4, DERIVED * max(len(one), len(other)))


_NO_VOWELS = str.maketrans("", "", "aeiou")


def _joined(tokens: Sequence[Word]) -> str:
    han = any(has_han(token.text) for token in tokens)
    return ("" if han else " ").join(token.text for token in tokens)
