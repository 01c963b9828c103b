"""Criteria for a question that has none, drafted by a model."""

from typing import Any

from pydantic import ValidationError

from ..models import ChatModel
from ..models.reply_cache import ReplyCache
from ..models.structured import StructuredClient, StructuredReply, Unusable, json_object
from .prompt import prompt
from .rubrics import Rubric, RubricSet

LEAST, MOST = 8, 25
"""How many criteria a draft has."""


async def draft_rubrics(model: ChatModel, question: str, kept: ReplyCache | None = None) -> StructuredReply[RubricSet]:
    """Criteria that `model` drafts for `question`; without a value where no reply could be used. Raises ModelError."""

    def read(text: str) -> RubricSet:
        return read_draft(text, question, f"drafted by {model.name}")

    asked = prompt("draft", {"question": question}, {"least": str(LEAST), "most": str(MOST)})
    return await StructuredClient(model, kept).ask(asked, read)


def read_draft(text: str, question: str, origin: str) -> RubricSet:
    """The criteria in a reply. Raises Unusable where one of them cannot be used, or none is wanted."""
    listed = json_object(text, "rubrics")["rubrics"]
    if not isinstance(listed, list) or not listed:
        raise Unusable('"rubrics" is no list of criteria')
    try:
        rubrics = [Rubric.model_validate(_without_id(item)) for item in listed]
        drafted = RubricSet(question=question, origin=origin, rubrics=tuple(rubrics))
    except ValidationError as error:
        first = error.errors()[0]
        raise Unusable(f"a criterion cannot be used: {first['msg']} ({first['input']!r:.80})") from error
    if not any(rubric.weight > 0 for rubric in drafted.rubrics):
        raise Unusable("no criterion has a weight above zero")
    return drafted


def _without_id(item: Any) -> Any:
    return {name: value for name, value in item.items() if name != "id"} if isinstance(item, dict) else item
