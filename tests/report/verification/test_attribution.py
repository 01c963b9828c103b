"""Claims that say where they are from."""

import pytest

from deepresearch.report.verification import support
from deepresearch.report.verification.attribution import without_frame

PUMP = "The pump must be cleaned every week by the staff."


@pytest.mark.parametrize(
    ("claim", "rest"),
    [
        ("According to the handbook, the pump must be cleaned.", "the pump must be cleaned."),
        ("Anna Berg said that the pump must be cleaned.", "the pump must be cleaned."),
        ("The report states: “the pump must be cleaned”.", "“the pump must be cleaned”."),
        ("The pump must be cleaned every week, says the city archive.", "The pump must be cleaned every week"),
        ("The pump must be cleaned every week, the engineers wrote.", "The pump must be cleaned every week"),
        ("水泵必须每周清洗，据手册介绍。", "水泵必须每周清洗"),
        ("The pump must be cleaned.", "The pump must be cleaned."),
        ("According to whom?", "According to whom?"),
        ("据设备维护手册介绍，水泵必须每周清洗。", "水泵必须每周清洗。"),
        ("王工程师表示，水泵必须每周清洗。", "水泵必须每周清洗。"),
        ("水泵必须每周清洗。", "水泵必须每周清洗。"),
    ],
)
def test_the_frame_is_left_out(claim: str, rest: str) -> None:
    assert without_frame(claim) == rest


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("According to the long maintenance handbook of its maker, the pump must be cleaned every week.", PUMP),
        ("The authors of the maintenance handbook write: “the pump must be cleaned”.", PUMP),
        ("据该厂的设备维护手册介绍，水泵必须每周清洗。", "水泵必须每周清洗。"),
    ],
)
def test_the_frame_does_not_count_against_a_claim(claim: str, passage: str) -> None:
    assert support(claim, passage).level == "supports"


def test_who_said_it_must_be_named() -> None:
    passage = "Anna Berg, the engineer, said the pump must be cleaned every week."
    assert support("Anna Berg said that the pump must be cleaned every week.", passage).level == "supports"
    assert support("According to Carl Dorn, the pump must be cleaned every week.", passage).level == "partly"
    found = support("It was Carl Dorn who said that the pump must be cleaned every week.", passage)
    assert (found.level, [f.kind for f in found.faults]) == ("partly", ["name"])
