"""What the policy sees: the events of a run as chat messages.

`view(events)` is pure, and between two compactions append-only: each request begins with the one before it, so that
a server's prompt cache hits. A compaction is decided once, recorded, and deep: everything that is old enough goes to
its short form in one cut, since each cut makes the server read the rest again.

What never leaves: the question, the plan and other turns without calls, people's messages, the newest todo list, and
every passage that the policy has already cited.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..errors import ContentFiltered, ContextOverflow, DeepResearchError
from ..models.base import Message
from ..models.wire import call_entry, call_id
from ..settings import ContextSettings
from ..trajectory import (
    BudgetReached,
    BudgetWarned,
    Event,
    Observation,
    Passage,
    PlanApproved,
    RunFinished,
    RunResumed,
    RunStarted,
    Turn,
    UserSteered,
    ViewCompacted,
)
from .tokens import MESSAGE_OVERHEAD, estimate_tokens

SNIPPET = 160
"""Characters of a passage that remain in its short form."""
OVERFLOW_CUT = 0.7
"""Share of the view that remains when the server reports that it was too long."""
DEEPER = 0.6
"""Share of the target that remains once whole turns must go. That cut is near the beginning, so that the server reads
nearly everything again: it pays to make it seldom."""
REJECTED = frozenset({"cut_off", "no_search", "announcement", "repetition"})
"""Reasons for which a reply is sent back whose text is of no further use."""
_CITED = re.compile(r"\\cite\{([^}]*)\}")


@dataclass
class Exchange:
    """Messages that come and go together: the opening, one turn with its results, or one note."""

    seq: int
    messages: list[Message]
    turn: Turn | None = None
    results: dict[str, Observation] = field(default_factory=dict)
    tokens: int = 0


class Transcript:
    """The view of a growing run; `apply` each event once, in order."""

    def __init__(self, reasoning: bool = False) -> None:
        """reasoning: turns carry their reasoning; the client sends it to endpoints that want it back."""
        self.blocks: list[Exchange] = []
        self.cited: set[str] = set()
        self.short: set[int] = set()
        self.withdrawn: set[int] = set()
        self.scale = 1.0
        self._reasoning = reasoning
        self._of_call: dict[str, Exchange] = {}
        self._results: dict[int, Observation] = {}
        self._passages: dict[str, Passage] = {}
        self._newest_todo: Observation | None = None
        self._finished = False
        self._total = 0
        self._most = 1 << 40
        """Tokens of a prompt that the endpoint, by what it has refused, takes beside a reply."""

    @property
    def tokens(self) -> int:
        """Length of the view as the model would count it, as well as is known."""
        return round(self._total * self.scale)

    @property
    def messages(self) -> list[Message]:
        return [message for block in self.blocks for message in block.messages]

    def apply(self, event: Event) -> None:
        """Take one more event into the view."""
        match event:
            case RunStarted():
                self._total += estimate_tokens(json.dumps(event.tools)) if event.system else 0
                self._add(Exchange(event.seq, opening(event)))
            case Turn():
                self._calibrate(event)
                self._cite(event)
                block = Exchange(event.seq, [], turn=event)
                self._of_call |= {call.id: block for call in event.calls}
                self._add(block)
                self._render(block)
            case Observation(call=str(call)) if call in self._of_call:
                self._passages |= {p.id: p for p in event.passages}
                block = self._of_call[call]
                block.results[call] = self._results[event.seq] = event
                if event.tool == "todo" and event.status == "ok":
                    self._newest_todo = event
                self._render(block)
            case Observation(call=None, reason=reason) if reason in REJECTED and self.blocks[-1].turn:
                self._shorten_rejected(self.blocks[-1])
                self._add(Exchange(event.seq, [{"role": "user", "content": event.shown}]))
            case ViewCompacted():
                self._compact(event)
            case RunFinished():
                self._finished = True
            case RunResumed() if self._finished:
                self._finished = False
                self._add(Exchange(event.seq, [{"role": "user", "content": REOPENED}]))
            case _:
                if note := note_text(event):
                    self._add(Exchange(event.seq, [{"role": "user", "content": note}]))

    def compaction(self, settings: ContextSettings, refusal: DeepResearchError | None = None) -> ViewCompacted | None:
        """The compaction that the view needs now, or None. `refusal`: the endpoint's error on the view as it is."""
        if isinstance(refusal, ContentFiltered):
            return self._withdrawal()
        before = self.tokens
        if isinstance(refusal, ContextOverflow) and refusal.limit:
            self._most = round(refusal.limit * OVERFLOW_CUT)
        limit = min(round(before * OVERFLOW_CUT) if refusal else settings.limit, self._most)
        if before <= limit:
            return None
        target = min(settings.target, limit)
        turns = [b for b in self.blocks if b.turn and b.turn.calls]
        old = turns[: -settings.keep] if len(turns) > settings.keep else turns[:-1]
        left = float(self._total)
        short: list[int] = []
        for result in (r for block in old for r in block.results.values()):
            if result.seq in self.short or result is self._newest_todo:
                continue
            if (saved := self._saving(result)) > 0:
                short.append(result.seq)
                left -= saved
        if left * self.scale > target:
            target = round(target * DEEPER)
        dropped: list[int] = []
        for block in old:
            if left * self.scale <= target:
                break
            if any(r is self._newest_todo or self.cited & set(r.passage_ids) for r in block.results.values()):
                continue
            dropped.append(block.seq)
            left -= block.tokens - sum(self._saving(r) for r in block.results.values() if r.seq in short)
        if not short and not dropped:
            return None
        return ViewCompacted(short=short, dropped=dropped, tokens_before=before, tokens_after=round(left * self.scale))

    def _withdrawal(self) -> ViewCompacted | None:
        """Takes the newest results that are still shown out of the view; None: there are none."""
        for block in reversed(self.blocks):
            seqs = [result.seq for result in block.results.values() if result.seq not in self.withdrawn]
            if seqs:
                saved = sum(estimate_tokens(self._results[seq].shown) for seq in seqs) * self.scale
                after = max(0, round(self.tokens - saved))
                return ViewCompacted(withdrawn=seqs, tokens_before=self.tokens, tokens_after=after)
        return None

    def result(self, seq: int) -> Observation:
        """The observation with that seq. Raises KeyError for any other."""
        return self._results[seq]

    def _add(self, block: Exchange) -> None:
        self.blocks.append(block)
        self._measure(block)

    def _measure(self, block: Exchange) -> None:
        self._total -= block.tokens
        block.tokens = sum(message_tokens(m) for m in block.messages)
        self._total += block.tokens

    def _render(self, block: Exchange) -> None:
        assert block.turn is not None
        block.messages = [assistant_message(block.turn, self._reasoning)]
        for call in block.turn.calls:
            if result := block.results.get(call.id):
                shown = {"name": call.tool, "content": self._text(result)}
                block.messages.append({"role": "tool", "tool_call_id": call_id(call), **shown})
        self._measure(block)

    def _text(self, result: Observation, short: bool = False) -> str:
        if result.seq in self.withdrawn:
            return WITHDRAWN
        return short_form(result, self._passages, self.cited) if short or result.seq in self.short else result.shown

    def _saving(self, result: Observation) -> int:
        return estimate_tokens(result.shown) - estimate_tokens(self._text(result, short=True))

    def _shorten_rejected(self, block: Exchange) -> None:
        """Keep no more of a reply that could not be used than shows the policy what it was."""
        text = block.messages[0]["content"]
        if len(text) > SNIPPET:
            block.messages[0]["content"] = f"{text[:SNIPPET]} … ({len(text)} characters, not used)"
            self._measure(block)

    def _compact(self, event: ViewCompacted) -> None:
        self.short |= set(event.short)
        self.withdrawn |= set(event.withdrawn)
        changed = {*event.short, *event.withdrawn}
        gone = set(event.dropped)
        self._total -= sum(block.tokens for block in self.blocks if block.seq in gone)
        self.blocks = [block for block in self.blocks if block.seq not in gone]
        for block in self.blocks:
            if any(r.seq in changed for r in block.results.values()):
                self._render(block)

    def _cite(self, turn: Turn) -> None:
        texts = [turn.text, *(str(call.arguments) for call in turn.calls)]
        for text in texts:
            for group in _CITED.findall(text.replace("\\\\", "\\")):
                self.cited |= {name.strip() for name in group.split(",")}

    def _calibrate(self, turn: Turn) -> None:
        """`turn` answered the view as it is now, and the server counted that."""
        if turn.usage.input and self._total and not (turn.usage.estimated or turn.usage.cut):
            self.scale = min(3.0, max(0.3, turn.usage.input / self._total))


