"""Many runs in one event loop: how long the loop is ever blocked, while a thousand documents are indexed.

Fifty `aresearch` calls start together over documents that are indexed already, beside one that has a thousand new
documents to index. A task that only sleeps measures by how much it wakes up late: that is how long the loop was
blocked. The same is measured on an idle loop first, since a busy machine wakes every program up late.

What is left is mostly the garbage collector, which looks at every object of the program while nothing else may run.
`--server` does what docs/library_api.md advises a program that shares its loop to do.

Run: python -m benchmarks.library_api [--runs 50] [--documents 1000] [--server] [--trace]
"""

import argparse
import asyncio
import faulthandler
import gc
import sys
import tempfile
import time
from pathlib import Path

import deepresearch

from .harness import machine

TICK = 0.005
"""Seconds that the measuring task sleeps."""
IDLE = 5.0
"""Seconds for which the idle loop is measured."""
SUBJECTS = ("harbour", "bridge", "railway", "canal", "library", "market", "station", "tunnel")


def write_documents(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    for number in range(count):
        subject = SUBJECTS[number % len(SUBJECTS)]
        paragraphs = [
            f"The {subject} of town {number} was opened in {1850 + (number * 7 + part) % 150}. Its engineer, number "
            f"{part}, was born in village {number % 31}, and {number * 3 + part} people worked on it for years."
            for part in range(8)
        ]
        (folder / f"{number}.md").write_text(f"# The {subject} of town {number}\n\n" + "\n\n".join(paragraphs) + "\n")
    return folder


async def measure(late: list[float], trace: bool) -> None:
    while True:
        before = time.perf_counter()
        if trace:
            faulthandler.dump_traceback_later(0.04)
        await asyncio.sleep(TICK)
        if trace:
            faulthandler.cancel_dump_traceback_later()
        late.append(time.perf_counter() - before - TICK)


async def work(folder: Path, runs: int, documents: int, trace: bool, server: bool = False) -> None:
    settings = deepresearch.Settings.model_validate({"store": {"folder": str(folder / "data")}})
    small = write_documents(folder / "small", 40)
    await deepresearch.aresearch("When was the harbour of town 8 opened?", docs=[small], settings=settings)
    large = write_documents(folder / "large", documents)
    if server:
        gc.freeze()
        sys.setswitchinterval(0.001)
    idle: list[float] = []
    meter = asyncio.ensure_future(measure(idle, trace=False))
    await asyncio.sleep(IDLE)
    meter.cancel()
    print(f"An idle loop on this machine: late by {1000 * max(idle):.1f} ms at most ({len(idle)} measurements).")
    late: list[float] = []
    meter = asyncio.ensure_future(measure(late, trace))
    began = time.perf_counter()
    indexing = asyncio.ensure_future(
        deepresearch.aresearch("When was the canal of town 3 opened?", docs=[large], settings=settings)
    )
    questions = [f"When was the {SUBJECTS[n % 8]} of town {n % 40} opened, and by whom?" for n in range(runs)]
    reports = await asyncio.gather(
        *(deepresearch.aresearch(question, docs=[small], settings=settings) for question in questions)
    )
    small_done = time.perf_counter() - began
    reports.append(await indexing)
    seconds = time.perf_counter() - began
    meter.cancel()
    late.sort()
    cited = sum(bool(report.citations) for report in reports)
    print(
        f"{runs} runs at once in {small_done:.1f} s, with {documents} documents indexed meanwhile in {seconds:.1f} s."
    )
    print(f"Reports: {len(reports)}, of which {cited} with citations.")
    print(
        f"The event loop was blocked for {1000 * late[-1]:.1f} ms at most, 99.9 % of the time below "
        f"{1000 * late[int(len(late) * 0.999)]:.1f} ms, median {1000 * late[len(late) // 2]:.1f} ms "
        f"({len(late)} measurements)."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--trace", action="store_true", help="print where the loop is whenever it is blocked")
    parser.add_argument("--server", action="store_true", help="set the interpreter up as a server should")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(work(Path(folder), options.runs, options.documents, options.trace, options.server))
    print(machine())


if __name__ == "__main__":
    main()
