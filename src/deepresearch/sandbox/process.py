"""A function that reads one file, called in a child process with limits.

One child serves file after file, so that starting it is paid for once. It is given paths and answers with JSON (never
with pickles: what a file has taken over must not reach further). Its environment is empty, so that no key can leak from
it. Where bubblewrap works it has no network either, and of the user's files it sees the one that it is given. A child
that dies, or is ended at a limit, takes one file with it; a new one is started.
"""

import json
import math
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from multiprocessing.connection import Connection, Pipe
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from typing import Any

from ..errors import ProcessFailed
from .confinement import confinement

MOST_FILES = 500
"""Files that one child reads; then it is replaced, which frees what libraries leak."""
IDLE = 60.0
"""Seconds without a file after which the child ends itself."""
GRACE = 1.0
"""Seconds in which a child may end itself before it is killed."""
_NO_WAIT = getattr(os, "O_PATH", os.O_RDONLY | os.O_NONBLOCK)
"""How a file is opened that the child will read: without waiting for it or asking for the right to read it."""


@dataclass(frozen=True)
class ProcessLimits:
    """What the reading of one file may use."""

    memory: int = 2 * 1024**3
    """Bytes of address space."""
    cpu: int = 60
    """Seconds of processor time."""
    wall: float = 120.0
    """Seconds until the file is given up."""
    answer: int = 256 * 1024**2
    """Bytes of one item as it comes back."""
    items: int = 100_000
    """Items of one file."""


class _OverLimit(Exception):
    """The child answers more than it may."""


class _Gone(Exception):
    """The child has ended itself, having been idle, just when it was asked."""


class Worker:
    """Calls a function in a child process. May be shared between threads: one file is read at a time."""

    def __init__(self, function: str, limits: ProcessLimits | None = None) -> None:
        """function: "package.module:name" of what takes a Path and yields values that JSON can carry."""
        self.limits = limits or ProcessLimits()
        self._function = function
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None
        self._files = 0

    def call(self, path: Path) -> list[Any]:
        """What the function yields for `path`, in order.

        Raises ProcessFailed where it raises, dies or reaches a limit; OSError where the file cannot be opened.
        """
        with self._lock:
            try:
                return self._once(path)
            except _Gone:
                return self._once(path)

    def close(self) -> None:
        """End the child. The next call starts a new one."""
        with self._lock:
            self._stop()

    def _once(self, path: Path) -> list[Any]:
        pipe, child = self._ask(path)
        late = threading.Event()

        def give_up() -> None:
            late.set()
            _kill(child)

        timer = threading.Timer(self.limits.wall, give_up)
        timer.start()
        try:
            return self._answer(pipe)
        except (EOFError, ConnectionError):
            status = child.wait()
            self._stop()
            if status == 0:
                raise _Gone from None
            raise ProcessFailed(self._death(status, late.is_set())) from None
        except _OverLimit as error:
            self._stop()
            raise ProcessFailed(str(error)) from None
        except KeyboardInterrupt:
            self._stop()  # the rest of the answer is still to come
            raise
        finally:
            timer.cancel()

    def _ask(self, path: Path) -> tuple["Connection[Any, Any]", subprocess.Popen[bytes]]:
        self._files += 1
        if self._child and self._pipe and self._child.poll() is None and self._files <= MOST_FILES:
            try:
                _send_file(self._pipe, path)
                if self._child.poll() is None:
                    return self._pipe, self._child
            except ConnectionError:
                pass  # it has just ended itself, having been idle: a new one is asked
        self._stop()
        pipe, child = self._start()
        _send_file(pipe, path)
        return pipe, child

    def _answer(self, pipe: "Connection[Any, Any]") -> list[Any]:
        items: list[Any] = []
        while len(items) <= self.limits.items:
            try:
                data = pipe.recv_bytes(self.limits.answer)
            except OSError as error:
                if error.errno is None:  # how the pipe reports that the announced length is over the limit
                    raise _OverLimit(f"its text has more than {_mib(self.limits.answer)}") from error
                raise
            kind, value = json.loads(data)
            if kind == "end":
                return items
            if kind == "error":
                memory = _mib(self.limits.memory)
                raise ProcessFailed(f"it is damaged, or needs more than {memory} of memory ({value})")
            items.append(value)
        raise _OverLimit(f"it has more than {self.limits.items} documents")

    def _start(self) -> tuple["Connection[Any, Any]", subprocess.Popen[bytes]]:
        self._files = 1
        ours, theirs = Pipe()
        prefix, _ = confinement()
        arguments = [str(theirs.fileno()), self._function, json.dumps(asdict(self.limits)), str(int(bool(prefix)))]
        self._child = subprocess.Popen(  # noqa: S603  our own module and arguments
            [*prefix, sys.executable, "-m", __name__, *arguments],
            process_group=0,  # to be killed whole, with what is between us and the reader
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONSAFEPATH": "1", "LC_ALL": "C.UTF-8"},
        )
        theirs.close()
        self._pipe = ours
        return ours, self._child

    def _stop(self) -> None:
        if self._pipe:
            self._pipe.close()
        if self._child:
            try:
                self._child.wait(GRACE)  # it ends when its pipe is closed, with what is around it
            except subprocess.TimeoutExpired:
                _kill(self._child)
                self._child.wait()
        self._child = self._pipe = None

    def _death(self, status: int, late: bool) -> str:
        if late:
            return f"its reader took more than {self.limits.wall:g} s"
        if status in (-signal.SIGXCPU, 128 + signal.SIGXCPU):  # the latter in bubblewrap's words
            return f"its reader took more than {self.limits.cpu} s of processor time"
        memory = _mib(self.limits.memory)
        return f"its reader died ({status}), which damaged files and lack of memory ({memory}) cause"


