"""The command as a person starts it: a real process, a data folder of its own, no settings from outside."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DEEPRESEARCH_")}
    return {**kept, "DEEPRESEARCH_DATA": str(tmp_path / "data"), "DEEPRESEARCH_MODEL_PORTS": "9", **more}


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """`deepresearch ARGUMENTS`, in an empty folder."""
    (tmp_path / "here").mkdir()

    def run(*arguments: str, timeout: float = 60, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deepresearch", *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=tmp_path / "here",
            env=environment(tmp_path, **variables),
            check=False,
        )

    return run


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """Three small documents, two of which disagree."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "tower.md").write_text(
        "# Harbour tower\n\nThe harbour tower of Velmark was built in 1887 by the engineer Ada Brandt. "
        "It is 62 metres tall and stands at the eastern pier.\n\n## Light\n\nThe lamp of the harbour tower has been "
        "electric since 1911.\n"
    )
    (folder / "guide.md").write_text(
        "# Velmark guide\n\nThe harbour tower of Velmark was built in 1889, says the city archive. "
        "Visitors may climb the harbour tower from May to September.\n"
    )
    (folder / "brandt.md").write_text(
        "# Ada Brandt\n\nAda Brandt was an engineer, born in Oslo in 1850. She designed bridges and towers.\n"
    )
    return folder


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts a scripted chat endpoint as a process; gives its address."""
    servers: list[subprocess.Popen[str]] = []

    def start(*script: dict[str, Any]) -> str:
        file = tmp_path / f"script{len(servers)}.json"
        file.write_text(json.dumps(script))
        root = Path(__file__).parents[2]
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.chat_server", "--script", str(file), "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
        )
        servers.append(server)
        assert server.stdout is not None
        return server.stdout.readline().split()[-1]

    yield start
    for server in servers:
        server.kill()
        server.communicate()
