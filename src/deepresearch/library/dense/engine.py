"""The index by meaning: passages embedded in batches, vectors stored where the settings say."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ...trajectory import Passage
from ..engine import Filters, attributes
from .embedder import Batch, Embedder

if TYPE_CHECKING:
    from .qdrant import QdrantVectors
    from .vectors import VectorFile

BATCH = 256
"""Passages that are embedded and written at once: what an update keeps in memory."""


class DenseEngine:
    """An Engine over vectors."""

    def __init__(self, embedder: Embedder, vectors: "VectorFile | QdrantVectors") -> None:
        self.name = f"dense-{vectors.name}"
        self.version = f"2 {embedder.name}"
        self.notes: list[str] = []
        self._embedder = embedder
        self._vectors = vectors
        self._unread = 0

    def update(self, batch: Iterable[tuple[int, Passage]], above: int, dropped: Iterable[int]) -> None:
        """See Engine. Passages that the model cannot read are left out, and a note gives their number."""
        self._vectors.update(self._embedded(batch), above, dropped)
        if self._unread:
            self.notes[:] = [
                f"{self._unread} passages are in a language that the embedding model does not know: "
                "they are found by their words alone."
            ]

    def search(self, text: str, k: int, filters: Filters) -> list[tuple[int, float]]:
        """See Engine; the score is the cosine. Nothing where the model cannot read `text`."""
        if not text.strip() or k < 1:
            return []
        vector = self._embedder.embed([text], "query")[0]
        return self._vectors.search(vector, k, filters) if vector.any() else []

    def check(self) -> None:
        self._vectors.check()

    def clear(self) -> None:
        """See Engine; the model is asked once, for how long its vectors are."""
        self._vectors.clear(self._embedder.embed(["length"], "passage").shape[1])

    def close(self) -> None:
        self._vectors.close()
        self._embedder.close()

    def _embedded(self, batch: Iterable[tuple[int, Passage]]) -> Iterator[Batch]:
        passages = iter(batch)
        while items := list(islice(passages, BATCH)):
            found = self._embedder.embed([text_of(passage) for _, passage in items], "passage")
            read = [bool(vector.any()) for vector in found]
            self._unread += read.count(False)
            yield [attributes(*item) for item, readable in zip(items, read, strict=True) if readable], found[read]


def text_of(passage: Passage) -> str:
    """What is embedded of a passage: its text below its title and nearest heading, which show what it is about."""
    above = dict.fromkeys([passage.title, *passage.heading[-1:]])
    return "\n".join([*filter(None, above), passage.text])
