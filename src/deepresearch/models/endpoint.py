"""What was learnt from an endpoint's refusals, and requests in the form that it takes.

Servers that speak the same dialect differ in what they refuse. Most name what they want instead: then the request is
changed accordingly and sent again at once, and the change is remembered for as long as the client lives.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import BrokenReply, ContextOverflow
from ..settings import ModelSettings
from ..trajectory import WHOLE, Reply, Usage
from .base import Message, Spec
from .constrained import FORMS, in_words, satisfies
from .dialects import render
from .failures import Refused, prompt_in
from .schemas import offered
from .stream import REPETITION
from .wire import Form, strict

OPENAI = "//api.openai.com/"
"""The one endpoint that has renamed max_tokens, and whose newer models refuse the old name."""
SHORTEST_REPLY = 256
"""Tokens; a context with less room than this for the reply is too small for the prompt."""
TOKENS_PER_BYTE = 0.3
"""Estimate for a text that the endpoint has not counted yet."""
MOST_BYTES_PER_TOKEN = 9.0
"""Upper bound for ordinary text, on average over a prompt, with any tokeniser."""
SHORTEST_GROWTH = 600
"""Bytes that a prompt must have grown by before a count of it is doubted."""
SPARE = 32
"""Tokens that are left free, for what the server's template adds."""
AGAINST_REPETITION = 0.5
"""Penalty on words used before, in the second attempt at a reply that repeated itself."""
_OPTIONAL = (
    "temperature",
    "frequency_penalty",
    "stream_options",
    "tool_choice",
    "parallel_tool_calls",
)
"""Fields of a request that can be left out."""
_LENGTH = re.compile(r"max_(?:\w+_)?tokens|(?:completion|output) tokens", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.-])\d[\d,]*(?![\w.-]*\w)")
_NEGATIVE = (
    r"(?:(?:not|n't|un|in|dis)\W{0,2}(?:be )?(?:support|allow|permit|accept|enabl|valid(?!_)|recogni|expect)|only|"
    r"deprecat)"
)
_REASONING = re.compile(r"reasoning|thinking", re.IGNORECASE)
_IDS = re.compile(r"(?:tool.?call|tool_use|\bcall)\W{0,3}_?id", re.IGNORECASE)
_SYSTEM = re.compile(rf"system.{{0,60}}(?:{_NEGATIVE}|must be (?:the )?first)|{_NEGATIVE}.{{0,40}}system", re.I | re.S)
_STREAM = re.compile(r"(?<![\w])stream(?:ing)?(?![\w])", re.IGNORECASE)
_NAMES = re.compile(r"(?:function_response|tool)\W.{0,20}\bname\b", re.IGNORECASE)
_REPLY_LENGTH = re.compile(r"completion|output|reply|response|generat|max_\w*tokens", re.IGNORECASE)


@dataclass
class Ask:
    """One request for a reply, as the caller wants it."""

    messages: Sequence[Message]
    tools: Sequence[Spec]
    may_call: bool
    schema: Mapping[str, Any] | None
    tried: set[str] = field(default_factory=set)
    """Cures that this request has had."""
    notes: list[str] = field(default_factory=list)
    broken_off: Reply | None = None
    """What the last attempt brought before the server broke it off."""


