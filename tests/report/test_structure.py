"""One structure: title, why partial, notes, cost."""

import json

import pytest

from deepresearch.errors import ExportError
from deepresearch.report import as_json
from deepresearch.report.cost import budget, cost_lines, counted, minutes, number, working_seconds
from deepresearch.report.markdown import markdown
from deepresearch.report.structure import make_report
from deepresearch.trajectory import (
    Answered,
    AnsweredPart,
    BudgetReached,
    Citation,
    Event,
    Observation,
    PlanApproved,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    Usage,
    UserSteered,
    Verified,
)

from .conftest import MakeRun


def test_title_comes_from_the_text_or_from_the_question(run: MakeRun) -> None:
    titled = make_report(run("# On *water* \\cite{p1}\n\nIt boils \\cite{q1}."))
    assert titled.title == "On water"
    assert titled.body.startswith("It boils")
    assert [r.document for r in titled.references] == ["a.md", "b.md"]
    assert make_report(run("It boils.")).title == "How does water behave?"


def test_a_run_without_a_report(run: MakeRun) -> None:
    with pytest.raises(ExportError, match=r"Run r1 has no report yet.*resume r1"):
        make_report(run("x")[:3])


@pytest.mark.parametrize(
    ("event", "language", "reason"),
    [
        (BudgetReached(limit="tokens", used=361200, of=400000), "en", "tokens was reached (361,200 of 400,000 used)"),
        (BudgetReached(limit="dollars", used=0.4512, of=0.5), "zh", "费用（美元）上限（已用 0.4512，上限 0.5）"),
        (BudgetReached(limit="identical calls with the same result", used=5, of=5), "en", "same result was repeated"),
        (UserSteered(finish_early=True), "en", "a person asked for the report"),
        (UserSteered(finish_early=True, text="Three replies failed."), "en", "Three replies failed."),
        (RunPaused(), "en", "before the research was done"),
    ],
)
def test_why_partial(run: MakeRun, event: Event, language: str, reason: str) -> None:
    report = make_report(run("Text", before=[event], partial=True, language=language))
    assert report.partial is not None and reason in report.partial
    assert make_report(run("Text", before=[event])).partial is None


def test_notes(run: MakeRun) -> None:
    notes = " ".join(make_report(run("A \\cite{p1, x}. B \\cite{y} as [7] says, `[8]`, [9](https://a.test).")).notes)
    assert "was shown during the research: 2." in notes
    assert "lead to no reference: 1." in notes
    assert "has not been checked" in notes
    assert "cites no source" in " ".join(make_report(run("Nothing.")).notes)
    checked = make_report(run("A \\cite{p1}.", after=[Verified()]))
    assert checked.checked and checked.notes == ()
    assert "disk full" in " ".join(make_report([*run("A"), RunFailed(reason="internal", message="disk full")]).notes)


def test_cost_and_limits(run: MakeRun) -> None:
    loop_remark = Observation(call=None, shown="That was not JSON.")
    resumed = RunResumed(settings={"budget": {"tokens": 9000}, "budget.minutes": 5.0})
    limits = {"budget": {"turns": 10, "tokens": 5000, "cost": None, "reserve": 0.1}}
    events = run("Text", settings=limits, before=[loop_remark, resumed])
    assert [(line.name, line.used, line.limit) for line in cost_lines(events)] == [
        ("turns", 2, 10),
        ("tool_calls", 1, None),
        ("tokens", 3050, 9000),
        ("input", 2500, None),
        ("cached", 1200, None),
        ("output", 550, None),
        ("cost", 0.5, None),
        ("minutes", 3.0, 5.0),
    ]
    assert budget(events)["tokens"] == 9000
    assert {line.name: line.used for line in cost_lines(run("Text", cost=None))}["cost"] is None


@pytest.mark.parametrize("limit", ["Infinity", float("inf"), float("nan"), "soon", "", None, [3], 10**400])
def test_a_recorded_limit_that_is_no_number_limits_nothing(run: MakeRun, limit: object) -> None:
    events = run("Text", settings={"budget": {"minutes": limit, "turns": "9"}})
    limits = {line.name: line.limit for line in cost_lines(events)}
    assert limits["minutes"] is None and limits["turns"] == 9
    shown = markdown(make_report(events))
    assert "| Turns | 2 | 9 |" in shown and "| Minutes | 2.5 | none |" in shown
    json.dumps(as_json(events)["budget"], allow_nan=False)


def test_a_recorded_budget_that_is_none(run: MakeRun) -> None:
    assert budget(run("Text", settings={"budget": "much"})) == {}


def test_time_at_rest_does_not_count(run: MakeRun) -> None:
    events = run("Text", before=[RunPaused(), RunResumed(), PlanApproved()])
    for event in events[5:]:
        event.time += 86_400
    assert working_seconds(events) == 180


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (1234567, "1,234,567"), (0.00012, "0.0001"), (12.345, "12.35"), (400000.0, "400,000")],
)
def test_numbers(value: float, shown: str) -> None:
    assert number(value) == shown


