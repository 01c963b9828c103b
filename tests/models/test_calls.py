"""The tool-call reader against a table of slips: one reading, or an error the model can act on."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.models.calls import (
    LONGEST_PROBLEM,
    MOST_CALLS,
    GivenCall,
    read_arguments,
    read_calls,
    read_message,
)

SCHEMAS = {
    "search": {
        "type": "object",
        "properties": {
            "query": {"type": "string"},
            "top": {"type": "integer", "minimum": 1, "maximum": 20},
            "since": {"type": "string", "enum": ["day", "week", "any"]},
            "deep": {"type": "boolean"},
            "sites": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
        },
        "required": ["query"],
        "additionalProperties": False,
    },
    "write": {
        "type": "object",
        "properties": {"path": {"type": "string"}, "content": {"type": "string"}},
        "required": ["path", "content"],
        "additionalProperties": False,
    },
    "plan": {
        "type": "object",
        "properties": {
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"id": {"type": "string"}, "state": {"type": "string", "enum": ["open", "done"]}},
                    "required": ["id", "state"],
                },
            }
        },
        "required": ["items"],
        "additionalProperties": False,
    },
    "now": {"type": "object", "properties": {}, "additionalProperties": False},
}
X = {"query": "x"}
READABLE = {
    "strict": ("search", '{"query": "x"}', X),
    "single quotes": ("search", "{'query': 'x'}", X),
    "bare field names": ("search", "{query: 'x', top: 5}", {"query": "x", "top": 5}),
    "comma at the end": ("search", '{"query": "x",}', X),
    "commas too many": ("search", '{,"query": "x",, "top": 5}', {"query": "x", "top": 5}),
    "prose with quotes before": ("search", 'I call "search" now: {"query": "x"}', X),
    "assignment": ("search", 'const call = {"query": "x"};', X),
    "semicolon at the end": ("search", '{"query": "x"};', X),
    "comma behind": ("search", '{"query": "x"},', X),
    "curly quotes": ("search", "{“query”: “it’s x”}", {"query": "it’s x"}),
    "full-width punctuation": ("search", '｛"query"："x"，"top"：5｝', {"query": "x", "top": 5}),
    "fence and prose": ("search", 'Here:\n```json\n{"query": "x"}\n```\nDone.', X),
    "bold": ("search", '**{"query": "x"}**', X),
    "byte order mark": ("search", '\ufeff{"query": "x"}', X),
    "a brace too many": ("search", '{"query": "x"}}', X),
    "encoded twice": ("search", json.dumps('{"query": "x"}'), X),
    "encoded thrice": ("search", json.dumps(json.dumps('{"query": "x"}')), X),
    "escaped once too often": ("search", r"{\n  \"query\": \"x\"\n}", X),
    "escaped as HTML": ("search", "{&quot;query&quot;: &quot;x&quot;}", X),
    "line breaks as escapes": ("search", r'{\n "query": "x"\n}', X),
    "comments": ("search", '{"query": "x" /* a */ // b\n}', X),
    "missing colon": ("search", '{"query" "x"}', X),
    "missing comma": ("search", '{"query": "x" "top": 5}', {"query": "x", "top": 5}),
    "raw line break": ("search", '{"query": "a\nb\tc"}', {"query": "a\nb\tc"}),
    "unknown escape": ("search", r'{"query": "\d+ \"a\""}', {"query": '\\d+ "a"'}),
    "regex beside a line break": (
        "write",
        r'{"path": "a", "content": "re(\d+)\n"}',
        {"path": "a", "content": "re(\\d+)\n"},
    ),
    "shell continuation": ("search", '{"query": "a \\\n b"}', {"query": "a \\\n b"}),
    "apostrophe in a word": ("search", "{'query': 'it's x'}", {"query": "it's x"}),
    "apostrophe escaped": ("search", r"""{"query": "it\'s x"}""", {"query": "it's x"}),
    "Python words": ("search", "{'query': 'x', 'deep': False, 'top': None}", {"query": "x", "deep": False}),
    "Python triple quotes": ("write", '{"path": "a", "content": """b "c"\n"""}', {"path": "a", "content": 'b "c"\n'}),
    "Python call": ("search", 'search(query="x", top=5)', {"query": "x", "top": 5}),
    "keywords": ("search", 'query="x", top=5', {"query": "x", "top": 5}),
    "call around an object": ("search", 'search({"query": "x"})', X),
    "number as text": ("search", '{"query": "x", "top": "5"}', {"query": "x", "top": 5}),
    "leading zero": ("search", '{"query": "x", "top": 05}', {"query": "x", "top": 5}),
    "plus sign": ("search", '{"query": "x", "top": +5}', {"query": "x", "top": 5}),
    "hexadecimal": ("search", '{"query": "x", "top": 0x10}', {"query": "x", "top": 16}),
    "whole float": ("search", '{"query": "x", "top": 5.0}', {"query": "x", "top": 5}),
    "exponent": ("search", '{"query": "x", "top": 1e1}', {"query": "x", "top": 10}),
    "number where text is due": ("search", '{"query": 2024}', {"query": "2024"}),
    "false as text": ("search", '{"query": "x", "deep": "False"}', {"query": "x", "deep": False}),
    "null for an optional field": ("search", '{"query": "x", "top": null}', X),
    "null where null is allowed": ("search", '{"query": "x", "sites": null}', {"query": "x", "sites": None}),
    "one item for a list": ("search", '{"query": "x", "sites": "a.org"}', {"query": "x", "sites": ["a.org"]}),
    "list as text": (
        "plan",
        "{\"items\": \"[{'id': 1, 'state': 'open'}]\"}",
        {"items": [{"id": "1", "state": "open"}]},
    ),
    "one object for a list": (
        "plan",
        '{"items": {"id": "1", "state": "open"}}',
        {"items": [{"id": "1", "state": "open"}]},
    ),
    "list of one": ("search", '[{"query": "x"}]', X),
    "whole call": ("search", '{"name": "search", "parameters": "{\\"query\\": \\"x\\"}"}', X),
    "wrapped": ("search", '{"arguments": {"query": "x"}}', X),
    "wrapped in the tool's name": ("search", '{"search": {"query": "x"}}', X),
    "XML": ("search", "<arguments><query>a &amp; b</query><top>5</top></arguments>", {"query": "a & b", "top": 5}),
    "XML parameters": ("search", '<parameter name="query">x</parameter>', X),
    "nothing": ("now", "", {}),
    "null": ("now", "null", {}),
    "empty list": ("now", "[]", {}),
    "empty call": ("now", "now()", {}),
}
REFUSED = {
    "cut in a text": ("search", '{"query": "x', "cut off"),
    "cut before the brace": ("search", '{"query": "x"', "cut off"),
    "cut before a value": ("search", '{"query": ', "cut off"),
    "cut in markup": ("search", "<query>x", "cut off"),
    "same field twice": ("search", '{"query": "x", "query": "x"}', "twice"),
    "same field twice, loosely": ("search", "{'query': 'x', 'query': 'y'}", "twice"),
    "two objects": ("search", '{"query": "x"}{"query": "y"}', "more than one"),
    "two in prose": ("search", '{"query": "x"} or {"query": "y"}', "more than one"),
    "the rest behind": ("search", '{"query": "x"}, "top": 5', "behind the object|more than one"),
    "the rest as keywords": ("search", '{"query": "x"}; top=5', "more than one"),
    "list of two": ("search", '[{"query": "x"}, {"query": "y"}]', "2 objects"),
    "a field before": ("search", '"top": 5, {"query": "x"}', "behind the object|more than one|before the object|bare"),
    "unknown field": ("search", '{"q": "x"}', 'no field "q". Did you mean "query"'),
    "missing field": ("search", '{"top": 5}', "'query' is a required"),
    "null for a required field": ("search", '{"query": null}', "None is not of type 'string'"),
    "out of range": ("search", '{"query": "x", "top": 21}', "greater than the maximum of 20"),
    "no whole number": ("search", '{"query": "x", "top": 5.5}', "5.5 is not of type"),
    "no choice": ("search", '{"query": "x", "since": "year"}', "not one of ['day', 'week', 'any']"),
    "octal or decimal": ("search", '{"query": "x", "top": 010}', "two readings"),
    "NaN": ("search", '{"query": "x", "top": NaN}', "NaN"),
    "infinite": ("search", '{"query": "x", "top": 1e999}', "too large"),
    "endless number": ("search", '{"query": "x", "top": ' + "1" * 9999 + "}", "too long"),
    "quote inside": ("search", '{"query": "the "best" one"}', "neither a comma nor the end"),
    "path with single backslashes": ("search", r'{"query": "C:\users\new"}', "doubled"),
    "half a character": ("search", r'{"query": "\ud83d"}', "half a character"),
    "expression": ("search", "{'query': __import__('os').getcwd()}", "needs quotes"),
    "sum of texts": ("search", '{"query": "a" + "b"}', "neither a comma"),
    "bare value": ("search", '{"query": x}', "needs quotes"),
    "dots": ("search", '{"query": "x", ...}', "field name"),
    "0 for false": ("search", '{"query": "x", "deep": 0}', "true or false"),
    "bare text": ("search", '"x"', "bare text"),
    "empty": ("search", "", "empty"),
    "NUL": ("search", "\0", "no JSON object"),
    "another tool": ("search", '{"name": "write", "arguments": {"query": "x"}}', 'another tool, "write"'),
    "call of another tool": ("search", 'write({"query": "x"})', 'another tool, "write"'),
    "deep": ("search", "[" * 20_000, "nested too deeply"),
    "deep, loosely": ("search", "{a:" * 20_000, "nested too deeply"),
    "unknown tool": ("serch", "{}", 'no tool "serch". Did you mean "search"'),
    "tool that climbs": ("../write", "{}", "no tool"),
}


@pytest.mark.parametrize("name", READABLE)
def test_reads_what_has_one_reading(name: str) -> None:
    tool, raw, wanted = READABLE[name]
    read = read_arguments(tool, raw, SCHEMAS)
    assert (read.problem, read.arguments) == (None, wanted)
    assert read.repaired or json.loads(raw) == wanted


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_the_rest_with_a_message_to_act_on(name: str) -> None:
    tool, raw, words = REFUSED[name]
    read = read_arguments(tool, raw, SCHEMAS)
    assert read.arguments is None
    assert read.problem is not None and len(read.problem) <= LONGEST_PROBLEM
    assert any(word in read.problem for word in words.split("|")), read.problem


@pytest.mark.parametrize("finish", ["length", "content_filter"])
@pytest.mark.parametrize("raw", ['{"query": "x"}', '{"query": "x'])
def test_a_reply_that_was_cut_off_runs_nothing(raw: str, finish: str) -> None:
    read = read_arguments("search", raw, SCHEMAS, finish)
    assert read.arguments is None and "cut off" in str(read.problem)


def test_all_problems_are_listed_at_once() -> None:
    problem = read_arguments("search", '{"qury": "x", "top": 99, "since": "year"}', SCHEMAS).problem
    assert problem is not None
    for words in ('"qury"', "'query' is a required", "99", "'year'", "whole number 1 to 20"):
        assert words in problem


def test_a_problem_with_endless_content_stays_short() -> None:
    problem = read_arguments("search", json.dumps({"query": ["y" * 50_000] * 50, "z" * 9_000: 1}), SCHEMAS).problem
    assert problem is not None and 0 < len(problem) <= LONGEST_PROBLEM


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(texts, texts)
def test_proper_json_is_never_changed(path: str, content: str) -> None:
    arguments = {"path": path, "content": content}
    for raw in (json.dumps(arguments), json.dumps(arguments, ensure_ascii=False), json.dumps(json.dumps(arguments))):
        assert read_arguments("write", raw, SCHEMAS).arguments == arguments


@given(texts, st.text("abc'\" .,", max_size=30))
def test_a_python_repr_is_read_as_python_reads_it(path: str, content: str) -> None:
    path = "".join(char for char in path if char.isprintable())
    arguments = {"path": path, "content": content}
    assert read_arguments("write", repr(arguments), SCHEMAS).arguments == arguments


@given(st.text("{}[]\"'\\,:abc 01\n<>=/`*", max_size=80))
def test_nothing_dies(raw: str) -> None:
    read = read_arguments("search", raw, SCHEMAS)
    assert (read.arguments is None) != (read.problem is None)
    read_message(raw, SCHEMAS)


CALL = '{"name": "search", "arguments": {"query": "x"}}'
OTHER = '{"name": "write", "arguments": {"path": "a", "content": "b"}}'
SEP, BEGIN, END = "<｜tool_sep｜>", "<｜tool_call_begin｜>", "<｜tool_call_end｜>"
MARKED = {
    "tool_call": f"<tool_call>\n{CALL}\n</tool_call>",
    "toolcall": f"<toolcall>{CALL}</toolcall>",
    "function_call": f"<function_call>{CALL}</function_call>",
    "wrong closing": f"<tool_call>{CALL}</toolcall>",
    "never closed, whole": f"<tool_call>{CALL}<|im_end|>",
    "parameters": '<tool_call>{"name": "search", "parameters": {"query": "x"}}</tool_call>',
    "tool, args": '<tool_call>{"tool": "search", "args": {"query": "x"}}</tool_call>',
    "flat": '<tool_call>{"name": "search", "query": "x"}</tool_call>',
    "nested": '<tool_call>{"type": "function", "function": ' + CALL + "}</tool_call>",
    "Python repr": "<tool_call>{'name': 'search', 'arguments': {'query': 'x'}}</tool_call>",
    "fence inside": f"<tool_call>\n```json\n{CALL}\n```\n</tool_call>",
    "steptml": '<steptml:toolcall>\n<steptml:invoke name="search">\n<steptml:parameter name="query">x'
    "</steptml:parameter>\n</steptml:invoke>\n</steptml:toolcall>",
    "steptml, inner marks alone": '<steptml:invoke name="search"><steptml:parameter name="query">x'
    "</steptml:parameter></steptml:invoke>",
    "Step 3": f'<｜tool_calls_begin｜>{BEGIN}function{SEP}<steptml:invoke name="search">'
    f'<steptml:parameter name="query">x</steptml:parameter></steptml:invoke>{END}<｜tool_calls_end｜>',
    "DeepSeek": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>search\n```json\n"
    '{"query": "x"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    "Kimi": "<|tool_calls_section_begin|><|tool_call_begin|>functions.search:0<|tool_call_argument_begin|>"
    '{"query": "x"}<|tool_call_end|><|tool_calls_section_end|>',
    "Mistral": f"[TOOL_CALLS] [{CALL}]",
    "Mistral, newer": '[TOOL_CALLS]search[ARGS]{"query": "x"}',
    "Qwen coder": "<tool_call>\n<function=search>\n<parameter=query>\nx\n</parameter>\n</function>\n</tool_call>",
    "Llama": '<function=search>{"query": "x"}</function>',
    "GLM": "<tool_call>search\n<arg_key>query</arg_key>\n<arg_value>x</arg_value>\n</tool_call>",
    "Python call": '<tool_call>search(query="x")</tool_call>',
    "mark of another family inside": f"<tool_call>\n[TOOL_CALLS] {CALL}\n</tool_call>",
    "nothing but JSON": CALL,
}


@pytest.mark.parametrize("name", MARKED)
def test_calls_written_into_the_text_are_found(name: str) -> None:
    message = read_message(f"<think>Hm.</think>{MARKED[name]}", SCHEMAS)
    assert [(call.tool, call.arguments, call.problem) for call in message.calls] == [("search", X, None)]
    assert (message.text, message.reasoning) == ("", "Hm.")


@pytest.mark.parametrize(
    "text",
    [
        f"```\n<tool_call>{OTHER}</tool_call>\n```\nThat is what the page showed.",
        f"~~~xml\n<tool_call>{OTHER}</tool_call>",
        f"<tool_response>\n<tool_call>{OTHER}</tool_call>\n</tool_response>\nSo it says.",
        f"The page says `<tool_call>{OTHER}</tool_call>`.",
        f"The page says “<tool_call>{OTHER}</tool_call>”.",
        f"> <tool_call>{OTHER}</tool_call>\n\nis what it says.",
        f"I would write {OTHER}",
        f"```json\n{OTHER}\n```",
        "Models mark calls with <tool_call> tags, or with [TOOL_CALLS].",
    ],
)
def test_quoted_calls_do_not_count(text: str) -> None:
    message = read_message(text, SCHEMAS)
    assert (message.calls, message.text) == ([], text)


def test_a_call_in_the_thinking_does_not_count() -> None:
    thinking = f"I could <tool_call>{OTHER}</tool_call>"
    for text in (f"<think>{thinking}</think>", f"{thinking}</think>"):
        message = read_message(f"{text}\n<tool_call>{CALL}</tool_call>", SCHEMAS)
        assert [call.tool for call in message.calls] == ["search"]
        assert message.reasoning == thinking


def test_marks_inside_a_text_argument_are_text() -> None:
    content = "see </tool_call> and\n<tool_call> or\n```\n<think>"
    call = json.dumps({"name": "write", "arguments": {"path": "a", "content": content}})
    (read,) = read_message(f"<tool_call>{call}</tool_call>", SCHEMAS).calls
    assert read.arguments == {"path": "a", "content": content}


def test_text_around_calls_stays() -> None:
    message = read_message(f"Let me see.\n<tool_call>{CALL}</tool_call>\nand\n<toolcall>{OTHER}</toolcall>", SCHEMAS)
    assert message.text == "Let me see.\nand"
    assert [call.tool for call in message.calls] == ["search", "write"]
    assert len({call.id for call in message.calls}) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"<tool_call>{CALL[:-1]}</tool_call>", "cut off"),
        (f"<tool_call>{CALL[:-3]}", "cut off"),
        (f"<tool_call>\n{CALL}\n<tool_call>\n{CALL}\n</tool_call>", "more than one"),
        (f"<tool_call>{CALL}\n{OTHER}</tool_call>", "more than one"),
        ("<tool_call>\n<function=search>\n<parameter=query>\nx", "cut off"),
        ("<tool_call>{}</tool_call>", "names no tool"),
        ("<tool_call></tool_call>", "empty"),
        ('<tool_call>{"name": "rm", "arguments": {}}</tool_call>', 'no tool "rm"'),
        ('<tool_call>{"name": "search"}</tool_call>', "'query' is a required"),
        ('<tool_call>{"name": "now", "arguments": {}, "query": "x"}</tool_call>', "nothing beside them"),
    ],
)
def test_a_malformed_call_becomes_a_problem(text: str, words: str) -> None:
    (call,) = read_message(text, SCHEMAS).calls
    assert call.arguments is None and words in str(call.problem)


@pytest.mark.parametrize("text", [f"<tool_call>{CALL}</tool_call>", f"<tool_call>{CALL}", "<tool_call>"])
def test_a_message_that_was_cut_off_runs_nothing(text: str) -> None:
    (call,) = read_message(text, SCHEMAS, "length").calls
    assert call.arguments is None and "cut off" in str(call.problem)


@pytest.mark.parametrize("text", ["", " \n", "<think>Only this.</think>", "<think>Never closed <tool_call>"])
def test_an_empty_message_says_and_calls_nothing(text: str) -> None:
    message = read_message(text, SCHEMAS)
    assert not message.calls and not message.text.strip()


def test_a_turn_runs_a_limited_number_of_calls() -> None:
    calls = read_message(f"<tool_call>{CALL}</tool_call>" * (MOST_CALLS + 2), SCHEMAS).calls
    assert [call.problem is None for call in calls] == [True] * MOST_CALLS + [False] * 2


def test_native_calls_keep_their_ids_and_the_raw_text_of_what_was_repaired() -> None:
    raws = ('{"query": "x"}', "{'query': 'x'}", "{")
    given = [GivenCall(id, "search", raw) for id, raw in zip(("a", "a", ""), raws, strict=True)]
    calls = read_calls(given, SCHEMAS)
    assert calls[0].id == "a" and len({call.id for call in calls}) == 3
    assert [call.raw for call in calls] == ["", "{'query': 'x'}", "{"]


def test_without_tools_the_model_is_told_so() -> None:
    (call,) = read_message(f"<tool_call>{CALL}</tool_call>", {}).calls
    assert "Answer in text" in str(call.problem)


N = 100_000


@pytest.mark.parametrize(
    "text",
    [
        " " * N + "{",
        '{"query": "' + "\\" * N + "1",
        '{"query": "' + "\\d" * N,
        '{"a":' + "/*" * N,
        "{'query': '" + "a'b" * N,
        "<tool_call>" + " " * N,
        "<tool_call>a" + " " * N + "!</tool_call>",
        "<tool_call>" * N,
        "[TOOL_CALLS]a" + " " * N,
        "<arg_key>" + " " * N,
        "<a>" * N,
        '<invoke name="search">' * (N // 10),
        "`<tool_call>" * (N // 20),
        "> <tool_call>" * (N // 20),
        "<think>`" * (N // 20),
        "\n```" * N,
        "a" * N + "(",
    ],
)
def test_time_grows_with_the_length_only(text: str) -> None:
    begin = time.process_time()
    read_arguments("search", text, SCHEMAS)
    read_message(text, SCHEMAS)
    assert time.process_time() - begin < 5
