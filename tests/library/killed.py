"""A process that adds documents to a library, says how far it is, and is killed, or kills itself at a given point.

Arguments: data folder, documents, and optionally WHERE:N: in the Nth update of the index, "inside" it with half of the
passages handed over, "after" its commit, before the document store hears of that, or "docstore" before its Nth commit.
"""

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from deepresearch.library import Library, adding
from deepresearch.library.document_store import DocumentStore
from deepresearch.library.library import Setup
from deepresearch.library.text_index import TextIndex
from deepresearch.trajectory import Passage

Batch = Iterable[tuple[int, Passage]]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Mortal(TextIndex):
    """An index that ends the process in one of its updates."""

    def __init__(self, folder: Path, where: str, number: int) -> None:
        super().__init__(folder)
        self._where = where
        self._left = number

    def update(self, batch: Batch, above: int, dropped: Iterable[int]) -> None:
        self._left -= 1
        inside = self._where == "inside" and self._left == 0
        super().update(half(batch) if inside else batch, above, dropped)
        if self._where == "after" and self._left == 0:
            die()


def half(batch: Batch) -> Iterator[tuple[int, Passage]]:
    items = list(batch)
    yield from items[: len(items) // 2]
    die()


def mortal_library(number: int) -> None:
    left = [number]
    commit = DocumentStore.commit

    def counted(docstore: DocumentStore) -> None:
        left[0] -= 1
        if left[0] == 0:
            die()
        commit(docstore)

    DocumentStore.commit = counted  # type: ignore[method-assign]


if __name__ == "__main__":
    data, docs = map(Path, sys.argv[1:3])
    where, _, number = (sys.argv[3] if len(sys.argv) > 3 else ":0").partition(":")
    adding.BATCH = 40
    setup = Setup(lambda place: [Mortal(place / "index", where, int(number))])
    library = Library.open(data, "x", setup=setup)
    if where == "docstore":
        mortal_library(int(number))
    library.add([docs], lambda done, total, path: print(done, flush=True))
    print("end", flush=True)
