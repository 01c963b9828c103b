"""What is known of a served model: its context, its size, and what it can do."""

import json
import re
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ..files import write_file

SMALL = 4e9
"""Parameters below which a model is led step by step instead of choosing its own."""
KEPT = 7 * 24 * 3600.0
"""Seconds for which what was asked of a model is remembered."""
_SIZE = re.compile(r"(?<![\w.])(?:(\d+)x)?(\d+(?:\.\d+)?)([bm])(?![a-z0-9])", re.IGNORECASE)


@dataclass(frozen=True)
class ModelFacts:
    """What a server tells of a model, or what asking it showed; None: not known."""

    context: int | None = None
    """Tokens of prompt and reply together."""
    parameters: float | None = None
    tools: bool | None = None
    """It calls tools when it is asked to."""
    schema: bool | None = None
    """Replies satisfy a JSON schema that is sent with the request."""
    embeddings: bool | None = None
    """It makes vectors of texts."""

    @property
    def is_small(self) -> bool:
        return self.parameters is not None and self.parameters < SMALL

    def over(self, other: "ModelFacts") -> "ModelFacts":
        """These facts, and what only `other` knows."""
        mine = {name: value for name, value in asdict(self).items() if value is not None}
        return ModelFacts(**(asdict(other) | mine))

    def in_words(self) -> str:
        """For people: 1.5B, a context of 4096 tokens, tools, no schema."""
        words = [_rounded(self.parameters)] if self.parameters else []
        words += [f"a context of {self.context} tokens" if self.context else "context not told"]
        able = {"tools": self.tools, "schema": self.schema, "embeddings": self.embeddings}
        words += [name if can else f"no {name}" for name, can in able.items() if can is not None]
        return ", ".join(words)


def parameters_in(name: str) -> float | None:
    """The number of parameters that a model's name tells, as in qwen2.5-coder-1.5b, SmolLM2-135M or Mixtral-8x7B."""
    found = _SIZE.search(re.sub(r"[-_:/ ]", " ", name))
    if not found:
        return None
    return int(found[1] or 1) * float(found[2]) * (1e9 if found[3] in "bB" else 1e6)


def _rounded(parameters: float) -> str:
    return f"{parameters / 1e9:.1f}B" if parameters >= 1e9 else f"{parameters / 1e6:.0f}M"


class KnownModels:
    """What asking models has shown, kept in a file of the data folder so that none is asked again within a week."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "models.json"

    def get(self, key: str) -> ModelFacts:
        """What is remembered of a model; nothing where the file is absent or damaged."""
        entry = self._read().get(key)
        if not isinstance(entry, dict) or time.time() - float(entry.get("time", 0)) > KEPT:
            return ModelFacts()
        return ModelFacts(**{field.name: entry.get(field.name) for field in fields(ModelFacts)})

    def put(self, key: str, facts: ModelFacts) -> None:
        """Remember `facts`; a folder that cannot be written to costs only the next asking."""
        entries = {**self._read(), key: {**asdict(facts), "time": time.time()}}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_file(self._file, [json.dumps(entries, indent=1).encode()])
        except OSError:
            return

    def _read(self) -> dict[str, object]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
