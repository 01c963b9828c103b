"""A guided run in a process that is killed while it waits for a reply, and resumed: nothing is asked twice."""

import asyncio
import json
import os
import re
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.guided.guided_runs import TRAMS, asked, finds, model, says
from tests.support.chat_server import ChatServer, Received, whole_reply

RIGHT = "Tram line 9 opened in 1903 with twelve cars."
QUESTION = "When did tram line 9 open?"


def without_boundaries(request: Received) -> str:
    """A request as it is in every process: the boundaries of fences are each process's own."""
    return re.sub(r"\b[0-9a-f]{12}\b", "", json.dumps(request.body["messages"]))


async def command(*arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deepresearch", *arguments, stdout=pipe, stderr=pipe
    )


@pytest.mark.parametrize("last", [1, 3, 5])
async def test_a_killed_run_asks_nothing_twice(tmp_path: Path, last: int) -> None:
    """last: the request at whose arrival the process is killed; that one alone is sent again."""
    more = {f"cars{n}.md": f"# Cars {n}\n\nCar {n} of tram line 9 was open at the sides.\n" for n in (1, 2)}
    for name, text in {**TRAMS, **more}.items():
        (tmp_path / name).write_text(text)
    answers = model(finding=finds(RIGHT, "1903"), answer=says(RIGHT))
    running: list[asyncio.subprocess.Process] = []

    def behave(request: Received) -> dict[str, Any]:
        if len(server.requests) == last and running:
            os.kill(running.pop().pid, signal.SIGKILL)
        return answers(request)

    async with ChatServer([behave]) as server:
        shared = ["--data", str(tmp_path / "data")]
        served = ["--model", "small", "--base-url", server.url, "--policy", "guided"]
        begun = await command("run", QUESTION, "--docs", str(tmp_path), "--no-web", *served, *shared)
        running.append(begun)
        _, told = await begun.communicate()
        assert begun.returncode == -signal.SIGKILL, told.decode()
        run = re.findall(r"Run (\S+)", told.decode())[0]
        resumed = await command("resume", run, "--json", *shared)
        printed, told = await resumed.communicate()
        assert resumed.returncode == 0, told.decode()
        sent = list(server.requests)
    counts = Counter(map(without_boundaries, sent))
    again = [text for text, count in counts.items() if count > 1]
    assert again == [without_boundaries(sent[last - 1])] and counts[again[0]] == 2
    assert "1903" in json.loads(printed)["report"]
    once = {without_boundaries(request): request for request in sent}.values()
    paid = sum(whole_reply(request, answers(request))["usage"]["prompt_tokens"] for request in once)
    assert json.loads(printed)["usage"]["input"] == paid
    assert {asked(request) for request in once} == {"queries", "guess", "finding", "answer"}
