"""Synthesis-driven drafting: the steps, what is kept of them, and which text stands in the end."""

import json
from pathlib import Path
from typing import Any

from deepresearch.agent.drafting import EDIT, OUTLINE, SECTION, assembled, has_drafted, sections_of, step_of
from deepresearch.agent.policies.scripted import ScriptedPolicy
from deepresearch.agent.verifier import REPORT_FILE, Verifier
from deepresearch.derived import find
from deepresearch.judge.comparison import AXES
from deepresearch.tools.file import FileTool
from deepresearch.trajectory import Answered, Observation, Passage, Reply, Turn
from tests.agent.test_loop import Bench, call, calls, says
from tests.agent.test_verifier import FACT, ID, TRUE, Model, Reader

OUTLINE_TEXT = (
    f"## When it was built\nThe year. \\cite{{{ID}}}\n\n## Of what\nThe stone. \\cite{{{ID}, zzzzzzzzzzzz}}\n"
)
FIRST = f"## When it was built\n\nThe tower in the harbour was built in 1907 \\cite{{{ID}}}."
SECOND = f"## Of what\n\nThe tower was built from red sandstone \\cite{{{ID}}}."


def bench(tmp_path: Path, *lines: Turn, **changes: Any) -> Bench:
    report = {"draft": "synthesis"}
    return Bench(tmp_path, calls(call("echo", FACT)), *lines, tools=[Reader(), FileTool()], report=report, **changes)


class Grader(Model):
    """Compares two reports by the number of their citations."""

    async def complete(self, messages: Any, tools: Any = (), **_: Any) -> Reply:
        first, second = (text.count("\\cite") for text in messages[1]["content"].split("<<<END FIRST"))
        grades = [{**dict.fromkeys(AXES, 3), "depth": min(5, 1 + n)} for n in (first, second)]
        better = "first" if first > second else "second" if second > first else "tie"
        reply = {"reason": "counted", "first": grades[0], "second": grades[1], "better": better}
        return Reply(text=json.dumps(reply), model="grader")


async def go(bench: Bench, verifier: Verifier | None = None) -> list[str]:
    await bench.go(policy=ScriptedPolicy(bench.lines, revises=True), verifier=verifier or Verifier(Grader()))
    return [o.reason for o in bench.results() if o.call is None]


async def test_the_report_is_written_again_section_by_section(tmp_path: Path) -> None:
    run = bench(tmp_path, says(TRUE), says(OUTLINE_TEXT), says(FIRST), says(SECOND), says(REPORT_FILE))
    assert await go(run) == [OUTLINE, SECTION, SECTION, EDIT]
    section = [o for o in run.results() if o.reason == SECTION]
    assert f"> {FACT}" in section[0].shown and "Of what" in section[1].shown
    old, new = find(run.events, Answered)
    assert old.text == TRUE
    assert new.text == f"{FIRST}\n\n{SECOND}\n", "two sentences that cite are deeper than one"
    assert "(judge)" in new.chosen
    assert run.events[-1].reason == "answered"


async def test_a_draft_that_is_no_deeper_is_not_taken(tmp_path: Path) -> None:
    flat = "## When it was built\n\nLong ago."
    run = bench(tmp_path, says(TRUE), says(OUTLINE_TEXT), says(flat), says("## Of what\n\nStone."), says(REPORT_FILE))
    await go(run)
    assert [a.text for a in find(run.events, Answered)] == [TRUE, TRUE]


async def test_an_outline_that_is_none_leaves_the_report(tmp_path: Path) -> None:
    run = bench(tmp_path, says(TRUE), says("I would rather not."))
    assert await go(run) == [OUTLINE]
    assert [a.text for a in find(run.events, Answered)] == [TRUE, TRUE]


async def test_the_edit_may_patch_the_assembled_draft(tmp_path: Path) -> None:
    patch = call(
        "file", action="patch", path=REPORT_FILE, edits=[{"find": "red sandstone", "replace": "red *sandstone*"}]
    )
    run = bench(tmp_path, says(TRUE), says(OUTLINE_TEXT), says(FIRST), says(SECOND), calls(patch), says(REPORT_FILE))
    await go(run)
    assert "red *sandstone*" in find(run.events, Answered)[-1].text


async def test_without_a_model_that_compares_nothing_is_drafted(tmp_path: Path) -> None:
    run = bench(tmp_path, says(TRUE))
    assert await go(run, Verifier()) == []


async def test_without_budget_to_spare_the_first_report_is_the_last(tmp_path: Path) -> None:
    run = bench(tmp_path, says(TRUE), says(OUTLINE_TEXT), budget={"turns": 3})
    assert OUTLINE not in await go(run)
    assert [a.text for a in find(run.events, Answered)] == [TRUE]


async def test_a_limit_reached_while_drafting_leaves_the_report(tmp_path: Path) -> None:
    run = bench(tmp_path, says(TRUE), says(OUTLINE_TEXT), *[calls(call("echo", str(n))) for n in range(9)])
    run.settings = run.settings.model_copy(update={"budget": run.settings.budget.model_copy(update={"turns": 8})})
    await go(run)
    assert [a.text for a in find(run.events, Answered)] == [TRUE]
    assert run.events[-1].reason == "answered"


def test_an_outline_keeps_known_passages_once_and_in_order() -> None:
    known = {name: Passage(id=name, document="d", title="t", text="x") for name in ("aaaaaaaaaaaa", "bbbbbbbbbbbb")}
    text = "# One\n\\cite{bbbbbbbbbbbb, aaaaaaaaaaaa} bbbbbbbbbbbb cccccccccccc\n### Two\nnothing"
    one, two = sections_of(text, known)
    assert (one.heading, one.passages) == ("One", ["bbbbbbbbbbbb", "aaaaaaaaaaaa"])
    assert (two.heading, two.passages) == ("Two", [])


def test_steps_are_read_back_from_the_record() -> None:
    def note(reason: str, **data: Any) -> Observation:
        return Observation(reason=reason, data=data or None)

    events = [
        Answered(text=f"# The tower\n\n{TRUE}"),
        note(OUTLINE),
        Turn(text=OUTLINE_TEXT),
        note(SECTION, outline=OUTLINE_TEXT, number=0, of=2),
        Turn(text=""),
        note("empty_reply"),
        Turn(text=FIRST),
        note(SECTION, outline=OUTLINE_TEXT, number=1, of=2),
        Turn(text=SECOND),
    ]
    step = step_of(events)
    assert step and step.data and step.data["number"] == 1
    assert assembled(events, events[0].text) == f"# The tower\n\n{FIRST}\n\n{SECOND}\n"
    assert has_drafted(events)
    assert step_of([*events, Answered(text="x")]) is None
