"""What a check finds wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...text.language import detect_language

Kind = Literal["quote", "number", "date", "name", "negation", "hedge", "scope", "direction", "word"]


@dataclass(frozen=True)
class Fault:
    """One thing in a claim that its passage does not support."""

    kind: Kind
    words: str
    """The words of the claim."""
    reason: str
    """For people, in Chinese for a claim in Chinese: what was looked for and what the passage has instead."""
    conflict: bool = False
    """The passage says something else about the same; otherwise it says nothing about it."""


def in_chinese(claim: str) -> bool:
    """Whether what is said of a claim is to be said in Chinese."""
    return detect_language(claim) == "zh"


_CHINESE = {"number": "数字", "date": "日期", "name": "名称"}


def missing(kind: Literal["number", "date", "name"], words: str, instead: Sequence[str], claim: str) -> str:
    """The reason of a fault: the passage does not give `words` of `claim`, but perhaps `instead`."""
    if in_chinese(claim):
        return f"段落中没有{_CHINESE[kind]}{words}" + (f"，而是{'、'.join(instead)}" if instead else "")
    if kind == "name":
        return f"the passage does not name {words}"
    return f"the passage does not give the {kind} {words}" + (f"; it has {', '.join(instead)}" if instead else "")


def instead(kind: Kind, words: str, other: str, claim: str, conflict: bool = True) -> Fault:
    """A fault of a claim that has `words` where its passage has `other`, or "" for nothing like it."""
    if in_chinese(claim):
        return Fault(kind, words, f"该句说“{words}”，段落{f'说“{other}”' if other else '没有这样说'}", conflict)
    return Fault(
        kind, words, f"the claim says “{words}”, the passage {f'“{other}”' if other else 'does not'}", conflict
    )


def left_out(kind: Kind, words: str, claim: str) -> Fault:
    """A fault of a claim without `words` of its passage that limit what it says."""
    chinese = f"段落说“{words}”，该句略去了这一限定"
    return Fault(kind, words, chinese if in_chinese(claim) else f"the passage says “{words}”, the claim does not")
