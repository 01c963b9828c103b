"""A scripted chat endpoint on 127.0.0.1, for tests and benchmarks: real sockets, the OpenAI dialect, no model.

In a test:

    async with ChatServer([{"status": 500}, {"text": "Hello."}]) as server:
        client = ChatClient(ModelSettings(name="m", base_url=server.url), "")

As a process: python -m tests.support.chat_server --script script.json [--port 8000] [--by-turn]; prints its address.

The script is a list of behaviours, one for each request in order, the last one for ever; with `by_turn` the number of
assistant messages in the request says which one, so that many runs at once each get the whole script. A behaviour is
an object, or in Python a function of the request that returns one:

    text, reasoning, calls, finish, model   the reply; calls: [{"name", "arguments" (object or text), "id"}]
    usage                                   object, null for none, absent for a count of words
    field                                   name of the reasoning field, "reasoning_content" by default
    chunk                                   characters of one delta of a stream (20)
    delay, pause                            seconds before the answer, and between the chunks of a stream
    status, headers, body                   an HTTP answer instead of a reply; body: text or object
    cut                                     the stream ends after this many chunks, without its end
    reset                                   the connection breaks after this many chunks
    error                                   an error object after the text, in mid-stream
    events                                  the events of a stream as they are (objects or text), [DONE] not added
    raw                                     the body of a stream as it is, a list of texts or bytes, sent one by one
    plain                                   true: not streamed even where a stream was asked for
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Behaviour = dict[str, Any]


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def turn(self) -> int:
        return sum(message["role"] == "assistant" for message in self.body.get("messages", ()))


class ChatServer:
    def __init__(
        self,
        script: Sequence[Behaviour | Callable[[Received], Behaviour]],
        *,
        by_turn: bool = False,
        port: int = 0,
        models: Sequence[dict[str, Any]] = ({"id": "scripted", "object": "model"},),
    ) -> None:
        """models: what is listed, as any server lists it."""
        self.script = list(script)
        self.requests: list[Received] = []
        self.connections = 0
        self.url = ""
        self.models = list(models)
        self._by_turn = by_turn
        self._port = port
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def __aenter__(self) -> "ChatServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=1 << 24)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task, writer in self._open.items():
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.connections += 1
        self._open[task] = writer
        try:
            while request := await _receive(reader):
                await self._answer(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, or the server closes
        finally:
            writer.close()
            del self._open[task]

    def _behaviour(self, request: Received) -> Behaviour:
        number = request.turn if self._by_turn else len(self.requests) - 1
        chosen = self.script[min(number, len(self.script) - 1)]
        return chosen(request) if callable(chosen) else chosen

    async def _answer(self, request: Received, writer: asyncio.StreamWriter) -> None:
        if request.method == "GET":
            _write_answer(writer, 200, {}, {"object": "list", "data": self.models})
            return
        self.requests.append(request)
        behaviour = self._behaviour(request)
        if "delay" in behaviour:
            await asyncio.sleep(behaviour["delay"])
        if "status" in behaviour or "body" in behaviour:
            _write_answer(writer, behaviour.get("status", 200), behaviour.get("headers", {}), behaviour.get("body", ""))
        elif request.body.get("stream") and not behaviour.get("plain"):
            await _stream(writer, request, behaviour)
        else:
            _write_answer(writer, 200, {}, whole_reply(request, behaviour))


async def _receive(reader: asyncio.StreamReader) -> Received | None:
    """The next request of the connection, or None at its end."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(method, path, headers, json.loads(body) if body else {})


