"""Vectors on a Qdrant server, one collection for each library, through its official client."""

import json
import warnings
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import MissingPackage
from ..engine import Filters
from ..servers import QDRANT, Connection, reason_of
from .embedder import Batch

if TYPE_CHECKING:
    from .embedder import Matrix


FIELDS = {"key": "integer", "first_day": "integer", "last_day": "integer", "language": "keyword", "site": "keyword"}
"""The payload fields of a point, with the kind of index that the server builds for each."""
MOST_IDS = 10_000  # points that one request names


class QdrantVectors:
    """The vectors of one collection. The server searches them by its own, approximate, index."""

    name = "qdrant"

    def __init__(
        self, url: str, collection: str, key: str = "", *, timeout: int = 120, attempts: int = 4, wait: float = 0.5
    ) -> None:
        """timeout: longest silence, seconds. attempts, wait: where another attempt can help, and the first pause
        between two, seconds.

        Raises SettingsError for an address that cannot be one, LibraryError where the client is not installed.
        """
        url = QDRANT.check_address(url)
        try:
            from qdrant_client import QdrantClient, models  # noqa: PLC0415  an extra, and slow to load
        except ModuleNotFoundError as error:
            raise MissingPackage("Qdrant", "qdrant-client", "qdrant") from error
        self._models = models
        self._collection = collection
        self._server = Connection(QDRANT, url, key, attempts, wait, _read)
        self._ask = self._server.ask
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a key sent without TLS: the address is the user's own choice
            self._client = QdrantClient(
                url=url,
                port=443 if url.startswith("https:") else 80,  # where the address names none
                api_key=key or None,
                timeout=timeout,
                check_compatibility=False,
                trust_env=False,
            )

    def server_version(self) -> str:
        """What the server calls itself. Raises LibraryError."""
        return str(self._ask(self._client.info).version)

    def check(self) -> None:
        self._dimensions()

    def update(self, batches: Iterable[Batch], above: int, dropped: Iterable[int]) -> None:
        """See VectorFile: every step may be done twice, so nothing needs to know how far an earlier update came."""
        models, gone = self._models, list(dropped)
        dimensions = self._dimensions()
        newer = models.FieldCondition(key="key", range=models.Range(gt=above))
        self._delete(models.FilterSelector(filter=models.Filter(must=[newer])))
        for start in range(0, len(gone), MOST_IDS):
            self._delete(models.PointIdsList(points=gone[start : start + MOST_IDS]))
        for rows, matrix in batches:
            if matrix.shape[1] != dimensions:
                raise ValueError(f"vectors of {matrix.shape[1]} dimensions among those of {dimensions}")
            if rows:
                points = models.Batch(ids=[row["key"] for row in rows], vectors=matrix.tolist(), payloads=rows)
                self._ask(partial(self._client.upsert, self._collection, points, wait=True))

    def search(self, vector: "Matrix", k: int, filters: Filters) -> list[tuple[int, float]]:
        """See VectorFile."""
        must = self._conditions(filters)
        found = self._ask(
            partial(
                self._client.query_points,
                self._collection,
                vector.tolist(),
                query_filter=self._models.Filter(must=must) if must else None,
                limit=k,
                with_payload=False,
            ),
            missing="the collection is gone from the server",
        )
        return sorted(((int(point.id), point.score) for point in found.points), key=lambda hit: (-hit[1], hit[0]))

    def clear(self, dimensions: int) -> None:
        """See VectorFile."""
        models = self._models
        vectors = models.VectorParams(size=dimensions, distance=models.Distance.COSINE, on_disk=True)
        self._ask(partial(self._client.delete_collection, self._collection))
        self._ask(partial(self._client.create_collection, self._collection, vectors, on_disk_payload=True))
        for name, kind in FIELDS.items():
            schema = models.PayloadSchemaType(kind)
            self._ask(partial(self._client.create_payload_index, self._collection, name, schema, wait=True))

    def close(self) -> None:
        self._client.close()

    def _dimensions(self) -> int:
        about = self._ask(
            partial(self._client.get_collection, self._collection), missing="the collection is gone from the server"
        )
        vectors = about.config.params.vectors
        if not isinstance(vectors, self._models.VectorParams):
            raise ValueError("the collection on the server was not made by this program")
        return vectors.size

    def _delete(self, selector: Any) -> None:
        self._ask(partial(self._client.delete, self._collection, selector, wait=True))

    def _conditions(self, filters: Filters) -> list[Any]:
        """The filters as conditions, all of which must be true of a point."""
        models, forms = self._models, {">=": "gte", "<=": "lte"}
        return [
            models.FieldCondition(key=name, match=models.MatchValue(value=value))
            if comparison == "="
            else models.FieldCondition(key=name, range=models.Range(**{forms[comparison]: value}))
            for name, comparison, value in filters.conditions()
        ]


def _read(error: Exception) -> tuple[int | None, str, bool]:
    """See Connection."""
    from httpx import TransportError  # noqa: PLC0415
    from qdrant_client.common.client_exceptions import ResourceExhaustedResponse  # noqa: PLC0415
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse  # noqa: PLC0415

    if isinstance(error, ResourceExhaustedResponse):
        return 429, str(error), False
    if isinstance(error, UnexpectedResponse):
        try:
            reason = reason_of(json.loads(error.content))
        except ValueError:
            reason = ""
        return error.status_code, reason or error.reason_phrase, False
    if isinstance(error, ResponseHandlingException):
        return None, str(error.source) or type(error.source).__name__, isinstance(error.source, TransportError)
    return None, str(error), False
