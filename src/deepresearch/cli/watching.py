"""What a person sees during a run: the plan, what is being looked for and read, what is left of the budget."""

import time
from collections import Counter

from ..agent.budget import BudgetTracker
from ..agent.drafting import STEP
from ..settings import BudgetSettings
from ..text.characters import one_line
from ..text.labels import labels_for
from ..trajectory import (
    Answered,
    BudgetReached,
    BudgetWarned,
    Call,
    Event,
    Observation,
    PlanProposed,
    PolicyChanged,
    RunFailed,
    RunFinished,
    RunPaused,
    Turn,
    UserSteered,
    Verified,
    ViewCompacted,
)
from .phrases import phrases
from .terminal import say

WIDTH = 100
TITLES = 3
"""Most titles named for one result."""
LONGEST_FAILURE = 2_000
"""Characters of what failed and why: where no source answered, each has its own reason."""


class Watcher:
    """Prints each event as a line or two on standard error."""

    def __init__(self, limits: BudgetSettings, budget: BudgetTracker, language: str = "en") -> None:
        self.limits = limits
        self.phrases = phrases(language)
        self.labels = labels_for(language)
        self.budget = budget
        self._reported: set[tuple[str, str]] = set()

    def __call__(self, event: Event) -> None:
        for line in self._lines(event):
            say(line)

    def _lines(self, event: Event) -> list[str]:  # noqa: C901, PLR0912  one case an event type
        match event:
            case Turn():
                noticed = [f"    {one_line(note, LONGEST_FAILURE)}" for note in event.notes]
                text = event.text.strip()
                # Without calls it is the plan or the report, which come as events of their own.
                lines = [f"    {one_line(self._word(text), WIDTH)}"] if text and event.calls else []
                return noticed + lines + [f"{self._left()} {self._describe(call)}" for call in event.calls]
            case Observation(call=None):
                return [f"    {self._note(event)}"]
            case Observation():
                return self._result(event)
            case Answered():
                why = [f"    {one_line(text, LONGEST_FAILURE)}" for text in (event.chosen, event.reason) if text]
                return [*why, self._say("written", left=self._left(), count=len(event.text))]
            case Verified():
                return [f"    {self._checked(event)}"]
            case PlanProposed():
                lines = event.text.replace("**", "").splitlines()
                return [self._say("plan"), *(f"    {line}".rstrip() for line in lines)]
            case BudgetWarned():
                return [self._reached("near", event)]
            case BudgetReached():
                return [self._reached("limit", event)]
            case UserSteered(finish_early=True):
                return [self._say("early")]
            case ViewCompacted():
                name = "withdrawn" if event.withdrawn else "compacted"
                numbers = {"before": event.tokens_before, "after": event.tokens_after, "count": len(event.withdrawn)}
                return ["    " + self._say(name, **numbers)]
            case PolicyChanged():
                return [self._say("policy", policy=event.policy, reason=event.reason)]
            case RunPaused():
                return [self._say("paused", reason=self._word(event.reason))]
            case RunFailed():
                return [self._say("failed", message=event.message)]
            case RunFinished():
                return [self._say("finished", reason=self._word(event.reason), left=self._left())]
            case _:
                return []

    def _reached(self, phrase: str, event: BudgetWarned | BudgetReached) -> str:
        return self._say(phrase, used=_amount(event.used), of=_amount(event.of), limit=self._word(event.limit))

    def _result(self, result: Observation) -> list[str]:
        if result.tool == "todo" and result.status == "ok":
            return []  # the call has been printed already
        return [f"    {self._outcome(result)}", *self._failed(result)]

    def _failed(self, result: Observation) -> list[str]:
        """Why some of the sources failed, each reason once in a run."""
        data = result.data or {}
        asked = [one for name in ("queries", "references") for one in data.get(name, []) if isinstance(one, dict)]
        failed = [pair for one in asked for pair in (one.get("failed") or {}).items()]
        new = [pair for pair in dict.fromkeys(failed) if pair not in self._reported]
        self._reported.update(new)
        return [
            f"    {self._say('no_answer', name=name, why=one_line(str(why), LONGEST_FAILURE))}" for name, why in new
        ]

    def _left(self) -> str:
        uses = [use for use in self.budget.uses(self.limits, time.time()) if not use.limit.startswith("identical")]
        return "[" + " · ".join(f"{_amount(use.used)}/{_amount(use.of)} {self._word(use.limit)}" for use in uses) + "]"

    def _word(self, word: str) -> str:
        return self.phrases.of("words", word, word)

    def _describe(self, call: Call) -> str:
        """A call in a few words."""
        arguments = dict(call.arguments or {})
        action = str(arguments.pop("action", "") or "")
        words = [_words(value) for value in arguments.values()]
        what = " · ".join(word for word in words if word)
        known = self.phrases.of("calls", action) or self.phrases.of("calls", call.tool)
        return one_line(known.format(what=what) if known else f"{call.tool} {action} {what}", WIDTH)

    def _say(self, phrase: str, **values: object) -> str:
        return str(getattr(self.phrases, phrase)).format(**values)

    def _note(self, note: Observation) -> str:
        """The loop's note to the policy, in a line, without the passages that it shows with it."""
        if not note.reason.startswith(STEP):
            return self._say("sent_back", line=note.shown.partition("\n")[0])
        at = note.data or {}
        section = f" {at['number'] + 1}/{at['of']}" if "number" in at and "of" in at else ""
        return self._say("drafting", step=note.reason.removeprefix(STEP) + section)

    def _checked(self, check: Verified) -> str:
        counts = Counter(verdict.level for verdict in check.citations)
        line = (
            self._say("checked", good=counts["supports"], all=len(check.citations)) if counts else self._say("uncited")
        )
        for level, count in counts.items():
            line += (
                self._say("level", level=self.labels.of("levels", level), count=count) if level != "supports" else ""
            )
        return line + (self._say("bare", count=len(check.uncited)) if check.uncited else "")

    def _outcome(self, result: Observation) -> str:
        """A result in a few words."""
        if result.status not in ("ok", "empty"):
            known = (result.tool, result.shown) in self._reported
            self._reported.add((result.tool, result.shown))
            return f"{result.status}: {one_line(result.shown, WIDTH if known else LONGEST_FAILURE)}"
        if result.status == "empty":
            return self._say("nothing")
        if result.tool == "batch_web_surfer" and not result.passages:
            return self._say("nothing_new")
        if count := len(result.passage_ids):
            titles = list(dict.fromkeys(passage.title for passage in result.passages))
            more = self._say("more", count=len(titles) - TITLES) if len(titles) > TITLES else ""
            phrase = "passage" if count == 1 else "passages"
            return one_line(self._say(phrase, count=count, titles="; ".join(titles[:TITLES]) + more), WIDTH)
        return one_line(result.shown, WIDTH)


def _amount(number: float) -> str:
    """Counts in full; minutes and money to two decimals, or to one digit where that would be nothing."""
    return f"{number:.0f}" if number % 1 == 0 else f"{number:.1g}" if abs(number) < 0.01 else f"{round(number, 2):g}"


def _words(value: object) -> str:
    if isinstance(value, list):
        return " · ".join(_words(item) for item in value)
    if isinstance(value, dict):
        done = "✓ " * (value.get("status") == "done")
        return done + " ".join(_words(item) for name, item in value.items() if name not in ("id", "status", "note"))
    return value if isinstance(value, str) else ""
