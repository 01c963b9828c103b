"""What an index is: keys of passages in, ranked keys out. The document store keeps the passages themselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from ..trajectory import Passage


@dataclass(frozen=True)
class Filters:
    """What a passage must meet; None: anything."""

    since: str | None = None
    """YYYY, YYYY-MM or YYYY-MM-DD, as `until`."""
    until: str | None = None
    language: str | None = None
    site: str | None = None
    domains: frozenset[str] | None = None
    """Under any of these domains: the shard of the authoritative sites. Only the engine over words is asked so."""


class Engine(Protocol):
    """One index over the passages of one library, by words or by meaning. Derived: it can be built anew at any time.

    Of several engines of one library the rankings are fused.
    """

    name: str
    """Under this name the document store remembers how far the engine has come."""
    version: str
    """Raised when what is stored changes: an index of another version is built anew."""
    notes: list[str]
    """What people should know of the updates so far; the reader empties it."""

    def check(self) -> None:
        """Look, without much work, whether what was stored can still be used; raises ValueError where it cannot."""
        ...

    def update(self, batch: Iterable[tuple[int, Passage]], above: int, dropped: Iterable[int]) -> None:
        """Make the index hold `batch` as all that it has above key `above`, without `dropped`; durable on return.

        Safe to repeat after a crash anywhere in it. Raises LibraryError where it cannot be done, ValueError where what
        was stored is damaged.
        """
        ...

    def search(self, text: str, k: int, filters: Filters) -> list[tuple[int, float]]:
        """(key, score) of the best `k` passages for `text`, best first, equal scores by key.

        Raises LibraryError where the index cannot be reached, ValueError where it is damaged.
        """
        ...

    def clear(self) -> None:
        """Throw away everything that it holds."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
