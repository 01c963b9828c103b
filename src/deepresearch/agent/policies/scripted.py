"""A policy that follows a script: for tests, benchmarks and demonstrations of the loop."""

from collections.abc import Callable, Sequence

from ...errors import DeepResearchError
from ...policy import View
from ...trajectory import Turn

Line = Turn | DeepResearchError | Callable[[View], Turn]


class ScriptedPolicy:
    """Plays its lines one after another, counting the turns on record, so that a resumed run continues at its place.

    A line is a turn, an error to raise, or a function of the view. After the last line the last one is repeated.
    """

    name = "scripted"

    def __init__(self, lines: Sequence[Line], revises: bool = False) -> None:
        self.lines = list(lines)
        self.revises = revises

    async def close(self) -> None:
        """Nothing to close."""

    async def decide(self, view: View) -> Turn:
        number = sum(isinstance(event, Turn) for event in view.events)
        line = self.lines[min(number, len(self.lines) - 1)]
        if isinstance(line, DeepResearchError):
            raise line
        return line.model_copy(deep=True) if isinstance(line, Turn) else line(view)
