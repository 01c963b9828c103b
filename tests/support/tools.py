"""Small real tools for tests of the loop."""

import asyncio
from typing import Any

from deepresearch.errors import SearchFailed, ToolFailed
from deepresearch.tools.base import Arguments, Tool, ToolContext, ToolResult
from deepresearch.trajectory import Passage


class EchoArguments(Arguments):
    text: str
    """What to say."""


class Echo(Tool):
    """Answers with its argument as a passage; notes every call it really carried out."""

    name = "echo"
    description = "Says what it is told."
    arguments = EchoArguments

    def __init__(self) -> None:
        self.done: list[str] = []

    async def run(self, arguments: EchoArguments, context: ToolContext) -> ToolResult:
        self.done.append(context.call)
        shown = Passage(id=f"p-{arguments.text}"[:40], document="echo.md", title="Echo", text=arguments.text)
        return ToolResult(arguments.text, passages=[shown], data={"said": arguments.text})


class Slow(Echo):
    """Takes the seconds that its argument says, and stands for any tool that hangs."""

    name = "slow"
    timeout = 0.2

    async def run(self, arguments: EchoArguments, context: ToolContext) -> ToolResult:
        await asyncio.sleep(float(arguments.text))
        return await super().run(arguments, context)


class Failing(Echo):
    """Fails in the way that its argument names."""

    name = "failing"

    async def run(self, arguments: EchoArguments, context: ToolContext) -> ToolResult:
        self.done.append(context.call)
        if arguments.text == "policy":
            raise ToolFailed("That file is not there.", "Name another.")
        if arguments.text == "world":
            raise SearchFailed("The provider is out of quota.")
        if arguments.text == "empty":
            return ToolResult("Nothing found.", "empty")
        raise ZeroDivisionError("a bug")


class Counter(Tool):
    """Keeps a number between calls, restored after a restart."""

    name = "counter"
    description = "Adds one."
    arguments = Arguments
    sequential = True

    def __init__(self) -> None:
        self.number = 0

    async def run(self, arguments: Arguments, context: ToolContext) -> ToolResult:
        self.number += 1
        return ToolResult(str(self.number), data={"number": self.number})

    def restore(self, data: dict[str, Any]) -> None:
        self.number = data["number"]
