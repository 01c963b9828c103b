"""Comparisons with what is the same, or with what the passage does not have."""

import pytest

from deepresearch.report.verification.comparisons import check
from deepresearch.report.verification.reading import read

PASSAGE = (
    "A jsonb_path_ops index is smaller than a jsonb_ops index. It has advantages over the default operator class "
    "jsonb_ops. 硬链接比符号链接更快。"
)


@pytest.mark.parametrize(
    ("claim", "faults"),
    [
        ("A jsonb_path_ops index is smaller than a jsonb_ops index.", []),
        ("A jsonb_ops index is smaller than a jsonb_ops index.", [("word", "jsonb_ops index")]),
        (
            "jsonb_ops has advantages over the default operator class jsonb_ops.",
            [("word", "default operator class jsonb_ops")],
        ),
        ("jsonb_path_ops has advantages over the default operator class jsonb_ops.", []),
        ("jsonb_ops takes the place of jsonb_ops.", [("word", "jsonb_ops")]),
        ("jsonb_ops.new() replaces jsonb_ops.", [("word", "jsonb_ops")]),
        ("A jsonb_path_ops index replaces a jsonb_ops index.", []),
        ("An index differs from a view.", [("name", "view")]),
        ("The index of 2019 is smaller than the index of 2018.", []),
        ("It is more than 100 years old.", []),
        ("It is slower than before.", []),
        ("硬链接比符号链接更快。", []),
        ("硬链接比硬链接更快。", [("word", "硬链接")]),
        ("硬链接比目录更快。", [("name", "目录")]),
        ("本次比赛同比增长。", []),
    ],
)
def test_comparisons_of_a_claim(claim: str, faults: list[tuple[str, str]]) -> None:
    assert [(f.kind, f.words) for f in check(read(claim), read(PASSAGE), "")] == faults


def test_the_title_counts() -> None:
    assert check(read("It is larger than a view."), read("It is larger.", "Views and tables"), "") == []
