"""One reading of a URL, strict: what was checked is what is dialled.

Parsers differ over odd spellings, and a guard that reads a URL differently from the client behind it is not a guard. So
whatever could be read in two ways is refused here, and nothing behind this module reads a URL again.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NoReturn
from urllib.parse import quote, unquote, urljoin

from ..errors import FetchFailed

LONGEST = 8_000  # characters
_PORTS = {"http": 80, "https": 443}
_PARTS = re.compile(r"(https?)://([^/?#]+)([^?#]*)(\?[^#]*)?(?:#.*)?", re.IGNORECASE | re.ASCII)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:@%\s]+)(?::([0-9]{0,5}))?", re.IGNORECASE | re.ASCII)
_NOT_PRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE | re.ASCII)
_TRACKING = re.compile(
    r"utm_\w+|(?:gcl|gclsr|dcl|fbcl|msclk|ycl|ttcl|twcl|igsh)(?:id|src)|gbraid|wbraid|mc_[ce]id|_hs(?:enc|mi)|srsltid",
    re.IGNORECASE,
)
"""Query parameters that only record how a reader came to the page."""
_VARIANT = re.compile(r"^(?:www\d?|m|mobile)\.|(?<=^[a-z]{2}\.)m\.")
"""Parts of a host that mostly name another form of the same site: www.a.org, m.a.org, en.m.a.org."""
_AS_IS = "/%:@!$&'()*+,;=~"
"""Characters that are not escaped in a path; in a query `?` as well."""


@dataclass(frozen=True)
class Url:
    """An http or https address, normalised."""

    scheme: str
    host: str
    """Lower case, IDNA, without brackets and without a final dot."""
    port: int
    target: str
    """Path and query, percent-encoded."""
    literal: IPv4Address | IPv6Address | None
    """The address, where the host is one."""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.target}"

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if isinstance(self.literal, IPv6Address) else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def place(self) -> str:
        """For messages: without the query, which may hold a key."""
        return self.netloc + self.target.partition("?")[0]

    def join(self, location: str) -> "Url":
        """Where a redirect from here leads. Raises FetchFailed."""
        _check_text(location)
        return parse_url(location if _SCHEME.match(location) else urljoin(str(self), location))


def parse_url(text: str) -> Url:
    """Read a URL. Raises FetchFailed (bad_url) for other schemes and for anything that can be read in two ways."""
    _check_text(text)
    parts = _PARTS.fullmatch(text)
    if not parts:
        _refuse(text, "it is not of the form http(s)://host/path")
    scheme = parts[1].lower()
    authority = _AUTHORITY.fullmatch(parts[2])
    if not authority:
        _refuse(text, "it has a user name" if "@" in parts[2] else "its host or port is in an unusual form")
    port = int(authority[2]) if authority[2] else _PORTS[scheme]
    if not 0 < port < 65_536:
        _refuse(text, "no such port")
    host, literal = _host(authority[1], text)
    target = quote(parts[3] or "/", safe=_AS_IS)
    if parts[4]:
        target += "?" + quote(parts[4][1:], safe=_AS_IS + "?")
    return Url(scheme, host, port, target, literal)


def page_address(url: str) -> str:
    """`url`, as `parse_url` gives it, without fragment and tracking parameters: what a page is called here."""
    address, _, query = url.partition("#")[0].partition("?")
    parts = [part for part in query.split("&") if part and not _TRACKING.fullmatch(part.partition("=")[0])]
    return f"{address}?{'&'.join(parts)}" if parts else address


@lru_cache(maxsize=8192)
def page_key(url: str, *, variants: bool = False) -> str:
    """The same for every address that surely leads to the same page: scheme, default port, final slash and escapes,
    fragment and tracking parameters make no difference; any other text is its own key.

    variants: nor do www., m. and mobile. in front of the host, which is likely but not sure.
    """
    try:
        parsed = parse_url(url)
    except FetchFailed:
        return url
    path, _, query = page_address(parsed.target).partition("?")
    host = _VARIANT.sub("", parsed.netloc) if variants else parsed.netloc
    return f"{host}{unquote(path).rstrip('/')}?{query}"


def _check_text(text: str) -> None:
    if len(text) > LONGEST:
        _refuse(text, f"longer than {LONGEST} characters")
    if _NOT_PRINTED.search(text) or "\\" in text:
        _refuse(text, "it has control characters or backslashes")


def _host(written: str, text: str) -> tuple[str, IPv4Address | IPv6Address | None]:
    """The normalised host, and its address where it is one."""
    if written.startswith("["):
        try:
            address = IPv6Address(written[1:-1])
        except AddressValueError:
            _refuse(text, "its host is not an IPv6 address")
        return str(address), address
    host = (written if written.isascii() else _to_ascii(written, text)).lower().removesuffix(".")
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return host, IPv4Address(host)
        except AddressValueError:
            _refuse(text, "its host is an IP address in an unusual form")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) and _is_sound(label) for label in labels):
        _refuse(text, "its host is not a valid name")
    return host, None


def _to_ascii(host: str, text: str) -> str:
    """International names as the DNS spells them; look-alikes of ASCII come out as ASCII, to be checked as such."""
    import idna  # noqa: PLC0415 - its tables are large, and few hosts need them

    if len(host) > 253:
        _refuse(text, "its host is not a valid name")
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        _refuse(text, "its host is not a valid international name")


def _is_sound(label: str) -> bool:
    """Whether a label that claims to be punycode is: one spelling, and not of an ASCII text."""
    if not label.startswith("xn--"):
        return True
    try:
        name = label[4:].encode().decode("punycode")
        return not name.isascii() and name.encode("punycode").decode() == label[4:]
    except UnicodeError:
        return False


def _refuse(text: str, why: str) -> NoReturn:
    shown = repr(text if len(text) <= 200 else text[:200] + "...")
    raise FetchFailed(f"{shown} is not the address of a web page: {why}.", outcome="bad_url")