def view(events: Iterable[Event], reasoning: bool = False) -> list[Message]:
    """The messages that the policy is shown after `events`."""
    transcript = Transcript(reasoning)
    for event in events:
        transcript.apply(event)
    return transcript.messages


def opening(event: RunStarted) -> list[Message]:
    """System prompt and question."""
    messages: list[Message] = [{"role": "system", "content": event.system}] if event.system else []
    date = f"\n\n(Today is {event.task.date}.)" if event.task.date else ""
    return [*messages, {"role": "user", "content": event.task.question + date}]


def assistant_message(turn: Turn, reasoning: bool) -> Message:
    """A turn as the policy wrote it."""
    message: Message = {"role": "assistant", "content": turn.text}
    if reasoning:
        message |= {"reasoning_content": turn.reasoning, "wire": turn.wire}
    if turn.calls:
        # An unreadable call is echoed without arguments: servers refuse broken JSON in a history.
        arguments = [json.dumps(call.arguments or {}, ensure_ascii=False) for call in turn.calls]
        message["tool_calls"] = list(map(call_entry, turn.calls, arguments))
    return message


def note_text(event: Event) -> str:
    """The loop's or a person's message to the policy in this event; empty: none."""
    match event:
        case Observation(call=None):
            return event.shown
        case UserSteered(finish_early=True):
            return f"{event.text}\nStop researching. {ANSWER_NOW}".strip()
        case UserSteered():
            return f"The person who asked adds: {event.text}"
        case PlanApproved(text=""):
            return "The plan is approved. Carry it out."
        case PlanApproved():
            return f"The plan is approved with these changes: {event.text}\nCarry it out."
        case BudgetWarned():
            return f"Limit: {event.used:.3g} of {event.of:g} {event.limit}. Plan what is left."
        case BudgetReached():
            return f"Limit: {event.used:.3g} of {event.of:g} {event.limit}. {ANSWER_NOW}"
        case _:
            return ""


