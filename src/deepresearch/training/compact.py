"""The compact dialect: single tokens in the place of JSON, for small models with a small vocabulary.

<|question|>...                                     what is asked
<|plan|>...<|end|>                                  a turn: the plan,
<|think|>...<|search|>...<|also|>...<|end|>         calls (several queries), or <|open|>3 for the document of passage 3,
<|report|>...[3]...<|end|>                          or the report, which cites passage 3
<|result|><|passage|>3 title | text<|passage|>1     a result: a passage, and one shown before
<|error|>tool failed   <|note|>no citations         what went wrong, and the loop's notes
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..agent.view import note_text
from ..derived import registered
from ..policy import View
from ..text.characters import clean
from ..trajectory import (
    BudgetReached,
    BudgetWarned,
    Call,
    Event,
    Observation,
    Passage,
    PlanProposed,
    RunStarted,
    Turn,
    UserSteered,
    ViewCompacted,
)
from .records import TokenSample
from .segments import Segment, join, samples_of
from .tokenizer import mark_ids, text_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

SURFER = "batch_web_surfer"
KEPT_ENCODINGS = 50_000
"""Texts whose ids are kept: passages of a closed web come up again and again."""
LONGEST_QUERY, MOST_QUERIES = 500, 20
"""What the search tool takes."""
QUESTION, PLAN, THINK, SEARCH, OPEN, ALSO, RESULT, PASSAGE, ERROR, NOTE, REPORT, END = MARKS = tuple(
    f"<|{word}|>" for word in "question plan think search open also result passage error note report end".split()
)
ACTIONS = {SEARCH: ("batch_search", "queries"), OPEN: ("batch_open", "references")}
"""The tool's action behind each mark, and its argument."""
_NUMBERED = re.compile(r"\[(\d{1,4})\]")
_CITE = re.compile(r"\s*\\cite\{([^}]*)\}")


@dataclass(frozen=True)
class CompactOptions:
    """How results are asked for and shown."""

    k: int = 4
    """Passages of one search."""
    open_k: int = 6
    """Passages of one opened document."""
    passage_characters: int = 400
    """Longer passages are cut for the model; 0: never."""
    sites: bool = False
    """Show each passage's site."""
    dates: bool = False
    """Show each passage's date, and the question's."""


