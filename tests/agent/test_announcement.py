"""Announcements are told from reports, in both languages."""

import pytest

from deepresearch.agent.announcement import is_announcement


@pytest.mark.parametrize(
    "text",
    [
        "Next I will open the report of the ministry.",
        "I found two sources. Let me read the second one in full.",
        "I'll now search for the population of Velmark.",
        "Good. We'll need to verify the date with another source.",
        "Let me now quickly look at the harbour wall as well.",
        "I'm going to look up the engineer's place of birth:",
        "My next step is to compile the findings.",
        "Let's check the original paper",
        "Now I have enough on the bridge; next, I should examine the canal.",
        "接下来我将打开该部门的报告。",
        "资料不够，我需要继续搜索相关数据。",
        "让我先查看第二个来源。",
        "下一步：检索桥梁的建成年份。",
        "我来核实一下这个数字",
    ],
)
def test_what_is_only_announced(text: str) -> None:
    assert is_announcement(text)


@pytest.mark.parametrize(
    "text",
    [
        "The tower was built in 1887.",
        "The tower was built in 1887 \\cite{a}. I will search on for its engineer.",
        "# The tower\n\nNothing was found. Next I will look elsewhere.",
        "The ministry will open the bridge next year.",
        "Nothing in the documents says when the tower was built.",
        "I could not find the date in any of the sources.",
        "| Year | Tower |\n|---|---|\n| 1887 | built |\n\nLet me check.",
        "The paper explains how readers search, open and read documents.",
        "该桥将于明年开始建设。",
        "现在没有资料说明建成年份。",
        "没有找到相关数据。",
        "x " * 700 + "Next I will open it.",
        "",
    ],
)
def test_what_is_a_report(text: str) -> None:
    assert not is_announcement(text)
