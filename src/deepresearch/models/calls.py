"""The tool-call reader: what a model wrote, as arguments that may be run or as a problem the model can act on.

Nothing of a reply that was cut off is run. Strict JSON first, then the one plain reading (tolerant_json.py), then the
tool's schema (schemas.py). Names of tools are never guessed; what a server's parser left on a name is taken off it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..trajectory import WHOLE, Call
from . import call_text
from .call_text import CLOSE, Span, bare_calls, find_spans, split_thinking
from .schemas import Schema, fit, nearest, problems, quote, sketch
from .tolerant_json import Unreadable, read, read_members

MOST_CALLS = 32
"""Calls of one turn that are run."""
LONGEST_PROBLEM = 2_000
_LAYERS = 5
_ARGUMENT_KEYS = ("arguments", "parameters", "args", "params", "input", "kwargs", "tool_input", "action_input")
_NAME_KEYS = ("name", "tool", "tool_name", "function", "function_name", "action")
_BESIDE = frozenset({"id", "type", "index", "call_id", "tool_call_id"})
_ENVELOPE = _BESIDE | {*_ARGUMENT_KEYS, *_NAME_KEYS}
_NOTHING = frozenset({"", "null", "None", "{}", "[]", '""', "()"})
_KEYWORDS = re.compile(r"(?:([A-Za-z_][\w.]*)\s*)?\(\s*(?=[A-Za-z_]\w*\s*=(?!=)|\)\s*$)")
_BARE_KEYWORDS = re.compile(r"(?=[A-Za-z_]\w*\s*=\s*[\"'\d\[{-])")
_CALLED = re.compile(r"\s*([A-Za-z_][\w.]*)\s*\(")
_FUNCTION_SEP = re.compile(r"\Afunction\s*<[|｜]tool[_▁]sep[|｜]>\s*")
_NAME_FIRST = re.compile(
    r"(?:functions\.)?(?P<name>[A-Za-z_][\w.-]*+)(?::\d++)?\s*+"
    r"(?:<[|｜]tool[_▁](?:sep|call[_▁]argument[_▁]begin)[|｜]>|\[ARGS\])?+\s*+(?P<rest>$|[{\[`(<\"'].*)",
    re.DOTALL,
)
_NAMED = re.compile(
    r"[\"'](?:name|tool)[\"']\s*:\s*[\"']([^\"']{1,80})[\"']|(?:name\s*=\s*[\"']|function=)([\w.-]{1,80})"
)


_TOKENS = re.compile(r"\A(?:<[|｜][^<>]{1,40}[|｜]>)+")
_NAMESPACED = re.compile(r"(?:[A-Za-z_]\w*[.:]{1,2})*([A-Za-z_][\w-]*)(?::\d+)?")


class GivenCall(NamedTuple):
    """A native call as the endpoint sent it."""

    id: str
    tool: str
    arguments: str
    extra: Mapping[str, Any] = {}
    """Fields that only the endpoint knows."""


class CallArguments(NamedTuple):
    """Either `arguments` or `problem` is set."""

    arguments: dict[str, Any] | None
    problem: str | None
    repaired: bool
    """True where it took more than strict JSON with values of the right types."""


class MessageParts(NamedTuple):
    """A whole message, taken apart."""

    text: str
    """Its text, without thinking and without calls."""
    reasoning: str
    calls: list[Call]


def schemas_of(tools: Sequence[Mapping[str, Any]]) -> dict[str, Schema]:
    """JSON schemas of the arguments, by tool, from specifications in the chat dialect's form."""
    return {tool["function"]["name"]: tool["function"].get("parameters") or {"type": "object"} for tool in tools}


def plain_name(name: str, schemas: Mapping[str, Schema]) -> str:
    """The tool that `name` names: special tokens of the model's format and a namespace before it are no part of it.

    `name` itself where that leads to no known tool.
    """
    if name in schemas:
        return name
    bare = _TOKENS.sub("", name.strip()).rpartition("to=")[2].partition("<")[0].split()
    match = _NAMESPACED.fullmatch(bare[0]) if bare else None
    tools = {part for part in re.split("[.:]", match.group()) if part in schemas} if match else set()
    return match.group(1) if match and tools == {match.group(1)} else name


