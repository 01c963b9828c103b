"""Providers by name."""

import subprocess
import sys
from pathlib import Path

import pytest

from deepresearch.errors import SettingsError
from deepresearch.web.cache import CachedProvider, QueryCache
from deepresearch.web.fetch import Fetcher
from deepresearch.web.providers import PROVIDERS, open_providers
from deepresearch.web.providers.base import ApiProvider
from tests.support.search_server import KEY


@pytest.mark.parametrize("name", PROVIDERS.names())
def test_every_line_opens_a_provider_of_that_name(name: str, fetcher: Fetcher) -> None:
    (provider,) = open_providers([name], fetcher, {name: KEY}, {name: {"base_url": "https://gateway.example/"}})
    assert isinstance(provider, ApiProvider)
    assert provider.name == name
    assert provider.base == "https://gateway.example"
    assert provider.info.kinds
    assert (sys.modules[type(provider).__module__].__doc__ or "").count("https://"), "its documentation is named"


def test_the_order_is_kept_and_repeats_are_dropped(fetcher: Fetcher) -> None:
    opened = open_providers(["arxiv", "wikipedia", "arxiv"], fetcher, {})
    assert [provider.name for provider in opened] == ["arxiv", "wikipedia"]


def test_a_missing_key_names_its_variable(fetcher: Fetcher) -> None:
    with pytest.raises(SettingsError, match="DEEPRESEARCH_TAVILY_API_KEY"):
        open_providers(["tavily"], fetcher, {})
    assert open_providers(["openalex"], fetcher, {}), "a key is welcome there, not needed"


def test_an_unknown_name_suggests_the_nearest(fetcher: Fetcher) -> None:
    with pytest.raises(SettingsError, match="Did you mean wikipedia"):
        open_providers(["wikipeda"], fetcher, {})


def test_services_with_a_key_name_its_variable() -> None:
    keyed = {name for name in PROVIDERS.names() if PROVIDERS.get(name).info.variable}
    assert keyed == {"openalex", "stepfun", "brave", "serper", "tavily", "exa"}


def test_answers_are_kept_where_there_is_a_cache(fetcher: Fetcher, tmp_path: object) -> None:
    (provider,) = open_providers(["arxiv"], fetcher, {}, cache=QueryCache(tmp_path / "q.sqlite3"))  # type: ignore[operator]
    assert isinstance(provider, CachedProvider)
    assert provider.name == "arxiv"


def test_the_list_loads_no_provider() -> None:
    code = (
        "import sys, deepresearch.web.providers; "
        "print([m for m in sys.modules if m in ('lxml', 'httpcore2', 'deepresearch.web.providers.base')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_provider_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs" / "providers.md").read_text(encoding="utf-8")
    assert [name for name in PROVIDERS.names() if f"| `{name}` |" not in page] == []
