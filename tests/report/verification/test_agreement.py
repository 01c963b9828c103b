"""Statements of two sources beside each other."""

import pytest

from deepresearch.report.verification.agreement import compare_statements

CASES = [
    ("The tower of Lund is 88 metres high.", "The tower of Lund is 0.088 km high.", "agree"),
    ("The tower of Lund is 88 metres high.", "The tower of Lund is 81 metres high.", "differ"),
    ("The tower of Lund is 88 metres high.", "The gate of Lund is 12 metres high.", None),
    ("The tower of Lund was built in 1402.", "The tower of Lund was built in June 1402.", "agree"),
    ("The tower of Lund was built in 1402.", "The tower of Lund was built in 1420.", "differ"),
    ("The tower of Lund was built in 1402 by Ada.", "The tower of Lund was built in 1420, says the archive.", "differ"),
    ("The tower of Lund was built in 1402.", "The tower of Lund was built by monks.", None),
    ("The tower of Lund was built in 1402.", "The tower of Lund was sold in 1420.", None),
    ("The tower of Lund was open in winter.", "The tower of Lund was not open in winter.", "differ"),
    ("The tower of Lund wasn't open in winter.", "In winter the tower of Lund was not open.", "agree"),
    ("The tower of Lund is open in winter.", "The tower of Lund is cold in winter.", None),
    ("Visits to the tower rose in 2020.", "Visits to the tower fell in 2020.", "differ"),
    ("Visits to the tower rose in 2020.", "Visits to the tower fell in 2021.", None),
    ("The tower of Lund had 8,000 visits in 2020.", "The tower of Lund had 9,000 visits in 2021.", None),
    ("隆德塔高88米。", "隆德塔的高为八十八米。", "agree"),
    ("隆德塔高88米。", "隆德塔高81米。", "differ"),
    ("隆德塔建于1402年。", "隆德塔建于1420年。", "differ"),
    ("隆德塔冬季开放。", "隆德塔冬季不开放。", "differ"),
    ("隆德塔冬季开放。", "隆德塔夏季关闭。", None),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "kind"), CASES)
def test_agree_differ_or_neither(one: str, other: str, kind: str | None) -> None:
    for a, b in ((one, other), (other, one)):
        found = compare_statements(a, b)
        assert (found.kind if found else None) == kind


def test_both_values_are_given() -> None:
    found = compare_statements(*CASES[1][:2])
    assert found and found.values == ("88 metres", "81 metres")
    assert compare_statements(*CASES[1][1::-1]).values == ("81 metres", "88 metres")  # type: ignore[union-attr]
    assert compare_statements(*CASES[8][:2]).values == ("", "")  # type: ignore[union-attr]
