"""JSON as models write it: one grammar in one file, strict first, then the one plain reading of a slip.

Only syntax is repaired (quotes, commas, comments, fences, escapes that do not exist), never content. What has two
readings, is cut off, repeats a key or is no finite number is refused. Linear in the length of the text.
"""

import html
import json
import math
import re
from typing import Any

DEEPEST = 64
LONGEST_NUMBER = 300
"""Digits; longer numbers are mistakes, and reading them takes quadratic time."""


class Unreadable(ValueError):
    """The text has no single plain reading; the message tells the policy why."""

    def __init__(self, message: str, cut: bool = False) -> None:
        super().__init__(message)
        self.cut = cut
        """True where the text stops in the middle."""


def read(text: str) -> tuple[Any, bool]:
    """The value that `text` plainly means, and whether that took more than strict JSON. Raises Unreadable."""
    try:
        value = _STRICT.decode(text)
    except json.JSONDecodeError:
        value, strict = _read_loosely(text), False
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    else:
        strict = True
    _check_depth(text, value)
    _check_surrogates(text, value)
    return value, not strict


def read_start(text: str, at: int) -> int:
    """Where the strict JSON value that begins at `at` ends. Raises ValueError where there is none."""
    try:
        end: int = _STRICT.raw_decode(text, at)[1]
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    return end


def read_number(text: str) -> int | float:
    """The number that `text` is, all of it. Raises Unreadable."""
    reader = _Reader(text)
    number = reader.number()
    if reader.at != len(text):
        raise Unreadable(f"{json.dumps(text[:20])} is no number")
    return number


def read_members(text: str, at: int, close: str) -> tuple[dict[str, Any], str]:
    """Keyword arguments of a call, from `at` to the bracket `close`, and the text after it. Raises Unreadable."""
    reader = _Reader(text, at)
    return reader.members(close), text[reader.at :]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable(f"the field {json.dumps(twice)} is in it twice")
    return table


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise Unreadable("it holds a number that is too long")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Unreadable("it holds a number that is too large")
    return value


def _refuse_constant(text: str) -> float:
    raise Unreadable(f"{text} is not a number that JSON has")


_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_refuse_constant
)


def _check_depth(text: str, value: Any) -> None:
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for node in level
            if isinstance(node, dict | list)
            for inner in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return
    raise Unreadable("it is nested too deeply")


def _check_surrogates(text: str, value: Any) -> None:
    """Half a surrogate pair is no character: it could be neither stored nor sent."""
    if (_SURROGATE.search(text) or "\\ud" in text.lower()) and _SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        raise Unreadable("it holds half a character (a lone surrogate)")


_SURROGATE = re.compile("[\ud800-\udfff]")
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
_BLANK = re.compile(
    rf"(?:[\s{_INVISIBLE}]+|\\[nrt]|//[^\n]*|\#[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*"  # white space and comments
)
_ESCAPED_ONCE_MORE = re.compile(r"[\[{](?:\s|\\[nrt])*\\\"")
_ESCAPED_AS_HTML = re.compile(r"[\[{]\s*(?:[\[{]\s*)?&(?:quot|apos|#34|#39);")
_OPEN_BRACKETS = {"{": "}", "｛": "}", "[": "]", "［": "]"}
_CLOSE_BRACKETS = {"}": "}｝", "]": "]］", ")": ")"}
_CLOSING_QUOTES = {
    **{
        '"': '"',
        "'": "'",
        "“": "”",
        "”": "”",
        "„": "“”",
        "‟": "”",
        "＂": "＂",
        "«": "»",
        "»": "«",
        "″": "″",
        "〝": "〞〟",
    },
    **{"‘": "’", "’": "’", "‚": "‘’", "‛": "’", "＇": "＇", "‹": "›", "›": "‹", "′": "′", "`": "`´'", "´": "´"},
    **{"「": "」", "『": "』"},
}
"""Quotation marks that open a text, each with those that close it."""
_DOUBLE, _SINGLE = '"“”„‟＂', "'‘’‚‛＇"
"""Marks that are mixed up with each other: one of the same row may close what another has opened, where nothing closes
it properly."""
_APOSTROPHES = "'’＇"
_ESCAPES = {'"': '"', "'": "'", "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HEX4 = re.compile(r"[0-9a-fA-F]{4}")
_HEX2 = re.compile(r"x([0-9a-fA-F]{2})")
_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")
_DRIVE = re.compile(r"(?<![A-Za-z])[A-Za-z]:\\")
_NUMBER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)(?![\w.])")
_WORD = re.compile(r"[^\W\d][\w$-]*|\$[\w$-]*")
_WORDS = {"true": True, "false": False, "null": None, "none": None, "undefined": None}
_NO_NUMBER = {"nan", "infinity", "inf"}
_SECOND_PART = re.compile(r"[{}\[\]｛｝［］]|[\"'”’]\s*[:：]|\w\s*=\s*\S")