def read_arguments(tool: str, raw: str, schemas: Mapping[str, Schema], finish: str = "stop") -> CallArguments:
    """The arguments of one call to `tool`, from the text `raw`; `finish` is why generation ended."""
    tool = plain_name(tool, schemas)
    if tool not in schemas:
        return _refused(_unknown_tool(tool, schemas))
    if finish not in WHOLE:
        return _refused(_cut_off(tool))
    try:
        value, repaired = _read_object(tool, raw, schemas)
    except Unreadable as error:
        return _refused(_cut_off(tool) if error.cut else _unreadable(tool, error, schemas[tool]))
    return _check_schema(tool, value, schemas[tool], repaired)


def read_calls(given: Sequence[GivenCall], schemas: Mapping[str, Schema], finish: str = "stop") -> list[Call]:
    """Native calls as Calls. Missing and repeated ids are replaced; an id of the endpoint's own stays in `wire`."""
    calls: list[Call] = []
    seen: set[str] = set()
    for number, one in enumerate(given, 1):
        own = one.id if one.id not in seen else ""
        seen.add(own)
        tool = plain_name(one.tool, schemas)
        call = _call(own or f"call-{number}", tool, one.arguments, read_arguments(tool, one.arguments, schemas, finish))
        wire = {**one.extra, **({"id": own} if own else {})}
        calls.append(call.model_copy(update={"wire": wire}) if wire else call)
    return _limited(calls)


def read_message(text: str, schemas: Mapping[str, Schema], finish: str = "stop") -> MessageParts:
    """A message with its thinking and the calls written into its text taken out.

    Calls in the thinking, in code and in quoted tool responses do not count.
    """
    reasoning, visible = split_thinking(text, cut=finish not in WHOLE)
    spans = find_spans(visible)
    if not spans and (bare := bare_calls(visible, schemas)):
        spans = [bare]
    calls: list[Call] = []
    for body, closed in [(body, span.closed) for span in spans for body in span.bodies]:
        for name, arguments in _read_body(body, closed, schemas, finish):
            calls.append(_call(f"call-{len(calls) + 1}", plain_name(name, schemas), body, arguments))
    return MessageParts(_without(visible, spans), reasoning, _limited(calls))


def _call(id: str, tool: str, raw: str, read: CallArguments) -> Call:
    raw = raw if read.repaired or read.problem else ""
    return Call(id=id, tool=tool, arguments=read.arguments, raw=raw, problem=read.problem)


def _limited(calls: list[Call]) -> list[Call]:
    over = f"One turn may make {MOST_CALLS} calls; this one was not run. Make it in the next turn if it is needed."
    return calls[:MOST_CALLS] + [
        call.model_copy(update={"arguments": None, "problem": over}) for call in calls[MOST_CALLS:]
    ]


def _without(text: str, spans: Sequence[Span]) -> str:
    if not spans:
        return text
    ends = [0, *(span.end for span in spans)]
    begins = [*(span.begin for span in spans), len(text)]
    pieces = [text[end:begin].strip() for end, begin in zip(ends, begins, strict=True)]
    pieces = [piece if not CLOSE.match(piece) else CLOSE.sub("", piece, 1).strip() for piece in pieces]
    return "\n".join(piece for piece in pieces if piece)


def _read_body(body: str, closed: bool, schemas: Mapping[str, Schema], finish: str) -> list[tuple[str, CallArguments]]:
    """The calls between a pair of marks, each with its tool. `closed`: the closing mark is there."""
    named = _NAMED.search(body)
    name = (named.group(1) or named.group(2)) if named else ""
    if finish not in WHOLE:
        return [(name, _refused(_cut_off(name)))]
    try:
        body = _FUNCTION_SEP.sub("", body.strip(), count=1)
        written = _written_calls(body, schemas)
        if not closed and any(loose for _, _, loose in written) and not call_text.begins_with_invocation(body):
            raise Unreadable("the closing mark is missing", cut=True)
    except Unreadable as error:
        cut = error.cut or not closed
        return [(name, _refused(_cut_off(name) if cut else _unreadable(name, error, schemas.get(name))))]
    return [(tool, _read_written(tool, arguments, loose, schemas)) for tool, arguments, loose in written]


