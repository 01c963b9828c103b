"""Where vectors are kept: what any such place is, and the one on disk beside the documents, searched exactly.

    state.json     which files count, and how much of them; replaced as a whole: this is what makes an update durable
    vectors.N      rows of 32-bit floats, only ever appended to: half of the size would be a quarter of the speed
    rows.N         what the rows belong to; a row that is dropped is marked in its place

N grows where rows have to go: the files are then written anew, beside those that a reader may still have open.
"""

import hashlib
import json
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import LibraryError
from ..engine import Filters
from ..index import day, sites

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .embedder import Matrix

CHUNK = 1 << 16
"""Rows that are compared at once: in smaller pieces threads spend their time waiting for each other."""
COPIED = 1 << 13
"""Rows that are copied at once."""
SITES = 6
"""Names of a host that are kept: itself, and the shortest of the domains above it."""
UNDATED = (2**31 - 1, 0)
"""First and last day of what has no date: no filter lets it through."""
FORMAT = 1
"""Raised when the files change."""


@dataclass(frozen=True)
class Row:
    """What a vector belongs to, as far as filters ask."""

    key: int
    first_day: int = UNDATED[0]
    last_day: int = UNDATED[1]
    language: str = ""
    sites: tuple[str, ...] = ()


Batch = tuple[list[Row], "Matrix"]


