"""This project's loop as a library: one run over the mock server."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))
import scenario
from deepresearch.agent.loop import Run
from deepresearch.agent.policies.chat import ChatPolicy
from deepresearch.models.client import ChatClient
from deepresearch.policy import Policy
from deepresearch.settings import Settings
from deepresearch.store import MemoryStore, Store
from deepresearch.tools.base import Arguments, Tool, ToolContext, ToolResult
from deepresearch.trajectory import Passage, RunFinished, RunStarted, Task


class SearchArguments(Arguments):
    query: str


class Search(Tool):
    """Gives the canned result of the step."""

    name = scenario.TOOL
    description = scenario.DESCRIPTION
    arguments = SearchArguments

    def __init__(self, results: list[ToolResult]) -> None:
        self.results = results
        self.step = 0

    async def run(self, arguments: SearchArguments, context: ToolContext) -> ToolResult:
        self.step += 1
        return self.results[self.step - 1]


def read_results(path: str) -> list[ToolResult]:
    return [
        ToolResult(row["shown"], passages=[Passage.model_validate(p) for p in row["passages"]])
        for row in json.loads(Path(path).read_text())
    ]


def open_store(kind: str, folder: str) -> Store:
    return Store(Path(folder)) if kind == "sqlite" else MemoryStore()


def settings_of(job: dict[str, Any]) -> Settings:
    model = {"name": "mock", "base_url": job["url"], "stream": job.get("stream", True)}
    # The peers' reports are not sent back for revision, so neither is ours: the same turns are timed.
    report = {"max_revisions": 0, "ask": False}
    changes = {"context": job.get("context", {}), "budget": {"turns": 2_000, "reserve": 0}, "report": report}
    return Settings.model_validate({"model": model, "plan": "off", **changes})


def make_run(
    store: Store, name: str, settings: Settings, results: list[ToolResult], policy: Policy | None = None
) -> Run:
    """A run that is ready to go; a served model decides where no `policy` is given."""
    tools: list[Tool] = [Search(results)]
    specs = [tool.spec() for tool in tools]
    policy = policy or ChatPolicy(ChatClient(settings.model, "key"), specs)
    log = store.create(name)
    log.append(
        RunStarted(
            task=Task(question=scenario.QUESTION),
            settings=settings.public(),
            policy=policy.name,
            system=scenario.SYSTEM,
            tools=specs,
        )
    )
    return Run(log, policy, tools, settings, store.run_folder(name), store.blobs)


async def main(job: dict[str, Any]) -> None:
    run = make_run(open_store(job["store"], job["folder"]), "run", settings_of(job), read_results(job["results"]))
    begin = time.process_time()
    end = await run.go()
    cpu = time.process_time() - begin
    await run.close()
    assert isinstance(end, RunFinished), end
    print(json.dumps({"cpu": cpu}))


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
