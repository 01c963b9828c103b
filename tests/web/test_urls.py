"""One reading of a URL."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.errors import FetchFailed
from deepresearch.web.urls import LONGEST, page_address, page_key, parse_url

ODD = """
http://127.1/
http://2130706433/
http://0x7f000001/
http://0x7F.1/
http://0177.0.0.1/
http://127.0.0.01/
http://0/
http://[127.0.0.1]/
http://[::1%25lo]/
http://[::1/
http://::1/
http://[v1.x]/
http://%31%32%37.0.0.1/
http://127.0.0.1%2f@example.org/
http://user@example.org/
http://user:pass@example.org/
http://127.0.0.1;@example.org/
http://example.org\\@127.0.0.1/
http://example.org:80:80/
http://example.org:+80/
http://example.org:８０/
http://example.org:65536/
http://example.org:0/
http://example.org:-1/
http://a..b/
http://.example.org/
http://-a.example.org/
http://a,b.example.org/
http://(example.org)/
http://xn--127-0-0-1-.example.org/
http:/example.org/
http:example.org
http:///example.org/
http:\\\\example.org\\
//example.org/
example.org
http://
/etc/passwd
./.env
~/.ssh/id_rsa
C:\\x
file:///etc/passwd
ftp://example.org/
gopher://example.org/
javascript:alert(1)
data:text/html,x
blob:http://example.org/0
view-source:http://example.org/
ws://example.org/
http+unix://%2Frun%2Fx.sock/
httpſ://example.org/
""".strip().splitlines()


@pytest.mark.parametrize("text", ODD)
def test_odd_spellings_are_refused(text: str) -> None:
    with pytest.raises(FetchFailed) as caught:
        parse_url(text)
    assert caught.value.outcome == "bad_url"


@pytest.mark.parametrize("character", ["\t", "\n", "\r", "\0", "\x7f", "\x85", "\u2028", "\ud800", "\\"])
@pytest.mark.parametrize("form", ["{}http://example.org/", "http://exa{}mple.org/", "http://example.org/a{}b"])
def test_characters_that_parsers_drop_are_refused(form: str, character: str) -> None:
    with pytest.raises(FetchFailed, match="control characters"):
        parse_url(form.format(character))


def test_a_space_is_no_part_of_a_host() -> None:
    for text in (" http://example.org/", "http://exa mple.org/", "http://example.org /"):
        with pytest.raises(FetchFailed):
            parse_url(text)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("HTTP://Example.ORG", "http://example.org/"),
        ("http://example.org.:80/a#f", "http://example.org/a"),
        ("https://example.org:443/", "https://example.org/"),
        ("http://example.org:443/", "http://example.org:443/"),
        ("http://example.org:/", "http://example.org/"),
        ("http://example.org?q=1", "http://example.org/?q=1"),
        ("http://example.org/a b?q=中 文&u=http://127.0.0.1/?x", None),
        ("http://example.org/%41%zz", "http://example.org/%41%zz"),
        ("http://example.org/@127.0.0.1", "http://example.org/@127.0.0.1"),
        ("http://bücher.example.org/", "http://xn--bcher-kva.example.org/"),
        ("http://xn--bcher-kva.example.org/", "http://xn--bcher-kva.example.org/"),
        ("http://xn--i-7iq.ws/", "http://xn--i-7iq.ws/"),
        ("http://中国政府.政务/", "http://xn--fiqs8sirgfmh.xn--zfr164b/"),
        ("http://a_b.example.org/", "http://a_b.example.org/"),
        ("http://10.example.org/", "http://10.example.org/"),
        ("http://[2606:2800:021F::14]:8080/", "http://[2606:2800:21f::14]:8080/"),
        ("http://93.184.215.14./", "http://93.184.215.14/"),
    ],
)
def test_usual_ones_are_read(text: str, normal: str | None) -> None:
    url = parse_url(text)
    assert str(url) == (normal or "http://example.org/a%20b?q=%E4%B8%AD%20%E6%96%87&u=http://127.0.0.1/?x")
    assert parse_url(str(url)) == url


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("http://①②⑦.0.0.1/", "127.0.0.1"),
        ("http://１２７。0。0．1/", "127.0.0.1"),
        ("http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "localhost"),
        ("http://loc\u00adalhost/", "localhost"),
        ("http://LOCALHOST./", "localhost"),
    ],
)
def test_look_alikes_come_out_as_what_they_stand_for(text: str, host: str) -> None:
    url = parse_url(text)
    assert url.host == host and bool(url.literal) == (host[0] == "1")


def test_redirects_are_read_as_strictly() -> None:
    here = parse_url("http://example.org/a/b?c")
    assert str(here.join("d?e")) == "http://example.org/a/d?e"
    assert str(here.join("/d")) == "http://example.org/d"
    assert str(here.join("//other.org/d")) == "http://other.org/d"
    assert str(here.join("https://other.org")) == "https://other.org/"
    for odd in (
        "http:127.0.0.1",
        "file:///etc/passwd",
        "//user@other.org",
        "\\\\other.org",
        "//127.1/",
        "/\t/other.org",
    ):
        with pytest.raises(FetchFailed):
            here.join(odd)


def test_what_is_shown_hides_the_query() -> None:
    assert parse_url("http://example.org:8080/a?key=secret").place == "example.org:8080/a"
    with pytest.raises(FetchFailed, match="longer"):
        parse_url("http://example.org/" + "a" * LONGEST)


@given(st.text(alphabet=string.printable + "①。\u00ad\u200bé中\0\ud800", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for candidate in (text, f"http://{text}", f"http://example.org/{text}", f"http://{text}.example.org:80/"):
        try:
            url = parse_url(candidate)
        except FetchFailed as failure:
            assert failure.outcome == "bad_url"
            continue
        assert str(url).isascii() and str(url).isprintable() and parse_url(str(url)) == url


@pytest.mark.parametrize(
    "other",
    [
        "http://a.example/x",
        "https://a.example:443/x",
        "https://a.example/x/",
        "https://a.example/x#part",
        "https://a.example/x?utm_source=b&utm_campaign=c",
        "https://a.example/x?gclid=1#part",
        "https://A.example/%78",
    ],
)
def test_addresses_of_one_page_have_one_key(other: str) -> None:
    assert page_key(other) == page_key("https://a.example/x")


@pytest.mark.parametrize(
    "other",
    ["https://a.example/X", "https://a.example/x?id=2", "https://a.example:8080/x", "https://b.example/x", "x"],
)
def test_other_pages_have_other_keys(other: str) -> None:
    assert page_key(other, variants=True) != page_key("https://a.example/x", variants=True)


@pytest.mark.parametrize("host", ["www.a.example", "m.a.example", "mobile.a.example"])
def test_variants_of_a_host_are_one_only_on_demand(host: str) -> None:
    assert page_key(f"https://{host}/x") != page_key("https://a.example/x")
    assert page_key(f"https://{host}/x", variants=True) == page_key("https://a.example/x", variants=True)
    assert page_key("https://en.m.a.example/x", variants=True) == page_key("https://en.a.example/x", variants=True)


def test_an_address_keeps_what_makes_the_page() -> None:
    assert page_address("https://a.example/x/?id=2&utm_source=b&q=a%26b#part") == "https://a.example/x/?id=2&q=a%26b"
