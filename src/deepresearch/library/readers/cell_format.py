"""Values of spreadsheets as their number formats show them."""

import datetime
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne

BUILT_IN = {
    **{1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??"},
    **{14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm"},
    **{21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)"},
    **{40: "#,##0.00;(#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@"},
    **{27: 'yyyy"年"m"月"', 31: 'yyyy"年"m"月"d"日"', 57: 'yyyy"年"m"月"', 58: 'm"月"d"日"'},
}
"""Formats that files name by number alone. Of dates that each country writes in its own way, the unmistakable form."""
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[\$(?P<currency>[^\]-]*)(?:-[^\]]*)?\]|\[(?P<elapsed>[hms]+)\]|\[[^\]]*\]'
    r"|(?P<general>General)|(?P<half>AM/PM|A/P|上午/下午)|(?P<exponent>E[+-]0+)|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?|e+|a{3,4})"
    r"|(?P<digits>[0#?][0#?,.]*|[.,]0+|\.)|(?P<percent>%)|(?P<text>@)|(?P<plain>.)",
    re.IGNORECASE | re.DOTALL,
)
_LITERALS = ("quoted", "escaped", "currency", "plain")
_DIVIDED = re.compile(r'(?<!\\);(?=(?:[^"]*"[^"]*")*[^"]*$)')
"""A semicolon that is in no quotation marks, between sections for positive and negative numbers, zero and text."""
_LONGEST = 255  # characters of a format, as spreadsheet programs limit it
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?[\d.]+)\]")
_TESTS = {"<": lt, ">": gt, "<=": le, ">=": ge, "=": eq, "<>": ne}
_LARGEST = 1e15  # numbers from which an exponent is used
_CODES = {
    **{"yy": "%y", "yyyy": "%Y", "e": "%Y", "mmm": "%b", "mmmm": "%B", "ddd": "%a", "dddd": "%A", "aaa": "%a"},
    **{"aaaa": "%A", "m": "%m", "d": "%d", "h": "%H", "s": "%S"},
}
"""Parts of dates as `strftime` has them."""
Token = tuple[str, str]  # Kind and text of a part of a format


def plain_number(value: float) -> str:
    """A number without a format."""
    return f"{value:.0f}" if value == int(value) and abs(value) < _LARGEST else f"{value:.15g}"


def shown(value: float, code: str, since_1904: bool = False) -> str:
    """A number as a format shows it; plainly where the format cannot be read. since_1904: how days are counted."""
    code = code if len(code) <= _LONGEST else "General"
    section, value = _section(_DIVIDED.split(code), value)
    tokens = _tokens(section)
    kinds = [kind for kind, _ in tokens]
    try:
        if "date" in kinds or "elapsed" in kinds:
            return _date(value, tokens, since_1904)
        if "general" in kinds or "digits" not in kinds:
            text = "".join(plain_number(value) if kind in ("general", "text") else text for kind, text in tokens)
            return text.strip() if code.strip() else plain_number(value)
        return _number(value, tokens, section)
    except (ValueError, OverflowError, InvalidOperation, ZeroDivisionError):
        return plain_number(value)


def shown_text(text: str, code: str) -> str:
    """A text as a format shows it."""
    sections = _DIVIDED.split(code[:_LONGEST])
    return "".join(text if kind == "text" else part for kind, part in _tokens(sections[3])) if sections[3:] else text


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
    return sections[2 if value == 0 and len(sections) > 2 else 0], value


@lru_cache(maxsize=1024)
def _tokens(section: str) -> list[Token]:
    """What the section is made of."""
    return [
        (
            "literal" if (kind := match.lastgroup) in _LITERALS or kind is None else kind,
            match[kind] if kind else " " * (match[0][0] == "_"),
        )
        for match in _TOKEN.finditer(section)
    ]


