"""Dates of a claim beside those of its passage."""

import pytest

from deepresearch.report.verification.dates import check
from deepresearch.report.verification.reading import read


@pytest.mark.parametrize(
    ("claim", "passage", "conflict"),
    [
        ("It opened in 1998.", "It opened on 12 March 1998.", None),
        ("It opened on 12 March 1998.", "In 1998 it was ready. It opened on March 12.", None),
        ("It opened in the 1990s.", "It opened in 1998.", None),
        ("It opened in the 20th century.", "It opened in 1998.", None),
        ("It opened on 12 March 1998.", "It opened in 1998.", False),
        ("It opened in 1999.", "It opened in 1998.", True),
        ("It opened in 1999.", "It opened.", False),
        ("It opened in April 1998.", "It opened in March 1998.", True),
        ("大桥于1999年建成。", "大桥于1998年建成。", True),
        ("大桥于1998年建成。", "大桥于1998年3月建成。", None),
        ("It opened in 1998.", "大桥于1998年3月建成。", None),
    ],
)
def test_dates_of_a_claim(claim: str, passage: str, conflict: bool | None) -> None:
    found = check(read(claim), read(passage), passage)
    assert [f.conflict for f in found] == ([] if conflict is None else [conflict])


def test_the_date_of_the_document_counts() -> None:
    assert check(read("It opened in 2020."), read("It opened.", "", "2020-05-01"), "") == []
