"""What a check finds wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...text.labels import labels_for
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


def say(claim: str, name: str, **values: str) -> str:
    """A text of labels.toml about `claim`, in Chinese for a claim in Chinese."""
    labels = labels_for("zh" if detect_language(claim) == "zh" else "en", __package__)
    return str(getattr(labels, name)).format(**values)


def missing(kind: Literal["number", "date", "name"], words: str, others: Sequence[str], claim: str) -> str:
    """The reason of a fault: the passage does not give `words` of `claim`, but perhaps `others`."""
    lacking = say(claim, f"no_{kind}", words=words)
    return lacking + say(claim, "but", others=say(claim, "comma").join(others)) if others else lacking


def instead(kind: Kind, words: str, other: str, claim: str, conflict: bool = True) -> Fault:
    """A fault of a claim that has `words` where its passage has `other`, or "" for nothing like it."""
    return Fault(kind, words, say(claim, "instead" if other else "not_said", words=words, other=other), conflict)


def left_out(kind: Kind, words: str, claim: str) -> Fault:
    """A fault of a claim without `words` of its passage that limit what it says."""
    return Fault(kind, words, say(claim, "left_out", words=words))
