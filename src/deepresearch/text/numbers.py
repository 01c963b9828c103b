"""Numbers in English and Chinese text with what they count."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

from .characters import HAN, normalise
from .terms import stem


@dataclass(frozen=True)
class Quantity:
    value: float
    """In the unit to which `unit` was converted."""
    step: float
    """Unit of the last digit given: 0.1 million is 100 000, and so is the step of 3.2 million."""
    unit: str
    """%, a currency, a unit of measure, or the stem of the word counted; "" where there is none."""
    start: int
    end: int
    until: int
    """Positions in the normalised text: of the number, and of the end of the word that it counts."""
    about: bool = False
    """Said to be approximate."""
    bound: int = 0
    """1: more than this; -1: less than this."""
    ordinal: bool = False
    spelt: bool = False
    """In words, not in figures."""
    factor: float = 1.0
    """By which value and step were converted."""

    @property
    def bare(self) -> "Quantity":
        """The number alone, as it was given."""
        return replace(self, value=self.value / self.factor, step=self.step / self.factor, unit="", factor=1.0)


_UNITS = tomllib.loads(files(__package__).joinpath("units.toml").read_text(encoding="utf-8"))
_SCALES: dict[str, float] = _UNITS["scales"]
_ONES: dict[str, float] = _UNITS["ones"]
_ORDINALS: dict[str, float] = _UNITS["ordinals"]
_CURRENCIES: dict[str, str] = _UNITS["currencies"]
_MEASURES: dict[str, tuple[str, float]] = {name: (unit, factor) for name, (unit, factor) in _UNITS["measures"].items()}
MEASURED = frozenset([*_CURRENCIES.values(), *(unit for unit, _ in _MEASURES.values()), "%"])
"""Units of numbers that do not count things."""
_HAN_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}

_BY_STEM = {stem(name): base for name, base in _MEASURES.items() if len(name) > 3 and name.isascii()}

_SCALE = (
    "百万|千万|万亿|十亿|[百千万萬亿億]"
    "|(?:hundred|thousand|million|billion|trillion|lakh|crore|dozen|mn|bn|tn)\\b|[kKMB](?![A-Za-z])"
)
_FIGURES = re.compile(
    r"(?:(?P<money>(?:US|A|C|HK)?\$|[€£¥₹]|\b(?:USD|EUR|GBP|RMB|CNY)\s?)"
    r"|(?<![A-Za-z\d_^])(?<![\d^A-Za-z]\.)(?<![A-Za-z^]-)(?P<minus>-(?=\d))?)"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?!\d)"
    r"(?:\^\{?(?P<raised>[-+]?\d{1,3})\}?|\s?[×x*·]\s?10\^\{?(?P<power>[-+]?\d{1,3})\}?"
    r"|[eE](?P<exponent>[-+]?\d{1,3})(?![A-Za-z\d]))?"
    rf"(?P<ordinal>st\b|nd\b|rd\b|th\b)?(?:[\s-]?(?P<scale>{_SCALE}|(?(money)[mb](?![A-Za-z])|(?!))))?(?P<more>[多余])?"
)
_HAN_NUMBER = re.compile(
    r"(?P<first>第)?(?P<share>百分之)?(?P<number>[零〇一二两兩三四五六七八九十百千万萬亿億]+)"
    r"(?:点(?P<rest>[零一二三四五六七八九]+))?(?P<more>多|余)?"
)
_NUMERAL = "|".join(sorted([*_ONES, "hundred", "thousand", "million", "billion", "trillion", "dozen"], key=len)[::-1])
_SPELT = re.compile(
    rf"\b(?:an?\s(?=hundred|thousand|million|billion|trillion|dozen))?(?:{_NUMERAL})"
    rf"(?:(?:[\s-]|(?<=hundred)\sand\s|(?<=thousand)\sand\s|(?<=million)\sand\s)(?:{_NUMERAL}))*\b",
    re.IGNORECASE,
)
_ORDINAL = re.compile(rf"\b(?:{'|'.join(_ORDINALS)})\b", re.IGNORECASE)
_UNIT = re.compile(
    r"[\s-]?(?P<percent>%|percentage points?\b|per cent\b|percent\b|pct\b|个百分点|pp\b|％)"
    r"|[\s-]?(?P<degree>°\s?[CF]|℃|degrees?\b)"
    r"|[\s-]?(?P<han>平方公里|平方米|立方米|个百分点|美元|欧元|英镑|日元|港元|人民币|公里|千米|厘米|毫米|英里|公斤"
    rf"|千克|分钟|小时|星期|个月|世纪|公顷|[{HAN}])"
    r"|[\s-](?P<word>[A-Za-zμ]+)|(?P<tight>[A-Za-zμ]{1,4})\b"
)
_ABOUT = re.compile(
    r"(?:about|around|roughly|approximately|approx\.?|nearly|almost|some|circa|ca\.|close to|an estimated|~|≈"
    r"|大约|约|近|将近|接近|大概|左右)\s*(?:US)?[$€£¥]?$",
    re.IGNORECASE,
)
_ABOUT_AFTER = re.compile(r"\s*(?:[^\W\d]{0,4}(?:左右|上下)|or so\b)")
_MORE = re.compile(
    r"(?:more than|over|above|at least|exceed(?:s|ed|ing)?|upwards of|超过|逾|高于|至少|多于|不少于|突破|>)"
    r"\s*(?:US)?[$€£¥]?$",
    re.IGNORECASE,
)
_LESS = re.compile(
    r"(?:less than|fewer than|under|below|at most|up to|no more than|不到|低于|不足|少于|至多|最多|<)"
    r"\s*(?:US)?[$€£¥]?$",
    re.IGNORECASE,
)
_SKIP = frozenset("of the and or to in on at for a an is was were are by from with as per than that which".split())


@lru_cache(maxsize=4096)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The numbers of `text` in order; their positions are those in `normalise(text)`."""
    text = normalise(text)
    found: list[Quantity] = []
    for quantity in [*_in_figures(text), *_in_words(text), *_in_chinese(text)]:
        if all(quantity.end <= other.start or quantity.start >= other.end for other in found):
            found.append(quantity)
    return tuple(sorted(found, key=lambda q: q.start))


