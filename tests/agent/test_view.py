"""The view is pure, append-only between compactions, and keeps what must stay."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepresearch.agent.view import REOPENED, Transcript, short_form, view
from deepresearch.errors import ContentFiltered, ContextOverflow
from deepresearch.settings import ContextSettings
from deepresearch.trajectory import (
    BudgetReached,
    Call,
    Event,
    Observation,
    Passage,
    PlanApproved,
    RunFinished,
    RunResumed,
    RunStarted,
    Task,
    Turn,
    Usage,
    UserSteered,
    ViewCompacted,
)

CONTEXT = ContextSettings(limit=4_000, target=3_000, keep=2)


def number(events: list[Event]) -> list[Event]:
    return [event.model_copy(update={"seq": seq, "run": "r"}) for seq, event in enumerate(events, 1)]


def opening() -> Event:
    return RunStarted(task=Task(question="Why is the sky blue?", date="2026-11-20"), system="You research.")


def passage(name: str, words: int = 60) -> Passage:
    return Passage(id=name, document=f"{name}.md", title=f"Title {name}", text=f"text of {name} " + "word " * words)


def step(name: str, words: int = 60, text: str = "") -> list[Event]:
    shown = passage(name, words)
    return [
        Turn(text=text, calls=[Call(id=name, tool="batch_web_surfer", arguments={"queries": [name]})]),
        Observation(call=name, tool="batch_web_surfer", shown=shown.text, passage_ids=[name], passages=[shown]),
    ]


def transcript(events: list[Event]) -> Transcript:
    made = Transcript()
    for event in events:
        made.apply(event)
    return made


def test_opening_holds_system_prompt_question_and_date() -> None:
    messages = view(number([opening()]))
    assert [m["role"] for m in messages] == ["system", "user"]
    assert "sky blue" in messages[1]["content"] and "2026-11-20" in messages[1]["content"]


def test_results_stand_in_call_order_whatever_came_first() -> None:
    calls = [Call(id="a", tool="t", arguments={}), Call(id="b", tool="t", arguments={})]
    late_first = [Observation(call="b", tool="t", shown="B"), Observation(call="a", tool="t", shown="A")]
    messages = view(number([opening(), Turn(calls=calls), *late_first]))
    assert [m["content"] for m in messages if m["role"] == "tool"] == ["A", "B"]


def test_people_and_limits_are_heard() -> None:
    events = [
        opening(),
        UserSteered(text="Only Europe."),
        PlanApproved(text="Skip step 2."),
        UserSteered(finish_early=True),
    ]
    texts = [m["content"] for m in view(number([*events, BudgetReached(limit="turns", used=9, of=10)]))]
    assert any("Only Europe." in t for t in texts)
    assert any("Skip step 2." in t for t in texts)
    assert sum("Tools are withdrawn" in t for t in texts) == 2


def test_unreadable_call_is_echoed_as_sound_json() -> None:
    broken = Call(id="x", tool="t", arguments=None, raw='{"q": ', problem="cut off")
    message = view(number([opening(), Turn(calls=[broken])]))[-1]
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {}


@pytest.mark.parametrize("reason", ["cut_off", "no_search", "announcement"])
def test_a_reply_that_could_not_be_used_leaves_the_view(reason: str) -> None:
    long = Turn(text="I would say that " * 200)
    sent_back = Observation(call=None, reason=reason, shown="You have not searched yet.")
    made = transcript(number([opening(), long]))
    whole = made.tokens
    made.apply(sent_back.model_copy(update={"seq": 3}))
    reply, note = made.messages[-2:]
    assert reply["role"] == "assistant" and reply["content"].startswith("I would say") and len(reply["content"]) < 220
    assert note["content"] == "You have not searched yet." and made.tokens < whole / 2
    kept = view(number([opening(), long, sent_back.model_copy(update={"reason": "no_citations"})]))
    assert kept[-2]["content"] == long.text


def test_tools_count_and_a_refusal_that_names_the_limit_is_remembered() -> None:
    tools = [{"type": "function", "function": {"name": "t", "description": "word " * 400, "parameters": {}}}]
    bare, full = opening(), opening().model_copy(update={"tools": tools})
    assert transcript(number([full])).tokens > transcript(number([bare])).tokens + 400
    made = transcript(number([opening(), *step("a", 400), *step("b", 400), *step("c", 400), *step("d", 400)]))
    assert made.compaction(CONTEXT) is None
    first = made.compaction(CONTEXT, ContextOverflow("too long", limit=1_000))
    assert first is not None and first.tokens_after <= 0.7 * 1_000 + 450
    made.apply(first.model_copy(update={"seq": 20}))
    for event in number([*step("e", 400), *step("f", 400)]):
        made.apply(event.model_copy(update={"seq": event.seq + 20}))
    assert made.compaction(CONTEXT) is not None, "no second refusal is waited for"


steps = st.lists(
    st.one_of(
        st.builds(lambda w: ("step", w), st.integers(1, 400)),
        st.just(("steer", 0)),
        st.just(("text", 0)),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_append_only_between_compactions(plan: list[tuple[str, int]]) -> None:
    made = transcript(number([opening()]))
    events = number([opening()])
    previous = made.messages
    for index, (kind, words) in enumerate(plan):
        new = {
            "step": lambda w=words, i=index: step(f"p{i}", w),
            "steer": lambda: [UserSteered(text="more")],
            "text": lambda: [Turn(text="thinking")],
        }[kind]()
        for event in new:
            events.append(event.model_copy(update={"seq": len(events) + 1, "run": "r"}))
            made.apply(events[-1])
        assert made.messages[: len(previous)] == previous
        if compaction := made.compaction(CONTEXT):
            compaction = compaction.model_copy(update={"seq": len(events) + 1, "run": "r"})
            events.append(compaction)
            made.apply(compaction)
            assert abs(made.tokens - compaction.tokens_after) <= 3
        previous = made.messages
        assert view(events) == previous


def grown(count: int, words: int = 200) -> list[Event]:
    return number([opening(), *(event for n in range(count) for event in step(f"p{n}", words))])


def test_compaction_waits_for_the_limit() -> None:
    assert transcript(grown(3)).compaction(CONTEXT) is None


def test_compaction_shortens_all_that_is_old_in_one_cut() -> None:
    made = transcript(grown(20))
    compaction = made.compaction(CONTEXT)
    assert compaction and len(compaction.short) == 18 and compaction.tokens_after <= CONTEXT.target
    made.apply(compaction)
    old = [m["content"] for m in made.messages if m["role"] == "tool"][:18]
    assert all("[p" in text and "Title p" in text and len(text) < 400 for text in old)
    assert [m["content"] for m in made.messages if m["role"] == "tool"][-1].startswith("text of p19")


def test_then_whole_pairs_leave_the_oldest_first() -> None:
    made = transcript(grown(80))
    compaction = made.compaction(CONTEXT)
    assert compaction and compaction.dropped == sorted(compaction.dropped) and compaction.dropped[0] == 2
    made.apply(compaction)
    assert made.tokens <= CONTEXT.target
    assert made.messages[1]["content"].startswith("Why is the sky blue?")
    ids = {c["id"] for m in made.messages for c in m.get("tool_calls", ())}
    assert ids == {m["tool_call_id"] for m in made.messages if m["role"] == "tool"}


def test_cited_passages_and_the_newest_todo_never_leave() -> None:
    todo = [
        Turn(calls=[Call(id="todo1", tool="todo", arguments={})]),
        Observation(call="todo1", tool="todo", shown="1. find out " * 40),
    ]
    early = step("cited", 50)
    note = [Turn(text="So far: blue scatters \\cite{cited}.")]
    events = number([opening(), *early, *todo, *note, *(e for n in range(80) for e in step(f"p{n}", 200))])
    made = transcript(events)
    compaction = made.compaction(CONTEXT)
    assert compaction
    made.apply(compaction)
    texts = [m["content"] for m in made.messages]
    assert any(passage("cited", 50).text in text for text in texts)
    assert any(text == "1. find out " * 40 for text in texts)
    assert any("So far" in text for text in texts)


def test_forced_compaction_goes_below_what_the_server_refused() -> None:
    made = transcript(grown(6))
    compaction = made.compaction(ContextSettings(), ContextOverflow("too long"))
    assert compaction and compaction.tokens_after < made.tokens * 0.7


def test_the_servers_count_calibrates_the_estimate() -> None:
    made = transcript(grown(3))
    before = made.tokens
    made.apply(Turn(seq=99, text="x", usage=Usage(input=before * 2, output=1)))
    assert made.tokens == pytest.approx(before * 2, rel=0.05)


def test_a_compaction_on_record_gives_the_same_view_again() -> None:
    events = grown(20)
    made = transcript(events)
    compaction = made.compaction(CONTEXT)
    assert compaction
    events.append(compaction.model_copy(update={"seq": len(events) + 1}))
    made.apply(events[-1])
    assert view(events) == made.messages
    assert ViewCompacted.model_validate(events[-1].model_dump()) == events[-1]


def test_once_whole_turns_must_go_the_cut_is_deeper_so_that_it_is_seldom() -> None:
    events = [opening()]
    for n in range(40):
        events += step(f"p{n}", words=200, text="thinking " * 60)
    made = transcript(number(events))
    compaction = made.compaction(CONTEXT)
    assert compaction and compaction.dropped
    assert compaction.tokens_after <= CONTEXT.target * 0.6
    large = [event for n in range(8) for event in step(f"p{n}", words=500)]
    shallow = transcript(number([opening(), *large])).compaction(CONTEXT)
    assert shallow and not shallow.dropped, "short forms alone suffice here, and nothing is cut deeper than asked"


def test_what_is_cited_in_a_file_that_a_call_writes_stays_whole() -> None:
    events = [opening(), *step("a", 100), *step("b", 100)]
    call = Call(id="w", tool="file", arguments={"action": "write", "text": "Claim \\cite{a}."})
    events += [Turn(calls=[call]), Observation(call="w", tool="file", shown="written")]
    for n in range(30):
        events += step(f"p{n}", 200)
    made = transcript(number(events))
    assert made.cited == {"a"}
    compaction = made.compaction(CONTEXT)
    assert compaction is not None
    made.apply(compaction.model_copy(update={"seq": len(events) + 1}))
    text = "\n".join(m["content"] for m in made.messages)
    assert passage("a", 100).text in text and passage("b", 100).text not in text


@pytest.mark.parametrize("told", [{"estimated": True}, {"cut": True}])
def test_a_length_that_the_server_did_not_count_measures_nothing(told: dict[str, bool]) -> None:
    counted = transcript(number([opening(), Turn(usage=Usage(input=10))]))
    guessed = transcript(number([opening(), Turn(usage=Usage(input=10, **told))]))
    assert counted.scale != 1.0 and guessed.scale == 1.0


def test_a_refused_result_is_withdrawn_the_newest_first_and_stays_so() -> None:
    events = grown(3)
    made = transcript(events)
    refused = made.compaction(CONTEXT, ContentFiltered("refused"))
    newest = [e for e in events if isinstance(e, Observation)][-1]
    assert refused is not None and refused.withdrawn == [newest.seq]
    made.apply(refused.model_copy(update={"seq": len(events) + 1}))
    shown = str(made.messages)
    assert newest.shown not in shown and "content filter" in shown
    again = made.compaction(CONTEXT, ContentFiltered("refused"))
    assert again is not None and newest.seq not in again.withdrawn
    assert transcript(grown(0)).compaction(CONTEXT, ContentFiltered("refused")) is None


def test_a_short_form_says_where_it_was_cut() -> None:
    long, short = passage("long", 100), Passage(id="short", document="s.md", title="s.md", text="few words")
    result = Observation(call="c1-1", tool="t", shown="x", passage_ids=["long", "short"], passages=[long, short])
    known = {"long": long, "short": short}
    head, first, second = short_form(result, known, set()).split("\n")
    assert "observations/c1-1.txt" in head and first.endswith("…")
    assert second == "[short] s.md | few words"
    assert short_form(result, known, {"long"}).split("\n")[1].endswith(long.text)


def test_a_turn_stands_as_the_policy_wrote_it() -> None:
    turn = Turn(text="t", reasoning="why", wire={"x": 1}, calls=[Call(id="a", tool="t", arguments={"n": 1})])
    [plain] = view(number([opening(), turn]))[2:]
    assert (plain["role"], plain["content"]) == ("assistant", "t") and "reasoning_content" not in plain
    [full] = view(number([opening(), turn]), reasoning=True)[2:]
    assert full["reasoning_content"] == "why" and full["wire"] == {"x": 1}


def test_a_finished_run_that_is_resumed_is_told_to_go_on() -> None:
    finished = [opening(), Turn(text="report"), RunFinished(reason="partial"), RunResumed()]
    assert view(number(finished))[-1]["content"] == REOPENED
    paused = [opening(), Turn(text="report"), RunResumed()]
    assert view(number(paused))[-1]["content"] == "report"


def test_the_arguments_of_calls_count_as_length() -> None:
    short, long = (
        transcript(number([opening(), Turn(calls=[Call(id="a", tool="t", arguments={"text": "word " * many})])]))
        for many in (1, 400)
    )
    assert long.tokens > short.tokens + 300


def test_as_many_turns_as_are_kept_leave_the_older_ones_to_be_cut() -> None:
    events = [opening(), *step("old", 3_000), *step("new", 3_000)]
    compaction = transcript(number(events)).compaction(CONTEXT)
    assert compaction is not None and compaction.short == [3]
