import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given as example
from hypothesis import strategies as st

from deepresearch.models.stream import Assembler, finish_of, joined, read_payloads, repeats_itself


async def events_of(pieces: list[bytes]) -> list[str]:
    async def chunks() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return [payload.data async for payloads in read_payloads(chunks()) for payload in payloads]


async def test_events_in_every_common_spelling() -> None:
    body = b": comment\n\ndata: 1\r\n\r\ndata:2\nevent: x\nid: 7\ndata: 3\n\n\ndata: [DONE]"
    assert await events_of([body]) == ["1", "2", "3", "[DONE]"]


@example(cuts=st.lists(st.integers(0, 120), max_size=12))
async def test_bytes_may_be_cut_anywhere(cuts: list[int]) -> None:
    texts = ["你好, wörld 😀", 'a "b"\n', "</think>"]
    body = "".join(f"data: {json.dumps(text, ensure_ascii=False)}\r\n\r\n" for text in texts).encode()
    places = sorted({0, len(body), *(min(cut, len(body)) for cut in cuts)})
    pieces = [body[begin:end] for begin, end in itertools.pairwise(places)]
    assert [json.loads(event) for event in await events_of(pieces)] == texts


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ("I am sorry, I cannot find that. " * 90, True),
        ("The beginning is sound. " + "我找不到答案。" * 400, True),
        ("\n" * 3_000, True),
        ("\n".join(f"| row {number} | {number * 7} | kg |" for number in range(300)), False),
        ("I am sorry, I cannot find that. " * 20, False),
        ("One passage of some length, which says a thing or two about the sea and ships. " * 6 * 5 + "End.", False),
        (" ".join(str(number) for number in range(2_000)), False),
    ],
)
def test_a_text_that_repeats_itself_without_end(text: str, loops: bool) -> None:
    assert repeats_itself(text) is loops


def assembled(*deltas: dict[str, Any]) -> Assembler:
    assembler = Assembler()
    for delta in deltas:
        assembler.feed({"choices": [{"index": 0, "delta": delta}]})
    return assembler


def given(assembler: Assembler) -> list[tuple[str, str, str]]:
    return [(call.id, call.tool, call.arguments) for call in assembler.calls()]


def call(
    id: str | None = None, name: str | None = None, arguments: Any = None, index: int | None = 0
) -> dict[str, Any]:
    part: dict[str, Any] = {"function": {"name": name, "arguments": arguments}}
    part |= {"index": index} if index is not None else {}
    return {"tool_calls": [part | ({"id": id} if id else {})]}


def test_arguments_in_pieces_with_the_id_in_the_first() -> None:
    assembler = assembled(call("a", "f", ""), call(None, None, '{"x'), call(None, None, '": 1}'))
    assert given(assembler) == [("a", "f", '{"x": 1}')]


def test_id_and_name_repeated_in_every_piece() -> None:
    assert given(assembled(call("a", "f", "{"), call("a", "f", "}"))) == [("a", "f", "{}")]


def test_calls_interleaved_by_index() -> None:
    assembler = assembled(
        call("a", "f", "{", 0), call("b", "g", "[", 1), call(None, None, "}", 0), call(None, None, "]", 1)
    )
    assert given(assembler) == [("a", "f", "{}"), ("b", "g", "[]")]


def test_every_call_with_the_same_index() -> None:
    assert given(assembled(call("a", "f", "{}"), call("b", "g", "{}"))) == [("a", "f", "{}"), ("b", "g", "{}")]


def test_no_index_at_all() -> None:
    assembler = assembled(
        call("a", "f", "{", None), call(None, None, "}", None), call("b", "g", "{}", None), call(None, "h", "{}", None)
    )
    assert given(assembler) == [("a", "f", "{}"), ("b", "g", "{}"), ("", "h", "{}")]


def test_arguments_as_an_object() -> None:
    assert given(assembled(call("a", "f", {"x": 1}))) == [("a", "f", '{"x": 1}')]


def test_reasoning_under_either_name_and_not_twice() -> None:
    assembler = assembled({"reasoning": "a"}, {"reasoning_content": "b"}, {"reasoning": "c", "reasoning_content": "c"})
    assert assembler.reasoning == "abc"


def test_other_choices_are_ignored() -> None:
    assembler = Assembler()
    assert not assembler.feed({"choices": [{"index": 1, "delta": {"content": "b"}}]})
    both = [{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "a"}}]
    assert assembler.feed({"choices": both}) and assembler.text == "a"


