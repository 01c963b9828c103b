"""Whole runs of the guided policy against a scripted model that answers by what it is asked, for its tests."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from deepresearch.agent.loop import End
from deepresearch.agent.setup import new_run
from deepresearch.derived import find
from deepresearch.settings import Settings
from deepresearch.store import MemoryStore
from deepresearch.trajectory import Answered, Event, Task
from tests.support.chat_server import ChatServer, Received

TRAMS = {
    "trams.md": "# Tram lines\n\nTram line 9 opened in 1903 with twelve cars. It ran from the harbour to the mill.\n\n"
    "Tram line 4 opened in 1911 and was closed in 1956 after a fire in its depot.\n",
    "bread.md": "# Bread\n\nBread is baked at 230 degrees for forty minutes. Rye bread takes longer.\n",
}
ASKS = {"queries": "queries", "guess": "guess", "finding": "finding", "sentence": "repair", "sentences": "answer"}
"""The field that a schema wants, and what is asked with it."""


def asked(request: Received) -> str:
    """What a request asks for: queries, guess, finding, repair or answer."""
    body = request.body
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema") or body.get("json_schema")
    if schema is None:
        schema = json.loads(body["messages"][-1]["content"].split("\n", 1)[1])
    return ASKS[next(iter(schema["properties"]))]


def shown(request: Received) -> str:
    """The text of a request, without the schema in words."""
    return str(request.body["messages"][1]["content"])


def passage_of(request: Received) -> str:
    """The fenced passage of a request."""
    found = re.search(r"<<<PASSAGE \w+>>>\n(.*)\n<<<END", shown(request), re.DOTALL)
    return found[1] if found else ""


def question_of(request: Received) -> str:
    """The question of a request."""
    found = re.search(r"^(?:Question: |问题：)(.*)$", shown(request), re.MULTILINE)
    return found[1] if found else ""


def model(**answers: Callable[[Received], Any]) -> Callable[[Received], dict[str, Any]]:
    """A behaviour: for each thing asked, what the reply holds (an object is sent as JSON, a text as it is)."""
    plain: dict[str, Callable[[Received], Any]] = {
        "queries": lambda _: {"queries": ["tram line opening"]},
        "guess": lambda _: {"guess": ""},
        "finding": lambda _: {"finding": ""},
        "repair": lambda _: {"sentence": ""},
        "answer": lambda _: {"sentences": [{"text": "", "findings": [1]}]},
    }
    known = {**plain, **answers}

    def behave(request: Received) -> dict[str, Any]:
        reply = known[asked(request)](request)
        if isinstance(reply, dict) and {"status", "finish"} & set(reply):
            return reply
        return {"text": reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)}

    return behave


def finds(sentence: str, where: str) -> Callable[[Received], Any]:
    """A finding in passages that have `where`, none in others."""
    return lambda request: {"finding": sentence if where in passage_of(request) else ""}


def says(*sentences: str) -> Callable[[Received], Any]:
    """An answer of these sentences, each from the first finding."""
    return lambda _: {"sentences": [{"text": text, "findings": [1]} for text in sentences]}


async def run(
    folder: Path,
    question: str,
    behaviour: Callable[[Received], dict[str, Any]],
    documents: Mapping[str, str] = TRAMS,
    **changes: Any,
) -> tuple[list[Event], ChatServer, End]:
    """The events of one whole run, the server that was asked, and how the run ended."""
    docs = folder / "docs"
    docs.mkdir(exist_ok=True)
    for name, text in documents.items():
        (docs / name).write_text(text, encoding="utf-8")
    async with ChatServer([behaviour]) as server:
        served = {"name": "small", "base_url": server.url, "timeout": 5.0, "retries": 0, "context": 4096}
        served |= changes.pop("model", {})
        values = {"policy": "guided", "model": served, "store": {"folder": str(folder / "data")}}
        settings = Settings.model_validate({**values, **changes})
        store = MemoryStore()
        made = new_run(store, settings, Task(question=question, attachments=[str(docs)]))
        try:
            end = await made.go()
        finally:
            await made.close()
            store.close()
        return list(made.log.events), server, end


def report(events: list[Event]) -> str:
    """The report of a run."""
    return find(events, Answered)[-1].text


def section(events: list[Event], heading: str) -> str:
    """The text below a heading of the report."""
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", report(events), re.DOTALL | re.MULTILINE)
    return found[1].strip() if found else ""
