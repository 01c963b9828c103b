"""Numbers read, with what they count."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.text.numbers import han_value, quantities


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1,234.5 km", 1234500, "m"),
        ("1.2 million people", 1.2e6, "peopl"),
        ("12 %", 12, "%"),
        ("3.5万人", 35000, "人"),
        ("12.3亿元", 1.23e9, "cny"),
        ("三百二十人", 320, "人"),
        ("百分之十五", 15, "%"),
        ("US$3.2bn", 3.2e9, "usd"),
        ("逾3000名", 3000, "名"),
        ("twenty-one dogs", 21, "dog"),
        ("-5 °C", -5, "°"),
        ("five years", 60, "month"),
        ("2吨", 2000, "kg"),
    ],
)
def test_numbers_are_read(text: str, value: float, unit: str) -> None:
    (number,) = quantities(text)
    assert number.value == pytest.approx(value) and number.unit == unit


@pytest.mark.parametrize("text", ["one of them", "一些人", "三角形", "COVID-x", "v1.2.3a"])
def test_words_are_no_numbers(text: str) -> None:
    assert [q for q in quantities(text) if q.unit] == []


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("，2016年动工", 192, "month"),
        ("共有3座桥", 3, "座"),
        ("总投资约3亿元人民币", 3e8, "cny"),
        ("人口达１２００万人", 1.2e7, "人"),
        ("1亿2000万人", 1.2e8, "人"),
        ("RMB5 million", 5e6, "cny"),
        ("10⁶ cells", 1e6, "cell"),
        ("10^6 cells", 1e6, "cell"),
        ("3 × 10^-2 cells", 0.03, "cell"),
        ("2.5x10^{3} cells", 2500, "cell"),
        ("1.2e3 cells", 1200, "cell"),
        ("2016² cells", 2016, "cell"),
        ("two thousand three hundred and five dogs", 2305, "dog"),
        ("a hundred dogs", 100, "dog"),
        ("five hundred thousand dogs", 500000, "dog"),
        ("twenty-two million dogs", 22e6, "dog"),
        ("三百五名", 350, "名"),
        ("一万二名", 12000, "名"),
    ],
)
def test_numbers_in_every_writing_are_one(text: str, value: float, unit: str) -> None:
    (number,) = quantities(text)
    if unit == "month":
        value = 2016 * 12
    assert number.value == pytest.approx(value) and number.unit == unit


@pytest.mark.parametrize("text", ["two, three", "two and three", "two three", "three, two"])
def test_numerals_side_by_side_are_several_numbers(text: str) -> None:
    assert len(quantities(text)) == 2


def test_a_full_width_comma_separates_two_numbers() -> None:
    assert [q.value for q in quantities("分别为150，200名")] == [150, 200]


@given(st.integers(0, 10**7), st.text(st.sampled_from("的有约，。：为（、达共"), min_size=1), st.sampled_from("名人家"))
def test_a_number_that_touches_chinese_is_a_number(value: int, before: str, unit: str) -> None:
    assert value in [q.value for q in quantities(f"{before}{value}{unit}")]


@given(st.integers(2, 999), st.integers(1, 99))
def test_raised_digits_do_not_belong_to_the_number_before(value: int, raised: int) -> None:
    mark = str(raised).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    expected = 10.0**raised if value == 10 else value
    assert [q.value for q in quantities(f"{value}{mark} dogs")] == [pytest.approx(expected)]
    assert [q.value for q in quantities(f"{value}^{raised} dogs")] == [pytest.approx(expected)]


@given(st.integers(2, 999_999))
def test_english_numerals_have_the_value_of_the_figures(value: int) -> None:
    (number,) = quantities(f"{in_english(value)} dogs")
    assert number.value == value and number.unit == "dog"


@given(st.text(st.sampled_from("0123456789.,^-万亿千百三五零 年％%$¥km×e²⁶第多两") | st.characters(), max_size=40))
def test_any_text_is_read(text: str) -> None:
    found = quantities(text)
    assert all(one.end <= other.start for one, other in pairwise(found))


@given(st.integers(2, 99999))
def test_chinese_numerals_have_the_value_of_the_figures(value: int) -> None:
    assert han_value(in_chinese(value)) == value


def in_chinese(value: int) -> str:
    if value >= 10**4:
        rest = value % 10**4
        return in_chinese(value // 10**4) + "万" + (("零" if rest < 1000 else "") + in_chinese(rest) if rest else "")
    text = ""
    for scale, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // scale % 10
        if digit:
            text += "零一二三四五六七八九"[digit] + name
        elif text and value % scale and not text.endswith("零"):
            text += "零"
    return text


def in_english(value: int) -> str:
    small = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    ones = [*small.split(), "seventeen", "eighteen", "nineteen"]
    tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()
    if value < 20:
        return ones[value]
    if value < 100:
        return tens[value // 10 - 2] + (f"-{ones[value % 10]}" if value % 10 else "")
    scale, name = (100, "hundred") if value < 1000 else (1000, "thousand")
    rest = value % scale
    joint = " and " if rest < 100 else " "
    return f"{in_english(value // scale)} {name}" + (joint + in_english(rest) if rest else "")
