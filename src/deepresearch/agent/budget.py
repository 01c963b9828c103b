"""Limits on turns, tool calls, tokens, money and minutes, with a reserve for the answer.

What has been spent is derived from the events, so a resumed run continues with what is left.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ..derived import PAID, counts_as_turn
from ..settings import BudgetSettings
from ..trajectory import (
    BudgetReached,
    BudgetWarned,
    Call,
    Event,
    Judged,
    Observation,
    PlanApproved,
    PolicyChanged,
    RunFinished,
    RunResumed,
    RunStarted,
    Turn,
    UserSteered,
)

WARN_AT = (0.5, 0.8)
"""Shares of a limit at which the policy is warned."""
MOST_TURNS_KEPT = 3
CIRCLES, UNUSABLE = "identical calls with the same result", "unusable replies in a row"
"""Names of the limits that no setting sets; resuming a run lifts them, since something has changed."""
REPEATS = 5
"""Identical calls with identical results after which the run counts as going in circles."""
UNUSABLE_REPLIES = 3
"""Replies in a row that cannot be used, after which the attempt ends."""


@dataclass(frozen=True)
class Use:
    """One limit and what of it is used, in its own unit."""

    limit: str
    used: float
    of: float
    kept: float
    """What is reserved for the answer."""

    @property
    def reached(self) -> bool:
        return self.used + self.kept >= self.of


class BudgetTracker:
    """What a run has used so far; `apply` each event once, in order."""

    def __init__(self) -> None:
        self._policy = ""
        self.turns = 0
        self.tool_calls = 0
        self.tokens = 0
        self.cost = 0.0
        self.seconds = 0.0
        self.reached: BudgetReached | None = None
        self.finish_early: UserSteered | None = None
        """A person's wish for the report now."""
        self._last_time: float | None = None
        self._last_tokens = 0
        self._last_cost = 0.0
        self._warned: dict[str, int] = {}
        self._open: dict[str, Call] = {}
        self._outcomes: Counter[int] = Counter()
        self._identical = 0

    def apply(self, event: Event) -> None:
        """Take one more event into account."""
        self._policy = event.policy if isinstance(event, RunStarted | PolicyChanged) else self._policy
        if self._last_time is not None and not isinstance(event, RunResumed | PlanApproved | Judged):  # waiting is free
            self.seconds += max(0.0, event.time - self._last_time)
        self._last_time = event.time
        if isinstance(event, PAID):
            tokens, cost = event.usage.input + event.usage.output, event.cost or 0.0
            self.tokens += tokens
            self.cost += cost
        match event:
            case Turn():
                self.turns += counts_as_turn(event, self._policy)
                self._last_tokens, self._last_cost = tokens, cost
                self._open = {call.id: call for call in event.calls}
            case Observation(call=str(name)):
                self.tool_calls += event.status != "denied"
                self._compare(name, event)
            case BudgetWarned():
                self._warned[event.limit] = warning_level(event.used, event.of)
            case BudgetReached():
                self.reached = event
            case UserSteered(finish_early=True):
                self.finish_early = event
            case RunFinished():
                self.finish_early = None
            case RunResumed(settings=changes):
                self._outcomes.clear()
                self._identical = 0
                if self.reached and ("budget" in changes or self.reached.limit in (CIRCLES, UNUSABLE)):
                    self.reached = None
            case _:
                pass

    def _compare(self, name: str, result: Observation) -> None:
        if call := self._open.get(name):
            outcome = hash((call_key(call), result.status, result.shown))
            self._outcomes[outcome] += 1
            self._identical = max(self._identical, self._outcomes[outcome])

    @property
    def due_since(self) -> int | None:
        """Number of the event since which the report is due: a limit, or a person's wish; None: it is not."""
        return min((event.seq for event in (self.reached, self.finish_early) if event), default=None)

    def tool_calls_left(self, limits: BudgetSettings) -> int | None:
        """Calls that may still be made; None: no limit."""
        return None if limits.tool_calls is None else max(0, limits.tool_calls - self.tool_calls)

    def uses(self, limits: BudgetSettings, now: float) -> Iterator[Use]:
        """Every limit in force. `now`: seconds since the epoch."""
        share = limits.reserve
        kept_turns = min(MOST_TURNS_KEPT, max(1, int(limits.turns * share)))
        yield Use("turns", self.turns, limits.turns, kept_turns)
        if limits.tool_calls is not None:
            yield Use("tool calls", self.tool_calls, limits.tool_calls, 0)
        # Each request carries the whole view again, so the answer costs about as much as the newest turn did,
        # and so does the turn that would come before it.
        if limits.tokens is not None:
            yield Use("tokens", self.tokens, limits.tokens, max(limits.tokens * share, 2.0 * self._last_tokens))
        if limits.cost is not None:
            yield Use("dollars", self.cost, limits.cost, max(limits.cost * share, 2.0 * self._last_cost))
        if limits.minutes is not None:
            idle = max(0.0, now - self._last_time) if self._last_time is not None else 0.0
            yield Use("minutes", (self.seconds + idle) / 60, limits.minutes, limits.minutes * share)
        yield Use(CIRCLES, self._identical, REPEATS, 0)

    def has_spare(self, limits: BudgetSettings, now: float) -> bool:
        """Whether there is room for work that the report can do without: no limit is reached or near."""
        near = (use.reached or warning_level(use.used, use.of) == len(WARN_AT) for use in self.uses(limits, now))
        return self.reached is None and not any(near)

    def check(self, limits: BudgetSettings, failures: int, now: float) -> list[BudgetWarned | BudgetReached]:
        """The warnings due now; none once a limit has been reached. `failures`: unusable replies in a row."""
        if self.reached:
            return []
        warnings: list[BudgetWarned | BudgetReached] = []
        for use in [*self.uses(limits, now), Use(UNUSABLE, failures, UNUSABLE_REPLIES, 0)]:
            used = round(use.used, 4)
            if use.reached:
                return [BudgetReached(limit=use.limit, used=used, of=use.of)]
            if warning_level(use.used, use.of) > self._warned.get(use.limit, 0):
                warnings.append(BudgetWarned(limit=use.limit, used=used, of=use.of))
        return warnings


def warning_level(used: float, of: float) -> int:
    """How many of the warning thresholds have been passed."""
    return sum(used >= of * share for share in WARN_AT)


def call_key(call: Call) -> str:
    """The same text for the same call."""
    return f"{call.tool} {sorted((call.arguments or {}).items())!r} {call.raw if call.arguments is None else ''}"
