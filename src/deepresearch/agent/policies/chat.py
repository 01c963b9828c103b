"""A served model as the policy."""

from collections.abc import Sequence

from ...models.base import ChatModel, Spec
from ...policy import Policy, View
from ...settings import Settings
from ...tools import Tool
from ...trajectory import Turn

PLAN_FIRST = (
    "Before any tool is used: state in a few lines what the question is after, then your plan as a short numbered "
    "list of what you will find out and where you will look. Call no tool in this reply."
)


def open_chat(settings: Settings, tools: Sequence[Tool]) -> Policy:
    """The policy over the endpoint that the settings name."""
    from ...models.client import chat_client  # noqa: PLC0415  the HTTP stack is not needed without a model

    return ChatPolicy(chat_client(settings), [tool.spec() for tool in tools])


class ChatPolicy:
    """Asks the model. All tools are in every request, so that requests share their beginning in the server's cache."""

    name = "chat"
    revises = True

    def __init__(self, model: ChatModel, specs: Sequence[Spec]) -> None:
        self.model = model
        self.specs = list(specs)

    async def close(self) -> None:
        """Close the model's connections."""
        await self.model.close()

    async def decide(self, view: View) -> Turn:
        messages = list(view.messages)
        if view.phase == "plan":
            messages[-1] = {**messages[-1], "content": f"{messages[-1]['content']}\n\n{PLAN_FIRST}"}
        reply = await self.model.complete(messages, self.specs, may_call=bool(view.tools))
        return Turn(**dict(reply))
