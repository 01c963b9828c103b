"""Reflection: a wrong answer is met by a hint, the history stays, and what ends right is kept without the hint.

The hint never enters the record: it is given between the loop and the teacher, who sees its wrong report, then the
hint; the record has the wrong report as the beginning of the turn that continues it. What the teacher writes after a
hint may still repeat or mention it, so that is searched for, in texts, arguments and token ids.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ..agent.export import to_sft
from ..derived import registered
from ..judge.short_answer import short_answer
from ..policy import Policy, View
from ..settings import Settings
from ..text.characters import normalise
from ..text.names import is_named
from ..trajectory import Call, Turn, UserSteered, parse_event
from ..web.search import SearchProvider
from .data_files import Card
from .generation import Progress, Rejected, change_records, task_of, words_of
from .oracle import SHOWN, SURFER, Oracle
from .records import DataCard, SyntheticTask
from .rollouts import RolloutOptions, is_correct, open_pool
from .samples import Sample, all_texts, ngrams, tokens

MOST_TRIES = 3
GRAM = {"en": 4, "zh": 8}
"""Words, or Chinese characters, in a row that give a hint away."""
_MENTIONS = re.compile(words_of("patterns", "en")["mention of a hint"], re.IGNORECASE)


@dataclass
class Reflecting:
    """A teacher who learns that a report is wrong, and continues; for the loop it is one turn."""

    teacher: Policy
    task: SyntheticTask
    hints: list[str] = field(default_factory=list)
    """Those given so far."""

    def __post_init__(self) -> None:
        self.name, self.revises = self.teacher.name, self.teacher.revises
        self._wrong: list[tuple[str, str, str]] = []
        """(text of the recorded turn, its wrong report, the hint)."""
        self.guessed = False
        """Whether a hint was answered by another report at once, without any research."""

    @property
    def wrong_reports(self) -> list[str]:
        """The reports that hints were given for, as far as research followed."""
        return [report for _, report, _ in self._wrong]

    @property
    def since(self) -> str:
        """Text of the first recorded turn that was written after a hint."""
        return self._wrong[0][0] if self._wrong else ""

    async def close(self) -> None:
        """Close the teacher."""
        await self.teacher.close()

    async def decide(self, view: View) -> Turn:
        """The teacher's turn; where that is a wrong report, what the teacher does after a hint, in one turn with it."""
        turn = await self.teacher.decide(self._with_hints(view))
        if self._wrong:
            turn = _without_ids(turn)
        while view.phase == "work" and not turn.calls and len(self.hints) < MOST_TRIES - 1:
            if is_correct(turn.text, self.task):
                break
            self.hints.append(self._hint(turn.text))
            events = [*self._with_hints(view).events, turn, UserSteered(text=self.hints[-1])]
            said = [{"role": "assistant", "content": turn.text}, {"role": "user", "content": self.hints[-1]}]
            after = await self.teacher.decide(
                replace(view, events=events, messages=[*self._with_hints(view).messages, *said])
            )
            text = f"{turn.text}\n\n{after.text}".strip()
            if not after.calls:
                self.guessed = True
                return _without_ids(after)
            self._wrong.append((text, turn.text, self.hints[-1]))
            turn = _without_ids(after.model_copy(update={"text": text}))
        return turn

    def _hint(self, report: str) -> str:
        words: list[str] = words_of("reflection", self.task.language)["hints"]
        step = self.task.plan[-1] if self.task.plan else self.task.question
        return words[min(len(self.hints), len(words) - 1)].format(step)

    def _with_hints(self, view: View) -> View:
        """The history as the teacher knows it: each wrong report with the hint behind it."""
        known = {text: (report, hint) for text, report, hint in self._wrong}
        messages: list[dict[str, Any]] = []
        for message in view.messages:
            if message["role"] == "assistant" and message.get("content") in known:
                report, hint = known[message["content"]]
                rest = message["content"][len(report) :].strip()
                messages += [{"role": "assistant", "content": report}, {"role": "user", "content": hint}]
                messages.append({**message, "content": rest})
            else:
                messages.append(message)
        events: list[Any] = []
        for event in view.events:
            if isinstance(event, Turn) and event.text in known:
                events.append(UserSteered(text=known[event.text][1]))
            events.append(event)
        return replace(view, messages=messages, events=events)


def _without_ids(turn: Turn) -> Turn:
    """Without token ids and the endpoint's own fields: their prompt had a hint in it."""
    return turn.model_copy(update={"sample": None, "wire": {}})


