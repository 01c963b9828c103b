"""Text is cleaned, addresses are judged, code is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.report.markup import safe_url, split_title
from deepresearch.text.characters import clean, one_line


def test_clean_removes_what_hides_and_turns_text() -> None:
    assert clean("a\u202eb\u2066c\u200bd\x1b[2J\x00e\ue000\ud800\U000e0041f") == "abcd[2Jef"
    assert clean("a\r\nb\rc\u2028d\te") == "a\nb\nc\nd\te"
    assert clean("中文“引号”👩‍🔬") == "中文“引号”👩‍🔬"


@given(st.text(alphabet=st.characters()))
def test_cleaned_text_can_be_written(text: str) -> None:
    clean(text).encode("utf-8")
    assert clean(clean(text)) == clean(text)
    assert "\n" not in one_line(text)


def test_one_line_cuts_at_a_word() -> None:
    assert one_line("one two three four", 15) == "one two three…"
    assert one_line("一二三四五六七八", 5) == "一二三四…"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:X(1)",
        " JaVaScript:X(1)",
        "java\nscript:X(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.test/",
        "https:evil.test",
        "https://trusted.example@evil.test/",
        "https://trusted.example\\@evil.test/",
        "http://[::1",
        "relative.html",
        "",
        None,
    ],
)
def test_addresses_that_nobody_may_be_sent_to(url: str | None) -> None:
    assert safe_url(url) is None


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.test/x?y=1&z=2#k", "https://a.test/x?y=1&z=2#k"),
        ("HTTP://a.test:8080/", "HTTP://a.test:8080/"),
        ("https://zh.test/水 面", "https://zh.test/%E6%B0%B4%20%E9%9D%A2"),
        ('https://a.test/"><img src=x>', "https://a.test/%22%3E%3Cimg%20src=x%3E"),
        ("https://a.test/%E6%B0%B4", "https://a.test/%E6%B0%B4"),
    ],
)
def test_addresses_that_may_stand(url: str, safe: str) -> None:
    assert safe_url(url) == safe


def test_title() -> None:
    assert split_title("# The *title* `x`\n\nText") == ("The title x", "Text")
    assert split_title("Title\n===\nText") == ("Title", "Text")
    assert split_title("## Second\n\nText") == ("", "## Second\n\nText")
    assert split_title("# \n\nText") == ("", "# \n\nText")
