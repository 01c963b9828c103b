"""What the routes share: work that each time gives a record or a reason why not, written to a file that can be
continued, and a model that a step asks."""

import asyncio
import random
import tomllib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from itertools import count, islice
from pathlib import Path
from typing import Any, TypeVar

from ..errors import UserError
from ..models.prompt import Prompt
from ..models.structured import StructuredClient, Unusable, json_object
from .data_files import Card, LineFile, read_records, source_of
from .records import GENERATOR, DataCard, SyntheticTask
from .samples import Sample

Value = TypeVar("Value")
SAVE_EVERY = 20
"""Attempts between two saves of the progress."""
HOPELESS = 200
"""Attempts after which a source that has given nothing at all is given up."""
PATIENCE = 60
"""Attempts per task wanted after which the generation ends."""
Progress = Callable[[int, int, str], None]
"""Called with done, wanted and what is being done."""


class Rejected(Exception):
    """An attempt that gives no task; the message names the kind of reason, for the data card."""


async def write_records(
    card: Card,
    identity: Mapping[str, Any],
    work: Iterator[Value],
    make: Callable[[Value], Awaitable[dict[str, Any]]],
    progress: Progress,
    at_once: int = 1,
    is_enough: Callable[[int], bool] = lambda tried: False,
) -> DataCard:
    """Write what `make` gives for each piece of work, or count why it gave nothing (Rejected); the order of the file is
    that of the work, and a file that was begun is continued. Of records with the same id the first is written.
    at_once: pieces worked on at the same time. is_enough: whether to end, by the number of pieces tried.

    Raises UserError where the file was begun with another identity, or nothing at all came of the work.
    """

    async def tried(piece: Value) -> dict[str, Any] | Rejected:
        try:
            return await make(piece)
        except Rejected as reason:
            return reason

    with LineFile(card.path, {"route": card.card.route, **identity}) as file:
        card.restore(file.state.get("card", {}))
        done = file.state.get("read", 0)
        known = {record["id"] for record in read_records(card.path) if "id" in record}
        rest = islice(work, done, None)
        while not is_enough(done) and (batch := list(islice(rest, at_once))):
            for made in await asyncio.gather(*map(tried, batch)):
                if isinstance(made, Rejected):
                    card.dropped[str(made)] += 1
                elif made.get("id") in known:
                    card.dropped["it is there already"] += 1
                else:
                    known |= {made["id"]} if "id" in made else set()
                    file.write(made)
                    card.add(made)
            done += len(batch)
            if done % SAVE_EVERY < at_once:
                file.save(read=done, card=card.state())
                progress(card.card.records, done, f"{card.card.records} kept of {done}")
        file.save(read=done, card=card.state())
        if not card.card.records:
            file.discard()
            reasons = ", ".join(f"{count} times {reason}" for reason, count in card.dropped.most_common(3))
            raise UserError(
                f"Nothing came of {done} attempts: {reasons or 'there is no input'}.", "See docs/synthesis.md."
            )
    return card.write()


async def write_tasks(
    attempt: Callable[[int, str, random.Random], Awaitable[SyntheticTask]],
    options: Any,
    card: Card,
    progress: Progress,
    is_hopeless: Callable[[], bool] = lambda: False,
) -> DataCard:
    """Write `options.count` tasks, or as many as there are. attempt: gives the task of a number with its own seed and
    source of chance, or raises Rejected; options: a dataclass.

    Raises UserError as `write_records`.
    """
    card.card.settings = {**asdict(options), "generator": GENERATOR}
    wanted = int(options.count)
    identity = {key: value for key, value in card.card.settings.items() if key != "count"}  # more can be asked for

    async def make(number: int) -> dict[str, Any]:
        own_seed = f"{options.seed}:{number}"
        rng = random.Random(own_seed)  # noqa: S311  not for secrets
        return (await attempt(number, own_seed, rng)).model_dump(mode="json")

    def is_enough(tried: int) -> bool:
        hopeless = tried == HOPELESS and not card.card.records and is_hopeless()
        return hopeless or card.card.records >= wanted or tried >= PATIENCE * wanted

    identity["sources"] = [source.sha256 for source in card.card.sources]
    return await write_records(
        card, identity, count(), make, lambda done, tried, what: progress(done, wanted, what), is_enough=is_enough
    )


def words_of(route: str, language: str) -> dict[str, Any]:
    """The words of a route: those of words.toml in Chinese for "zh", else in English."""
    found: dict[str, Any] = _words()[route]["zh" if language == "zh" else "en"]
    return found


@cache
def _words() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


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
    card.card.settings = dict(settings)
    total = 0 if records else sum(1 for _ in read_records(source))
    work = records(card) if records else read_records(source)
    return await write_records(
        card,
        {"source": origin.sha256, **settings},
        work,
        lambda record: change(record, card),
        lambda kept, done, what: progress(done, total or done, what),
        at_once,
    )


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
                if key in found and not isinstance(found[key], _TYPES[form["type"]]):
                    raise Unusable(f'"{key}" is no {form["type"]}')
                if len(str(found.get(key, "")).strip()) < form.get("minLength", 0):
                    raise Unusable(f'"{key}" is shorter than {form["minLength"]} characters')
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
        spent["asked again"] += max(0, asked.requests - 1)
        spent["tokens"] += asked.usage.input + asked.usage.output
        if asked.value is None:
            raise Rejected(f"{name}: no usable reply")
        spent["usable"] += 1
        return asked.value


@cache
def prompts(language: str) -> dict[str, Any]:
    """The prompts in one language: prompts.toml."""
    text = files(__package__).joinpath("prompts.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)[language])
