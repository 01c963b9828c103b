from pathlib import Path

import pytest

from deepresearch.errors import SettingsError
from deepresearch.network import check_network, client_options, is_on_this_machine, proxy_for
from deepresearch.settings import NetworkSettings

SYSTEM = NetworkSettings()
AWAY = "https://api.example.org/v1"


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell without proxies and certificates of its own."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_this_machine() -> None:
    here = ("http://127.0.0.1:8000/v1", "http://127.8.9.1", "http://[::1]:1/", "http://localhost", "http://a.localhost")
    assert all(map(is_on_this_machine, here))
    assert not any(map(is_on_this_machine, ("http://10.0.0.1", "http://localhost.example.org", AWAY, "")))


def test_the_shell_s_proxy_by_scheme_and_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_for(AWAY, SYSTEM) is None
    monkeypatch.setenv("ALL_PROXY", "http://all:1")
    assert proxy_for(AWAY, SYSTEM) == "http://all:1"
    monkeypatch.setenv("https_proxy", "secure:3128")
    assert proxy_for(AWAY, SYSTEM) == "http://secure:3128"


@pytest.mark.parametrize("excepted", ["api.example.org", "example.org", ".example.org", "*", "x, example.org"])
def test_no_proxy_by_name(monkeypatch: pytest.MonkeyPatch, excepted: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", excepted)
    assert proxy_for(AWAY, SYSTEM) is None


def test_no_proxy_by_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8,fd00::/8")
    assert proxy_for("http://10.2.3.4/v1", SYSTEM) is proxy_for("http://[fd00::1]/v1", SYSTEM) is None
    assert proxy_for("http://11.2.3.4/v1", SYSTEM) == "http://proxy:1"


def test_the_setting_goes_before_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    assert proxy_for(AWAY, NetworkSettings(proxy="none")) is None
    assert proxy_for(AWAY, NetworkSettings(proxy="http://other:2")) == "http://other:2"


@pytest.mark.parametrize(
    "bad", ["socks://127.0.0.1:9/", "http://proxy:99999", "ftp://proxy:1", "http://:8080", "http://proxy:abc"]
)
def test_a_proxy_that_cannot_be_used_is_named_and_never_used_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", bad.replace("://", "://user:secret@"))
    with pytest.raises(SettingsError, match=r"ALL_PROXY.*network\.proxy") as caught:
        client_options(AWAY, SYSTEM)
    assert "secret" not in str(caught.value)
    assert client_options("http://127.0.0.1:8000/v1", SYSTEM)["proxy"] is None


def test_socks_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.setitem(__import__("sys").modules, "socksio", None)
    with pytest.raises(SettingsError, match="pip install socksio"):
        proxy_for(AWAY, SYSTEM)


@pytest.mark.parametrize("where", ["setting", "SSL_CERT_FILE"])
def test_certificates_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str) -> None:
    file = tmp_path / "ca.pem"
    for content in (None, "not a certificate"):
        if content is not None:
            file.write_text(content)
        network = NetworkSettings(ca_file=str(file)) if where == "setting" else SYSTEM
        if where != "setting":
            monkeypatch.setenv(where, str(file))
        with pytest.raises(SettingsError, match="network.ca_file" if where == "setting" else where):
            client_options(AWAY, network)
    assert client_options("http://127.0.0.1", SYSTEM)["verify"] is False


@pytest.mark.parametrize(
    ("network", "named"),
    [
        ({"proxy": "ftp://p:1", "proxy_web": True}, "network.proxy"),
        ({"proxy": "http://p:99999", "proxy_web": True}, "valid port"),
        ({"ca_file": "/no/such/file.pem"}, "network.ca_file"),
    ],
)
def test_what_the_web_could_not_use_is_named_before_a_run(network: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        check_network(NetworkSettings.model_validate(network))
    if "proxy" in network:
        check_network(NetworkSettings.model_validate({**network, "proxy_web": False}))
