"""Replies that have been paid for, cached by request: durable before they are used."""

import hashlib
import json
from pathlib import Path
from typing import Any

from ..errors import InternalError
from ..files import write_file
from ..trajectory import Reply

FOLDER = "judgements"
"""Name of the cache's folder within a data folder."""
VERSION = 1
"""Raised when the form of an entry changes; entries of another version are ignored."""


class ReplyCache:
    """A file for each reply in one folder, shared by processes."""

    def __init__(self, folder: Path) -> None:
        """folder: made here if need be. Raises InternalError where that fails."""
        self.folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._trouble(folder, error) from error

    def get(self, key: str) -> Reply | None:
        """The reply stored under `key`. Raises InternalError for a damaged file."""
        path = self.folder / f"{key}.json"
        try:
            return Reply.model_validate(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self._trouble(path, error) from error

    def put(self, key: str, reply: Reply) -> None:
        """Store a reply; durable on return. Raises InternalError."""
        entry = reply.model_dump(mode="json", include={"text", "finish", "usage", "cost", "seconds", "model"})
        path = self.folder / f"{key}.json"
        try:
            write_file(path, [json.dumps(entry).encode()])
        except OSError as error:
            raise self._trouble(path, error) from error

    @staticmethod
    def _trouble(path: Path, error: Exception) -> InternalError:
        hint = "Check space and rights, or remove a damaged file: its question is then asked again."
        return InternalError(f"{path} cannot be used: {error}.", hint)


def key_of(*parts: Any) -> str:
    """The key of a request: a hash of everything that distinguishes it from others."""
    return hashlib.sha256(json.dumps([VERSION, *parts], sort_keys=True).encode()).hexdigest()
