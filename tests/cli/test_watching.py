"""What a person sees of a result."""

import tomllib
from importlib.resources import files
from typing import Any

import pytest

from deepresearch.agent.budget import BudgetTracker
from deepresearch.cli.watching import Watcher
from deepresearch.settings import BudgetSettings
from deepresearch.trajectory import (
    Answered,
    BudgetReached,
    BudgetWarned,
    Call,
    Citation,
    Observation,
    Passage,
    PlanProposed,
    RunPaused,
    Turn,
    Uncited,
    Verified,
)

WHY = {name: f"{name} gives no answer (its host could not be looked up: no such name, {'x' * 60})." for name in "abcd"}


def watcher() -> Watcher:
    return Watcher(BudgetSettings(), BudgetTracker())


def test_every_source_that_failed_is_named_with_its_reason() -> None:
    shown = "No answer from a, b, c, d. " + "; ".join(WHY.values())
    [line] = watcher()._lines(Observation(call="c1-1", tool="batch_web_surfer", status="error", shown=shown))
    assert all(why in line for why in WHY.values())


def test_a_part_that_failed_is_told_once() -> None:
    passage = Passage(id="p", document="d", title="Tide", text="It rises.")
    data = {"queries": [{"failed": {"a": WHY["a"]}}, {"failed": {"a": WHY["a"], "b": WHY["b"]}}]}
    result = Observation(
        call="c1-1", tool="batch_web_surfer", shown="...", passages=[passage], passage_ids=["p"], data=data
    )
    seen = watcher()
    told = seen._lines(result)
    assert "1 passage: Tide" in told[0] and [WHY["a"] in told[1], WHY["b"] in told[2]] == [True, True]
    assert len(told) == 3 and len(seen._lines(result)) == 1


def test_a_page_that_failed_is_told() -> None:
    page = {"reference": "https://a.example/", "outcome": "robots", "failed": {"web": "robots: off limits"}}
    told = watcher()._lines(Observation(call="c1-1", tool="batch_web_surfer", shown="x", data={"references": [page]}))
    assert told[-1] == "    No answer: web: robots: off limits"


def test_how_a_report_is_checked_and_revised_is_shown_in_a_line_each() -> None:
    verdicts = [Citation(passage="p", level="supports"), Citation(passage="q", level="partly")]
    [line] = watcher()._lines(Verified(citations=verdicts, uncited=[Uncited(claim="c")]))
    assert line.strip() == (
        "Citations that support their sentence: 1 of 2, supports in part: 1, statements without a citation: 1"
    )
    [line] = watcher()._lines(Observation(call=None, reason="unverified", shown="1 of 2 do not hold.\n- claim\n> text"))
    assert line.strip() == "Sent back: 1 of 2 do not hold."
    step = Observation(call=None, reason="draft.section", shown="[p] passage", data={"number": 0, "of": 3})
    assert watcher()._lines(step) == ["    Drafting: section 1/3"]
    chosen, _ = watcher()._lines(Answered(text="x", chosen="The new draft is deeper"))
    assert chosen.strip() == "The new draft is deeper"


def test_every_step_of_the_extractive_policy_is_said_in_chinese() -> None:
    from deepresearch.extractive import policy

    steps = [value for name, value in vars(policy).items() if name.isupper() and str(value).endswith(".")]
    tables = tomllib.loads(files("deepresearch.cli").joinpath("labels.toml").read_text(encoding="utf-8"))
    assert len(steps) >= 8 and set(steps) <= set(tables["zh"]["words"])
    assert tables["zh"].keys() == tables["en"].keys()


@pytest.mark.parametrize(
    ("language", "arguments", "line"),
    [
        ("en", {"action": "batch_search", "queries": ["moons", {"text": "wage", "k": 2}]}, "Searching: moons · wage"),
        ("zh", {"action": "batch_search", "queries": ["卫星"]}, "检索：卫星"),
        ("zh", {"action": "batch_open", "references": ["https://a.example/"]}, "阅读：https://a.example/"),
    ],
)
def test_calls_are_said_in_plain_words(language: str, arguments: dict[str, Any], line: str) -> None:
    made = Watcher(BudgetSettings(), BudgetTracker(), language)
    turn = Turn(calls=[Call(id="c", tool="batch_web_surfer", arguments=arguments)])
    (said,) = made._lines(turn)
    assert said.endswith(f"] {line}") and ("轮" in said) == (language == "zh")


def test_a_plan_and_a_report_are_not_shown_twice() -> None:
    assert watcher()._lines(Turn(text="# Report\n\nLong.")) == []
    assert watcher()._lines(PlanProposed(text="**Asked:** a number\n\n1. How many?")) == [
        "Plan:", "    Asked: a number", "", "    1. How many?",
    ]  # fmt: skip


def test_the_same_failure_is_told_in_full_once() -> None:
    made = watcher()
    failed = Observation(call="c", tool="batch_web_surfer", status="error", shown="No answer. " + "y" * 500)
    first, second = made._lines(failed)[0], made._lines(failed)[0]
    assert "y" * 500 in first and len(second) < 120


def test_the_check_of_a_report_that_cites_nothing_counts_nothing() -> None:
    [line] = watcher()._lines(Verified(citations=[], uncited=[Uncited(claim="c")]))
    assert line.strip() == "The report cites nothing, statements without a citation: 1"


def test_in_chinese_no_english_word_is_left() -> None:
    seen = Watcher(BudgetSettings(), BudgetTracker(), "zh")
    lines = seen._lines(Verified(citations=[Citation(passage="q", level="partly")])) + seen._lines(
        RunPaused(reason="stopped")
    )
    assert [line.strip() for line in lines] == [
        "引用检查：1 处引用中 0 处支持所在句子，部分支持：1",
        "已暂停（已停止）。",
    ]


def test_amounts_are_written_as_a_person_would() -> None:
    [line] = watcher()._lines(BudgetReached(limit="tokens", used=1_234_567, of=2_000_000))
    assert line.startswith("Limit: 1234567 of 2000000 tokens.")
    [line] = watcher()._lines(BudgetWarned(limit="minutes", used=0.240912, of=0.3))
    assert line == "Limit near: 0.24 of 0.3 minutes."
