"""A judge's verdict on one criterion."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ..derived import spent
from ..trajectory import Usage

Level = Literal["not", "partially", "fully"]
"""How far a criterion is met; for a flaw, how far it is there."""
LEVELS: tuple[Level, ...] = ("not", "partially", "fully")
NoLevel = Literal["undecided", "unusable"]
"""undecided: this judge cannot decide; unusable: its reply could not be used. Neither is a verdict."""


class Evidence(BaseModel):
    """Words of the report that a verdict rests on."""

    model_config = ConfigDict(frozen=True)

    quote: str
    """As the report has it where it was found there, else as the judge gave it."""
    found: bool
    """Whether it is in the report, white space and the marks of bold and code aside."""


class CriterionVerdict(BaseModel):
    """One judge's verdict on one criterion in one trial."""

    model_config = ConfigDict(frozen=True)

    rubric: str
    """Id of the criterion."""
    level: Level | NoLevel
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    by: str = ""
    """Name of the model, or "mechanical"."""
    trial: int = 0
    usage: Usage = Usage()
    """Tokens of every request behind it, cached replies included."""
    cost: float | None = 0.0
    """US dollars of the same; None where the price is unknown."""
    requests: int = 0
    """Requests sent now: 0 where every reply came from the cache."""

    @property
    def counts(self) -> bool:
        """Whether it is a verdict: neither undecided nor unusable."""
        return self.level in LEVELS

    @property
    def invented(self) -> bool:
        """Whether it rests on words that are not in the report."""
        return any(not evidence.found for evidence in self.evidence)


def paid(verdicts: Iterable[CriterionVerdict]) -> dict[str, Any]:
    """Tokens, price and requests of all together."""
    every = list(verdicts)
    usage, cost = spent(every)
    return {"usage": usage, "cost": cost, "requests": sum(verdict.requests for verdict in every)}
