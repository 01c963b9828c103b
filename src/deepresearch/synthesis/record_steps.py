"""Steps that read a file record by record and write what they make of each, and a model that such a step asks."""

import asyncio
import tomllib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from ..errors import UserError
from ..models.prompt import Prompt
from ..models.structured import StructuredClient, Unusable, json_object
from .data_files import Card, LineFile, read_records, source_of
from .generation import SAVE_EVERY, Progress, Rejected
from .records import DataCard, SyntheticTask
from .samples import Sample

Value = TypeVar("Value")
_TYPES: dict[str, type] = {"string": str, "array": list, "object": dict, "boolean": bool}


async def change_records(
    source: Path,
    out: Path,
    route: str,
    settings: Mapping[str, Any],
    change: Callable[[Sample, Card], Awaitable[Sample]],
    progress: Progress,
    at_once: int = 1,
    records: Callable[[Card], Iterator[Sample]] | None = None,
) -> DataCard:
    """Write what `change` makes of each record, or count why it made nothing (Rejected); continues what was begun.
    at_once: records that are worked on at the same time; the order of the file is that of the source. records: reads
    the source where it is no file of records, and puts what cannot be read into the card.

    Raises UserError where nothing at all came of it.
    """
    origin = source_of(source)
    card = Card(out, route, settings.get("seed"), [origin])
    with LineFile(out, {"route": route, "source": origin.sha256, **settings}) as file:
        card.restore(file.state.get("card", {}))
        card.card.settings = dict(settings)
        total = 0 if records else sum(1 for _ in read_records(source))
        done = file.state.get("read", 0)
        rest = islice(records(card) if records else read_records(source), done, None)
        while batch := list(islice(rest, max(at_once, SAVE_EVERY))):
            limit = asyncio.Semaphore(at_once)
            for made in await asyncio.gather(*(_tried(change, record, card, limit) for record in batch)):
                if isinstance(made, Rejected):
                    card.dropped[str(made)] += 1
                else:
                    file.write(made)
                    card.add(made)
            done += len(batch)
            file.save(read=done, card=card.state())
            progress(done, total or done, f"{card.card.records} kept")
        if not card.card.records:
            file.discard()
            reasons = ", ".join(f"{count} times {reason}" for reason, count in card.dropped.most_common(3))
            raise UserError(f"Nothing of {source} could be used: {reasons or 'it is empty'}.", "See docs/synthesis.md.")
    return card.write()


async def _tried(
    change: Callable[[Sample, Card], Awaitable[Sample]], record: Sample, card: Card, limit: asyncio.Semaphore
) -> Sample | Rejected:
    async with limit:
        try:
            return await change(record, card)
        except Rejected as reason:
            return reason


def task_of(record: Sample) -> SyntheticTask:
    """The task that a record is. Raises Rejected."""
    try:
        return SyntheticTask.model_validate(record)
    except ValueError:
        raise Rejected("no task") from None


class ModelStep:
    """Asks a served model for one JSON object at a time; a reply that cannot be used is asked for once more."""

    def __init__(self, client: StructuredClient) -> None:
        self._client = client
        self.model = client.model
        self.name = client.model.name

    async def ask(
        self,
        name: str,
        language: str,
        texts: Mapping[str, str],
        fields: Mapping[str, Any],
        read: Callable[[dict[str, Any]], Value],
        card: Card,
    ) -> Value:
        """The answer to a prompt of prompts.toml, as `read` takes it from the fields (it may raise Unusable). fields:
        JSON schema of each; of a reply the types are checked. Counts requests and tokens. Raises Rejected, ModelError.
        """

        def checked(reply: str) -> Value:
            found = json_object(reply, next(iter(fields)))
            for key, form in fields.items():
                if key in found and (not isinstance(found[key], _TYPES[form["type"]]) or found[key] == ""):
                    raise Unusable(f'"{key}" is no {form["type"]}')
            try:
                return read(found)
            except KeyError as error:
                raise Unusable(f"{error} is missing") from error

        words = prompts("zh" if language == "zh" else "en")
        schema = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
        prompt = Prompt(words["rules"], words[name].strip(), texts)
        asked = await self._client.ask(prompt, checked, schema=schema)
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
