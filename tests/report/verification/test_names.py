"""Names that a passage has or lacks."""

import pytest

from deepresearch.report.verification.names import check
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
