"""A mock chat endpoint that answers at once: OpenAI dialect, streaming or whole, in a process of its own.

Run: python benchmarks/server.py JSON      (see `Options`; prints its port)

The first part of the path names the session, http://127.0.0.1:PORT/SESSION/v1. In each session request 1, 2, ...,
`steps` is answered with a tool call and every further one with the report. All answers are made beforehand, and each is
sent in one write. GET /SESSION gives what was received when.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import scenario

REPORT = "Names are looked up by scope, and closures keep the variable and not its value \\cite{%s}."
DELTA = 4
"""Characters of one delta of a stream: about a token."""


@dataclass(frozen=True)
class Options:
    steps: int = 50
    tool: str = scenario.TOOL
    heavy: bool = False
    """Whether replies may cite the long results or the short ones."""
    keep: bool = False
    """Keep the requests' bodies."""


@dataclass
class Session:
    """Times are those of time.monotonic(), which all processes of a machine share."""

    received: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    whole: dict[str, Any]
    streamed: bytes
    """The events but for usage and end."""


class Replies:
    """The answers, made before the first request."""

    def __init__(self, options: Options) -> None:
        shown = scenario.results(scenario.HEAVY if options.heavy else scenario.SMALL, max(1, options.steps))
        self.calls = [
            answer(scenario.thought(n, shown), [(f"call_{n}", options.tool, scenario.tool_arguments(options.tool, n))])
            for n in range(options.steps)
        ]
        report = REPORT % shown[0].passages[0]["id"]
        self.report = answer(report, [])
        self.final = answer("", [("call_final", "final_answer", json.dumps({"answer": report}))])

    def of(self, number: int, request: bytes) -> Answer:
        """The answer to the session's `number`-th request, from 0."""
        if number < len(self.calls):
            return self.calls[number]
        return self.final if b'"final_answer"' in request else self.report


def answer(text: str, calls: list[tuple[str, str, str]]) -> Answer:
    made = [{"id": id, "type": "function", "function": {"name": n, "arguments": a}} for id, n, a in calls]
    finish = "tool_calls" if calls else "stop"
    message: dict[str, Any] = {"role": "assistant", "content": text} | ({"tool_calls": made} if made else {})
    whole = envelope("chat.completion", [{"index": 0, "message": message, "finish_reason": finish}])
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": text[i : i + DELTA]} for i in range(0, len(text), DELTA)]
    for index, call in enumerate(made):
        arguments = call["function"]["arguments"]
        opening = {**call, "index": index, "function": {"name": call["function"]["name"], "arguments": ""}}
        deltas.append({"tool_calls": [opening]})
        for i in range(0, len(arguments), DELTA):
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": arguments[i : i + DELTA]}}]})
    events = [envelope("chat.completion.chunk", [{"index": 0, "delta": d, "finish_reason": None}]) for d in deltas]
    events.append(envelope("chat.completion.chunk", [{"index": 0, "delta": {}, "finish_reason": finish}]))
    return Answer(whole, b"".join(sse(json.dumps(event)) for event in events))


def usage(sent: int) -> dict[str, int]:
    """What the server counts for a request of so many bytes."""
    return {"prompt_tokens": sent // 4, "completion_tokens": 120, "total_tokens": sent // 4 + 120}


def envelope(kind: str, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "mock", "choices": choices, **more}


def sse(data: str) -> bytes:
    """One event of a stream in an HTTP chunk of its own, as servers send them."""
    event = f"data: {data}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(event), event)


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive: as much of it as the clients use."""

    def __init__(self, options: Options, replies: Replies, sessions: dict[str, Session]) -> None:
        self.options, self.replies, self.sessions = options, replies, sessions
        self.buffer = bytearray()
        self.length = -1
        self.begin = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while self._whole_request():
            head = bytes(self.buffer[: self.begin])
            body = bytes(self.buffer[self.begin : self.begin + self.length])
            del self.buffer[: self.begin + self.length]
            self.length = -1
            method, path = head.split(b" ", 2)[:2]
            name = path.decode().split("/")[1]
            if method == b"GET" and path.count(b"/") > 1:  # what the endpoint has to offer
                self._send_json({"data": [{"id": "mock"}]})
            elif method == b"GET":
                self._send_json(asdict(self.sessions[name]))
            else:
                self._reply(name, body)

    def _whole_request(self) -> bool:
        if self.length < 0:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.begin = end + 4
            head = bytes(self.buffer[:end]).lower()
            _, found, rest = head.partition(b"\r\ncontent-length:")
            self.length = int(rest.split(b"\r\n", 1)[0]) if found else 0
        return len(self.buffer) >= self.begin + self.length

    def _reply(self, name: str, body: bytes) -> None:
        session = self.sessions.setdefault(name, Session())
        session.received.append(time.monotonic())
        session.sizes.append(len(body))
        if self.options.keep:
            session.bodies.append(body.decode())
        chosen = self.replies.of(len(session.received) - 1, body)
        if b'"stream": true' in body or b'"stream":true' in body:
            last = envelope("chat.completion.chunk", [], usage=usage(len(body)))
            events = chosen.streamed + sse(json.dumps(last)) + sse("[DONE]") + b"0\r\n\r\n"
            self._send(b"text/event-stream", b"transfer-encoding: chunked", events)
        else:
            self._send_json(chosen.whole | {"usage": usage(len(body))})
        session.sent.append(time.monotonic())

    def _send_json(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self._send(b"application/json", b"content-length: %d" % len(body), body)

    def _send(self, kind: bytes, size: bytes, body: bytes) -> None:
        assert isinstance(self.transport, asyncio.WriteTransport)
        self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\n%s\r\n\r\n" % (kind, size) + body)


async def serve(options: Options) -> None:
    replies, sessions = Replies(options), dict[str, Session]()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(options, replies, sessions), "127.0.0.1", 0, backlog=2_048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Options(**json.loads(sys.argv[1]))))
