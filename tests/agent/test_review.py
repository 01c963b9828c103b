"""What a reply without calls is taken for."""

import pytest

from deepresearch.agent.review import without_fence

REPORT = "# Title\n\nText \\cite{a}.\n\n```python\nprint(1)\n```"


@pytest.mark.parametrize(
    "fence, language",
    [("```", "markdown"), ("```", "md"), ("````", ""), ("~~~", "Markdown"), ("````", "markdown"), ("~~~~", "md")],
)
def test_a_fence_around_the_whole_report_is_no_part_of_it(fence: str, language: str) -> None:
    inner = REPORT if fence != "```" else "# Title\n\nText \\cite{a}."
    assert without_fence(f"\n{fence}{language}\n{inner}\n{fence}\n") == inner


@pytest.mark.parametrize(
    "text",
    [
        REPORT,
        "```python\nprint(1)\n```",
        "```\nfirst\n```\n\nText between.\n\n```\nsecond\n```",
        "Here it is:\n```markdown\n# Title\n```",
        "```markdown\n# Never closed",
        "",
    ],
)
def test_other_fences_stay(text: str) -> None:
    assert without_fence(text) == text