def _read_written(tool: str, arguments: Any, loose: bool, schemas: Mapping[str, Schema]) -> CallArguments:
    tool = plain_name(tool, schemas)
    if isinstance(arguments, str):
        return read_arguments(tool, arguments, schemas)._replace(repaired=True)
    if tool not in schemas:
        return _refused(_unknown_tool(tool, schemas))
    if arguments is None:
        arguments = {}
    if isinstance(arguments, list) and len(arguments) == 1:
        arguments, loose = arguments[0], True
    if not isinstance(arguments, dict):
        return _refused(_unreadable(tool, Unreadable("the arguments are no object"), schemas[tool]))
    return _check_schema(tool, arguments, schemas[tool], loose)


def _written_calls(body: str, schemas: Mapping[str, Schema]) -> list[tuple[str, Any, bool]]:
    """What is between call marks: tool, arguments, and whether it was loosely written. Raises Unreadable."""
    if call_text.begins_with_invocation(body):
        return [(name, arguments, True) for name, arguments in call_text.read_invocations(body)]
    named = _NAME_FIRST.fullmatch(body)
    if named and named["name"] not in ("null", "true", "false"):
        rest = named["rest"]
        fields = call_text.read_parameters(rest) if rest.startswith("<") else rest
        return [(named["name"], fields, True)]
    value, loose = read(body)
    if isinstance(value, str):
        value, loose = read(value)[0], True
    entries = value if isinstance(value, list) else [value]
    if not entries:
        raise Unreadable("there is no call in it")
    return [(*_entry(entry, schemas), loose or isinstance(value, list)) for entry in entries]


def _entry(entry: Any, schemas: Mapping[str, Schema]) -> tuple[str, Any]:
    """Tool and arguments of a call written as a JSON object. Raises Unreadable."""
    if not isinstance(entry, dict):
        raise Unreadable('a call is an object with "name" and "arguments"')
    entry = _lower_envelope(entry)
    inner = entry.get("function") or entry.get("tool_call")
    if isinstance(inner, dict) and set(entry) - {"function", "tool_call"} <= _BESIDE:
        entry = inner
    if len(entry) == 1 and (only := next(iter(entry))) in schemas:
        return only, entry[only]
    names = [key for key in _NAME_KEYS if isinstance(entry.get(key), str)]
    if len(names) != 1 or not entry[names[0]].strip():
        raise Unreadable('it names no tool; a call is an object with "name" and "arguments"')
    tool = entry[names[0]].strip()
    rest = {key: value for key, value in entry.items() if key not in _BESIDE | {names[0]}}
    keys = [key for key in _ARGUMENT_KEYS if key in rest]
    if len(keys) == 1 and len(rest) == 1:
        return tool, rest[keys[0]]
    if keys:
        raise Unreadable('a call is an object with "name" and "arguments", nothing beside them')
    return tool, {key: value for key, value in entry.items() if key != names[0]} if rest else {}


def _lower_envelope(entry: dict[str, Any]) -> dict[str, Any]:
    """The fields of a call, the keys that every call has in small letters."""
    return {key.lower() if key.lower() in _ENVELOPE and key.lower() not in entry else key: entry[key] for key in entry}


def _read_object(tool: str, raw: str, schemas: Mapping[str, Schema]) -> tuple[dict[str, Any], bool]:
    """The object in `raw`, in however many wrappings. Raises Unreadable."""
    text, repaired = raw, False
    for _ in range(_LAYERS):
        if text.strip() in _NOTHING and not schemas[tool].get("required"):
            return {}, repaired or text != "{}"
        value, loose = _read_text(tool, text, schemas)
        repaired = repaired or loose
        while not isinstance(value, str):
            unwrapped = _unwrap(tool, value, schemas)
            if unwrapped is value:
                return value, repaired
            value, repaired = unwrapped, True
        if value.strip()[:1] not in ('"', "'", "{", "[", "<", "`", "\\"):
            raise Unreadable("it is bare text, not an object")
        text, repaired = value, True
    raise Unreadable("it is wrapped too often")