def _write_answer(writer: asyncio.StreamWriter, status: int, headers: dict[str, str], body: Any) -> None:
    json_body = not isinstance(body, str)
    data = (json.dumps(body) if json_body else body).encode()
    kind = "application/json" if json_body else "text/html; charset=utf-8"
    fields = {"content-type": kind, "content-length": str(len(data)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"HTTP/1.1 {status} Scripted\r\n{head}\r\n".encode("latin-1") + data)


async def _stream(writer: asyncio.StreamWriter, request: Received, behaviour: Behaviour) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
        b"transfer-encoding: chunked\r\n\r\n"
    )
    end = min(behaviour.get("cut", 1 << 30), behaviour.get("reset", 1 << 30))
    waiting = []
    for number, piece in enumerate(_pieces(request, behaviour)):
        if number >= end:
            break
        waiting.append(b"%x\r\n%b\r\n" % (len(piece), piece))
        if "pause" in behaviour or "raw" in behaviour:
            writer.write(b"".join(waiting))
            waiting.clear()
            await writer.drain()
            await asyncio.sleep(behaviour.get("pause", 0))
    writer.write(b"".join(waiting))
    if "reset" in behaviour:
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.transport.abort()
        raise ConnectionResetError
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _pieces(request: Received, behaviour: Behaviour) -> Iterator[bytes]:
    if "raw" in behaviour:
        yield from (part.encode() if isinstance(part, str) else part for part in behaviour["raw"])
        return
    for event in behaviour["events"] if "events" in behaviour else [*_events(request, behaviour), "[DONE]"]:
        data = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
        yield f"data: {data}\n\n".encode()


def _events(request: Received, behaviour: Behaviour) -> Iterator[dict[str, Any]]:
    """The chunks of a stream, as OpenAI and vLLM send them."""
    head = _head(request, behaviour, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    size = behaviour.get("chunk", 20)
    yield chunk({"role": "assistant", "content": ""})
    for field, text in (
        (behaviour.get("field", "reasoning_content"), behaviour.get("reasoning", "")),
        ("content", behaviour.get("text", "")),
    ):
        for begin in range(0, len(text), size):
            yield chunk({field: text[begin : begin + size]})
    if "error" in behaviour:
        yield {"error": behaviour["error"]}
        return
    for index, call in enumerate(_calls(behaviour)):
        arguments = call["function"]["arguments"]
        yield chunk({"tool_calls": [{"index": index, **call, "function": {**call["function"], "arguments": ""}}]})
        for begin in range(0, len(arguments), size):
            part = {"index": index, "function": {"arguments": arguments[begin : begin + size]}}
            yield chunk({"tool_calls": [part]})
    yield chunk({}, _finish(behaviour))
    usage = _usage(request, behaviour)
    if usage and (request.body.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": usage}


def whole_reply(request: Received, behaviour: Behaviour) -> dict[str, Any]:
    """The reply as an endpoint sends it when it does not stream."""
    message: dict[str, Any] = {"role": "assistant", "content": behaviour.get("text") or None}
    if "reasoning" in behaviour:
        message[behaviour.get("field", "reasoning_content")] = behaviour["reasoning"]
    if behaviour.get("calls"):
        message["tool_calls"] = _calls(behaviour)
    choice = {"index": 0, "message": message, "finish_reason": _finish(behaviour)}
    reply = {**_head(request, behaviour, "chat.completion"), "choices": [choice]}
    usage = _usage(request, behaviour)
    return reply | ({"usage": usage} if usage else {})


def _head(request: Received, behaviour: Behaviour, kind: str) -> dict[str, Any]:
    model = behaviour.get("model") or request.body.get("model", "scripted")
    return {"id": "chatcmpl-1", "object": kind, "created": 1_700_000_000, "model": model}


def _calls(behaviour: Behaviour) -> list[dict[str, Any]]:
    return [
        {
            "id": call.get("id", f"call_{number}"),
            "type": "function",
            "function": {
                "name": call["name"],
                "arguments": arguments if isinstance(arguments := call["arguments"], str) else json.dumps(arguments),
            },
        }
        for number, call in enumerate(behaviour.get("calls", ()))
    ]


def _finish(behaviour: Behaviour) -> str:
    return behaviour.get("finish") or ("tool_calls" if behaviour.get("calls") else "stop")


def _usage(request: Received, behaviour: Behaviour) -> dict[str, Any] | None:
    if "usage" in behaviour:
        return behaviour["usage"]
    asked = sum(len(str(message.get("content") or "").split()) for message in request.body.get("messages", ()))
    said = len(behaviour.get("text", "").split()) + 10 * len(behaviour.get("calls", ()))
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


async def _run(script: list[Behaviour], port: int, by_turn: bool) -> None:
    async with ChatServer(script, port=port, by_turn=by_turn) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A scripted chat endpoint on 127.0.0.1.")
    parser.add_argument("--script", type=Path, required=True, help="JSON file: a list of behaviours")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--by-turn", action="store_true", help="choose the behaviour by the turn of the conversation")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(json.loads(options.script.read_text()), options.port, options.by_turn))


if __name__ == "__main__":
    main()
