"""Model servers on this machine: Ollama, LM Studio, llama.cpp, vLLM, SGLang, or anything that answers like them.

Only loopback addresses are asked. What a server tells beside the common list of models is asked in its own way:

    Ollama      /api/show (size, abilities, context set for the model), /api/ps (loaded models with their context)
    LM Studio   /api/v0/models (state, abilities, context)
    llama.cpp   /props (context of one request, chat template)
"""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ModelError, SettingsError
from ..models.listing import list_models
from ..network import is_on_this_machine
from ..settings import ModelSettings, NetworkSettings
from .facts import ModelFacts, parameters_in

if TYPE_CHECKING:
    import httpx2

PATIENCE = 2.0
"""Seconds for an answer from this machine."""
OWNERS = {"llamacpp": "llama.cpp", "vllm": "vLLM", "sglang": "SGLang", "library": "Ollama"}
"""What servers give as the owner of a model."""
LARGEST_UNASKED = 9e9
"""Parameters up to which a model that is not loaded yet is chosen automatically."""
_CONTEXT_SET = re.compile(r"^\s*num_ctx\s+(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class LocalModel:
    """A model that a server on this machine offers."""

    server: str
    """Name of the server's program."""
    base_url: str
    name: str
    facts: ModelFacts
    loaded: bool = True
    """False where the server would load it at the first request."""
    chats: bool = True
    """False for a model that only makes vectors."""


def find_models(ports: Sequence[int]) -> list[LocalModel]:
    """The models of every server that answers on one of `ports` of this machine, in their order."""
    with ThreadPoolExecutor(max_workers=max(len(ports), 1)) as pool:
        found = pool.map(lambda port: models_at(f"http://127.0.0.1:{port}/v1"), ports)
    return [model for models in found for model in models]


def models_at(base_url: str) -> list[LocalModel]:
    """The models of the server at a loopback address; none where nothing there answers like one."""
    import httpx2  # noqa: PLC0415  a stack that most commands do not need

    try:
        listed = list_models(base_url, "", timeout=PATIENCE)
    except (ModelError, SettingsError):
        return []
    root = base_url.rstrip("/").removesuffix("/v1")
    with httpx2.Client(base_url=root, timeout=PATIENCE, trust_env=False) as client:
        names = [one.owner for one in listed if one.owner]
        server = next((OWNERS[name] for name in names if name in OWNERS), "")
        studio = [] if server else [row for row in _rows(_ask(client, "/api/v0/models"), "data") if "state" in row]
        if studio:
            return [_of_lm_studio(base_url, row) for row in studio]
        if server in ("", "Ollama") and "models" in (tags := _ask(client, "/api/tags")):
            loaded = {str(row.get("name")): row for row in _rows(_ask(client, "/api/ps"), "models")}
            return [_of_ollama(base_url, str(row.get("name")), loaded, client) for row in _rows(tags, "models")]
        told = _told_by_llama_cpp(_ask(client, "/props")) if server == "llama.cpp" else ModelFacts()
    return [
        LocalModel(
            server or "a server",
            base_url,
            one.name,
            told.over(ModelFacts(one.context, one.parameters or parameters_in(one.name))),
        )
        for one in listed
    ]


def facts_at(model: ModelSettings, key: str, network: NetworkSettings) -> ModelFacts:
    """What the endpoint of `model` tells of it; nothing where it does not answer soon, for the run to find out why."""
    if is_on_this_machine(model.base_url) and not key:
        return next((one.facts for one in models_at(model.base_url) if one.name == model.name), ModelFacts())
    try:
        listed = list_models(model.base_url, key, network, timeout=PATIENCE)
    except (ModelError, SettingsError):
        return ModelFacts()
    return next((ModelFacts(one.context, one.parameters) for one in listed if one.name == model.name), ModelFacts())


def choose(models: Sequence[LocalModel]) -> LocalModel | None:
    """The model for `--model auto`: one that is loaded rather than one that is not, then the largest."""
    usable = [model for model in models if model.chats]

    def rank(model: LocalModel) -> tuple[bool, bool, float]:
        size = model.facts.parameters or 0.0
        return model.loaded, size <= LARGEST_UNASKED, size if size <= LARGEST_UNASKED or model.loaded else -size

    return max(usable, key=rank, default=None)


def _ask(client: "httpx2.Client", path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A server's answer as an object; empty where it has no such address."""
    import httpx2  # noqa: PLC0415

    try:
        reply = client.post(path, json=body) if body else client.get(path)
        found = reply.raise_for_status().json()
    except (httpx2.HTTPError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _rows(answer: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    rows = answer.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _of_lm_studio(base_url: str, row: Mapping[str, Any]) -> LocalModel:
    name, loaded = str(row.get("id")), row.get("state") == "loaded"
    able = row.get("capabilities")
    context = _whole(row.get("loaded_context_length") if loaded else None)
    embeds = row.get("type") == "embeddings"
    tools = "tool_use" in able if isinstance(able, list) else None
    facts = ModelFacts(context, parameters_in(name), None if embeds else tools, embeddings=embeds or None)
    return LocalModel("LM Studio", base_url, name, facts, loaded, not embeds)


def _of_ollama(base_url: str, name: str, loaded: Mapping[str, Any], client: "httpx2.Client") -> LocalModel:
    shown = _ask(client, "/api/show", {"model": name})
    able, info = shown.get("capabilities"), shown.get("model_info")
    info = info if isinstance(info, dict) else {}
    given = _CONTEXT_SET.search(str(shown.get("parameters", "")))
    context = _whole(loaded.get(name, {}).get("context_length")) or (int(given[1]) if given else None)
    able = able if isinstance(able, list) else ["completion"]
    size = _whole(info.get("general.parameter_count"))
    facts = ModelFacts(
        context,
        float(size) if size else parameters_in(name),
        "tools" in able if "completion" in able else None,
        embeddings="embedding" in able or None,
    )
    return LocalModel("Ollama", base_url, name, facts, name in loaded, "completion" in able)


def _told_by_llama_cpp(props: Mapping[str, Any]) -> ModelFacts:
    """The context of one request, and whether the chat template knows tools: where it does not, they are dropped."""
    generation = props.get("default_generation_settings")
    context = _whole(generation.get("n_ctx")) if isinstance(generation, dict) else None
    template = props.get("chat_template")
    return ModelFacts(context, tools=False if isinstance(template, str) and "tools" not in template else None)


def _whole(given: Any) -> int | None:
    return given if type(given) is int and given > 0 else None
