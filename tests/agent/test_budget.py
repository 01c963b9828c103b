"""Limits are reached in time to leave room for the answer, and told before."""

import pytest

from deepresearch.agent.budget import REPEATS, BudgetTracker, call_key, warning_level
from deepresearch.settings import BudgetSettings
from deepresearch.trajectory import (
    BudgetReached,
    BudgetWarned,
    Call,
    Event,
    Judged,
    Observation,
    RunFinished,
    RunPaused,
    RunResumed,
    Turn,
    Usage,
    UserSteered,
)


def spent(*events: Event) -> BudgetTracker:
    budget = BudgetTracker()
    for seq, event in enumerate(events, 1):
        budget.apply(event.model_copy(update={"seq": seq, "time": event.time or 1000.0}))
    return budget


def turn(tokens: int = 0, cost: float | None = 0.0, **call: object) -> Turn:
    calls = [Call(id="c", tool="t", arguments=call)] if call else []
    return Turn(usage=Usage(input=tokens), cost=cost, calls=calls)


def reached(budget: BudgetTracker, limits: BudgetSettings, failures: int = 0, now: float = 1000.0) -> str | None:
    events = budget.check(limits, failures, now)
    return events[0].limit if events and isinstance(events[0], BudgetReached) else None


@pytest.mark.parametrize("used, expected", [(0, None), (44, None), (47, "turns"), (50, "turns")])
def test_turns_keep_a_reserve(used: int, expected: str | None) -> None:
    assert reached(spent(*[turn()] * used), BudgetSettings(turns=50)) == expected


def test_a_single_turn_is_for_the_answer() -> None:
    assert reached(spent(), BudgetSettings(turns=1)) == "turns"


def test_tokens_leave_room_for_a_turn_and_the_answer() -> None:
    limits = BudgetSettings(tokens=100_000, reserve=0.0)
    assert reached(spent(turn(30_000)), limits) is None
    assert reached(spent(turn(20_000), turn(30_000)), limits) == "tokens"


def test_money_counts_known_prices() -> None:
    assert reached(spent(turn(cost=0.04), turn(cost=None)), BudgetSettings(cost=0.1)) is None
    assert reached(spent(turn(cost=0.04), turn(cost=0.04)), BudgetSettings(cost=0.1)) == "dollars"


def test_minutes_do_not_count_while_the_run_was_down() -> None:
    record = (turn().model_copy(update={"time": 60.0}), turn().model_copy(update={"time": 120.0}))
    gap = (RunPaused(time=120.0), RunResumed(time=9_000.0), turn().model_copy(update={"time": 9_060.0}))
    budget = spent(*record, *gap)
    assert budget.seconds == pytest.approx(120)
    assert reached(budget, BudgetSettings(minutes=10), now=9_060.0) is None
    assert reached(budget, BudgetSettings(minutes=10), now=9_060.0 + 8 * 60) == "minutes"


def test_denied_calls_cost_nothing() -> None:
    done = Observation(call="c", tool="t", status="ok", shown="x")
    budget = spent(turn(a=1), done, turn(a=2), done.model_copy(update={"status": "denied"}))
    assert budget.tool_calls == 1
    assert budget.tool_calls_left(BudgetSettings(tool_calls=3)) == 2
    assert budget.tool_calls_left(BudgetSettings()) is None


def test_going_in_circles_is_told_and_then_ended() -> None:
    circle = [turn(query="same"), Observation(call="c", tool="t", shown="same result")]
    assert spent(*circle * 2).check(BudgetSettings(), 0, 1000.0) == []
    told = spent(*circle * 3).check(BudgetSettings(), 0, 1000.0)
    assert isinstance(told[0], BudgetWarned) and told[0].used == 3
    assert reached(spent(*circle * REPEATS), BudgetSettings()) == "identical calls with the same result"


def test_same_call_with_new_results_is_no_circle() -> None:
    events = [
        event
        for n in range(REPEATS)
        for event in (turn(query="same"), Observation(call="c", tool="t", shown=f"result {n}"))
    ]
    assert reached(spent(*events), BudgetSettings()) is None


def test_three_unusable_replies_end_the_attempt() -> None:
    assert reached(spent(), BudgetSettings(), failures=2) is None
    assert reached(spent(), BudgetSettings(), failures=3) == "unusable replies in a row"


