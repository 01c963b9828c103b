"""Which models an endpoint has, and how long their contexts are."""

from dataclasses import dataclass
from typing import Any

from ..errors import KeyRefused, ModelUnreachable, NotAnEndpoint
from ..network import client_options
from ..settings import NetworkSettings

TIMEOUT = 10.0
"""Seconds."""
_CONTEXT = ("n_ctx", "max_model_len", "context_length", "context_window", "max_context_length", "max_input_tokens")
"""Names under which llama.cpp (within `meta`), vLLM and SGLang, OpenRouter, Groq, LM Studio and others give the size of
the context."""


@dataclass(frozen=True)
class ListedModel:
    """A model that an endpoint offers."""

    name: str
    context: int | None = None
    """Tokens of prompt and reply together; None where the endpoint does not give it."""
    parameters: float | None = None
    owner: str = ""
    """Whom the endpoint names as its owner; local servers name themselves."""


def list_models(
    base_url: str, key: str, network: NetworkSettings | None = None, timeout: float = TIMEOUT
) -> list[ListedModel]:
    """The models that the endpoint lists. `timeout`: seconds. Raises ModelError, SettingsError."""
    import httpx2  # noqa: PLC0415  a stack that most commands do not need

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = f"{base_url.rstrip('/')}/models"
    options = client_options(url, network or NetworkSettings())
    try:
        with httpx2.Client(headers=headers, timeout=timeout, **options) as client:
            reply = client.get(url)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ModelUnreachable(f"{base_url} cannot be reached ({type(error).__name__}).", "Is it running?") from error
    if reply.status_code in (401, 403):
        raise KeyRefused(f"{base_url} refuses the key.", "Set DEEPRESEARCH_API_KEY.")
    try:
        rows = reply.raise_for_status().json()["data"]
        return [_listed(row) for row in rows]
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        raise NotAnEndpoint(f"{url} does not answer in the chat dialect.", "Is it the root of the API?") from error


def _listed(row: dict[str, Any]) -> ListedModel:
    meta = row.get("meta")
    places = (meta if isinstance(meta, dict) else {}, row)
    found = [place[name] for place in places for name in _CONTEXT if type(place.get(name)) is int and place[name] > 0]
    size = places[0].get("n_params")
    return ListedModel(
        str(row["id"]),
        found[0] if found else None,
        float(size) if isinstance(size, int | float) and size > 0 else None,
        str(row.get("owned_by") or ""),
    )
