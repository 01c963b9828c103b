"""A deep-research system: an agent, its training data, and its evaluation.

The public library: `research` and `aresearch` turn a question into a `Report`, a `Session` lets a program watch and
steer a run, `Settings` holds every knob. Everything else may change between versions.
"""

from typing import TYPE_CHECKING, Any

from .version import __version__

__all__ = ["DeepResearchError", "Report", "Session", "Settings", "__version__", "aresearch", "research"]

if TYPE_CHECKING:
    from .api import Report, Session, aresearch, research
    from .errors import DeepResearchError
    from .settings import Settings

_PLACES = {"DeepResearchError": "errors", "Settings": "settings"}


def __getattr__(name: str) -> Any:
    """Each name is imported at its first use, so that `import deepresearch` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f".{_PLACES.get(name, 'api')}", __name__), name)