def usage_of(told: dict[str, Any]) -> tuple[int, int, int]:
    assembler = Assembler()
    assembler.feed({"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 7, **told}})
    usage = assembler.usage([])
    return usage.input, usage.cached, usage.output


def test_cached_tokens_in_every_spelling() -> None:
    assert usage_of({}) == (100, 0, 7)
    assert usage_of({"prompt_tokens_details": {"cached_tokens": 64}}) == (100, 64, 7)
    assert usage_of({"prompt_tokens_details": None, "prompt_cache_hit_tokens": 64}) == (100, 64, 7)
    assert usage_of({"cached_tokens": 64}) == (100, 64, 7)
    assert usage_of({"cached_tokens": 900}) == (1000, 900, 7)


def test_usage_that_is_missing_is_estimated_and_says_so() -> None:
    usage = assembled({"content": "x" * 400}).usage([{"content": "x" * 3_986}])
    assert (usage.input, usage.output) == (1_001, 101)
    assert usage.model_dump()["estimated"] is True


async def test_an_event_of_several_lines_and_returns_as_line_ends() -> None:
    assert await events_of([b'data: {"a":\ndata: 1}\n\ndata: 2\n\n']) == ['{"a":\n1}', "2"]
    assert await events_of([b"data: 1\r", b"\rdata: 2\r\n", b"\r\n"]) == ["1", "2"]


async def test_json_in_one_piece_over_many_lines_and_line_by_line() -> None:
    assert [json.loads(event) for event in await events_of([b'\xef\xbb\xbf\n{"a":\n {"b": 1}\n,"c": 2}'])] == [
        {"a": {"b": 1}, "c": 2}
    ]
    assert await events_of([b'{"a": 1}\n{"b": 2}\n']) == ['{"a": 1}', '{"b": 2}']


TEXT = "The mill burned in 1873."


@pytest.mark.parametrize(
    "pieces",
    [
        ["The mill ", "burned in ", "1873."],
        ["The", "The mill", "The mill burned", TEXT],
        ["The mill", TEXT],
        ["T", "Th", "The mill burned", TEXT, TEXT],
        ["The mill ", "burned in 1873.", TEXT],
        [TEXT, "", TEXT],
    ],
)
def test_pieces_that_are_new_cumulative_or_repeated_at_the_end(pieces: list[str]) -> None:
    assert joined(pieces) == TEXT


@pytest.mark.parametrize("pieces", [["ha", "ha", "ha"], ["1", "10", "100"], ["=", "==", "=== a"], ["a ", "a b"]])
def test_short_pieces_that_begin_alike_are_new(pieces: list[str]) -> None:
    assert joined(pieces) == "".join(pieces)


@example(st.lists(st.text("ab c", min_size=1, max_size=3), min_size=2, max_size=6))
def test_cumulative_pieces_come_to_the_text(parts: list[str]) -> None:
    so_far = list(itertools.accumulate(parts))
    assert joined(["Once more: ", *("Once more: " + text for text in so_far)]) == "Once more: " + so_far[-1]


def test_a_whole_message_at_the_end_replaces_the_deltas() -> None:
    assembler = assembled({"content": "The mi"}, call("a", "f", "{"))
    message = {"role": "assistant", "content": "The mill.", "tool_calls": [call("b", "f", "{}")["tool_calls"][0]]}
    assembler.feed({"choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]})
    assert (assembler.text, given(assembler)) == ("The mill.", [("b", "f", "{}")])


def test_whole_calls_under_one_index_without_ids() -> None:
    one, other = call(None, "f", '{"x": 1}'), call(None, "f", '{"x": 2}')
    assert given(assembled(one, other, other)) == [("", "f", '{"x": 1}'), ("", "f", '{"x": 2}')]


def test_an_index_that_counts_deltas() -> None:
    parts = [call("a", "f", "", 0), call(None, None, '{"x"', 1), call(None, None, ": 1}", 2), call("b", "g", "{}", 3)]
    assert given(assembled(*parts)) == [("a", "f", '{"x": 1}'), ("b", "g", "{}")]


def test_an_id_that_changes_with_every_delta() -> None:
    parts = [call("a", "f", '{"x"'), call("b", None, ": 1"), call("c", None, "}")]
    assert given(assembled(*parts)) == [("a", "f", '{"x": 1}')]


def test_arguments_so_far_in_every_delta() -> None:
    parts = [call("a", "f", ""), call(None, None, '{"x"'), call(None, None, '{"x": "y'), call(None, None, '{"x": "y"}')]
    assert given(assembled(*parts)) == [("a", "f", '{"x": "y"}')]


def test_the_older_form_of_a_call() -> None:
    parts = [{"function_call": {"name": "f", "arguments": '{"x"'}}, {"function_call": {"arguments": ": 1}"}}]
    assert given(assembled(*parts)) == [("", "f", '{"x": 1}')]


def test_fields_that_only_the_endpoint_knows_are_kept() -> None:
    first = {"index": 0, "id": "a", "extra_content": {"signature": "s"}, "function": {"name": "f", "sig": "t"}}
    assembler = assembled({"tool_calls": [first], "details": [1]}, call(None, None, "{}"), {"details": [2], "x": None})
    assert assembler.calls()[0].extra == {"extra_content": {"signature": "s"}, "function": {"sig": "t"}}
    assert assembler.wire == {"details": [1, 2]}


def test_thinking_among_the_parts_of_the_content() -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "Yes."}]
    assembler = assembled({"content": parts})
    assert (assembler.text, assembler.reasoning) == ("Yes.", "Hm.")


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("stop", "stop"),
        ("END_TURN", "stop"),
        ("", "stop"),
        ("tool_calls", "stop"),
        ("max_tokens", "length"),
        ("MAX_TOKENS", "length"),
        ("model_length", "length"),
        ("SAFETY", "content_filter"),
        ("sensitive", "content_filter"),
        ("error", "error"),
        ("insufficient_system_resource", "insufficient_system_resource"),
        ("Other", "other"),
    ],
)
def test_only_known_ends_are_whole(word: str, meaning: str) -> None:
    assert finish_of(word, has_calls=False) == meaning
    assert finish_of(word, has_calls=True) == ("tool_calls" if meaning == "stop" else meaning)
