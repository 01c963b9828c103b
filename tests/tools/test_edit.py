import json
import os
import random
import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from deepresearch.errors import BadArguments, ToolFailed
from deepresearch.tools.edit import Edit, _is_in_word, plan_edits, splice

SHARED = Path(os.environ.get("DEEPRESEARCH_SHARED", Path(__file__).parents[3] / "shared"))

REPORT = """# Solar power

Output rose by 3 % in 2023, the agency says.
Costs fell “slightly” over the same time —
and storage   grew.

## 储能

储能装机在2023年增长了三倍，主要来自电网侧项目。
用户侧项目增长较慢，但成本下降明显。
"""


def edited(text: str, *edits: tuple[str, str] | Edit) -> str:
    made = [edit if isinstance(edit, Edit) else Edit(find=edit[0], replace=edit[1]) for edit in edits]
    return splice(text, plan_edits(text, made))


def test_exact_edits_speak_of_the_text_before_all_of_them() -> None:
    assert edited("a b c", ("a", "b"), ("b", "c"), ("c", "a")) == "b c a"
    assert edited(REPORT, ("3 %", "4 %"), ("## 储能\n", "## 储能的增长\n")).count("4 %") == 1
    assert edited("one\ntwo\nthree\n", ("two\n", "")) == "one\nthree\n"


