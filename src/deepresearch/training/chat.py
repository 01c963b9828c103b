"""The chat dialect: the chat template of a model's own tokenizer."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ..agent.view import Transcript
from ..derived import started
from ..errors import SettingsError
from ..models.base import Message
from ..models.calls import read_message, schemas_of
from ..models.dialects import NATIVE, render
from ..policy import View
from ..tools.fencing import disarm
from ..trajectory import Event, Turn
from .records import TokenSample
from .segments import Segment, join, samples_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


class ChatDialect:
    """The tokenizer's own chat template, over the messages that a served model would get.

    Calls are written in the template's own form (`calls="native"`), or in one of the tagged texts of
    deepresearch.models, which every template can carry; they are read as those of served models are.
    """

    name = "chat"
    marks: tuple[str, ...] = ()

    def __init__(self, tokenizer: "PreTrainedTokenizerFast", calls: str = "tool_call") -> None:
        """Raises SettingsError for a tokenizer without a chat template."""
        if not tokenizer.chat_template or tokenizer.eos_token_id is None:
            raise SettingsError(
                "The tokenizer has no chat template, or no token that ends a turn.",
                "Begin from a model that was tuned for chat, or use the compact dialect.",
            )
        self.tokenizer = tokenizer
        self.calls = calls
        self._end = str(tokenizer.eos_token)
        self.stop_ids = frozenset({int(tokenizer.eos_token_id)})

    def describe(self) -> dict[str, Any]:
        """See TokenDialect."""
        return {"name": self.name, "calls": self.calls}

    def prompt(self, view: View) -> list[int]:
        """See TokenDialect."""
        return join(self._segments(view.events, open_turn=True))

    def samples(self, events: Sequence[Event], kind: str = "") -> list[TokenSample]:
        """See TokenDialect."""
        return samples_of(events, self._segments, kind)

    def read(self, ids: Sequence[int], view: View) -> Turn:
        """See TokenDialect."""
        whole = bool(ids) and ids[-1] in self.stop_ids
        text = str(self.tokenizer.decode(list(ids[:-1] if whole else ids)))
        finish = "stop" if whole else "length"
        parts = read_message(text, schemas_of(started(view.events).tools), finish)
        finish = "tool_calls" if parts.calls and whole else finish
        return Turn(text=parts.text, reasoning=parts.reasoning, calls=parts.calls, finish=finish)

    def _segments(self, events: Sequence[Event], open_turn: bool = False) -> list[Segment]:
        """The view, message by message. open_turn: with the template's beginning of the next turn."""
        transcript = Transcript()
        for event in events:
            transcript.apply(event)
        tools = started(events).tools
        done: list[Message] = []
        segments: list[Segment] = []
        told = ""
        """What the template has made of the messages that are in `segments`."""

        def context(text: str) -> None:
            nonlocal told
            if not text.startswith(told):
                raise SettingsError(
                    "The chat template changes earlier messages when others follow.",
                    "Use a template that only adds to what is there; then what was sampled stays as it was.",
                )
            if text != told:
                segments.append(Segment(self._encode(text[len(told) :])))
            told = text

        for block in transcript.blocks:
            turn = block.turn
            if turn:
                context(self._render(done, tools, open_turn=True))
                done.append(block.messages[0])
                whole = self._render(done, tools)
                found = whole.rfind(self._end, len(told))
                if found < 0:
                    raise SettingsError(
                        f"The chat template does not end a turn with {self._end}, the tokenizer's end.",
                        "Set eos_token of the tokenizer to what ends a turn in its template.",
                    )
                place = found + len(self._end)
                own = list(turn.sample.completion_ids) if turn.sample else self._encode(whole[len(told) : place])
                segments.append(Segment(own, turn.seq))
                if own and own[-1] not in self.stop_ids:
                    segments.append(Segment([int(cast(int, self.tokenizer.eos_token_id))]))
                told = whole[:place]
            done += block.messages[1:] if turn else block.messages
        context(self._render(done, tools, open_turn=True) if open_turn else told)
        return segments

    def _render(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], open_turn: bool = False) -> str:
        safe = [{**m, "content": disarm(m["content"])} if m["role"] == "user" else m for m in messages]
        given: Any = [dict(tool) for tool in tools]
        written = [{**m, **_as_objects(m)} for m in safe] if self.calls == NATIVE else render(self.calls, safe, given)
        text = self.tokenizer.apply_chat_template(
            written, tools=given if self.calls == NATIVE else None, tokenize=False, add_generation_prompt=open_turn
        )
        return cast(str, text)

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))


def _as_objects(message: Message) -> Message:
    """The calls of a message with their arguments as objects, which templates write as JSON themselves."""
    if not message.get("tool_calls"):
        return {}
    calls = [call["function"] for call in message["tool_calls"]]
    functions = [{**call, "arguments": json.loads(call["arguments"])} for call in calls]
    return {"tool_calls": [{"type": "function", "function": function} for function in functions]}
