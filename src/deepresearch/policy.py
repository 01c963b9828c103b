"""The interface of policies: a policy turns a view of the run into the next turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from .trajectory import Event, Task, Turn

Phase = Literal["plan", "work", "answer"]


@dataclass(frozen=True)
class View:
    """All that a policy may base its next turn on."""

    task: Task
    events: Sequence[Event]
    messages: Sequence[dict[str, Any]]
    tools: frozenset[str]
    """Tools that may be called now; none: the report is due."""
    phase: Phase
    """plan: a plan is asked for; work: tools may be called; answer: the report is due."""


class Policy(Protocol):
    """Decides; the loop records and acts.

    In phase "plan" the turn's text is the plan. In "work" a turn with calls continues the research, a turn
    without calls is the report. In "answer" no tool may be called: the report is due.
    """

    name: str
    revises: bool
    """Whether it can revise a report that is sent back to it."""

    async def decide(self, view: View) -> Turn:
        """The next turn; the loop gives it and its calls their numbers. Raises ModelError."""
        ...

    async def close(self) -> None:
        """Close files and connections."""
        ...
