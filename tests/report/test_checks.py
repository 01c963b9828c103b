"""Verdicts per mark and passage, counted, listed and shown in the report's language."""

from deepresearch.report import make_report
from deepresearch.report.frame import explain, facts, mark_text, suggest, summary
from deepresearch.trajectory import Answered, Citation, Judged, Uncited, Verified

from .conftest import MakeRun, passage

CHECK = Verified(
    citations=[
        Citation(passage="p1", level="supports"),
        Citation(passage="p1", mark=1, level="partly", claim="B.", reason="Less."),
        Citation(passage="q1", mark=1, level="contradicts", copy_of="p1"),
    ],
    uncited=[Uncited(claim="C.", suggestion="p2"), Uncited(claim="D.", suggestion="nowhere")],
)
TEXT = "A \\cite{p1}. B \\cite{p1, q1}. C \\cite{p2}."


def test_the_verdict_of_a_place_goes_before_the_one_on_the_passage(run: MakeRun) -> None:
    report = make_report(run(TEXT, after=[CHECK]))
    assert [[c.level for c in mark.cited] for mark in report.marks] == [
        ["supports"],
        ["partly", "contradicts"],
        ["seen"],
    ]
    assert [[c.level for c in r.passages] for r in report.references] == [["partly", "seen"], ["contradicts"]]
    assert [[mark_text(c, report) for c in mark.cited] for mark in report.marks] == [
        ["1a"],
        ["1a, in part", "2, contradicts"],
        ["1b, unverified"],
    ]


def test_counted_and_listed(run: MakeRun) -> None:
    report = make_report(run(TEXT, after=[CHECK]))
    assert report.checks is not None
    text = summary(report.checks, report.labels)
    assert text == "1 of 4 citations support their sentence (contradicts: 1, supports in part: 1, not checked: 1)"
    assert ("Citation check", text) in facts(report)
    assert ["".join(run.text for run in explain(w, report.labels)) for w in report.checks.weak] == [
        "[1a] supports in part. “B.” Less.",
        "[2] contradicts.",
    ]
    assert [suggest(b, report.labels) for b in report.checks.uncited] == [
        "C. (may be supported by: Title of a.md)",
        "D.",
    ]


def test_in_chinese(run: MakeRun) -> None:
    report = make_report(run(TEXT, after=[CHECK], language="zh"))
    assert report.checks is not None
    assert summary(report.checks, report.labels).startswith("4 处引用中有 1 处支持相应语句（矛盾：1，部分支持：1")
    assert mark_text(report.marks[1].cited[0], report) == "1a，部分支持"


def test_a_check_of_an_older_report_says_nothing_of_this_one(run: MakeRun) -> None:
    events = run("A \\cite{p1}.", after=[Verified(citations=CHECK.citations, answered=3)])
    assert make_report(events).checks is None
    events[-2] = Verified(citations=CHECK.citations, answered=events[-3].seq, seq=events[-2].seq)
    assert make_report(events).checks is not None


def test_what_is_known_of_sources(run: MakeRun) -> None:
    shown = [
        passage("p1", url="https://www.stats.gov.cn/x", date="2019"),
        passage("q1", "b.md", url="https://b.test/x", date="2026-01", excerpt=True),
    ]
    from deepresearch.report import render_markdown

    now = render_markdown(run("A \\cite{p1, q1}.", shown, question="What is the current rate?"))
    assert "Answered as of: 2026-11-20" in now
    assert "2019 (older than 2 years when asked) · primary source (statistics)" in now
    assert "2026-01 · source not rated" in now and "search excerpt only, the page was not read" in now
    then = render_markdown(run("A \\cite{p1}.", shown, question="目标", language="zh"))
    assert "提问日期：2026-11-20" in then and "2019 · 一手来源（统计机构）" in then


def test_a_file_of_verdicts_that_is_gone_is_told(run: MakeRun, tmp_path: object) -> None:
    report = make_report(run("A \\cite{p1}.", settings={"search": {"authority": f"{tmp_path}/gone.csv"}}))
    assert any("could not be read" in note for note in report.notes)


def test_what_the_check_did_without_is_told(run: MakeRun) -> None:
    events = run("A \\cite{p1}.")
    seq = next(e.seq for e in events if isinstance(e, Answered))
    report = make_report([*events, Verified(citations=[Citation(passage="p1")], answered=seq, notes=["It was down."])])
    assert "It was down." in report.notes


def test_the_quality_card_of_this_report_stands_at_its_end(run: MakeRun) -> None:
    events = run("A \\cite{p1}.")
    seq = next(e.seq for e in events if isinstance(e, Answered))
    old, new = Judged(card="## Old", answered=seq - 1), Judged(card="## Quality\n\n\ue0000\ue000 <b>", answered=seq)
    assert make_report([*events, new, old]).body.endswith("## Quality\n\n0 <b>")
    assert "## Old" not in make_report([*events, old]).body


def test_a_code_fence_left_open_does_not_swallow_the_quality_card(run: MakeRun) -> None:
    events = run("A \\cite{p1}.\n\n```\nx = 1")
    seq = next(e.seq for e in events if isinstance(e, Answered))
    report = make_report([*events, Judged(card="## Quality", answered=seq)])
    assert [type(b).__name__ for b in report.blocks] == ["Paragraph", "Code", "Heading"]
