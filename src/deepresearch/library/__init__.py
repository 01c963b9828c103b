"""The user's own documents: read, cut into passages, indexed, searched."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .adding import AddReport
    from .library import Library
    from .provider import LibraryProvider


__all__ = ["AddReport", "Library", "LibraryProvider"]

_HOMES = {"AddReport": "adding", "Library": "library", "LibraryProvider": "provider"}


def __getattr__(name: str) -> Any:
    """The exported names, each loaded at first use: the engine and the readers are slow to import."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
