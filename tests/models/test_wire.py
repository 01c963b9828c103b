import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.models.wire import BRIDGE, CONTINUE, NO_REASONING, Form, call_entry, call_id, short_id, strict
from deepresearch.trajectory import Call

Messages = list[dict[str, Any]]
FORM = Form()
SYSTEM, QUESTION = {"role": "system", "content": "You research."}, {"role": "user", "content": "Why?"}


def turn(*ids: str, text: str = "", **more: Any) -> dict[str, Any]:
    calls = [{"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}} for id in ids]
    return {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {}), **more}


def result(id: str, text: str = "found") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "name": "f", "content": text}


def note(text: str = "Hurry.") -> dict[str, Any]:
    return {"role": "user", "content": text}


def roles(messages: Messages) -> str:
    return " ".join(message["role"] for message in messages)


def pickiest(messages: Messages) -> None:
    """What the strictest servers check together."""
    assert all(message["role"] != "system" for message in messages[1:])
    body = messages[1:] if messages[0]["role"] == "system" else messages
    assert body[0]["role"] == "user" and body[-1]["role"] in ("user", "tool")
    due: list[str] = []
    before = ""
    for message in body:
        role = message["role"]
        if role == "tool":
            assert message["tool_call_id"] == due.pop(0) and "name" not in message
        else:
            assert not due and role != before and (before, role) != ("tool", "user")
        if role == "assistant":
            due = [call["id"] for call in message.get("tool_calls", ())]
            assert due or message["content"].strip()
        else:
            assert message["content"]
        assert not {"reasoning_content", "wire"} & set(message)
        before = role
    assert not due


MESSAGES = st.lists(
    st.one_of(
        st.just(note()),
        st.just({"role": "system", "content": "More."}),
        st.builds(
            lambda text: turn(text=text, reasoning_content="Hm.", wire={"x": 1}), st.sampled_from(["", " ", "A."])
        ),
        st.builds(lambda ids: turn(*ids), st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)),
        st.builds(result, st.sampled_from("abc"), st.sampled_from(["", "found"])),
    ),
    max_size=12,
)


@given(MESSAGES)
def test_any_conversation_comes_out_as_the_strictest_server_wants_it(messages: Messages) -> None:
    before = json.dumps(messages)
    shaped = strict([SYSTEM, QUESTION, *messages], FORM)
    pickiest(shaped)
    assert json.dumps(messages) == before
    assert strict(shaped, FORM) == shaped


def test_a_conversation_in_order_stays_as_it_is() -> None:
    messages = [SYSTEM, QUESTION, turn("a", "b", text="Looking."), result("a"), result("b")]
    shaped = strict(messages, FORM)
    assert shaped[:3] == messages[:3] and roles(shaped) == "system user assistant tool tool"


def test_the_plan_is_followed_by_a_user_message() -> None:
    shaped = strict([SYSTEM, QUESTION, turn(text="1. Search.")], FORM)
    assert shaped[-1] == {"role": "user", "content": CONTINUE}


def test_a_note_between_a_call_and_its_result_comes_after_it_over_a_bridge() -> None:
    shaped = strict([QUESTION, turn("a", "b"), result("b", "B"), note(), result("a", "A"), turn(text="Done.")], FORM)
    assert roles(shaped) == "user assistant tool tool assistant user assistant user"
    assert [message["content"] for message in shaped[2:6]] == ["A", "B", BRIDGE, "Hurry."]


def test_a_turn_of_thinking_alone_is_left_out_and_notes_are_joined() -> None:
    shaped = strict([QUESTION, note("One."), turn(text=" ", reasoning_content="Hm."), note("Two.")], FORM)
    assert shaped == [{"role": "user", "content": "Why?\n\nOne.\n\nTwo."}]


def test_a_call_without_a_result_gets_one_and_a_result_without_a_call_goes() -> None:
    shaped = strict([QUESTION, turn("a"), result("z"), turn(text="Done.")], FORM)
    assert shaped[2]["tool_call_id"] == "a" and "z" not in json.dumps(shaped)


def test_the_prefix_stays_when_the_conversation_grows() -> None:
    growing = [SYSTEM, QUESTION, turn("a"), result("a"), note(), turn("b"), result("b")]
    long = strict(growing, FORM)
    for length in (2, 4, 5, 7):
        short = strict(growing[:length], FORM)
        assert long[: len(short)] == short


def test_endpoints_without_a_system_message() -> None:
    assert strict([SYSTEM, QUESTION], Form(system=False)) == [{"role": "user", "content": "You research.\n\nWhy?"}]


def test_reasoning_goes_back_with_every_turn_where_it_is_wanted() -> None:
    messages = [QUESTION, turn("a", reasoning_content="Hm.", wire={"details": [1]}), result("a"), turn(text="B.")]
    sent = [message for message in strict(messages, Form(reasoning=True)) if message["role"] == "assistant"]
    assert [message["reasoning_content"] for message in sent] == ["Hm.", NO_REASONING]
    assert sent[0]["details"] == [1]


@pytest.mark.parametrize("id", ["call_a", "c1-1", "chatcmpl-tool-0123456789abcdef", "Zk3pQ9xY1"])
def test_short_ids(id: str) -> None:
    shaped = strict([QUESTION, turn(id), result(id)], Form(short_ids=True))
    sent = shaped[1]["tool_calls"][0]["id"]
    assert len(sent) == 9 and sent.isalnum() and shaped[2]["tool_call_id"] == sent
    assert (sent == id) is (len(id) == 9)


def test_a_call_goes_back_as_it_came() -> None:
    wire = {"id": "Zk3pQ9xY1", "extra_content": {"signature": "s"}, "function": {"sig": "t"}}
    call = Call(id="c1-1", tool="f", arguments={}, wire=wire)
    assert call_entry(call, "{}") == {
        "id": "Zk3pQ9xY1",
        "type": "function",
        "extra_content": {"signature": "s"},
        "function": {"sig": "t", "name": "f", "arguments": "{}"},
    }
    assert call_id(Call(id="c1-1", tool="f")) == short_id("c1-1") != short_id("c1-2")
