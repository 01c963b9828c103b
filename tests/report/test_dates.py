"""What asks about the present, and which evidence is old for it."""

from datetime import date

import pytest

from deepresearch.report.dates import asks_about_now, is_old, last_day


@pytest.mark.parametrize(
    "question",
    [
        "What is the current rate?",
        "Who leads now?",
        "latest prices",
        "目前的利率是多少？",
        "今年销量",
        "截至2025年的数据",
    ],
)
def test_questions_about_the_present(question: str) -> None:
    assert asks_about_now(question)


@pytest.mark.parametrize(
    "question", ["How does water boil?", "What did they know in 1940?", "electric currents", "水的沸点"]
)
def test_questions_about_no_time_or_another(question: str) -> None:
    assert not asks_about_now(question)


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("2024", date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 29)),
        ("2024-12", date(2024, 12, 31)),
        ("2024-05-06", date(2024, 5, 6)),
        ("2024-02-31", None),
        ("2024-13", date(2024, 12, 31)),
        ("9999-12", None),
        ("May 2024", None),
        ("", None),
        (None, None),
    ],
)
def test_last_day_of_a_date(text: str | None, last: date | None) -> None:
    assert last_day(text) == last


def test_old_is_more_than_two_years() -> None:
    assert is_old("2023", "2026-11-20") and is_old("2024-10", "2026-11-20")
    assert not is_old("2024-12", "2026-11-20") and not is_old("2024", "2026-11-20")
    assert not is_old("unknown", "2026-11-20") and not is_old("2001", "")
