"""What shows before a reader has seen an answer: it is not a page, empty, or a login form instead."""

import re
from collections.abc import Mapping

from ..errors import FetchFailed
from .urls import Url

SHORTEST_ARTICLE = 1_500
"""Characters of text beside a password field from which it counts as a page, not as a login form."""
_LOOKED_AT = 2**18  # bytes of a page that are looked at
_NOT_READ = frozenset({"image", "audio", "video", "font", "model"})
_LOGIN_PATH = re.compile(r"/(log-?in|sign-?in|sso|auth|authenticate|wp-login)(?![a-z])", re.IGNORECASE)
_PASSWORD = re.compile(rb"<input\b[^<>]*\btype\s*=\s*[\"']?password\b", re.IGNORECASE)
_UNSEEN = re.compile(rb"<(?:script|style)\b", re.IGNORECASE)
_SEEN_AGAIN = re.compile(rb"</(?:script|style)\b", re.IGNORECASE)
_TAG = re.compile(rb"<[^<>]*>")


def is_readable(url: Url, status: int, headers: Mapping[str, str]) -> bool:
    """Whether the body is worth reading. Raises FetchFailed where it is an image, a sound, a film."""
    if not 200 <= status < 300:
        return False
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.partition("/")[0] in _NOT_READ:
        raise FetchFailed(f"{url.place} is not a document but of type {kind[:60]}.", outcome="wrong_kind")
    return True


def check_status(url: Url, status: int) -> None:
    """Raises FetchFailed where the server has given no page."""
    if status in (401, 407):
        raise _login(url, f"HTTP {status}")
    if status in (404, 410):
        raise FetchFailed(f"{url.place} does not exist (HTTP {status}).", outcome=f"http_{status}")
    if not 200 <= status < 300:
        raise FetchFailed(f"{url.place} was not given by its server (HTTP {status}).", outcome=f"http_{status}")


def check_page(asked: Url, url: Url, headers: Mapping[str, str], body: bytes) -> None:
    """Raises FetchFailed where the body is none, or a form to log in. asked: before redirects; url: after them."""
    if not body.strip():
        raise FetchFailed(f"{url.place} is empty.", outcome="empty")
    if _LOGIN_PATH.search(url.target) and not _LOGIN_PATH.search(asked.target):
        raise _login(asked, f"it leads to {url.place}")
    if "html" in headers.get("content-type", "html") and _is_login_form(body[:_LOOKED_AT]):
        raise _login(url, "there is a form to log in and hardly any text")


def _is_login_form(html: bytes) -> bool:
    if not _PASSWORD.search(html):
        return False
    seen = b" ".join(_UNSEEN.split(part, maxsplit=1)[0] for part in _SEEN_AGAIN.split(html))
    text = _TAG.sub(b" ", seen)
    return len(b" ".join(text.split())) < SHORTEST_ARTICLE


def _login(url: Url, why: str) -> FetchFailed:
    return FetchFailed(f"{url.place} can only be read after a login ({why}).", outcome="login_wall")