@pytest.mark.parametrize(
    ("find", "replace", "expected"),
    [
        ('"slightly"', "“a lot”", "Costs fell “a lot” over"),  # other quotation marks
        ("over the same time -\nand storage grew", "since", "“slightly” since.\n"),  # dash, white space
        ("Output  rose\nby 3 %", "Output fell by 1 %", "\nOutput fell by 1 % in"),
        ("Output rose by 3 % in 2023, the agancy sayz.", "No.", "\n\nNo.\nCosts"),  # typos
        ("储能装机在2023年增长了三倍,主要来自电网侧项目。", "三倍。", "\n三倍。\n用户"),  # another comma
        ("储能装机在2023年增长了4倍，主要来自电网側项目。", "", None),  # a number that is not there
        ("用户侧项目增长很慢，但成本下降明显。", "用户侧。", "\n用户侧。\n"),  # one wrong character
    ],
)
def test_fragments_with_small_differences(find: str, replace: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(ToolFailed, match="not there"):
            edited(REPORT, (find, replace))
    else:
        assert expected in edited(REPORT, (find, replace))


def test_white_space_around_a_loose_fragment_stays_in_proportion() -> None:
    text = "def f():\n        return  1\n\n\nx = 1\n"
    assert edited(text, ("  return 1\n", "  return 2\n")) == "def f():\n        return 2\n\n\nx = 1\n"
    assert edited("a\n\n\nb  c\nd\n", ("b c\n", "")) == "a\n\n\nd\n"


def test_not_there_shows_the_nearest_place() -> None:
    with pytest.raises(ToolFailed) as caught:
        edited(REPORT, ("Output rose by 5 % in 2019, an agency claimed", ""), ("utterly different words, nowhere", ""))
    message = str(caught.value)
    assert re.search(
        r"Edit 1: .* Nearest, \d\d% alike, line 3:\nOutput rose by 3 % in 2023, the agency says\.\n", message
    )
    assert "Edit 2: the fragment is not there. Nothing like it is there." in message
    assert message.startswith("No edit was made.\nEdit 1: ")


def test_more_than_one_place() -> None:
    text = "x = 1\ny = 2\nx = 1\nx = 1\n"
    with pytest.raises(ToolFailed, match=r"occurs 3 times \(lines 1, 3, 4\)"):
        edited(text, ("x = 1", "x = 2"))
    assert edited(text, Edit(find="x = 1", replace="x = 2", nth=2)) == "x = 1\ny = 2\nx = 2\nx = 1\n"
    with pytest.raises(ToolFailed, match="occurs once"):
        edited(text, Edit(find="y = 2", replace="", nth=2))
    rows = "the total of the first column was large\nthe total of the third column was large\n"
    with pytest.raises(ToolFailed, match="line 1 and line 2"):
        edited(rows, ("the total of the fifth column was large", ""))


def test_all_or_nothing_and_no_overlap() -> None:
    with pytest.raises(ToolFailed, match="Edits 1 and 3 overlap in line 1"):
        edited("abcdef\n", ("abc", "x"), ("f", "y"), ("cd", "z"))
    with pytest.raises(BadArguments, match="Edit 2: find is empty"):
        edited("abc", ("a", "x"), (" ", "y"))


@pytest.mark.parametrize(
    ("text", "find", "replace", "expected"),
    [
        ("a\r\nb\r\nc\r\n", "a\nb", "a\nx\nb", "a\r\nx\r\nb\r\nc\r\n"),
        ("a\r\nb\nc\nd\n", "b", "b1\nb2", "a\r\nb1\nb2\nc\nd\n"),
        ("a\r\nb\nc\nd\n", "a\nb", "x\ny", "x\r\ny\nc\nd\n"),
        ("\ufeffa\nb", "a", "x", "\ufeffx\nb"),
        ("a\nb", "b", "c\r\nd", "a\nc\nd"),
        ("a\r\n\r\nb", "b", "", "a\r\n\r\n"),
    ],
)
def test_line_ends_and_marks_stay(text: str, find: str, replace: str, expected: str) -> None:
    assert edited(text, (find, replace)) == expected


def test_a_letter_is_not_found_within_an_accented_one() -> None:
    with pytest.raises(ToolFailed):
        edited("caf\u00e9 au lait", ("cafe", "tea"))
    assert edited("cafe\u0301 au lait", ("caf\u00e9", "tea")) == "tea au lait"


texts = st.text(alphabet="ab \n\r\té，储“”3\u0301", max_size=60)


@settings(max_examples=300)
@given(text=texts, data=st.data())
def test_outside_of_the_fragment_nothing_changes_and_the_inverse_restores(text: str, data: st.DataObject) -> None:
    assume(text.strip())
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    find = text[start:end]
    assume(find.strip())
    replace = data.draw(texts)
    nth = 1 + sum(text.startswith(find, at) for at in range(start))
    try:
        made = plan_edits(text, [Edit(find=find, replace=replace, nth=nth)])
    except ToolFailed:
        assert "\r" in text  # half of a line end can be named, but not found
        return
    new = splice(text, made)
    one = made[0]
    assert new.startswith(text[: one.start])
    assert new.endswith(text[one.end :])
    if "\r" not in text:
        assert (one.start, one.end, one.new) == (start, end, replace.replace("\r\n", "\n"))
        if one.new.strip() and "\r" not in one.new:
            back = 1 + sum(new.startswith(one.new, at) for at in range(start))
            assert edited(new, Edit(find=one.new, replace=find, nth=back)) == text


@settings(max_examples=200, deadline=None)
@given(text=texts, find=texts, replace=texts)
def test_any_edit_is_made_or_refused(text: str, find: str, replace: str) -> None:
    try:
        made = plan_edits(text, [Edit(find=find, replace=replace)])
    except (BadArguments, ToolFailed):
        return
    assert splice(text, made) == text[: made[0].start] + made[0].new + text[made[0].end :]


@pytest.mark.skipif(not (SHARED / "data" / "drb1_reports").exists(), reason="needs the shared reports")
@pytest.mark.parametrize("name", ["odr_gpt-4.1", "onyx"])
def test_misquoted_sentences_of_reports_are_never_mistaken_for_others(name: str) -> None:
    rng = random.Random(7)
    right = 0
    with (SHARED / "data" / "drb1_reports" / "dev" / f"{name}.jsonl").open(encoding="utf-8") as lines:
        reports = [json.loads(line)["article"] for line in lines]
    for report in reports:
        sentence = rng.choice(re.findall(r"\w[^\n.。]{40,300}[.。]", report))
        at = rng.randrange(5, len(sentence) - 5)
        misquoted = sentence[:at] + rng.choice(["", "q", "  "]) + sentence[at + (not sentence[at].isdigit()) :]
        try:
            (one,) = plan_edits(report, [Edit(find=misquoted, replace="")])
        except ToolFailed:
            continue
        assert report[one.start : one.end] == sentence
        right += 1
    assert right > 0.8 * len(reports)


def test_a_fragment_that_is_only_somewhat_alike_is_not_there() -> None:
    """Between 0.8 and 0.9 alike: near enough to be shown, too far to be changed."""
    near = "Output went down by 3 % in 2023, the agency says."
    assert 0.8 < fuzz.ratio(near, "Output rose by 3 % in 2023, the agency says.") / 100 < 0.9
    with pytest.raises(ToolFailed, match="not there") as caught:
        edited(REPORT, (near, "x"))
    assert "Output rose" in str(caught.value)


def test_no_place_ends_within_a_word() -> None:
    assert [_is_in_word("ab Cd 12.", offset) for offset in range(10)] == [
        False, True, False, False, True, False, False, True, False, False,
    ]  # fmt: skip


def test_a_loose_fragment_is_as_sure_as_an_exact_one() -> None:
    exact, loose = (plan_edits(REPORT, [Edit(find=f, replace="x")])[0] for f in ("rose by", 'Costs fell "slightly"'))
    assert exact.similarity == loose.similarity == 1.0
