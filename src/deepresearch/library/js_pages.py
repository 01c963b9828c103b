"""Pages that have next to no text until their scripts have run: a browser could read them, a reader of HTML cannot."""

import re
from collections.abc import Iterable

from .passages import size

NEARLY_EMPTY = 12
"""Words: a page with scripts and less text than this is made by its scripts."""
FRAME = 40
"""Words of menu and footer that may be around the empty place where scripts put the page."""
_LOOKED_AT = 2**20  # bytes of a page that are looked at
_MOUNT = re.compile(
    rb"<(div|main|section)\b[^<>]*\bid\s*=\s*[\"']?(?:root|app|__next|__nuxt|___gatsby|svelte|sapper|q-app|ember-app"
    rb"|main-app|app-root|react-root|react-app|vue-app|application)[\"'\s>][^<>]*>?\s*(?:<!--[^<>]*-->\s*)*</\1\s*>"
    rb"|<([a-z][a-z0-9]*-(?:root|app))\b[^<>]*>[^<>]{0,80}</\2\s*>",
    re.IGNORECASE,
)
"""An element in which the usual frameworks put the page, with nothing in it."""
_NOTICE = re.compile(
    r"cookie|consent|gdpr|java\s?script|your browser|browser (?:is|version)|(?:un)?supported browser|please wait"
    r"|\bloading\b|just a moment|accept all|reject all|privacy (?:policy|settings|preferences)|manage preferences"
    r"|verify (?:that )?you are (?:a )?human|datenschutz|einwilligung|浏览器|隐私|正在加载|加载中|请稍候|请启用|脚本",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?。！？…])\s*|\n+")


def needs_browser(html: bytes, texts: Iterable[str]) -> bool:
    """Whether a page's content comes from its scripts.

    html: the page; texts: what a reader has found in it. What asks for cookies, for patience or for another browser
    is not content.
    """
    start = html[:_LOOKED_AT]
    if b"<script" not in start.lower():
        return False
    most = FRAME if _MOUNT.search(start) else NEARLY_EMPTY
    whole = "\n".join(texts)
    if size(whole) > 10 * most:  # so much text is a page, whatever it is about
        return False
    content = " ".join(part for part in _SENTENCE.split(whole) if part and not _NOTICE.search(part))
    return size(content) < most
