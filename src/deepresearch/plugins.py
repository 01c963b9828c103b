"""Tables of what can be extended: built in, or registered by an installed package through a Python entry point.

A room has one `Registry` for each kind of thing. A package outside the tree adds to it with an entry point in the
group `deepresearch.<kind>` (see docs/extending.md). Nothing is imported before it is asked for.
"""

import difflib
from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from .errors import SettingsError

T = TypeVar("T")


class Registry(Generic[T]):
    """Things of one kind by name."""

    def __init__(self, kind: str, built_in: Mapping[str, str]) -> None:
        """kind: plural, as in the entry point's group, e.g. "tools". built_in: name to "package.module:attribute"."""
        self.kind = kind
        self._built_in = built_in

    def names(self) -> list[str]:
        """Every name: the built-in ones in their order, then those of installed packages."""
        return [*self._built_in, *sorted(self._plugins)]

    def get(self, name: str) -> T:
        """The thing of that name, imported now. Raises SettingsError for an unknown name or a plug-in that fails."""
        if place := self._built_in.get(name):
            module, _, attribute = place.partition(":")
            found: Any = getattr(import_module(module), attribute)
        elif plugin := self._plugins.get(name):
            found = self._load(plugin)
        else:
            near = difflib.get_close_matches(name, self.names(), n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(self.names())}."
            raise SettingsError(f"{name!r} is not among the {self.kind}.", hint)
        return found  # type: ignore[no-any-return]  # what an entry point names is known at run time only

    def is_built_in(self, name: str) -> bool:
        """Whether the thing ships with this project."""
        return name in self._built_in

    @cached_property
    def _plugins(self) -> dict[str, EntryPoint]:
        """Built-in names cannot be taken over."""
        return {e.name: e for e in entry_points(group=f"deepresearch.{self.kind}") if e.name not in self._built_in}

    def _load(self, plugin: EntryPoint) -> Any:
        try:
            return plugin.load()
        except Exception as error:  # a plug-in can fail in any way at import: named, so that it can be removed
            owner = plugin.dist.name if plugin.dist else "an installed package"
            raise SettingsError(
                f"{plugin.name!r} of {owner} ({plugin.value}) cannot be loaded: {error!r}.",
                f"Repair or remove {owner}.",
            ) from error
