"""The loop over a scripted policy and real tools: every way a run can go, and what is on record afterwards.

Longer than other files because it is one table of endings over one bench, to be read beside loop.py.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deepresearch.agent.control import Handlers
from deepresearch.agent.loop import Run
from deepresearch.agent.policies.scripted import Line, ScriptedPolicy
from deepresearch.agent.verifier import Verifier
from deepresearch.derived import find, registered
from deepresearch.errors import (
    ContentFiltered,
    ContextOverflow,
    DeepResearchError,
    InternalError,
    KeyRefused,
    NoToolCalling,
    RequestRefused,
)
from deepresearch.policy import View
from deepresearch.settings import Settings
from deepresearch.store import MemoryStore
from deepresearch.tools.base import Tool, ToolResult
from deepresearch.trajectory import (
    Answered,
    AnsweredPart,
    BudgetReached,
    Call,
    Event,
    Observation,
    PlanApproved,
    PlanProposed,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    Task,
    Turn,
    UserSteered,
    Verified,
    ViewCompacted,
)
from tests.support.tools import Counter, Echo, Failing, Slow

REPORT = "The sky is blue \\cite{p-blue}."


def call(tool: str, text: str | None = None, **more: Any) -> Call:
    return Call(id="", tool=tool, arguments=more if text is None else {"text": text, **more})


def calls(*made: Call) -> Turn:
    return Turn(calls=list(made))


def says(text: str = REPORT, **more: Any) -> Turn:
    return Turn(text=text, **more)


def settings(**changes: Any) -> Settings:
    return Settings.model_validate({"plan": "off", **changes})


class Rude(Echo):
    """Says something that a content filter refuses, where it is asked to."""

    async def run(self, arguments: Any, context: Any) -> Any:
        result = await super().run(arguments, context)
        return ToolResult("bad words", passages=result.passages) if arguments.text == "rude" else result


class Bench:
    """One run over a store in memory, restartable."""

    def __init__(
        self,
        tmp_path: Path,
        *lines: Line,
        tools: list[Tool] | None = None,
        libraries: tuple[str, ...] = (),
        **changes: Any,
    ) -> None:
        self.store = MemoryStore()
        self.folder = tmp_path
        self.lines = list(lines)
        self.tools = tools if tools is not None else [Echo()]
        self.settings = settings(**changes)
        self.fallback = ScriptedPolicy([says("What was gathered: \\cite{p-blue}.", model="gatherer")])
        self.watched: list[Event] = []
        with self.store.create("r") as log:
            log.append(
                RunStarted(
                    task=Task(question="Why is the sky blue?", libraries=list(libraries)),
                    policy="scripted",
                    system="You research.",
                )
            )

    def open(
        self,
        policy: ScriptedPolicy | None = None,
        approve: Callable[..., Any] | None = None,
        verifier: Verifier | None = None,
    ) -> Run:
        return Run(
            self.store.open("r"),
            policy or ScriptedPolicy(self.lines),
            self.tools,
            self.settings,
            self.folder,
            self.store.blobs,
            fallback=self.fallback,
            handlers=Handlers(watch=self.watched.append, approve=approve),
            verifier=verifier,
        )

    async def go(self, **options: Any) -> Any:
        run = self.open(**options)
        try:
            return await asyncio.wait_for(run.go(), 10)
        finally:
            run.log.close()

    async def resume(self) -> Any:
        with self.store.open("r") as log:
            log.append(RunResumed())
        return await self.go()

    @property
    def events(self) -> list[Event]:
        return self.store.read("r")

    def results(self) -> list[Observation]:
        return find(self.events, Observation)


async def test_question_to_report(tmp_path: Path) -> None:
    bench = Bench(tmp_path, calls(call("echo", "blue")), says())
    assert await bench.go() == bench.events[-1]
    kinds = [e.type for e in bench.events]
    assert kinds == ["run.started", "turn", "observation", "turn", "answered", "verified", "run.finished"]
    assert [e.seq for e in bench.events] == [1, 2, 3, 4, 5, 6, 7]
    assert bench.watched == bench.events[1:]
    assert find(bench.events, Answered)[0].text == REPORT
    assert not find(bench.events, Answered)[0].partial
    assert registered(bench.events)["p-blue"].text == "blue"


async def test_call_ids_are_unique_in_the_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path, calls(call("echo", "a"), call("echo", "b")), calls(call("echo", "blue")), says())
    await bench.go()
    assert [c.id for t in find(bench.events, Turn) for c in t.calls] == ["c1-1", "c1-2", "c2-1"]


async def test_calls_of_a_turn_run_side_by_side(tmp_path: Path) -> None:
    class Meeting(Echo):
        """Ends only when all three are there."""

        barrier = asyncio.Barrier(3)

        async def run(self, arguments: Any, context: Any) -> Any:
            await self.barrier.wait()
            return await super().run(arguments, context)

    bench = Bench(tmp_path, calls(*(call("echo", t) for t in ("blue", "b", "c"))), says(), tools=[Meeting()])
    await bench.go()
    assert [r.status for r in bench.results()] == ["ok"] * 3


async def test_stateful_tools_keep_their_order_and_state_over_a_restart(tmp_path: Path) -> None:
    bench = Bench(tmp_path, calls(call("counter"), call("counter", note=1)), KeyRefused("no"), tools=[Counter()])
    bench.lines[0].calls[1].arguments = {}
    bench.lines[0].calls[0].raw = ""
    assert isinstance(await bench.go(), RunFailed)
    assert [r.shown for r in bench.results() if r.status == "ok"] == ["1"]
    bench.tools, bench.lines = [Counter()], [bench.lines[0], calls(call("counter")), says("Done.")]
    with bench.store.open("r") as log:
        log.append(RunResumed())
    await bench.go()
    assert [r.shown for r in bench.results() if r.status == "ok"] == ["1", "2"]


@pytest.mark.parametrize(
    "made, status, reason, words",
    [
        (call("nothing", "x"), "error", "unknown_tool", "echo"),
        (call("echo", more=1), "error", "bad_arguments", "text: Field required"),
        (Call(id="", tool="echo", raw='{"text": "b', problem="cut off at its length limit"), "error", "malformed_call",
         "cut off"),
        (call("failing", "policy"), "error", "tool_failed", "Name another."),
        (call("failing", "world"), "error", "search_failed", "out of quota"),
        (call("failing", "empty"), "empty", "", "Nothing found."),
        (call("slow", "5"), "timeout", "timeout", "0.2 s"),
    ],
)  # fmt: skip
async def test_a_failed_call_is_shown_and_the_run_goes_on(
    tmp_path: Path, made: Call, status: str, reason: str, words: str
) -> None:
    tools = [Echo(), Failing(), Slow()]
    bench = Bench(tmp_path, calls(made, call("echo", "blue")), says(), tools=tools)
    assert isinstance(await bench.go(), RunFinished)
    [failed] = [r for r in bench.results() if r.call == "c1-1"]
    assert (failed.status, failed.reason) == (status, reason)
    assert words in failed.shown


async def test_a_bug_in_a_tool_stops_the_run_loudly_and_loses_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, calls(call("failing", "bug"), call("echo", "blue")), says(), tools=[Echo(), Failing()])
    with pytest.raises(InternalError, match="a bug"):
        await bench.go()
    assert [r.call for r in bench.results()] == ["c1-2"]
    failed = bench.events[-1]
    assert isinstance(failed, RunFailed) and failed.reason == "internal" and "ZeroDivisionError" in failed.message


async def test_the_same_call_twice_in_a_turn_runs_once(tmp_path: Path) -> None:
    echo = Echo()
    bench = Bench(tmp_path, calls(call("echo", "blue"), call("echo", "blue")), says(), tools=[echo])
    await bench.go()
    assert echo.done == ["c1-1"]
    assert {r.call: (r.status, r.reason) for r in bench.results()} == {
        "c1-1": ("ok", ""),
        "c1-2": ("denied", "duplicate"),
    }


async def test_empty_replies_are_sent_back_and_three_end_the_attempt(tmp_path: Path) -> None:
    bench = Bench(tmp_path, calls(call("echo", "blue")), says(""))
    end = await bench.go()
    assert [r.reason for r in bench.results()] == ["", *["empty_reply"] * 3]
    assert isinstance(end, RunFinished) and end.reason == "partial"
    assert find(bench.events, Answered)[0].text.startswith("What was gathered")
    assert find(bench.events, BudgetReached)[0].limit == "unusable replies in a row"


async def test_without_anything_gathered_an_unusable_policy_fails(tmp_path: Path) -> None:
    end = await Bench(tmp_path, says("")).go()
    assert isinstance(end, RunFailed) and (end.reason, end.fault) == ("no_answer", "policy")


async def test_a_cut_off_report_is_asked_for_once_more(tmp_path: Path) -> None:
    bench = Bench(tmp_path, calls(call("echo", "blue")), says("# Rep", finish="length"), says())
    await bench.go()
    assert "cut_off" in {r.reason for r in bench.results()}
    assert find(bench.events, Answered)[0].text == REPORT


async def test_a_reply_that_repeated_itself_is_never_the_report(tmp_path: Path) -> None:
    loop = says("Sorry. " * 400, finish="repetition")
    bench = Bench(tmp_path, calls(call("echo", "blue")), loop, loop, says())
    await bench.go()
    assert [r.reason for r in bench.results()] == ["", "repetition", "repetition"]
    assert find(bench.events, Answered)[0].text == REPORT


async def test_a_report_that_cites_nothing_is_sent_back_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, calls(call("echo", "blue")), says("The sky is blue."), says("It is blue, trust me."))
    end = await bench.go()
    assert [r.reason for r in bench.results()] == ["", "no_citations"]
    assert isinstance(end, RunFinished) and find(bench.events, Answered)[0].text == "It is blue, trust me."


async def test_an_announcement_is_never_the_report(tmp_path: Path) -> None:
    bench = Bench(tmp_path, calls(call("echo", "blue")), says("Next I will open the second source."), says())
    assert isinstance(await bench.go(), RunFinished)
    assert [o.reason for o in bench.results()] == ["", "announcement"]
    assert find(bench.events, Answered)[-1].text == REPORT
    bench = Bench(tmp_path / "b", calls(call("echo", "blue")), says("接下来我将查看第二个来源。"))
    end = await bench.go()
    assert isinstance(end, RunFinished) and end.reason == "partial"
    assert find(bench.events, Answered)[-1].by == "gatherer"


async def test_a_call_that_could_not_be_read_is_no_search(tmp_path: Path) -> None:
    broken = Call(id="", tool="echo", raw="{", problem="it is cut off")
    lines = [calls(broken), says("From memory."), calls(call("echo", "blue")), says()]
    bench = Bench(tmp_path, *lines, libraries=("kept",))
    assert isinstance(await bench.go(), RunFinished)
    assert "no_search" in [o.reason for o in bench.results()]


async def test_a_report_in_a_fence_loses_the_fence(tmp_path: Path) -> None:
    bench = Bench(tmp_path, calls(call("echo", "blue")), says(f"```markdown\n{REPORT}\n```"))
    await bench.go()
    assert find(bench.events, Answered)[-1].text == REPORT


@pytest.mark.parametrize("finish", ["length", "error", "insufficient_system_resource", "content_filter"])
async def test_a_reply_that_was_broken_off_is_not_taken_for_whole(tmp_path: Path, finish: str) -> None:
    bench = Bench(tmp_path, calls(call("echo", "blue")), says(finish=finish))
    end = await bench.go()
    assert isinstance(end, RunFinished) and end.reason == "partial"
    assert "cut_off" in [o.reason for o in bench.results()]


async def test_a_result_that_the_filter_refuses_is_withdrawn_and_the_run_continues(tmp_path: Path) -> None:
    def picky(view: View) -> Turn:
        if "bad" in str(view.messages):
            raise ContentFiltered("The filter refuses the request.")
        return says()

    bench = Bench(tmp_path, calls(call("echo", "blue")), calls(call("echo", "bad words")), picky)
    end = await bench.go()
    assert isinstance(end, RunFinished) and end.reason == "partial", "the call itself names the bad words"
    tools: list[Tool] = [Rude()]
    bench = Bench(tmp_path / "b", calls(call("echo", "blue")), calls(call("echo", "rude")), picky, tools=tools)
    end = await bench.go()
    assert isinstance(end, RunFinished) and end.reason == "answered"
    assert len(find(bench.events, ViewCompacted)) == 1


async def test_a_fallback_report_uses_up_no_turn(tmp_path: Path) -> None:
    gatherer = ScriptedPolicy([says("Gathered \\cite{p-blue}.", model="extractive")])
    bench = Bench(tmp_path, calls(call("echo", "blue")), KeyRefused("No."))
    bench.fallback = gatherer
    run = bench.open()
    await run.go()
    run.log.close()
    assert len(find(bench.events, Turn)) == 2 and run.budget.turns == 1


async def test_never_ending_tool_use_ends_in_a_partial_report(tmp_path: Path) -> None:
    number = iter(range(100))
    bench = Bench(tmp_path, lambda view: calls(call("echo", f"blue{next(number)}")), budget={"turns": 8})
    end = await bench.go()
    assert isinstance(end, RunFinished) and end.reason == "partial"
    assert len([r for r in bench.results() if r.status == "ok"]) == 7
    assert bench.results()[-1].reason == "withdrawn"
    assert find(bench.events, Answered)[0].text.startswith("What was gathered")


async def test_a_repeating_loop_is_broken(tmp_path: Path) -> None:
    def circle(view: View) -> Turn:
        return calls(call("echo", "blue")) if view.tools else says()

    bench = Bench(tmp_path, circle)
    end = await bench.go()
    assert len([r for r in bench.results() if r.status == "ok"]) == 5
    assert isinstance(end, RunFinished) and end.reason == "partial"
    assert find(bench.events, Answered)[0].text == REPORT


async def test_tool_calls_over_the_budget_are_refused(tmp_path: Path) -> None:
    echo = Echo()
    made = [call("echo", t) for t in ("blue", "b", "c")]
    bench = Bench(tmp_path, calls(*made), says(), tools=[echo], budget={"tool_calls": 2})
    end = await bench.go()
    assert sorted(echo.done) == ["c1-1", "c1-2"]
    assert isinstance(end, RunFinished) and end.reason == "partial"


async def test_a_refused_key_before_anything_is_gathered_fails_the_run_which_can_be_resumed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, KeyRefused("The key was refused.", "Give another."))
    end = await bench.go()
    assert isinstance(end, RunFailed) and (end.reason, end.fault) == ("key_refused", "world")
    bench.lines = [calls(call("echo", "blue")), says()]
    assert isinstance(await bench.go(), RunFinished)


FAILURES = [
    KeyRefused("The key was refused.", "Give another."),
    ContextOverflow("The request is too long."),
    NoToolCalling("The server takes no tools."),
    RequestRefused("The content filter refused it."),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda error: error.reason)
async def test_a_failure_after_something_was_gathered_ends_in_a_partial_report(
    tmp_path: Path, failure: DeepResearchError
) -> None:
    bench = Bench(tmp_path, calls(call("echo", "blue")), failure)
    end = await bench.go()
    assert isinstance(end, RunFinished) and end.reason == "partial"
    report = find(bench.events, Answered)[-1]
    assert report.partial and report.text == "What was gathered: \\cite{p-blue}." and report.by == "gatherer"
    assert failure.message in report.reason and failure.hint in report.reason
    assert find(bench.events, Verified)[-1].answered == report.seq


async def test_the_standing_report_is_delivered_where_its_revision_fails(tmp_path: Path) -> None:
    wrong = "The sea is green \\cite{p-blue}."
    bench = Bench(tmp_path, calls(call("echo", "blue")), says(wrong, model="m"), KeyRefused("The account is empty."))
    policy = ScriptedPolicy(bench.lines, revises=True)
    end = await bench.go(policy=policy)
    assert isinstance(end, RunFinished) and end.reason == "partial"
    first, delivered = find(bench.events, Answered)
    assert (delivered.text, delivered.by, delivered.partial) == (first.text, "m", True)
    assert "The account is empty." in delivered.reason
    assert find(bench.events, Verified)[-1].answered == delivered.seq


async def test_delivery_cancels_the_request_in_flight_and_reports_what_was_gathered(tmp_path: Path) -> None:
    class Hanging(ScriptedPolicy):
        async def decide(self, view: View) -> Turn:
            if len(find(view.events, Turn)) == 1:
                asking.set()
                await asyncio.sleep(60)
            return await super().decide(view)

    asking = asyncio.Event()
    bench = Bench(tmp_path, calls(call("echo", "blue")), says())
    run = bench.open(Hanging(bench.lines))
    task = asyncio.ensure_future(run.go())
    await asyncio.wait_for(asking.wait(), 5)
    run.control.ask("deliver", "You stopped it.")
    end = await asyncio.wait_for(task, 5)
    run.log.close()
    assert isinstance(end, RunFinished) and end.reason == "partial"
    report = find(bench.events, Answered)[-1]
    assert (report.reason, report.partial) == ("You stopped it.", True)
    assert isinstance(await bench.resume(), RunFinished)
    assert find(bench.events, Answered)[-1].text == REPORT


async def test_delivery_with_nothing_gathered_is_a_pause(tmp_path: Path) -> None:
    bench = Bench(tmp_path, says())
    run = bench.open()
    run.control.ask("deliver")
    end = await run.go()
    run.log.close()
    assert isinstance(end, RunPaused)


async def test_a_watcher_that_fails_is_no_business_of_the_run(tmp_path: Path, caplog: Any) -> None:
    bench = Bench(tmp_path, calls(call("echo", "blue")), says())
    called: list[Event] = []

    def watch(event: Event) -> None:
        called.append(event)
        raise BrokenPipeError("nobody reads")

    run = bench.open()
    run.handlers.watch = watch
    assert isinstance(await run.go(), RunFinished)
    run.log.close()
    assert len(called) == 1 and "nobody reads" in caplog.text


async def test_context_overflow_compacts_and_asks_again(tmp_path: Path) -> None:
    refused = 0

    def picky(view: View) -> Turn:
        nonlocal refused
        if sum(len(m["content"]) for m in view.messages) > 3_000:
            refused += 1
            raise ContextOverflow("too long")
        return says()

    wide = [calls(call("echo", f"blue{n} " * 200)) for n in range(3)]
    bench = Bench(tmp_path, *wide, picky)
    assert isinstance(await bench.go(), RunFinished)
    assert refused and find(bench.events, ViewCompacted)


async def test_context_overflow_that_cannot_be_helped_fails(tmp_path: Path) -> None:
    end = await Bench(tmp_path, ContextOverflow("too long")).go()
    assert isinstance(end, RunFailed) and end.reason == "context_overflow"


async def test_long_results_are_shown_short_and_kept_whole(tmp_path: Path) -> None:
    text = "\n".join(f"line {n} of the long result" for n in range(3_000))
    bench = Bench(tmp_path, calls(call("echo", text)), says("Short. \\cite{x}"))
    await bench.go()
    [result] = bench.results()
    assert result.full and bench.store.blobs.get(result.full) == text
    assert result.file and (tmp_path / "workspace" / result.file).read_text() == text
    assert len(result.shown) < 20_000 and result.file in result.shown


async def test_a_policy_that_blocks_its_workspace_does_not_stop_the_run(tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "observations").write_text("in the way")
    bench = Bench(tmp_path, calls(call("echo", "long line\n" * 5_000)), says("Short. \\cite{x}"))
    assert isinstance(await bench.go(), RunFinished)
    [result] = bench.results()
    assert result.full and result.file is None and "no room" in result.shown


async def test_plan_is_proposed_before_the_work(tmp_path: Path) -> None:
    phases: list[str] = []

    def planner(view: View) -> Turn:
        phases.append(view.phase)
        return says("1. look") if view.phase == "plan" else calls(call("echo", "blue"))

    bench = Bench(tmp_path, planner, planner, says(), plan="show")
    await bench.go()
    assert phases == ["plan", "work"]
    assert find(bench.events, PlanProposed)[0].text == "1. look"


async def test_plan_waits_for_a_person_and_hears_the_changes(tmp_path: Path) -> None:
    async def approve(plan: str) -> str:
        return f"not {plan}"

    bench = Bench(tmp_path, says("1. look"), calls(call("echo", "blue")), says(), plan="ask")
    await bench.go(approve=approve)
    assert find(bench.events, PlanApproved)[0].text == "not 1. look"


async def test_plan_pauses_where_nobody_can_be_asked(tmp_path: Path) -> None:
    bench = Bench(tmp_path, says("1. look"), calls(call("echo", "blue")), says(), plan="ask")
    end = await bench.go()
    assert isinstance(end, RunPaused) and end.reason == "plan"
    bench.store.request("r", "approve", {"text": "yes"})
    assert isinstance(await bench.go(), RunFinished)


async def test_steering_reaches_the_policy(tmp_path: Path) -> None:
    def listen(view: View) -> Turn:
        assert any("Only Europe." in message["content"] for message in view.messages)
        return says()

    bench = Bench(tmp_path, calls(call("echo", "blue")), listen)
    bench.store.request("r", "steer", {"text": "Only Europe."})
    assert isinstance(await bench.go(), RunFinished)


async def test_landing_interrupts_what_is_in_flight_and_writes_the_report(tmp_path: Path) -> None:
    class Endless(Slow):
        timeout = 60.0

    bench = Bench(tmp_path, calls(call("echo", "blue")), calls(call("slow", "60")), says(), tools=[Echo(), Endless()])
    run = bench.open()
    job = asyncio.ensure_future(run.go())
    while len(find(run.log.events, Turn)) < 2:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    run.control.ask("finish_early")
    end = await asyncio.wait_for(job, 5)
    run.log.close()
    assert isinstance(end, RunFinished) and end.reason == "partial"
    assert bench.results()[-1].reason == "interrupted"
    assert find(bench.events, UserSteered)[0].finish_early


@pytest.mark.parametrize("kind, ending", [("pause", RunPaused), ("cancel", RunFinished)])
async def test_pause_and_cancel(tmp_path: Path, kind: str, ending: type[Event]) -> None:
    bench = Bench(tmp_path, calls(call("echo", "blue")), says())
    bench.store.request("r", kind, {})
    assert isinstance(await bench.go(), ending)
    assert len(find(bench.events, RunCancelled)) == (kind == "cancel")
    if kind == "pause":
        assert isinstance(await bench.go(), RunFinished)


async def test_stopping_the_process_leaves_a_pause(tmp_path: Path) -> None:
    bench = Bench(tmp_path, calls(call("slow", "60")), says(), tools=[Slow()])
    bench.tools[0].timeout = 60.0  # type: ignore[misc]
    run = bench.open()
    job = asyncio.ensure_future(run.go())
    while not find(run.log.events, Turn):
        await asyncio.sleep(0.01)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    run.log.close()
    assert isinstance(bench.events[-1], RunPaused) and bench.events[-1].reason == "stopped"


async def test_resumed_at_every_event_the_run_comes_out_the_same(tmp_path: Path) -> None:
    lines = [calls(call("echo", "blue"), call("echo", "b")), calls(call("echo", "c")), says()]
    whole = Bench(tmp_path / "whole", *lines)
    await whole.go()
    for cut in range(1, len(whole.events)):
        echo = Echo()
        part = Bench(tmp_path / str(cut), *lines, tools=[echo])
        with part.store.open("r") as log:
            log.append(*whole.events[1:cut])
        finished = {r.call for r in part.results()}
        assert isinstance(await part.go(), RunFinished)
        assert finished.isdisjoint(echo.done)
        assert find(part.events, Answered) == [
            a.model_copy(update={"seq": part_a.seq, "time": part_a.time})
            for a, part_a in zip(find(whole.events, Answered), find(part.events, Answered), strict=True)
        ]
        assert list(registered(part.events)) == list(registered(whole.events))
        assert len([e for e in part.events if isinstance(e, RunFinished)]) == 1


async def test_a_duplicate_stays_refused_when_the_run_was_killed_between_the_two(tmp_path: Path) -> None:
    echo = Echo()
    bench = Bench(tmp_path, calls(call("echo", "blue"), call("echo", "blue")), says(), tools=[echo])
    with bench.store.open("r") as log:
        turn = calls(call("echo", "blue"), call("echo", "blue"))
        for number, made in enumerate(turn.calls, 1):
            made.id = f"c1-{number}"
        log.append(turn, Observation(call="c1-1", tool="echo", shown="blue"))
    await bench.go()
    assert echo.done == []
    assert [r.reason for r in bench.results() if r.call == "c1-2"] == ["duplicate"]


async def test_refused_duplicates_do_not_use_up_the_budget(tmp_path: Path) -> None:
    echo = Echo()
    made = [call("echo", t) for t in ("blue", "blue", "b", "c")]
    bench = Bench(tmp_path, calls(*made), says(), tools=[echo], budget={"tool_calls": 2})
    await bench.go()
    assert sorted(echo.done) == ["c1-1", "c1-3"]


async def test_resuming_after_unusable_replies_gives_another_try(tmp_path: Path) -> None:
    bench = Bench(tmp_path, says(""))
    assert (await bench.go()).reason == "no_answer"
    with bench.store.open("r") as log:
        log.append(RunResumed())
    bench.lines = [says("It is blue.")]
    end = await bench.go()
    assert isinstance(end, RunFinished) and end.reason == "answered"


async def test_a_partial_run_goes_on_with_a_larger_budget(tmp_path: Path) -> None:
    def worker(view: View) -> Turn:
        searched = sum(isinstance(e, Observation) for e in view.events)
        return (
            calls(call("echo", f"blue{searched}"))
            if view.tools and searched < 6
            else says(f"After {searched}.\\cite{{x}}")
        )

    bench = Bench(tmp_path, worker, budget={"turns": 4})
    assert (await bench.go()).reason == "partial"
    with bench.store.open("r") as log:
        log.append(RunResumed(settings={"budget": {"turns": 20}}))
    bench.settings = settings(budget={"turns": 20})
    assert (await bench.go()).reason == "answered"
    first, second = find(bench.events, Answered)
    assert first.partial and not second.partial and second.text.startswith("After 6.")


async def test_a_timeout_of_the_tools_own_is_a_fault_of_the_tool(tmp_path: Path) -> None:
    class Own(Echo):
        async def run(self, arguments: Any, context: Any) -> Any:
            raise TimeoutError

    bench = Bench(tmp_path, calls(call("echo", "x")), says(), tools=[Own()])
    with pytest.raises(InternalError):
        await bench.go()
    assert "TimeoutError" in bench.events[-1].details  # type: ignore[union-attr]


async def test_waiting_for_approval_ends_when_the_report_is_asked_for(tmp_path: Path) -> None:
    async def never(plan: str) -> str:
        await asyncio.Event().wait()
        return ""

    bench = Bench(tmp_path, says("1. look"), says("So far nothing."), plan="ask")
    run = bench.open(approve=never)
    job = asyncio.ensure_future(run.go())
    while not find(run.log.events, PlanProposed):
        await asyncio.sleep(0.01)
    run.control.ask("finish_early")
    end = await asyncio.wait_for(job, 5)
    run.log.close()
    assert isinstance(end, RunFinished) and end.reason == "partial"


async def test_a_report_keeps_who_wrote_it_and_which_parts_of_the_question_it_answers(tmp_path: Path) -> None:
    parts = [AnsweredPart(question="Why?", answered=True), AnsweredPart(question="When?", answered=False)]
    bench = Bench(tmp_path, says(model="extractive", parts=parts))
    await bench.go()
    [report] = find(bench.events, Answered)
    assert report.by == "extractive" and report.parts == parts


async def test_an_event_that_could_not_be_recorded_has_no_effect(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    run = bench.open()
    before = run.transcript.messages
    run.log.close()
    with pytest.raises(Exception, match=r"."):
        await run.record(Turn(calls=[call("echo", "blue")]))
    assert run.budget.turns == 0 and run.transcript.messages == before
    assert bench.watched == []


async def test_a_fault_of_ours_is_recorded_and_raised_whatever_was_gathered(tmp_path: Path) -> None:
    fault = InternalError("The disk is full.", "Make room.")
    bench = Bench(tmp_path, calls(call("echo", "blue")), fault)
    with pytest.raises(InternalError, match="The disk is full"):
        await bench.go()
    failed = bench.events[-1]
    assert isinstance(failed, RunFailed) and (failed.fault, failed.reason) == ("ours", fault.reason)
    assert "Traceback" in failed.details and find(bench.events, Answered) == []


async def test_a_report_that_stays_cut_off_is_partial(tmp_path: Path) -> None:
    bench = Bench(tmp_path, calls(call("echo", "blue")), says(f"# One\n\n{REPORT}", finish="length"))
    end = await bench.go()
    assert isinstance(end, RunFinished) and end.reason == "partial"
    assert [r.reason for r in bench.results()].count("cut_off") == 1
    assert find(bench.events, Answered)[-1].partial


async def test_a_report_that_cites_in_other_brackets_is_not_sent_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path, calls(call("echo", "blue")), says("The sky is blue [p-blue]."))
    await bench.go()
    assert [r.reason for r in bench.results()] == [""] and find(bench.events, Answered)


async def test_a_report_that_stands_when_the_limit_comes_ends_the_run(tmp_path: Path) -> None:
    """It was sent back, and there is no time for another: the policy is not asked again."""
    bench = Bench(tmp_path, says("never asked for"))
    with bench.store.open("r") as log:
        log.append(Turn(text=REPORT))
        log.append(Answered(text=REPORT))
        log.append(Observation(call=None, status="error", reason="citations", shown="Mark 1 does not hold."))
        log.append(BudgetReached(limit="turns", used=8, of=8))
    end = await bench.go()
    assert isinstance(end, RunFinished) and end.reason == "answered"
    assert len(find(bench.events, Turn)) == 1
