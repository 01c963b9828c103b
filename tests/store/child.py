"""A process that does one thing to a store or a log, and says on stdout what it holds to be done."""

import resource
import sys
from itertools import count
from pathlib import Path

from deepresearch.errors import DeepResearchError
from deepresearch.store import Store
from deepresearch.trajectory import Observation, RunStarted, Task, Turn


def say(*words: object) -> None:
    print(*words, flush=True)


def journal(folder: str, run: str) -> None:
    """Append for ever, now and then several at once and with a blob; say the newest seq after each append."""
    store = Store(Path(folder))
    log = store.create(run)
    log.append(RunStarted(task=Task(question="q")))
    say(log.events[-1].seq)
    for number in count():
        text = f"whole text {number} " * 50
        digest = store.blobs.put(text) if number % 5 == 0 else None
        log.append(Turn(text=f"turn {number}"), Observation(shown=text[:300], full=digest))
        say(log.events[-1].seq)


def hold(folder: str, run: str) -> None:
    """Open the run, say so, and append one turn for each line that comes in; say what was asked for."""
    with Store(Path(folder)).open(run) as log:
        say("open")
        for line in sys.stdin:
            log.append(Turn(text=line.strip()))
            say(*[request.kind for request in log.take_requests()])


def small_disk(folder: str, run: str, limit: str) -> None:
    """Append until the operating system refuses to let a file grow; say the newest acknowledged seq, then the error."""
    store = Store(Path(folder))
    log = store.create(run)
    log.append(RunStarted(task=Task(question="q")))
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    try:
        while True:
            log.append(Turn(text="x" * 700), Turn(text="y" * 700))
            say(log.events[-1].seq)
    except DeepResearchError as error:
        say(type(error).__name__, len(log.events), error)


def begin(folder: str) -> None:
    """Open the data folder at the very moment when others do."""
    say("ready")
    sys.stdin.readline()
    Store(Path(folder)).close()
    say("done")


if __name__ == "__main__":
    actions = {f.__name__: f for f in (journal, hold, small_disk, begin)}
    actions[sys.argv[1]](*sys.argv[2:])
