"""`run` and `resume`."""

import asyncio
import shlex
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ..text.characters import one_line
from .exporting import export_files
from .options import Data, EndpointFlags, Limits, Names, Output, Paths, RunId, open_store
from .phrases import phrase
from .terminal import dump, put, put_report, say

if TYPE_CHECKING:
    from ..agent.control import Handlers
    from ..agent.loop import End, Run

MOST_NAMED = 20
"""Most skipped documents that are named."""
APPROVALS = {"", "go ahead", "looks good"} | set(
    "y yes yep ok okay sure fine good go approve approved 是 是的 好 好的 行 可以 同意 批准 没问题 继续".split()
)
"""Replies that approve a plan as it is."""
PARTIAL = 3
"""Exit code of a run that a limit ended with a partial report."""


def run(
    question: str,
    /,
    *rest: Annotated[str, Parameter(show=False)],
    docs: Paths = None,
    library: Names = None,
    web: bool | None = None,
    policy: str | None = None,
    plan: Literal["ask", "show", "off"] | None = None,
    endpoint: EndpointFlags = EndpointFlags(),
    limits: Limits = Limits(),
    output: Output = Output(),
    data: Data = Data(),
) -> int:
    """Research a question and print the report.

    Ctrl-C once ends the run with a report from what there is, twice stops it; `resume` continues.

    Args:
        question: The question, in English or Chinese.
        docs: Folders and files to search.
        library: Libraries to search, made with `index build`.
        web: Search the web too, beside documents and libraries; search.providers names the services.
        policy: auto: what fits the model; chat; guided (small models); extractive; local (a checkpoint); or a package's
            own.
        plan: ask: wait for the plan to be approved; show: show it and continue; off: no plan.
    """
    from ..agent.setup import new_run
    from ..api import task_of
    from ..settings import Settings

    check_question(question, rest)
    settings = Settings.load(
        {"search.web": web, "policy": policy, "plan": plan, **endpoint.flags(), **limits.flags(), **data.flags()}
    )
    output.check()
    task = task_of(question, docs or [], library or [])
    return carry_out(new_run(open_store(settings), settings, task, handlers(task.language)), output)


def check_question(question: str, rest: Sequence[str]) -> None:
    """Raises UserError for a question that is not quoted, or that has no words."""
    from ..errors import UserError

    if rest:
        whole = " ".join([question, *rest])
        raise UserError(
            "The question is several arguments.", f"Put it in quotes: deepresearch run {shlex.quote(whole)}"
        )
    if not any(character.isalnum() for character in question):
        raise UserError(f"The question {question!r} has no words.", "Ask something that a report can answer.")


def resume(
    run: RunId,
    /,
    *,
    approve: str | None = None,
    endpoint: EndpointFlags = EndpointFlags(),
    limits: Limits = Limits(),
    output: Output = Output(),
    data: Data = Data(),
) -> int:
    """Continue a run that was stopped, killed or failed.

    Limits and endpoint stay as they were unless given again.

    Args:
        approve: Approve the proposed plan, with the changes given ("" for none).
    """
    from ..agent.setup import resumed_run
    from ..settings import Settings, nested

    changes = {**endpoint.flags(), **limits.flags()}
    settings = Settings.load({**changes, **data.flags()})
    output.check()
    job = resumed_run(open_store(settings), run, nested(changes), settings, handlers())
    if approve is not None:
        job.control.ask("approve", changes_wanted(approve))
    return carry_out(job, output)


def carry_out(job: "Run", output: Output) -> int:
    """Run to the end under a person's eyes; print or write the report; the exit code."""
    from .watching import Watcher

    job.handlers.watch = Watcher(job.settings.budget, job.budget, job.task.language)
    if job.settings.plan == "ask" and sys.stdin.isatty():
        job.handlers.approve = lambda plan: ask_about_plan(job)
    say(phrase(job.task.language, "run", run=job.log.run))
    if not (job.task.attachments or job.task.libraries or job.settings.search.web):
        say(phrase(job.task.language, "unsearched"))
    end = asyncio.run(_under_control(job))
    return hand_over(job, end, output)