@dataclass
class Endpoint:
    """One model behind one endpoint."""

    settings: ModelSettings
    url: str
    form: Form = field(default_factory=Form)
    """How messages must look."""
    max_tokens: int = 0
    """Longest reply that it allows, tokens; 0: unknown, so that model.max_tokens applies."""
    context: int = 0
    """Tokens of prompt and reply together; 0: unknown."""
    length_field: str = ""
    without: set[str] = field(default_factory=set)
    """Fields that it refuses."""
    stream: bool = True
    counted: tuple[Sequence[Message], int] = ([], 0)
    """The last prompt that it has counted in full, and its tokens."""
    schema_form: str = "response_format"
    """How a schema is sent: a key of constrained.FORMS."""
    enforced: str = ""
    """The form in which a schema was seen to be enforced."""
    told_cut: bool = False
    """Whether it was reported that it cuts prompts."""

    def __post_init__(self) -> None:
        self.stream = self.settings.stream
        self.context = self.settings.context
        self.length_field = "max_completion_tokens" if OPENAI in self.url else "max_tokens"

    def fields(self, ask: Ask) -> dict[str, Any]:
        """The request as this endpoint takes it."""
        native = self.settings.dialect == "native"
        offers = bool(ask.tools) and (ask.may_call or "tool_choice" not in self.without)
        asked_in_words = [in_words(ask.schema)] if ask.schema is not None and self.schema_form == "words" else []
        messages = strict([*ask.messages, *asked_in_words], self.form)
        if not native:
            messages = strict(render(self.settings.dialect, messages, ask.tools), self.form)
        fields: dict[str, Any] = {"model": self.settings.name, "messages": messages}
        fields["temperature"] = 1.0 if self.settings.temperature is None else self.settings.temperature
        fields[self.length_field] = self._reply_length(messages)
        if REPETITION in ask.tried:
            fields["frequency_penalty"] = AGAINST_REPETITION
        fields["stream"] = self.stream
        if self.stream:
            fields["stream_options"] = {"include_usage": True}
        if native and offers:
            fields["tools"] = [offered(tool) for tool in ask.tools]
            if not ask.may_call:
                fields["tool_choice"] = "none"
        if ask.schema is not None:
            fields |= FORMS[self.schema_form](ask.schema)
        return {name: value for name, value in fields.items() if name not in self.without}

    def cure(self, refused: Refused, sent: Mapping[str, Any], ask: Ask) -> str:
        """Change what the refusal complains about; what was changed, in words, empty where nothing is known to help."""
        words = refused.words
        if isinstance(refused.error, ContextOverflow):
            return self._make_room(refused.error, words, sent)
        if _LENGTH.search(words) and (change := self._shorten(words, sent, ask)):
            return change
        if ask.schema is not None and _mentions(words, self.schema_form):
            return self._try_next_form()
        for name in _OPTIONAL:
            if name in sent and _mentions(words, name):
                self.without.add(name)
                return f"The endpoint refuses {name}; it is left out."
        form, streams = self.form, not sent["stream"]
        reasoning = "takes no earlier reasoning" if form.reasoning else "wants its earlier reasoning back"
        for name, pattern, useful, value, change in (
            ("short_ids", _IDS, not form.short_ids, True, "wants call ids of nine letters or digits"),
            ("reasoning", _REASONING, True, not form.reasoning, reasoning),
            ("system", _SYSTEM, form.system, False, "takes no system message; it is part of the question"),
            ("tool_names", _NAMES, not form.tool_names, True, "wants the tool's name beside each result"),
            ("stream", _STREAM, True, streams, f"wants replies {'' if streams else 'not '}streamed"),
        ):
            if useful and name not in ask.tried and pattern.search(words):
                ask.tried.add(name)
                setattr(self if name == "stream" else form, name, value)
                return f"The endpoint {change}."
        return ""

    def expect_schema(self, reply: Reply, ask: Ask) -> None:
        """Raises Refused where the reply shows that the form in which its schema was sent is ignored.

        A form is trusted once a reply has satisfied its schema; asked in words, whatever comes is the reply.
        """
        if ask.schema is None or self.schema_form in (self.enforced, "words") or reply.finish not in WHOLE:
            return
        if not satisfies(reply.text, ask.schema):
            raise Refused(BrokenReply(f"The endpoint ignores {self.schema_form}."), self.schema_form)
        self.enforced = self.schema_form

    def _try_next_form(self) -> str:
        forms = list(FORMS)
        before = self.schema_form
        self.schema_form = forms[min(forms.index(before) + 1, len(forms) - 1)]
        how = "asked for in words" if self.schema_form == "words" else f"sent as {self.schema_form}"
        return f"The endpoint does not take a schema as {before}; it is {how}."

    def _shorten(self, words: str, sent: Mapping[str, Any], ask: Ask) -> str:
        """Ask for a shorter reply, under the other name, or leave its length to the server."""
        asked = int(sent.get(self.length_field, 0))
        if not asked:
            return ""
        numbers = [int(number.replace(",", "")) for number in _NUMBER.findall(words)]
        allowed = max((number for number in numbers if 1 < number < asked), default=0)
        other = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}[self.length_field]
        if not allowed and _mentions(words, other) and "length field" not in ask.tried:
            ask.tried.add("length field")
            self.length_field = other
            return f"The endpoint takes {other}."
        if not (allowed or numbers) and re.search(_NEGATIVE, words, re.IGNORECASE):
            self.without.add(self.length_field)
            return "The endpoint refuses a limit on its reply; none is sent."
        if asked <= SHORTEST_REPLY:
            return ""
        self.max_tokens = allowed or asked // 2
        return f"The endpoint's longest reply is shorter than model.max_tokens; {self.max_tokens} tokens are asked for."

    def _make_room(self, error: ContextOverflow, words: str, sent: Mapping[str, Any]) -> str:
        """Ask for a reply that fits beside the prompt, where the two together were too long."""
        asked = int(sent.get(self.length_field, 0))
        limit = error.limit if error.limit and error.limit >= SHORTEST_REPLY else 0
        self.context = limit or self.context
        if not (limit and asked and _REPLY_LENGTH.search(words)):
            return ""
        if prompt := prompt_in(words):
            self.counted = sent["messages"], prompt
        room = limit - self._tokens(sent["messages"]) - SPARE
        if room < SHORTEST_REPLY or room >= asked:
            return ""
        return f"The context has {limit} tokens; the reply is limited to what the prompt leaves."

    def _reply_length(self, messages: Sequence[Message]) -> int:
        longest = min(self.settings.max_tokens, self.max_tokens or self.settings.max_tokens)
        if not self.context:
            return longest
        return min(longest, max(self.context - self._tokens(messages) - SPARE, SHORTEST_REPLY))

    def _tokens(self, messages: Sequence[Message]) -> int:
        """Length of a prompt: as counted before, as far as it is the same, and an estimate of the rest."""
        before, tokens = self.counted
        if messages[: len(before)] != before:
            before, tokens = [], 0
        return tokens + round(TOKENS_PER_BYTE * _bytes(messages[len(before) :]))

    def count(self, usage: Usage, messages: Sequence[Message], ask: Ask) -> Usage:
        """Learn from the server's count of a prompt; marks a count that shows a prompt cut in silence.

        A count of fewer tokens than any text has, or that hardly grows with its conversation, is of a part.
        """
        if usage.estimated or not usage.input:
            return usage
        before, tokens = self.counted
        known = len(before)
        if not (len(messages) > known and messages[:known] == before):
            known = tokens = 0
        # Only what is new is measured: measuring the whole prompt at each step takes longer than sending it.
        grown = _bytes(messages[known:])
        if grown > SHORTEST_GROWTH and grown > MOST_BYTES_PER_TOKEN * (usage.input - tokens):
            if not self.told_cut:
                ask.notes.append(
                    f"The endpoint counted only {usage.input} tokens in {_bytes(messages)} bytes: it seems to leave "
                    "out a part of the prompt without saying so. Give the server a larger context, or lower "
                    "context.limit."
                )
            self.told_cut = True
            return usage.model_copy(update={"cut": True})
        self.counted = messages, usage.input
        return usage


def _mentions(words: str, name: str) -> bool:
    return re.search(rf"(?<!\w){name}(?!\w)", words) is not None


def _bytes(sends: Sequence[Mapping[str, Any]]) -> int:
    return sum(len(str(one).encode("utf-8", "replace")) for one in sends)