def _in_figures(text: str) -> Iterator[Quantity]:
    matches = list(_FIGURES.finditer(text))
    taken = 0
    for number, match in enumerate(matches):
        if match.start() < taken:
            continue
        value, step = _value(text, match)
        last = match
        for following in matches[number + 1 :]:  # 1亿2000万
            if not _continues(last, following):
                break
            more, step = _value(text, following)
            value += more
            last = following
        taken = last.end()
        money = (match["money"] or "").strip().casefold()
        plenty = bool(last["more"])
        yield _made(text, match.start(), taken, value, step, money, bool(match["ordinal"]), more=plenty)


def _value(text: str, match: re.Match[str]) -> tuple[float, float]:
    """Value and step of a number in figures."""
    digits = match["digits"].replace(",", "")
    scale = _scale(match["scale"]) * 10.0 ** _exponent(match)
    if match["raised"] and digits == "10":
        digits = "1"
    at = match.start("minus")
    before = text[max(at - 1, 0) : at] if match["minus"] else "-"  # else the dash of a range or a compound
    value = float(digits) * scale * (-1 if before in ("", " ", "(", "[") else 1)
    step = scale * 10.0 ** -len(digits.partition(".")[2])
    if "." not in digits and len(digits.rstrip("0")) < len(digits) and float(digits):
        step = scale * 10.0 ** (len(digits) - len(digits.rstrip("0")))
    return value, step


def _exponent(match: re.Match[str]) -> int:
    """The power of ten that multiplies the digits. Raised figures after any other number than 10 mark a note."""
    raised = match["raised"] if match["digits"] == "10" else None
    return max(-300, min(200, int(match["power"] or match["exponent"] or raised or 0)))


def _continues(match: re.Match[str], following: re.Match[str]) -> bool:
    """Whether two numbers side by side are one, as in 1亿2000万."""
    scales = match["scale"] or "", following["scale"] or ""
    chinese = all(scale and not scale.isascii() for scale in scales)
    return chinese and match.end() == following.start() and _scale(scales[1]) < _scale(scales[0])


def _scale(word: str | None) -> float:
    return _SCALES[word.casefold() if word.casefold() in _SCALES else word] if word else 1.0


def _in_words(text: str) -> Iterator[Quantity]:
    for match in _SPELT.finditer(text):
        for start, end, value, scale in _spelt(match.group(), match.start()):
            if value >= 2 or scale > 1:  # "one" is a pronoun more often than a number
                yield _made(text, start, end, value, scale, spelt=True)
    for match in _ORDINAL.finditer(text):
        yield _made(
            text, match.start(), match.end(), _ORDINALS[match.group().casefold()], 1.0, ordinal=True, spelt=True
        )