def test_each_warning_is_given_once() -> None:
    budget = spent(*[turn()] * 26)
    [warning] = budget.check(BudgetSettings(), 0, 1000.0)
    assert isinstance(warning, BudgetWarned) and warning.limit == "turns"
    budget.apply(warning.model_copy(update={"time": 1000.0}))
    assert budget.check(BudgetSettings(), 0, 1000.0) == []


def test_a_larger_budget_reopens_the_run() -> None:
    budget = spent(*[turn()] * 10, BudgetReached(limit="turns", used=10, of=10))
    assert budget.check(BudgetSettings(turns=10), 0, 1000.0) == []
    budget.apply(RunResumed(time=1000.0, settings={"budget": {"turns": 20}}))
    assert reached(budget, BudgetSettings(turns=20)) is None


def test_the_report_is_due_since_the_first_reason_for_it() -> None:
    reached, wish = BudgetReached(limit="turns", used=10, of=10), UserSteered(finish_early=True)
    assert spent(turn(), reached, turn(), wish).due_since == 2
    assert spent(turn(), wish, turn(), reached).due_since == 2
    assert spent(turn()).due_since is None


def test_a_finished_run_that_is_resumed_may_research_again() -> None:
    wish, end = UserSteered(finish_early=True), RunFinished(reason="partial")
    assert spent(turn(), wish).due_since == 2
    assert spent(turn(), wish, end, RunResumed()).due_since is None


def test_time_until_a_report_was_judged_is_nobodys_work() -> None:
    record = [turn().model_copy(update={"time": at}) for at in (100.0, 110.0)]
    judged = Judged(card="", score=1.0, judgement={}, answered=2, time=5_000.0)
    budget = spent(*record, judged, turn().model_copy(update={"time": 5_005.0}))
    assert budget.seconds == pytest.approx(15)


def test_the_last_tool_call_may_be_made_and_then_none_is_left() -> None:
    done = Observation(call="c", tool="t", status="ok", shown="x")
    limits = BudgetSettings(tool_calls=2)
    assert reached(spent(turn(a=1), done), limits) is None
    budget = spent(turn(a=1), done, turn(a=2), done)
    assert reached(budget, limits) == "tool calls" and budget.tool_calls_left(limits) == 0


def test_money_keeps_back_twice_what_the_newest_turn_cost() -> None:
    assert reached(spent(turn(cost=0.01)), BudgetSettings(cost=0.035, reserve=0.0)) is None
    assert reached(spent(turn(cost=0.01)), BudgetSettings(cost=0.03, reserve=0.0)) == "dollars"


def test_no_time_has_passed_before_the_first_event() -> None:
    [minutes] = [use for use in BudgetTracker().uses(BudgetSettings(minutes=10), 1e9) if use.limit == "minutes"]
    assert minutes.used == 0
    [minutes] = [use for use in spent(turn()).uses(BudgetSettings(minutes=10), 1000.5) if use.limit == "minutes"]
    assert minutes.used == pytest.approx(0.5 / 60)


def test_there_is_spare_until_a_limit_is_near() -> None:
    limits = BudgetSettings(turns=10, minutes=10)
    assert spent(*[turn()] * 4).has_spare(limits, 1000.0)
    assert not spent(*[turn()] * 8).has_spare(limits, 1000.0)
    assert not spent(turn()).has_spare(limits, 1000.0 + 9 * 60)
    assert not spent(turn(), BudgetReached(limit="turns", used=1, of=1)).has_spare(limits, 1000.0)


def test_a_warning_comes_at_the_very_share() -> None:
    assert [warning_level(used, 10) for used in (4.9, 5, 7.9, 8, 10)] == [0, 1, 1, 2, 2]


def test_calls_are_the_same_by_tool_arguments_and_what_could_not_be_read() -> None:
    read = Call(id="1", tool="t", arguments={"a": 1, "b": 2}, raw="x")
    assert call_key(read) == call_key(Call(id="2", tool="t", arguments={"b": 2, "a": 1}, raw="y"))
    unread = Call(id="3", tool="t", arguments=None, raw="x")
    assert len({call_key(c) for c in (read, unread, unread.model_copy(update={"raw": "y"}))}) == 3
    assert call_key(Call(id="4", tool="t", arguments={})) == "t [] "


def test_what_is_told_of_money_keeps_its_cents() -> None:
    (told,) = spent(turn(cost=0.06123456)).check(BudgetSettings(cost=0.1, reserve=0.0), 0, 1000.0)
    assert isinstance(told, BudgetReached) and told.used == 0.0612
