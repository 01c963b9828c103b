"""A list of references of the policy's own, and brackets that lead nowhere."""

import pytest

from deepresearch.report import make_report
from deepresearch.report.own_references import unlinked_marks
from deepresearch.report.syntax import PLACEHOLDERS

from .conftest import MakeRun, passage

OWN_LISTS = [
    "## References\n\n1. Title of a.md\n2. [Title of b.md](https://b.test/x)",
    "**Sources**\n\n- \\cite{p1}\n- \\cite{q1} https://b.test/x",
    "## 参考文献\n\n[1] Title of a.md\n\n[2] Title of b.md, https://b.test/x",
    "### 七、参考链接\n",
    "## Sources:\n| Title of a.md |\n|---|\n| Title of b.md |",
]


@pytest.mark.parametrize("listed", OWN_LISTS)
def test_a_list_of_references_of_the_policy_is_merged_with_ours(run: MakeRun, listed: str) -> None:
    report = make_report(run(f"# T\n\nIt boils \\cite{{p1}}, flows \\cite{{q1}}.\n\n{listed}\n"))
    assert PLACEHOLDERS.sub("", report.body).strip() == "It boils , flows ."
    assert len(report.references) == 2 and "of its own" in " ".join(report.notes)


def test_what_follows_such_a_list_stays(run: MakeRun) -> None:
    report = make_report(run(f"It boils \\cite{{p1}}, flows \\cite{{q1}}.\n\n{OWN_LISTS[0]}\n\n## Limits\n\nFew."))
    assert report.body.rstrip().endswith("## Limits\n\nFew.") and "## References" not in report.body


@pytest.mark.parametrize(
    "text",
    [
        "It boils \\cite{p1}.\n\n## References\n\n1. Another work, https://other.test/",
        "It boils \\cite{p1}.\n\n## Sources of error\n\nTitle of a.md is old.",
        "It boils \\cite{p1}.\n\n```\n## References\nTitle of a.md\n```",
    ],
)
def test_a_list_that_names_anything_else_stays(run: MakeRun, text: str) -> None:
    report = make_report(run(text))
    assert PLACEHOLDERS.sub("", report.body).strip() == text.replace("\\cite{p1}", "")


def test_unlinked_marks() -> None:
    assert unlinked_marks("a[1][2] b [3, 4]. [5]: x [6](y) ![7] \\[8] [2024] `[9]`") == 3


def test_ids_that_were_never_shown_are_counted(run: MakeRun) -> None:
    shown = [passage("wbn72sfxfoec", text="It boils.")]
    notes = " ".join(
        make_report(run("A [wbn72sfxfoec], B [abc72sfxf0ec], C [^xyz72sfxf0ec], D [see above].", shown)).notes
    )
    assert "lead to no reference: 2." in notes
