"""What a message's text has besides prose: thinking, and tool calls in the spellings of several model families.

Marks that enclose a call:

    <tool_call> ... </tool_call>       Hermes, Qwen, GLM; also <toolcall>, <steptml:toolcall>, <function_calls>
    <｜tool_calls_begin｜> ...         Step 3, DeepSeek, Kimi
    [TOOL_CALLS] ...                   Mistral; also <|tool_call|> and <|python_tag|>
    <|channel|>commentary to=TOOL ...  gpt-oss
    <steptml:invoke name="..."> ...    the inner marks alone; also <invoke name="...">, <function=...>

Calls written as elements, between such marks or alone; values are raw text between the tags, without the one line break
that the convention puts at each end:

    <steptml:invoke name="TOOL"><steptml:parameter name="FIELD">VALUE</steptml:parameter></steptml:invoke>
    <invoke name="TOOL"><parameter name="FIELD">VALUE</parameter></invoke>
    <function=TOOL><parameter=FIELD>VALUE</parameter></function>
    TOOL <arg_key>FIELD</arg_key><arg_value>VALUE</arg_value>
    <FIELD>VALUE</FIELD>

A mark or tag in code, in quotes or in a tool response is quoted, not meant.
"""

import json
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import unescape

from .tolerant_json import Unreadable, read_start

_THINK, _THINK_END = "<think>", "</think>"
_THINK_TAG = re.compile(r"</?think>")
_FENCE = "```"

_FAMILY = r"(?:[A-Za-z]+:)?(?:tool|function)_?calls?"
_MARK = re.compile(
    rf"<(?P<tag>{_FAMILY})>"
    r"|<[|｜](?P<token>tool[_▁]calls?(?:[_▁]section)?)[_▁]begin[|｜]>"
    r"|(?P<bare_mark>\[TOOL_CALLS\]|<[|｜](?:tool_call|python_tag)[|｜]>)(?=\s*+(?:[\[{]|[A-Za-z_][\w.-]*+\s*+(?:\[ARGS\])?+\s*+\{))"
    r"|(?=<(?P<bare>(?:[A-Za-z]+:)?invoke(?=\s+name\s*=)|function(?==)))"
    r"|(?:<\|start\|>assistant)?<\|channel\|>\w{1,20}\s*+to=(?P<harmony>[\w.]{1,80})(?=[^{}\[\]]{0,80}<\|message\|>)"
    r"|^[ ]{0,3}(?P<fence>`{3,}|~{3,})"
    r"|<(?P<response>tool_response|tool_result)>",
    re.MULTILINE,
)
_FAMILY_CLOSE = re.compile(rf"</{_FAMILY}>")
CLOSE = re.compile(
    rf"</(?:{_FAMILY}|(?:[A-Za-z]+:)?invoke|function)>|<[|｜]/tool_call[|｜]>|<[|｜]tool[_▁]calls?(?:[_▁]section)?[_▁]end[|｜]>"
)
"""Any closing mark."""
_SPECIAL_TOKENS = re.compile(r"(?:\s|<[|｜][^<>|｜]{1,30}[|｜]>|</s>)*")
_BEFORE_JSON = re.compile(r"\s*+(?:[A-Za-z_][\w.-]*+)?+\s*+(?:\[ARGS\])?+\s*+(?=[{\[])")
_LOOKS_LIKE_A_CALL = re.compile(r"\s*+(?:$|[{\[<\"'`]|[\w.:-]++[ \t]*+[\n({<])")
"""What follows a mark that is never closed; a mark that prose merely mentions is plain text."""
_QUOTES = "`\"'“‘「『"
_BLOCK_QUOTE = re.compile(r"[ \t]*>")
_INVOCATIONS = (
    re.compile(r"<(?P<tag>(?:[A-Za-z]+:)?invoke)\s+name\s*=\s*[\"'](?P<name>[^\"'<>]*)[\"']\s*>"),
    re.compile(r"<(?P<tag>function)=(?P<name>[^<>\s]*)\s*>"),
)
_PARAMETERS = (
    re.compile(r"<(?P<tag>(?:[A-Za-z]+:)?parameter)\s+name\s*=\s*[\"'](?P<name>[^\"'<>]*)[\"']\s*>"),
    re.compile(r"<(?P<tag>parameter)=(?P<name>[^<>\s]*)\s*>"),
    re.compile(r"<arg_key>(?P<name>[^<>]*+)</arg_key>\s*+<(?P<tag>arg_value)>"),
)
_FIELDS = (re.compile(r"<(?P<tag>(?P<name>[A-Za-z_][\w.-]*))>"),)
_WRAPPERS = frozenset({"arguments", "parameters", "args", "params", "input", "tool_call", "toolcall"})
_LONGEST_QUOTED = 4_000
_NESTED = 3


