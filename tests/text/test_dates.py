"""Dates read, as precise as the text gives them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.text.dates import date_parts, dates, iso_date


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 March 1998", (1998, 3, 12)),
        ("March 12th, 1998", (1998, 3, 12)),
        ("1998-03-12", (1998, 3, 12)),
        ("31/12/1998", (1998, 12, 31)),
        ("03/04/1998", (1998, None, None)),
        ("March 1998", (1998, 3, None)),
        ("in 1998,", (1998, None, None)),
        ("3月12日", (None, 3, 12)),
        ("1998年3月", (1998, 3, None)),
        ("于1998年建成", (1998, None, None)),
        ("一九九八年三月", (1998, 3, None)),
        ("May 12", (None, 5, 12)),
    ],
)
def test_dates_are_read(text: str, expected: tuple[int | None, int | None, int | None]) -> None:
    (date,) = dates(text)
    assert (date.year, date.month, date.day) == expected


@pytest.mark.parametrize("text", ["1998 people", "$1998", "it may rain", "1,998", "version 2.2010", "12 dogs", "11998"])
def test_other_numbers_are_no_dates(text: str) -> None:
    assert dates(text) == ()


@given(st.integers(1000, 2149), st.text(st.sampled_from("的有约，。：．,；（、于自"), min_size=1))
def test_a_year_that_touches_chinese_is_a_date(year: int, before: str) -> None:
    (date,) = dates(f"大桥{before}{year}年动工")
    assert (date.year, date.month, date.day) == (year, None, None)


@pytest.mark.parametrize("text", ["10^2016", "x_1998", "1,998 dogs", "v.2.1998"])
def test_raised_and_joined_figures_are_no_dates(text: str) -> None:
    assert dates(text) == ()


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2020", "2020"),
        ("2020-5", "2020-05"),
        ("2020/05/06T10:00", "2020-05-06"),
        ("2020年5月6日", "2020-05-06"),
        ("20200506", "2020-05-06"),
        ("2020-13-01", "2020"),
        ("2020-01-40", "2020-01"),
        ("20201", "2020-01"),
        ("May 2020", None),
        ("", None),
        (None, None),
    ],
)
def test_iso_dates(text: str | None, iso: str | None) -> None:
    assert iso_date(text) == iso


@pytest.mark.parametrize(
    ("date", "parts"),
    [
        ("2024", [2024]),
        ("2024-5", [2024, 5]),
        ("2024-13", [2024]),
        ("0000", []),
        ("x", []),
        (None, []),
        ("20245", [2024, 5]),
    ],
)
def test_parts_of_a_date(date: str | None, parts: list[int]) -> None:
    assert list(date_parts(date)) == parts


@given(st.text(st.sampled_from("0123456789年月日-/. 世纪sMay12th年代") | st.characters(), max_size=40))
def test_any_text_is_read(text: str) -> None:
    found = dates(text)
    assert all(one.end <= other.start for one, other in pairwise(found))
