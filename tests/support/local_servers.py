"""Servers of models as they answer on this machine, on free ports: the forms of their answers, and no model."""

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

OLLAMA: dict[str, Any] = {
    "/v1/models": {"object": "list", "data": [{"id": "qwen3:4b", "object": "model", "owned_by": "library"}]},
    "/api/tags": {"models": [{"name": "qwen3:4b"}, {"name": "nomic-embed-text:latest"}, {"name": "llama3:70b"}]},
    "/api/ps": {"models": [{"name": "qwen3:4b", "context_length": 8192}]},
    "/api/show qwen3:4b": {
        "capabilities": ["completion", "tools"],
        "model_info": {"general.parameter_count": 4_022_468_096, "qwen3.context_length": 40_960},
    },
    "/api/show nomic-embed-text:latest": {"capabilities": ["embedding"], "model_info": {}},
    "/api/show llama3:70b": {
        "capabilities": ["completion"],
        "model_info": {"general.parameter_count": 70_000_000_000},
        "parameters": 'stop "<|eot_id|>"\nnum_ctx 4096',
    },
}
LM_STUDIO: dict[str, Any] = {
    "/v1/models": {"data": [{"id": "qwen2.5-7b-instruct", "owned_by": "organization_owner"}]},
    "/api/v0/models": {
        "data": [
            {
                "id": "qwen2.5-7b-instruct",
                "type": "llm",
                "state": "loaded",
                "max_context_length": 32_768,
                "loaded_context_length": 4096,
                "capabilities": ["tool_use"],
            },
            {"id": "gemma-3-1b", "type": "llm", "state": "not-loaded", "max_context_length": 32_768},
            {"id": "text-embedding-e5-small", "type": "embeddings", "state": "not-loaded"},
        ]
    },
}
LLAMA_CPP: dict[str, Any] = {
    "/v1/models": {
        "data": [{"id": "tiny", "owned_by": "llamacpp", "meta": {"n_ctx": 16_384, "n_params": 630_167_424}}]
    },
    "/props": {"default_generation_settings": {"n_ctx": 4096}, "chat_template": "{{ messages }}"},
}
VLLM: dict[str, Any] = {"/v1/models": {"data": [{"id": "Qwen/Qwen3-8B", "owned_by": "vllm", "max_model_len": 40_960}]}}
WEB_SITE: dict[str, Any] = {"/": {"hello": "world"}}


PROGRAM = """#!{python}
import http.server, json, os, pathlib, sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
print("0.00.001.000 I srv  loading", flush=True)
if b"broken" in pathlib.Path(given["-m"]).read_bytes():
    print("0.00.013.364 E gguf_init: failed to read key-value pairs\\n0.00.013.400 E srv exiting", flush=True)
    sys.exit(1)
pathlib.Path(given["-m"] + ".pid").write_text(str(os.getpid()))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(json.dumps(sys.argv).encode())
    def log_message(self, *_): pass
http.server.HTTPServer((given["--host"], int(given["--port"])), Handler).serve_forever()
"""
"""A program with llama-server's command line: notes its process beside the model, and answers anything."""


def write_program(path: Path) -> str:
    """Write it to `path`; the path as a text."""
    path.write_text(PROGRAM.format(python=sys.executable))
    path.chmod(0o755)
    return str(path)


@contextmanager
def serving(answers: Mapping[str, Any]) -> Iterator[int]:
    """A server that gives `answers` (path, for /api/show with the model's name, to JSON); its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(self.path)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self._answer(f"{self.path} {body['model']}")

        def _answer(self, key: str) -> None:
            data = json.dumps(answers.get(key, {"error": "not found"})).encode()
            self.send_response(200 if key in answers else 404)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
