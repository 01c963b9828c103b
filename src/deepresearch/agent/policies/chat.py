"""A served model as the policy."""

from collections.abc import Callable, Sequence

from ...models.base import ChatModel, Spec
from ...policy import View
from ...trajectory import Turn

PLAN_FIRST = (
    "Before any tool is used: state in a few lines what the question is after, then your plan as a short numbered "
    "list of what you will find out and where you will look. Call no tool in this reply."
)


class ChatPolicy:
    """Asks the model; its tools are those that the view allows."""

    name = "chat"
    revises = True

    def __init__(self, model: ChatModel, specs: Sequence[Spec], on_text: Callable[[str], None] | None = None) -> None:
        self.model = model
        self.specs = list(specs)
        self.on_text = on_text

    async def close(self) -> None:
        """Let go of the model's connections."""
        await self.model.close()

    async def decide(self, view: View) -> Turn:
        specs = [spec for spec in self.specs if spec["function"]["name"] in view.tools]
        messages = list(view.messages)
        if view.phase == "plan":
            messages[-1] = {**messages[-1], "content": f"{messages[-1]['content']}\n\n{PLAN_FIRST}"}
        reply = await self.model.complete(messages, specs, self.on_text)
        return Turn(
            reasoning=reply.reasoning,
            text=reply.text,
            calls=reply.calls,
            finish=reply.finish,
            usage=reply.usage,
            cost=reply.cost,
            seconds=reply.seconds,
            model=reply.model,
            sample=reply.sample,
        )
