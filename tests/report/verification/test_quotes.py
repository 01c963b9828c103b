"""Quotations compared letter by letter."""

import pytest

from deepresearch.report.verification.quotes import check, quotations, repeats, verbatim_share
from deepresearch.report.verification.reading import read

PASSAGE = "The council said that the old dam was “safe and sound” in all its parts, and closed the case."


@pytest.mark.parametrize(
    ("claim", "right"),
    [
        ("It said “the old dam was 'safe and sound' in all its parts”.", True),
        ('It said "The old dam was “safe” [...]".', True),
        ("“The council said … and closed the case.”", True),
        ("“the old  dam was\n“safe and sound”” it said.", True),
        ("“the [old] dam was” it said", True),
        ("“the old dam was unsafe” it said", False),
        ("“the new dam was “safe and sound””", False),
        ("the so-called “new dam”", True),
        ("「旧的大坝是安全可靠的」", False),
    ],
)
def test_quotations_are_letter_by_letter(claim: str, right: bool) -> None:
    assert (check(read(claim), read(PASSAGE), "") == []) is right


def test_code_in_a_row_of_a_table_is_quoted_as_it_is() -> None:
    table = "| outcome | the page |\n| --- | --- |\n| `too_large`, `bomb` | broke a limit that was set |"
    assert check(read("“too_large, bomb | broke a limit that was set”"), read(table), "") == []


def test_an_altered_quotation_is_told_from_an_invented_one() -> None:
    altered, invented = (
        check(read(f"“{words}”"), read(PASSAGE), "")[0]
        for words in ("the old dam was safe and sound in some of its parts", "nobody ever knew why")
    )
    assert altered.conflict and not invented.conflict


def test_markdown_does_not_matter() -> None:
    assert check(read("“call the stop() function”"), read("Then **call** the `stop()` function."), "") == []
    assert check(read("“Japan 125 million”"), read("| Japan | 125 million |"), "") == []


def test_what_nobody_sees_does_not_matter() -> None:
    assert check(read("“the mosque of Algiers”"), read("It is the mosque\u200e \u200bof Algiers."), "") == []


def test_chinese_and_nested_quotations() -> None:
    assert quotations("他说：“这里别名“夜香花”，很香。”又「冰会浮在水面上」") == [
        "这里别名“夜香花”，很香。",
        "冰会浮在水面上",
    ]
    assert check(read("据载，“冰会浮在水面上”"), read("我们看到，冰会浮在水面上。"), "") == []
    assert check(read("据载，“冰会沉在水面下”"), read("我们看到，冰会浮在水面上。"), "") != []


def test_how_much_is_quoted() -> None:
    assert verbatim_share(read("“the old dam was”"), read(PASSAGE)) > 0.8
    assert verbatim_share(read("“the old dam is”"), read(PASSAGE)) == 0


@pytest.mark.parametrize(
    ("claim", "whole"),
    [("Ice floats. Steam rises.", True), ("Steam rises", True), ("Ice  floats.", True), ("It is said that ice", False)],
)
def test_whole_sentences_repeated(claim: str, whole: bool) -> None:
    assert repeats(read(claim), read("Ice floats. Steam rises. It is said that ice floats.")) is whole


def test_only_the_first_letter_of_a_quotation_may_change_its_case() -> None:
    assert check(read("“the council said that the old dam” stood"), read(PASSAGE), "") == []
    assert check(read("It held that “The old dam was” old"), read(PASSAGE), "") == []
    (fault,) = check(read("It held that “the OLD dam was” old"), read(PASSAGE), "")
    assert fault.kind == "quote"


def test_what_is_between_semicolons_can_be_repeated_alone() -> None:
    """What the next clause denies turns nothing round in this one."""
    passage = read(
        "The json type stores a copy, which is parsed on each use; jsonb is faster, since no parsing is needed."
    )
    assert repeats(read("The json type stores a copy, which is parsed on each use."), passage)
    assert not repeats(read("The json type stores a copy."), passage)
