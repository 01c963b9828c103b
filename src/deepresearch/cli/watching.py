"""What a person sees while a run goes on: the plan, what is being looked for and read, what is left of the budget."""

import time
from collections import Counter

from ..agent.budget import BudgetTracker
from ..agent.drafting import STEP
from ..settings import BudgetSettings
from ..trajectory import (
    Answered,
    BudgetReached,
    BudgetWarned,
    Call,
    Event,
    Observation,
    PlanProposed,
    RunFailed,
    RunFinished,
    RunPaused,
    Turn,
    UserSteered,
    Verified,
    ViewCompacted,
)
from .terminal import clip, say

WIDTH = 100
LANDING = "Writing the report with what there is."
TITLES = 3
"""Titles named per result."""
LONGEST_FAILURE = 2_000
"""Characters of what failed and why: where no source answered, each has its own reason."""


class Watcher:
    """Prints each event as a line or two on standard error."""

    def __init__(self, limits: BudgetSettings, budget: BudgetTracker) -> None:
        self.limits = limits
        self.budget = budget
        self._began = time.time()
        self._told: set[tuple[str, str]] = set()

    def __call__(self, event: Event) -> None:
        for line in self._lines(event):
            say(line)

    def _lines(self, event: Event) -> list[str]:  # noqa: PLR0912  one case an event type
        match event:
            case Turn():
                said = [f"    {clip(event.text, WIDTH)}"] if event.text.strip() else []
                return said + [f"{self._left()} {describe(call)}" for call in event.calls]
            case Observation(call=None):
                return [f"    {_note(event)}"]
            case Observation():
                return [f"    {outcome(event)}", *self._failed(event)]
            case Answered():
                why = [f"    {clip(event.chosen, LONGEST_FAILURE)}"] if event.chosen else []
                return [*why, f"{self._left()} report written, {len(event.text)} characters"]
            case Verified():
                return [f"    {_checked(event)}"]
            case PlanProposed():
                return ["Plan:", *(f"    {line}" for line in event.text.splitlines())]
            case BudgetWarned():
                return [f"Limit near: {event.used:.3g} of {event.of:g} {event.limit}."]
            case BudgetReached():
                return [f"Limit: {event.used:.3g} of {event.of:g} {event.limit}. {LANDING}"]
            case UserSteered(finish_early=True):
                return [f"{LANDING} (Ctrl-C once more to stop.)"]
            case ViewCompacted():
                return [f"    (View compacted from {event.tokens_before} to {event.tokens_after} tokens.)"]
            case RunPaused():
                return [f"Paused ({event.reason})."]
            case RunFailed():
                return [f"Failed: {event.message}"]
            case RunFinished():
                return [f"Finished: {event.reason}, {self._left()}"]
            case _:
                return []

    def _failed(self, result: Observation) -> list[str]:
        """What some of the sources that were asked failed of, each reason once in a run."""
        data = result.data or {}
        asked = [one for name in ("queries", "references") for one in data.get(name, []) if isinstance(one, dict)]
        failed = [pair for one in asked for pair in (one.get("failed") or {}).items()]
        new = [pair for pair in dict.fromkeys(failed) if pair not in self._told]
        self._told.update(new)
        return [f"    No answer: {name}: {clip(str(why), LONGEST_FAILURE)}" for name, why in new]

    def _left(self) -> str:
        uses = [use for use in self.budget.uses(self.limits, time.time()) if not use.limit.startswith("identical")]
        return "[" + " · ".join(f"{use.used:.4g}/{use.of:g} {use.limit}" for use in uses) + "]"


def _note(note: Observation) -> str:
    """What the loop tells the policy, in a line: the passages that it shows with it are not for a person's screen."""
    if not note.reason.startswith(STEP):
        return f"Sent back: {note.shown.partition(chr(10))[0]}"
    at = note.data or {}
    section = f" {at['number'] + 1} of {at['of']}" if "number" in at and "of" in at else ""
    return f"Drafting: {note.reason.removeprefix(STEP)}{section}"


def _checked(check: Verified) -> str:
    counts = Counter(verdict.level for verdict in check.citations)
    others = "".join(f", {n} {level}" for level, n in counts.items() if level != "supports")
    bare = f", {len(check.uncited)} statements cite nothing" if check.uncited else ""
    return f"Citations checked: {counts['supports']} of {len(check.citations)} support their sentence{others}{bare}"


def describe(call: Call) -> str:
    """A call in a few words."""
    arguments = dict(call.arguments or {})
    action = str(arguments.pop("action", "") or "")
    words = [_words(value) for value in arguments.values()]
    return clip(f"{call.tool} {action} {' · '.join(word for word in words if word)}", WIDTH)


def _words(value: object) -> str:
    if isinstance(value, list):
        return " · ".join(_words(item) for item in value)
    if isinstance(value, dict):
        return " ".join(_words(item) for item in value.values())
    return value if isinstance(value, str) else ""


def outcome(result: Observation) -> str:
    """A result in a few words."""
    if result.status not in ("ok", "empty"):
        return f"{result.status}: {clip(result.shown, LONGEST_FAILURE)}"
    if result.status == "empty":
        return "nothing found"
    if result.tool == "batch_web_surfer" and not result.passages:
        return "nothing new"
    if result.passage_ids:
        titles = list(dict.fromkeys(passage.title for passage in result.passages))
        more = f" and {len(titles) - TITLES} more" if len(titles) > TITLES else ""
        count = len(result.passage_ids)
        return clip(f"{count} passage{'s' * (count > 1)}: {'; '.join(titles[:TITLES])}{more}", WIDTH)
    return clip(result.shown, WIDTH)
