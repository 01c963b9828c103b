"""An embedding model in a folder, run here: model.onnx and tokenizer.json, as sentence-transformers lays them out.

Read too where they are there: 1_Pooling/config.json (mean of the tokens where it is not), sentence_bert_config.json
(longest text) and config_sentence_transformers.json (what is put before queries and passages).
"""

import hashlib
import json
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import LibraryError, MissingPackage
from .embedder import Kind, normalised

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .embedder import Matrix

LONGEST = 512
"""Tokens of a text that are read, where the folder sets no limit."""
BATCH = 8
"""Texts run at once: more take more memory, and no less time."""
UNREADABLE = 0.3
"""Share of tokens unknown to the model from which it counts as unable to read a text."""
_UNKNOWN = ("[UNK]", "<unk>")
_HINT = "Set library.dense_model to a folder with model.onnx and tokenizer.json (docs/dense.md shows how to make one)."


class OnnxEmbedder:
    """One model on the processor. Loaded at first use; may be shared between threads."""

    def __init__(self, folder: Path) -> None:
        """Raises LibraryError where the folder or a package is missing."""
        for package in ("onnxruntime", "tokenizers", "numpy"):
            if not find_spec(package):
                raise MissingPackage("library.dense = onnx", package, "dense")
        self._folder = folder
        for name in ("model.onnx", "tokenizer.json"):
            if not (folder / name).is_file():
                raise LibraryError(f"{folder} has no {name}.", _HINT)
        self.name = f"onnx:{_mark(folder)}"
        self._lock = threading.Lock()
        self._model: _Model | None = None

    def embed(self, texts: Sequence[str], kind: Kind) -> "Matrix":
        with self._lock:
            self._model = self._model or _Model(self._folder)
        return self._model.embed(texts, kind)

    def close(self) -> None:
        self._model = None


class _Model:
    def __init__(self, folder: Path) -> None:
        import onnxruntime  # noqa: PLC0415  an optional package
        from tokenizers import Tokenizer  # noqa: PLC0415

        try:
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 4  # what matters is raised
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # leaves waiting cores to others
            self._session = onnxruntime.InferenceSession(
                folder / "model.onnx", options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # both packages have exception classes of their own for what they cannot read
            raise LibraryError(f"{folder} has no model that can be read: {str(error)[:300]}.", _HINT) from error
        self._folder = folder
        self._inputs = {value.name for value in self._session.get_inputs()}
        about = _json(folder / "sentence_bert_config.json")
        longest = about.get("max_seq_length") or (self._tokenizer.truncation or {}).get("max_length") or LONGEST
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(int(longest))
        self._unknown = next((id for name in _UNKNOWN if (id := self._tokenizer.token_to_id(name)) is not None), None)
        self._first_token = bool(_json(folder / "1_Pooling/config.json").get("pooling_mode_cls_token"))
        prompts = _json(folder / "config_sentence_transformers.json").get("prompts") or {}
        passage = prompts.get("passage") or prompts.get("document") or ""
        self._prompts: dict[Kind, str] = {"query": prompts.get("query") or "", "passage": passage}

    def embed(self, texts: Sequence[str], kind: Kind) -> "Matrix":
        """A row for each text. Raises LibraryError."""
        import numpy as np  # noqa: PLC0415

        prompt = self._prompts[kind]
        sound = [prompt + text.encode("utf-8", "replace").decode() for text in texts]
        encoded = self._tokenizer.encode_batch(sound)
        by_length = sorted(range(len(texts)), key=lambda place: len(encoded[place].ids))
        vectors: list[Any] = [None] * len(texts)
        for start in range(0, len(texts), BATCH):
            places = by_length[start : start + BATCH]
            for place, vector in zip(places, self._run([encoded[place] for place in places]), strict=True):
                vectors[place] = vector if self._reads(encoded[place]) else np.zeros_like(vector)
        return np.array(vectors, dtype=np.float32)

    def _run(self, encodings: list[Any]) -> "Matrix":
        import numpy as np  # noqa: PLC0415

        longest = max(1, *(len(encoding.ids) for encoding in encodings))
        ids = np.zeros((len(encodings), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        try:
            found = self._session.run(None, {name: given[name] for name in self._inputs})[0]
        except Exception as error:  # the package has exception classes of its own
            raise LibraryError(f"{self._folder}: the model fails: {str(error)[:300]}.", _HINT) from error
        vectors = found if found.ndim == 2 else self._pooled(found, mask)
        if vectors.ndim != 2 or len(vectors) != len(encodings) or not np.isfinite(vectors).all():
            raise LibraryError(f"{self._folder}: the model does not give one finite vector a text.", _HINT)
        return normalised(vectors.astype(np.float32))

    def _pooled(self, tokens: "Matrix", mask: "NDArray[np.int64]") -> "Matrix":
        """The first token's vector, or the mean of all that are not padding, as the folder's files set it."""
        if self._first_token:
            return tokens[:, 0]
        weights = mask[:, :, None].astype(tokens.dtype)
        pooled: Matrix = (tokens * weights).sum(axis=1) / weights.sum(axis=1).clip(min=1)
        return pooled

    def _reads(self, encoding: Any) -> bool:
        """Whether the model knows most of a text's tokens: an English model knows few Chinese characters."""
        words = [id for id, special in zip(encoding.ids, encoding.special_tokens_mask, strict=True) if not special]
        unknown = sum(id == self._unknown for id in encoding.ids) if self._unknown is not None else 0
        return unknown <= UNREADABLE * max(1, len(words))


def _mark(folder: Path) -> str:
    """Distinguishes models: of the weights the size and both ends will do."""
    weights = folder / "model.onnx"
    size = weights.stat().st_size
    with weights.open("rb") as file:
        start = file.read(1 << 20)
        file.seek(max(0, size - (1 << 20)))
        content = (folder / "tokenizer.json").read_bytes() + str(size).encode() + start + file.read()
    return hashlib.sha256(content).hexdigest()[:16]


def _json(path: Path) -> dict[str, Any]:
    """The content of an optional file. Raises LibraryError where it is there and cannot be read."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise LibraryError(f"{path} cannot be read: {error}.", _HINT) from error
    return found if isinstance(found, dict) else {}
