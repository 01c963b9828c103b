"""Teachers that need no model: one that knows plan and answer and works with the real tools, and one that searches
once.

The oracle searches for what a step of the plan needs, reads on until it has been shown every passage of the evidence,
and writes a report that cites exactly those. Nothing is cited that a tool has not shown.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from ..derived import registered
from ..policy import View
from ..settings import Settings
from ..text.names import is_named
from ..tools import Tool
from ..trajectory import Call, Passage, Turn
from .generation import words_of
from .records import SupportingPassage, SyntheticTask

SURFER = "batch_web_surfer"
AT_ONCE = 6
"""Queries or references of one turn."""
SHOWN = 12
"""Passages of one search."""


class ProgramTeacher:
    """Base of the teachers that need no model: a policy that knows the task and nothing else."""

    name = ""
    revises = False

    def __init__(self, settings: Settings, tools: Sequence[Tool], task: SyntheticTask) -> None:
        self._task = task

    async def close(self) -> None:
        """Nothing is open."""

    def _write(self, text: str) -> Turn:
        return Turn(text=text, model=self.name, cost=0.0)

    def _call(self, text: str, action: str = "batch_search", k: int = SHOWN, **arguments: Any) -> Turn:
        call = Call(id="", tool=SURFER, arguments={"action": action, **arguments, "k": k})
        return Turn(text=text, calls=[call], finish="tool_calls", model=self.name, cost=0.0)


def numbered(lines: Iterable[str]) -> str:
    """Lines with numbers from 1."""
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


class Oracle(ProgramTeacher):
    """Follows the hidden plan of one task."""

    name = "oracle"

    async def decide(self, view: View) -> Turn:
        """The plan; then searches, step by step; then the report."""
        if view.phase == "plan":
            return self._write(numbered(self._task.plan) or self._task.question)
        shown = registered(view.events)
        if view.phase == "work" and SURFER in view.tools:
            tried = self._tried(view)
            for step in sorted({passage.step for passage in self._task.evidence}):
                missing = [p for p in self._task.evidence if p.step == step and p.passage not in shown]
                if missing and (asked := _next_call(missing, tried)):
                    return self._call(self._task.plan[step] if step < len(self._task.plan) else "", **asked)
        return self._write(self._report(shown))

    def _tried(self, view: View) -> set[str]:
        """Queries and references of the turns so far."""
        tried: set[str] = set()
        for event in view.events:
            for call in event.calls if isinstance(event, Turn) else []:
                for asked in (call.arguments or {}).get("queries", []) + (call.arguments or {}).get("references", []):
                    tried.add(asked if isinstance(asked, str) else asked["text"])
        return tried

    def _report(self, shown: dict[str, Passage]) -> str:
        words = words_of("oracle", self._task.language)
        stop, gap = words["stop"], words["gap"]
        held = [passage for passage in self._task.evidence if passage.passage in shown]
        if not held:
            return f"## {words['heading']}\n\n-"
        last = [p for p in held if p.step == held[-1].step]
        reasons = "; ".join(f"{p.fact.rstrip('.。')}{gap}\\cite{{{p.passage}}}" for p in last[:3])
        lines = [f"- {p.fact.rstrip('.。')}{gap}\\cite{{{p.passage}}}{stop}" for p in held]
        opening = f"{words['answer'].format(self._task.answer)}{reasons}{stop}"
        return "\n".join([f"## {words['heading']}", "", opening, "", f"## {words['found']}", "", *lines])


def _next_call(missing: Sequence[SupportingPassage], tried: set[str]) -> dict[str, Any]:
    """Arguments of the next search or reading for passages that are still missing; empty where all has been tried."""
    for form in ("query", "fact"):
        texts = [text for p in missing if (text := getattr(p, form)[:500]) and text not in tried]
        if texts:
            return {"queries": list(dict.fromkeys(texts))[:AT_ONCE]}
    documents = [document for document in dict.fromkeys(p.document for p in missing) if document not in tried]
    return {"action": "batch_open", "references": documents[:AT_ONCE], "k": 3 * SHOWN} if documents else {}


class OneSearch(ProgramTeacher):
    """The plainest solver: searches for the question once, and takes the title of the best page not named in it."""

    name = "one-search"

    async def decide(self, view: View) -> Turn:
        """One search, then the report."""
        question = view.task.question
        if view.phase == "plan":
            return self._write(question)
        shown = registered(view.events)
        if view.phase == "work" and not any(isinstance(e, Turn) and e.calls for e in view.events):
            return self._call("", queries=[question[:500]])
        words = words_of("oracle", view.task.language)
        best = next((p for p in shown.values() if not is_named(p.title, question)), None)
        text = (
            f"{words['answer'].format(best.title).rstrip(': ：')}{words['gap']}\\cite{{{best.id}}}{words['stop']}"
            if best
            else "-"
        )
        return self._write(f"## {words['heading']}\n\n{text}")
