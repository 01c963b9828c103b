"""What an index is (keys of passages in, ranked keys out), and which indexes a library has, by the settings.

The document store keeps the passages themselves. An index over words there always is; one by meaning where the settings
ask for it.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import urlsplit

from ..errors import LibraryError, MissingPackage, SettingsError
from ..network import is_on_this_machine
from ..settings import Settings
from ..trajectory import Passage
from .servers import OPENSEARCH, QDRANT

if TYPE_CHECKING:
    from .dense.embedder import Embedder
    from .dense.qdrant import QdrantVectors
    from .dense.vectors import VectorFile

_PLAIN_HOST = re.compile(r"https?://([a-z0-9.-]+)(?:[/?#]|$)")


@dataclass(frozen=True)
class Filters:
    """The filters that a passage must pass; None: any value."""

    since: str | None = None
    """YYYY, YYYY-MM or YYYY-MM-DD, as `until`."""
    until: str | None = None
    language: str | None = None
    site: str | None = None
    domains: frozenset[str] | None = None
    """The passage's site is under one of these. Only the engine over words is asked so."""

    def conditions(self) -> list[tuple[str, Literal[">=", "<=", "="], int | str]]:
        """What `attributes` of a passage must be, without `domains`: (name, comparison, value)."""
        found: list[tuple[str, Literal[">=", "<=", "="], int | str]] = []
        if self.since:
            found.append(("last_day", ">=", day(self.since, last=False)))
        if self.until:
            found.append(("first_day", "<=", day(self.until, last=True)))
        found += [(name, "=", value) for name, value in (("language", self.language), ("site", self.site)) if value]
        return found


class Engine(Protocol):
    """One index over the passages of one library, by words or by meaning. Derived: it can be rebuilt at any time.

    The rankings of several engines of one library are fused.
    """

    name: str
    """Under this name the document store remembers up to which passage the engine is up to date."""
    version: str
    """Raised when what is stored changes: an index of another version is rebuilt."""
    notes: list[str]
    """What people should know of the updates so far; whoever reads it empties it."""

    def check(self) -> None:
        """Check cheaply whether what was stored can still be used; raises ValueError where it cannot."""
        ...

    def update(self, batch: Iterable[tuple[int, Passage]], above: int, dropped: Iterable[int]) -> None:
        """Make the index contain, of all keys above `above`, exactly those of `batch`, and none of `dropped`.

        Durable on return. Safe to repeat after a crash anywhere in it. Raises LibraryError where it cannot be done,
        ValueError where what was stored is damaged.
        """
        ...

    def search(self, text: str, k: int, filters: Filters) -> list[tuple[int, float]]:
        """(key, score) of the best `k` passages for `text`, best first, equal scores by key.

        Raises LibraryError where the index cannot be reached, ValueError where it is damaged.
        """
        ...

    def clear(self) -> None:
        """Delete everything that it has, and be ready for an update."""
        ...

    def close(self) -> None:
        """Close files and connections."""
        ...


def day(date: str, last: bool) -> int:
    """YYYYMMDD of the first or last day that `date` (YYYY, YYYY-MM or YYYY-MM-DD) may mean."""
    digits = date.replace("-", "")
    return int(digits + ("1231" if last else "0101")[len(digits) - 4 :])


def sites(url: str | None) -> list[str]:
    """The host of `url` and every domain above it."""
    plain = _PLAIN_HOST.match(url or "")  # nearly all, and much quicker
    try:
        host = plain[1] if plain else urlsplit(url or "").hostname or ""
    except ValueError:  # not a URL after all
        return []
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels)) if labels[0]]


def attributes(key: int, passage: Passage) -> dict[str, Any]:
    """What every index keeps of a passage for its filters: key, first_day and last_day (YYYYMMDD), language, site (the
    host and every domain above it). What is not known is left out, and matches no filter."""
    known: dict[str, Any] = {"key": key, "site": sites(passage.url)}
    if passage.date:
        known |= {"first_day": day(passage.date, last=False), "last_day": day(passage.date, last=True)}
    return known | ({"language": passage.language} if passage.language else {})


