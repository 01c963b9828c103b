"""The engines of one library: kept in step with its document store, rebuilt where damaged, searched together."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace

from ..errors import LibraryError
from .document_store import DocumentStore, EngineProgress
from .engine import Engine, Filters

STEP = 50_000
"""Passages after which the building of an index is durable: a kill loses at most the work on these."""
PATIENCE = 600.0
"""Seconds that a search waits for another process that is repairing the same index."""
Ranking = list[tuple[int, float]]  # (key, score), best first


@dataclass(frozen=True)
class Rankings:
    """What the engines find for a query."""

    rankings: list[Ranking]
    """One of each engine that could be asked."""
    exhausted: bool
    """There is nothing more to find, however many are asked for."""
    notes: list[str]
    """Engines that could not be asked, each the first time."""


class Indexes:
    """Engines over one document store, which remembers for each of them how far it is up to date."""

    def __init__(
        self,
        store: DocumentStore,
        engines: Sequence[Engine],
        write_lock: Callable[[float], AbstractContextManager[None]],
        library: str,
        tell: Callable[[str], None],
    ) -> None:
        """write_lock(patience): the writer's lock of the library of that name. tell: reports long work."""
        self.notes: list[str] = []
        """What was repaired or could not be used, for people."""
        self._store = store
        self._engines = engines
        self._write_lock = write_lock
        self._library = library
        self._tell = tell
        self._repairing = threading.Lock()
        self._named: set[str] = set()
        """Notes on engines that could not be asked: each is given once."""

    def open(self, patience: float) -> None:
        """Update every engine where a writer died, and rebuild it where it is damaged or of another version.

        patience: seconds to wait for another process that is writing. Raises LibraryError where no engine is left.
        """
        for engine in self._engines:
            try:
                self._open(engine, patience)
            except LibraryError as error:
                self._leave_out(engine, error)

    def close(self) -> None:
        """Close all engines."""
        for engine in self._engines:
            engine.close()

    def sync(self) -> None:
        """Bring every engine up to date with the document store, under the writer's lock. Safe to repeat after a crash.

        Raises LibraryError where no engine can be written.
        """
        store = self._store
        dropped = store.dropped()
        for engine in self._engines:
            try:
                self._update(engine, dropped)
            except LibraryError as error:
                self._leave_out(engine, error)
                known = store.progress(engine.name)
                store.set_progress(engine.name, replace(known, pending=(*known.pending, *dropped)))
        if dropped:
            store.begin()
            store.clear_dropped()
            store.commit()

    def search(self, text: str, k: int, filters: Filters, domains: frozenset[str] | None = None) -> Rankings:
        """The best `k` passages of each engine, and from the first one `k` / 2 under `domains` that rank below those.

        Raises LibraryError where no engine can be asked.
        """
        rankings: list[Ranking] = []
        notes: list[str] = []
        failed = 0
        exhausted = True
        for engine in self._engines:
            try:
                ranking = self._ask(engine, text, k, filters)
                exhausted = exhausted and len(ranking) < k
                if domains and len(ranking) == k and engine is self._engines[0]:
                    more = self._ask(engine, text, k // 2, replace(filters, domains=domains))
                    ranking = sorted({**dict(ranking), **dict(more)}.items(), key=lambda hit: (-hit[1], hit[0]))
                rankings.append(ranking)
            except LibraryError as error:
                failed += 1
                if failed == len(self._engines):
                    raise
                notes.append(f"not searched by {engine.name}: {error.message}")
        new = [note for note in notes if note not in self._named]
        self._named.update(new)
        return Rankings(rankings, exhausted, new)

    def _open(self, engine: Engine, patience: float) -> None:
        damage = self._damage(engine)
        if damage is None and not self._is_behind(engine):
            return
        with ExitStack() as stack:
            try:
                stack.enter_context(self._write_lock(0 if damage is None else patience))
            except LibraryError:
                if damage is None:  # the writer that is at work will update the index itself
                    return
                raise
            if (damage := self._damage(engine)) is not None:  # else another process has repaired it meanwhile
                self._rebuild(engine, damage)
            self.sync()

    def _damage(self, engine: Engine) -> str | None:
        """None: sound; empty: there is none of this version; else what is wrong."""
        if self._store.progress(engine.name).version != engine.version:
            return ""
        try:
            engine.check()
        except ValueError as error:
            return str(error)
        return None

    def _is_behind(self, engine: Engine) -> bool:
        store, known = self._store, self._store.progress(engine.name)
        return bool(store.last_key() > known.indexed or store.dropped() or known.pending)

    def _update(self, engine: Engine, dropped: list[int]) -> None:
        """Raises LibraryError."""
        store, known = self._store, self._store.progress(engine.name)
        if known.version != engine.version:
            self._rebuild(engine, "")
        elif known.pending or dropped or store.last_key() > known.indexed:
            try:
                self._fill(engine, [*known.pending, *dropped])
            except ValueError as error:
                if (damage := self._damage(engine)) is None:  # what it has is sound: there is no room for more
                    raise self._unwritable(engine, error) from error
                self._rebuild(engine, damage)

    def _rebuild(self, engine: Engine, damage: str) -> None:
        """An empty engine, filled from the document store, under the writer's lock. Raises LibraryError."""
        store, name = self._store, engine.name
        if damage:
            self._tell(f"The index {name} of {self._library} is damaged ({damage}): it is being rebuilt.")
        store.set_progress(name, EngineProgress())  # who opens the library now waits, instead of reading half an index
        try:
            engine.clear()
            store.set_progress(name, EngineProgress(engine.version))
            self._fill(engine, [])
        except (ValueError, OSError) as error:
            raise self._unwritable(engine, error) from error
        if damage:
            self.notes.append(f"The index {name} of {self._library} was damaged ({damage}) and has been rebuilt.")

    def _unwritable(self, engine: Engine, error: Exception) -> LibraryError:
        return LibraryError(
            f"The index {engine.name} of {self._library} cannot be written: {error}.",
            "Check the free space and the permissions there.",
        )

    def _fill(self, engine: Engine, gone: list[int]) -> None:
        """Update the engine in steps, each durable. Raises LibraryError, and ValueError where it is damaged."""
        store = self._store
        done, last = store.progress(engine.name).indexed, store.last_key()
        while True:
            upto = min(max(done, store.next_key(done) + STEP - 1), max(done, last))
            engine.update(store.between(done, upto), done, gone)
            done, gone = upto, []
            store.set_progress(engine.name, EngineProgress(engine.version, done))
            if done >= last:
                break
        self.notes += engine.notes
        engine.notes.clear()

    def _ask(self, engine: Engine, text: str, k: int, filters: Filters) -> Ranking:
        """Raises LibraryError; an index that turns out to be damaged is rebuilt first."""
        try:
            return engine.search(text, k, filters)
        except ValueError as damage:
            with self._repairing, self._write_lock(PATIENCE):
                try:
                    return engine.search(text, k, filters)  # another thread or process has repaired it meanwhile
                except ValueError:
                    self._rebuild(engine, str(damage))
        try:
            return engine.search(text, k, filters)
        except ValueError as error:
            raise LibraryError(f"The index {engine.name} of {self._library} cannot be read: {error}.") from error

    def _leave_out(self, engine: Engine, error: LibraryError) -> None:
        """Note that the engine cannot be used; raises the error where it is the only one."""
        if len(self._engines) == 1:
            raise error
        note = f"The index {engine.name} of {self._library} was left as it is: {error.message}"
        if note not in self.notes:
            self.notes.append(note)
