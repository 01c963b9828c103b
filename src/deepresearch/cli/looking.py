"""`show`, `list`, `steer`, `pause`, `cancel`, `delete`, `export`, `trajectory`, `import`: runs that are recorded."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .exporting import export_files
from .options import Data, JsonLines, JsonOutput, RunId, Switch, open_store
from .terminal import dump, put, put_report, say, table, width

if TYPE_CHECKING:
    from ..store import Store

FOLLOW = 0.5
"""Seconds between two looks at a growing run."""


def show(run: RunId, /, *, follow: Switch = False, json: JsonOutput = False, data: Data = Data()) -> int:
    """Show a run's state and its report.

    Args:
        follow: Watch a run that another process is carrying out.
    """
    from ..agent.budget import BudgetTracker
    from ..derived import answer, started
    from ..report import as_json, render_markdown, summary
    from ..settings import Settings
    from .watching import Watcher

    store = data.store()
    run = store.find(run)
    events = store.read(run)
    if follow:
        budget = BudgetTracker()
        opening = started(events)
        watcher = Watcher(Settings.from_record(opening.settings)[0].budget, budget, opening.task.language)
        new = events
        live = True
        while new or live:
            for event in new:
                budget.apply(event)
                watcher(event)
            time.sleep(FOLLOW)
            live = store.is_live(run)  # asked before the last look, so that nothing written in between is missed
            new = store.read(run, after=len(events))
            events += new
    if json:
        put(dump(as_json(events)))
        return 0
    say(summary(events, live=store.is_live(run)))
    if answer(events):
        put_report(render_markdown(events))
    return 0


def list_runs(*, limit: int = 50, json: JsonLines = False, data: Data = Data()) -> int:
    """List the runs of the data folder, the newest first.

    Args:
        limit: Most runs to list; 0: all.
    """
    import dataclasses

    from ..errors import UserError

    if limit < 0:
        raise UserError(f"--limit {limit} is below zero.", "Give 0 for all runs.")
    known = data.store().runs()
    runs = known[:limit] if limit else known
    if json:
        for summary in runs:
            put(dump({**dataclasses.asdict(summary), "usage": summary.usage.model_dump()}))
        return 0
    rows = [
        [
            summary.run,
            _state(summary.state, summary.live),
            time.strftime("%Y-%m-%d %H:%M", time.localtime(summary.started)),
            f"{summary.turns} turns",
            "unknown price" if summary.cost is None else f"${summary.cost:.4f}",
            " ".join(summary.question.split()),
        ]
        for summary in runs
    ]
    put(table(rows, width()) if rows else 'No runs yet. Start one: deepresearch run "QUESTION" --docs FOLDER')
    if len(known) > len(runs):
        say(f"{len(known) - len(runs)} older runs are not shown; --limit 0 lists all.")
    return 0


def steer(run: RunId, text: str, /, *, data: Data = Data()) -> int:
    """Send a running run a message: a wish, a limit, a source.

    Args:
        text: The message for its policy.
    """
    return _ask(data, run, "steer", text)


def finish(run: RunId, /, *, data: Data = Data()) -> int:
    """Ask a run for its report now: its tools are withdrawn, and its policy writes from what there is."""
    return _ask(data, run, "finish_early")


def pause(run: RunId, /, *, data: Data = Data()) -> int:
    """Pause a running run; `resume` continues it."""
    return _ask(data, run, "pause")


def cancel(run: RunId, /, *, data: Data = Data()) -> int:
    """End a run for good, whether it is running or stopped."""
    from ..derived import state
    from ..errors import RunOver
    from ..trajectory import RunCancelled, RunFinished

    store = data.store()
    run = store.find(run)
    if store.is_live(run):
        return _ask(data, run, "cancel")
    with store.open(run) as log:
        if (now := state(log.events)) in ("finished", "cancelled"):
            raise RunOver(f"Run {run} is {now} already.", "See it with `deepresearch show`.")
        log.append(RunCancelled(), RunFinished(reason="cancelled"))
    say(f"Run {run} is cancelled.")
    return 0


def delete(run: str, /, *, data: Data = Data()) -> int:
    """Remove a run with its record and its folder; stored web pages stay.

    Args:
        run: Run id in full: a beginning is not enough to delete.
    """
    from ..errors import UserError

    store = data.store()
    if (found := store.find(run)) != run:
        raise UserError(f"{run} is only the beginning of a run id.", f"To delete it: deepresearch delete {found}")
    store.delete(run)
    say(f"Run {run} is deleted.")
    return 0


def export(
    run: RunId,
    /,
    *,
    format: str = "md,html",
    style: str = "numeric",
    out: Path = Path(),
    force: Switch = False,
    data: Data = Data(),
) -> int:
    """Write a run's report to files; a format whose tool is missing is named, and the others are written.

    Args:
        format: Formats, with commas: md, html, json, docx, pdf, pptx, tex, bib, ris, csl.
        style: How references are written: numeric, apa, ieee, gb-t-7714, or the name of any other style.
        out: Folder for the files.
        force: Replace files of the same names that no export has written, or that were changed since.
    """
    from ..derived import answer
    from ..errors import ExportError
    from ..report import check_formats, check_style

    formats = check_formats(format.split(","))
    check_style(style)
    settings = data.settings()
    store = open_store(settings)
    run = store.find(run)
    events = store.read(run)
    if answer(events) is None:
        raise ExportError(f"Run {run} has no report.", next_step(store, run))
    return export_files(events, out, formats, style, record=settings.data_folder(), force=force)


def next_step(store: "Store", run: str) -> str:
    """What can be done with a run, in one sentence that works for its state. `run`: the full id."""
    from ..derived import answer, state

    if store.is_live(run):
        return f"It is running: deepresearch show {run} --follow"
    events = store.read(run)
    if state(events) in ("cancelled", "finished"):
        return f"See it: deepresearch show {run}" if answer(events) else "It has ended; start a new run."
    return f"Continue it: deepresearch resume {run}"


def trajectory(run: RunId, /, *, to: Literal["events", "chat", "sft"] = "events", data: Data = Data()) -> int:
    """Print a run's record as JSON lines.

    Args:
        to: events: the record itself; chat: messages and tools as the policy saw them last; sft: one sample for each
            stretch between two compactions, messages marked for the loss.
    """
    from ..agent.export import to_chat, to_sft

    events = data.store().read(run)
    make = {"events": lambda: [e.model_dump(mode="json") for e in events], "chat": lambda: [to_chat(events)]}
    for row in make.get(to, lambda: to_sft(events))():
        put(dump(row))
    return 0


def import_file(file: Path, /, *, data: Data = Data()) -> int:
    """Load a run from JSON lines, as `trajectory` prints them, into the data folder.

    A last record that a crash has cut off is left out; any other damage is named by its line, and nothing is loaded.

    Args:
        file: The file of events. Long texts that events only refer to are not in it.
    """
    from ..store import import_run

    store = data.store()
    run = import_run(store, file, say)
    say(next_step(store, run))
    put(run)
    return 0


def _ask(data: Data, run: str, kind: str, text: str = "") -> int:
    """Leave a request for the process that executes the run."""
    from ..errors import RunOver

    store = data.store()
    run = store.find(run)
    if not store.is_live(run):
        raise RunOver(f"Run {run} is not running now.", next_step(store, run))
    store.request(run, kind, {"text": text})
    say(f"Run {run} has been asked: {kind}.")
    return 0


def _state(state: str, live: bool) -> str:
    return "stopped" if state == "running" and not live else state