def _read_loosely(text: str) -> Any:
    """One value, with prose, fences or a byte order mark around it allowed."""
    text = text.strip(_INVISIBLE + " \t\r\n\f\v\u00a0\u3000")
    if not text:
        raise Unreadable("it is empty")
    if _ESCAPED_ONCE_MORE.match(text):
        try:
            return json.loads(f'"{text}"', strict=False)
        except ValueError:
            raise Unreadable("its quotes are escaped and something in it is not") from None
    if _ESCAPED_AS_HTML.match(text):
        text = html.unescape(text)
    start = _start(text)
    try:
        return _read_all(_Reader(text, start))
    except Unreadable as error:
        try:
            return _read_all(_Reader(text, start, mixed_quotes=True))
        except Unreadable:
            raise error from None


def _read_all(reader: "_Reader") -> Any:
    value = reader.value()
    _check_rest(reader.text[reader.at :])
    return value


def _start(text: str) -> int:
    """Where the value begins: at once, or after prose or the opening of a fence."""
    if text[0] in _CLOSING_QUOTES and text[0] != "`":  # that one opens a fence
        return 0
    places = [place for place in (text.find(bracket) for bracket in _OPEN_BRACKETS) if place >= 0]
    if not places:
        raise Unreadable("there is no JSON object in it")
    start = min(places)
    if "\\" in text[:start] or _SECOND_PART.search(text, 0, start):
        raise Unreadable("there is something before the object that is no plain text")
    return start


def _check_rest(rest: str) -> None:
    """After the value may come prose, the end of a fence, a bracket too many; nothing that could be part of it."""
    rest = rest.strip(_INVISIBLE + " \t\r\n").lstrip(";)}]｝］`*").strip(" \t\r\n`")
    if rest in ("", ","):
        return
    if _SECOND_PART.search(rest):
        raise Unreadable("there is more than one object in it")
    if not (rest[0].isalpha() or rest[0] in "(-—–#*。.!！" or re.fullmatch(r"(?:</?[\w:|｜▁]+>\s*)+", rest)):
        raise Unreadable("there is something after the object that is no plain text")
    if rest[:3] == "..." or re.match(r"\.\w|[({-]\s*[\"'\d]", rest):
        raise Unreadable("there is something after the object that is no plain text")


