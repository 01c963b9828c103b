"""`replay` and `page`: the pages and answers that runs stored, used and shown again."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from .exporting import write_out
from .options import Data, Output, RunId, open_store
from .terminal import put, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..trajectory import Event
    from ..web.fetched import Fetched

MOST_SHOWN = 40
"""Lines of the difference between two reports that are shown."""


def replay(run: RunId, /, *, output: Output = Output(), data: Data = Data()) -> int:
    """Do a run again over the stored pages and answers, fetching nothing, and compare the reports.

    It is a new run of the same question with the same settings; own documents are read as they are now, and a model,
    where the run had one, is asked again. What was not stored is named. Exit code 1 where the reports differ.
    """
    from ..agent.setup import replay_run
    from ..settings import Settings
    from .running import carry_out, handlers

    settings = Settings.load(data.flags())
    output.check()
    store = open_store(settings)
    run = store.find(run)
    job = replay_run(store, run, settings, handlers())
    code = carry_out(job, output)
    differences = compare(store.read(run), store.read(job.log.run))
    if differences:
        say(f"The report differs from that of {run}:")
        for line in differences[:MOST_SHOWN]:
            say(f"    {line}")
        if len(differences) > MOST_SHOWN:
            say(f"    ... and {len(differences) - MOST_SHOWN} more lines.")
        return code or 1
    say(f"The report is the same as that of {run}.")
    return code


def compare(one: "Sequence[Event]", other: "Sequence[Event]") -> list[str]:
    """The lines in which the reports of two runs differ, marked with - and +; none where they are the same."""
    from difflib import unified_diff

    from ..derived import answer

    then, now = (found.text.splitlines() if (found := answer(events)) else ["(no report)"] for events in (one, other))
    return list(unified_diff(then, now, "then", "now", lineterm="", n=0))


def page(
    reference: str,
    /,
    *,
    run: str | None = None,
    at: str | None = None,
    raw: Path | None = None,
    data: Data = Data(),
) -> int:
    """Show a page of the web as it was stored when it was read.

    Args:
        reference: Address of the page, or, with --run, the id of a passage that the run was shown.
        run: The page as that run had it: run id, or an unambiguous beginning of it.
        at: The page as it was last read before this date or time, e.g. 2026-11-20 or 2026-11-20T18:30.
        raw: File to write the body to, as it came.
    """
    from ..errors import UserError
    from ..web.archive import Archive
    from ..web.urls import parse_url

    settings = data.settings()
    if run and at:
        raise UserError("--run and --at both name a time.", "Give one of them.")
    as_of = _time(at) if at else float("inf")
    if run:
        from ..derived import registered

        events = open_store(settings).read(run)
        as_of = max(event.time for event in events)
        passage = registered(events).get(reference)
        if passage and not passage.url:
            raise UserError(f"Passage {reference} is in {passage.document}, which is no page of the web.")
        reference = (passage.url or reference) if passage else reference
    archive = Archive(settings.data_folder() / "pages", as_of=as_of)
    url = str(parse_url(reference))
    page = archive.find(url) or archive.replayed(url)
    if raw:
        write_out(raw, page.body)
    put(_shown(page))
    return 0


def _time(text: str) -> float:
    """Seconds since the epoch; a date alone means its end. Raises UserError."""
    from datetime import datetime, timedelta

    from ..errors import UserError

    try:
        found = datetime.fromisoformat(text)
        return (found + timedelta(days=len(text) <= len("2026-11-20"))).timestamp()
    except (ValueError, OverflowError) as error:
        raise UserError(f"--at {text} is no date.", "Write it like 2026-11-20 or 2026-11-20T18:30.") from error


def _shown(page: "Fetched") -> str:
    """What is known of a page, and its text, each line marked as quoted."""
    from hashlib import sha256

    from ..errors import FetchFailed
    from ..library.pages import page_passages
    from ..tools.fencing import fence, one_line

    facts = {"address": page.url}
    if page.final_url != page.url:
        facts["led to"] = page.final_url
    facts["read"] = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(page.fetched))
    facts |= {name: page.headers[name] for name in ("last-modified", "content-type") if name in page.headers}
    facts["body"] = f"{len(page.body)} bytes, SHA-256 {sha256(page.body).hexdigest()}"
    try:
        passages = page_passages(page)
        facts = {"title": passages[0].title, **facts}
        text = "\n\n".join(fence(passage.text) for passage in passages)
    except FetchFailed as failure:
        text = f"No text: {failure}"
    return "\n".join(f"{name}: {one_line(value, 2000)}" for name, value in facts.items()) + f"\n\n{text}"
