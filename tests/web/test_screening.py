"""What can be told of an answer before anybody reads it."""

import time

import pytest

from deepresearch.errors import FetchFailed
from deepresearch.web.screening import check_page, check_status, is_readable
from deepresearch.web.urls import parse_url

HERE = parse_url("http://example.org/report?id=1")
FORM = "<form><input name=u><input class='x' TYPE = \"password\"></form>"


def outcome_of(call: object, *arguments: object) -> str:
    try:
        call(*arguments)  # type: ignore[operator]
    except FetchFailed as failure:
        return failure.outcome
    return ""


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (200, "text/html; charset=utf-8", True),
        (206, "application/pdf", True),
        (200, "", True),
        (200, "application/octet-stream", True),
        (404, "text/html", False),
        (301, "image/png", False),
    ],
)
def test_what_is_worth_reading(status: int, kind: str, expected: bool) -> None:
    assert is_readable(HERE, status, {"content-type": kind}) is expected


@pytest.mark.parametrize("kind", ["image/png", "Video/MP4; x=y", "audio/ogg", "font/woff2"])
def test_other_kinds_are_named(kind: str) -> None:
    assert outcome_of(is_readable, HERE, 200, {"content-type": kind}) == "wrong_kind"


@pytest.mark.parametrize(
    ("status", "expected"),
    [(200, ""), (203, ""), (304, "http_304"), (401, "login_wall"), (403, "http_403"), (404, "http_404"),
     (410, "http_410"), (451, "http_451"), (500, "http_500")],
)  # fmt: skip
def test_statuses_are_named(status: int, expected: str) -> None:
    assert outcome_of(check_status, HERE, status) == expected


HTML = {"content-type": "text/html"}


@pytest.mark.parametrize(
    ("url", "headers", "body", "expected"),
    [
        ("http://example.org/report", HTML, "<p>Text</p>", ""),
        ("http://example.org/report", HTML, " \n", "empty"),
        ("http://example.org/login?next=/report", HTML, "<p>Text</p>", "login_wall"),
        ("http://example.org/Sign-In/start", HTML, "<p>Text</p>", "login_wall"),
        ("http://example.org/authors/loginova", HTML, "<p>Text</p>", ""),
        ("http://example.org/report", HTML, f"<script>{'x ' * 2000}</script><b>Hello.</b>{FORM}", "login_wall"),
        ("http://example.org/report", HTML, f"{FORM}<p>{'A long article. ' * 200}</p>", ""),
        ("http://example.org/report", {"content-type": "text/plain"}, FORM, ""),
    ],
)
def test_pages(url: str, headers: dict[str, str], body: str, expected: str) -> None:
    assert outcome_of(check_page, HERE, parse_url(url), headers, body.encode()) == expected


def test_a_page_that_was_asked_for_as_a_login_page_is_one() -> None:
    here = parse_url("http://example.org/login")
    assert outcome_of(check_page, here, here, HTML, b"<p>About our new login.</p>") == ""


@pytest.mark.parametrize("part", ["<", "<script>", "<input ", "<input type ", "</script", "<input type=password", "a "])
def test_hostile_pages_are_looked_at_in_time(part: str) -> None:
    start = time.perf_counter()
    outcome_of(check_page, HERE, HERE, HTML, (FORM + part * (2**20 // len(part))).encode())
    assert time.perf_counter() - start < 2
