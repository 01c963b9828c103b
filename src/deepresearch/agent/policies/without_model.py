"""The extractive policy, which needs no model: for whole runs, and to write the report where a model cannot."""

from collections.abc import Sequence

from ...policy import View
from ...settings import Settings
from ...tools import Tool
from ...trajectory import Turn


class WithoutModel:
    """The extractive policy, imported at its first use: next to a model it is seldom needed."""

    name = "extractive"
    revises = False

    def __init__(self, settings: Settings, tools: Sequence[Tool]) -> None:
        """Needs neither."""

    async def decide(self, view: View) -> Turn:
        """The plan, the next searches, or the report."""
        from ...extractive import ExtractivePolicy  # noqa: PLC0415

        return await ExtractivePolicy().decide(view)

    async def close(self) -> None:
        """Nothing is open."""