def _spelt(words: str, offset: int) -> Iterator[tuple[int, int, float, float]]:
    """(start, end, value, last scale) of the numbers in a run of numerals: "two thousand and five", "two, three"."""
    total = part = 0.0
    last = 1.0
    start = end = -1
    room = 10.0**15
    """What the next numeral must be below to belong to the same number."""
    for match in re.finditer(r"[a-z]+", words, re.IGNORECASE):
        word = match.group().casefold()
        if word in ("and", "a", "an"):
            start = match.start() if start < 0 else start
            continue
        scale = _SCALES.get(word, 0.0)
        one = _ONES.get(word, 0.0)
        if start >= 0 and end >= 0 and ((not scale and one >= room) or (scale and not part)):
            yield offset + start, offset + end, total + part, last
            total, part, last, start, room = 0.0, 0.0, 1.0, -1, 10.0**15
        start = match.start() if start < 0 else start
        end = match.end()
        if not scale:
            part, last = part + one, 1.0
            room = 10.0 if one >= 20 else 0.0
        elif scale == 100:
            part, last, room = (part or 1) * 100, 100.0, 100.0
        else:
            total, part, last, room = total + (part or 1) * scale, 0.0, scale, min(scale, 1000.0)
    if end >= 0:
        yield offset + start, offset + end, total + part, last


def _in_chinese(text: str) -> Iterator[Quantity]:
    for match in _HAN_NUMBER.finditer(text):
        word = match["number"]
        value = han_value(word)
        if value is None:
            continue
        value += float("0." + "".join(str(_HAN_DIGITS[c]) for c in match["rest"])) if match["rest"] else 0
        telling = match["first"] or match["share"] or match["rest"] or len(word) > 1
        unit, ordinal = "%" if match["share"] else "", bool(match["first"])
        quantity = _made(text, *match.span(), value, 1.0, unit, ordinal, spelt=True, more=bool(match["more"]))
        if telling or (value > 1 and quantity.unit in _COUNTED):
            yield quantity


_COUNTED = frozenset(
    "名 个 位 家 人 年 天 次 项 岁 倍 辆 架 艘 条 座 所 部 场 届 国 省 市 县 种 类 份 篇 月 周 米 吨 度 层 章 "
    "m kg s day month".split()
)


def han_value(word: str) -> float | None:
    """The value of a number in Chinese characters (三百二十, 一二三, 两亿); None where it is none.

    Characters without a scale are read one by one, as in years.
    """
    if all(c in _HAN_DIGITS for c in word):
        return float("".join(str(_HAN_DIGITS[c]) for c in word))
    total = section = digit = 0
    if len(word) > 2 and word[-1] in _HAN_DIGITS and _HAN_SCALES.get(word[-2], 0) >= 100:
        word += {100: "十", 1000: "百", 10**4: "千", 10**8: "千万"}[_HAN_SCALES[word[-2]]]  # 一万二 is 12,000
    for c in word:
        if c in _HAN_DIGITS:
            digit = _HAN_DIGITS[c]
        elif (scale := _HAN_SCALES[c]) >= 10**4:
            total = (total + section + digit) * scale or scale
            section = digit = 0
        else:
            section += (digit or 1) * scale
            digit = 0
    return float(total + section + digit) if word[0] not in "百千万萬亿億" else None


def _made(
    text: str,
    start: int,
    end: int,
    value: float,
    step: float,
    money: str = "",
    ordinal: bool = False,
    spelt: bool = False,
    more: bool = False,
) -> Quantity:
    before = text[max(0, start - 24) : start]
    unit, until = (_CURRENCIES.get(money, money), end) if money else _unit(text, end)
    factor = 1.0
    if unit in _MEASURES or unit in _BY_STEM:
        unit, factor = _MEASURES.get(unit) or _BY_STEM[unit]
    about = bool(_ABOUT.search(before) or _ABOUT_AFTER.match(text, until)) or more
    bound = 1 if _MORE.search(before) else -1 if _LESS.search(before) else 0
    return Quantity(value * factor, step * factor, unit, start, end, until, about, bound, ordinal, spelt, factor)


def _unit(text: str, end: int) -> tuple[str, int]:
    """What a number that ends at `end` counts, and where that word ends."""
    match = _UNIT.match(text, end)
    if match is None:
        return "", end
    if match["percent"]:
        return "%", match.end()
    if match["degree"]:
        return "°F" if "F" in match["degree"] else "°", match.end()
    word = match["han"] or match["word"] or match["tight"] or ""
    if word.casefold() in _SKIP:
        return "", end
    plain = word if word.casefold() in _MEASURES or match["han"] else stem(word)
    return _CURRENCIES.get(plain.casefold(), plain.casefold()), match.end()