class Vectors(Protocol):
    """A place for vectors."""

    name: str

    def update(self, batches: Iterable[Batch], above: int, dropped: Iterable[int]) -> None:
        """See Engine.update; keys ascend."""
        ...

    def search(self, vector: "Matrix", k: int, filters: Filters) -> list[tuple[int, float]]:
        """(key, cosine) of the `k` nearest, best first. Raises LibraryError, ValueError as Engine.search does."""
        ...

    def check(self) -> None:
        """See Engine."""
        ...

    def clear(self, dimensions: int) -> None:
        """Throw everything away, and be ready for vectors of so many `dimensions`. Raises LibraryError."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


@dataclass(frozen=True)
class _State:
    number: int = 0
    """Of the files that count."""
    count: int = 0
    """Rows in them that count."""
    dimensions: int = 0


@dataclass(frozen=True)
class _View:
    """What a search looks at: it stays as it is while a writer goes on."""

    mark: tuple[int, int]
    state: _State
    rows: Any
    vectors: Any


class VectorFile:
    """Vectors in a folder. One process writes (the library sees to that); any number read."""

    name = "numpy"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._seen: _View | None = None

    def update(self, batches: Iterable[Batch], above: int, dropped: Iterable[int]) -> None:
        """See Vectors. Raises LibraryError where the disk does not take it, ValueError where the files are damaged."""
        try:
            state = self._state()
            keys = self._rows(state)["key"]
            if len(keys) and keys[-1] > above:  # the rest of an update that the document store never heard of
                state = self._rewritten(state, keys <= above)
            self._drop(state, dropped)
            alive = self._rows(state)["alive"]
            if 2 * int(alive.sum()) < len(alive):
                state = self._rewritten(state, alive)
            self._commit(self._append(state, batches))
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def search(self, vector: "Matrix", k: int, filters: Filters) -> list[tuple[int, float]]:
        """See Vectors: every vector that passes the filters is compared."""
        import numpy as np  # noqa: PLC0415  an optional package

        view = self._view()
        if not view.state.count or k < 1:
            return []
        if len(vector) != view.state.dimensions:
            raise ValueError(f"{len(vector)} dimensions asked of vectors with {view.state.dimensions}")
        wanted = _matching(view.rows, filters)
        keys, scores = np.empty(0, np.int64), np.empty(0, np.float32)
        for start in range(0, len(wanted), CHUNK):
            part = np.flatnonzero(wanted[start : start + CHUNK]) + start
            if not len(part):
                continue
            whole = len(part) == len(wanted[start : start + CHUNK])
            rows = view.vectors[start : start + CHUNK] if whole else view.vectors[part]
            scores = np.concatenate([scores, rows @ vector])
            keys = np.concatenate([keys, view.rows["key"][part]])
            if len(scores) > k:
                near = scores >= np.partition(scores, -k)[-k]
                keys, scores = keys[near], scores[near]
        order = np.lexsort((keys, -scores))[:k]
        return [(int(keys[place]), float(scores[place])) for place in order]

    def check(self) -> None:
        """See Engine."""
        self._state()

    def clear(self, dimensions: int) -> None:
        """See Vectors."""
        try:
            if self._folder.is_symlink() or self._folder.is_file():
                self._folder.unlink()
            self._folder.mkdir(parents=True, exist_ok=True)
            self._commit(_State(self._newest() + 1, 0, dimensions))
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def close(self) -> None:
        self._seen = None

    # Reading.

    def _state(self) -> _State:
        """Raises ValueError where the files are gone or damaged."""
        try:
            told = json.loads((self._folder / "state.json").read_bytes())
            state = _State(**told["state"]) if told["format"] == FORMAT else None
        except (FileNotFoundError, NotADirectoryError):
            raise ValueError(f"{self._folder} holds no vectors") from None
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{self._folder}/state.json cannot be read") from error
        if state is None:
            raise ValueError(f"{self._folder} is of another format")
        for path, size in ((self._path("rows", state), _row_type().itemsize), (self._path("vectors", state), 4)):
            needed = state.count * size * (state.dimensions if size == 4 else 1)
            if state.count and (not path.exists() or path.stat().st_size < needed):
                raise ValueError(f"{path} is shorter than it was")
        return state

    def _view(self) -> _View:
        """The newest state of the files. Raises ValueError."""
        try:
            status = (self._folder / "state.json").stat()
        except (FileNotFoundError, NotADirectoryError):
            raise ValueError(f"{self._folder} holds no vectors") from None
        mark = (status.st_mtime_ns, status.st_ino)
        with self._lock:
            if self._seen is None or self._seen.mark != mark:
                try:
                    self._seen = self._opened(mark)
                except (FileNotFoundError, ValueError):  # a writer has put other files in their place just now
                    self._seen = self._opened(mark)
            return self._seen

    def _opened(self, mark: tuple[int, int]) -> _View:
        state = self._state()
        return _View(mark, state, self._rows(state), self._vectors(state))

    def _rows(self, state: _State, mode: Any = "r") -> Any:
        import numpy as np  # noqa: PLC0415

        if not state.count:
            return np.empty(0, _row_type())
        return np.memmap(self._path("rows", state), _row_type(), mode, shape=(state.count,))

    def _vectors(self, state: _State) -> Any:
        import numpy as np  # noqa: PLC0415

        shape = (state.count, state.dimensions)
        return np.memmap(self._path("vectors", state), np.float32, "r", shape=shape) if state.count else None

    def _path(self, kind: str, state: _State) -> Path:
        return self._folder / f"{kind}.{state.number}"

    def _newest(self) -> int:
        numbers = [path.suffix[1:] for path in self._folder.glob("rows.*")]
        return max((int(number) for number in numbers if number.isdigit()), default=0)

    # Writing.

    def _drop(self, state: _State, dropped: Iterable[int]) -> None:
        """Mark rows in place: doing it twice, or half, does no harm."""
        import numpy as np  # noqa: PLC0415

        gone = np.fromiter(dropped, np.int64)
        if not (len(gone) and state.count):
            return
        rows = self._rows(state, "r+")
        rows["alive"][np.isin(rows["key"], gone)] = False
        rows.flush()

    def _append(self, state: _State, batches: Iterable[Batch]) -> _State:
        """Write `batches` behind the rows that count; what stood there was never committed."""
        import numpy as np  # noqa: PLC0415

        row_size, last = _row_type().itemsize, 0
        with self._path("rows", state).open("ab") as rows, self._path("vectors", state).open("ab") as vectors:
            rows.truncate(state.count * row_size)
            vectors.truncate(state.count * state.dimensions * 4)
            for given, matrix in batches:
                if not given:
                    continue
                if matrix.shape[1] != state.dimensions:
                    raise ValueError(f"vectors of {matrix.shape[1]} dimensions among those of {state.dimensions}")
                keys = [last, *(row.key for row in given)]
                if sorted(set(keys)) != keys:
                    raise ValueError("keys do not ascend")
                last = keys[-1]
                rows.write(_packed(given).tobytes())
                vectors.write(np.ascontiguousarray(matrix, dtype=np.float32).tobytes())
                state = replace(state, count=state.count + len(given))
            for file in (rows, vectors):
                file.flush()
                os.fsync(file.fileno())
        return state

    def _rewritten(self, state: _State, keep: Any) -> _State:
        """The rows to `keep` in files of their own; nothing counts them until they are committed."""
        import numpy as np  # noqa: PLC0415

        old, vectors = self._rows(state), self._vectors(state)
        places = np.flatnonzero(keep & old["alive"])
        new = _State(self._newest() + 1, len(places), state.dimensions)
        with self._path("rows", new).open("wb") as rows, self._path("vectors", new).open("wb") as file:
            for start in range(0, len(places), COPIED):
                part = places[start : start + COPIED]
                rows.write(old[part].tobytes())
                file.write(vectors[part].tobytes())
        return new

    def _commit(self, state: _State) -> None:
        with (self._folder / "state.tmp").open("w") as file:
            json.dump({"format": FORMAT, "state": asdict(state)}, file)
            file.flush()
            os.fsync(file.fileno())
        (self._folder / "state.tmp").replace(self._folder / "state.json")
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        for path in [*self._folder.glob("rows.*"), *self._folder.glob("vectors.*")]:
            if path.suffix != f".{state.number}":
                with suppress(FileNotFoundError):
                    path.unlink()


def _unwritable(folder: Path, error: OSError) -> LibraryError:
    return LibraryError(
        f"{folder} cannot be written: {error.strerror or error}.", "Free some space there, or repair it."
    )


def row_of(key: int, date: str | None, language: str | None, url: str | None) -> Row:
    """What a vector belongs to, from what its passage says."""
    first, last = (day(date, last=False), day(date, last=True)) if date else UNDATED
    return Row(key, first, last, language or "", tuple(sites(url)))


@lru_cache(maxsize=1)
def _row_type() -> "np.dtype[Any]":
    import numpy as np  # noqa: PLC0415

    fields = [("key", "<i8"), ("first", "<i4"), ("last", "<i4"), ("sites", "<u8", (SITES,)), ("language", "S7")]
    return np.dtype([*fields, ("alive", "?")])


def _packed(rows: list[Row]) -> Any:
    import numpy as np  # noqa: PLC0415

    found = np.zeros(len(rows), _row_type())
    for place, row in enumerate(rows):
        names = row.sites if len(row.sites) <= SITES else (row.sites[0], *row.sites[1 - SITES :])
        found[place] = (
            row.key,
            row.first_day,
            row.last_day,
            [_number(name) for name in names] + [0] * (SITES - len(names)),
            row.language.encode()[:7],
            True,
        )
    return found


def _matching(rows: Any, filters: Filters) -> "NDArray[np.bool_]":
    """Which rows are alive and meet the filters."""
    wanted: NDArray[np.bool_] = rows["alive"].copy()
    if filters.since:
        wanted &= rows["last"] >= day(filters.since, last=False)
    if filters.until:
        wanted &= rows["first"] <= day(filters.until, last=True)
    if filters.language:
        wanted &= rows["language"] == filters.language.encode()[:7]
    if filters.site:
        wanted &= (rows["sites"] == _number(filters.site)).any(axis=1)
    return wanted


@lru_cache(maxsize=4096)
def _number(name: str) -> int:
    """A host as 64 bits: among a million hosts the chance that any two share them is one in thirty million."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
