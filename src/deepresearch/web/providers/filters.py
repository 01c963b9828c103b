"""Filters of a query, applied to results here where the service behind a provider cannot apply them."""

import re
from datetime import date
from urllib.parse import unquote, urlsplit

from ...errors import FetchFailed
from ...text.characters import HAN, HANGUL, KANA
from ..urls import parse_url

Site = tuple[str, str]
"""Host and folder, the folder without a slash at its end."""
_OPENING = re.compile(r"^(?:https?://)?(?:\*?\.)?", re.I)
_SPECIAL = re.compile(r"[\s\"<>]")
"""What a query would not take as a part of the site."""
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_SCRIPTS = (("ja", f"[{KANA}]"), ("ko", f"[{HANGUL}]"), ("zh", f"[{HAN}]"))


def parse_site(site: str) -> Site | None:
    """Host and folder of `gov.cn`, `*.gov.cn`, `www.gov.cn/zhengce` or a URL; None where it names no host."""
    bare = _OPENING.sub("", site.strip())
    try:
        host = parse_url(f"http://{bare}").host
    except FetchFailed:
        return None
    folder = unquote(bare.partition("/")[2].partition("?")[0].partition("#")[0]).strip("/")
    return None if _SPECIAL.search(folder) else (host, f"/{folder}" if folder else "")


def within(url: str, site: Site) -> bool:
    """Whether `url` lies on the host, or on one below it, and in the folder."""
    parts = urlsplit(url)
    return covers(site[0], parts.hostname or "") and f"{unquote(parts.path)}/".startswith(f"{site[1]}/")


def covers(domain: str, host: str) -> bool:
    """Whether `host` is `domain` or below it."""
    return host == domain or host.endswith("." + domain)


def in_range(day: str, since: str | None, until: str | None) -> bool:
    """Whether some day of `day` (YYYY, YYYY-MM or YYYY-MM-DD) lies between the two days."""
    return (since or "")[: len(day)] <= day <= (until or "9999-12-31")[: len(day)]


def is_day(text: str) -> bool:
    """Whether `text` is a day of the calendar, YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def primary_language(tag: object) -> str | None:
    """`zh` of `zh-CN`; None of what is no language tag."""
    code = re.split("[-_]", tag.strip().lower())[0] if isinstance(tag, str) else ""
    return code if _LANGUAGE.fullmatch(code) else None


def script_language(text: str) -> str:
    """The language that the script of `text` points to, English where it is Latin."""
    return next((code for code, script in _SCRIPTS if re.search(script, text)), "en")
