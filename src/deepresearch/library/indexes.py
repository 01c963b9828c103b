"""The engines of one library: kept level with its docstore, built anew where damaged, asked together."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace

from ..errors import LibraryError
from .document_store import DocumentStore
from .engine import Engine, Filters

STEP = 50_000
"""Passages after which the building of an index is durable: a kill costs no more than these."""
Ranking = list[tuple[int, float]]
"""(key, score), best first."""


@dataclass(frozen=True)
class Found:
    """What the engines know about a query."""

    rankings: list[Ranking]
    """One of each engine that could be asked."""
    exhausted: bool
    """There is nothing more to find, however many are asked for."""
    notes: list[str]
    """Engines that could not be asked."""


class Indexes:
    """Engines over one docstore. Each has its own mark on the document store for how far it has come."""

    def __init__(
        self,
        docstore: DocumentStore,
        engines: Sequence[Engine],
        writing: Callable[[float], AbstractContextManager[None]],
        of: str,
        tell: Callable[[str], None],
    ) -> None:
        """writing(patience): holds the writer's lock of the library called `of`. tell: hears of long work."""
        self.notes: list[str] = []
        """What had to be mended or done without, for people."""
        self._docstore = docstore
        self._engines = engines
        self._writing = writing
        self._of = of
        self._tell = tell
        self._mending = threading.Lock()

    def open(self, patience: float) -> None:
        """Bring every engine level where a writer died, and build it anew where it is damaged or another version.

        patience: seconds to wait for another process that is writing. Raises LibraryError where no engine is left.
        """
        for engine in self._engines:
            try:
                self._open(engine, patience)
            except LibraryError as error:
                self._do_without(engine, error)

    def close(self) -> None:
        for engine in self._engines:
            engine.close()

    def level(self) -> None:
        """Bring every engine level with the document store, under the writer's lock. Safe to repeat after a crash.

        Raises LibraryError where no engine can be written.
        """
        docstore = self._docstore
        dropped = docstore.dropped()
        for engine in self._engines:
            try:
                self._bring(engine, dropped)
            except LibraryError as error:
                self._do_without(engine, error)
                docstore.begin()
                docstore.set_owed(engine.name, [*docstore.owed(engine.name), *dropped])
                docstore.commit()
        if dropped:
            docstore.begin()
            docstore.clear_dropped()
            docstore.commit()

    def search(self, text: str, k: int, filters: Filters, shard: frozenset[str] | None = None) -> Found:
        """The best `k` passages of each engine, and from the first one `k` / 2 of `shard` that come too late for that.

        shard: domains. Raises LibraryError where no engine can be asked.
        """
        rankings: list[Ranking] = []
        notes: list[str] = []
        exhausted = True
        for engine in self._engines:
            try:
                found = self._ask(engine, text, k, filters)
                exhausted = exhausted and len(found) < k
                if shard and len(found) == k and engine is self._engines[0]:
                    more = self._ask(engine, text, k // 2, replace(filters, domains=shard))
                    found = sorted({**dict(found), **dict(more)}.items(), key=lambda hit: (-hit[1], hit[0]))
                rankings.append(found)
            except LibraryError as error:
                notes.append(f"not searched by {engine.name}: {error.message}")
                if len(notes) == len(self._engines):
                    raise
        return Found(rankings, exhausted, notes)

    def _open(self, engine: Engine, patience: float) -> None:
        trouble = self._trouble(engine)
        if trouble is None and not self._behind(engine):
            return
        with ExitStack() as stack:
            try:
                stack.enter_context(self._writing(0 if trouble is None else patience))
            except LibraryError:
                if trouble is None:  # a writer is at work, and will bring the index level itself
                    return
                raise
            if (trouble := self._trouble(engine)) is not None:  # else another process mended it while this one waited
                self._rebuild(engine, trouble)
            self.level()

    def _trouble(self, engine: Engine) -> str | None:
        """None: sound; empty: there is none of this version; else what is wrong."""
        if self._docstore.version(engine.name) != engine.version:
            return ""
        try:
            engine.check()
        except ValueError as error:
            return str(error)
        return None

    def _behind(self, engine: Engine) -> bool:
        docstore = self._docstore
        return bool(
            docstore.last_key() > docstore.indexed(engine.name) or docstore.dropped() or docstore.owed(engine.name)
        )

    def _bring(self, engine: Engine, dropped: list[int]) -> None:
        """Raises LibraryError."""
        docstore, name = self._docstore, engine.name
        if docstore.version(name) != engine.version:
            self._rebuild(engine, "")
            return
        gone = [*docstore.owed(name), *dropped]
        if gone or docstore.last_key() > docstore.indexed(name):
            try:
                self._fill(engine, gone)
            except ValueError as error:
                if (damage := self._trouble(engine)) is None:  # what it has is sound: there is no room for more
                    raise self._unwritable(engine, error) from error
                self._rebuild(engine, damage)

    def _rebuild(self, engine: Engine, damage: str) -> None:
        """An empty engine, filled from the document store; the writer's lock is held. Raises LibraryError."""
        docstore, name = self._docstore, engine.name
        if damage:
            self._tell(f"The index {name} of {self._of} is damaged ({damage}): it is being built anew.")
        docstore.set_version(name, "")  # who opens the library now waits, instead of reading half an index
        try:
            engine.clear()
            docstore.set_version(name, engine.version)
            self._fill(engine, [])
        except (ValueError, OSError) as error:
            raise self._unwritable(engine, error) from error
        if damage:
            self.notes.append(f"The index {name} of {self._of} was damaged ({damage}) and has been built anew.")

    def _unwritable(self, engine: Engine, error: Exception) -> LibraryError:
        return LibraryError(
            f"The index {engine.name} of {self._of} cannot be written: {error}.", "See to room and rights on the disk."
        )

    def _fill(self, engine: Engine, gone: list[int]) -> None:
        """Bring the engine level, in steps, each durable. Raises LibraryError, and ValueError where it is damaged."""
        docstore, name = self._docstore, engine.name
        done, last = docstore.indexed(name), docstore.last_key()
        while True:
            upto = min(max(done, docstore.next_key(done) + STEP - 1), max(done, last))
            engine.update(docstore.between(done, upto), done, gone)
            done, gone = upto, []
            docstore.begin()
            docstore.set_indexed(name, done)
            docstore.set_owed(name, [])
            docstore.commit()
            if done >= last:
                break
        self.notes += engine.notes
        engine.notes.clear()

    def _ask(self, engine: Engine, text: str, k: int, filters: Filters) -> Ranking:
        """Raises LibraryError; an index that turns out to be damaged is built anew first."""
        try:
            return engine.search(text, k, filters)
        except ValueError as damage:
            with self._mending, self._writing(PATIENCE):
                try:
                    return engine.search(text, k, filters)  # another thread or process has mended it meanwhile
                except ValueError:
                    self._rebuild(engine, str(damage))
        try:
            return engine.search(text, k, filters)
        except ValueError as error:
            raise LibraryError(f"The index {engine.name} of {self._of} cannot be read: {error}.") from error

    def _do_without(self, engine: Engine, error: LibraryError) -> None:
        """Note that the engine is out of reach; raises the error where it was the only one."""
        if len(self._engines) == 1:
            raise error
        note = f"The index {engine.name} of {self._of} was left as it is: {error.message}"
        if note not in self.notes:
            self.notes.append(note)


PATIENCE = 600.0
"""Seconds that a search waits for another process that is mending the same index."""
