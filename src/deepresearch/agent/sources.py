"""Where a run looks: the user's documents and libraries, and the web."""

import math
import re
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from ..settings import SearchSettings, Settings
from ..trajectory import Task
from ..web import SearchProvider, Source
from .control import Handlers

if TYPE_CHECKING:
    from ..library import Library
    from ..library.authority import Authority
    from ..web.fetch import Fetcher

SILENCE, HEAD = 8.0, 12.0
"""Seconds without a connection or a byte, and before an answer begins, after which a server is given up."""
ATTEMPTS = 2


@dataclass
class Sources:
    """Everything that one run searches and reads, in the order in which it is read from."""

    all: list[Source] = field(default_factory=list)
    fetcher: "Fetcher | None" = None
    authority: "Authority | None" = None
    """The user's own verdicts on sites before the built-in ones; None: the built-in ones alone."""
    notes: list[str] = field(default_factory=list)
    """What had to be repaired in the libraries at opening, or done without."""

    def abandon(self) -> None:
        """Close the sources, where no run comes of them."""
        for source in self.all:
            source.close()

    async def close(self) -> None:
        """Close the connections; the sources themselves are closed by the tool that has them."""
        if self.fetcher:
            await self.fetcher.close()


def open_sources(settings: Settings, task: Task, handlers: Handlers) -> Sources:
    """The places that the run may search. New and changed documents are read and indexed first.

    Raises LibraryError, SettingsError.
    """
    check_search(settings.search)
    authority = open_authority(settings.search.authority)
    sources = Sources(authority=authority)
    # The web first, though it is read last: what is wrong with its settings must not wait for documents to be read.
    if settings.search.canned and settings.search.web:
        sources.all.append(_canned(settings))
    elif settings.search.web:
        _add_web(sources, settings)
    try:
        libraries = _own_documents(settings, task, handlers)
    except BaseException:  # of any kind: no file stays open
        sources.abandon()
        raise
    sources.notes = [note for library in libraries for note in library.notes]
    if libraries:
        from ..library import LibraryProvider  # noqa: PLC0415

        sources.all[:0] = [LibraryProvider(library, authority) for library in libraries]
    if handlers.repaired:
        for note in sources.notes:
            handlers.repaired(note)
    return sources


def open_authority(file: str) -> "Authority | None":
    """The user's verdicts on sites before the built-in ones; None without a file of them. Raises SettingsError."""
    if not file:
        return None
    from ..library.authority import Authority  # noqa: PLC0415  the table is read where it is needed

    return Authority.load(Path(file).expanduser())


def check_search(search: SearchSettings) -> None:
    """Raises SettingsError, naming the setting, for values that only show themselves as wrong when they are used."""
    for name in search.allow_hosts:
        if not re.fullmatch(r"[\w.:-]+", name):
            raise SettingsError(
                f"search.allow_hosts: {name!r} is neither a host nor host:port.", "Write it like 127.0.0.1:8080."
            )
    if search.searxng_url and not re.match(r"https?://[^/\s]", search.searxng_url):
        raise SettingsError(
            f"search.searxng_url: {search.searxng_url!r} is no address.", "Write it like http://127.0.0.1:8888."
        )
    if search.as_of and not search.replay:
        raise SettingsError("search.as_of looks back, which only a replay can.", "Set search.replay too.")
    if not (search.user_agent.isascii() and search.user_agent.isprintable()):
        raise SettingsError(
            f"search.user_agent: {search.user_agent!r} cannot be sent in a request.", "Use letters, digits and signs."
        )


def _own_documents(settings: Settings, task: Task, handlers: Handlers) -> "list[Library]":
    if not (task.libraries or task.attachments):
        return []
    # The engine and the readers are slow to import.
    from ..library import Library  # noqa: PLC0415
    from ..library.engine import open_engines  # noqa: PLC0415
    from ..library.library import Setup  # noqa: PLC0415

    setup = Setup(lambda place: open_engines(place, settings), handlers.repaired or (lambda line: None))
    folder = settings.data_folder()
    with ExitStack() as opened:  # what goes wrong on the way closes those that are open
        libraries = []
        for name in task.libraries:
            libraries.append(opened.enter_context(closing(Library.open(folder, name, create=False, setup=setup))))
        if task.attachments:
            paths = [Path(path) for path in task.attachments]
            libraries.append(opened.enter_context(closing(Library.of_paths(folder, paths, setup))))
            report = libraries[-1].add(paths, handlers.indexing)
            if report.skipped and handlers.skipped:
                handlers.skipped(report.skipped)
        opened.pop_all()
    return libraries


def _canned(settings: Settings) -> SearchProvider:
    """The folder that is used instead of the web; it has its pages itself, so no request is made for them."""
    from ..library.pages import read_page  # noqa: PLC0415
    from ..text.terms import tokenise  # noqa: PLC0415
    from ..web.providers.canned import CannedWeb  # noqa: PLC0415

    folder = Path(settings.search.canned).expanduser().absolute()
    keep = settings.data_folder() / "canned" / f"{sha256(str(folder).encode()).hexdigest()[:16]}"
    return CannedWeb(folder, read_page, tokenise, keep=keep)


def _add_web(sources: Sources, settings: Settings) -> None:
    """The providers, and what opens the pages that they find: one way out for all of them."""
    from ..library.pages import PageReader  # noqa: PLC0415
    from ..network import check_network  # noqa: PLC0415
    from ..web.archive import Archive  # noqa: PLC0415
    from ..web.cache import QueryCache  # noqa: PLC0415
    from ..web.fetch import USER_AGENT, Fetcher  # noqa: PLC0415
    from ..web.providers import open_providers  # noqa: PLC0415
    from ..web.transport import SpeedLimits  # noqa: PLC0415

    search, folder = settings.search, settings.data_folder()
    if "canned" in search.providers:
        raise SettingsError("A canned web needs a folder.", "Name it in search.canned, which then is the whole web.")
    names = [*search.providers, *(["searxng"] if search.searxng_url else [])]
    if not names:
        raise SettingsError("search.providers is empty.", "Name a service, or leave out --web.")
    check_network(settings.network)
    options: dict[str, dict[str, Any]] = {name: {"contact": search.contact} for name in names}
    if search.searxng_url:
        options["searxng"]["base_url"] = search.searxng_url
    as_of = search.as_of.timestamp() if search.replay and search.as_of else math.inf
    sources.fetcher = Fetcher(
        Archive(folder / "pages", replay=search.replay, as_of=as_of),
        private=search.private,
        allow_hosts=frozenset(name.lower() for name in search.allow_hosts),
        user_agent=search.user_agent or USER_AGENT,
        max_bytes=search.page_bytes,
        timeout=search.page_seconds,
        max_age=search.page_hours * 3600,
        interval=search.interval,
        attempts=ATTEMPTS,
        speed=SpeedLimits(silence=SILENCE, head=HEAD),
        network=settings.network,
    )
    hours = None if search.private else search.cache_hours
    cache = QueryCache(
        folder / "queries.sqlite3", hours, failures=not search.private, replay=search.replay, as_of=as_of
    )
    sources.all += open_providers(names, sources.fetcher, settings.service_keys(), options, cache)
    sources.all.append(PageReader(sources.fetcher))
