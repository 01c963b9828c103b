"""The public library: a question in, a report out; and a session for whoever wants to watch and steer.

Nothing here reads the environment or the working directory unless it is asked to (`Settings.load()`). Documents are
read, searched and checked, and events written, in threads beside the event loop.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .agent.control import POLL, Handlers
from .agent.setup import new_run, resumed_run
from .derived import answer, started, total_cost, total_usage
from .errors import ExportError, NoReport, error_named
from .report import citations, sources
from .settings import Settings, nested
from .store import RunSummary, Store
from .text.language import detect_language
from .threads import in_background, in_thread, on_disk
from .trajectory import Event, RunFailed, RunFinished, RunPaused, Task, Usage

if TYPE_CHECKING:
    from .agent.loop import End, Run

Documents = Iterable[str | Path]


def research(question: str, **options: Any) -> "Report":
    """The report on `question`; blocks until it is there. Arguments and errors are those of `aresearch`."""
    return asyncio.run(aresearch(question, **options))


async def aresearch(
    question: str,
    *,
    docs: Documents = (),
    libraries: Iterable[str] = (),
    web: bool | None = None,
    model: str = "",
    model_file: str | Path = "",
    base_url: str = "",
    api_key: str = "",
    settings: Settings | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> "Report":
    """The report on `question`.

    docs: folders and files to search. libraries: names of libraries. web: search the web too.
    model, base_url, api_key: a served model ("auto": whichever a server on this machine offers); without one the
    extractive policy quotes what it finds. model_file: a GGUF file, for which llama.cpp's server is started.
    settings: everything else; the defaults where None. on_event: gets every event; an error in it is logged.
    Raises SettingsError and other UserErrors for what cannot work, ModelError and other errors of a run that failed
    before anything was gathered, NoReport for one that was stopped. A report that a limit or a failure ended early is
    `partial`.
    """
    session = await Session.start(
        question,
        docs=docs,
        libraries=libraries,
        web=web,
        model=model,
        model_file=model_file,
        base_url=base_url,
        api_key=api_key,
        settings=settings,
        on_event=on_event,
    )
    async with session:
        return await session.report()


def task_of(question: str, docs: Documents, libraries: Iterable[str]) -> Task:
    """The task of a question that is asked today."""
    return Task(
        question=question,
        attachments=[str(Path(path).absolute()) for path in docs],
        libraries=list(libraries),
        language=detect_language(question) or "en",
        date=time.strftime("%Y-%m-%d"),
    )


def _model_flags(name: str, file: str | Path, base_url: str, key: str) -> dict[str, str | None]:
    """The arguments that name a model as dotted settings."""
    path = str(Path(file).expanduser().absolute()) if file else None
    given = {"model.name": name, "model.base_url": base_url, "model.api_key": key, "model.file": path}
    return {setting: value or None for setting, value in given.items()}


class Report:
    """What a run has brought, derived from its record."""

    def __init__(self, events: Sequence[Event]) -> None:
        """Raises NoReport where there is none in the record."""
        self.events = events
        answered = answer(events)
        if answered is None:
            raise NoReport(f"Run {started(events).run} has no report.", "Session.resume continues it.")
        self.run = started(events).run
        self.question = started(events).task.question
        self.text: str = answered.text
        """The report as written: Markdown with `\\cite{passage id}`."""
        self.partial: bool = answered.partial
        """Whether the research was ended early."""
        self.reason: str = answered.reason
        """Why, in words, where it was a failure or a person."""
        self.by: str = answered.by
        """The model that wrote it, or `extractive`."""

    @cached_property
    def markdown(self) -> str:
        """The report with numbered citations, references, and what the check of each citation found."""
        from .report import render_markdown  # noqa: PLC0415  the writers are slow to import

        return render_markdown(self.events)

    @cached_property
    def citations(self) -> list[dict[str, Any]]:
        """Every cited passage: id, number, document, passage, url, title, date, level, text."""
        return citations(self.events)

    @cached_property
    def sources(self) -> list[dict[str, Any]]:
        """Every document that was shown to the policy: document, title, url, date, passages."""
        return sources(self.events)

    @property
    def usage(self) -> Usage:
        """Tokens: input, cached, output."""
        return total_usage(self.events)

    @property
    def cost(self) -> float | None:
        """US dollars; None where a price is unknown."""
        return total_cost(self.events)

    def export(self, folder: str | Path, formats: Sequence[str] = ("md", "html"), style: str = "numeric") -> list[Path]:
        """Write the report to `folder`, replacing files of an earlier export; the files written.

        formats: md, html, json, docx, pdf, pptx, tex, bib, ris, csl, or those of installed packages. style: numeric,
        apa, ieee, gb-t-7714, or another style's name. Raises ExportError where a format cannot be written; the others
        are.
        """
        from .report import check_formats, write  # noqa: PLC0415  the writers are slow to import

        written = write(self.events, Path(folder), check_formats(formats), style)
        if written.problems:
            raise ExportError(" ".join(f"{p.format}: {p.message}" for p in written.problems), "The others are written.")
        return list(written.files)


class Session:
    """One run, carried out in the background of the event loop in which the session was made.

    Close it, or use `async with`: closing stops a run that is not at its end, which `resume` then continues.
    """

    def __init__(self, job: "Run", store: "Store | None" = None) -> None:
        """Used by `start` and `resume`, and where a run was prepared otherwise; the session closes both."""
        self.job = job
        self.run = job.log.run
        """The run's id."""
        self._store = store
        self._watch = job.handlers.watch
        self._watchers: set[asyncio.Event] = set()
        job.handlers.watch = self._tell
        self._work = asyncio.ensure_future(job.go())
        self._work.add_done_callback(lambda _: self._wake())
        self._poller = asyncio.ensure_future(self._poll())

    @classmethod
    async def start(
        cls,
        question: str,
        *,
        docs: Documents = (),
        libraries: Iterable[str] = (),
        web: bool | None = None,
        model: str = "",
        model_file: str | Path = "",
        base_url: str = "",
        api_key: str = "",
        settings: Settings | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> Self:
        """A new run; returns once the documents are indexed. Arguments and errors as in `aresearch`."""
        flags = {"search.web": web, **_model_flags(model, model_file, base_url, api_key)}
        chosen = (settings or Settings()).changed(flags)
        task = task_of(question, docs, libraries)
        return await cls._opened(chosen, on_event, lambda store, handlers: new_run(store, chosen, task, handlers))

    @classmethod
    async def resume(
        cls,
        run: str,
        *,
        approve: str | None = None,
        changes: Mapping[str, Any] | None = None,
        settings: Settings | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> Self:
        """A stopped, failed or partial run, continued. `run`: its id or an unambiguous beginning.

        approve: approves a plan that waits, with the changes wanted ("" for none). changes: dotted settings that change
        now, e.g. {"budget.turns": 80}. settings: give the data folder and keys. Raises UnknownRun, RunBusy, RunOver.
        """
        chosen, changed = settings or Settings(), nested(changes or {})
        session = await cls._opened(
            chosen, on_event, lambda store, handlers: resumed_run(store, run, changed, chosen, handlers), approve
        )
        return session

    @staticmethod
    async def list(settings: Settings | None = None) -> "list[RunSummary]":
        """Every run of the data folder, the newest first."""

        def read() -> "list[RunSummary]":
            store = Store((settings or Settings()).data_folder())
            try:
                return store.runs()
            finally:
                store.close()

        return await on_disk(read)

    async def watch(self) -> AsyncIterator[Event]:
        """Every event of the run from its first, each once it is durable; ends with the run."""
        news, seen = asyncio.Event(), 0
        self._watchers.add(news)
        try:
            while True:
                ended = self._work.done()  # asked before the last look, so that nothing is missed
                news.clear()
                while seen < len(self.job.log.events):
                    yield self.job.log.events[seen]
                    seen += 1
                if ended:
                    return
                await news.wait()
        finally:
            self._watchers.discard(news)

    def steer(self, text: str) -> None:
        """Tell the policy something more: a wish, a limit, a source."""
        self.job.control.ask("steer", text)

    def approve(self, changes: str = "") -> None:
        """Approve the plan that waits, with the changes wanted."""
        self.job.control.ask("approve", changes)

    def finish_early(self, text: str = "") -> None:
        """Have the policy write its report now, from what there is."""
        self.job.control.ask("finish_early", text)

    def deliver(self, reason: str = "It was stopped by the person who asked.") -> None:
        """End the run at once with a report from what there is; the request in flight is cancelled."""
        self.job.control.ask("deliver", reason)

    def stop(self) -> None:
        """Stop the run without a report; `resume` continues it."""
        self.job.control.ask("pause")

    def cancel(self) -> None:
        """End the run for good, without a report."""
        self.job.control.ask("cancel")

    def interrupt(self) -> None:
        """Stop at once; `resume` continues the run."""
        self._work.cancel()

    async def end(self) -> "End":
        """The event that ended the run, once it has. Raises InternalError for a fault of this program."""
        return await asyncio.shield(self._work)

    async def report(self) -> Report:
        """The report, once the run has ended. Raises the error of a run that failed, NoReport for one that stopped."""
        match await self.end():
            case RunFailed() as failed:
                raise error_named(failed.reason)(failed.message)
            case RunPaused() as paused:
                raise NoReport(f"Run {self.run} is paused ({paused.reason}).", "Session.resume continues it.")
            case RunFinished(reason="cancelled"):
                raise NoReport(f"Run {self.run} was cancelled.")
        return await in_thread(Report, self.job.log.events)

    async def close(self) -> None:
        """Stop what is in progress, and close everything."""
        self._work.cancel()
        await asyncio.wait({self._poller, self._work})
        self.job.handlers.watch = self._watch  # else run and session would keep each other alive
        await self.job.close()
        if self._store:
            await on_disk(self._store.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @classmethod
    async def _opened(
        cls,
        settings: Settings,
        on_event: Callable[[Event], None] | None,
        make: "Callable[[Store, Handlers], Run]",
        approve: str | None = None,
    ) -> Self:
        """The session of the run that `make` prepares in a thread; where this is cancelled, the thread stops soon."""
        stopped = threading.Event()

        def check(done: int, of: int, path: str) -> None:
            if stopped.is_set():
                raise NoReport("The run was stopped before it began.")

        def prepare() -> "tuple[Run, Store]":
            store = Store(settings.data_folder())
            try:
                return make(store, Handlers(watch=on_event, indexing=check)), store
            except BaseException:  # of any kind: the database must not stay open
                store.close()
                raise

        opening = asyncio.ensure_future(in_background(prepare))
        try:
            job, store = await asyncio.shield(opening)
        except asyncio.CancelledError:
            stopped.set()
            await asyncio.wait({opening})
            if not opening.exception():
                job, store = opening.result()
                await job.close()
                store.close()
            raise
        if approve is not None:
            job.control.ask("approve", approve)
        return cls(job, store)

    async def _poll(self) -> None:
        while not (await asyncio.wait({self._work}, timeout=POLL))[0]:
            await self.job.control.poll(self.job.log)

    def _tell(self, event: Event) -> None:
        self._wake()
        if self._watch:
            self._watch(event)

    def _wake(self) -> None:
        for news in self._watchers:
            news.set()