class _Reader:
    """Reads one loosely written value from `at` on."""

    def __init__(self, text: str, at: int = 0, *, mixed_quotes: bool = False) -> None:
        """mixed_quotes: every quotation mark of the same row closes a text."""
        self.text = text
        self.at = at
        self.depth = 0
        self.mixed_quotes = mixed_quotes
        self.closed_by: dict[str, str] = {}
        """Each mark that has opened a value with the one that has closed it."""
        self.in_value = False

    def peek(self) -> str:
        """The next character that is neither white space nor comment."""
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        if self.at >= len(self.text):
            raise Unreadable("it stops in the middle", cut=True)
        return self.text[self.at]

    def value(self) -> Any:
        char = self.peek()
        if char in _OPEN_BRACKETS:
            return self.nested(_OPEN_BRACKETS[char])
        if char in _CLOSING_QUOTES:
            self.in_value = True
            return self.string()
        if char.isascii() and (char.isdigit() or char in "+-."):
            return self.number()
        return self.word()

    def nested(self, close: str) -> Any:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("it is nested too deeply")
        self.at += 1
        found = self.members(close) if close == "}" else self.items()
        self.depth -= 1
        return found

    def ended(self, close: str) -> bool:
        """Step over the closing bracket if it is next."""
        if self.peek() not in _CLOSE_BRACKETS[close]:
            return False
        self.at += 1
        return True

    def items(self) -> list[Any]:
        found: list[Any] = []
        while not self.ended("]"):
            found.append(self.value())
            if not self.comma("]"):
                raise Unreadable("a comma is missing in a list")
        return found

    def members(self, close: str) -> dict[str, Any]:
        pairs: list[tuple[str, Any]] = []
        sure = True
        while not self.ended(close):
            if self.peek() in ",，":
                self.at += 1  # a comma too many
                continue
            quoted = self.peek() in _CLOSING_QUOTES
            self.in_value = False
            key = self.string() if quoted else self.name()
            self.colon(may_miss=quoted and sure)
            pairs.append((key, self.value()))
            sure = self.comma(close)
            if not sure and self.peek() not in _CLOSING_QUOTES:
                raise Unreadable(f"after the value of {json.dumps(key[:80])} is neither a comma nor the end")
        return _unique(pairs)

    def comma(self, close: str) -> bool:
        """Step over a comma; False where there is none though the bracket does not close here either."""
        char = self.peek()
        if char in ",，;；":
            self.at += 1
            return True
        return char in _CLOSE_BRACKETS[close]

    def colon(self, may_miss: bool) -> None:
        char = self.peek()
        if char in ":：=":
            self.at += 2 if self.text.startswith("=>", self.at) else 1
        elif not (may_miss and char in _CLOSING_QUOTES):
            raise Unreadable("a colon is missing after a field name")

    def name(self) -> str:
        match = _WORD.match(self.text, self.at)
        if not match:
            raise Unreadable(f"a field name is expected at {json.dumps(self.text[self.at : self.at + 20])}")
        self.at = match.end()
        return match.group()

    def word(self) -> Any:
        match = _WORD.match(self.text, self.at)
        word = match.group() if match else self.text[self.at : self.at + 20]
        if match and word == "u" and self.text[match.end() : match.end() + 1] in ("'", '"'):
            self.at = match.end()
            return self.string()
        if word.lower() in _NO_NUMBER:
            raise Unreadable(f"{word} is not a number that JSON has")
        if not match or word.lower() not in _WORDS:
            raise Unreadable(f"{json.dumps(word[:40])} is where a value is expected; text needs quotes")
        self.at = match.end()
        return _WORDS[word.lower()]

    def number(self) -> int | float:
        match = _NUMBER.match(self.text, self.at)
        if not match:
            raise Unreadable(f"{json.dumps(self.text[self.at : self.at + 20])} is no number")
        self.at = match.end()
        text = match.group().replace("_", "").lstrip("+")
        if len(text) > LONGEST_NUMBER:
            raise Unreadable("it holds a number that is too long")
        digits = text.lstrip("-")
        if digits[:2].lower() == "0x":
            return int(text, 16)
        if not digits.isdigit():
            return _float(text)
        if len(digits) > 1 and digits[0] == "0" and set(digits) <= set("01234567") and int(digits, 8) != int(digits):
            raise Unreadable(f"the number {text} has two readings, octal and decimal")
        return int(text)

    def string(self) -> str:
        quote = self.text[self.at]
        closers = _CLOSING_QUOTES[quote]
        if self.mixed_quotes:
            closers = next((row for row in (_DOUBLE, _SINGLE) if quote in row), closers)
        tripled = quote * 3
        if quote in "\"'" and self.text.startswith(tripled, self.at):
            return self.tripled_string(tripled)
        self.at += 1
        return self.pieces(closers, quote)

    def tripled_string(self, tripled: str) -> str:
        end = self.text.find(tripled, self.at + 3)
        if end < 0:
            raise Unreadable("it stops in the middle of a text", cut=True)
        inner = _Reader(self.text[self.at + 3 : end] + "\0", 0)
        found = inner.pieces("\0", tripled[0])
        if inner.at != len(inner.text):
            raise Unreadable("it holds a NUL character")
        self.at = end + 3
        return found

    def pieces(self, closers: str, quote: str) -> str:
        """The text up to its closing quote, escapes resolved."""
        run = re.compile(rf"[^\\{re.escape(closers)}]*")
        begin, pieces, literal = self.at, [], False
        while True:
            plain = run.match(self.text, self.at)
            assert plain is not None
            pieces.append(plain.group())
            self.at = plain.end()
            if self.at >= len(self.text):
                raise Unreadable("it stops in the middle of a text", cut=True)
            if self.text[self.at] == "\\":
                piece, known = self.escape(quote)
                literal = literal or not known
                pieces.append(piece)
            elif self.is_apostrophe():
                pieces.append(self.text[self.at])
                self.at += 1
            else:
                break
        raw = self.text[begin : self.at]
        checked = self.in_value or closers not in (_DOUBLE, _SINGLE)
        if checked and self.closed_by.setdefault(quote, self.text[self.at]) != self.text[self.at]:
            raise Unreadable("its quotation marks have several readings")
        self.at += 1
        if literal and _DRIVE.search(raw) and re.search(r"(?<!\\)\\[bfnrt]", raw):
            raise Unreadable("the backslashes of a path must be doubled")
        return _PAIR.sub(lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"), "".join(pieces))

    def is_apostrophe(self) -> bool:
        """True at an apostrophe inside a word, in a text that apostrophes enclose."""
        around = self.text[self.at - 1] + self.text[self.at + 1 : self.at + 2]
        return self.text[self.at] in _APOSTROPHES and len(around) == 2 and around.isalnum()

    def escape(self, quote: str) -> tuple[str, bool]:
        """What a backslash and the characters after it mean; False beside it where the backslash itself is meant."""
        char = self.text[self.at + 1 : self.at + 2]
        if char in _ESCAPES and char:
            self.at += 2
            return _ESCAPES[char], True
        if char == "u" and (digits := _HEX4.match(self.text, self.at + 2)):
            self.at += 6
            return chr(int(digits.group(), 16)), True
        if quote == "'" and (digits := _HEX2.match(self.text, self.at + 1)):
            self.at += 4
            return chr(int(digits.group(1), 16)), True
        self.at += 1
        return "\\", False
