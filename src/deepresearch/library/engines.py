"""Which indexes a library has, by the settings: one over words, and one by meaning where it is asked for."""

import re
import secrets
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import LibraryError, SettingsError
from ..settings import Settings
from ..web.addresses import is_on_this_machine
from .engine import Engine
from .index import Index
from .servers import OPENSEARCH, QDRANT

if TYPE_CHECKING:
    from .dense.embedder import Embedder
    from .dense.vectors import Vectors

EMBEDDINGS_KEY = "DEEPRESEARCH_EMBEDDINGS_API_KEY"


def open_engines(place: Path, settings: Settings, environment: Mapping[str, str] | None = None) -> list[Engine]:
    """The engines of the library in the folder `place`, the one over words first. Nothing is asked of them yet.

    environment: holds the keys of servers; those of `settings` where None. Raises SettingsError for settings that do
    not go together or lead off the machine in private mode, LibraryError where a package or a file is missing.
    """
    keys = settings.service_keys() if environment is None else environment
    engines = [_words(place, settings, keys)]
    if settings.library.dense != "off":
        from .dense.engine import DenseEngine  # noqa: PLC0415

        embedder = _embedder(settings, keys)
        engines.append(DenseEngine(embedder, _vectors(place, settings, keys)))
    return engines


def _words(place: Path, settings: Settings, keys: Mapping[str, str]) -> Engine:
    library = settings.library
    if library.engine == "tantivy":
        return Index(place / "index", library.memory)
    from .opensearch import OpenSearchEngine  # noqa: PLC0415

    url = _checked(library.opensearch_url, OPENSEARCH.setting, "library.engine = opensearch", settings)
    return OpenSearchEngine(url, name_on_server(place), keys.get(OPENSEARCH.key, ""))


def _embedder(settings: Settings, keys: Mapping[str, str]) -> "Embedder":
    library = settings.library
    if not find_spec("numpy"):
        raise LibraryError(
            f"library.dense = {library.dense} needs the package numpy.", "Run: pip install 'step-deepresearch[dense]'"
        )
    if not library.dense_model:
        raise SettingsError(f"library.dense = {library.dense} needs a model.", "Name it in library.dense_model.")
    if library.dense == "onnx":
        from .dense.onnx import OnnxEmbedder  # noqa: PLC0415

        return OnnxEmbedder(Path(library.dense_model).expanduser())
    from ..models.embeddings import EmbeddingClient  # noqa: PLC0415
    from .dense.embedder import EndpointEmbedder  # noqa: PLC0415

    url = library.dense_url or settings.model.base_url
    url = _checked(url, "library.dense_url", "library.dense = endpoint", settings)
    same = not library.dense_url or _origin(library.dense_url) == _origin(settings.model.base_url)
    key = keys.get(EMBEDDINGS_KEY, "") or (settings.key() if same else "")  # no key goes to another's server
    return EndpointEmbedder(EmbeddingClient(library.dense_model, url, key))


def _vectors(place: Path, settings: Settings, keys: Mapping[str, str]) -> "Vectors":
    library = settings.library
    if library.vectors == "numpy":
        from .dense.vectors import VectorFile  # noqa: PLC0415

        return VectorFile(place / "vectors")
    from .dense.qdrant import QdrantVectors  # noqa: PLC0415

    url = _checked(library.qdrant_url, QDRANT.setting, "library.vectors = qdrant", settings)
    return QdrantVectors(url, name_on_server(place), keys.get(QDRANT.key, ""))


def name_on_server(place: Path) -> str:
    """What the library in `place` is called on servers: its name as far as those take it, and its mark.

    The mark is made once and kept in the library's folder, so that two libraries never share an index.
    Raises LibraryError where it cannot be kept.
    """
    path = place / "mark"
    try:
        place.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x") as file:
                file.write(secrets.token_hex(6))
        except FileExistsError:
            pass
        mark = path.read_text().strip()
    except OSError as error:
        raise LibraryError(
            f"{path} cannot be used: {error.strerror}.", "Mend the rights of the data folder."
        ) from error
    if not re.fullmatch(r"[0-9a-f]{12}", mark):
        raise LibraryError(f"{path} is damaged.", "Remove it: the library's indexes are then built anew.")
    name = re.sub("[^a-z0-9]+", "-", place.name.lower()).strip("-")
    return "-".join(filter(None, ["deepresearch", name[:40], mark]))


def _checked(url: str, setting: str, why: str, settings: Settings) -> str:
    if not url:
        raise SettingsError(f"{why} needs the address of a server.", f"Name it in {setting}.")
    if settings.search.private and not is_on_this_machine(url):
        raise SettingsError(
            f"{setting}: in private mode nothing leaves this machine, and {urlsplit(url).hostname} is another.",
            "Name a server on 127.0.0.1, or leave out search.private.",
        )
    return url


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
