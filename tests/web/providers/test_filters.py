"""Sites, dates and languages as filters."""

import pytest

from deepresearch.web.providers.base import in_range, parse_site, primary_language, script_language, within


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ("gov.cn", ("gov.cn", "")),
        ("*.gov.cn", ("gov.cn", "")),
        (".GOV.cn", ("gov.cn", "")),
        ("https://www.gov.cn/zhengce/", ("www.gov.cn", "/zhengce")),
        ("www.gov.cn/政策?x=1", ("www.gov.cn", "/政策")),
        ("例え.jp", ("xn--r8jz45g.jp", "")),
        ("/home/me", None),
        ("", None),
        ("a b", None),
        ('gov.cn/"x', None),
        ("user@gov.cn", None),
    ],
)
def test_parse_site(site: str, expected: tuple[str, str] | None) -> None:
    assert parse_site(site) == expected


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("https://www.gov.cn/zhengce/2024.htm", True),
        ("https://www.gov.cn/zhengce", True),
        ("https://m.www.gov.cn/zhengce/", True),
        ("https://www.gov.cn/zhengceku/x", False),
        ("https://gov.cn/zhengce/", False),
        ("https://www.gov.cn.evil.example/zhengce/", False),
        ("https://evilwww.gov.cn/zhengce/", False),
    ],
)
def test_within(url: str, inside: bool) -> None:
    assert within(url, ("www.gov.cn", "/zhengce")) == inside


def test_within_reads_encoded_folders() -> None:
    site = parse_site("www.gov.cn/政策")
    assert site
    assert within("https://www.gov.cn/%E6%94%BF%E7%AD%96/1.htm", site)


@pytest.mark.parametrize(
    ("day", "since", "until", "inside"),
    [
        ("2020-05-01", "2020-05-01", "2020-05-01", True),
        ("2020-04-30", "2020-05-01", None, False),
        ("2020-05-02", None, "2020-05-01", False),
        ("2020", "2020-05-01", None, True),
        ("2020-05", None, "2020-05-01", True),
        ("2019", "2020-05-01", None, False),
        ("2019", None, None, True),
    ],
)
def test_in_range(day: str, since: str | None, until: str | None, inside: bool) -> None:
    assert in_range(day, since, until) == inside


def test_languages() -> None:
    assert [primary_language(tag) for tag in ("zh-CN", "EN", "english", "", None, 3)] == [
        "zh",
        "en",
        None,
        None,
        None,
        None,
    ]
    assert [script_language(text) for text in ("what", "什么", "何ですか", "무엇")] == ["en", "zh", "ja", "ko"]