def _number(value: float, tokens: list[Token], section: str) -> str:
    kinds = [kind for kind, _ in tokens]
    number = Decimal(repr(float(value))).scaleb(2 * kinds.count("percent"))
    digits = [text for kind, text in tokens if kind == "digits"]
    if ("literal", "/") in tokens and "?" in section:
        return _fraction(number, digits, section)
    pattern = "".join(digits)
    while pattern.endswith(","):
        pattern, number = pattern[:-1], number / 1000
    whole, _, decimals = pattern.partition(".")
    if "exponent" in kinds:
        exponent = tokens[kinds.index("exponent")][1]
        mantissa, _, power = f"{number:.{len(decimals)}E}".partition("E")
        sign = "-" if power.startswith("-") else "+" if "+" in exponent else ""
        return f"{mantissa}E{sign}{power.lstrip('+-').rjust(exponent.count('0'), '0')}"
    number = number.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    left, _, right = f"{abs(number):{',' if ',' in whole else ''}f}".partition(".")
    least = decimals.count("0")
    right = right[:least] + right[least:].rstrip("0")
    left = ("" if left == "0" else left).rjust(whole.replace(",", "").count("0"), "0")
    return "-" * (number < 0) + _filled(tokens, left, ("." + right) if right or least else "")


def _filled(tokens: list[Token], left: str, right: str) -> str:
    """The literals of a format with the digits in their places; digits in several groups are filled from the right."""
    places = [place for place, (kind, _) in enumerate(tokens) if kind == "digits"]
    filled = dict.fromkeys(places, "")
    whole = [place for place in places if not tokens[place][1].startswith(".")]
    for place in reversed(whole[1:]):
        length = len(left) - len(re.sub(r"[^0#?]", "", tokens[place][1].partition(".")[0]))
        left, filled[place] = left[: max(length, 0)], left[max(length, 0) :]
    if whole:
        filled[whole[0]] = left
    filled[places[-1]] += right
    return " ".join("".join(filled.get(place, text) for place, (_, text) in enumerate(tokens)).split())


def _fraction(number: Decimal, digits: list[str], section: str) -> str:
    sign = "-" * (number < 0)
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


def _date(value: float, tokens: list[Token], since_1904: bool) -> str:
    names = [text.lower() for kind, text in tokens if kind == "date"]
    first = datetime.datetime(1904, 1, 1) if since_1904 else datetime.datetime(1899, 12, 30 if value >= 60 else 31)
    digits = 3 if any("." in name for name in names) else 0
    moment = first + datetime.timedelta(days=int(value), seconds=round((value - int(value)) * 86_400, digits))
    numeric = {"m", "mm"} & set(names) and {"d", "dd"} & set(names) and names[0][0] not in "ye"
    if numeric and not re.search("[年月日]", "".join(text for kind, text in tokens if kind == "literal")):
        clock = moment.strftime(" %H:%M") if any(name[0] == "h" for name in names) else ""
        return moment.date().isoformat() + clock  # whether day or month comes first could only be guessed
    half = any(kind == "half" for kind, _ in tokens)
    parts = []
    for place, (kind, text) in enumerate(tokens):
        if kind == "date":
            parts.append(_part(text.lower(), moment, half, _is_minute(tokens, place)))
        elif kind == "elapsed":
            unit = {"h": 3600, "m": 60, "s": 1}[text[0].lower()]
            parts.append(str(round(value * 86_400) // unit).rjust(len(text), "0"))
        elif kind != "digits":
            parts.append(f"{moment:%p}" if kind == "half" else text)
    return "".join(parts).strip()


def _is_minute(tokens: list[Token], place: int) -> bool:
    """Whether an m means minutes: it follows hours or comes before seconds."""
    around = [text[0].lower() for kind, text in tokens if kind in ("date", "elapsed")]
    number = sum(kind in ("date", "elapsed") for kind, _ in tokens[:place])
    return around[number - 1 : number] == ["h"] or around[number + 1 : number + 2] == ["s"]


def _part(text: str, moment: datetime.datetime, half: bool, minute: bool) -> str:
    name, _, fraction = text.partition(".")
    if name[0] == "y":
        name = "yyyy" if len(name) > 2 else "yy"
    code = "%M" if minute else "%I" if half and name[0] == "h" else _CODES.get(name) or _CODES[name[0]]
    found = moment.strftime(code)
    if len(name) == 5:
        found = moment.strftime("%b")[:1]  # of a month, its first letter
    if len(name) == 1 and name != "e":
        found = found.lstrip("0") or "0"
    return found + (f".{moment.microsecond:06}"[: len(fraction) + 1] if fraction else "")
