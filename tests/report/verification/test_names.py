"""Names that a passage has or lacks."""

import pytest

from deepresearch.report.verification.names import check, unasked
from deepresearch.report.verification.reading import read

PASSAGE = (
    "The World Health Organization sent Mr. José Alvarez-Ruiz to Germany. Fans of Junior-K.R.Y. sing. "
    "外长王毅在北京大学表示支持。《红楼梦》很长。"
)


@pytest.mark.parametrize(
    ("claim", "missing"),
    [
        ("Then the WHO sent Alvarez to Germany.", []),
        ("The German visit of Jose Alvarez-Ruiz's team.", []),
        ("Then the WTO sent Alvarez to France.", ["WTO", "France"]),
        ("It was Maria Alvarez who went.", ["Maria Alvarez"]),
        ("Visitors came. Nobody spoke.", []),
        ("THE WHOLE TITLE IS SHOUTED.", []),
        ("The iPhone was new.", ["iPhone"]),
        ("Then the W.H.O. met.", []),
        ("Fans of the Junior-K.R.Y. band came.", []),
        ("Portugal was visited by a team.", ["Portugal"]),
        ("Germany was visited by a team.", []),
        ("They sing louder than the other orchestra of it.", ["orchestra"]),
        ("They sing louder than the fans, or than before.", []),
        ("Use --team to send a .pkl file to /etc/team.", ["--team", ".pkl", "/etc/team"]),
        ("《红楼梦》很长。", []),
        ("《西游记》很长。", ["西游记"]),
        ("外长王毅表示支持。", []),
        ("外长李强表示支持。", ["李强"]),
        ("清华大学表示支持。", ["清华大学"]),
    ],
)
def test_names_of_a_claim(claim: str, missing: list[str]) -> None:
    assert [f.words for f in check(read(claim), read(PASSAGE), "")] == missing


def test_the_title_counts() -> None:
    assert check(read("In it, Berlin grew."), read("The city grew.", "History of Berlin"), "") == []


WHO = "Who led the survey of the harbour?"
SURVEY = "The harbour was measured. Ann Lee led its survey in 1911. Bread was dear. Joe Fox sold it in 1920."


@pytest.mark.parametrize(
    ("claim", "question", "says_it"),
    [
        ("It was Ann Lee.", WHO, True),
        ("Joe Fox.", WHO, False),
        ("It was Joe Fox.", f"When was bread dear? {WHO}", True),
        ("Joe Fox sold bread.", WHO, True),
        ("Joe Fox.", "", True),
        ("In 1911.", "When was the survey of the harbour?", True),
        ("In 1920.", "When was the survey of the harbour?", False),
        ("It is Ann Lee.", "What is the profession of Ann Lee?", False),
    ],
)
def test_an_answer_that_is_only_a_name_needs_what_is_asked_beside_it(claim: str, question: str, says_it: bool) -> None:
    assert (unasked(read(claim), read(SURVEY), question) == []) is says_it


def test_the_same_in_chinese() -> None:
    passage = read("港口的测量由李安主持。面包很贵。王五在一九二零年卖面包。", "港口")
    asked = "港口的测量由谁主持？"
    assert unasked(read("是李安。"), passage, asked) == []
    assert unasked(read("是王五。"), read(passage.text), asked) != []
