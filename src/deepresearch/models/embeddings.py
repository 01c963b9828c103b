"""Vectors of texts from an OpenAI-compatible endpoint: vLLM, TEI, Ollama, llama.cpp, StepFun ..."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from ..errors import ContextOverflow
from ..network import client_options
from ..retry import retry
from ..settings import NetworkSettings
from .client import CONNECTING
from .failures import Failures, Refused
from .listing import addresses, checked_key

if TYPE_CHECKING:
    import httpx2

BATCH = 64
"""Texts of one request."""
SHORTEST = 200
"""Characters below which a text that the server calls too long is not cut any further."""
LARGEST = 64 * 2**20
"""Bytes of an answer."""
SETTING = "library.dense_url"


class EmbeddingClient:
    """One endpoint and one model. May be shared between threads."""

    def __init__(
        self,
        name: str,
        base_url: str,
        key: str = "",
        *,
        network: NetworkSettings | None = None,
        timeout: float = 120.0,
        retries: int = 4,
        wait: float = 1.0,
    ) -> None:
        """
        timeout: longest silence of the endpoint, seconds.
        wait: seconds before the second attempt, doubled with each further one, unless the server names a time.
        Raises SettingsError for an address or a key that cannot be one.
        """
        import httpx2  # noqa: PLC0415  a tenth of a second that only those pay who talk to a model

        self.name = name
        self._retries = retries
        self._wait = wait
        self._timeout = timeout
        self._url, endpoint = addresses(
            base_url.strip().rstrip("/").removesuffix("/chat/completions"), "/embeddings", SETTING
        )
        self._failures = Failures(endpoint, name, checked_key(key), setting=SETTING, reply="embeddings")
        self._http = httpx2.Client(
            headers={"authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(timeout, connect=min(CONNECTING, timeout)),
            **client_options(self._url, network or NetworkSettings()),
        )

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text, in order, all of one length. Texts too long for the model are cut. Raises ModelError."""
        vectors: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            vectors += self._batch(list(texts[start : start + BATCH]))
        if len({len(vector) for vector in vectors}) > 1:
            raise self._failures.broken("vectors of one model differ in length").error
        return vectors

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _batch(self, texts: list[str]) -> list[list[float]]:
        """Vectors of one request; where that is too long, of two, down to a text alone, which is then cut."""
        try:
            return retry(lambda: self._attempt(texts), self._retries + 1, self._wait)
        except ContextOverflow:
            half = len(texts) // 2
            if half:
                return self._batch(texts[:half]) + self._batch(texts[half:])
            if len(texts[0]) < 2 * SHORTEST:
                raise
            return self._batch([texts[0][: len(texts[0]) // 2]])

    def _attempt(self, texts: list[str]) -> list[list[float]]:
        """One request. Raises ModelError, or Retryable where another attempt can help."""
        import httpx2  # noqa: PLC0415

        sound = [text.encode("utf-8", "replace").decode() for text in texts]
        fields = {"model": self.name, "input": sound, "encoding_format": "float"}
        try:
            with self._http.stream("POST", self._url, json=fields) as response:
                body = self._receive(response)
        except httpx2.TimeoutException as error:
            raise self._failures.unreachable(f"no answer within {self._timeout:g} s") from error
        except httpx2.RequestError as error:
            raise self._failures.unreachable(str(error) or type(error).__name__) from error
        if response.status_code >= 300:
            raise _plain(self._failures.of_answer(response.status_code, response.headers, body))
        try:
            answer = from_json(body, allow_inf_nan=True)
        except ValueError as error:
            raise self._failures.not_an_endpoint(body.decode("utf-8", "replace"), "HTTP 200") from error
        return self._vectors(answer, len(texts))

    def _receive(self, response: "httpx2.Response") -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > LARGEST:
                raise self._failures.not_an_endpoint("", f"an answer of more than {LARGEST // 2**20} MiB")
        return bytes(body)

    def _vectors(self, answer: Any, count: int) -> list[list[float]]:
        """The vectors of an answer in the order of their texts. Raises ModelError, Retryable."""
        if isinstance(answer, dict) and answer.get("error"):
            raise _plain(self._failures.of_event(answer["error"]))
        rows = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise self._failures.not_an_endpoint("", "HTTP 200, JSON without data")
        places = [row["index"] if isinstance(row, dict) and type(row.get("index")) is int else -1 for row in rows]
        if len(rows) != count:
            raise self._failures.broken(f"{len(rows)} vectors for {count} texts")
        if sorted(places) != list(range(count)):
            raise self._failures.broken("the vectors are not numbered as the texts are")
        vectors: list[list[float]] = [[]] * count
        for place, row in zip(places, rows, strict=True):
            vectors[place] = self._vector(row.get("embedding"), place)
        return vectors

    def _vector(self, given: Any, place: int) -> list[float]:
        if not isinstance(given, list) or not given:
            raise self._failures.broken(f"vector {place} is no list of numbers")
        if not all(type(number) in (int, float) and math.isfinite(number) for number in given):
            raise self._failures.broken(f"vector {place} holds something else than finite numbers")
        return [float(number) for number in given]


def _plain(failure: Exception) -> Exception:
    """The error of a refusal: nothing about a request for vectors can be changed."""
    return failure.error if isinstance(failure, Refused) else failure
