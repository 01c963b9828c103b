"""The way to other machines: which addresses are this one, which proxy leads out, which certificates are trusted."""

import ssl
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from .errors import SettingsError
from .settings import NetworkSettings

SOCKS = ("socks5", "socks5h")
_HINT = "Correct it, or set network.proxy to none or to http://host:port."


def is_on_this_machine(url: str) -> bool:
    """Whether the host of `url` is a loopback address; a name other than localhost may lead anywhere."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def client_options(url: str, network: NetworkSettings) -> dict[str, Any]:
    """Arguments for httpx2.Client or AsyncClient that asks the server at `url`.

    The library reads nothing from the environment by itself: what is read there is read, checked and named here.
    Raises SettingsError for a proxy or a file of certificates that cannot be used.
    """
    # Certificates take a tenth of a second to load; an address without TLS has no use for them.
    verify = tls_context(network) if url.startswith("https:") else False
    return {"trust_env": False, "proxy": proxy_for(url, network), "verify": verify}


def tls_context(network: NetworkSettings) -> ssl.SSLContext:
    """The certificates to trust: network.ca_file, else SSL_CERT_FILE or SSL_CERT_DIR, else the system's.

    Raises SettingsError where a named file cannot be read.
    """
    import httpcore2  # noqa: PLC0415  heavy

    try:
        if network.ca_file:
            return ssl.create_default_context(cafile=network.ca_file)
        return httpcore2.default_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        name = f"network.ca_file = {network.ca_file!r}" if network.ca_file else "SSL_CERT_FILE or SSL_CERT_DIR"
        raise SettingsError(
            f"{name} cannot be read as certificates: {error}.", "Name a PEM file of certificates to trust."
        ) from error


def proxy_for(url: str, network: NetworkSettings) -> str | None:
    """The proxy that leads to `url`; None: straight there, as always to this machine. Raises SettingsError."""
    if network.proxy == "none" or is_on_this_machine(url):
        return None
    if network.proxy != "system":
        return _checked(network.proxy, "network.proxy")
    known = getproxies()
    parts = urlsplit(url)
    if _is_excepted(parts.hostname or "", known):
        return None
    for scheme in (parts.scheme, "all"):
        if given := known.get(scheme):
            return _checked(given, f"{scheme.upper()}_PROXY")
    return None


def check_network(network: NetworkSettings) -> None:
    """Raises SettingsError for a proxy or certificates that could not be used for the web: before a run, not in it."""
    if network.proxy_web:
        for scheme in ("http", "https"):
            proxy_for(f"{scheme}://example.org/", network)
    if network.ca_file:
        tls_context(network)


def _is_excepted(host: str, known: dict[str, str]) -> bool:
    """Whether NO_PROXY names the host, by name, by suffix or by a network it is in."""
    if proxy_bypass(host):
        return True
    for entry in known.get("no", "").split(","):
        try:
            if "/" in entry and ip_address(host) in ip_network(entry.strip(), strict=False):
                return True
        except ValueError:
            continue  # a name, not a network
    return False


def _checked(given: str, name: str) -> str:
    address = given if "://" in given else f"http://{given}"
    shown = f"{name} = {given.rsplit('@', 1)[-1]!r}"  # what comes before @ is a password
    try:
        parts = urlsplit(address)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(f"The proxy {shown} is not an address with a valid port.", _HINT)
    if parts.scheme not in ("http", "https", *SOCKS):
        raise SettingsError(
            f"The proxy {shown} has a scheme that is not supported: use http, https, socks5 or socks5h.", _HINT
        )
    if parts.scheme in SOCKS:
        _require_socks(shown)
    return address


def _require_socks(shown: str) -> None:
    try:
        import socksio  # type: ignore[import-not-found]  # noqa: F401, PLC0415  an optional package
    except ImportError:
        raise SettingsError(
            f"The proxy {shown} needs the package socksio, which is not installed.",
            "pip install socksio, or set network.proxy to none or to http://host:port.",
        ) from None
