"""What is counted in a report, the criteria that are drafted for it, and that no other is decided."""

import time

import pytest

from deepresearch.judge import MechanicalJudge, Rubric
from deepresearch.judge.counting import citation_ids, count, draft_mechanically, find_words, question_parts

REPORT = """# Title

Intro paragraph without marks. Costs fell by 3 % in 2024 [1]. The law came later. [2, 4-6]

## One

- alpha beta gamma delta \\cite{x1, x2}
- see [the site](https://a.test/x) for more

| a | b |
|---|---|
| 1 | 2 |

```
# not a heading [9]. One two three.
```

中文句子三十字。[3]另一句没有引用的话。

## References

1. Foo https://b.test
2. Bar
"""


def test_counts() -> None:
    found = count(REPORT)
    assert found.title and found.language == "en"
    assert found.sources >= 9  # 1 to 6, x1, x2, a.test/x


def test_the_list_of_sources_is_no_prose() -> None:
    assert count("Two words [1].\n\n**Sources:**\n\n1. Many more words stand here").words == 2
    assert count("正文四字\n\n## 参考文献\n\n1. 很长的文献题目").words == 4
    assert count("Plain words here.\n\n## References\n\n[1] a\n[2] b\n").sources == 2


def test_an_empty_report() -> None:
    found = count("")
    assert (found.words, found.title, found.sources) == (0, False, 0)


def test_marks() -> None:
    assert citation_ids("a[1] b [2b, 3] c [^4] d [5–7]") == {"1", "2", "3", "4", "5", "6", "7"}
    assert citation_ids("x[0](y) [1](https://A.test/p#q) https://www.A.test/p/") == {"A.test/p"}
    assert citation_ids("\\cite{a}\\citep[p. 3]{b}【3†source】") == {"a", "b", "【3†source】"}
    assert citation_ids("[sic] [note] (2020)") == set()


@pytest.mark.parametrize(
    ("criterion", "level"),
    [
        ("The report cites 3 or more sources.", "fully"),
        ("The report has a title.", "fully"),
        ("The report is at least 150 words long.", "not"),
        ("The report is shorter than 60 words.", "fully"),
        ("报告少于100字。", "fully"),
        ("报告不少于300字。", "not"),
        ("The report is written in English.", "fully"),
        ("报告使用中文撰写。", "not"),
        ('The report mentions "costs" and "law".', "fully"),
        ('The report mentions "costs" and "cobalt".', "partially"),
        ('The report mentions "cost".', "not"),
        ("报告提到“句子”、“引用”。", "fully"),
        ("The report cites 20 or more sources.", "not"),
        ("The report cites 1 or more sources.", "fully"),
        ("报告引用至少5个来源。", "fully"),
        ("The report cites 3 or more peer-reviewed sources.", "undecided"),
        ("Explains why costs fell.", "undecided"),
        ('The report mentions "costs" and explains them.', "undecided"),
        ("", "undecided"),
    ],
)
async def test_the_drafted_criteria_are_decided_and_no_other(criterion: str, level: str) -> None:
    verdict = await MechanicalJudge().judge("", REPORT, Rubric(id="c", criterion=criterion or "-", weight=1))
    assert verdict.level == level and verdict.by == "mechanical" and verdict.reason
    assert all(evidence.quote in REPORT for evidence in verdict.evidence)


@pytest.mark.parametrize(
    "question", ["When was the tower of Velmark built, and who designed it?", "目前中国的中产有哪些特点？"]
)
async def test_what_is_drafted_without_a_model_can_be_decided(question: str) -> None:
    for rubric in draft_mechanically(question).rubrics:
        verdict = await MechanicalJudge().judge(question, REPORT, rubric)
        assert verdict.counts, rubric.criterion


def test_words_are_found_as_words_of_their_own() -> None:
    assert find_words("united  kingdom", "The United\nKingdom") == "United\nKingdom"
    assert find_words("art", "a party") is None and find_words("句子", "中文句子三") == "句子"


@pytest.mark.parametrize(
    "text",
    ["[a](https://" + "x" * 50_000, "[" * 50_000, "\\cite{" * 10_000, "[1][2]" * 10_000, "1." * 30_000, "> " * 5_000],
)
def test_hostile_reports_take_no_long_time(text: str) -> None:
    begin = time.process_time()
    count(text)
    assert time.process_time() - begin < 4


def test_the_words_of_a_question() -> None:
    assert question_parts("When was the harbour tower of Velmark built, and who designed it?") == [
        ["harbour", "tower", "Velmark", "built"],
        ["designed"],
    ]
    assert question_parts("目前中国的中产有哪些特点，实际中产人数是多少？") == [
        ["中国", "中产", "特点"],
        ["实际中产人数"],
    ]
    assert question_parts("") == []


@pytest.mark.parametrize(
    ("question", "language"), [("How is lithium recycled since 2020?", "en"), ("锂电池如何回收？", "zh")]
)
def test_without_a_model_form_and_words_only(question: str, language: str) -> None:
    drafted = draft_mechanically(question)
    assert drafted.language == language and drafted.origin == "drafted mechanically"
    assert {r.role for r in drafted.rubrics} == {"explicit", "implicit", "negative"}


def test_hostile_questions_are_quoted_harmlessly() -> None:
    drafted = draft_mechanically('Is "x" and "y" or “z"" a trap\\"?')
    assert all(rubric.criterion.count('"') % 2 == 0 for rubric in drafted.rubrics)
