"""The package of docs/extending.md, installed outside the tree and used: nothing in the tree is touched for it."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs" / "extending.md"
USE = """
import json, sys
from pathlib import Path
from deepresearch import Settings, research
from deepresearch.models.dialects import DIALECTS
from deepresearch.tools import TOOLS

folder, port = Path(sys.argv[1]), sys.argv[2]
settings = Settings.model_validate({
    "policy": "first_hits",
    "store": {"folder": str(folder / "data")},
    "search": {"web": True, "providers": ["letters"], "allow_hosts": [f"127.0.0.1:{port}"]},
    "keys": {"letters": "sk-letters"},
})
report = research("When was the harbour tower of Velmark built?", docs=[folder / "docs"], settings=settings)
files = report.export(folder / "out", ["txt", "md"])
print(json.dumps({
    "titles": sorted({source["title"] for source in report.sources}),
    "by": report.by,
    "shown": [event.shown for event in report.events if event.type == "observation"],
    "files": [file.name for file in files],
    "txt": (folder / "out" / "report.txt").read_text(),
    "dialect": DIALECTS.get("call_tags").write("todo", {"a": 1}),
    "tools": TOOLS.names(),
}))
"""


@pytest.fixture
def service() -> Iterator[ThreadingHTTPServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/robots.txt" or self.headers["authorization"] != "Bearer sk-letters":
                self.send_error(404 if self.path == "/robots.txt" else 401)
                return
            row = {"url": "https://letters.example.org/1", "title": "A letter", "text": "The harbour tower is tall."}
            body = json.dumps({"letters": [row]}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def install(site: Path, port: int) -> None:
    """The package as pip would leave it in `site`."""
    text = DOCS.read_text(encoding="utf-8").replace("https://api.example.org", f"http://127.0.0.1:{port}")
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        name = re.match(r"# (example/\w+\.py)\n", block)
        assert name, "every example names its file"
        file = site / name[1]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block, encoding="utf-8")
    (site / "example" / "__init__.py").write_text("")
    groups = re.findall(r'\[project\.entry-points\."(deepresearch\.\w+)"\]\n\s+(\w+) = "([\w.:]+)"', text)
    assert len(groups) == 6
    info = site / "example-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: example\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("".join(f"[{group}]\n{name} = {place}\n" for group, name, place in groups))


def test_a_package_adds_one_of_each_kind(tmp_path: Path, service: ThreadingHTTPServer) -> None:
    port = service.server_address[1]
    install(tmp_path / "site", port)
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "film.srt").write_text(
        "1\n00:00:01,000 --> 00:00:04,000\nThe harbour tower of Velmark was built in 1887.\n\n"
        "2\n00:00:05,000 --> 00:00:08,000\nNobody lives in it.\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", USE, str(tmp_path), str(port)],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["by"] == "first_hits"
    assert told["titles"] == ["A letter", "film"], told
    assert "59 days" in told["shown"]
    assert told["files"] == ["report.txt", "report.md"] and "built in 1887" in told["txt"] and "-->" not in told["txt"]
    assert told["dialect"] == '<tool_call>{"tool": "todo", "arguments": {"a": 1}}</tool_call>'
    assert told["tools"][-1] == "days_between"
