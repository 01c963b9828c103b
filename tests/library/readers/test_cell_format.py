"""Values of spreadsheets are written as the sheet shows them."""

import pytest

from deepresearch.library.readers.cell_format import plain_number, shown, shown_text


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        # percent, thousands, scale
        (0.475, "0.0%", "47.5%"),
        (-0.05, "0%", "-5%"),
        (1234567.891, "#,##0.0##", "1,234,567.891"),
        (3_400_000, '0.0,,"M"', "3.4M"),
        (1e6, "#,##0,", "1,000"),
        (2.345, "0.00", "2.35"),
        # currency and negative numbers
        (1234.5, '"$"#,##0.00_);[Red]("$"#,##0.00)', "$1,234.50"),
        (-1234.5, '"$"#,##0.00_);[Red]("$"#,##0.00)', "($1,234.50)"),
        (1234.5, "[$€-407] #,##0.00", "€ 1,234.50"),
        (1234.5, '_-* #,##0.00\\ "€"_-', "1,234.50 €"),
        (0, '0;-0;"none"', "none"),
        (12, "0\\;0", "1;2"),
        (12, '"a;b"0;"c"0', "a;b12"),
        (12, '[<10]"low";[>=10]"high"', "high"),
        # scientific, fractions, leading zeros, groups, units
        (12345, "0.00E+00", "1.23E+04"),
        (0.00012, "0.0E+0", "1.2E-4"),
        (2.5, "# ?/?", "2 1/2"),
        (0.25, "# ?/8", "2/8"),
        (5, "000", "005"),
        (1234567, "000-0000", "123-4567"),
        (61.5, "0.0\\ \\m", "61.5 m"),
        # dates and times
        (44259, "d mmmm yyyy", "4 March 2021"),
        (44259, "m/d/yyyy", "2021-03-04"),
        (44259.75, "yyyy-mm-dd h:mm", "2021-03-04 18:00"),
        (44259.75, "dddd h:mm AM/PM", "Thursday 6:00 PM"),
        (44259, "mmm-yy", "Mar-21"),
        (44259, 'yyyy"年"m"月"d"日"', "2021年3月4日"),
        (1.5, "[h]:mm", "36:00"),
        (0.000694, "mm:ss", "01:00"),
        # no format, or one that cannot be read
        (0.1 + 0.2, "General", "0.3"),
        (1e22, "General", "1e+22"),
        (-1e9, "yyyy-mm-dd", "-1000000000"),
    ],
)
def test_numbers(value: float, code: str, text: str) -> None:
    assert shown(value, code) == text


def test_days_since_1904_and_texts() -> None:
    assert shown(42797, "yyyy-mm-dd", since_1904=True) == "2021-03-04"
    assert shown_text("x", '0;0;0;"<"@">"') == "<x>"
    assert shown_text("x", "@") == "x"
    assert plain_number(3.0) == "3"
