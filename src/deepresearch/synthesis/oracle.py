"""Teachers that need no model: one that knows plan and answer and works with the real tools, and one that searches
once.

The oracle searches for what a step of the plan needs, reads on until it has been shown every passage of the evidence,
and writes a report that cites exactly those. Nothing is cited that a tool has not shown.
"""

from collections.abc import Sequence

from ..derived import registered
from ..policy import View
from ..settings import Settings
from ..text.names import is_named
from ..tools import Tool
from ..trajectory import Call, Passage, Turn
from .records import SupportingPassage, SyntheticTask

SURFER = "batch_web_surfer"
AT_ONCE = 6
"""Queries or references of one turn."""
SHOWN = 12
"""Passages of one search."""
WORDS = {
    "en": ("Short answer", "How it was found", "The answer is **{}**: ", ".", " "),
    "zh": ("简要回答", "查证过程", "答案是**{}**：", "。", ""),
}


class Oracle:
    """Follows the hidden plan of one task."""

    name = "oracle"
    revises = False

    def __init__(self, settings: Settings, tools: Sequence[Tool], task: SyntheticTask) -> None:
        """Needs the task alone."""
        self._task = task

    async def close(self) -> None:
        """Nothing is open."""

    async def decide(self, view: View) -> Turn:
        """The plan; then searches, step by step; then the report."""
        if view.phase == "plan":
            steps = "\n".join(f"{number}. {step}" for number, step in enumerate(self._task.plan, 1))
            return Turn(text=steps or self._task.question, model=self.name, cost=0.0)
        shown = registered(view.events)
        if view.phase == "work" and SURFER in view.tools:
            tried = self._tried(view)
            for step in sorted({passage.step for passage in self._task.evidence}):
                missing = [p for p in self._task.evidence if p.step == step and p.passage not in shown]
                if missing and (call := _next_call(missing, tried)):
                    text = self._task.plan[step] if step < len(self._task.plan) else ""
                    return Turn(text=text, calls=[call], finish="tool_calls", model=self.name, cost=0.0)
        return Turn(text=self._report(shown), model=self.name, cost=0.0)

    def _tried(self, view: View) -> set[str]:
        """Queries and references of the turns so far."""
        tried: set[str] = set()
        for event in view.events:
            for call in event.calls if isinstance(event, Turn) else []:
                for asked in (call.arguments or {}).get("queries", []) + (call.arguments or {}).get("references", []):
                    tried.add(asked if isinstance(asked, str) else asked["text"])
        return tried

    def _report(self, shown: dict[str, Passage]) -> str:
        heading, found, answer, stop, gap = WORDS.get(self._task.language, WORDS["en"])
        held = [passage for passage in self._task.evidence if passage.passage in shown]
        if not held:
            return f"## {heading}\n\n-"
        last = [p for p in held if p.step == held[-1].step]
        reasons = "; ".join(f"{p.fact.rstrip('.。')}{gap}\\cite{{{p.passage}}}" for p in last[:3])
        lines = [f"- {p.fact.rstrip('.。')}{gap}\\cite{{{p.passage}}}{stop}" for p in held]
        opening = f"{answer.format(self._task.answer)}{reasons}{stop}"
        return "\n".join([f"## {heading}", "", opening, "", f"## {found}", "", *lines])


def _next_call(missing: Sequence[SupportingPassage], tried: set[str]) -> Call | None:
    """The next search or reading for passages that are still missing; None once everything has been tried."""
    for form in ("query", "fact"):
        texts = [text for p in missing if (text := getattr(p, form)[:500]) and text not in tried]
        if texts:
            queries = list(dict.fromkeys(texts))[:AT_ONCE]
            return Call(id="", tool=SURFER, arguments={"action": "batch_search", "queries": queries, "k": SHOWN})
    documents = [document for document in dict.fromkeys(p.document for p in missing) if document not in tried]
    if not documents:
        return None
    arguments = {"action": "batch_open", "references": documents[:AT_ONCE], "k": 3 * SHOWN}
    return Call(id="", tool=SURFER, arguments=arguments)


class OneSearch:
    """The plainest solver: searches for the question once, and takes the title of the best page not named in it."""

    name = "one-search"
    revises = False

    def __init__(self, settings: Settings, tools: Sequence[Tool], task: SyntheticTask) -> None:
        """Needs nothing but the question, which the view has."""

    async def close(self) -> None:
        """Nothing is open."""

    async def decide(self, view: View) -> Turn:
        """One search, then the report."""
        question = view.task.question
        if view.phase == "plan":
            return Turn(text=question, model=self.name, cost=0.0)
        shown = registered(view.events)
        if view.phase == "work" and not any(isinstance(e, Turn) and e.calls for e in view.events):
            arguments = {"action": "batch_search", "queries": [question[:500]], "k": SHOWN}
            call = Call(id="", tool=SURFER, arguments=arguments)
            return Turn(calls=[call], finish="tool_calls", model=self.name, cost=0.0)
        heading, _, answer, stop, gap = WORDS.get(view.task.language, WORDS["en"])
        best = next((p for p in shown.values() if not is_named(p.title, question)), None)
        text = f"{answer.format(best.title).rstrip(': ：')}{gap}\\cite{{{best.id}}}{stop}" if best else "-"
        return Turn(text=f"## {heading}\n\n{text}", model=self.name, cost=0.0)