def split_thinking(text: str, cut: bool = False) -> tuple[str, str]:
    """Reasoning that is written between think tags, and the visible text.

    A closing tag without an opening one (chat templates that open the thinking themselves) makes everything before it
    thinking. A tag opened in the middle of the text and never closed is plain text, unless the reply was `cut` off.
    """
    reasoning: list[str] = []
    visible: list[str] = []
    fences, at, found = 0, 0, False
    while tag := _THINK_TAG.search(text, at):
        before = text[at : tag.start()]
        fences += before.count(_FENCE)
        visible.append(before)
        last = text[tag.start() - 1] if tag.start() else ""
        at = tag.end()
        if (last and last in _QUOTES) or fences % 2 or (tag.group() == _THINK_END and found):
            visible.append(tag.group())
        elif tag.group() == _THINK_END:
            reasoning, visible, found = ["".join(visible)], [], True
        else:
            end = text.find(_THINK_END, at)
            if end < 0 and not cut and "".join(visible).strip():
                visible.append(text[tag.start() :])
                at = len(text)
                break
            found = True
            reasoning.append(text[at : end if end >= 0 else len(text)])
            at = end + len(_THINK_END) if end >= 0 else len(text)
    shown = "".join([*visible, text[at:]])
    return "".join(reasoning).strip(), shown.lstrip() if found else shown


@dataclass(frozen=True)
class Span:
    """A marked place, text[begin:end] with its marks."""

    begin: int
    end: int
    bodies: tuple[str, ...]
    """What is between the marks, one for each inner pair of marks."""
    closed: bool = True
    """False where the closing mark is missing."""


def find_spans(text: str, depth: int = 0) -> list[Span]:
    """The marked calls of `text`, in order."""
    spans: list[Span] = []
    at = 0
    while mark := _MARK.search(text, at):
        if mark["fence"]:
            at = _end_of_fence(text, mark)
        elif mark["response"]:
            end = text.find(f"</{mark['response']}>", mark.end())
            at = end if end >= 0 else len(text)
        elif _is_quoted(text, mark.start()):
            at = _end_of_quoted(text, mark)
        else:
            span = _span(text, mark, depth)
            meant = span.closed or _LOOKS_LIKE_A_CALL.match(span.bodies[0])
            at = span.end if meant else max(mark.end(), mark.start() + 1)
            spans += [span] if meant else []
    return spans


def bare_calls(text: str, tools: Container[str]) -> Span | None:
    """A message that is nothing but the JSON of calls to known tools, without marks."""
    stripped = text.strip()
    if stripped[:1] not in ("{", "[") or stripped[-1:] not in ("}", "]"):
        return None
    try:
        value: Any = json.loads(stripped)
    except (ValueError, RecursionError):
        return None
    entries = value if isinstance(value, list) else [value]
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("name") not in tools:
            return None
        if not isinstance(entry.get("arguments", entry.get("parameters")), dict | str):
            return None
    return Span(0, len(text), (stripped,)) if entries else None


def _span(text: str, mark: re.Match[str], depth: int) -> Span:
    if mark["bare"]:
        end = text.find(f"</{mark['bare']}>", mark.start())
        if end < 0:
            return Span(mark.start(), len(text), (text[mark.start() :],), closed=False)
        end += len(f"</{mark['bare']}>")
        return Span(mark.start(), end, (text[mark.start() : end],))
    if mark["harmony"]:
        begin = text.index("<|message|>", mark.end()) + len("<|message|>")
        json_end = _json_end(text, begin)
        body = f"{mark['harmony']}{text[begin : json_end or len(text)]}"
        tail = _SPECIAL_TOKENS.match(text, json_end) if json_end else None
        return Span(mark.start(), tail.end() if tail else len(text), (body,), closed=json_end is not None)
    json_end = _json_end(text, mark.end())
    if mark["bare_mark"]:
        end = json_end or len(text)
        return Span(mark.start(), end, (text[mark.end() : end],), closed=json_end is not None)
    close = _closing(mark).search(text, json_end or mark.end()) or _FAMILY_CLOSE.search(text, json_end or mark.end())
    body = text[mark.end() : close.start() if close else len(text)]
    if not close:
        body = (
            body if not json_end or _SPECIAL_TOKENS.fullmatch(text, json_end) is None else text[mark.end() : json_end]
        )
    span = Span(mark.start(), close.end() if close else len(text), (body,), close is not None)
    return _with_inner_marks(span, depth)