WITHDRAWN = "(The endpoint's content filter refused this result. Continue without it.)"
REOPENED = "There is room to continue. Research what the report left open, then write the whole report again."
ANSWER_NOW = (
    "Tools are withdrawn. Write the report now from what you have, cite the passages you were shown, "
    "and say what remains open."
)


def short_form(result: Observation, passages: dict[str, Passage], cited: set[str]) -> str:
    """An old result reduced to id, title, place and snippet of each passage; cited passages stay whole."""
    where = f" Whole text: file read {result.file or observation_file(result.call or '')}."
    if not result.passage_ids:
        head = result.shown[:SNIPPET]
        return head if len(result.shown) <= SNIPPET else f"{head} … (shortened.{where})"
    lines = [f"(Shortened.{where})"]
    for name in result.passage_ids:
        passage = passages.get(name)
        if passage is None:
            continue
        text = passage.text if name in cited else " ".join(passage.text[: SNIPPET + 1].split())
        place = passage.url or passage.document
        label = passage.title if passage.title == place else f"{passage.title} | {place}"
        lines.append(f"[{name}] {label} | {text}{'' if name in cited or len(passage.text) <= SNIPPET else '…'}")
    return "\n".join(lines)


def observation_file(call: str) -> str:
    """Where in the workspace the whole result of a call is, once it is no longer shown whole."""
    return f"observations/{call}.txt"


def message_tokens(message: Message) -> int:
    functions = [call["function"] for call in message.get("tool_calls", ())]
    calls = sum(estimate_tokens(function["name"] + function["arguments"]) for function in functions)
    return MESSAGE_OVERHEAD + calls + estimate_tokens(message["content"])
