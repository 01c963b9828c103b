"""What `doctor` reports on services and servers: search services and their keys, indexes, embeddings, the model."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..settings import Settings
    from ..web.search import SearchProvider

PATIENCE = 15.0
"""Seconds for the answer of a service."""
QUICK = 3
"""Seconds for the answer of a server."""


@dataclass(frozen=True)
class Finding:
    what: str
    state: str
    """ok, missing (something optional is not there) or bad."""
    detail: str


def found(what: str, check: Callable[[], str]) -> Finding:
    """ok with what `check` gives; bad with the error that it raises."""
    from ..errors import DeepResearchError

    try:
        return Finding(what, "ok", check())
    except DeepResearchError as error:
        return Finding(what, "bad", str(error))


def services(settings: "Settings", online: bool) -> Iterator[Finding]:
    """What works of the services and servers that the settings name. `online`: ask those on other machines too."""
    yield from _search(settings)
    if online:
        yield from asyncio.run(_asked(settings))
    yield from _index(settings, online)
    yield from _embeddings(settings, online)
    yield _model(settings, online)
    yield from _served_here(settings)


def _search(settings: "Settings") -> Iterator[Finding]:
    """The search services by their keys, whose values are never shown."""
    from ..web.providers import PROVIDERS

    search, names, keys = settings.search, PROVIDERS.names(), settings.service_keys()
    infos = {name: PROVIDERS.get(name).info for name in names}
    if search.canned:
        yield Finding("web search", "ok", f"the folder {search.canned} is used as the web; no service is asked")
    chosen = dict.fromkeys([*search.providers, *(["searxng"] if search.searxng_url else [])])
    for name in chosen:
        if name not in infos:
            yield Finding(f"search {name}", "bad", f"no such service; there are {', '.join(names)}")
        elif name == "searxng":
            named = search.searxng_url
            yield Finding("search searxng", "ok" if named else "bad", named or "search.searxng_url is not set")
        elif infos[name].key == "none":
            yield Finding(f"search {name}", "ok", "needs no key")
        elif name in keys:
            yield Finding(f"search {name}", "ok", f"{infos[name].variable} is set")
        else:
            needed = infos[name].key == "required"
            detail = f"{infos[name].variable} is not set{'' if needed else ', and need not be'}"
            yield Finding(f"search {name}", "bad" if needed else "ok", detail)
    keyed = [name for name, info in infos.items() if info.key != "none" and name not in chosen]
    others = [f"{name} ({'key set' if name in keys else 'no key'})" for name in keyed]
    if others:
        yield Finding("search, others", "ok", f"not in search.providers: {', '.join(others)}")


async def _asked(settings: "Settings") -> list[Finding]:
    """How each search service answers a query."""
    from ..agent.control import Handlers
    from ..agent.sources import open_sources
    from ..errors import SettingsError
    from ..trajectory import Task
    from ..web.search import SearchProvider

    fresh = settings.search.model_copy(update={"web": True, "cache_hours": 0})
    try:
        sources = open_sources(settings.model_copy(update={"search": fresh}), Task(question="?"), Handlers())
    except SettingsError as error:
        return [Finding("web search", "bad", str(error))]
    try:
        providers = [source for source in sources.all if isinstance(source, SearchProvider)]
        return await asyncio.gather(*map(_answer_of, providers))
    finally:
        sources.abandon()
        await sources.close()


async def _answer_of(provider: "SearchProvider") -> Finding:
    from ..errors import SearchFailed
    from ..web.search import Query

    try:
        async with asyncio.timeout(PATIENCE):
            result = await provider.search(Query("water", k=1))
    except SearchFailed as error:
        return Finding(f"search {provider.name}", "bad", str(error))
    except TimeoutError:
        return Finding(f"search {provider.name}", "bad", f"no answer within {PATIENCE:g} s")
    return Finding(f"search {provider.name}", "ok", f"answers, with {len(result.hits)} results")


def _index(settings: "Settings", online: bool) -> Iterator[Finding]:
    """The servers that keep indexes of libraries, as far as the settings use them."""
    from ..library.dense.qdrant import QdrantVectors
    from ..library.opensearch import OpenSearchEngine
    from ..library.servers import OPENSEARCH, QDRANT, Server

    library = settings.library
    used: list[tuple[Server, str, type[OpenSearchEngine] | type[QdrantVectors]]] = []
    if library.engine == "opensearch":
        used.append((OPENSEARCH, library.opensearch_url, OpenSearchEngine))
    if library.dense != "off" and library.vectors == "qdrant":
        used.append((QDRANT, library.qdrant_url, QdrantVectors))
    for server, url, client in used:
        if waits := _not_asked(url, server.setting, settings, online):
            yield Finding(server.name, *waits)
            continue
        key = settings.service_keys().get(server.name.lower(), "")

        def version(url: str = url, client: Any = client, key: str = key) -> str:
            with closing(client(url, "", key, timeout=QUICK, attempts=1)) as opened:
                return f"{url}, version {opened.server_version()}"

        yield found(server.name, version)
    if not used:
        yield Finding("library index", "ok", "on disk, beside the documents")


def _embeddings(settings: "Settings", online: bool) -> Iterator[Finding]:
    """Whether texts can be made vectors, where the settings ask for it."""
    from pathlib import Path

    from ..models.embeddings import EmbeddingClient

    library = settings.library
    if library.dense == "off":
        return
    if library.dense == "onnx":
        lacking = [name for name in ("model.onnx", "tokenizer.json") if not (Path(library.dense_model) / name).exists()]
        detail = f"{library.dense_model or '(library.dense_model is not set)'} has no {' and no '.join(lacking)}"
        yield Finding("embeddings", *(("bad", detail) if lacking else ("ok", library.dense_model)))
        return
    url = library.dense_url or settings.model.base_url
    if waits := _not_asked(url, "library.dense_url", settings, online):
        yield Finding("embeddings", *waits)
        return

    def embedded() -> str:
        key = settings.service_keys().get("embeddings") or ("" if library.dense_url else settings.key())
        client = EmbeddingClient(library.dense_model, url, key, network=settings.network, timeout=QUICK, retries=0)
        with closing(client):
            return f"{library.dense_model} at {url}, {len(client.embed(['water'])[0])} numbers a text"

    yield found("embeddings", embedded)


def _model(settings: "Settings", online: bool) -> Finding:
    """Whether the endpoint answers and knows the model."""
    from ..errors import SettingsError
    from ..local.llama_server import checked_file
    from ..models.listing import list_models

    model, url = settings.model.name, settings.model.base_url
    if settings.model.file:
        return found("model file", lambda: str(checked_file(settings.model.file)))
    if not url and model == "auto":
        return Finding("model", "ok", "auto: the one that this machine serves")
    if not url:
        return Finding("model", "missing", "none named; the extractive policy works without one")
    if waits := _not_asked(url, "model.base_url", settings, online):
        return Finding("model endpoint", *waits)

    def listed() -> str:
        contexts = {one.name: one.context for one in list_models(url, settings.key(), settings.network)}
        if model and model not in contexts:
            raise SettingsError(f"{url} does not list {model}; it has {', '.join([*contexts][:5])}")
        return f"{url}, {len(contexts)} models" + (
            f", a context of {contexts[model]} tokens" if contexts.get(model) else ""
        )

    return found("model endpoint", listed)


def _served_here(settings: "Settings") -> Iterator[Finding]:
    """The models that servers on this machine offer, what they can do, and the program that would serve a file."""
    from ..errors import SettingsError
    from ..local.llama_server import found_program
    from ..local.prepare import survey

    ports = ", ".join(map(str, settings.model.ports))
    models = survey(settings)
    for model, problems in models:
        what = f"{model.server} at {model.base_url}: {model.facts.in_words()}{'' if model.loaded else ', not loaded'}"
        yield Finding(f"model {model.name}", "missing" if problems else "ok", " ".join([what, *problems]))
    if not models:
        yield Finding("models on this machine", "missing", f"no server answers on ports {ports} (model.ports)")
    try:
        yield Finding("llama-server", "ok", f"{found_program(settings.model.server)}, for --model-file")
    except SettingsError as error:
        yield Finding("llama-server", "missing", f"{error} Only --model-file needs it.")


def _not_asked(url: str, setting: str, settings: "Settings", online: bool) -> tuple[str, str] | None:
    """State and detail for a server that is not to be asked; None: it is."""
    from ..network import is_on_this_machine

    if not url:
        return "bad", f"{setting} is not set"
    if is_on_this_machine(url):
        return None
    if settings.search.private:
        return "bad", f"{url} is on another machine, which private mode does not allow"
    return None if online else ("ok", f"{url}, on another machine and not asked (--online does)")
