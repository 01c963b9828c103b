"""What the routes share: attempts that each give a task or a reason why not, written to a file that can
be continued."""

import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..errors import UserError
from .data_files import Card, LineFile, read_records
from .records import GENERATOR, DataCard, SyntheticTask

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


async def write_tasks(
    attempt: Callable[[int], Awaitable[SyntheticTask]],
    out: Path,
    options: Any,
    card: Card,
    progress: Progress,
    is_hopeless: Callable[[], bool] = lambda: False,
) -> DataCard:
    """Write `options.count` tasks, or as many as there are. `attempt` raises Rejected; options: a dataclass.

    Raises UserError where the file was begun with other settings, or no task could be made.
    """
    sources = [source.sha256 for source in card.card.sources]
    settings = {**asdict(options), "generator": GENERATOR}
    wanted = int(options.count)
    identity = {key: value for key, value in settings.items() if key != "count"}  # more of the same can be asked for
    with LineFile(out, {"route": card.card.route, "sources": sources, **identity}) as file:
        card.restore(file.state.get("card", {}))
        card.card.settings = settings
        known = {record["id"] for record in read_records(out)}
        number = file.state.get("attempt", 0)
        while card.card.records < wanted and number < PATIENCE * wanted:
            try:
                task = await attempt(number)
                if task.id in known:
                    raise Rejected("the question is there already")
                known.add(task.id)
                record = task.model_dump(mode="json")
                file.write(record)
                card.add(record)
            except Rejected as reason:
                card.dropped[str(reason)] += 1
            number += 1
            if number == HOPELESS and is_hopeless() and not card.card.records:
                break
            if number % SAVE_EVERY == 0:
                file.save(attempt=number, card=card.state())
                progress(card.card.records, wanted, f"{number} attempts")
        file.save(attempt=number, card=card.state())
        if not card.card.records:
            file.discard()
            reasons = ", ".join(f"{count} times {reason}" for reason, count in card.dropped.most_common(3))
            raise UserError(
                f"No task could be made in {number} attempts: {reasons}.",
                "Does the library hold texts on what the source is about? See docs/synthesis.md.",
            )
    return card.write()


def words_of(route: str, language: str) -> dict[str, Any]:
    """The words of a route: those of words.toml in Chinese for "zh", else in English."""
    found: dict[str, Any] = _words()[route]["zh" if language == "zh" else "en"]
    return found


@cache
def _words() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))