def hint_traces(record: Sample, hints: Sequence[str], language: str, since: str) -> list[str]:
    """What in a kept run comes from a hint; none: it is proved absent. since: text of the first turn after a hint.

    Looked at are all texts and calls of the events, the messages that are trained on, and token ids. Words in a row
    count only where they are in nothing that the run itself had before: question, own texts, results.
    """
    length = GRAM["zh" if language == "zh" else "en"]
    hinted = {gram for hint in hints for gram in ngrams(tokens(hint), length)}
    seen = set(ngrams(tokens(record["question"]), length))
    found: list[str] = []
    is_after = False
    for event in record["events"] if hints else []:
        is_after = is_after or event.get("text") == since
        if event["type"] == "user.steered" or (is_after and event.get("sample")):
            found.append("a message" if event["type"] == "user.steered" else "token ids sampled after a hint")
        for text in _texts(event):
            grams = set(ngrams(tokens(text), length))
            if is_after and event["type"] in ("turn", "answered"):
                found += [" ".join(gram) for gram in sorted(grams & hinted - seen)]
                found += [match[0] for match in _MENTIONS.finditer(text)]
            seen |= grams
    if hints:
        samples = to_sft([parse_event(event) for event in record["events"]])
        trained = [str(message) for sample in samples for message in sample["messages"]]
        found += [hint for hint in hints for text in (*trained, *all_texts(record)) if hint in text]
    return list(dict.fromkeys(found))


def _texts(event: Sample) -> Iterator[str]:
    yield from (str(event[key]) for key in ("text", "reasoning", "shown") if event.get(key))
    yield from (str(call.get("arguments")) for call in event.get("calls", []))


class SlippingOracle(Oracle):
    """The teacher without a model: stops early with a near miss, and, told so, finds out what it had not."""

    name = "slips"

    async def decide(self, view: View) -> Turn:
        """A wrong report from what the first steps show; after a hint the rest of the plan."""
        hinted = any(isinstance(event, UserSteered) for event in view.events)
        wrong = self._near_miss()
        names = [self._task.answer, *self._task.aliases]
        last = max((passage.step for passage in self._task.evidence), default=0)
        first = [
            p for p in self._task.evidence if p.step < last and not any(is_named(n, normalise(p.fact)) for n in names)
        ]
        if view.phase != "work" or not wrong or not first:
            return await super().decide(view)
        shown = registered(view.events)
        if not hinted:
            whole, self._task = self._task, self._task.model_copy(update={"evidence": first, "answer": wrong})
            try:
                return await super().decide(view)
            finally:
                self._task = whole
        turn = await super().decide(view)
        if isinstance(view.events[-1], UserSteered):
            missing = [p for p in self._task.evidence if p.passage not in shown]
            if not turn.calls:  # all was shown already: look at the near miss itself
                query = f"{wrong} {self._task.evidence[-1].query}"[:500]
                call = Call(id="", tool=SURFER, arguments={"action": "batch_search", "queries": [query], "k": SHOWN})
                turn = turn.model_copy(update={"calls": [call], "finish": "tool_calls"})
            steps = sorted({p.step for p in missing}) or [last]
            return turn.model_copy(
                update={"text": self._doubt(wrong, [step for s in steps for step in self._task.plan[s : s + 1]])}
            )
        return turn

    def _near_miss(self) -> str:
        question = normalise(self._task.question)
        names = [n for n in self._task.distractors if not is_named(n, question) and n != self._task.answer]
        return names[_number(self._task.id) % len(names)] if names else ""

    def _doubt(self, wrong: str, steps: Iterable[str]) -> str:
        doubts: list[str] = words_of("reflection", self._task.language)["doubts"]
        gap = "" if self._task.language == "zh" else " "
        return doubts[_number(self._task.id) % len(doubts)].format(wrong) + gap + gap.join(steps)


def _number(text: str) -> int:
    return blake2b(text.encode(), digest_size=4).digest()[0]


async def reflect(
    tasks: Path,
    out: Path,
    sources: Sequence[SearchProvider],
    settings: Settings,
    options: RolloutOptions,
    progress: Progress,
) -> DataCard:
    """Let a teacher try every task, with hints after wrong reports, and keep what ends right and shows no hint.

    Raises UserError where nothing was kept, ModelError.
    """
    with open_pool(sources, settings, options) as pool:

        async def change(record: Sample, card: Card) -> Sample:
            task = task_of(record)
            wrapped: list[Reflecting] = []

            def wrap(policy: Policy, task: SyntheticTask) -> Policy:
                wrapped.append(Reflecting(policy, task))
                return wrapped[-1]

            rollout = await replace(pool, wrap=wrap).run(task, 0)
            [teacher], made = wrapped, rollout.model_dump(mode="json")
            if not rollout.correct or rollout.state != "finished":
                raise Rejected(f"{rollout.state}, not right after {len(teacher.hints)} hints")
            if teacher.guessed:
                raise Rejected("another report at once after a hint")
            if traces := hint_traces(made, teacher.hints, task.language, teacher.since):
                card.counts.setdefault("traces", Counter())[traces[0][:60]] += 1
                raise Rejected("a trace of the hint is left")
            card.counts.setdefault("hints", Counter())[str(len(teacher.hints))] += 1
            wrong = [short_answer(report) for report in teacher.wrong_reports]
            return {**made, "hints": len(teacher.hints), "wrong": wrong}

        chosen = {"policy": options.policy, "model": settings.model.name, "library": options.library}
        return await change_records(tasks, out, "reflection", chosen, change, progress, options.at_once)
