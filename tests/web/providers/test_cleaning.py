"""Hostile text to plain text, dates in all their spellings, addresses."""

import re
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.web.providers.cleaning import LONGEST_TEXT, iso_date, plain, web_url

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs <strong>3 &amp; 4</strong>.", "It costs 3 & 4."),
        ("<p>One.</p><p>Two.</p>", "One. Two."),
        ("H<sub>2</sub>O", "H2O"),
        ("<jats:p>One <jats:italic>two</jats:italic></jats:p>", "One two"),
        ("<a href=\"https://x/?a=1&b=2\" title='y'>link</a>", "link"),
        ("line<br/>break", "line break"),
        ("p < 0.05 and q > 3", "p < 0.05 and q > 3"),
        ("a <b and c> d", "a <b and c> d"),
        ("List<String> x", "List<String> x"),
        ("&lt;b&gt; is a tag", "<b> is a tag"),
        ("<script>alert(1)</script>text", "text"),
        ("<SCRIPT SRC=x>alert(1)</SCRIPT >text", "text"),
        ("<style>p { }</style><!-- note -->text", "text"),
        ("<script>never closed", "never closed"),
        ("<img src=x onerror=alert(1)>text", "text"),
        ("tab\there\nand\x00there\x1b[31m", "tab here andthere[31m"),
        ("right\u202eto\u2066left\u200b\ufeff", "righttoleft"),
        ("hidden\U000e0041\U000e0042", "hidden"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("中文　全角", "中文 全角"),
        ("\ud800x", "x"),
        (None, ""),
        (3, ""),
        (["x"], ""),
    ],
)
def test_plain(text: object, expected: str) -> None:
    assert plain(text) == expected


def test_long_text_ends_between_words() -> None:
    text = plain("word " * 1_000, 50)
    assert text == "word word word word word word word word word…"
    assert plain("字" * 1_000, 10) == "字" * 9 + "…"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>" * 10_000,
        "<!--" * 20_000,
        "<b " + "=" * 50_000,
        "<b a=" * 20_000,
        "</" * 50_000,
        "&amp;" * 20_000,
        "<b " * 20_000,
    ],
)
def test_hostile_text_takes_no_time(hostile: str) -> None:
    began = time.process_time()
    assert len(plain(hostile)) <= LONGEST_TEXT
    assert time.process_time() - began < 0.5


@given(st.text(alphabet="<>/!-ab= \"'script&;lt\n\x00\u202e中", max_size=200), st.integers(5, 60))
def test_plain_is_one_bounded_line(text: str, longest: int) -> None:
    line = plain(text, longest)
    assert len(line) <= longest
    assert line == " ".join(line.split())
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", line)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-01", "2024-05-01"),
        ("2024-05-01T10:00:00.000Z", "2024-05-01"),
        ("2024-05-01 10:00", "2024-05-01"),
        ("2024/5/1", "2024-05-01"),
        ("2024", "2024"),
        ("2024-05", "2024-05"),
        ("2024-13-01", "2024"),
        ("2024-02-31", "2024-02"),
        ("2024年5月1日", "2024-05-01"),
        ("2024年5月", "2024-05"),
        ("May 1, 2024", "2024-05-01"),
        ("Sept. 3, 2024", "2024-09-03"),
        ("Monday, October 14, 2024", "2024-10-14"),
        ("1 May 2024", "2024-05-01"),
        ("1st May 2024", "2024-05-01"),
        ("Mon, 14 Oct 2024 15:00:00 GMT", "2024-10-14"),
        ("October 2024", "2024-10"),
        ("3 days ago", "2026-11-17"),
        ("an hour ago", "2026-11-20"),
        ("2 weeks ago", "2026-11-06"),
        ("11 months ago", "2025-12"),
        ("2 years ago", "2024"),
        ("3天前", "2026-11-17"),
        ("5 小时前", "2026-11-20"),
        ("10分钟前", "2026-11-20"),
        ("2个月前", "2026-09"),
        ([2024, 5, 1], "2024-05-01"),
        ([2024, 5], "2024-05"),
        ([2024], "2024"),
        ([None], None),
        ([True, 1], None),
        ([10**30, 10**30, 10**30], None),
        ([2024, 10**30], "2024"),
        ([2024, 5, 10**30], "2024-05"),
        ("99999", None),
        ("0001-01-01", None),
        ("2000 years ago", "0026"),
        ("soon", None),
        ("", None),
        (20240501, None),
        (None, None),
    ],
)
def test_dates(value: object, expected: str | None) -> None:
    assert iso_date(value, TODAY) == expected


@given(st.text(max_size=100) | st.lists(st.integers()))
def test_any_date_is_none_or_in_form(value: object) -> None:
    found = iso_date(value)
    assert found is None or re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", found)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://Example.com/a b#part", "https://example.com/a%20b"),
        ("http://example.com:80", "http://example.com/"),
        (
            "https://zh.wikipedia.org/wiki/阿尔伯特",
            "https://zh.wikipedia.org/wiki/%E9%98%BF%E5%B0%94%E4%BC%AF%E7%89%B9",
        ),
        ("ftp://example.com/", None),
        ("javascript:alert(1)", None),
        ("https://user:pw@example.com/", None),
        ("//example.com/", None),
        ("https://example.com/\x00", None),
        ("https://example.com/" + "x" * 3_000, None),
        ("", None),
        (3, None),
    ],
)
def test_addresses(value: object, expected: str | None) -> None:
    assert web_url(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10<sup>6</sup> cells", "10^6 cells"),
        ("5 x 10<jats:sup>-3</jats:sup> m<sup>2</sup>", "5 x 10^-3 m^2"),
        ("H<sub>2</sub>O and CO<jats:sub>2</jats:sub>", "H2O and CO2"),
        ("log 10<sub>2</sub>", "log 10_2"),
        ("the 1<sup>st</sup> of May", "the 1st of May"),
        ("<mml:msup><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:msup> = 4", "x^2 = 4"),
        ("AT&amp;amp;T", "AT&T"),
        ("&amp;lt;i&amp;gt;in vitro&amp;lt;/i&amp;gt;", "in vitro"),
        ("10&lt;sup&gt;6&lt;/sup&gt;", "10^6"),
        ("the &lt;b&gt; element", "the <b> element"),
        ("a &lt; b and c &gt; d", "a < b and c > d"),
    ],
)
def test_raised_lowered_and_escaped_text(text: str, expected: str) -> None:
    assert plain(text) == expected
