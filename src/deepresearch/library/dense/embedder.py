"""The interface of embedding models."""

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ...errors import ContentFiltered, ContextOverflow, LibraryError, ModelError, RequestRefused
from ...models.embeddings import EmbeddingClient

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

Kind = Literal["query", "passage"]
Batch = tuple[list[dict[str, Any]], "Matrix"]  # `attributes` of passages, and their vectors


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


_SEARCH = "Represent this sentence for searching relevant passages: "
_TASK = "Instruct: Given a question, retrieve passages that answer it\nQuery: "
PROMPTS: tuple[tuple[str, str, str], ...] = (
    (r"e5\b.*instruct|e5-mistral|qwen3-embedding", _TASK, ""),
    (r"\be5\b", "query: ", "passage: "),
    (r"bge-(small|base|large)-zh", "为这个句子生成表示以用于检索相关文章：", ""),
    (r"bge-(small|base|large)|mxbai-embed|arctic-embed-(?!.*v2)", _SEARCH, ""),
    (r"arctic-embed.*v2", "query: ", ""),
    (r"nomic-embed", "search_query: ", "search_document: "),
    (r"embedding-?gemma", "task: search result | query: ", "title: none | text: "),
)
"""What models were trained to read before a query and before a passage, by a pattern of their names; the first fits."""


def prompts(model: str) -> dict[Kind, str]:
    """What is put before texts for the model of this name; nothing for one that is in no row of PROMPTS."""
    for pattern, query, passage in PROMPTS:
        if re.search(pattern, model, re.IGNORECASE):
            return {"query": query, "passage": passage}
    return {"query": "", "passage": ""}


class EndpointEmbedder:
    """The embeddings of an endpoint. After a failure of the endpoint it is not asked again."""

    def __init__(self, client: EmbeddingClient, query: str | None = None, passage: str | None = None) -> None:
        """query, passage: put before texts of these kinds; None: as PROMPTS has it for the model."""
        given: dict[Kind, str | None] = {"query": query, "passage": passage}
        self._prompts = {
            kind: text if (own := given[kind]) is None else own for kind, text in prompts(client.name).items()
        }
        before = json.dumps(list(self._prompts.values())) if any(self._prompts.values()) else ""
        self.name = f"endpoint:{client.name}{before}"
        self._client = client
        self._failed: LibraryError | None = None

    def embed(self, texts: Sequence[str], kind: Kind) -> "Matrix":
        import numpy as np  # noqa: PLC0415  an optional package

        if self._failed:
            raise self._failed
        try:
            found = np.array(self._client.embed([self._prompts[kind] + text for text in texts]), dtype=np.float32)
        except ModelError as error:
            failure = LibraryError(error.message, error.hint)
            if not isinstance(error, ContextOverflow | RequestRefused | ContentFiltered):  # these are the text's fault
                self._failed = failure
            raise failure from error
        return normalised(found)

    def close(self) -> None:
        self._client.close()


def normalised(vectors: "Matrix") -> "Matrix":
    """Rows of length 1; rows of zeros stay as they are."""
    import numpy as np  # noqa: PLC0415

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Matrix = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit
