"""`show`, `list`, `cancel`, `export`, `trajectory`: looking at runs, and getting things out of them."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .options import Data, Switch
from .terminal import clip, dump, put, say, table

if TYPE_CHECKING:
    from ..report import Written

FOLLOW = 0.5
"""Seconds between two looks at a growing run."""


def show(run: str, /, *, follow: Switch = False, json: Switch = False, data: Data | None = None) -> int:
    """Show where a run stands, and its report.

    Parameters
    ----------
    run
        Run id, or an unambiguous beginning of it.
    follow
        Watch a run that another process is carrying out.
    json
        Print one JSON object.
    """
    from ..agent.budget import BudgetTracker
    from ..derived import answer, started
    from ..report import as_json, render_markdown, summary
    from ..settings import Settings
    from .watching import Watcher

    store = (data or Data()).store()
    run = store.find(run)
    events = store.read(run)
    if follow:
        budget = BudgetTracker()
        watcher = Watcher(Settings.model_validate(started(events).settings).budget, budget)
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
        put(render_markdown(events))
    return 0


def list_runs(*, json: Switch = False, data: Data | None = None) -> int:
    """List the runs of the data folder, the newest first.

    Parameters
    ----------
    json
        Print a JSON object a line.
    """
    import dataclasses

    runs = (data or Data()).store().runs()
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
            clip(summary.question, 60),
        ]
        for summary in runs
    ]
    put(table(rows) if rows else 'No runs yet. Begin one: deepresearch run "QUESTION" --docs FOLDER')
    return 0


def steer(run: str, text: str, /, *, data: Data | None = None) -> int:
    """Tell a run that is going on something more: a wish, a limit, a source.

    Parameters
    ----------
    run
        Run id, or an unambiguous beginning of it.
    text
        What its policy should hear.
    """
    return _ask(data, run, "steer", text)


def pause(run: str, /, *, data: Data | None = None) -> int:
    """Stop a run that is going on; `resume` goes on with it.

    Parameters
    ----------
    run
        Run id, or an unambiguous beginning of it.
    """
    return _ask(data, run, "pause")


def cancel(run: str, /, *, data: Data | None = None) -> int:
    """End a run for good, whether a process is carrying it out or not.

    Parameters
    ----------
    run
        Run id, or an unambiguous beginning of it.
    """
    from ..derived import state
    from ..errors import RunOver
    from ..trajectory import RunCancelled, RunFinished

    store = (data or Data()).store()
    run = store.find(run)
    if store.is_live(run):
        return _ask(data, run, "cancel")
    with store.open(run) as log:
        if (now := state(log.events)) in ("finished", "cancelled"):
            raise RunOver(f"Run {run} is {now} already.")
        log.append(RunCancelled(), RunFinished(reason="cancelled"))
    say(f"Run {run} is cancelled.")
    return 0


def export(
    run: str, /, *, format: str = "md,html", style: str = "numeric", out: Path = Path(), data: Data | None = None
) -> int:
    """Write a run's report to files; a format whose tool is missing is named, and the others are written.

    Parameters
    ----------
    run
        Run id, or an unambiguous beginning of it.
    format
        Formats, with commas: md, html, json, docx, pdf, pptx, tex, bib, ris, csl.
    style
        How references are written: numeric, apa, ieee, gb-t-7714, or the name of any other style.
    out
        Folder for the files.
    """
    from ..derived import answer
    from ..errors import ExportError
    from ..report import check_formats, check_style, write

    formats = check_formats(format.split(","))
    check_style(style)
    store = (data or Data()).store()
    events = store.read(run)
    if answer(events) is None:
        raise ExportError(f"Run {store.find(run)} has no report yet.", f"Go on with it: deepresearch resume {run}.")
    return report_written(write(events, out, formats, style))


def report_written(written: "Written") -> int:
    """Tell which files an export has brought and which formats it could not write; the exit code."""
    for file in written.files:
        say(f"Wrote {file}")
    for problem in written.problems:
        say(f"Not written: {problem.format}. {problem.message}")
    return 1 if written.problems else 0


def trajectory(run: str, /, *, to: Literal["events", "chat", "sft"] = "events", data: Data | None = None) -> int:
    """Print a run's record as JSON lines.

    Parameters
    ----------
    run
        Run id, or an unambiguous beginning of it.
    to
        events: the record itself; chat: messages and tools as the policy saw them last; sft: one sample for each
        stretch between two compactions, messages marked for the loss.
    """
    from ..agent.export import to_chat, to_sft

    events = (data or Data()).store().read(run)
    make = {"events": lambda: [e.model_dump(mode="json") for e in events], "chat": lambda: [to_chat(events)]}
    for row in make.get(to, lambda: to_sft(events))():
        put(dump(row))
    return 0


def _ask(data: Data | None, run: str, kind: str, text: str = "") -> int:
    """Leave a request for the process that carries the run out."""
    from ..errors import RunOver

    store = (data or Data()).store()
    run = store.find(run)
    if not store.is_live(run):
        raise RunOver(f"No process is carrying out run {run} now.", f"Go on with it: deepresearch resume {run}.")
    store.request(run, kind, {"text": text})
    say(f"Run {run} has been asked: {kind}.")
    return 0


def _state(state: str, live: bool) -> str:
    return "stopped" if state == "running" and not live else state
