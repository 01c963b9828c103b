"""Starting the mock server and the clients, and reading off what they did.

Only the standard library, so that this process stays small: the peak memory of a child counts its parent's at the
fork (which is why a child is started from here and not from a test runner).
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from . import scenario

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Log:
    """What the server saw of one session; times of time.monotonic()."""

    received: list[float]
    sent: list[float]
    sizes: list[int]
    bodies: list[str]

    @property
    def own(self) -> list[float]:
        """Milliseconds from the end of each answer to the arrival of the next request: the client's own time.

        Reading the reply, carrying out the tool, recording, and writing the next request are all in it; so is what the
        loopback network takes. The server's time is not.
        """
        return [1000 * (later - sent) for sent, later in zip(self.sent, self.received[1:], strict=False)]


@dataclass(frozen=True)
class Outcome:
    """One finished child."""

    started: float
    """time.monotonic() just before the process was made."""
    peak: float
    """Largest resident memory, MB."""
    cpu: float
    """Seconds of the whole process."""
    said: dict[str, Any]
    """The JSON object that a client prints last; empty for the command line."""


class Server:
    """The mock server in its own process, with the tool results in a file for the clients."""

    def __init__(self, **options: Any) -> None:
        self._options = options

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self.folder = Path(self._folder.name)
        command = [sys.executable, str(HERE / "server.py"), json.dumps(self._options)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._folder.cleanup()

    @cached_property
    def results(self) -> Path:
        """File with what the tool brings at each step."""
        size = scenario.HEAVY if self._options.get("heavy") else scenario.SMALL
        path = self.folder / "results.json"
        path.write_text(json.dumps([asdict(r) for r in scenario.results(size, self._options.get("steps", 50))]))
        return path

    def url(self, session: str) -> str:
        return f"http://127.0.0.1:{self.port}/{session}/v1"

    def log(self, session: str) -> Log:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{session}") as answer:
            return Log(**json.load(answer))

    def client(self, name: str, session: str, **options: Any) -> tuple[Outcome, Log]:
        """Run one of clients/ against a session of its own."""
        outcome = self.execute(name, session, **options)
        return outcome, self.log(session)

    def execute(self, name: str, session: str, **options: Any) -> Outcome:
        """Run one of clients/ with a fresh folder."""
        job = {"url": self.url(session), "results": str(self.results), **options}
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            command = [sys.executable, str(HERE / "clients" / f"{name}.py"), json.dumps({**job, "folder": folder})]
            return run(command)


def run(command: Sequence[str], environment: Mapping[str, str] | None = None, printed: bool = True) -> Outcome:
    """Run a child to its end, its modules compiled beforehand. Raises RuntimeError with what it said where it fails."""
    with tempfile.TemporaryFile("w+") as errors:
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        started = time.monotonic()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**inherited, **(environment or {})}
        )
        assert process.stdout is not None
        with process.stdout:
            said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)[:200]}: exit {process.returncode}\n{errors.read()[-3000:]}")
    last = json.loads(said.splitlines()[-1]) if printed else {}
    return Outcome(started, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime, last)


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def mean(values: Iterable[float]) -> float:
    return statistics.fmean(values)


def both(values: Sequence[float], digits: int = 1) -> str:
    """The figures of the two runs, side by side."""
    return " / ".join(f"{value:.{digits}f}" for value in values)


def machine() -> str:
    """Where and when, for the head of a table."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    version = ".".join(map(str, sys.version_info[:3]))
    return f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, Python {version}, load {load}"
