"""Servers that mean harm. As a process it fetches from each and prints what came of it, a JSON object a line:
name, outcome, growth (MiB of resident memory at its highest over the start), seconds.

    python -m tests.web.hostile bombs|slow
"""

import asyncio
import ctypes
import gzip
import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from deepresearch.errors import FetchFailed
from deepresearch.web.fetch import Fetcher

from .site import Asked, Reply, head, page, serve

MIB = 2**20
ZEROS = bytes(MIB)


def endless() -> Iterator[bytes]:
    return itertools.repeat(b"a" * 65536)


def in_steps(pieces: Iterator[bytes], pause: float) -> Iterator[bytes | float]:
    return itertools.chain.from_iterable([piece, pause] for piece in pieces)


def answer(encoding: str, pieces: Callable[[], Iterator[bytes | float]]) -> Callable[[Asked], Reply]:
    """An answer of these pieces, endless or not, its end marked by the connection's."""
    return lambda asked: itertools.chain([head(200, Content_Type="text/html", Content_Encoding=encoding)], pieces())


def chunked(pieces: Callable[[], Iterator[bytes | float]]) -> Callable[[Asked], Reply]:
    return lambda asked: itertools.chain([head(200, Content_Type="text/html", Transfer_Encoding="chunked")], pieces())


def verbatim(pieces: Callable[[], Iterator[bytes | float]]) -> Callable[[Asked], Reply]:
    return lambda asked: pieces()


GZIP = gzip.compress(ZEROS * 64)  # compressed a thousandfold
NESTED = gzip.compress(GZIP)
MEMBER, EMPTY, NAMED = gzip.compress(ZEROS), gzip.compress(b"") * 1000, b"\x1f\x8b\x08\x08" + bytes(6)
MIXED = gzip.compress(ZEROS + random.Random(1).randbytes(6000))
HEADERS = b"X: y\r\n" * 999
BOMBS = {
    "gzip": answer("gzip", lambda: iter([GZIP])),
    "gzip within gzip": answer("gzip, gzip", lambda: iter([NESTED])),
    "gzip streams in a row": answer("gzip", lambda: itertools.repeat(MEMBER)),
    "just below the ratio": answer("gzip", lambda: itertools.repeat(MIXED)),
    "empty gzip streams": answer("gzip", lambda: itertools.repeat(EMPTY)),
    "gzip with an endless name": answer("gzip", lambda: itertools.chain([NAMED], endless())),
    "brotli": answer("br", endless),
    "no end": answer("identity", endless),
    "no end in chunks": chunked(lambda: itertools.repeat(b"10000\r\n" + ZEROS[:65536] + b"\r\n")),
    "a chunk's size without end": chunked(endless),
    "trailers without end": chunked(lambda: itertools.chain([b"0\r\n"], itertools.repeat(HEADERS))),
    "headers without end": verbatim(lambda: itertools.chain([b"HTTP/1.1 200 OK\r\n"], itertools.repeat(HEADERS))),
    "one header without end": verbatim(lambda: itertools.chain([b"HTTP/1.1 200 OK\r\nX: "], endless())),
    "greetings without end": verbatim(lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 99)),
}
SLOW = {
    "silent from the start": verbatim(lambda: iter([3600.0])),
    "headers by the byte": verbatim(lambda: in_steps((bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\n" * 999), 0.1)),
    "greetings now and then": verbatim(lambda: in_steps(itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), 0.1)),
    "body by the byte": answer("identity", lambda: in_steps(itertools.repeat(b"a"), 0.1)),
    "silent in mid-body": answer("identity", lambda: iter([b"A beginning.", 3600.0])),
    "just fast enough": answer("identity", lambda: in_steps(itertools.repeat(bytes(600)), 0.2)),
}


async def attack(reply: Callable[[Asked], Reply], where: str = "/", **more: Any) -> tuple[str, float]:
    """The outcome of fetching a page of such a server, and the seconds it took; the usual limits but for `more`."""
    pages: dict[str, Reply | Callable[[Asked], Reply]] = {"/": page("A page."), "/robots.txt": page("", 404)}
    async with serve({**pages, where: reply}) as site:
        asking = Fetcher(allow_hosts=frozenset({"127.0.0.1"}), **more)
        start = time.monotonic()
        try:
            await asking.get(site.url())
            outcome = "read"
        except FetchFailed as failure:
            outcome = failure.outcome
        finally:
            await asking.close()
        return outcome, time.monotonic() - start


def resident(line: str) -> float:
    """A value of the process's memory, MiB: VmRSS now, VmHWM at its highest."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{line}:")[1].split()[0]) / 1024


def main() -> None:
    servers = {"bombs": BOMBS, "slow": SLOW}[sys.argv[1]]
    asyncio.run(attack(lambda asked: page("Warm up.")))
    attacks = [(name, reply, "/") for name, reply in servers.items()]
    if servers is BOMBS:
        attacks.append(("robots.txt", BOMBS["gzip"], "/robots.txt"))
        attacks.append(("robots.txt without end", BOMBS["no end"], "/robots.txt"))
    for name, reply, where in attacks:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")  # the highest so far is forgotten
        before = resident("VmRSS")
        outcome, seconds = asyncio.run(attack(reply, where))
        growth = resident("VmHWM") - before
        print(json.dumps({"name": name, "outcome": outcome, "growth": growth, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
