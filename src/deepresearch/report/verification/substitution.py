"""A word of the passage exchanged: the claim repeats a sentence almost wholly, but has another word in one place."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import Indel

from ...text.characters import HAN, normalise
from ...text.terms import content_terms, tokenise
from .faults import Fault, in_chinese
from .reading import Reading

ALMOST = 0.7
"""Share of the claim's content words that one sentence has in the same order from which it repeats that sentence."""
LONGER = 1
"""Tokens by which what stands in one place may differ in length; beyond that something was put in or left out."""
AROUND = 3
"""Tokens that both have right before and after the place."""
BESIDE = 1
"""Sentences before and after the repeated one whose words the claim may have taken up."""
DERIVED = 0.6
"""Part of the longer of two stems from which a common beginning makes them forms of one word (decision, decide)."""

_TOKEN = re.compile(rf"\d[\d.,]*\d(?!\w)|[^\W_{HAN}]+(?:'[a-z]+)?|[{HAN}]|[,;:.!?()]")
_HAN = re.compile(f"[{HAN}]")
_HAN_FUNCTION = frozenset(
    "的了着著过過是在于於和与與及或而且但并並也亦都就才又还還再被把将將对對为為以因由从從自到至向给給等这這那其此该該之所则則即若"
    "如便却卻使让讓很更最称稱曾已有"
)


@dataclass(frozen=True)
class _Token:
    text: str
    key: str
    """What makes two tokens the same: the stem of a word, a Chinese character."""
    content: bool


@lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[_Token, ...]:
    found = []
    for match in _TOKEN.finditer(normalise(text)):
        word = match.group()
        if _HAN.match(word):
            found.append(_Token(word, word, word not in _HAN_FUNCTION))
        else:
            stem = (tokenise(word) or [word])[-1]
            found.append(_Token(word, stem, word.isalpha() and bool(set(content_terms(f"{word} x")) - {"x"})))
    return tuple(found)


def check(claim: Reading, passage: Reading, sentences: Sequence[int]) -> list[Fault]:
    """A fault for each content word that the claim has in the place of another one of the sentence that it repeats.

    sentences: indexes of those of the passage that the claim may repeat. A word that is only put in or left out is no
    fault, nor another form of the same word, nor one that the title, the sentence or one beside it has elsewhere.
    """
    own = _tokens(claim.text)
    needed = sum(token.content for token in own)
    best: tuple[float, list[Fault]] = (0.0, [])
    for index in sentences:
        blocks, same = _aligned(own, _tokens(passage.sentences[index].text))
        share = same / needed if needed else 0.0
        if share >= ALMOST and share > best[0]:
            near = [s.text for s in passage.sentences[max(0, index - BESIDE) : index + BESIDE + 1]]
            known = frozenset(tokenise("\n".join([passage.title, *near])))
            best = share, [f for block in blocks for f in _substituted(own, block, known, claim.text)]
    return best[1]


@dataclass(frozen=True)
class _Block:
    """A place of the claim where the sentence has something else."""

    start: int
    end: int
    theirs: tuple[_Token, ...]
    around: int
    """Tokens right before and after it that both have."""


def _aligned(own: Sequence[_Token], other: Sequence[_Token]) -> tuple[list[_Block], int]:
    """Where two sentences differ between the tokens that they have in the same order, and how many content tokens
    these are."""
    blocks: list[_Block] = []
    same = a = b = before = 0
    steps = [s for s in Indel.opcodes([t.key for t in own], [t.key for t in other]) if s.tag == "equal"]
    for step in steps:
        same += sum(token.content for token in own[step.src_start : step.src_end])
        run = step.src_end - step.src_start
        blocks.append(_Block(a, step.src_start, tuple(other[b : step.dest_start]), before + run))
        a, b, before = step.src_end, step.dest_end, run
    blocks.append(_Block(a, len(own), tuple(other[b:]), before))
    return blocks, same


def _substituted(own: Sequence[_Token], block: _Block, known: frozenset[str], claim: str) -> list[Fault]:
    """A fault if the claim has words of its own in a place for about as many of the sentence."""
    mine = [n for n in range(block.start, block.end) if own[n].content]
    instead = [token for token in block.theirs if token.content]
    if not mine or not instead or block.around < AROUND or abs(len(block.theirs) - block.end + block.start) > LONGER:
        return []
    new = [n for n in mine if not _is_known(own, n, instead, known)]
    if not new:
        return []
    words = _joined(own[new[0] : new[-1] + 1])
    other = _joined(block.theirs)
    if in_chinese(claim):
        reason = f"该句说“{words}”，段落在同一处说“{other}”"
    else:
        reason = f"the claim says “{words}” where the passage says “{other}”"
    return [Fault("word", words, reason)]


def _is_known(own: Sequence[_Token], n: int, instead: Sequence[_Token], known: frozenset[str]) -> bool:
    """Whether the passage has a word of the claim close by, or another form of it in this place."""
    token = own[n]
    if _HAN.match(token.text):
        pairs = [own[k].text + own[k + 1].text for k in (n - 1, n) if 0 <= k < len(own) - 1]
        return any(pair in known for pair in pairs)
    return token.key in known or any(_is_form(token.key, other.key) for other in instead)


def _is_form(one: str, other: str) -> bool:
    common = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return common >= max(4, DERIVED * max(len(one), len(other)))


def _joined(tokens: Sequence[_Token]) -> str:
    han = any(_HAN.match(token.text) for token in tokens)
    return ("" if han else " ").join(token.text for token in tokens)
