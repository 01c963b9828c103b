"""Values of spreadsheets as their number formats show them."""

import datetime
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache

BUILT_IN = {
    **{1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??"},
    **{14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm"},
    **{21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)"},
    **{40: "#,##0.00;(#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@"},
    **{27: 'yyyy"年"m"月"', 31: 'yyyy"年"m"月"d"日"', 57: 'yyyy"年"m"月"', 58: 'm"月"d"日"'},
}
"""Formats that files name by number alone. Of dates that each country writes in its own way, the unmistakable form."""
_TOKEN = re.compile(
    r'"([^"]*)"|\\(.)|_.|\*.|\[\$([^\]-]*)(?:-[^\]]*)?\]|\[([hms]+)\]|\[[^\]]*\]'
    r"|(General)|(AM/PM|A/P|上午/下午)|(E[+-]0+)|(y+|m+|d+|h+|s+(?:\.0+)?|e+|a{3,4})|([0#?][0#?,.]*|[.,]0+|\.)|(%)|(@)|(.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?[\d.]+)\]")
_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_TESTS = {
    "<": lambda value, limit: value < limit,
    ">": lambda value, limit: value > limit,
    "<=": lambda value, limit: value <= limit,
    ">=": lambda value, limit: value >= limit,
    "=": lambda value, limit: value == limit,
    "<>": lambda value, limit: value != limit,
}
_LARGEST = 1e15
"""Numbers from which an exponent is used."""


def plain_number(value: float) -> str:
    """A number without a format."""
    return f"{value:.0f}" if value == int(value) and abs(value) < _LARGEST else f"{value:.15g}"


def shown(value: float, code: str, since_1904: bool = False) -> str:
    """A number as a format shows it; plainly where the format cannot be read. since_1904: how days are counted."""
    sections = _sections(code)
    section, value = _section(sections, value)
    tokens = _tokens(section)
    names = [name for name, _ in tokens]
    try:
        if "date" in names or "elapsed" in names:
            return _date(value, tokens, since_1904)
        if "general" in names or "digits" not in names:
            text = "".join(plain_number(value) if name in ("general", "text") else text for name, text in tokens)
            return text.strip() if code.strip() else plain_number(value)
        return _number(value, tokens, section)
    except (ValueError, OverflowError, InvalidOperation, ZeroDivisionError):
        return plain_number(value)


def shown_text(text: str, code: str) -> str:
    """A text as a format shows it."""
    sections = _sections(code)
    if len(sections) < 4:
        return text
    return "".join(text if name == "text" else part for name, part in _tokens(sections[3]))


@lru_cache(maxsize=512)
def _sections(code: str) -> list[str]:
    parts, start, quoted = [], 0, False
    for place, character in enumerate(code):
        if character == '"' and code[place - 1 : place] != "\\":
            quoted = not quoted
        elif character == ";" and not quoted:
            parts.append(code[start:place])
            start = place + 1
    return [*parts, code[start:]]


def _section(sections: list[str], value: float) -> tuple[str, float]:
    """The section that is for the value, and the value as that section shows it."""
    conditions = [_CONDITION.search(section) for section in sections]
    if any(conditions):
        for section, condition in zip(sections, conditions, strict=True):
            if condition is None or _TESTS[condition[1]](value, float(condition[2])):
                return section, value
        return sections[-1], value
    if value < 0 and len(sections) > 1 and sections[1].strip():
        return sections[1], -value
    if value == 0 and len(sections) > 2:
        return sections[2], value
    return sections[0], value


@lru_cache(maxsize=1024)
def _tokens(section: str) -> list[tuple[str, str]]:
    """What the section is made of: (kind, text)."""
    kinds = (
        "literal",
        "literal",
        "literal",
        "elapsed",
        "general",
        "half",
        "exponent",
        "date",
        "digits",
        "percent",
        "text",
    )
    found: list[tuple[str, str]] = []
    for match in _TOKEN.finditer(section):
        groups = match.groups()
        place = next((place for place, group in enumerate(groups) if group is not None), None)
        if place is None:
            found.append(("literal", " " if match[0].startswith("_") else ""))
        else:
            found.append((kinds[place] if place < len(kinds) else "literal", groups[place]))
    return found


def _number(value: float, tokens: list[tuple[str, str]], section: str) -> str:
    number = Decimal(repr(float(value)))
    for name, _ in tokens:
        if name == "percent":
            number *= 100
    digits = [text for name, text in tokens if name == "digits"]
    if any(name == "literal" and text == "/" for name, text in tokens) and "?" in section:
        return _fraction(number, digits, section)
    pattern = "".join(digits)
    while pattern.endswith(","):
        pattern, number = pattern[:-1], number / 1000
    exponent = next((text for name, text in tokens if name == "exponent"), "")
    if exponent:
        return _scientific(number, pattern, exponent)
    whole, _, decimals = pattern.partition(".")
    least = decimals.count("0")
    number = number.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    sign = "-" if number < 0 else ""
    left, _, right = f"{abs(number):f}".partition(".")
    while len(right) > least and right.endswith("0"):
        right = right[:-1]
    left = left.lstrip("0").rjust(whole.replace(",", "").count("0"), "0")
    if "," in whole:
        left = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", left)
    return sign + _filled(tokens, left, ("." + right) if right or least else "")


def _filled(tokens: list[tuple[str, str]], left: str, right: str) -> str:
    """The literals of a format with the digits in their places; digits in several groups are filled from the right."""
    places = [place for place, (name, _) in enumerate(tokens) if name == "digits"]
    filled = dict.fromkeys(places, "")
    whole = [place for place in places if not tokens[place][1].startswith(".")]
    rest = left
    for place in reversed(whole[1:]):
        length = len(re.sub(r"[^0#?]", "", tokens[place][1].partition(".")[0]))
        rest, filled[place] = rest[: len(rest) - length], rest[len(rest) - length :]
    if whole:
        filled[whole[0]] = rest
    filled[places[-1]] += right
    parts = [
        filled[place] if name == "digits" else "%" if name == "percent" else text
        for place, (name, text) in enumerate(tokens)
    ]
    return " ".join("".join(parts).split())


def _scientific(number: Decimal, pattern: str, exponent: str) -> str:
    decimals = len(pattern.partition(".")[2])
    text = f"{number:.{decimals}E}"
    mantissa, _, power = text.partition("E")
    sign = "-" if power.startswith("-") else "+" if "+" in exponent else ""
    return f"{mantissa}E{sign}{power.lstrip('+-').rjust(exponent.count('0'), '0')}"


def _fraction(number: Decimal, digits: list[str], section: str) -> str:
    sign = "-" if number < 0 else ""
    fixed = re.search(r"/\s*([1-9]\d*)", section)
    mixed = len(digits) > (1 if fixed else 2)
    whole, rest = divmod(abs(number), 1) if mixed else (Decimal(0), abs(number))
    if fixed:
        over, under = round(rest * int(fixed[1])), int(fixed[1])
    else:
        over, under = Fraction(rest).limit_denominator(10 ** len(digits[-1]) - 1).as_integer_ratio()
    if over in (0, under):
        return f"{sign}{whole + over // under}"
    return f"{sign}{f'{whole} ' if whole else ''}{over}/{under}"


def _date(value: float, tokens: list[tuple[str, str]], since_1904: bool) -> str:
    names = [text.lower() for name, text in tokens if name == "date"]
    first = datetime.datetime(1904, 1, 1) if since_1904 else datetime.datetime(1899, 12, 30 if value >= 60 else 31)
    digits = 3 if any("." in name for name in names) else 0
    moment = first + datetime.timedelta(days=int(value), seconds=round((value - int(value)) * 86_400, digits))
    numeric = any(re.fullmatch("m{1,2}", name) for name in names) and any(re.fullmatch("d{1,2}", n) for n in names)
    literal = "".join(text for name, text in tokens if name == "literal")
    if numeric and not any(name[0] in "ye" for name in names[:1]) and not re.search("[年月日]", literal):
        clock = moment.strftime(" %H:%M") if any(name[0] == "h" for name in names) else ""
        return moment.date().isoformat() + clock  # whether day or month comes first could only be guessed
    half = any(name == "half" for name, _ in tokens)
    parts = []
    for place, (name, text) in enumerate(tokens):
        if name == "date":
            parts.append(_part(text.lower(), moment, half, _is_minute(tokens, place)))
        elif name == "elapsed":
            seconds = round(value * 86_400)
            parts.append(str(seconds // {"h": 3600, "m": 60, "s": 1}[text[0].lower()]).rjust(len(text), "0"))
        elif name == "half":
            parts.append("AM" if moment.hour < 12 else "PM")
        else:
            parts.append(text if name != "digits" else "")
    return "".join(parts).strip()


def _is_minute(tokens: list[tuple[str, str]], place: int) -> bool:
    """Whether an m means minutes: it follows hours or comes before seconds."""
    around = [text[0].lower() for name, text in tokens if name in ("date", "elapsed")]
    number = sum(name in ("date", "elapsed") for name, _ in tokens[:place])
    return around[number - 1 : number] == ["h"] or around[number + 1 : number + 2] == ["s"]


def _part(text: str, moment: datetime.datetime, half: bool, minute: bool) -> str:
    letter, length = text[0], len(text)
    if letter in "ye":
        return f"{moment.year:04}" if length > 2 or letter == "e" else f"{moment.year % 100:02}"
    if letter == "m" and minute:
        return f"{moment.minute:0{min(length, 2)}}"
    if letter == "m" and length > 2:
        name = _MONTHS[moment.month - 1]
        return {3: name[:3], 5: name[:1]}.get(length, name)
    if letter in "da" and length > 2:
        name = _DAYS[moment.weekday()]
        return name[:3] if length == 3 else name
    if letter == "s":
        fraction = text.partition(".")[2]
        return f"{moment.second:0{min(len(text.partition('.')[0]), 2)}}" + (
            "." + f"{moment.microsecond:06}"[: len(fraction)] if fraction else ""
        )
    number = {"m": moment.month, "d": moment.day, "h": (moment.hour % 12 or 12) if half else moment.hour}[letter]
    return f"{number:0{min(length, 2)}}"