class CompactDialect:
    """One mark for each kind of text. Passages are numbered in the order first shown; "[3]" cites the third.

    The system prompt, budget warnings and tools but the surfer are left out. Where the report is due, its mark is part
    of the prompt. Texts of others cannot contain a mark: what looks like one is encoded as ordinary text.
    """

    name = "compact"
    marks = MARKS

    def __init__(self, tokenizer: "PreTrainedTokenizerFast", **options: Any) -> None:
        """options: those of CompactOptions. Raises CheckpointError for a tokenizer without the marks."""
        self.tokenizer = tokenizer
        self.options = CompactOptions(**options)
        self._ids = mark_ids(tokenizer, MARKS)
        self._marks = {id_: mark for mark, id_ in self._ids.items()}
        self.stop_ids = frozenset({self._ids[END]})
        self._encoded = lru_cache(KEPT_ENCODINGS)(self._encode)

    def describe(self) -> dict[str, Any]:
        """See TokenDialect."""
        return {"name": self.name, **asdict(self.options)}

    def prompt(self, view: View) -> list[int]:
        """See TokenDialect."""
        return join(self._segments(view.events)) + ([self._ids[REPORT]] if view.phase == "answer" else [])

    def samples(self, events: Sequence[Event], kind: str = "") -> list[TokenSample]:
        """See TokenDialect."""
        return samples_of(events, self._segments, kind)

    def read(self, ids: Sequence[int], view: View) -> Turn:
        """See TokenDialect."""
        whole = bool(ids) and ids[-1] in self.stop_ids
        finish = "stop" if whole else "length"
        parts = self._parts([self._ids[REPORT], *ids] if view.phase == "answer" else ids)
        reasoning = "\n".join(text for mark, text in parts if mark == THINK)
        texts = [text for mark, text in parts if mark in (REPORT, PLAN)]
        calls = self._calls(parts, list(registered(view.events)))
        strange = [
            mark or "text without a mark" for mark, _ in parts if mark not in (THINK, PLAN, REPORT, ALSO, *ACTIONS)
        ]
        problem = ""
        if strange:
            problem = f"{strange[0]} is not yours to write."
        elif calls and texts:
            problem = "A turn is either calls or text."
        elif calls and not whole:
            problem = "The call was cut off."
        elif any(mark == PLAN for mark, _ in parts) and view.phase != "plan":
            problem = "A plan is not due now."
        if problem:
            raw = self._decode(ids)
            calls = [Call(id="", tool=SURFER, raw=raw, problem=problem)]
        text = "" if problem else self._cited("".join(texts), list(registered(view.events)))
        return Turn(reasoning=reasoning, text=text, calls=calls, finish="tool_calls" if calls and whole else finish)

    def _parts(self, ids: Sequence[int]) -> list[tuple[str, str]]:
        """(mark, text after it) without the end; text before any mark has the mark ""."""
        parts: list[tuple[str, list[int]]] = [("", [])]
        for id_ in ids:
            if id_ in self._marks:
                parts.append((self._marks[id_], []))
            else:
                parts[-1][1].append(id_)
        texts = [(mark, self._decode(inner)) for mark, inner in parts if mark != END]
        return [(mark, text) for mark, text in texts if mark or text.strip()]

    def _calls(self, parts: Sequence[tuple[str, str]], shown: Sequence[str]) -> list[Call]:
        """The calls of a turn; one that asks for nothing has a problem."""
        asked: list[tuple[str, list[str]]] = []
        for mark, text in parts:
            if mark in ACTIONS:
                asked.append((mark, [text.strip()]))
            elif mark == ALSO and asked:
                asked[-1][1].append(text.strip())
        calls: list[Call] = []
        for mark, texts in asked:
            action, field = ACTIONS[mark]
            values = [text for text in texts if text][:MOST_QUERIES]
            if mark == OPEN:
                numbers = [int(text.strip("[]")) if text.strip("[]").isdecimal() else 0 for text in values]
                values = [shown[n - 1] if 0 < n <= len(shown) else v for n, v in zip(numbers, values, strict=True)]
            k = self.options.open_k if mark == OPEN else self.options.k
            arguments = {"action": action, field: [value[:LONGEST_QUERY] for value in values], "k": k}
            problem = None if values else f"{mark} names nothing."
            calls.append(Call(id="", tool=SURFER, arguments=None if problem else arguments, problem=problem))
        return calls

    def _cited(self, text: str, shown: Sequence[str]) -> str:
        """`text` with the ids of passages in its marks; a number that no passage has is cited as it is."""

        def cite(found: re.Match[str]) -> str:
            number = int(found[1])
            return f"\\cite{{{shown[number - 1] if 0 < number <= len(shown) else number}}}"

        return _NUMBERED.sub(cite, text)

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(text_ids(self.tokenizer, text))

    def _decode(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids)))

    def _marked(self, mark: str, text: str = "") -> list[int]:
        return [self._ids[mark], *self._encoded(clean(text))]

    def _segments(self, events: Sequence[Event]) -> list[Segment]:
        """The whole view."""
        numbers = {id_: number for number, id_ in enumerate(registered(events), 1)}
        cuts = [event for event in events if isinstance(event, ViewCompacted)]
        dropped = {seq for cut in cuts for seq in cut.dropped}
        short = {seq for cut in cuts for seq in (*cut.short, *cut.withdrawn)}
        segments: list[Segment] = []
        waiting: list[Observation] = []
        calls: dict[str, int] = {}
        """Place of each call of the newest turn that is shown."""
        due = False

        def show_results() -> None:
            for result in sorted(waiting, key=lambda one: calls[one.call or ""]):
                segments.append(Segment(self._result(result, numbers, result.seq in short)))
            waiting.clear()

        for place, event in enumerate(events):
            if isinstance(event, Observation) and event.call is not None:
                waiting += [event] if event.call in calls else []
                continue
            show_results()
            match event:
                case RunStarted(task=task):
                    date = f" ({task.date})" if task.date and self.options.dates else ""
                    segments.append(Segment(self._marked(QUESTION, task.question + date)))
                case Turn():
                    shown = event.seq not in dropped and self._can_show(event)
                    calls = {call.id: n for n, call in enumerate(event.calls)} if shown else {}
                    if shown:
                        plan = isinstance(next(iter(events[place + 1 :]), None), PlanProposed)
                        segments += self._turn(event, numbers, due, plan)
                case BudgetReached() | UserSteered(finish_early=True):
                    due = True
                    segments.append(Segment(self._marked(NOTE, "limit")))
                case Observation(reason=reason):
                    segments.append(Segment(self._marked(NOTE, reason.replace("_", " "))))
                case BudgetWarned():
                    pass
                case _ if note := note_text(event):
                    segments.append(Segment(self._marked(NOTE, note)))
        show_results()
        return segments

    def _can_show(self, turn: Turn) -> bool:
        return bool(turn.sample) or not turn.calls or any(call.tool == SURFER for call in turn.calls)

    def _turn(self, turn: Turn, numbers: Mapping[str, int], due: bool, plan: bool) -> list[Segment]:
        """A turn as it was sampled, or, of another policy, as this dialect writes it."""
        forced = [Segment([self._ids[REPORT]])] if due and (turn.sample or not turn.calls) else []
        if turn.sample:
            return [*forced, Segment(list(turn.sample.completion_ids), turn.seq)]
        ids: list[int] = []
        thoughts = [turn.reasoning, turn.text if turn.calls else ""]
        if any(thoughts):
            ids += self._marked(THINK, "\n".join(filter(None, thoughts)))
        for call in turn.calls:
            ids += self._call(call, numbers) if call.tool == SURFER else []
        if not turn.calls:
            text = _CITE.sub(lambda found: _as_numbers(found, numbers), turn.text)
            ids += self._marked(PLAN if plan else REPORT, text)[1 if forced else 0 :]
        return [*forced, Segment([*ids, self._ids[END]], turn.seq)]

    def _call(self, call: Call, numbers: Mapping[str, int]) -> list[int]:
        arguments = call.arguments or {}
        mark = OPEN if arguments.get("action") == "batch_open" else SEARCH
        ids: list[int] = []
        for value in arguments.get(ACTIONS[mark][1], []) or [""]:
            text = value if isinstance(value, str) else str(value.get("text") or value.get("reference") or "")
            shown = str(numbers[text]) if mark == OPEN and text in numbers else text
            ids += self._marked(ALSO if ids else mark, shown)
        return ids

    def _result(self, result: Observation, numbers: Mapping[str, int], short: bool) -> list[int]:
        """The passages of a result, those recalled by number alone; or what went wrong."""
        if result.status not in ("ok", "empty"):
            return self._marked(ERROR, (result.reason or result.status).replace("_", " "))
        ids = self._marked(RESULT)
        for passage in result.passages:
            number = str(numbers[passage.id])
            ids += self._marked(PASSAGE, number if short else f"{number} {self._line(passage)}")
        told = {passage.id for passage in result.passages}
        recalled = dict.fromkeys(
            hit["passage"] for query in (result.data or {}).get("queries", []) for hit in query["hits"]
        )
        for id_ in recalled:
            if id_ not in told and id_ in numbers:
                ids += self._marked(PASSAGE, str(numbers[id_]))
        return ids

    def _line(self, passage: Passage) -> str:
        text = " ".join(passage.text.split())
        if 0 < self.options.passage_characters < len(text):
            text = f"{text[: self.options.passage_characters]}…"
        site = re.sub(r"^\w+://|/.*$", "", passage.url or "") if self.options.sites else ""
        date = (passage.date or "") if self.options.dates else ""
        return " | ".join(filter(None, [" ".join(passage.title.split()), site, date, text]))


def _as_numbers(found: re.Match[str], numbers: Mapping[str, int]) -> str:
    """A citation's marks: those of its passages that have been shown."""
    known = [numbers[id_.strip()] for id_ in found[1].split(",") if id_.strip() in numbers]
    return "".join([" " if found[0][0].isspace() and known else "", *(f"[{number}]" for number in known)])
