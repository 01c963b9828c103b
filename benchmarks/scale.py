"""A library of a million passages: build, memory, disk, queries, additions and a kill, beside bm25s and SQLite FTS5.

Run: python -m benchmarks.scale [--passages N] [--asked N] [--folder F]     (data: $DEEPRESEARCH_SHARED/data)

Real paragraphs, repeated with variation (see corpus.py). Every engine works in processes of its own, one at a time.
Ratios are to ours on the same line: "index" beside the bare engines, over the very same terms; "library" is all that
happens between a file of JSON lines and a cited passage, which the others do not do.
"""

import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .harness import Outcome, machine, run

COLD = 7
"""Fresh processes whose first query is timed."""
NAMES = {"library": "ours, library", "tantivy": "ours, index", "bm25s": "bm25s", "fts5": "SQLite FTS5"}
SHORT = {"library": "library", "tantivy": "index"}
Figures = dict[str, Any]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--asked", type=int, default=100, help="queries of each sort")
    parser.add_argument("--folder", type=Path, default=None, help="where to work, several GB (default: temporary)")
    given = parser.parse_args(arguments)
    print(f"{given.passages:,} passages. {machine()}", flush=True)
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="scale-") as name:
        folder = Path(name)
        said = child(folder, stage="prepare", passages=given.passages, asked=given.asked).said
        print(
            f"Corpus of {said['bytes'] / 1e6:.0f} MB; its terms, made beforehand for the three bare indexes, "
            f"take {said['tokenised']:.0f} s of one core.\n",
            flush=True,
        )
        figures = {engine: measure(folder, engine) for engine in NAMES}
        show(figures, given.passages)
        show_sorts(figures)
        show_kill(folder, figures["library"]["built"])
    print(f"\nAfter: {machine()}")


def child(folder: Path, **job: Any) -> Outcome:
    return run(command(folder, **job))


def command(folder: Path, **job: Any) -> list[str]:
    return [sys.executable, "-m", "benchmarks.indexes", json.dumps({"folder": str(folder), **job})]


def measure(folder: Path, engine: str) -> Figures:
    """Everything about one engine. What is asked comes before what is added, so that all search the same."""
    figures: Figures = {"built": child(folder, engine=engine, stage="build")}
    figures["cold"] = [child(folder, engine=engine, stage="first").said["ms"] for _ in range(COLD)]
    figures["warm"] = child(folder, engine=engine, stage="ask").said
    figures["added"] = None if engine == "bm25s" else child(folder, engine=engine, stage="add").said["seconds"]
    print(f"  measured: {NAMES[engine]}, built in {figures['built'].said['seconds']:.0f} s", flush=True)
    return figures


def show(figures: dict[str, Figures], passages: int) -> None:
    head = ["build s", "CPU s", "passages/s", "peak MB", "disk MB", "warm p50", "p95 ms", "cold ms", "worst", "+1000 s"]
    print(f"\n{'':14}" + "".join(f"{name:>11}" for name in head))
    rows = {engine: row(found, passages) for engine, found in figures.items()}
    for engine, values in rows.items():
        print(f"{NAMES[engine]:14}" + "".join(f"{cell(value):>11}" for value in values))
    for engine in ("bm25s", "fts5"):
        for ours in ("tantivy", "library"):
            ratios = [f"{cell(a / b)}x" if a and b else "-" for a, b in zip(rows[engine], rows[ours], strict=True)]
            print(f"{engine + '/' + SHORT[ours]:14}" + "".join(f"{ratio:>11}" for ratio in ratios))
    print("Queries of 10 words, English and Chinese. Cold: opening and first query of a fresh process,")
    print(f"files pushed out of memory (posix_fadvise), median and worst of {COLD}. bm25s cannot add: it rebuilds.")


def row(figures: Figures, passages: int) -> list[float | None]:
    built: Outcome = figures["built"]
    seconds = built.said["seconds"]
    warm = [figures["warm"][f"{language} 10 words"] for language in ("en", "zh")]
    added = seconds if figures["added"] is None else figures["added"]
    return [
        seconds,
        built.cpu,
        passages / seconds,
        built.peak,
        built.said["bytes"] / 1e6,
        statistics.fmean(one["p50"] for one in warm),
        max(one["p95"] for one in warm),
        statistics.median(figures["cold"]),
        max(figures["cold"]),
        added,
    ]


def cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def show_sorts(figures: dict[str, Figures]) -> None:
    print(f"\nWarm queries, p50 / p95 ms\n{'':14}" + "".join(f"{NAMES[engine]:>18}" for engine in figures))
    for sort in figures["library"]["warm"]:
        each = [found["warm"][sort] for found in figures.values()]
        print(f"{sort:14}" + "".join(f"{cell(one['p50']) + ' / ' + cell(one['p95']):>18}" for one in each))


def show_kill(folder: Path, built: Outcome) -> None:
    """kill -9 in mid-build: what continuing saves, and whether it ends where the undisturbed build ended."""
    start = time.perf_counter()
    share = kill_at(folder, 0.5)
    killed = time.perf_counter() - start
    again = child(folder, engine="library", stage="build", name="killed")
    child(folder, engine="library", stage="add", name="killed")
    whole = child(folder, engine="library", stage="results").said
    resumed = child(folder, engine="library", stage="results", name="killed").said
    pairs = list(zip(whole["found"], resumed["found"], strict=True))
    same = sum(one == other for one, other in pairs)
    alike = min(len({*one} & {*other}) / len(one) for one, other in pairs if one)
    took, whole_took = again.said["seconds"], built.said["seconds"]
    print(f"\nkill -9 after {killed:.0f} s, with {share:.0%} of the corpus read; continuing took {took:.0f} s,")
    print(f"  a whole build {whole_took:.0f} s; in CPU seconds {again.cpu:.0f} and {built.cpu:.0f}")
    print(f"  passages lost: {whole['passages'] - resumed['passages']}")
    print(f"  the same ten hits in the same order for {same} of {len(pairs)} queries; least overlap {alike:.0%}")


def kill_at(folder: Path, share: float) -> float:
    """Start a build, kill it once it says that it has come so far; how far it said."""
    build = command(folder, engine="library", stage="build", name="killed")
    with subprocess.Popen(build, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        reached = 0.0
        for line in process.stdout:
            reached = json.loads(line).get("share", 1.0)
            if reached >= share:
                process.send_signal(signal.SIGKILL)
                break
    return reached


if __name__ == "__main__":
    main(sys.argv[1:])
