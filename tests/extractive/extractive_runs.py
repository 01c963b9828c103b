"""Whole runs of the extractive policy over small libraries, for its tests."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deepresearch.agent.loop import Run
from deepresearch.derived import find, registered
from deepresearch.extractive import ExtractivePolicy
from deepresearch.library import Library, LibraryProvider
from deepresearch.settings import Settings
from deepresearch.store import MemoryStore
from deepresearch.tools import default_tools
from deepresearch.trajectory import Answered, Event, RunStarted, Task
from deepresearch.web.search import SearchProvider

FILMS = {
    "The Goose Woman": "The Goose Woman is a 1925 American silent film directed by Clarence Brown and starring Louise "
    "Dresser. The film was released by Universal Pictures.",
    "Clarence Brown": "Clarence Leon Brown (May 10, 1890 – August 17, 1987) was an American film director.",
    "Clarence Brown (politician)": "Clarence Brown was a member of the United States House of Representatives.",
    "Louise Dresser": "Louise Dresser (October 17, 1878 – April 24, 1965) was an American actress.",
    "Silent Night": "Silent Night is a carol. It was first performed in 1818 in Oberndorf.",
    "Brown (colour)": "Brown is a colour. It can be made by mixing red, yellow and black.",
    "Lothair II": "Lothair II was the king of Lotharingia. He was the second son of Emperor Lothair I and "
    "Ermengarde of Tours.",
    "Ermengarde of Tours": "Ermengarde of Tours (d. 20 March 851) was the daughter of Hugh of Tours.",
    "Goose": "A goose is a bird of any of several waterfowl species in the family Anatidae.",
}


def library(folder: Path, corpus: Mapping[str, str]) -> LibraryProvider:
    """A library of short texts by title."""
    rows = [{"id": title, "title": title, "text": text} for title, text in corpus.items()]
    file = folder / "corpus.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    made = Library.open(folder / "data", "test")
    made.add([file])
    return LibraryProvider(made)


def run(question: str, providers: Sequence[SearchProvider], folder: Path, **settings: Any) -> list[Event]:
    """The events of one whole run."""
    store = MemoryStore()
    log = store.create("r")
    log.append(RunStarted(task=Task(question=question)))
    tools = default_tools(providers)

    async def carry_out() -> None:
        made = Run(log, ExtractivePolicy(), tools, Settings.model_validate(settings), folder / "run", store.blobs)
        await made.go()
        await made.close()

    asyncio.run(carry_out())
    return list(log.events)


def report(events: Sequence[Event]) -> str:
    [answered] = find(events, Answered)
    return str(answered.text)


def documents(events: Sequence[Event]) -> list[str]:
    """Documents in the order first shown."""
    return list(dict.fromkeys(p.document for p in registered(events).values()))