def _kill(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):  # it is gone already
        os.killpg(child.pid, signal.SIGKILL)


def _send_file(pipe: "Connection[Any, Any]", path: Path) -> None:
    """Ask for the reading of a file; the child gets the open file too, for it may not see the path. Raises OSError."""
    handle = os.open(path, _NO_WAIT | os.O_CLOEXEC)
    try:
        pipe.send_bytes(json.dumps(str(path)).encode())
        send_handle(pipe, handle, 0)
    finally:
        os.close(handle)


def _mib(count: int) -> str:
    return f"{count // 2**20} MiB"


# The child.


def _serve(pipe: "Connection[Any, Any]", function: str, limits: ProcessLimits, confined: bool) -> None:
    """Path in, items out, until the parent has ended or has sent nothing for long."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    module, _, name = function.partition(":")
    read = getattr(import_module(module), name)
    while pipe.poll(IDLE):
        try:
            path = Path(json.loads(pipe.recv_bytes()))
            handle = recv_handle(pipe)
        except EOFError:
            return
        used = resource.getrusage(resource.RUSAGE_SELF)
        allowed = math.ceil(used.ru_utime + used.ru_stime) + limits.cpu
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))
        _call(read, path, handle if confined else None, pipe)
        os.close(handle)


def _call(read: Callable[[Path], Iterator[Any]], path: Path, handle: int | None, pipe: "Connection[Any, Any]") -> None:
    """handle: the open file, for a process that may not see the path."""

    def send(kind: str, value: Any) -> None:
        pipe.send_bytes(json.dumps([kind, value]).encode())

    try:
        with _in_place(path, handle):
            for item in read(path):
                send("item", item)
    except Exception as error:  # parsers raise whatever they like on damaged files; here it becomes a reason
        send("error", f"{type(error).__name__}: {str(error)[:200]}".rstrip(": "))
    else:
        send("end", None)


@contextmanager
def _in_place(path: Path, handle: int | None) -> Iterator[None]:
    """The open file at its path, where a confined process sees nothing there. Raises OSError."""
    if handle is None or path.exists():
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(f"/proc/self/fd/{handle}")
    try:
        yield
    finally:
        path.unlink()


if __name__ == "__main__":
    fileno, function, given, confined = sys.argv[1:]
    _serve(Connection(int(fileno)), function, ProcessLimits(**json.loads(given)), confined == "1")
