"""Endpoints that refuse, each in its own words, and what is sent to them next. Real sockets, strict servers."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from deepresearch.errors import ContentFiltered, ContextOverflow, ModelError, NoToolCalling, RequestRefused
from deepresearch.models.client import ChatClient
from deepresearch.models.constrained import FORMS
from deepresearch.models.schemas import offered
from deepresearch.settings import ModelSettings
from deepresearch.trajectory import Reply
from tests.models.test_oracle import ASK, SEARCH
from tests.support.chat_server import ChatServer, Received

Body = dict[str, Any]
GOOD = {"text": "Yes."}
TURNS: list[dict[str, Any]] = [
    {"role": "system", "content": "You research."},
    *ASK,
    {
        "role": "assistant",
        "content": "Looking.",
        "reasoning_content": "Hm.",
        "tool_calls": [{"id": "call_a", "type": "function", "function": {"name": "search", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "call_a", "name": "search", "content": "found"},
]


def refusal(message: str, status: int = 400, **more: Any) -> Body:
    return {"status": status, "body": {"error": {"message": message, "type": "invalid_request_error", **more}}}


class Strict:
    """A server that refuses, with `words`, requests in which `problem` is found."""

    def __init__(self, problem: Callable[[Body], bool], words: str, status: int = 400, **more: Any) -> None:
        self.problem, self.refusal, self.good = problem, refusal(words, status, **more), GOOD

    def __call__(self, request: Received) -> Body:
        return self.refusal if self.problem(request.body) else self.good


async def ask(behaviour: Any, *, times: int = 1, messages: Any = TURNS, **more: Any) -> tuple[list[Reply], list[Body]]:
    settings = {"name": "m", "retries": 0, "timeout": 5, **more.pop("settings", {})}
    async with ChatServer([behaviour]) as server:
        client = ChatClient(ModelSettings(base_url=server.url, **settings), "", wait=0.001)
        try:
            replies = [await client.complete(messages, [SEARCH], **more) for _ in range(times)]
        finally:
            await client.close()
    return replies, [request.body for request in server.requests]


def longer_than(limit: int, field: str = "max_tokens") -> Callable[[Body], bool]:
    return lambda body: body.get(field, 0) > limit


LENGTHS = {
    "a range": (8192, "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"),
    "a limit with a comma": (4096, "max_tokens must be at most 4,096"),
    "greater than": (8192, "max_tokens: 16384 > 8192, which is the maximum allowed number of output tokens for m"),
    "in words": (
        4096,
        "max_tokens is too large: 16384. This model supports at most 4096 completion tokens, you provided 16384.",
    ),
    "pydantic": (2048, "max_tokens: Input should be less than or equal to 2048"),
    "no number": (5000, "max_tokens is too large"),
    "beside the model's name": (1024, "model qwen-3-8b-2025: max_tokens must not exceed 1024"),
}


@pytest.mark.parametrize("name", LENGTHS)
async def test_a_reply_length_that_is_refused_is_lowered_and_remembered(name: str) -> None:
    limit, words = LENGTHS[name]
    replies, sent = await ask(Strict(longer_than(limit), words), times=2)
    assert [reply.text for reply in replies] == ["Yes.", "Yes."]
    assert limit / 2 < sent[-1]["max_tokens"] <= limit
    assert sent[-1] == sent[-2] and "max_tokens" in replies[0].notes[0] and not replies[1].notes


@pytest.mark.parametrize(
    "words",
    [
        "Unsupported parameter: 'max_tokens' is not supported with this model gpt-5-2025. Use 'max_completion_tokens' "
        "instead.",
        "max_tokens is deprecated, use max_completion_tokens",
    ],
)
async def test_the_other_name_of_the_reply_length(words: str) -> None:
    _, sent = await ask(Strict(lambda body: "max_tokens" in body, words))
    assert sent[-1]["max_completion_tokens"] == 16_384 and "max_tokens" not in sent[-1]


PARAMETERS = {
    "stream_options": "unknown field: stream_options",
    "temperature": "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default is.",
    "tool_choice": "tool_choice: Extra inputs are not permitted",
    "max_tokens": "Unrecognized request argument supplied: max_tokens",
}


@pytest.mark.parametrize("name", PARAMETERS)
async def test_a_parameter_that_is_refused_is_left_out(name: str) -> None:
    server = Strict(lambda body: name in body, PARAMETERS[name])
    replies, sent = await ask(server, times=2, may_call=False, settings={"temperature": 0.5})
    assert len(replies) == 2 and len(sent) <= 4
    assert name not in sent[-1] and (name != "tool_choice" or "tools" not in sent[-1])


async def test_tools_are_in_every_request_and_may_be_forbidden() -> None:
    [reply], [sent] = await ask({"calls": [{"name": "search", "arguments": {"query": "x"}}]}, may_call=False)
    assert sent["tools"] == [offered(SEARCH)] and sent["tool_choice"] == "none"
    assert "No tools are available" in str(reply.calls[0].problem)
    _, [sent] = await ask(GOOD)
    assert "tool_choice" not in sent


SCHEMA = {"type": "object", "properties": {"line": {"type": "integer"}}, "required": ["line"]}


@pytest.mark.parametrize("enforced", FORMS)
@pytest.mark.parametrize("refuses", [True, False])
async def test_a_schema_goes_in_the_form_that_the_endpoint_enforces(enforced: str, refuses: bool) -> None:
    """Found by the first request and kept for later ones, whether the server refuses other forms or ignores them."""

    def answers(request: Received) -> Body:
        asked = enforced if enforced != "words" else "nothing"
        if asked in request.body or json.dumps(SCHEMA) in str(request.body["messages"][-1]["content"]):
            return {"text": '{"line": 9}'}
        foreign = [form for form in FORMS if form in request.body]
        return refusal(f"{foreign[0]} is not supported", 400) if refuses else {"text": "Line 9, I think."}

    replies, sent = await ask(answers, times=2, schema=SCHEMA)
    assert [reply.text for reply in replies] == ['{"line": 9}'] * 2
    assert len(sent) == list(FORMS).index(enforced) + 2
    assert [form for form in FORMS if form in sent[-1]] == [form for form in [enforced] if form != "words"]


async def test_one_odd_reply_does_not_change_a_form_that_was_enforced() -> None:
    replies = iter([{"text": '{"line": 9}'}, {"text": '{"line": "nine"}'}])
    read, sent = await ask(lambda _: next(replies), times=2, schema=SCHEMA)
    assert [reply.text for reply in read] == ['{"line": 9}', '{"line": "nine"}'] and len(sent) == 2


def assistants(body: Body) -> list[Body]:
    return [message for message in body["messages"] if message["role"] == "assistant"]


REASONING = {
    "DeepSeek": "The reasoning_content of thinking mode must be passed back to this API",
    "missing": "Missing `reasoning_content` field in the assistant message at message index 2",
    "thinking": "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2",
}


@pytest.mark.parametrize("name", REASONING)
async def test_reasoning_that_is_wanted_back_is_sent_once_asked_for(name: str) -> None:
    server = Strict(lambda body: any(not m.get("reasoning_content") for m in assistants(body)), REASONING[name])
    _, sent = await ask(server, times=2)
    assert [assistants(body)[0].get("reasoning_content") for body in sent] == [None, "Hm.", "Hm."]


async def test_reasoning_that_is_not_taken_is_not_sent_again() -> None:
    server = Strict(
        lambda body: any("reasoning_content" in m for m in assistants(body)),
        "property 'reasoning_content' is unsupported",
    )
    async with ChatServer([server]) as running:
        client = ChatClient(ModelSettings(name="m", base_url=running.url), "", reasoning=True)
        assert (await client.complete(TURNS)).text == "Yes."
        await client.close()


IDS = {
    "Mistral": "Tool call id was call_a but must be a-z, A-Z, 0-9, with a length of 9.",
    "in short": "tool_call_id must be nine letters or digits",
    "a pattern": "messages.2.content.1.tool_use.id: String should match pattern '^[a-zA-Z0-9]{9}$'",
}


@pytest.mark.parametrize("name", IDS)
async def test_call_ids_of_nine_letters_or_digits(name: str) -> None:
    def is_wrong(body: Body) -> bool:
        ids = [call["id"] for message in assistants(body) for call in message["tool_calls"]]
        ids += [message["tool_call_id"] for message in body["messages"] if message["role"] == "tool"]
        return any(len(id) != 9 or not id.isalnum() for id in ids) or len(set(ids)) != 1

    _, sent = await ask(Strict(is_wrong, IDS[name]), times=2)
    assert len(sent) == 3


@pytest.mark.parametrize(
    "words",
    ["System role not supported", "System message must be the first message", "role 'system' is not allowed here"],
)
async def test_a_system_message_that_is_refused_becomes_part_of_the_question(words: str) -> None:
    _, sent = await ask(Strict(lambda body: body["messages"][0]["role"] == "system", words))
    assert sent[-1]["messages"][0] == {"role": "user", "content": "You research.\n\nHello?"}


@pytest.mark.parametrize(
    ("streams", "words"),
    [
        (True, "streaming is not supported for this model"),
        (False, "This model only supports stream mode, please enable the stream parameter to access the model."),
    ],
)
async def test_replies_streamed_or_not(streams: bool, words: str) -> None:
    [reply], _ = await ask(Strict(lambda body: body["stream"] is streams, words), settings={"stream": streams})
    assert reply.text == "Yes."


ROOMS = {
    "vLLM": "'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum context length is 4096 "
    "tokens and your request has 1500 input tokens (16384 > 4096 - 1500).",
    "OpenAI": "This model's maximum context length is 4096 tokens. However, you requested 17884 tokens (1500 in the "
    "messages, 16384 in the completion). Please reduce the length of the messages or completion.",
    "OpenRouter": "This endpoint's maximum context length is 4096 tokens. However, you requested about 17884 tokens "
    "(1500 of text input, 16384 in the output).",
}


@pytest.mark.parametrize("name", ROOMS)
async def test_a_reply_that_does_not_fit_beside_the_prompt_is_shortened(name: str) -> None:
    server = Strict(longer_than(2596), ROOMS[name])
    server.good = {**GOOD, "usage": {"prompt_tokens": 1500, "completion_tokens": 1}}
    replies, sent = await ask(server, times=2)
    assert len(replies) == 2 and len(sent) == 3
    assert 2400 < sent[1]["max_tokens"] <= 2596


@pytest.mark.parametrize(
    ("words", "more", "limit"),
    [
        ("the request exceeds the available context size", {"n_ctx": 2048, "n_prompt_tokens": 3000}, 2048),
        ("This model's maximum context length is 8192 tokens.", {}, 8192),
        ("Range of input length should be [1, 129024]", {}, 129_024),
        ("prompt is too long: 205000 tokens > 200000 maximum", {}, 200_000),
        ("exceeded model token limit: 8192", {}, 8192),
        ("context window exceeded", {}, None),
    ],
)
async def test_a_prompt_that_is_too_long_names_the_context(words: str, more: Body, limit: int | None) -> None:
    with pytest.raises(ContextOverflow) as caught:
        await ask(refusal(words, **more))
    assert caught.value.limit == limit


FILTERS = [
    refusal("Input text data may contain inappropriate content.", code="data_inspection_failed"),
    refusal(
        "The response was filtered due to the prompt triggering the content management policy.", code="content_filter"
    ),
    refusal("Content Exists Risk"),
    refusal("系统检测到输入或生成内容可能包含不安全或敏感内容", code="1301"),
    refusal("Your input was flagged by moderation", status=403),
    {"text": "", "error": {"message": "output blocked", "code": "content_filter"}},
    {"text": "", "finish": "content_filter"},
    {"text": "", "finish": "SAFETY"},
]


@pytest.mark.parametrize("behaviour", FILTERS)
async def test_a_content_filter_is_an_error_of_its_own(behaviour: Body) -> None:
    with pytest.raises(ContentFiltered):
        await ask(behaviour)


@pytest.mark.parametrize(
    "behaviour",
    [
        refusal("You exceeded your current quota, please check your plan and billing details.", 429),
        refusal("Insufficient Balance", 402),
        refusal("您的账户余额不足", 400),
    ],
)
async def test_an_account_without_credit_is_not_asked_again(behaviour: Body) -> None:
    with pytest.raises(RequestRefused, match="no credit left"):
        await ask(behaviour, settings={"retries": 3})


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("the messages are no good", RequestRefused),
        ("max_tokens must be at most 8192", RequestRefused),
        ("temperature, stream_options, tool_choice: no", RequestRefused),
        (
            "Tool call id must have 9 letters. reasoning_content must be passed. System role not supported.",
            RequestRefused,
        ),
        ("m does not support tools", NoToolCalling),
    ],
)
async def test_a_refusal_that_nothing_cures_ends_soon(words: str, kind: type[ModelError]) -> None:
    async with ChatServer([refusal(words)]) as server:
        client = ChatClient(ModelSettings(name="m", base_url=server.url, retries=3), "", wait=0.001)
        with pytest.raises(kind):
            await client.complete(TURNS, [SEARCH], may_call=False)
        await client.close()
    assert len(server.requests) <= 8


def counting(limit: int) -> Callable[[Received], Body]:
    """A server that leaves out what is over `limit` tokens, and counts what is left."""

    def behave(request: Received) -> Body:
        count = sum(len(message["content"]) for message in request.body["messages"]) // 4
        return {"text": "Yes.", "usage": {"prompt_tokens": min(count, limit), "completion_tokens": 3}}

    return behave


def conversation(sizes: tuple[int, ...]) -> list[list[dict[str, Any]]]:
    """One that grows by texts of so many characters."""
    roles = ("user", "assistant") * len(sizes)
    messages = [{"role": role, "content": "word " * (size // 5)} for role, size in zip(roles, sizes, strict=False)]
    return [messages[:length] for length in range(1, len(messages) + 1, 2)]


@pytest.mark.parametrize(
    "sizes",
    [(1000, 1000, 1000), (5000,), (1000, 10, 2000), (200, 700, 3000), (1190, 10, 10, 10, 3000)],
    ids=["stays", "at once", "hardly grows", "grows a part of the way", "after a while"],
)
async def test_a_prompt_that_is_cut_in_silence_is_noticed(sizes: tuple[int, ...]) -> None:
    async with ChatServer([counting(300)]) as server:
        client = ChatClient(ModelSettings(name="m", base_url=server.url), "")
        replies = [await client.complete(messages) for messages in conversation(sizes)]
        await client.close()
    assert replies[-1].usage.cut
    assert sum("leave out a part" in note for reply in replies for note in reply.notes) == 1


async def test_an_honest_count_is_not_taken_for_a_cut() -> None:
    async with ChatServer([counting(100_000)]) as server:
        client = ChatClient(ModelSettings(name="m", base_url=server.url), "")
        alone = [[{"role": "user", "content": "word " * size}] for size in (100, 1000, 1050, 30_000, 200, 40_000)]
        for messages in [*alone, *conversation((100, 5_000, 100, 20, 100, 20_000, 10))]:
            reply = await client.complete(messages)
            assert not reply.usage.cut and not reply.notes
        await client.close()
