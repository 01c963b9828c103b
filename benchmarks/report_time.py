"""What checking and exporting a long report costs beside the run that made it.

    python -m benchmarks.report_time

A scripted policy researches this repository's own docs with the real loop, tools and journal, and answers with a report
of about 5,000 words and 100 citations; no model is waited for. Times are wall-clock seconds; one process.
"""

import asyncio
import json
import tempfile
import time
from pathlib import Path

from deepresearch.agent.loop import Run
from deepresearch.agent.policies.scripted import ScriptedPolicy
from deepresearch.agent.verifier import Verifier
from deepresearch.derived import find, registered
from deepresearch.library import Library, LibraryProvider
from deepresearch.policy import View
from deepresearch.report import write
from deepresearch.report.export import FORMATS
from deepresearch.settings import Settings
from deepresearch.store import Store
from deepresearch.tools import default_tools
from deepresearch.trajectory import Answered, Call, Event, RunStarted, Task, Turn, Verified

DOCS = Path(__file__).parents[1] / "docs"
CITATIONS, WORDS = 100, 5_000
SEARCHES, QUERIES = 12, 6


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        events, checking = asyncio.run(_run(Path(folder)))
        whole = time.perf_counter() - began
        report = find(events, Answered)[-1].text
        [verified] = find(events, Verified)
        print(f"report: {len(report.split()):,} words, {len(verified.citations)} citations")
        print(f"{'the run, check included':<28} {whole:7.2f} s  ({len(find(events, Turn))} turns)")
        print(f"{'of it, checking the citations':<28} {checking:6.2f} s  ({checking / whole:.0%})")
        for name in FORMATS.names():
            began = time.perf_counter()
            written = write(events, Path(folder) / "out", [name])
            told = "".join(f"  not written: {problem}" for problem in written.problems)
            print(f"{'export ' + name:<28} {time.perf_counter() - began:7.2f} s{told}")


async def _run(folder: Path) -> tuple[list[Event], float]:
    """The events of the run, and the seconds that its check took."""
    store = Store(folder / "data")
    library = Library.of_paths(folder / "data", [DOCS])
    library.add([DOCS])
    titles = [title for _, title in library.documents()]
    log = store.create("long")
    log.append(RunStarted(task=Task(question="How does each part of the project work?")))
    lines = [_search(titles, number) for number in range(SEARCHES)]
    verifier = Timed()
    run = Run(
        log,
        ScriptedPolicy([*lines, _answer]),
        default_tools([LibraryProvider(library)]),
        Settings.model_validate({"plan": "off", "context": {"observation": 40_000}}),
        store.run_folder("long"),
        store.blobs,
        verifier=verifier,
    )
    try:
        await run.go()
        return list(log.events), verifier.seconds
    finally:
        await run.close()
        store.close()


class Timed(Verifier):
    """The verifier with a watch."""

    seconds = 0.0

    async def check(self, *given: object) -> Verified:  # type: ignore[override]
        began = time.perf_counter()
        verified = await super().check(*given)  # type: ignore[arg-type]
        self.seconds += time.perf_counter() - began
        return verified


def _search(titles: list[str], number: int) -> Turn:
    words = ["limits", "what it cannot do", "how it works", "errors", "files", "settings"]
    queries = [f"{titles[(number * QUERIES + n) % len(titles)]} {words[n % len(words)]}" for n in range(QUERIES)]
    arguments = {"action": "batch_search", "queries": queries, "k": 24}
    return Turn(calls=[Call(id="", tool="batch_web_surfer", arguments=arguments)])


def _answer(view: View) -> Turn:
    """Sentences from the passages read, each cited; the longest passages first, until the words are enough."""
    passages = sorted(registered(view.events).values(), key=lambda p: (-len(p.text), p.id))[:CITATIONS]
    if len(passages) < CITATIONS:
        raise SystemExit(
            f"Only {len(passages)} passages of {json.dumps(str(DOCS))} were shown; {CITATIONS} are needed."
        )
    each = WORDS // CITATIONS
    parts = []
    for number, passage in enumerate(passages):
        if number % 10 == 0:
            parts.append(f"\n## Part {number // 10 + 1}\n")
        text = " ".join(passage.text.split()[:each]).rstrip(".:;,")
        parts.append(f"{passage.title} says that {text} \\cite{{{passage.id}}}.\n")
    return Turn(text="# The parts\n" + "\n".join(parts))


if __name__ == "__main__":
    main()
