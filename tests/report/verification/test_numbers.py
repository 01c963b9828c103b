"""Numbers of a claim beside those of its passage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.report.verification.numbers import check
from deepresearch.report.verification.reading import read


@pytest.mark.parametrize(
    ("claim", "passage", "conflict"),
    [
        ("It has 1,234 people.", "It has 1234 people.", None),
        ("It cost 1.2 million dollars.", "It cost $1,234,567.", None),
        ("It cost about 1.3 million dollars.", "It cost $1,234,567.", None),
        ("It cost 1.3 million dollars.", "It cost $1,234,567.", True),
        ("More than 300 came.", "In all 341 people came.", None),
        ("More than 300 people came.", "In all 941 people came.", True),
        ("It grew 12%.", "It grew by 12 percent.", None),
        ("It grew 12%.", "It grew by 13 percent.", True),
        ("It grew 12%.", "It has 12 wheels.", False),
        ("It is 10 km long.", "It is 10,000 metres long.", None),
        ("It is 10 km long.", "It is 11 km long.", True),
        ("It has three parts.", "It has 3 parts.", None),
        ("It has 42 parts.", "It has parts.", False),
        ("There are three reasons.", "It is wet and cold and dark.", None),
        ("Aged 16 to 24.", "16-24-year-olds", None),
        ("营业收入12.3亿元。", "营业收入为1230000000元。", None),
        ("营业收入12.3亿元。", "营业收入为13.2亿元。", True),
        ("It earned 1.23 billion yuan.", "营业收入为12.3亿元。", None),
    ],
)
def test_numbers_of_a_claim(claim: str, passage: str, conflict: bool | None) -> None:
    found = check(read(claim), read(passage), passage)
    assert [f.conflict for f in found] == ([] if conflict is None else [conflict])


@given(st.integers(0, 10**9), st.sampled_from(["{}", "{:,}"]))
def test_a_number_is_found_again_in_any_writing(value: int, form: str) -> None:
    text = f"It has {form.format(value)} pieces."
    assert check(read(text), read(f"There were {value} pieces."), "") == []
