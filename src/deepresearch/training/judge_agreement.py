"""How well a judge agrees with labels: for each class, with order and padding changed, and in its own confidence."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from ..judge.reward import bit
from ..judge.verdicts import LEVELS, Level
from .engine import TokenEngine
from .judging import CriterionOpinion, JudgeForm, LabelledReport, padded, reordered

BINS = 10
"""Of probabilities, for the error of calibration."""


class JudgeAgreement(BaseModel):
    """A judge against labels; shares are 0 to 1, None where there is nothing to count."""

    model_config = ConfigDict(frozen=True)

    verdicts: int
    """Criteria with a label."""
    unreadable: float
    """Share of the verdicts that are missing, since the reply had another form; they count as disagreement."""
    level: dict[Level, float | None]
    """Of the criteria with this label, the share with the same verdict."""
    bits: dict[int, float | None]
    """The same of the strict bits: of those that should count 0 and 1."""
    confusion: dict[str, int]
    """How often "label > verdict" came up."""
    order: float | None
    """Share of the verdicts that stay the same with the criteria in another order."""
    padding: float | None
    """The same with another report beside the one that is judged."""
    calibration: float | None
    """Expected calibration error: mean distance of probability and agreement over bins, weighted by their size."""

    @property
    def balanced(self) -> float:
        """Mean over the classes: what always giving the commonest verdict cannot raise."""
        return fmean(share for share in self.level.values() if share is not None)

    def row(self) -> str:
        """One line of a table."""
        shares = [*(self.level[level] for level in LEVELS), self.balanced, self.bits[0], self.bits[1]]
        shares += [self.order, self.padding, self.calibration, self.unreadable]
        return " ".join(f"{'-' if share is None else f'{share:.3f}':>9}" for share in shares)


HEADER = " ".join(
    f"{name:>9}" for name in (*LEVELS, "balanced", "bit 0", "bit 1", "order", "padding", "calibr.", "unread.")
)


async def agreement(
    engine: TokenEngine, form: JudgeForm, items: Sequence[LabelledReport], seed: int = 0
) -> JudgeAgreement:
    """Measure a judge at temperature 0. Raises ModelError."""
    rng = random.Random(f"agreement {seed}")  # noqa: S311  not for secrets
    turned = [reordered(item, rng) for item in items]
    longer = [padded(item, items, rng) for item in items]
    asked = await asyncio.gather(*(form.ask(engine, item) for item in [*items, *turned, *longer]))
    opinions = [
        form.read(reply, len(item.criteria)) for item, reply in zip([*items, *turned, *longer], asked, strict=True)
    ]
    plain, reorder, padding = (opinions[start : start + len(items)] for start in range(0, 3 * len(items), len(items)))
    return summarise(
        items,
        plain,
        _same(items, plain, turned, reorder, lambda item: len(item.criteria) > 1),
        _same(items, plain, longer, padding, lambda item: True),
    )


def summarise(
    items: Sequence[LabelledReport],
    opinions: Sequence[Sequence[CriterionOpinion] | None],
    order: float | None = None,
    padding: float | None = None,
) -> JudgeAgreement:
    """The figures that follow from verdicts; None in the place of a reply that cannot be read."""
    pairs = [
        (label, given[place] if given else None)
        for item, given in zip(items, opinions, strict=True)
        for place, label in enumerate(item.criteria)
    ]
    read = [(label, opinion) for label, opinion in pairs if opinion]
    return JudgeAgreement(
        verdicts=len(pairs),
        unreadable=1 - len(read) / len(pairs) if pairs else 0.0,
        level={
            level: _mean(
                [opinion is not None and opinion.level == level for label, opinion in pairs if label.level == level]
            )
            for level in LEVELS
        },
        bits={
            value: _mean(
                [
                    opinion is not None and bit(label, opinion.level) == value
                    for label, opinion in pairs
                    if bit(label, label.level) == value
                ]
            )
            for value in (0, 1)
        },
        confusion=dict(
            Counter(f"{label.level} > {opinion.level if opinion else 'unreadable'}" for label, opinion in pairs)
        ),
        order=order,
        padding=padding,
        calibration=_calibration([(opinion.probability, opinion.level == label.level) for label, opinion in read]),
    )


def _same(
    items: Sequence[LabelledReport],
    plain: Sequence[Sequence[CriterionOpinion] | None],
    changed: Sequence[LabelledReport],
    given: Sequence[Sequence[CriterionOpinion] | None],
    applies: Callable[[LabelledReport], bool],
) -> float | None:
    """Share of the verdicts on the changed items that are those on the items; unreadable ones are not the same."""
    same = []
    for item, first, other, second in zip(items, plain, changed, given, strict=True):
        if not applies(item):
            continue
        before = dict(zip((one.criterion for one in item.criteria), first or (), strict=False))
        after = dict(zip((one.criterion for one in other.criteria), second or (), strict=False))
        for one in item.criteria:
            a, b = before.get(one.criterion), after.get(one.criterion)
            same.append(a is not None and b is not None and a.level == b.level)
    return _mean(same)


def _calibration(pairs: Sequence[tuple[float, bool]]) -> float | None:
    bins: dict[int, list[tuple[float, bool]]] = {}
    for probability, agrees in pairs:
        bins.setdefault(min(int(probability * BINS), BINS - 1), []).append((probability, agrees))
    if not pairs:
        return None
    return sum(abs(sum(p - agrees for p, agrees in found)) for found in bins.values()) / len(pairs)


def _mean(values: Sequence[bool]) -> float | None:
    return fmean(values) if values else None
