"""What the model is asked: always one small thing, under a JSON schema, in the language of the question."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from ..derived import spent
from ..errors import ContextOverflow, ModelError
from ..models.prompt import Prompt
from ..models.structured import StructuredClient, StructuredReply, Unusable, json_object
from ..text.sentences import split_sentences
from ..tools.fencing import one_line
from ..trajectory import Usage

Value = TypeVar("Value")
QUERIES = 4
"""Queries at most."""
LONGEST_QUERY = 80
LONGEST_GUESS = 200
LONGEST_SENTENCE = 400
"""Characters of a sentence that the model writes."""
CUT = LONGEST_SENTENCE - 10
"""Characters from which a text without an end was cut off."""
SENTENCES = 3
"""Sentences of one answer."""
_ENDS = re.compile(r"[.!?。！？]\W*$")
_LOOP = re.compile(r"(.{4,80}?)\1{3,}", re.DOTALL)
"""The same words four times in a row: a small model that does not come to its end."""

_CITED = re.compile(r"\s*\\*‹cite\w*›\s*\{[^{}]*\}")
"""A citation of the model's own, as `one_line` leaves it: the program cites."""


@dataclass(frozen=True)
class WrittenSentence:
    """A sentence of an answer as the model wrote it."""

    text: str
    findings: tuple[int, ...]
    """Numbers of the findings that it uses, from 1."""


@dataclass
class Spent:
    """What the requests of one decision cost."""

    usage: Usage = field(default_factory=Usage)
    cost: float | None = 0.0
    notes: tuple[str, ...] = ()
    refusal: ModelError | None = None
    """Why the endpoint refused the requests, where it has answered none."""
    _is_answered: bool = False

    def add(self, asked: StructuredReply[Any]) -> None:
        """One more request."""
        self._is_answered |= asked.refusal is None
        self.refusal = None if self._is_answered else asked.refusal
        self.usage, self.cost = spent([self, asked])


class Asker:
    """Asks a model in one language."""

    def __init__(self, client: StructuredClient, language: str) -> None:
        """language: ISO 639-1; Chinese prompts for "zh", English ones for every other."""
        self._client = client
        self._words = prompts("zh" if language == "zh" else "en")
        self.spent = Spent()

    async def queries(self, question: str) -> list[str]:
        """Wordings to search by. Raises ModelError."""
        item = {"type": "string", "maxLength": LONGEST_QUERY}
        schema = _object(queries={"type": "array", "items": item, "minItems": 1, "maxItems": QUERIES})
        found = await self._ask("queries", {}, {"question": question}, schema, _read_queries)
        return found or []

    async def guess(self, question: str) -> str:
        """What a passage that answers may say, from the model's memory: to search by, never to state; "" without a
        usable reply. Raises ModelError."""
        schema = _object(guess={"type": "string", "maxLength": LONGEST_GUESS})
        return await self._ask("guess", {}, {"question": question}, schema, _reads_text("guess")) or ""

    async def finding(self, question: str, passage: str) -> str | None:
        """A sentence that answers with what the passage says; "" where it says nothing, None without a usable reply.

        Raises ModelError.
        """
        return await self._ask(
            "finding",
            {"passage": passage},
            {"question": question},
            _object(finding={"type": "string", "maxLength": LONGEST_SENTENCE}),
            _reads_text("finding"),
        )

    async def repair(self, sentence: str, passage: str) -> str:
        """The sentence written again from its passage; "" without a usable reply. Raises ModelError."""
        schema = _object(sentence={"type": "string", "maxLength": LONGEST_SENTENCE})
        texts = {"passage": passage, "sentence": sentence}
        return await self._ask("repair", texts, {}, schema, _reads_text("sentence")) or ""

    async def answer(self, question: str, findings: Sequence[str]) -> list[WrittenSentence]:
        """One to three sentences from `findings`; none without a usable reply. Raises ModelError."""
        number = {"type": "integer", "minimum": 1, "maximum": len(findings)}
        sentence = _object(
            text={"type": "string", "maxLength": LONGEST_SENTENCE},
            findings={"type": "array", "items": number, "minItems": 1, "maxItems": 3},
        )
        schema = _object(sentences={"type": "array", "items": sentence, "minItems": 1, "maxItems": SENTENCES})
        listed = "\n".join(f"[{n}] {one_line(text, 600)}" for n, text in enumerate(findings, 1))
        read = _reads_answer(len(findings))
        return await self._ask("answer", {"findings": listed}, {"question": question}, schema, read) or []

    async def _ask(
        self,
        name: str,
        texts: Mapping[str, str],
        words: Mapping[str, str],
        schema: Mapping[str, Any],
        read: Callable[[str], Value],
    ) -> Value | None:
        prompt = Prompt(self._words["rules"], self._words[name].strip(), texts, words)
        asked = await self._client.ask(prompt, read, schema=schema)
        self.spent.add(asked)
        if isinstance(asked.refusal, ContextOverflow):
            raise asked.refusal
        if asked.value is None and asked.problem:
            self.spent.notes += (f"A reply could not be used: {one_line(asked.problem)}",)
        return asked.value


@cache
def prompts(language: str) -> dict[str, str]:
    """The prompts in one language: prompts.toml."""
    text = files(__package__).joinpath("prompts.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)[language])


def _object(**fields: Any) -> dict[str, Any]:
    """The schema of an object that has all of these fields and no other."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _clean(value: Any) -> str:
    """A text of the model, without anything that the report's markup or a later prompt would act on."""
    text = _CITED.sub("", one_line(value, 2 * LONGEST_SENTENCE)) if isinstance(value, str) else ""
    if _LOOP.search(text):
        raise Unusable("it repeats the same words again and again")
    if len(text) >= CUT and not _ENDS.search(text):  # it ran into the longest length in mid-sentence
        return " ".join(split_sentences(text)[:-1])
    return text


def _read_queries(reply: str) -> list[str]:
    listed = json_object(reply, "queries")["queries"]
    queries = [_clean(one)[:LONGEST_QUERY] for one in listed] if isinstance(listed, list) else []
    if not any(queries):
        raise Unusable('"queries" is no list of texts')
    return list(dict.fromkeys(filter(None, queries)))[:QUERIES]


def _reads_text(name: str) -> Callable[[str], str]:
    def read(reply: str) -> str:
        return _clean(json_object(reply, name)[name])

    return read


def _reads_answer(many: int) -> Callable[[str], list[WrittenSentence]]:
    def read(reply: str) -> list[WrittenSentence]:
        listed = json_object(reply, "sentences")["sentences"]
        items = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        found = []
        for one in items[:SENTENCES]:
            given = one.get("findings")
            numbers = tuple(dict.fromkeys(n for n in given if type(n) is int and 1 <= n <= many)) if given else ()
            if (text := _clean(one.get("text"))) and numbers:
                found.append(WrittenSentence(text, numbers))
        if not found:
            raise Unusable('"sentences" is no list of sentences with the numbers of findings')
        return found

    return read