def _read_text(tool: str, text: str, schemas: Mapping[str, Schema]) -> tuple[Any, bool]:
    stripped = text.strip()
    if stripped.startswith("<"):
        if call_text.begins_with_invocation(stripped):
            written = call_text.read_invocations(stripped)
            return [{"name": name, "arguments": fields} for name, fields in written], True
        return call_text.read_elements(stripped, tool), True
    keywords = _KEYWORDS.match(stripped) or _BARE_KEYWORDS.match(stripped)
    if keywords:
        if keywords.re is _KEYWORDS and keywords.group(1) not in (None, tool):
            raise Unreadable(f"it calls another tool, {quote(keywords.group(1))}")
        closed = stripped if keywords.re is _KEYWORDS else stripped + ")"
        members, rest = read_members(closed, keywords.end(), ")")
        if rest.strip(" \t\r\n;)"):
            raise Unreadable("there is something after the call")
        return members, True
    called = _CALLED.match(text)
    if called and called.group(1) != tool and called.group(1) in schemas:
        raise Unreadable(f"it calls another tool, {quote(called.group(1))}")
    return read(text)


def _unwrap(tool: str, value: Any, schemas: Mapping[str, Schema]) -> Any:
    """One wrapping less: a list of one, a whole call in place of its arguments. `value` itself where there is none."""
    if isinstance(value, list):
        if len(value) != 1:
            raise Unreadable(f"it holds {len(value)} objects where one is expected")
        return value[0]
    if not isinstance(value, dict):
        raise Unreadable(f"{quote(value)} is no object")
    known = schemas[tool].get("properties", {})
    if not value or set(value) & set(known):
        return value
    entry = _lower_envelope(value)
    if len(entry) == 1 and ((only := next(iter(entry))) in _ARGUMENT_KEYS or only == tool):
        return entry[only] if isinstance(entry[only], dict | str | list) else value
    if set(entry) & set(_NAME_KEYS) and (set(entry) & set(_ARGUMENT_KEYS) or isinstance(entry.get("function"), dict)):
        name, arguments = _entry(entry, schemas)
        if name != tool:
            raise Unreadable(f"it names another tool, {quote(name)}")
        return {} if arguments is None else arguments
    return value


def _check_schema(tool: str, value: dict[str, Any], schema: Schema, repaired: bool) -> CallArguments:
    fitted = fit(value, schema)
    wrong = problems(fitted, schema)
    if wrong:
        return _refused(_ask_again(f"{tool}: {' '.join(wrong)}", tool, schema))
    return CallArguments(fitted, None, repaired or fitted != value)


def _refused(problem: str) -> CallArguments:
    return CallArguments(None, problem[:LONGEST_PROBLEM], False)


def _unknown_tool(tool: str, schemas: Mapping[str, Schema]) -> str:
    if not schemas:
        return "No tools are available in this turn. Answer in text."
    names = ", ".join(schemas)[:600]
    return f"There is no tool {quote(tool)}.{nearest(tool, schemas)} Tools: {names}."


def _cut_off(tool: str) -> str:
    whose = f"The call of {quote(tool)}" if tool else "The tool call"
    return (
        f"{whose} was cut off before its end, so it was not run. Send it again, whole and shorter "
        "(a long text in several parts)."
    )


def _unreadable(tool: str, error: Unreadable, schema: Schema | None) -> str:
    whose = f"The call of {quote(tool)}" if tool else "The tool call"
    return _ask_again(f"{whose} could not be read and was not run: {error}.", tool, schema)


def _ask_again(problem: str, tool: str, schema: Schema | None) -> str:
    wanted = f" Arguments of {tool}: {sketch(schema)}." if schema is not None else ""
    return f"{problem[:1100]}{wanted} Send the call again with arguments as one JSON object."
