"""Search providers by name. A provider is one file here and one line in `PROVIDERS`."""

import difflib
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ...errors import SettingsError
from ..cache import CachedProvider, QueryCache
from ..search import SearchProvider

if TYPE_CHECKING:
    from .asking import Caller

__all__ = ["KEY_VARIABLES", "PROVIDERS", "keys_from", "open_providers"]


class Entry(NamedTuple):
    """Where a provider is and what it needs."""

    home: str
    """Module of this folder and class, loaded when it is opened."""
    key: Literal["none", "optional", "required"] = "none"


PROVIDERS: Mapping[str, Entry] = {
    "wikipedia": Entry("wikipedia:Wikipedia"),
    "openalex": Entry("openalex:OpenAlex", "optional"),
    "crossref": Entry("crossref:Crossref"),
    "arxiv": Entry("arxiv:Arxiv"),
    "searxng": Entry("searxng:SearXNG"),
    "stepfun": Entry("stepfun:StepFun", "required"),
    "brave": Entry("brave:Brave", "required"),
    "serper": Entry("serper:Serper", "required"),
    "tavily": Entry("tavily:Tavily", "required"),
    "exa": Entry("exa:Exa", "required"),
    "canned": Entry("canned:CannedWeb"),
}
KEY_VARIABLES: Mapping[str, str] = {
    name: f"DEEPRESEARCH_{name.upper()}_API_KEY" for name, entry in PROVIDERS.items() if entry.key != "none"
}
"""The environment variable that holds the key of a provider."""


def keys_from(environment: Mapping[str, str]) -> dict[str, str]:
    """The providers' keys that `environment` holds, by provider."""
    found = {name: environment.get(variable, "").strip() for name, variable in KEY_VARIABLES.items()}
    return {name: key for name, key in found.items() if key}


def open_providers(
    names: Sequence[str],
    fetcher: "Caller",
    keys: Mapping[str, str],
    options: Mapping[str, Mapping[str, Any]] | None = None,
    cache: QueryCache | None = None,
) -> list[SearchProvider]:
    """The providers of these names, in this order.

    keys, options: by provider; options are the keyword arguments of its class (`base_url`, `contact`; for the canned
    web see there). cache: where answers are kept; the canned web needs none.
    Raises SettingsError for an unknown name or a missing key, which a replay does without.
    """
    keyless = cache is not None and cache.replay
    opened: list[SearchProvider] = []
    for name in dict.fromkeys(names):
        provider = _open(name, fetcher, keys.get(name, ""), (options or {}).get(name, {}), keyless)
        opened.append(CachedProvider(provider, cache) if cache and name != "canned" else provider)
    return opened


def _open(name: str, fetcher: "Caller", key: str, options: Mapping[str, Any], keyless: bool) -> SearchProvider:
    entry = PROVIDERS.get(name)
    if entry is None:
        near = difflib.get_close_matches(name, PROVIDERS, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(PROVIDERS)}."
        raise SettingsError(f"There is no search provider {name!r}.", hint)
    if entry.key == "required" and not key and not keyless:
        raise SettingsError(f"The search provider {name} needs a key.", f"Set {KEY_VARIABLES[name]}.")
    module, _, made = entry.home.partition(":")
    factory = getattr(import_module(f".{module}", __name__), made)
    provider: SearchProvider = factory(**options) if name == "canned" else factory(fetcher, key, **options)
    return provider