async def _under_control(job: "Run") -> "End | None":
    """The run, listening to Ctrl-C and to requests of other processes; None where it was stopped at once."""
    from ..api import Session

    async with Session(job) as session:
        pressed = 0

        def press() -> None:
            nonlocal pressed
            pressed += 1
            if pressed == 1:
                say(phrase(job.task.language, "ending"))
                session.deliver()
            else:
                session.interrupt()

        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, press)
        loop.add_signal_handler(signal.SIGTERM, session.interrupt)
        try:
            return await session.end()
        except asyncio.CancelledError:
            return None


def hand_over(job: "Run", end: "End | None", output: Output) -> int:
    """Print and write the results of the run; the exit code."""
    from ..derived import answer
    from ..errors import error_named
    from ..report import as_json, render_markdown
    from ..trajectory import RunFailed, RunFinished

    run, events, wrote, language = job.log.run, job.log.events, 0, job.task.language
    if output.json:
        put(dump(as_json(events)))
    elif answer(events) and isinstance(end, RunFinished):
        put_report(render_markdown(events))
    if output.out and answer(events):
        folder = job.settings.data_folder()
        wrote = export_files(events, output.out, output.formats(), output.style, record=folder, force=output.force)
    match end:
        case RunFinished(reason="partial"):
            say(phrase(language, "see", run=run))
            say(phrase(language, "continue", run=run))
            return PARTIAL
        case RunFinished():
            return wrote
        case RunFailed():
            say(phrase(language, "fix", run=run))
            return error_named(end.reason).exit_code
        case _ if end is not None and end.reason == "plan":
            say(phrase(language, "approval", run=run))
            return 0
        case _:
            if end is not None and end.reason == "stopped":  # asked to end with a report, and had nothing for one
                say(phrase(language, "no_report"))
            say(phrase(language, "continue", run=run))
            return 1 if end is None or end.reason == "stopped" else 0


def handlers(language: str = "en") -> "Handlers":
    """Handlers that print progress and problems, for the time before the run begins too."""
    from ..agent.control import Handlers

    def indexing(done: int, of: int, path: str) -> None:
        """Print now and then how many documents have been read."""
        if of and (done == of or done % 100 == 0):
            say(phrase(language, "indexing", done=done, of=of, path=one_line(path, 60)))

    report_retries()
    return Handlers(indexing=indexing, skipped=report_skipped, repaired=say)


def report_retries() -> None:
    """Print when a request to an endpoint, a service or a site is repeated."""
    from stamina.instrumentation import RetryDetails, set_on_retry_hooks

    def tell(details: RetryDetails) -> None:
        say(f"    Asking again in {details.wait_for:.1f} s: {details.caused_by}")

    set_on_retry_hooks([tell])


def report_skipped(skipped: Sequence[tuple[str, str]]) -> None:
    """Name documents that could not be read, and count them by type."""
    for path, reason in skipped[:MOST_NAMED]:
        say(f"Skipped {path}: {reason.removeprefix(path + ': ')}")
    if len(skipped) > MOST_NAMED:
        say(f"... and {len(skipped) - MOST_NAMED} more.")
    types = Counter(Path(path).suffix.lower() or "no suffix" for path, _ in skipped)
    counted = ", ".join(f"{count} {suffix}" for suffix, count in types.most_common())
    say(f"{len(skipped)} skipped: {counted}.")


async def ask_about_plan(job: "Run") -> str:
    """What the person wants changed; an empty text approves. At the end of the input the run is paused instead.

    Waits without a thread, so that Ctrl-C and requests of other processes still work.
    """
    say(phrase(job.task.language, "approve"))
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        loop.remove_reader(sys.stdin)
        line.set_result(sys.stdin.readline())

    loop.add_reader(sys.stdin, read)
    try:
        text = await line
    finally:
        loop.remove_reader(sys.stdin)
    if not text:
        job.control.ask("pause")
        await asyncio.Event().wait()  # until the request cuts this short
    return changes_wanted(text)


def changes_wanted(text: str) -> str:
    """The changes to a plan that `text` asks for; empty where it only approves, in words or by an empty answer."""
    answer = text.strip()
    return "" if answer.lower().rstrip(".!。！ ") in APPROVALS else answer
