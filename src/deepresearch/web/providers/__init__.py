"""Search providers by name. A provider is one file here and one line in `PROVIDERS`; an installed package adds its own.

What is registered is a class that is called with (fetcher, key, base_url=..., contact=...) and describes its service
in `info`: see docs/extending.md.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import SettingsError
from ...plugins import Registry
from ..cache import CachedProvider, QueryCache
from ..search import SearchProvider

if TYPE_CHECKING:
    from .base import ApiProvider
    from .service import Caller

__all__ = ["PROVIDERS", "open_providers"]

PROVIDERS: "Registry[type[ApiProvider]]" = Registry(
    "providers",
    {
        "wikipedia": "deepresearch.web.providers.wikipedia:Wikipedia",
        "openalex": "deepresearch.web.providers.openalex:OpenAlex",
        "crossref": "deepresearch.web.providers.crossref:Crossref",
        "arxiv": "deepresearch.web.providers.arxiv:Arxiv",
        "searxng": "deepresearch.web.providers.searxng:SearXNG",
        "stepfun": "deepresearch.web.providers.stepfun:StepFun",
        "brave": "deepresearch.web.providers.brave:Brave",
        "serper": "deepresearch.web.providers.serper:Serper",
        "tavily": "deepresearch.web.providers.tavily:Tavily",
        "exa": "deepresearch.web.providers.exa:Exa",
    },
)


def open_providers(
    names: Sequence[str],
    fetcher: "Caller",
    keys: Mapping[str, str],
    options: Mapping[str, Mapping[str, Any]] | None = None,
    cache: QueryCache | None = None,
) -> list[SearchProvider]:
    """The providers of these names, in this order.

    keys, options: by provider; options are keyword arguments of its class (`base_url`, `contact`). cache: where answers
    are stored. Raises SettingsError for an unknown name or a missing key, which a replay does without.
    """
    opened: list[SearchProvider] = []
    for name in dict.fromkeys(names):
        provider, key = PROVIDERS.get(name), keys.get(name, "")
        if provider.info.key == "required" and not key and not (cache and cache.replay):
            raise SettingsError(f"The search provider {name} needs a key.", f"Set {provider.info.variable}.")
        made = provider(fetcher, key, **(options or {}).get(name, {}))
        opened.append(CachedProvider(made, cache) if cache else made)
    return opened
