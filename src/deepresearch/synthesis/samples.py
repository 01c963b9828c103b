"""What filters look at: the texts of a rollout or task, their words, and the questions of evaluation suites."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..text.characters import CJK, HANGUL, normalise
from ..text.wordlists import stop_words

Sample = dict[str, Any]
"""A rollout, or a task, as it is in its file."""
TOKENS = re.compile(rf"[{CJK}{HANGUL}〇]|[^\W_{CJK}{HANGUL}〇]+")


def identity(record: Sample) -> str:
    """What a record is called in reports."""
    return str(record.get("run") or record.get("id") or "")


def language_of(record: Sample) -> str:
    """The language of a rollout's task."""
    return str(next((e["task"].get("language", "en") for e in record["events"] if e["type"] == "run.started"), "en"))


def own_texts(record: Sample) -> list[str]:
    """What a policy wrote, of a pair the report, or, of a task, the question."""
    if "messages" in record:
        return [message["content"] for message in record["messages"] if message["loss"]]
    if "events" not in record:
        return [record["question"]]
    return [t for e in record["events"] if e["type"] == "turn" for t in (e.get("text"), e.get("reasoning")) if t]


def all_texts(record: Sample) -> Iterator[str]:
    """Everything in a record that a model would be trained on, and of a task its hidden side too."""
    yield record["question"]
    yield from (message["content"] for message in record.get("messages", []))
    if "events" not in record:
        yield from record.get("plan", [])
        yield from (evidence["text"] for evidence in record.get("evidence", []))
    for event in record.get("events", []):
        if event["type"] in ("turn", "observation", "answered", "user.steered"):
            yield from (event[key] for key in ("text", "reasoning", "shown") if event.get(key))
    yield from queries_of(record)


def calls_of(record: Sample) -> list[dict[str, Any]]:
    """The tool calls of a rollout."""
    return [call for event in record.get("events", []) for call in event.get("calls", [])]


def queries_of(record: Sample) -> list[str]:
    """The texts that were searched for."""
    asked = [query for call in calls_of(record) for query in (call.get("arguments") or {}).get("queries", [])]
    return [query if isinstance(query, str) else query.get("text", "") for query in asked]


def tokens(text: str) -> list[str]:
    """Words, folded, and single ideographs."""
    return TOKENS.findall(normalise(text).casefold())


def ngrams(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    """Every run of `length` words."""
    return zip(*(words[i:] for i in range(length)), strict=False)


@cache
def content_words(text: str) -> frozenset[str]:
    """Words that carry meaning, and pairs of Chinese characters."""
    words = tokens(text)
    common = stop_words("en") | {"find", "sources", "among", "them", "查找", "关于", "资料", "包括"}
    pairs = {a + b for a, b in pairwise(words) if not (a + b).isascii() and len(a + b) == 2}
    return frozenset({w for w in words if len(w) > 1 and w not in common} | (pairs - common))


QUESTION_FIELDS = frozenset({"question", "query", "prompt", "task", "problem", "claim", "instruction"})


def suite_questions(places: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """(file, question) of every question in JSON and JSON lines files, wherever it is in them. Raises UserError."""
    for place in places:
        if not place.exists():
            raise UserError(f"{place} does not exist.", "Name the folder of an evaluation suite.")
        for file in sorted(place.rglob("*.json*")) if place.is_dir() else [place]:
            try:
                text = file.read_text(encoding="utf-8")
                lines = text.splitlines() if file.suffix == ".jsonl" else [text]
                values = [json.loads(line) for line in lines if line.strip()]
            except (OSError, ValueError):
                continue  # not every file of a suite is data
            fields = (field for found in objects_in(values) for field in found.items())
            yield from ((file.name, v) for key, v in fields if key in QUESTION_FIELDS and isinstance(v, str))


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object in a value, at any depth."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects_in(inner)
