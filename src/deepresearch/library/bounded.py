"""Readers of files that can explode, in a process of their own with limits.

One child reads file after file, so that starting it is paid for once. It is told paths and answers with documents as
JSON (never as pickles: what has been taken over by a document must not reach further). Its environment is empty, so
that no key can leak from it. Where bubblewrap works it has no network either, and of the user's files it sees the one
that it is handed. A child that dies, or is ended at a limit, takes one file with it; a new one is started.
"""

import atexit
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
from multiprocessing.connection import Connection, Pipe
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from typing import Any

from ..errors import DocumentError
from ..sandbox.confinement import confinement
from .documents import Block, Document, Problem

LARGEST_ANSWER = 256 * 1024 * 1024
"""Bytes of one document as it comes back."""
MOST_ITEMS = 100_000
"""Documents and problems of one file."""
MOST_FILES = 500
"""Files that one child reads: what libraries leak ends with it."""
IDLE = 60.0
"""Seconds without a file after which the child ends itself."""
LEAVE = 1.0
"""Seconds in which a child may end itself."""
_LOOK = getattr(os, "O_PATH", os.O_RDONLY | os.O_NONBLOCK)
"""How a file is opened that the child will read: without waiting for it or asking for leave to read it."""
_MEND = "Split it, or convert it to text."


@dataclass(frozen=True)
class Limits:
    """What the reading of one file may use."""

    memory: int = 2 * 1024**3
    """Bytes of address space."""
    cpu: int = 60
    """Seconds of processor time."""
    wall: float = 120.0
    """Seconds until the file is given up."""


class _Distrusted(Exception):
    """The child answers more than it may."""


class _Gone(Exception):
    """The child has ended itself, having been idle, just when it was asked."""


class BoundedReader:
    """Reads files in a child process. May be shared between threads: one file is read at a time."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None
        self._files = 0

    def read(self, path: Path) -> list[Document | Problem]:
        """The documents of `path`, in order.

        Raises DocumentError that names the file and the limit where one was reached; otherwise what the reader
        raises: DocumentError, OSError.
        """
        with self._lock:
            try:
                return self._once(path)
            except _Gone:
                return self._once(path)

    def _once(self, path: Path) -> list[Document | Problem]:
        pipe, child = self._ask(path)
        late = threading.Event()

        def give_up() -> None:
            late.set()
            _kill(child)

        timer = threading.Timer(self.limits.wall, give_up)
        timer.start()
        try:
            return _answer(pipe)
        except (EOFError, ConnectionError):
            status = child.wait()
            self._stop()
            if status == 0:
                raise _Gone from None
            reason = self._death(status, late.is_set())
            raise DocumentError(f"{path} cannot be read: {reason}.", _MEND) from None
        except _Distrusted as error:
            self._stop()
            raise DocumentError(f"{path} cannot be read: {error}.", _MEND) from None
        except KeyboardInterrupt:
            self._stop()  # the rest of the answer is still to come
            raise
        finally:
            timer.cancel()

    def close(self) -> None:
        """End the child. The next file starts a new one."""
        with self._lock:
            self._stop()

    def _ask(self, path: Path) -> tuple["Connection[Any, Any]", subprocess.Popen[bytes]]:
        self._files += 1
        if self._child and self._pipe and self._child.poll() is None and self._files <= MOST_FILES:
            try:
                _hand_over(self._pipe, path)
                if self._child.poll() is None:
                    return self._pipe, self._child
            except ConnectionError:
                pass  # it has just ended itself, having been idle: a new one is asked
        self._stop()
        pipe, child = self._start()
        _hand_over(pipe, path)
        return pipe, child

    def _start(self) -> tuple["Connection[Any, Any]", subprocess.Popen[bytes]]:
        self._files = 1
        ours, theirs = Pipe()
        prefix, _ = confinement()
        numbers = [theirs.fileno(), self.limits.memory, self.limits.cpu, int(bool(prefix))]
        command = [*prefix, sys.executable, "-m", __name__, *map(str, numbers)]
        self._child = subprocess.Popen(  # noqa: S603  our own module, and numbers
            command,
            process_group=0,  # to be killed whole, with what stands between us and the reader
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
                self._child.wait(LEAVE)  # it goes when its pipe is closed, and takes what stands around it along
            except subprocess.TimeoutExpired:
                _kill(self._child)
                self._child.wait()
        self._child = self._pipe = None

    def _death(self, status: int, late: bool) -> str:
        if late:
            return f"its reader took more than {self.limits.wall:g} s"
        if status in (-signal.SIGXCPU, 128 + signal.SIGXCPU):  # the latter in bubblewrap's words
            return f"its reader took more than {self.limits.cpu} s of processor time"
        return f"its reader died ({status}), which damaged files and want of memory ({_mib(self.limits.memory)}) cause"


_shared = BoundedReader()
atexit.register(_shared.close)


def read_bounded(path: Path) -> list[Document | Problem]:
    """`BoundedReader.read` by the child that all readers share."""
    return _shared.read(path)


def _kill(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):  # it is gone already
        os.killpg(child.pid, signal.SIGKILL)


def _hand_over(pipe: "Connection[Any, Any]", path: Path) -> None:
    """Ask for the reading of a file; the child gets the open file too, for it may not see the path. Raises OSError."""
    handle = os.open(path, _LOOK | os.O_CLOEXEC)
    try:
        pipe.send_bytes(json.dumps(str(path)).encode())
        send_handle(pipe, handle, 0)
    finally:
        os.close(handle)


def _answer(pipe: "Connection[Any, Any]") -> list[Document | Problem]:
    items: list[Document | Problem] = []
    while len(items) <= MOST_ITEMS:
        try:
            data = pipe.recv_bytes(LARGEST_ANSWER)
        except OSError as error:
            if error.errno is None:  # how the pipe says that the length it is told is over the limit
                raise _Distrusted(f"its text has more than {_mib(LARGEST_ANSWER)}") from error
            raise
        kind, fields = json.loads(data)
        if kind == "end":
            return items
        if kind == "DocumentError":
            raise DocumentError(*fields)
        if kind == "OSError":
            raise OSError(*fields)
        if kind == "Document":
            fields["blocks"] = [Block(*block) for block in fields["blocks"]]
        items.append(Document(**fields) if kind == "Document" else Problem(**fields))
    raise _Distrusted(f"it holds more than {MOST_ITEMS} documents")


def _mib(count: int) -> str:
    return f"{count // 2**20} MiB"


def _serve(pipe: "Connection[Any, Any]", limits: Limits, confined: bool) -> None:
    """The child: path in, documents out, until the parent is gone or has been silent for long."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while pipe.poll(IDLE):
        try:
            path = Path(json.loads(pipe.recv_bytes()))
            handle = recv_handle(pipe)
        except EOFError:
            return
        used = resource.getrusage(resource.RUSAGE_SELF)
        allowed = math.ceil(used.ru_utime + used.ru_stime) + limits.cpu
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))
        _read(path, handle if confined else None, lambda kind, fields: _send(pipe, kind, fields), limits)
        os.close(handle)


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