def _with_inner_marks(span: Span, depth: int) -> Span:
    """`span`, its body split where it begins with a mark of its own."""
    body = span.bodies[0].lstrip()
    inner = _MARK.match(body)
    if depth >= _NESTED or not inner or not (inner["tag"] or inner["token"] or inner["bare_mark"]):
        return span
    spans = find_spans(body, depth + 1)
    bodies = tuple(inner_body for one in spans for inner_body in one.bodies)
    return Span(span.begin, span.end, bodies, span.closed and all(one.closed for one in spans))


def _closing(mark: re.Match[str]) -> re.Pattern[str]:
    if mark["tag"]:
        return re.compile(f"</{mark['tag']}>")
    return re.compile(rf"<[|｜]{mark['token']}[_▁]end[|｜]>")


def _json_end(text: str, begin: int) -> int | None:
    """Where the JSON value after a mark ends, so that marks inside its texts do not count."""
    before = _BEFORE_JSON.match(text, begin)
    if not before:
        return None
    try:
        return read_start(text, before.end())
    except (ValueError, Unreadable):
        return None


def _end_of_fence(text: str, opening: re.Match[str]) -> int:
    fence = opening["fence"]
    closing = re.compile(rf"^[ ]{{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*$", re.MULTILINE).search(text, opening.end())
    return closing.end() if closing else len(text)


def _is_quoted(text: str, at: int) -> bool:
    """True where a quotation mark comes right before, or the line is a block quote."""
    if at and text[at - 1] in _QUOTES:
        return True
    return _BLOCK_QUOTE.match(text, text.rfind("\n", 0, at) + 1, at) is not None


def _end_of_quoted(text: str, mark: re.Match[str]) -> int:
    """The end of a quoted mark, or of the whole call where the call is what is quoted."""
    end = max(mark.end(), mark.start() + 1)
    close = CLOSE.search(text, end, end + _LONGEST_QUOTED)
    return close.end() if close and text[close.end() : close.end() + 1] in tuple(_QUOTES) else end


def begins_with_invocation(text: str) -> bool:
    """True where the text begins with the markup of a whole call."""
    return _opening(text, 0, _INVOCATIONS) is not None


def read_invocations(text: str) -> list[tuple[str, dict[str, str] | str]]:
    """Every call in `text`: tool, and its fields or what is in their place. Raises Unreadable."""
    return [
        (name, read_parameters(inner) if _opening(inner.lstrip(), 0, _PARAMETERS) else inner.strip())
        for name, inner in _elements(text, _INVOCATIONS)
    ]


def read_parameters(text: str) -> dict[str, str]:
    """Fields written as <parameter ...> or as <arg_key>, <arg_value> pairs. Raises Unreadable."""
    fields: dict[str, str] = {}
    for name, value in _elements(text, _PARAMETERS):
        _add(fields, name, _without_line_breaks(value))
    return fields


def read_elements(text: str, wrapper: str) -> dict[str, str] | str:
    """Fields written as <FIELD>VALUE</FIELD>; where one wrapping element has no fields, its content.

    `wrapper`: the tool's name, which may be around the fields as well. Raises Unreadable.
    """
    if _opening(text.strip(), 0, _PARAMETERS):
        return read_parameters(text)
    found = list(_elements(text, _FIELDS))
    wraps = [value for name, value in found if name in _WRAPPERS or name == wrapper]
    if wraps and len(found) > 1:
        raise Unreadable(f"there is something beside <{found[0][0]}>")
    if wraps:
        return read_elements(wraps[0], wrapper) if wraps[0].lstrip().startswith("<") else wraps[0].strip()
    fields: dict[str, str] = {}
    for name, value in found:
        _add(fields, name, unescape(_without_line_breaks(value), {"&quot;": '"', "&apos;": "'"}))
    return fields


def _opening(text: str, at: int, forms: Sequence[re.Pattern[str]]) -> re.Match[str] | None:
    return next(filter(None, (form.match(text, at) for form in forms)), None)


def _elements(text: str, forms: Sequence[re.Pattern[str]]) -> Iterator[tuple[str, str]]:
    """Name and content of the elements that `text` is made of, and of nothing else. Raises Unreadable."""
    at = _skip(text, 0)
    while at < len(text):
        opening = _opening(text, at, forms)
        if not opening:
            raise Unreadable("there is something between the elements that is none")
        closing = f"</{opening['tag']}>"
        end = text.find(closing, opening.end())
        if end < 0:
            raise Unreadable(f"{closing} is missing", cut=True)
        yield opening["name"].strip(), text[opening.end() : end]
        at = _skip(text, end + len(closing))


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _add(fields: dict[str, str], name: str, value: str) -> None:
    if name in fields:
        raise Unreadable(f"the field {name[:80]} is in it twice")
    fields[name] = value


def _without_line_breaks(value: str) -> str:
    return value.removeprefix("\r").removeprefix("\n").removesuffix("\n").removesuffix("\r")
