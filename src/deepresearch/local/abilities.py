"""What a served model can do, found out by asking it two short things and its server for one vector."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..errors import ModelError, NoToolCalling, RequestRefused
from ..models.base import Message, Spec
from ..models.client import ChatClient, chat_client
from ..models.embeddings import EmbeddingClient
from ..settings import Settings
from ..trajectory import Reply
from .facts import ModelFacts

PATIENCE = 120.0
"""Seconds for an answer: a server may have to load the model first."""
LONGEST = 64
"""Tokens of an answer."""
_SEARCH: Spec = {
    "type": "function",
    "function": {
        "name": "search",
        "description": "Search the documents.",
        "parameters": {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
    },
}
_ASK_CALL: list[Message] = [
    {"role": "system", "content": "You answer with the tool alone."},
    {"role": "user", "content": "Search the documents for: tram line 9"},
]
_ASK_PROSE: list[Message] = [{"role": "user", "content": "Write one short sentence about the sea."}]
_SCHEMA = {
    "type": "object",
    "properties": {"sentence": {"type": "string", "maxLength": 80}},
    "required": ["sentence"],
    "additionalProperties": False,
}


def ask_abilities(settings: Settings, facts: ModelFacts) -> ModelFacts:
    """`facts`, with what the model of `settings` shows where they do not tell. Raises ModelError, SettingsError."""
    with ThreadPoolExecutor(max_workers=1) as pool:  # the caller's thread may have an event loop of its own
        return pool.submit(lambda: asyncio.run(_asked(settings, facts))).result()


async def _asked(settings: Settings, facts: ModelFacts) -> ModelFacts:
    client = chat_client(settings, temperature=0.0, max_tokens=LONGEST, retries=0, timeout=PATIENCE, dialect="native")
    try:
        tools, schema = facts.tools, facts.schema
        if tools is None:  # it does where it calls one when nothing else makes sense
            reply = await _answered(client, _ASK_CALL, [_SEARCH])
            tools = reply is not None and any(call.problem is None for call in reply.calls)
        if schema is None:  # it does where a request for prose becomes JSON, in one of the forms that servers take
            reply = await _answered(client, _ASK_PROSE, schema=_SCHEMA)
            schema = reply is not None and client.endpoint.enforced not in ("", "words")
    finally:
        await client.close()
    return ModelFacts(tools=tools, schema=schema).over(facts)


async def _answered(
    client: ChatClient, messages: Sequence[Message], tools: Sequence[Spec] = (), **how: Any
) -> Reply | None:
    """The reply; None where the server takes no such request."""
    try:
        return await client.complete(messages, tools, **how)
    except (NoToolCalling, RequestRefused):
        return None


def makes_vectors(base_url: str, model: str) -> bool:
    """Whether a server on this machine makes vectors of texts with `model`."""
    client = EmbeddingClient(model, base_url, timeout=10.0, retries=0)
    try:
        return bool(client.embed(["water"])[0])
    except ModelError:
        return False
    finally:
        client.close()