def open_engines(place: Path, settings: Settings) -> list[Engine]:
    """The engines of the library in the folder `place`, the one over words first. None of them is read yet.

    Raises SettingsError for settings that contradict each other or lead off the machine in private mode, LibraryError
    where a package or a file is missing.
    """
    keys = settings.service_keys()
    engines = [_text_engine(place, settings, keys)]
    if settings.library.dense != "off":
        from .dense.engine import DenseEngine  # noqa: PLC0415

        engines.append(DenseEngine(_embedder(settings, keys), _vectors(place, settings, keys)))
    return engines


def _text_engine(place: Path, settings: Settings, keys: Mapping[str, str]) -> Engine:
    library = settings.library
    if library.engine == "tantivy":
        from .text_index import TextIndex  # noqa: PLC0415  slow to import

        return TextIndex(place / "index", library.memory)
    from .opensearch import OpenSearchEngine  # noqa: PLC0415

    url = _checked(library.opensearch_url, OPENSEARCH.setting, "library.engine = opensearch", settings)
    return OpenSearchEngine(url, name_on_server(place), keys.get("opensearch", ""))


def _embedder(settings: Settings, keys: Mapping[str, str]) -> "Embedder":
    library = settings.library
    if not find_spec("numpy"):
        raise MissingPackage(f"library.dense = {library.dense}", "numpy", "dense")
    if not library.dense_model:
        raise SettingsError(f"library.dense = {library.dense} needs a model.", "Name it in library.dense_model.")
    if library.dense == "onnx":
        from .dense.onnx import OnnxEmbedder  # noqa: PLC0415

        return OnnxEmbedder(Path(library.dense_model).expanduser())
    from ..models.embeddings import EmbeddingClient  # noqa: PLC0415
    from .dense.embedder import EndpointEmbedder  # noqa: PLC0415

    url = library.dense_url or settings.model.base_url
    url = _checked(url, "library.dense_url", "library.dense = endpoint", settings)
    same = not library.dense_url or urlsplit(library.dense_url)[:2] == urlsplit(settings.model.base_url)[:2]
    key = keys.get("embeddings", "") or (settings.key() if same else "")  # no key goes to another's server
    client = EmbeddingClient(library.dense_model, url, key, network=settings.network)
    return EndpointEmbedder(client, library.dense_query, library.dense_passage)


def _vectors(place: Path, settings: Settings, keys: Mapping[str, str]) -> "VectorFile | QdrantVectors":
    library = settings.library
    if library.vectors == "numpy":
        from .dense.vectors import VectorFile  # noqa: PLC0415

        return VectorFile(place / "vectors")
    from .dense.qdrant import QdrantVectors  # noqa: PLC0415

    url = _checked(library.qdrant_url, QDRANT.setting, "library.vectors = qdrant", settings)
    return QdrantVectors(url, name_on_server(place), keys.get("qdrant", ""))


def name_on_server(place: Path) -> str:
    """What the library in `place` is called on servers: the allowed characters of its name, and a random suffix.

    The suffix is made once and stored in the library's folder, so that two libraries never share an index.
    Raises LibraryError where it cannot be stored.
    """
    path = place / "mark"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError), path.open("x") as file:
            file.write(secrets.token_hex(6))
        suffix = path.read_text().strip()
    except OSError as error:
        hint = "Repair the rights of the data folder."
        raise LibraryError(f"{path} cannot be used: {error.strerror}.", hint) from error
    if not re.fullmatch(r"[0-9a-f]{12}", suffix):
        raise LibraryError(f"{path} is damaged.", "Remove it: the library's indexes are then rebuilt.")
    name = re.sub("[^a-z0-9]+", "-", place.name.lower()).strip("-")
    return "-".join(filter(None, ["deepresearch", name[:40], suffix]))


def _checked(url: str, setting: str, why: str, settings: Settings) -> str:
    if not url:
        raise SettingsError(f"{why} needs the address of a server.", f"Name it in {setting}.")
    if settings.search.private and not is_on_this_machine(url):
        raise SettingsError(
            f"{setting}: in private mode nothing leaves this machine, and {urlsplit(url).hostname} is another.",
            "Name a server on 127.0.0.1, or leave out search.private.",
        )
    return url