def test_small_amounts_and_single_things() -> None:
    assert [minutes(value) for value in (0, 0.0004, 0.01, 2.5)] == ["0", "< 0.01", "0.01", "2.5"]
    assert [counted(n, "document") for n in (0, 1, 2000)] == ["0 documents", "1 document", "2,000 documents"]


def test_minutes_too_short_to_tell(run: MakeRun) -> None:
    events = run("Text", before=[BudgetReached(limit="minutes", used=0.0004, of=0.001)], partial=True)
    for event in events:
        event.time = 1_790_000_000.0 + 0.001 * event.seq
    report = make_report(events)
    assert "(< 0.01 of 0.001 used)" in (report.partial or "")
    assert "| Minutes | < 0.01 | none |" in markdown(report)


def test_who_wrote_it(run: MakeRun) -> None:
    events = run("x")
    assert make_report(events).models == ("m",)
    for turn in (events[1], events[3]):
        turn.model = "extractive"
    assert make_report(events).models == ()


def test_language_that_is_none(run: MakeRun) -> None:
    assert make_report(run("x", language='"><script>')).language == "en"


@pytest.mark.parametrize(
    "fence", ["```markdown\n{}\n```", "````md\n{}\n````\n", "~~~~\n{}\n~~~~", "```\n{}\n```", "```Markdown \n{}\n```"]
)
def test_a_report_inside_a_code_fence_loses_it(run: MakeRun, fence: str) -> None:
    report = make_report(run(fence.format("# Water\n\nIt boils \\cite{p1}.")))
    assert report.title == "Water" and len(report.references) == 1


@pytest.mark.parametrize(
    "text", ["```python\nx = 1\n```", "```\nx\n```\n\nIt boils \\cite{p1}.\n\n```\ny\n```", "```\nx\n```"]
)
def test_other_code_stays_code(run: MakeRun, text: str) -> None:
    assert "```" in make_report(run(text)).body


def written_by(events: list[Event], by: str, **more: object) -> list[Event]:
    return [e.model_copy(update={"by": by, **more}) if isinstance(e, Answered) else e for e in events]


def test_without_a_model_parts_are_counted_and_not_citations(run: MakeRun) -> None:
    parts = [AnsweredPart(question=q, answered=q != "c") for q in "abc"]
    check = Verified(citations=[Citation(passage="p1", level="supports")])
    events = written_by(run("“Water boils” \\cite{p1}.", after=[check]), "extractive", parts=parts)
    report = make_report(events)
    shown = markdown(report)
    assert "Answers: 2 of 3 parts of the question answered; quotations are verbatim" in shown
    assert "citations support" not in shown and as_json(events)["parts"][2] == {"question": "c", "answered": False}
    chinese = make_report(written_by(run("“水” \\cite{p1}。", after=[check], language="zh"), "extractive", parts=parts))
    assert "问题共 3 部分，已回答 2 部分；引文逐字照录" in markdown(chinese)


def test_quotations_are_counted_apart_from_those_that_show_what_is_asked_for(run: MakeRun) -> None:
    parts = [
        AnsweredPart(question="a", answered=True, quoted=True, kind="a date or time"),
        AnsweredPart(question="b", answered=False, quoted=True, kind="a number or amount"),
        AnsweredPart(question="c", answered=False),
    ]
    check = Verified(citations=[Citation(passage="p1", level="supports")])
    shown = markdown(make_report(written_by(run("“A” \\cite{p1}.", after=[check]), "extractive", parts=parts)))
    assert "quotations found for 2 of 3 parts of the question, 1 with what is asked for (a date or time);" in shown


def test_quotations_are_called_verbatim_only_where_the_check_found_them_so(run: MakeRun) -> None:
    wrong = Verified(citations=[Citation(passage="p1", level="partly", faults=["quote"])])
    assert "verbatim" not in markdown(make_report(written_by(run("A \\cite{p1}.", after=[wrong]), "extractive")))
    assert "verbatim" not in markdown(make_report(written_by(run("A \\cite{p1}."), "extractive")))
    assert "verbatim" not in markdown(make_report(written_by(run("Nothing.", after=[Verified()]), "extractive")))


def test_a_partial_report_says_who_wrote_it_and_what_can_be_done(run: MakeRun) -> None:
    events = written_by(run("A \\cite{p1}.", partial=True), "extractive", reason="The account of m is empty.")
    report = make_report(events)
    assert report.partial is not None and report.partial.startswith(
        "The account of m is empty. No language model wrote"
    )
    assert "deepresearch show r1" in report.partial and "deepresearch export r1" in report.partial
    assert "Written by: no language model (research by m)" in markdown(report)
    failed = make_report([*events[:-1], RunFailed(reason="out_of_funds", message="The account is empty.")])
    assert "deepresearch resume r1" in (failed.partial or "") and "deepresearch resume r1" in report.partial
    cancelled = make_report([*events[:-1], RunFinished(reason="cancelled")])
    assert "resume" not in (cancelled.partial or "") and "deepresearch export r1" in (cancelled.partial or "")


def test_what_was_not_used_costs_no_line(run: MakeRun) -> None:
    events = run("x", cost=0.0)
    for turn in (events[1], events[3]):
        turn.usage = Usage()
    assert [line.name for line in make_report(events).cost] == ["turns", "tool_calls", "minutes"]