def _read(
    path: Path,
    handle: int | None,
    send: Callable[[str, Any], None],
    limits: Limits,
) -> None:
    """handle: the open file, for a process that may not see the path."""
    from .reading import reader_of  # noqa: PLC0415  the parent has it already

    try:
        with _in_place(path, handle):
            for item in reader_of(path)(path):
                send(type(item).__name__, _fields(item))
    except DocumentError as error:
        send("DocumentError", [error.message, error.hint])
    except OSError as error:
        if error.errno is not None:
            send("OSError", [error.errno, error.strerror])
        else:  # a parser's own
            send("DocumentError", _broken(path, error, limits))
    except Exception as error:  # parsers raise whatever they like on damaged files; here it becomes a reason
        send("DocumentError", _broken(path, error, limits))
    else:
        send("end", None)


def _broken(path: Path, error: Exception, limits: Limits) -> list[str]:
    """Message and hint. What a parser says does not tell damage from want of memory reliably."""
    said = f"{type(error).__name__}: {str(error)[:200]}".rstrip(": ")
    needs = f"it is damaged, or needs more than {_mib(limits.memory)} of memory"
    return [f"{path} cannot be read: {needs} ({said}).", "Save it anew, or convert it to text."]


def _fields(item: Document | Problem) -> dict[str, Any]:
    if isinstance(item, Problem):
        return asdict(item)
    blocks = [(block.kind, block.text, block.level, block.page) for block in item.blocks]
    return {**vars(item), "blocks": blocks}


def _send(pipe: "Connection[Any, Any]", kind: str, fields: Any) -> None:
    pipe.send_bytes(json.dumps([kind, fields]).encode())


if __name__ == "__main__":
    fileno, memory, cpu, confined = map(int, sys.argv[1:])
    _serve(Connection(fileno), Limits(memory=memory, cpu=cpu), bool(confined))
