"""What a policy can call. A new tool is one file here and one line in TOOLS; an installed package adds its own."""

from collections.abc import Sequence

from ..library.authority import Authority
from ..plugins import Registry
from ..web.search import Source
from .base import Arguments, Tool, ToolContext, ToolResult
from .workspace import Workspace

__all__ = ["TOOLS", "Arguments", "Tool", "ToolContext", "ToolResult", "Workspace", "default_tools"]

TOOLS: Registry[type[Tool]] = Registry(
    "tools",
    {
        "batch_web_surfer": "deepresearch.tools.batch_web_surfer:BatchWebSurfer",
        "todo": "deepresearch.tools.todo:TodoTool",
        "file": "deepresearch.tools.file:FileTool",
    },
)


def default_tools(sources: Sequence[Source], authority: Authority | None = None, *, simple: bool = False) -> list[Tool]:
    """All tools, new, for one run: tools keep the run's state, so runs must not share them.

    authority: the built-in table where None. simple: see Tool.simple. Raises SettingsError for an installed tool that
    cannot be loaded.
    """
    tools = [TOOLS.get(name).make(sources, authority) for name in TOOLS.names()]
    for tool in tools:
        tool.simple = simple
    return tools
