"""The address and key of an endpoint, which models it has, and how long their contexts are."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..errors import KeyRefused, ModelUnreachable, NotAnEndpoint, SettingsError
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


def checked_key(key: str) -> str:
    """The key itself. Raises SettingsError for one that cannot be sent."""
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise SettingsError(
            "The key of the model endpoint has characters that no key has.", "Copy it again, without line breaks."
        )
    return key


def addresses(base_url: str, tail: str, setting: str) -> tuple[str, str]:
    """Where requests for `tail` go, and the same as it may be shown. Raises SettingsError."""
    try:
        parts = urlsplit(base_url.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, or none of those that exist; brackets that do not close
        usable = False
    if not usable:
        raise SettingsError(
            f"{setting} = {base_url.rsplit('@', 1)[-1]!r} is not the address of an endpoint.",
            "Use http://host:port/v1, with a port from 1 to 65535.",
        )
    path = parts.path.rstrip("/")
    path = path if path.endswith(tail) else path + tail
    shown = parts._replace(netloc=parts.netloc.rsplit("@", 1)[-1], path=path, query="", fragment="")
    return parts._replace(path=path, fragment="").geturl(), shown.geturl()
