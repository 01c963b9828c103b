"""Numbers and dates of a claim beside those of its passage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.report.verification.reading import read
from deepresearch.report.verification.values import check


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


CENSUS = "In 2021 the town had 41,000 inhabitants. In 2020 it had 52,000 inhabitants. 9,000 of them were children."


@pytest.mark.parametrize(
    ("claim", "passage", "kinds"),
    [
        ("The farm keeps 9 dogs.", "The farm keeps 12 dogs and 9 cats.", ["number"]),
        ("The farm keeps 12 dogs.", "The farm keeps 12 dogs and 9 cats.", []),
        ("In 2021 the town had 41,000 inhabitants, 11,000 fewer than in 2020.", CENSUS, []),
        ("In 2021 the town had 41,000 inhabitants, which is 9,000 fewer than in 2020.", CENSUS, ["number"]),
        ("该镇2021年有41000人，比2020年少11000人。", "2021年该镇有41000人，2020年有52000人。", []),
        ("该镇2021年有41000人，比2020年少9000人。", "2021年该镇有41000人，2020年有52000人。", ["number"]),
        ("Sales rose by 12%.", "Sales were 200 million dollars in 2019 and 224 million dollars in 2020.", []),
        ("Sales rose by 15%.", "Sales were 200 million dollars in 2019 and 224 million dollars in 2020.", ["number"]),
    ],
)
def test_a_number_must_be_of_the_same_thing_and_a_difference_must_come_out(
    claim: str, passage: str, kinds: list[str]
) -> None:
    assert [f.kind for f in check(read(claim), read(passage), passage)] == kinds


@pytest.mark.parametrize(
    ("claim", "passage", "kinds"),
    [
        ("The dam was begun in 2004 and finished in 1998.", "It was begun in 1998, and finished in 2004.", ["date"]),
        ("The dam was finished in 2004 and begun in 1998.", "It was begun in 1998, and finished in 2004.", []),
        ("工程2019年动工，2016年完工。", "工程由市政府投资，2016年动工，2019年完工。", ["date"]),
        ("工程于2019年动工。", "工程由市政府投资，2016年动工，2019年完工。", ["date"]),
        ("工程于2016年动工。", "工程由市政府投资，2016年动工，2019年完工。", []),
        ("Sales were 9 million in 2020.", "Sales were 7 million in 2019 and 9 million in 2020.", []),
    ],
)
def test_values_exchanged(claim: str, passage: str, kinds: list[str]) -> None:
    assert [f.kind for f in check(read(claim), read(passage), passage)] == kinds
