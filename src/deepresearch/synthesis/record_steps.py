"""Steps that read a file record by record and write what they make of each, and a model that such a step asks."""

import tomllib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from ..errors import UserError
from ..models.prompt import Prompt
from ..models.structured import StructuredClient
from .data_files import Card, LineFile, read_records, source_of
from .generation import SAVE_EVERY, Progress, Rejected
from .records import DataCard

Sample = dict[str, Any]
Value = TypeVar("Value")


async def change_records(
    source: Path,
    out: Path,
    route: str,
    settings: Mapping[str, Any],
    change: Callable[[Sample, Card], Awaitable[list[Sample]]],
    progress: Progress,
) -> DataCard:
    """Write what `change` makes of each record, or count why it made nothing (Rejected); continues what was begun.

    Raises UserError where nothing at all came of it.
    """
    origin = source_of(source)
    card = Card(out, route, settings.get("seed"), [origin])
    with LineFile(out, {"route": route, "source": origin.sha256, **settings}) as file:
        card.restore(file.state.get("card", {}))
        card.card.settings = dict(settings)
        total = sum(1 for _ in read_records(source))
        done = file.state.get("read", 0)
        for number, record in enumerate(read_records(source), 1):
            if number <= done:
                continue
            try:
                for made in await change(record, card):
                    file.write(made)
                    card.add(made)
            except Rejected as reason:
                card.dropped[str(reason)] += 1
            if number % SAVE_EVERY == 0 or number == total:
                file.save(read=number, card=card.state())
                progress(number, total, f"{card.card.records} kept")
        if not card.card.records:
            file.discard()
            reasons = ", ".join(f"{count} times {reason}" for reason, count in card.dropped.most_common(3))
            raise UserError(f"Nothing of {source} could be used: {reasons or 'it is empty'}.", "See docs/synthesis.md.")
    return card.write()


class ModelStep:
    """Asks a served model for one JSON object at a time; a reply that cannot be used is asked for once more."""

    def __init__(self, client: StructuredClient) -> None:
        self._client = client
        self.name = client.model.name

    async def ask(
        self,
        name: str,
        language: str,
        texts: Mapping[str, str],
        fields: Mapping[str, Any],
        read: Callable[[str], Value],
        card: Card,
    ) -> Value:
        """The answer to a prompt of prompts.toml, as `read` reads it (which raises Unusable). fields: JSON schema of
        the answer's fields. Counts requests and tokens in the card. Raises Rejected, ModelError."""
        words = prompts("zh" if language == "zh" else "en")
        schema = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
        prompt = Prompt(words["rules"], words[name].strip(), texts)
        asked = await self._client.ask(prompt, read, schema=schema)
        spent = card.counts.setdefault("model", Counter())
        spent["asked"] += 1
        spent["requests"] += asked.requests
        spent["tokens"] += asked.usage.input + asked.usage.output
        if asked.value is None:
            raise Rejected(f"{name}: no usable reply")
        spent["usable"] += 1
        return asked.value


@cache
def prompts(language: str) -> dict[str, str]:
    """The prompts in one language: prompts.toml."""
    text = files(__package__).joinpath("prompts.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)[language])
