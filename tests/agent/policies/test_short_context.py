"""The chat policy in a context of a few thousand tokens: whatever happens, the run ends in a report that cites."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from deepresearch.agent.setup import new_run
from deepresearch.derived import answer, find, registered
from deepresearch.report import citations
from deepresearch.settings import Settings
from deepresearch.store import MemoryStore
from deepresearch.threads import in_thread
from deepresearch.trajectory import RunFinished, Task, Turn
from tests.support.chat_server import ChatServer, Received

LINES = [
    f"Tram line {n} opened in {1880 + n} with {n} cars, after a dispute over its depot. " * 3 for n in range(1, 30)
]


class Short:
    """Searches again and again, then reports; refuses, as llama.cpp does, what does not fit into its context."""

    def __init__(self, context: int) -> None:
        self.context = context
        self.sizes: list[int] = []
        self.refused = 0

    def __call__(self, request: Received) -> dict[str, Any]:
        size = len(json.dumps([request.body.get("tools"), request.body["messages"]], ensure_ascii=False)) // 4
        if size >= self.context:
            self.refused += 1
            words = f"request ({size} tokens) exceeds the available context size ({self.context} tokens)"
            error = {"type": "exceed_context_size_error", "message": words, "n_ctx": self.context}
            return {"status": 400, "body": {"error": {**error, "n_prompt_tokens": size}}}
        self.sizes.append(size)
        usage = {"prompt_tokens": size, "completion_tokens": 20}
        if len(self.sizes) < 8:
            arguments = {"action": "batch_search", "queries": [f"tram line {len(self.sizes)} {len(self.sizes) + 9}"]}
            return {"calls": [{"name": "batch_web_surfer", "arguments": arguments}], "usage": usage}
        ids = re.findall(r"\[(\w{8,})\]", json.dumps(request.body["messages"]))
        return {
            "text": f"# Trams\n\nTram line 9 opened in 1889 \\cite{{{ids[-1] if ids else 'none'}}}.",
            "usage": usage,
        }


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("context", [1600, 2048, 4096])
async def test_a_run_in_a_short_context_ends_in_a_report(tmp_path: Path, context: int, told: bool) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "trams.md").write_text("# Trams\n\n" + "\n\n".join(LINES))
    model = Short(context)
    listed = {"id": "m", **({"max_model_len": context} if told else {})}
    store = MemoryStore()
    async with ChatServer([model], models=[listed]) as server:
        values = {"model": {"name": "m", "base_url": server.url, "retries": 0}, "plan": "off", "policy": "chat"}
        report = {"ask": False, "max_revisions": 0}
        given = Settings.model_validate({**values, "report": report, "store": {"folder": str(tmp_path / "data")}})
        task = Task(question="When did tram line 9 open?", attachments=[str(tmp_path / "docs")])
        run = await in_thread(new_run, store, given, task)
        try:
            end = await run.go()
        finally:
            await run.close()
    events = run.log.events
    assert isinstance(end, RunFinished) and answer(events) is not None
    cited = citations(events)
    assert cited and {one["id"] for one in cited} <= set(registered(events))
    assert find(events, Turn) and max(model.sizes) < context
    if told and context >= 2048:
        assert model.refused == 0, "what the context allows is known before it is refused"
    store.close()
