import pytest

from deepresearch.judge.short_answer import names_answer, short_answer


@pytest.mark.parametrize(
    ("report", "right"),
    [
        ("## Short answer\n\nIt is Niger \\cite{a}.\n\n## More\n\nMali.", True),
        ("## Short answer\n\nIt is Mali or Niger.", False),
        ("## Short answer\n\nMali.\n\n## More\n\nNiger.", False),
        ("Nigeria is it.\n\nNiger.", False),
        ("# Title\n\nChad borders Niger.\n\nMali.", True),
        ("## 简要回答\n\n尼日尔与乍得接壤\\cite{b}。", True),
        ("", False),
    ],
)
def test_the_short_answer_decides(report: str, right: bool) -> None:
    names, distractors = ["Niger", "尼日尔"], ["Mali", "Chad"]
    assert names_answer(report, "What borders Chad?", names, distractors) is right, short_answer(report)
