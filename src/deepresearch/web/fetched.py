"""The result of a request."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Fetched:
    """An answer as it was read. Its body is hostile until sanitised."""

    url: str
    """As asked, normalised, without fragment."""
    final_url: str
    """After redirects."""
    status: int
    headers: Mapping[str, str]
    """Names in lower case; from the archive only those worth keeping (no cookies)."""
    body: bytes
    """Content decoding undone."""
    fetched: float
    """When it was read from the network, seconds since the epoch."""
    from_archive: bool
