"""Replies of a chat endpoint put together: server-sent events, deltas, and what may be shown meanwhile."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..trajectory import Sample, Usage
from .marks import show_until
from .thinking import ThinkSplitter

DONE = "[DONE]"
STARTING_AGAIN = "\n\n[The connection broke; the reply starts again.]\n\n"
"""Shown where a further attempt says something else than the one that broke."""


async def read_events(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """The data of server-sent events, from bytes cut anywhere. One line of data is one event: chat servers do so."""
    rest = b""
    async for chunk in chunks:
        lines = (rest + chunk if rest else chunk).split(b"\n")
        rest = lines.pop()
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip().decode("utf-8", "replace")
    if rest.startswith(b"data:"):
        yield rest[5:].strip().decode("utf-8", "replace")


@dataclass
class _CallParts:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class Assembler:
    """Takes the chunks of a stream, or one whole reply, and holds what they add up to. Other choices are ignored."""

    def __init__(self) -> None:
        self.content: list[str] = []
        self.reasoning: list[str] = []
        self.finish = ""
        self.model = ""
        self.begun = False
        """True as soon as a choice was seen."""
        self._usage: dict[str, Any] = {}
        self._calls: list[_CallParts] = []
        self._by_index: dict[int, _CallParts] = {}
        self._prompt_ids: list[int] = []
        self._ids: list[int] = []
        self._logprobs: list[float] = []

    def feed(self, chunk: dict[str, Any]) -> str:
        """Take a chunk; returns the content it adds."""
        if usage := chunk.get("usage"):
            self._usage = usage
        if model := chunk.get("model"):
            self.model = model
        self._prompt_ids = chunk.get("prompt_token_ids") or self._prompt_ids
        for choice in chunk.get("choices") or ():
            if not choice.get("index"):
                return self._take(choice)
        return ""

    def calls(self) -> list[tuple[str, str, str]]:
        """Id, tool and arguments of every call, in order."""
        return [(call.id, call.name, "".join(call.arguments)) for call in self._calls]

    def usage(self, sent: int) -> Usage:
        """Tokens as the server counts them; where it does not, an estimate from bytes (`sent`: of the request)."""
        told = self._usage
        if not isinstance(told.get("prompt_tokens"), int):
            written = "".join([*self.content, *self.reasoning, *(part for call in self.calls() for part in call)])
            output = len(written.encode("utf-8", "replace")) // 4 + 1
            return Usage(input=sent // 4 + 1, output=output, estimated=True)
        details = told.get("prompt_tokens_details") or {}
        cached = details.get("cached_tokens") or told.get("prompt_cache_hit_tokens") or told.get("cached_tokens") or 0
        return Usage(input=told["prompt_tokens"], cached=cached, output=told.get("completion_tokens") or 0)

    def sample(self) -> Sample | None:
        """Tokens as sampled, where the server gave all of them."""
        if not (self._prompt_ids and self._ids) or len(self._logprobs) != len(self._ids):
            return None
        return Sample(prompt_ids=self._prompt_ids, completion_ids=self._ids, logprobs=self._logprobs)

    def _take(self, choice: dict[str, Any]) -> str:
        self.begun = True
        delta = choice.get("delta") or choice.get("message") or {}
        if reasoning := delta.get("reasoning_content") or delta.get("reasoning"):
            self.reasoning.append(_text(reasoning))
        content = _text(delta.get("content") or "")
        if content:
            self.content.append(content)
        for part in delta.get("tool_calls") or ():
            self._take_call(part)
        self._ids += choice.get("token_ids") or ()
        if logprobs := choice.get("logprobs"):
            self._logprobs += [token["logprob"] for token in logprobs.get("content") or ()]
        self.finish = choice.get("finish_reason") or self.finish
        return content

    def _take_call(self, part: dict[str, Any]) -> None:
        function = part.get("function") or {}
        name, id = function.get("name") or "", part.get("id") or ""
        call = self._call_of(part.get("index"), id, name)
        call.id = call.id or id
        if name != call.name:
            call.name += name
        arguments = function.get("arguments")
        if arguments:
            call.arguments.append(arguments if isinstance(arguments, str) else json.dumps(arguments))

    def _call_of(self, index: int | None, id: str, name: str) -> _CallParts:
        """The call that a delta belongs to.

        By index; where servers leave the index out or give every call the same, a new id or a name begins a new call.
        """
        if index is not None:
            known = self._by_index.get(index)
            if known and not (id and known.id and id != known.id and name):
                return known
        else:
            same = [call for call in self._calls if id and call.id == id]
            if same:
                return same[0]
            if self._calls and not id and not (name and self._calls[-1].arguments):
                return self._calls[-1]
        call = _CallParts()
        self._calls.append(call)
        if index is not None:
            self._by_index[index] = call
        return call


class LiveText:
    """Passes the visible text of a reply on as it arrives: no thinking, no calls, nothing twice after a retry."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._shown: list[str] = []
        self._before = ""
        """What an attempt that broke has shown, until the next attempt has said as much."""
        self._splitter = ThinkSplitter()
        self._held = ""
        self._ended = False

    def begin(self) -> None:
        """A new attempt starts."""
        self._before = self._before or "".join(self._shown)
        self._shown, self._splitter, self._held, self._ended = [], ThinkSplitter(), "", False

    def feed(self, content: str) -> None:
        """Content as it came."""
        if self._ended:
            return
        text = self._held + self._splitter.feed(content)
        end, self._ended = show_until(text) if "<" in text or "[" in text else (len(text), False)
        self._held = text[end:]
        self._show(text[:end])

    def finish(self, text: str) -> None:
        """The whole visible text, at the end of the reply."""
        shown = "".join(self._shown)
        if text.startswith(shown):
            self._show(text[len(shown) :])
        elif not shown.startswith(text):
            self._on_text(STARTING_AGAIN + text)

    def _show(self, text: str) -> None:
        if not text:
            return
        self._shown.append(text)
        if not self._before:
            self._on_text(text)
            return
        shown = "".join(self._shown)
        if not self._before.startswith(shown):
            more = shown[len(self._before) :] if shown.startswith(self._before) else STARTING_AGAIN + shown
            self._before = ""
            self._on_text(more)


def parse_event(data: str) -> dict[str, Any]:
    """One event as an object. Raises ValueError where it is none."""
    event = json.loads(data)
    if not isinstance(event, dict):
        raise ValueError("not an object")
    return event


def _text(content: Any) -> str:
    """Text of a content field: a string, or a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(_part_texts(content)) if isinstance(content, list) else ""


def _part_texts(parts: list[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            yield part["text"]
