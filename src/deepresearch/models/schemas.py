"""Arguments checked against a tool's JSON schema: values of the wrong kind with one plain reading are turned into the
right kind, everything else becomes a list of problems in words that a policy can act on."""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .tolerant_json import Unreadable, read, read_number

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Schema = Mapping[str, Any]
MOST_PROBLEMS = 8
LONGEST_SKETCH = 700
LONGEST_QUOTED = 80
LONGEST_SENTENCE = 300


_NOT_SENT = frozenset(
    "default minLength maxLength maxItems minimum maximum pattern additionalProperties advanced described".split()
)
"""Keywords that cost more in every request than they tell a model; what it sends is checked against all of them."""


class _Unfit(ValueError):
    """A value that cannot be turned into what the schema asks for."""


def fit(value: Any, schema: Schema) -> Any:
    """`value` with names, choices, text, numbers and lists written another way turned into what the schema asks for,
    where that has one reading.

    What does not fit is left as it is for `problems` to report.
    """
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return _fit_one_of(value, branches)
    types = _types(schema)
    if isinstance(value, dict) and (not types or "object" in types):
        return _fit_object(value, schema)
    if isinstance(value, list) and (not types or "array" in types):
        items = schema.get("items", {})
        return [fit(item, items) for item in value] if isinstance(items, Mapping) else value
    if not types or any(_is_kind(value, kind) for kind in types):
        if isinstance(value, str) and "enum" in schema:
            return _same(value, schema["enum"])
        return int(value) if "integer" in types and isinstance(value, float) and value.is_integer() else value
    for kind in types:
        try:
            return _turn(value, kind, schema)
        except _Unfit:
            continue
    return value


def problems(arguments: Any, schema: Schema) -> list[str]:
    """What is wrong with `arguments`, one sentence each; empty where they fit."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  heavy

    errors = sorted(Draft202012Validator(schema).iter_errors(arguments), key=lambda error: [str(p) for p in error.path])
    return [sentence for error in errors for sentence in _sentences(error)][:MOST_PROBLEMS]


def offered(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A tool's specification in the short form that is sent with every request."""
    function = tool["function"]
    return {**tool, "function": {**function, "parameters": _short(function.get("parameters") or {"type": "object"})}}


def _short(schema: Schema, described: bool = False) -> dict[str, Any]:
    """`schema` without what a model can do without; described: nor the fields of objects, which a description names."""
    branches = [branch for branch in schema.get("anyOf", ()) if branch.get("type") != "null"]
    if len(branches) == 1:
        return _short({**branches[0], **{key: value for key, value in schema.items() if key != "anyOf"}}, described)
    short = {key: value for key, value in schema.items() if key not in _NOT_SENT}
    if branches:
        short["anyOf"] = [_short(branch, described) for branch in branches]
    if isinstance(schema.get("items"), Mapping):
        short["items"] = _short(schema["items"], described or bool(schema.get("described")))
    if "properties" in schema and described:
        return {"type": "object"}
    if "properties" in schema:
        short["properties"] = {name: _short(field) for name, field in schema["properties"].items()}
    return short


def sketch(schema: Schema) -> str:
    """The schema in one short line, e.g. {"query": text, "top_k"?: whole number 1 to 20}."""
    line = _sketch(schema, 0)
    return line if len(line) <= LONGEST_SKETCH else line[:LONGEST_SKETCH] + " ..."


def nearest(name: str, known: Iterable[str]) -> str:
    """' Did you mean "x"?' for the known name most like `name`, or nothing."""
    lowered = {other.lower().replace("-", "_"): other for other in known}
    wanted = name[:80].lower().replace("-", "_").rsplit(".", 1)[-1].strip()
    near = difflib.get_close_matches(wanted, lowered, n=1, cutoff=0.6)
    if not near and wanted:
        near = [other for other in lowered if other.startswith(wanted) or wanted.startswith(other)][:1]
    return f" Did you mean {quote(lowered[near[0]])}?" if near else ""


def quote(value: Any) -> str:
    """`value` as short JSON for a message: control characters escaped, cut where it is long."""
    text = json.dumps(value[: LONGEST_QUOTED + 1] if isinstance(value, str) else value, ensure_ascii=False)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= LONGEST_QUOTED + 2 else text[:LONGEST_QUOTED] + "..."


def _types(schema: Schema) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


_CLASSES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def _is_kind(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _CLASSES.get(kind, ()))


def _fit_object(value: dict[str, Any], schema: Schema) -> dict[str, Any]:
    fields: Schema = schema.get("properties", {})
    required = schema.get("required", ())
    fitted: dict[str, Any] = {}
    for given, inner in value.items():
        name = _same(given, fields)
        name = given if name in value or name in fitted else name
        field = fields.get(name)
        if not isinstance(field, Mapping):
            fitted[name] = inner
        elif inner is not None or name in required or _allows_null(field):  # null for an optional field: left out
            is_document = isinstance(inner, dict | list) and _types(field) == ["string"] and _names_json_file(value)
            fitted[name] = json.dumps(inner, ensure_ascii=False) if is_document else fit(inner, field)
    return fitted


