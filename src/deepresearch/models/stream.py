"""Replies of a chat endpoint put together from what it sends, read by its content, whatever its content type."""

import itertools
import json
import re
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..trajectory import Usage
from .base import Message
from .calls import GivenCall

DONE = "[DONE]"
_LINE_END = re.compile(rb"\r?\n|\r(?=[^\n])")  # a return at the very end may be half of a line end
_FIELD = re.compile(r"(data|event|id|retry|error): ?(?:data: ?)*")  # some proxies write data: twice
_KNOWN = frozenset({"role", "content", "reasoning_content", "reasoning", "tool_calls", "function_call", "name"})
"""Fields of a message that are read here."""
REPETITION = "repetition"
"""Finish reason of a reply that was cut off because it repeated itself."""
_LOOP, _TIMES = 2_400, 6
"""Characters at the end of a reply that are one passage, so many times or more, in a reply that will not end."""
_STEP = 400
"""New characters between two looks for that."""
_SURE = 8
"""Characters from which a repetition in a stream is no coincidence."""


class Payload(NamedTuple):
    """One event of a stream, or a whole body that is no stream."""

    data: str
    event: str | None
    """Name of the server-sent event, empty where it has none; None: not a server-sent event."""


async def read_payloads(chunks: AsyncIterable[bytes]) -> AsyncGenerator[list[Payload], None]:
    """The events of an answer, from bytes cut anywhere: server-sent events, JSON in one piece, or JSON line by line.

    Those that one chunk completes come together.
    """
    reader = _PayloadReader()
    async for chunk in chunks:
        if payloads := reader.feed(chunk):
            yield payloads
    if payloads := reader.end():
        yield payloads


class _PayloadReader:
    """An event ends at an empty line, as in the standard, and also at the next line of data once it is whole."""

    def __init__(self) -> None:
        self._rest = b""
        """What came after the last line end."""
        self._begun = False
        self._pending = ""
        self._name: str | None = None

    def feed(self, chunk: bytes) -> list[Payload]:
        self._rest += chunk
        if b"\r" in self._rest:
            *lines, self._rest = _LINE_END.split(self._rest)
        elif b"\n" in chunk:
            whole, _, self._rest = self._rest.rpartition(b"\n")
            lines = [whole]
        else:
            return []
        return self._take(b"\n".join(lines)) if lines else []

    def end(self) -> list[Payload]:
        return self._take(self._rest.rstrip(b"\r") + b"\n" if self._rest.strip() else b"", ended=True)

    def _take(self, lines: bytes, ended: bool = False) -> list[Payload]:
        found: list[Payload] = []
        text = lines.decode("utf-8", "replace")
        if not self._begun:
            self._begun, text = True, text.removeprefix("\ufeff")
        for line in text.split("\n"):
            if not line or line.isspace():
                if self._pending and (ended or self._name is not None):
                    found.append(Payload(self._pending, self._name))
                    self._pending, self._name = "", ""
                continue
            if line.startswith("data: {"):  # nearly every line
                field, value = "data", line[6:]
                self._name = self._name or ""
            elif (match := _FIELD.match(line)) is None:
                field, value = "data" if line[0] != ":" else "comment", line
            else:
                field, value = match[1], line[match.end() :]
                self._name = self._name or ""
            if field not in ("data", "error", "event"):
                continue
            if self._pending and (field == "event" or _is_whole(self._pending)):
                found.append(Payload(self._pending, self._name))
                self._pending = ""
            if field == "event":
                self._name = value.strip()
                continue
            self._name = "error" if field == "error" else self._name
            self._pending = f"{self._pending}\n{value}" if self._pending else value
        return found


