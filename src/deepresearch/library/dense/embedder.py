"""The interface of embedding models."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from ...errors import LibraryError, ModelError
from ...models.embeddings import EmbeddingClient

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

Kind = Literal["query", "passage"]


class Embedder(Protocol):
    """A model that places texts of like meaning near each other."""

    name: str
    """Changes with the model: vectors of two models cannot be compared."""

    def embed(self, texts: Sequence[str], kind: Kind) -> "Matrix":
        """A row of length 1 for each text; of zeros where the model cannot read the text. Raises LibraryError."""
        ...

    def close(self) -> None:
        """Close files and connections."""
        ...


class EndpointEmbedder:
    """The embeddings of an endpoint."""

    def __init__(self, client: EmbeddingClient) -> None:
        self.name = f"endpoint:{client.name}"
        self._client = client

    def embed(self, texts: Sequence[str], kind: Kind) -> "Matrix":
        """See Embedder. Queries and passages are sent unchanged, without prefixes."""
        import numpy as np  # noqa: PLC0415  an optional package

        try:
            found = np.array(self._client.embed(texts), dtype=np.float32)
        except ModelError as error:
            raise LibraryError(error.message, error.hint) from error
        return normalised(found)

    def close(self) -> None:
        self._client.close()


def normalised(vectors: "Matrix") -> "Matrix":
    """Rows of length 1; rows of zeros stay as they are."""
    import numpy as np  # noqa: PLC0415

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Matrix = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit
