"""The chat client on the wire: requests as sent, replies as read, and every fault with its outcome.

One file, since all of it goes through one scripted endpoint.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from deepresearch.errors import (
    BrokenReply,
    ContextOverflow,
    KeyRefused,
    ModelError,
    ModelUnreachable,
    NotAnEndpoint,
    NoToolCalling,
    RateLimited,
    RequestRefused,
    SettingsError,
    UnknownModel,
)
from deepresearch.models.client import ChatClient
from deepresearch.models.schemas import offered
from deepresearch.settings import ModelSettings, NetworkSettings
from deepresearch.trajectory import Reply
from tests.models.streams import OPENAI_TEXT, chunk
from tests.models.test_oracle import ASK, SEARCH
from tests.support.chat_server import Behaviour, ChatServer
from tests.web.site import certificate, page, serve

KEY = "sk-very-secret-0123456789"
Complete = Callable[..., Any]


class Wire:
    """A server with a script, and a client that does not wait long."""

    def __init__(self) -> None:
        self.server = ChatServer([])

    async def reply(self, *script: Any, tools: Any = (SEARCH,), key: str = KEY, **settings: Any) -> Reply:
        async with ChatServer(script) as self.server:
            given = {"name": "m-1", "base_url": self.server.url, "retries": 2, "timeout": 5} | settings
            client = ChatClient(ModelSettings(**given), key, wait=0.001)
            try:
                return await client.complete(ASK, tools)
            finally:
                await client.close()

    async def error(self, *script: Any, **settings: Any) -> ModelError:
        with pytest.raises(ModelError) as caught:
            await self.reply(*script, **settings)
        assert KEY not in str(caught.value)
        assert caught.value.hint
        return caught.value

    @property
    def asked(self) -> int:
        return len(self.server.requests)


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    yield Wire()


GOOD: Behaviour = {"text": "Yes."}


async def test_the_request_as_sent(wire: Wire) -> None:
    await wire.reply(GOOD, max_tokens=99, temperature=0.5)
    (request,) = wire.server.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == {
        "model": "m-1",
        "messages": ASK,
        "tools": [offered(SEARCH)],
        "temperature": 0.5,
        "max_tokens": 99,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_without_key_tools_or_stream(wire: Wire) -> None:
    await wire.reply(GOOD, key="", tools=(), stream=False)
    (request,) = wire.server.requests
    assert "authorization" not in request.headers
    assert not {"tools", "stream_options"} & set(request.body)


@pytest.mark.parametrize("stream", [True, False])
async def test_text_reasoning_usage_and_cost(wire: Wire, stream: bool) -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 600}}
    behaviour = {"text": "Ja, 世界.", "reasoning": "Hm.", "field": "reasoning", "usage": usage, "chunk": 3}
    reply = await wire.reply(behaviour, name="step-3.5-flash", stream=stream)
    assert (reply.text, reply.reasoning, reply.finish) == ("Ja, 世界.", "Hm.", "stop")
    assert (reply.usage.input, reply.usage.cached, reply.usage.output) == (1000, 600, 100)
    assert reply.cost == pytest.approx((400 * 0.10 + 600 * 0.02 + 100 * 0.30) / 1e6)
    assert reply.seconds > 0


async def test_thinking_in_the_text_split_across_chunks(wire: Wire) -> None:
    reply = await wire.reply({"text": "<think>\nHm.\n</think>\n\nYes.", "chunk": 3})
    assert (reply.text, reply.reasoning) == ("Yes.", "Hm.")


async def test_bytes_split_inside_characters(wire: Wire) -> None:
    body = (
        b'data:{"choices":[{"index":0,"delta":{"content":"\xe4\xb8\x96\xe7\x95\x8c"},"finish_reason":"stop"}]}\r\n\r\n'
    )
    reply = await wire.reply({"raw": [body[at : at + 7] for at in range(0, len(body), 7)]})
    assert reply.text == "世界"


async def test_a_call_written_as_text_is_a_call(wire: Wire) -> None:
    text = 'Let me look.\n<tool_call>\n{"name": "search", "arguments": {"query": "x"}}\n</tool_call>'
    reply = await wire.reply({"text": text, "chunk": 4})
    assert reply.text == "Let me look."
    assert [(call.tool, call.arguments, call.problem) for call in reply.calls] == [("search", {"query": "x"}, None)]


@pytest.mark.parametrize("dialect", ["toolcall", "tool_call", "steptml"])
async def test_tagged_dialects_send_no_native_tools(wire: Wire, dialect: str) -> None:
    reply = await wire.reply(
        {"text": '<toolcall>{"name": "search", "arguments": {"query": "x"}}</toolcall>'}, dialect=dialect
    )
    (request,) = wire.server.requests
    assert "tools" not in request.body and '"search"' in request.body["messages"][0]["content"]
    assert reply.calls[0].arguments == {"query": "x"}


async def test_a_server_that_does_not_stream_though_asked_to(wire: Wire) -> None:
    assert (await wire.reply({**GOOD, "plain": True})).text == "Yes."


async def test_many_at_once_share_one_client() -> None:
    async with ChatServer([lambda request: {"text": request.body["messages"][0]["content"]}]) as server:
        client = ChatClient(ModelSettings(name="m", base_url=server.url), "")
        asks = [[{"role": "user", "content": f"n{number}"}] for number in range(50)]
        replies = await asyncio.gather(*(client.complete(ask) for ask in asks))
        await client.complete(ASK)
        await client.close()
    assert [reply.text for reply in replies] == [f"n{number}" for number in range(50)]
    assert server.connections <= 50


# ---- Faults of the policy: they become a reply ----


@pytest.mark.parametrize(
    ("call", "finish", "words"),
    [
        ({"name": "search", "arguments": '{"query" = x'}, None, "could not be read"),
        ({"name": "search", "arguments": '{"q": "x"}'}, None, 'Did you mean "query"'),
        ({"name": "serch", "arguments": "{}"}, None, 'no tool "serch"'),
        ({"name": "search", "arguments": '{"query": "x'}, "length", "cut off"),
    ],
    ids=["malformed", "bad arguments", "unknown tool", "cut off"],
)
async def test_a_call_that_cannot_be_run_is_a_problem(wire: Wire, call: Any, finish: str | None, words: str) -> None:
    reply = await wire.reply({"calls": [call], "finish": finish})
    assert wire.asked == 1
    assert reply.calls[0].arguments is None and reply.calls[0].id == "call_0"
    assert words in str(reply.calls[0].problem)


async def test_an_empty_reply_is_a_reply(wire: Wire) -> None:
    reply = await wire.reply({"text": ""})
    assert (reply.text, reply.calls, wire.asked) == ("", [], 1)


# ---- Faults that pass: tried again ----

BROKEN = {"text": "The answer is 42.", "chunk": 4}
PASSING: dict[str, list[Any]] = {
    "500 twice": [{"status": 500, "body": {"error": {"message": "oops"}}}] * 2,
    "503 with a page": [{"status": 503, "body": "<html>busy</html>"}],
    "429 with Retry-After": [{"status": 429, "headers": {"Retry-After": "0"}}],
    "429 without": [{"status": 429, "body": {"error": {"message": "slow down"}}}],
    "429 in a stream": [{"text": "", "error": {"message": "Rate limit reached", "code": 429}}],
    "stream cut without its end": [{**BROKEN, "cut": 4}],
    "stream cut at once": [{**BROKEN, "cut": 0}],
    "connection reset in a stream": [{**BROKEN, "reset": 3}],
    "connection reset at once": [{**BROKEN, "reset": 0}],
    "error in mid-stream": [{**BROKEN, "error": {"message": "CUDA error", "type": "internal"}}],
    "an event that is no JSON": [{"events": [chunk({"content": "The"}), '{"choices": [']}],
    "timeout": [{**BROKEN, "delay": 0.6}],
    "silence in mid-stream": [{**BROKEN, "pause": 0.6}],
}


@pytest.mark.parametrize("name", PASSING)
async def test_what_can_pass_is_tried_again(wire: Wire, name: str) -> None:
    reply = await wire.reply(*PASSING[name], BROKEN, timeout=0.3)
    assert reply.text == "The answer is 42."
    assert wire.asked == len(PASSING[name]) + 1


async def test_the_end_without_done_and_done_without_a_reason_are_ends(wire: Wire) -> None:
    assert (await wire.reply({"events": OPENAI_TEXT[:-1]})).text == "Hello, 世界 😀."
    assert (await wire.reply({"events": [chunk({"content": "Yes."}), "[DONE]"]})).finish == "stop"


async def test_a_break_behind_the_end_does_no_harm(wire: Wire) -> None:
    reply = await wire.reply({**GOOD, "usage": None, "reset": 3})
    assert (reply.text, wire.asked) == ("Yes.", 1)
    assert reply.usage.model_dump()["estimated"] is True


async def test_a_kept_connection_that_the_server_has_closed_is_no_attempt() -> None:
    async with ChatServer([GOOD]) as server:
        client = ChatClient(ModelSettings(name="m", base_url=server.url, retries=0), "")
        await client.complete(ASK)
        for writer in list(server._open.values()):
            writer.close()
        assert (await client.complete(ASK)).text == "Yes."
        await client.close()


FOR_EVER: dict[str, tuple[Behaviour, type[ModelError], str]] = {
    "500 for ever": ({"status": 500, "body": {"error": {"message": "oops"}}}, ModelUnreachable, "oops"),
    "429 for ever": ({"status": 429, "headers": {"Retry-After": "0"}}, RateLimited, "429"),
    "timeout": ({"text": "Yes.", "delay": 1}, ModelUnreachable, "no answer within 0.2 s"),
    "stream without its end": ({**BROKEN, "cut": 4}, BrokenReply, "before its end"),
    "error in mid-stream": ({**BROKEN, "error": {"message": "CUDA error"}}, BrokenReply, "CUDA error"),
    "reset": ({**BROKEN, "reset": 0}, ModelUnreachable, "/v1/chat/completions"),
    "strange fields": ({"status": 200, "body": {"choices": ["x"]}}, BrokenReply, "another form"),
    "no choice": ({"status": 200, "body": {"choices": []}}, BrokenReply, "before its end"),
}


@pytest.mark.parametrize("name", FOR_EVER)
async def test_what_does_not_pass_ends_in_its_own_error(wire: Wire, name: str) -> None:
    behaviour, kind, words = FOR_EVER[name]
    error = await wire.error(behaviour, timeout=0.2, retries=1)
    assert type(error) is kind
    assert words in str(error) and "Attempt 2 of 2" in str(error)
    assert wire.asked == 2


async def test_nothing_listens() -> None:
    client = ChatClient(ModelSettings(name="m", base_url="http://127.0.0.1:9/v1", retries=1), KEY, wait=0.001)
    with pytest.raises(ModelUnreachable, match=r"http://127\.0\.0\.1:9/v1"):
        await client.complete(ASK)
    await client.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
async def test_certificates_of_an_organisation(tmp_path: Path) -> None:
    tls, _ = certificate(tmp_path, "localhost", str(shutil.which("openssl")))
    whole = json.dumps(WHOLE)
    async with serve({"/v1/chat/completions": page(whole, kind="application/json")}, tls) as site:
        settings = ModelSettings(name="m", base_url=site.url("/v1", "localhost"), retries=3)
        client = ChatClient(settings, "")
        with pytest.raises(ModelUnreachable, match=r"certificate.*network\.ca_file"):
            await client.complete(ASK)
        await client.close()
        client = ChatClient(settings, "", network=NetworkSettings(ca_file=str(tmp_path / "localhost.pem")))
        assert (await client.complete(ASK)).text == "Yes."
        await client.close()


# ---- Replies that the server breaks off, and streams in odd forms ----


@pytest.mark.parametrize("word", ["error", "insufficient_system_resource", "other", "network_error", "abort", "OTHER"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_reply_that_the_server_breaks_off_is_asked_for_again(wire: Wire, word: str, stream: bool) -> None:
    broken = {"text": "The answer", "finish": word}
    reply = await wire.reply(broken, BROKEN, stream=stream)
    assert (reply.text, reply.finish, wire.asked) == ("The answer is 42.", "stop", 2)
    reply = await wire.reply(broken, retries=1)
    assert (reply.text, reply.finish, wire.asked) == ("The answer", word.lower(), 2)


@pytest.mark.parametrize(("word", "finish"), [("max_tokens", "length"), ("MAX_TOKENS", "length"), ("length", "length")])
async def test_a_reply_that_ends_at_its_longest_is_not_whole_and_not_asked_for_again(
    wire: Wire, word: str, finish: str
) -> None:
    reply = await wire.reply({"text": "The answer", "finish": word})
    assert (reply.finish, wire.asked) == (finish, 1)


LOOP = "I am sorry, I cannot find that. " * 200


async def test_a_reply_that_repeats_itself_is_cut_off_and_asked_for_once_more(wire: Wire) -> None:
    reply = await wire.reply({"text": LOOP, "pause": 0.001, "chunk": 200}, GOOD)
    assert (reply.text, wire.asked) == ("Yes.", 2) and "repeated itself" in reply.notes[0]
    first, second = (request.body for request in wire.server.requests)
    assert "frequency_penalty" not in first and second["frequency_penalty"] > 0
    again = await wire.reply({"text": LOOP, "chunk": 200})
    assert again.finish == "repetition" and wire.asked == 2 and len(again.text) < len(LOOP) / 2


async def test_a_penalty_that_the_endpoint_refuses_is_left_out(wire: Wire) -> None:
    refusal = {"status": 400, "body": {"error": {"message": "Unsupported parameter: frequency_penalty"}}}
    reply = await wire.reply({"text": LOOP}, refusal, GOOD)
    assert reply.text == "Yes." and wire.asked == 3


def sse(*events: Any, name: str = "") -> str:
    head = f"event: {name}\n" if name else ""
    return "".join(f"{head}data: {event if isinstance(event, str) else json.dumps(event)}\n\n" for event in events)


WHOLE = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}]}
ODD: dict[str, Behaviour] = {
    "a stream labelled as text": {"headers": {"content-type": "text/plain"}, "body": sse(*OPENAI_TEXT)},
    "a stream labelled as JSON": {"headers": {"content-type": "application/json"}, "body": sse(*OPENAI_TEXT)},
    "a stream with comments first": {"raw": [": processing\n\n", "\n", sse(*OPENAI_TEXT)]},
    "JSON labelled as a stream": {
        "headers": {"content-type": "text/event-stream"},
        "body": json.dumps(WHOLE, indent=1),
    },
    "JSON after empty lines": {"raw": ["\n\n", "\n", json.dumps(WHOLE)]},
    "JSON line by line": {"body": "\n".join(json.dumps(event) for event in OPENAI_TEXT[:-1])},
    "a whole message as an event": {"raw": [sse(WHOLE)]},
    "events without empty lines": {"raw": [sse(*OPENAI_TEXT).replace("\n\n", "\n")]},
    "the field's name twice": {"raw": [sse(*OPENAI_TEXT).replace("data: ", "data: data: ")]},
    "an event over several lines": {"raw": [sse(WHOLE).replace(', "', ',\ndata: "'), "data: [DONE]\n\n"]},
}


@pytest.mark.parametrize("name", ODD)
async def test_an_answer_is_read_by_its_content(wire: Wire, name: str) -> None:
    reply = await wire.reply(ODD[name], retries=0)
    assert reply.text in ("Yes.", "Hello, 世界 😀.") and reply.finish == "stop"


START = chunk({"content": "The"})
EVENTS: dict[str, str] = {
    "an object": sse(START, {"error": {"message": "CUDA error"}}),
    "a text": sse(START, {"error": "CUDA error"}),
    "by the event's name": sse(START) + sse({"message": "CUDA error"}, name="error"),
    "by its name, not JSON": sse(START) + sse("CUDA error", name="error"),
    "by its type": sse(START, {"type": "error", "message": "CUDA error"}),
    "by its object": sse(START, {"object": "error", "message": "CUDA error"}),
    "in the choice": sse(START, {"choices": [{"index": 0, "delta": {}, "error": {"message": "CUDA error"}}]}),
    "detail": sse(START, {"detail": "CUDA error"}),
    "in a line of its own": sse(START) + 'error: {"message": "CUDA error"}\n\n',
    "not JSON": sse(START, "CUDA error"),
}


@pytest.mark.parametrize("name", EVENTS)
async def test_an_error_in_mid_stream_is_told_in_the_server_s_words(wire: Wire, name: str) -> None:
    error = await wire.error({"raw": [EVENTS[name]]}, retries=0)
    assert type(error) is BrokenReply and "CUDA error" in str(error)
    assert (await wire.reply({"raw": [EVENTS[name]]}, GOOD)).text == "Yes."


SILENT: dict[str, list[str]] = {
    "comments": [": keep-alive\n\n"],
    "empty lines": ["\n"],
    "empty deltas": [sse(chunk({}))],
    "no choices": [sse({"choices": []})],
    "other fields": ["event: ping\n", "id: 3\n", "retry: 5\n"],
}


@pytest.mark.parametrize("name", SILENT)
async def test_bytes_that_say_nothing_are_silence(wire: Wire, name: str) -> None:
    begin = asyncio.get_running_loop().time()
    error = await wire.error({"raw": SILENT[name] * 1_000, "pause": 0.02}, timeout=0.3, retries=1)
    assert type(error) is ModelUnreachable and "no answer within 0.3 s" in str(error)
    assert asyncio.get_running_loop().time() - begin < 3 and wire.asked == 2


async def test_a_long_reply_may_take_longer_than_the_timeout(wire: Wire) -> None:
    reply = await wire.reply({"text": "The answer is 42.", "chunk": 2, "pause": 0.1}, timeout=0.4, retries=0)
    assert reply.text == "The answer is 42."


async def test_a_server_that_does_not_end_the_stream_is_not_waited_for(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepresearch.models.client.AFTER_END", 0.1)
    begin = asyncio.get_running_loop().time()
    reply = await wire.reply({"raw": [sse(*OPENAI_TEXT[:-1]), *[": wait\n\n"] * 500], "pause": 0.02})
    assert reply.text == "Hello, 世界 😀." and asyncio.get_running_loop().time() - begin < 2


@pytest.mark.parametrize("name", ["search<|channel|>commentary", "functions.search", "<|x|>search", "search</x>y"])
async def test_names_with_a_namespace_or_tokens_of_the_model_s_format(wire: Wire, name: str) -> None:
    reply = await wire.reply({"calls": [{"name": name, "arguments": {"query": "x"}, "id": "a"}]})
    assert [(call.tool, call.arguments, call.wire) for call in reply.calls] == [("search", {"query": "x"}, {"id": "a"})]


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks://127.0.0.1:9/", "socks5://127.0.0.1:9"])
async def test_this_machine_is_reached_without_the_shell_s_proxy(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    for name in ("ALL_PROXY", "HTTP_PROXY", "all_proxy", "http_proxy"):
        monkeypatch.setenv(name, proxy)
    assert (await wire.reply(GOOD, retries=0)).text == "Yes."


async def test_another_machine_is_reached_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALL_PROXY", "NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with ChatServer([GOOD]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
        client = ChatClient(ModelSettings(name="m", base_url="http://model.example/v1", retries=0), "")
        assert (await client.complete(ASK)).text == "Yes."
        await client.close()
    assert proxy.requests[0].path == "http://model.example/v1/chat/completions"


# ---- Faults that stay: told at once ----

HTML = "<!DOCTYPE html><html><body>Welcome</body></html>"


def refusal(status: int, message: str, code: Any = None) -> Behaviour:
    return {"status": status, "body": {"error": {"message": message, "type": "invalid_request_error", "code": code}}}


STAYING: dict[str, tuple[Behaviour, type[ModelError], str]] = {
    "400": (refusal(400, "the messages are no good"), RequestRefused, "the messages are no good"),
    "400, FastAPI": ({"status": 422, "body": {"detail": [{"msg": "bad"}]}}, RequestRefused, "bad"),
    "402": (refusal(402, "Insufficient Balance"), RequestRefused, "no credit left: Insufficient Balance"),
    "401": (refusal(401, f"Incorrect API key provided: {KEY}"), KeyRefused, "DEEPRESEARCH_API_KEY"),
    "403": ({"status": 403, "body": HTML}, KeyRefused, "refuses the key"),
    "400 with the key": (refusal(400, f"what is {KEY}\x1b[31m?"), RequestRefused, "what is ***\\u001b[31m?"),
    "404": (refusal(404, "The model `m-1` does not exist", "model_not_found"), UnknownModel, "m-1"),
    "404, vLLM": ({"status": 404, "body": {"object": "error", "message": "no m-1"}}, UnknownModel, "no m-1"),
    "400, DeepSeek": (refusal(400, "Model Not Exist"), UnknownModel, "m-1"),
    "404 of a path": ({"status": 404, "body": HTML}, NotAnEndpoint, "web page"),
    "a web page": ({"status": 200, "body": HTML}, NotAnEndpoint, "usually ends in /v1"),
    "other JSON": ({"status": 200, "body": {"hello": 1}}, NotAnEndpoint, "without choices"),
    "a redirect": ({"status": 308, "headers": {"Location": "/x"}}, NotAnEndpoint, "redirects"),
    "no tools, Ollama": (refusal(400, "registry.ollama.ai/gemma:2b does not support tools"), NoToolCalling, "dialect"),
    "no tools, vLLM": (
        refusal(400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
        NoToolCalling,
        "dialect",
    ),
    "no tools, llama.cpp": (refusal(500, "tools param requires --jinja flag"), NoToolCalling, "dialect"),
    "no tools, OpenRouter": (refusal(404, "No endpoints found that support tool use."), NoToolCalling, "dialect"),
    "too long, OpenAI": (
        refusal(400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"),
        ContextOverflow,
        "context.limit",
    ),
    "too long, vLLM": (
        refusal(400, "You passed 1015 input tokens. However, the model's context length is only 1024 tokens."),
        ContextOverflow,
        "1015",
    ),
    "too long, SGLang": (
        refusal(400, "The input (9 tokens) is longer than the model's context length (8 tokens)."),
        ContextOverflow,
        "8",
    ),
    "too long, llama.cpp": (
        refusal(400, "the request exceeds the available context size, try increasing it"),
        ContextOverflow,
        "context",
    ),
    "too long, Qwen": (refusal(400, "Range of input length should be [1, 129024]"), ContextOverflow, "129024"),
    "too long, Moonshot": (refusal(400, "exceeded model token limit: 8192"), ContextOverflow, "8192"),
    "too long, 413": (refusal(413, "too many tokens"), ContextOverflow, "too many tokens"),
    "too long, in the stream": (
        {"text": "", "error": {"message": "maximum context length is 8 tokens", "code": 400}},
        ContextOverflow,
        "8",
    ),
    "an error with status 200": (
        {"status": 200, "body": {"error": {"message": "Model Not Exist", "code": 400}}},
        UnknownModel,
        "m-1",
    ),
}


@pytest.mark.parametrize("name", STAYING)
async def test_what_stays_is_raised_at_once_with_the_hint(wire: Wire, name: str) -> None:
    behaviour, kind, words = STAYING[name]
    error = await wire.error(behaviour, GOOD)
    assert type(error) is kind, error
    assert words in str(error) and "127.0.0.1" in str(error)
    assert wire.asked == 1


async def test_a_refused_tool_message_is_no_lack_of_tools(wire: Wire) -> None:
    words = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'"
    assert type(await wire.error(refusal(400, words))) is RequestRefused


async def test_a_request_that_the_server_quotes_is_not_mistaken_for_its_words(wire: Wire) -> None:
    words = "bad field. " + "x" * 2_000 + " maximum context length, does not support tools"
    assert type(await wire.error(refusal(400, words))) is RequestRefused


async def test_endpoints_are_named_without_credentials(wire: Wire) -> None:
    async with ChatServer([refusal(400, "no")]) as server:
        url = server.url.replace("http://", "http://user:secret@")
        client = ChatClient(ModelSettings(name="m", base_url=f"{url}/?token=secret"), "")
        with pytest.raises(RequestRefused) as caught:
            await client.complete(ASK)
        await client.close()
    assert "secret" not in str(caught.value) and "127.0.0.1" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "ftp://x/v1", "http://", "https://user:secret@", "http://x:99999/v1", "http://x:0/v1",
     "http://x:abc/v1", "http://[::1/v1"],
)  # fmt: skip
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(SettingsError, match=r"model\.base_url") as caught:
        ChatClient(ModelSettings(name="m", base_url=url), "")
    assert "secret" not in str(caught.value)


def test_a_key_that_is_none_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        ChatClient(ModelSettings(name="m", base_url="http://x/v1"), f"{KEY}\n")
    assert KEY not in str(caught.value)


async def test_the_server_says_how_long_to_wait(wire: Wire) -> None:
    begin = asyncio.get_running_loop().time()
    await wire.reply({"status": 429, "headers": {"Retry-After": "0.4"}}, GOOD)
    assert 0.4 <= asyncio.get_running_loop().time() - begin < 3


def test_importing_the_room_stays_light() -> None:
    code = "import sys; import deepresearch.models.client; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert not {"httpx2", "jsonschema", "stamina", "openai"} & set(loaded.stdout.split())