def _same(given: str, known: Iterable[Any]) -> str:
    """The known word that `given` is in other capitals or with other signs between its parts; else `given`."""
    if given in known:
        return given
    same = [word for word in known if isinstance(word, str) and _letters(word) == _letters(given)]
    return same[0] if len(same) == 1 else given


def _letters(word: str) -> str:
    return re.sub(r"[\s_-]", "", word).casefold()


def _names_json_file(arguments: Mapping[str, Any]) -> bool:
    """Whether a value names a JSON file: an object beside it is the file's new content."""
    return any(isinstance(value, str) and value.strip().lower().endswith(".json") for value in arguments.values())


def _allows_null(schema: Schema) -> bool:
    if "const" in schema or "enum" in schema:
        return None in schema.get("enum", [schema.get("const")])
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return any(_allows_null(branch) for branch in branches)
    return not _types(schema) or "null" in _types(schema)


def _fit_one_of(value: Any, branches: list[Schema]) -> Any:
    """`value` fitted to the branch of its kind, else the one reading that the branches agree on, else as it is."""
    same = [branch for branch in branches if not _types(branch) or any(_is_kind(value, k) for k in _types(branch))]
    if same:
        return fit(value, same[0]) if len(same) == 1 else value
    taken = [fitted for branch in branches if not problems(fitted := fit(value, branch), branch)]
    return taken[0] if taken and all(other == taken[0] for other in taken) else value


def _turn(value: Any, kind: str, schema: Schema) -> Any:
    """`value` as `kind`. Raises _Unfit where that has no single reading."""
    if kind == "array":
        return _turn_into_list(value, schema)
    if isinstance(value, str):
        return _turn_text(value.strip(), kind, schema)
    if kind == "string" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _Unfit


def _turn_text(text: str, kind: str, schema: Schema) -> Any:
    if kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind in ("integer", "number"):
        number = _read(text, read_number)
        if isinstance(number, float) and kind == "integer" and number.is_integer():
            return int(number)
        if _is_kind(number, kind):
            return number
    if kind == "object" and text.startswith("{"):
        return fit(_read(text), schema)
    raise _Unfit


def _turn_into_list(value: Any, schema: Schema) -> list[Any]:
    """A list written as text, or the one item that was meant to be in a list."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        read_list = _read(value)
        if not isinstance(read_list, list):
            raise _Unfit
        fitted: list[Any] = fit(read_list, schema)
        return fitted
    items = schema.get("items")
    if value is None or not isinstance(items, Mapping):
        raise _Unfit
    item = fit(value, items)
    if problems(item, items):
        raise _Unfit
    return [item]


def _read(text: str, reader: Callable[[str], Any] = lambda text: read(text)[0]) -> Any:
    try:
        return reader(text)
    except Unreadable:
        raise _Unfit from None


def _sentences(error: "ValidationError") -> list[str]:
    place = ".".join(str(part) for part in error.absolute_path)
    prefix = f"{place}: " if place else ""
    instance: Any = error.instance
    if error.validator == "additionalProperties" and isinstance(instance, dict):
        schema: Any = error.schema
        known = list(schema.get("properties", {}))
        free = [name for name in known if name not in instance]
        unknown = [name for name in instance if name not in known][:4]
        return [f"{prefix}there is no field {quote(name)}.{nearest(name, free)}" for name in unknown]
    given = repr(instance)
    message = error.message.replace(given, quote(instance)) if len(given) > LONGEST_QUOTED else error.message
    return [f"{prefix}{message[:LONGEST_SENTENCE]}."]


_KIND_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
}


def _sketch(schema: Schema, depth: int) -> str:
    if "enum" in schema:
        return " | ".join(quote(choice) for choice in schema["enum"])
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return " | ".join(_sketch(branch, depth + 1) for branch in branches)
    types = _types(schema)
    if "object" in types and depth < 4:
        required = schema.get("required", ())
        fields = [
            f"{quote(name)}{'' if name in required else '?'}: {_sketch(field, depth + 1)}"
            for name, field in schema.get("properties", {}).items()
        ]
        return "{" + ", ".join(fields) + "}"
    if "array" in types and isinstance(schema.get("items"), Mapping) and depth < 4:
        return f"[{_sketch(schema['items'], depth + 1)}, ...]"
    low, high = schema.get("minimum"), schema.get("maximum")
    bounds = f" {low} to {high}" if low is not None and high is not None else ""
    return (" or ".join(_KIND_WORDS.get(kind, kind) for kind in types) or "anything") + bounds
