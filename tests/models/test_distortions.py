"""Known calls, distorted as models distort them: read as what they were, or refused, never read as something else."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepresearch.models.calls import read_arguments, read_message

SCHEMAS: dict[str, Any] = {
    "look_up": {
        "type": "object",
        "properties": {
            "query": {"type": "string"},
            "max_results": {"type": "integer", "minimum": 1},
            "since_when": {"type": "string", "enum": ["last_day", "last_week", "any"]},
            "deep": {"type": "boolean"},
            "sites": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["query"],
        "additionalProperties": False,
    },
    "save": {
        "type": "object",
        "properties": {"path": {"type": "string"}, "content": {"type": "string"}},
        "required": ["path", "content"],
        "additionalProperties": False,
    },
}
WORDS = st.text("ab zé你 .,-:'’“”\"{}[]/", max_size=20)
PLAIN = st.text("abc zé你 -", min_size=1, max_size=20).map(str.strip).filter(bool)
ARGUMENTS = st.fixed_dictionaries(
    {"query": WORDS},
    optional={
        "max_results": st.integers(1, 99),
        "since_when": st.sampled_from(["last_day", "last_week", "any"]),
        "deep": st.booleans(),
        "sites": st.lists(WORDS, max_size=3),
    },
)
FEW = settings(max_examples=25)
Distortion = Callable[[dict[str, Any]], str]


def quoted(opening: str, closing: str) -> Distortion:
    """Other quotation marks, around names and texts alike."""

    def distort(arguments: dict[str, Any]) -> str:
        def write(value: Any) -> str:
            if isinstance(value, str):
                return opening + value + closing
            if isinstance(value, list):
                return "[" + ", ".join(map(write, value)) + "]"
            return json.dumps(value)

        return "{" + ", ".join(f"{write(name)}: {write(value)}" for name, value in arguments.items()) + "}"

    return distort


def renamed(change: Callable[[str], str]) -> Distortion:
    return lambda arguments: json.dumps({change(name): value for name, value in arguments.items()})


def with_choice(change: Callable[[str], str]) -> Distortion:
    return lambda a: json.dumps({**a, **({"since_when": change(a["since_when"])} if "since_when" in a else {})})


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


QUOTES = [
    "‘’",
    "“”",
    "””",
    "„“",
    "„”",
    "«»",
    "»«",
    "‹›",
    "「」",
    "『』",
    "″″",
    "′′",
    "＂＂",
    "``",
    "`´",
    "‚‘",
    "〝〞",
    "''",
]
MIXED = ['"”', '“"', "'’", "‘'", "”“", "„＂"]
ALWAYS: dict[str, Distortion] = {
    "as it is": json.dumps,
    "encoded twice": lambda a: json.dumps(json.dumps(a)),
    "Python": repr,
    "capital names": renamed(str.upper),
    "names as titles": renamed(str.title),
    "names in camel case": renamed(camel),
    "names with hyphens": renamed(lambda name: name.replace("_", "-")),
    "capital choice": with_choice(str.upper),
    "choice in words": with_choice(lambda word: f" {word.replace('_', ' ').capitalize()} "),
    "numbers as text": lambda a: json.dumps({n: str(v) if type(v) is int else v for n, v in a.items()}),
    "truth as text": lambda a: json.dumps({n: str(v) if type(v) is bool else v for n, v in a.items()}),
    "list as text": lambda a: json.dumps({n: json.dumps(v) if type(v) is list else v for n, v in a.items()}),
    "fence": lambda a: f"```json\n{json.dumps(a)}\n```",
    "prose": lambda a: f"I will call it now: {json.dumps(a)}\nThen I go on.",
    "comma at the end": lambda a: json.dumps(a)[:-1] + ",}",
    "comments": lambda a: json.dumps(a, indent=1).replace("\n}", " // that is all\n}"),
    "whole call": lambda a: json.dumps({"Name": "look_up", "Arguments": a}),
    "wrapped": lambda a: json.dumps({"parameters": a}),
    "list of one": lambda a: json.dumps([a]),
    "a brace too many": lambda a: json.dumps(a) + "}",
    "null for what is absent": lambda a: json.dumps({**dict.fromkeys(["deep", "sites"]), **a}),
}


@pytest.mark.parametrize("name", ALWAYS)
@FEW
@given(ARGUMENTS)
def test_what_has_one_reading_is_read(name: str, arguments: dict[str, Any]) -> None:
    read = read_arguments("look_up", ALWAYS[name](arguments), SCHEMAS)
    assert (read.arguments, read.problem) == (arguments, None)


@pytest.mark.parametrize("marks", [*QUOTES, *MIXED])
@FEW
@given(st.data())
def test_plain_texts_in_any_quotation_marks_are_read(marks: str, data: st.DataObject) -> None:
    arguments = {"query": data.draw(PLAIN), "max_results": 3, "sites": data.draw(st.lists(PLAIN, max_size=2))}
    read = read_arguments("look_up", quoted(*marks)(arguments), SCHEMAS)
    assert (read.arguments, read.problem) == (arguments, None)


@pytest.mark.parametrize("marks", ["“”", "„“", "«»", "‘’", "''", '"”', "``"])
@given(ARGUMENTS)
def test_texts_that_hold_marks_themselves_are_read_or_refused(marks: str, arguments: dict[str, Any]) -> None:
    read = read_arguments("look_up", quoted(*marks)(arguments), SCHEMAS)
    assert read.problem or read.arguments == arguments


@given(ARGUMENTS, st.data())
def test_what_is_cut_off_is_never_read(arguments: dict[str, Any], data: st.DataObject) -> None:
    for raw in (json.dumps(arguments, ensure_ascii=False), repr(arguments)):
        cut = raw[: data.draw(st.integers(1, len(raw) - 1))]
        assert read_arguments("look_up", cut, SCHEMAS).problem
        marked = f'<tool_call>{{"name": "look_up", "arguments": {cut}'
        assert all(call.problem for call in read_message(marked, SCHEMAS).calls)


@given(st.dictionaries(PLAIN, st.one_of(st.integers(), WORDS, st.lists(st.integers())), max_size=3))
def test_an_object_is_the_text_of_a_json_file_and_of_nothing_else(document: dict[str, Any]) -> None:
    raw = json.dumps({"path": "out.json", "content": document})
    read = read_arguments("save", raw, SCHEMAS)
    assert read.arguments and json.loads(read.arguments["content"]) == document
    assert read_arguments("save", raw.replace("out.json", "out.md"), SCHEMAS).problem
    assert read_arguments("look_up", json.dumps({"query": document}), SCHEMAS).problem


@pytest.mark.parametrize(
    "raw",
    [
        '{"query": "a", "Query": "b"}',
        '{"Query": "a", "QUERY": "b"}',
        '{"query": "a", "maxResults": 1, "max-results": 2}',
        '{"query": "a", "since_when": "last"}',
        '{"query": "a", "queries": "b"}',
    ],
)
def test_names_that_are_no_longer_unique_are_refused(raw: str) -> None:
    assert read_arguments("look_up", raw, SCHEMAS).problem


@given(
    ARGUMENTS, st.sampled_from(["functions.look_up", "look_up<|channel|>commentary", "<|tool|>look_up", "look_up:0"])
)
def test_what_a_parser_left_on_a_name_is_taken_off(arguments: dict[str, Any], name: str) -> None:
    call = json.dumps({"name": name, "arguments": arguments})
    (read,) = read_message(f"<tool_call>{call}</tool_call>", SCHEMAS).calls
    assert (read.tool, read.arguments) == ("look_up", arguments)


@pytest.mark.parametrize("name", ["Look_Up", "lookup", "look_up2", "../look_up", "look_up.save", "say look_up", ""])
def test_names_are_not_guessed(name: str) -> None:
    assert "no tool" in str(read_arguments(name, '{"query": "x"}', SCHEMAS).problem)