def _is_whole(data: str) -> bool:
    data = data.strip()
    if data == DONE:
        return True
    if data[:1] not in ("{", "[") or data[-1:] not in ("}", "]"):
        return False
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def joined(pieces: Sequence[str]) -> str:
    """The text that the pieces of a stream add up to.

    Most servers send what is new. Some send the text so far in every piece, some end with the whole text once more.
    """
    parts = [piece for piece in pieces if piece]
    whole = "".join(parts)
    if len(parts) < 2 or len(parts[-1]) < _SURE:
        return whole
    last = parts[-1]
    if 2 * len(last) == len(whole) and whole.startswith(last):
        return last
    growths = [after != before for before, after in itertools.pairwise(parts) if after.startswith(before)]
    cumulative = len(growths) == len(parts) - 1 and (sum(growths) > 1 or (any(growths) and len(parts[0]) >= _SURE // 2))
    return last if cumulative else whole


def repeats_itself(text: str) -> bool:
    """Whether the end of `text` is one short passage again and again."""
    tail, longest = text[-_LOOP:], _LOOP // _TIMES
    if len(tail) < _LOOP:
        return False
    start = tail[: _LOOP - longest]
    period = tail.find(start, 1)  # all that begins like the tail again, at most `longest` further on
    while period > 0 and tail[period:] != tail[:-period]:
        period = tail.find(start, period + 1)
    return period > 0


def _end(pieces: Sequence[str]) -> str:
    """The end of the text that the pieces add up to, long enough to look for repetition."""
    at, length = len(pieces), 0
    while at and length < _LOOP:
        at -= 1
        length += len(pieces[at])
    return joined(pieces[at:])


@dataclass
class _CallParts:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


class Assembler:
    """Takes the chunks of a stream, or one whole reply, and adds them up. Other choices are ignored."""

    def __init__(self) -> None:
        self.finish = ""
        """The server's word for why generation ended."""
        self.model = ""
        self.begun = False
        """True as soon as a choice was seen."""
        self.is_single = False
        """True where the reply came in one piece."""
        self.wire: dict[str, Any] = {}
        """Fields of the message that only the endpoint knows."""
        self._unseen = 0
        """Characters that came since the last look for repetition."""
        self._content: list[str] = []
        self._reasoning: list[str] = []
        self._usage: dict[str, Any] = {}
        self._calls: list[_CallParts] = []
        self._by_index: dict[Any, _CallParts] = {}

    def feed(self, chunk: dict[str, Any]) -> bool:
        """Take a chunk; returns whether it brought anything new."""
        if usage := chunk.get("usage"):
            self._usage = usage
        if model := chunk.get("model"):
            self.model = model
        for choice in chunk.get("choices") or ():
            if not choice.get("index"):
                return self._take(choice, chunk.get("object") == "chat.completion")
        return bool(usage)

    @property
    def text(self) -> str:
        return joined(self._content)

    @property
    def reasoning(self) -> str:
        return joined(self._reasoning)

    def is_looping(self) -> bool:
        """Whether the reply repeats itself; looked at every few hundred characters."""
        if self._unseen < _STEP:
            return False
        self._unseen = 0
        arguments = self._calls[-1].arguments if self._calls else ()
        return any(repeats_itself(_end(pieces)) for pieces in (self._content, self._reasoning, arguments))

    def calls(self) -> list[GivenCall]:
        """Every native call, in order."""
        return [GivenCall(call.id, call.name, joined(call.arguments), call.extra) for call in self._calls]

    def usage(self, messages: Sequence[Message]) -> Usage:
        """Tokens as the server counts them; where it does not, an estimate from the bytes of `messages` and reply."""
        usage = self._usage
        prompt = usage.get("prompt_tokens") or usage.get("input_tokens")
        if not isinstance(prompt, int):
            written = "".join([self.text, self.reasoning, *(call.tool + call.arguments for call in self.calls())])
            output = len(written.encode("utf-8", "replace")) // 4 + 1
            return Usage(input=len(str(messages).encode("utf-8", "replace")) // 4 + 1, output=output, estimated=True)
        details = usage.get("prompt_tokens_details") or {}
        cached = details.get("cached_tokens") or usage.get("prompt_cache_hit_tokens") or usage.get("cached_tokens") or 0
        whole = prompt + cached if cached > prompt else prompt  # some count apart what they had already
        return Usage(
            input=whole, cached=cached, output=usage.get("completion_tokens") or usage.get("output_tokens") or 0
        )

    def _take(self, choice: dict[str, Any], is_whole: bool) -> bool:
        self.begun = True
        finish = choice.get("finish_reason")
        new = bool(finish and not self.finish)
        self.finish = finish or self.finish
        if delta := choice.get("delta"):
            new = self._take_message(delta) or new
        if message := choice.get("message"):
            if is_whole or finish:  # the whole reply, which replaces what came before
                self._forget(message)
            new = self._take_message(message) or new
        elif isinstance(choice.get("text"), str):
            new = self._take_message({"content": choice["text"]}) or new
        return new

    def _forget(self, message: dict[str, Any]) -> None:
        """Drop what the whole `message` repeats."""
        content, reasoning = texts_of(message)
        self._content = [] if content else self._content
        self._reasoning = [] if reasoning else self._reasoning
        if message.get("tool_calls") or message.get("function_call"):
            self._calls, self._by_index = [], {}

    def _take_message(self, message: dict[str, Any]) -> bool:
        content, reasoning = texts_of(message)
        if content:
            self._content.append(content)
        if reasoning:
            self._reasoning.append(reasoning)
        self._unseen += len(content) + len(reasoning)
        parts = list(message.get("tool_calls") or ())
        if function := message.get("function_call"):
            parts.append({"function": function})
        for part in parts:
            self._take_call(part)
        if unknown := message.keys() - _KNOWN:
            _merge(self.wire, {name: message[name] for name in unknown})
        return bool(content or reasoning or parts)

    def _take_call(self, part: dict[str, Any]) -> None:
        function = part.get("function") or {}
        name, id = function.get("name") or "", part.get("id") or ""
        given = function.get("arguments")
        arguments = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False) if given else ""
        call = self._call_of(part.get("index"), id, name, arguments)
        if call is None:
            return
        call.id = call.id or id
        if name != call.name:
            call.name += name
        call.arguments.append(arguments)
        self._unseen += len(arguments)
        _merge(
            call.extra, {key: value for key, value in part.items() if key not in ("index", "id", "type", "function")}
        )
        beside = {key: value for key, value in function.items() if key not in ("name", "arguments")}
        if any(beside.values()):
            _merge(call.extra.setdefault("function", {}), beside)

    def _call_of(self, index: Any, id: str, name: str, arguments: str) -> _CallParts | None:
        """The call that a delta belongs to, a new one where it begins one; None for a call that was there already.

        The index decides where it can. Servers leave it out, give every call the same one or count deltas by it: so a
        delta without a name continues the call before it, and a name after whole arguments begins a new call.
        """
        known = self._by_index.get(index) if index is not None else None
        if known is None and id:
            known = next((call for call in self._calls if call.id == id), None)
        if known is None and not name and self._calls:
            known = self._calls[-1]
        if known is None and index is None and not id and self._calls and not any(self._calls[-1].arguments):
            known = self._calls[-1]
        if known is not None and name and not (id and id == known.id):
            other = bool(id and known.id)
            whole = _is_whole(joined(known.arguments))
            if whole and not id and name == known.name and arguments == joined(known.arguments):
                return None
            known = None if other or whole or (index is None and any(known.arguments)) else known
        if known is None:
            known = _CallParts()
            self._calls.append(known)
        if index is not None:
            self._by_index[index] = known
        return known


_FINISHES = {
    "stop": "stop stopped end end_turn stop_sequence eos eos_token complete completed finish finished done",
    "tool_calls": "tool_calls tool_call tool_use function_call function_calls",
    "length": "length max_tokens max_token max_output_tokens max_length model_length token_limit "
    "model_context_window_exceeded",
    "content_filter": "content_filter content_filtered safety sensitive blocklist prohibited_content recitation spii "
    "refusal",
}
_MEANING = {word: meaning for meaning, words in _FINISHES.items() for word in words.split()}


def finish_of(word: str, has_calls: bool) -> str:
    """Why a reply ended: stop or tool_calls where it is whole, length, content_filter, or a word unknown here.

    word: the server's; empty where it gave none though it marked the end.
    """
    meaning = _MEANING.get(word.strip().lower(), word.strip().lower()) if word else "stop"
    if meaning in ("stop", "tool_calls"):
        return "tool_calls" if has_calls else "stop"
    return meaning


def texts_of(message: dict[str, Any]) -> tuple[str, str]:
    """Content and reasoning of a message or delta, each a string or a list of parts."""
    content, thought = _parts(message.get("content"))
    given = message.get("reasoning_content") or message.get("reasoning")
    return content, ("".join(_parts(given)) if given else thought)


def _parts(given: Any) -> tuple[str, str]:
    """The text of a field, and the thinking among its parts."""
    if isinstance(given, str):
        return given, ""
    text, thought = [], []
    for part in given if isinstance(given, list) else ():
        if isinstance(part, str):
            text.append(part)
        elif isinstance(part, dict) and "thinking" in part:
            thought.append("".join(_parts(part["thinking"])))
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            text.append(part["text"])
    return "".join(text), "".join(thought)


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    """Add the fields of one more delta: texts and lists grow, anything else is replaced."""
    for name, value in more.items():
        if value is None or value == []:
            continue
        before = into.get(name)
        grows = isinstance(value, str | list) and type(before) is type(value)
        into[name] = before + value if grows and before != value else value
