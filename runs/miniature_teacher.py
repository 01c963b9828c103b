"""The miniature's teacher: works through the hidden chain with the real tools, and shows how to recover.

Each step is searched in the likelier wording; an error is followed by the same search again, a search that brings no
page with the fact by the other wording, then by opening a page of the country. What was found is noted with its source.
"""

from collections.abc import Mapping, Sequence

from deepresearch.derived import registered
from deepresearch.policy import View
from deepresearch.synthesis.records import SyntheticTask
from deepresearch.trajectory import Call, Event, Observation, Turn

from .miniature_lessons import AGAIN, NOT_FOUND, cited, not_found, report_text
from .miniature_tasks import hops_of
from .miniature_world import Fact, Page

SURFER = "batch_web_surfer"
TRIES = 3
"""Times that a search is repeated that failed."""


class Teacher:
    """Knows the answer; says and cites nothing that a tool has not shown."""

    name = "oracle"
    revises = False

    def __init__(self, task: SyntheticTask, pages: Mapping[str, Page], k: int, recovers: bool = True) -> None:
        """pages: by passage id. k: passages of a search. recovers: False gives up a step after the first search."""
        self._task = task
        self._hops = hops_of(task)
        self._pages = pages
        self._k = k
        self._recovers = recovers

    async def close(self) -> None:
        """Nothing is open."""

    async def decide(self, view: View) -> Turn:
        """The plan; then for each step searches until a page states it; then the report."""
        if view.phase == "plan":
            lines = "\n".join(f"{number}. {step}" for number, step in enumerate(self._task.plan, 1))
            return Turn(text=lines, model=self.name, cost=0.0)
        done = [(turn.calls[0], seen) for turn, seen in searches(view.events)]
        note = self._note(view.events, done[-1]) if done else ""
        if view.phase == "work" and SURFER in view.tools:
            for hop in self._hops:
                if self._source(view.events, hop):
                    continue
                if call := self._next(hop, done):
                    return Turn(reasoning=note, calls=[call], finish="tool_calls", model=self.name, cost=0.0)
                break
        return Turn(reasoning=note, text=self._report(view.events), model=self.name, cost=0.0)

    def _next(self, hop: Fact, done: Sequence[tuple[Call, Observation]]) -> Call | None:
        """The next search for a fact; None once every wording has been tried."""
        asked = [(_query(call), seen) for call, seen in done]
        for query in hop.queries():
            tries = [seen for text, seen in asked if text == query]
            failed = [seen for seen in tries if seen.status in ("error", "timeout")]
            if not tries or (len(failed) == len(tries) < (TRIES if self._recovers else 1)):
                arguments = {"action": "batch_search", "queries": [query], "k": self._k}
                return Call(id="", tool=SURFER, arguments=arguments)
            if not self._recovers:
                return None
        return None

    def _note(self, events: Sequence[Event], last: tuple[Call, Observation]) -> str:
        """What the newest result has brought, with its source."""
        call, seen = last
        if seen.status in ("error", "timeout"):
            return AGAIN
        query = _query(call)
        for hop in self._hops:
            if query in hop.queries():
                source = self._source(events, hop)
                if source is None:
                    return not_found(hop, query)
                return cited(hop, self._pages[source].text, f"[{list(registered(events)).index(source) + 1}]")
        return NOT_FOUND

    def _source(self, events: Sequence[Event], hop: Fact) -> str | None:
        """The first passage shown that states a fact and is not outdated."""
        for key in registered(events):
            page = self._pages.get(key)
            if page and not page.outdated and hop in page.states:
                return key
        return None

    def _report(self, events: Sequence[Event]) -> str:
        held = [(hop, source) for hop in self._hops if (source := self._source(events, hop))]
        if len(held) < len(self._hops):
            return "Not found."
        return report_text([(hop, self._pages[key].text, f"\\cite{{{key}}}") for hop, key in held])


def searches(events: Sequence[Event]) -> list[tuple[Turn, Observation]]:
    """Each turn with a call, and what its first call brought."""
    seen = {event.call: event for event in events if isinstance(event, Observation)}
    turns = [event for event in events if isinstance(event, Turn) and event.calls]
    return [(turn, seen[turn.calls[0].id]) for turn in turns if turn.calls[0].id in seen]


def _query(call: Call) -> str:
    queries = (call.arguments or {}).get("queries") or [""]
    return str(queries[0])
