"""Pairwise judgements counted: wins and ties of one system over another, and a judge against known labels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from deepresearch.judge.comparison import Side


@dataclass(frozen=True)
class Tally:
    """Comparisons of one system with another, seen from the first."""

    win: int
    tie: int
    loss: int

    @property
    def n(self) -> int:
        return self.win + self.tie + self.loss

    @property
    def non_inferior(self) -> float | None:
        """Share of wins and ties."""
        return (self.win + self.tie) / self.n if self.n else None

    @property
    def share(self) -> float | None:
        """Wins and half the ties."""
        return (self.win + self.tie / 2) / self.n if self.n else None


def tally(sides: Sequence[Side | None]) -> Tally:
    """Count from a's side; comparisons without a verdict are left out."""
    return Tally(sides.count("a"), sides.count("tie"), sides.count("b"))


@dataclass(frozen=True)
class Accuracy:
    """A pairwise judge against known labels. Choices that cannot be used count as wrong."""

    n: int
    straight: int
    """Right with the pair as it is."""
    swapped: int
    """Right with the pair swapped."""
    both: int
    same: int
    """Pairs on which both orders give the same, right or wrong."""
    unusable: int
    """Choices that could not be read, of 2 n."""

    @property
    def mean(self) -> float:
        """Mean accuracy of both orders."""
        return (self.straight + self.swapped) / (2 * self.n) if self.n else math.nan


def accuracy(choices: Sequence[tuple[Side | None, Side | None]], labels: Sequence[Side]) -> Accuracy:
    """How well choices (as it is, swapped; both naming a or b of the pair as it is) meet `labels`."""
    pairs = list(zip(choices, labels, strict=True))
    return Accuracy(
        n=len(pairs),
        straight=sum(straight == label for (straight, _), label in pairs),
        swapped=sum(swapped == label for (_, swapped), label in pairs),
        both=sum(straight == swapped == label for (straight, swapped), label in pairs),
        same=sum(straight == swapped for straight, swapped in choices),
        unusable=sum(choice is None for pair in choices for choice in pair),
    )
