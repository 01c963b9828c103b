"""The forms in which servers take a JSON schema that a reply must satisfy, from the most to the least common."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from .base import Message

Schema = Mapping[str, Any]
FORMS: dict[str, Callable[[Schema], dict[str, Any]]] = {
    "response_format": lambda schema: {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": schema, "strict": True},
        }
    },
    "json_schema": lambda schema: {"json_schema": schema},
    "structured_outputs": lambda schema: {"structured_outputs": {"json": schema}},
    "guided_json": lambda schema: {"guided_json": schema},
    "words": lambda _: {},
}
"""OpenAI and most servers; llama.cpp, which makes a grammar of it; vLLM, new and old; and a request in words, for a
server that enforces none."""


def in_words(schema: Schema) -> Message:
    """The schema as a request to the model itself."""
    wanted = f"Reply with one JSON object that satisfies this JSON schema, and nothing else:\n{json.dumps(schema)}"
    return {"role": "user", "content": wanted}


def satisfies(text: str, schema: Schema) -> bool:
    """Whether the reply is JSON in the form of the schema: its kinds and fields; lengths are left to the reader."""
    from .schemas import problems  # noqa: PLC0415  slow to import, and not needed without a schema

    try:
        return not problems(json.loads(text), _without_lengths(schema))
    except ValueError:
        return False


def _without_lengths(schema: Any) -> Any:
    """A small model that runs into a length may stop at it; that says nothing about whether the schema was enforced."""
    if isinstance(schema, Mapping):
        lengths = ("maxLength", "minLength", "maxItems", "minItems", "minimum", "maximum")
        return {name: _without_lengths(value) for name, value in schema.items() if name not in lengths}
    return [_without_lengths(value) for value in schema] if isinstance(schema, list) else schema
