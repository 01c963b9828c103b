"""Reports of other systems."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.foreign_reports import ForeignReport, parse_report

SHARED = Path(os.environ.get("DEEPRESEARCH_SHARED", Path(__file__).parents[3] / "shared"))
REPORTS = SHARED / "data/drb1_reports/dev"


def cited(report: ForeignReport) -> list[tuple[str, tuple[str, ...]]]:
    return [(c.text, c.ids) for c in report.claims if c.kind != "heading"]


def test_numbers_with_a_list_of_sources() -> None:
    report = parse_report(
        "Ice floats[1][2]. Steam rises [3, 5-7].\n\n## Sources\n\n[1] A page: https://a.test/x\n[2] B: https://b.test\n"
    )
    assert cited(report) == [("Ice floats.", ("1", "2")), ("Steam rises.", ("3", "5", "6", "7"))]
    assert report.sources["1"].title == "A page" and report.sources["1"].url == "https://a.test/x"
    assert report.unresolved == ("3", "5", "6", "7")


@pytest.mark.parametrize(
    "heading", ["## References", "### 六、参考资料", "**Sources:**", "Key Citations", "## 参考文献", "## 七、参考来源"]
)
def test_lists_of_sources_are_no_claims(heading: str) -> None:
    report = parse_report(f"Ice floats [1].\n\n{heading}\n\n1. [A page](https://a.test/x_(y))\n2. B https://b.test\n")
    assert cited(report)[0] == ("Ice floats.", ("1",)) and not any("page" in c.text for c in report.claims)
    assert report.sources["1"].url == "https://a.test/x_(y)" and report.unresolved == ()


def test_footnotes() -> None:
    report = parse_report("Ice floats[^1_2][^3].\n\n[^1_2]: https://a.test\n\n[^3]: https://b.test\n")
    assert cited(report) == [("Ice floats.", ("1_2", "3"))]
    assert [s.url for s in report.sources.values()] == ["https://a.test", "https://b.test"]


def test_links_cite_the_page_they_lead_to() -> None:
    report = parse_report(
        "Ice floats ([A page](https://a.test/x)). By [the office](https://b.test), steam rises. [[4]](https://c.test)"
    )
    assert cited(report) == [
        ("Ice floats.", ("https://a.test/x",)),
        ("By the office, steam rises.", ("https://b.test", "4")),
    ]
    assert report.sources["4"].url == "https://c.test"


def test_brackets_that_cite_nothing_stay() -> None:
    report = parse_report("The list x[1](y) and [2020] and ![a](https://a.test/p.png) `b[2]` and [ ] are none.")
    assert report.marks == ()


def test_chinese() -> None:
    report = parse_report("冰会浮起[1]。水会沸腾【2】。\n\n## 参考资料\n1. 甲 https://a.test\n2. 乙 https://b.test")
    assert cited(report) == [("冰会浮起。", ("1",)), ("水会沸腾。", ("2",))] and report.language == "zh"


@given(
    st.lists(
        st.sampled_from(
            [
                "[1]",
                "[^1]",
                "[2, 3-1]",
                "](https://a.b)",
                "[a",
                "\n",
                "\n\n[1] ",
                "## Sources\n",
                "1. x https://c.d",
                "冰。",
                "【1】",
            ]
        )
    ).map("".join)
)
def test_nothing_breaks_it(text: str) -> None:
    parse_report(text)


@pytest.mark.slow
@pytest.mark.skipif(not REPORTS.exists(), reason="needs the shared reports")
def test_real_reports_are_read() -> None:
    for path in sorted(REPORTS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines()[:6]:
            report = parse_report(json.loads(line)["article"])
            assert len(report.claims) > 10
            assert {m for c in report.claims for m in c.marks} == set(range(len(report.marks)))
            assert report.marks or path.stem in ("onyx", "grok-deeper-search")  # onyx comes without its marks
