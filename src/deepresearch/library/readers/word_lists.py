"""Styles and automatic numbers of Word documents: which paragraph is a heading, and which number it is shown with."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from .office import at, integer, value
from .signs import is_symbol_font, number_text, symbols

_FORMATS = {"lowerLetter": "a", "upperLetter": "A", "lowerRoman": "i", "upperRoman": "I"}
_CHINESE = frozenset(
    "chineseCounting chineseCountingThousand ideographDigital japaneseCounting taiwaneseCounting".split()
)
_OUTLINE = frozenset("012345")
"""Levels of headings, from the highest; what is below them is text."""
_DEEPEST = 20
"""Styles that are based on each other: they may be so in a circle."""


class Styles:
    """The styles of a document."""

    def __init__(self, root: Any) -> None:
        styles = [] if root is None else list(root.iter("{*}style"))
        self._by_id = {value(style, name="styleId") or "": style for style in styles}
        usual = (
            s for s in styles if value(s, name="type") == "paragraph" and value(s, name="default") in ("1", "true")
        )
        self._default = value(next(usual, None), name="styleId")

    def chain(self, identity: str | None) -> Iterator[Any]:
        """A style and those that it is based on, nearest first."""
        for _ in range(_DEEPEST):
            style = self._by_id.get(identity or "")
            if style is None:
                return
            yield style
            identity = value(style, "basedOn")

    def level(self, properties: Any) -> int:
        """Of a heading, from 1; 0 of text."""
        if (own := value(properties, "outlineLvl") or "") in _OUTLINE:
            return int(own) + 1
        for style in self.chain(value(properties, "pStyle") or self._default):
            name = (value(style, "name") or "").lower()
            if name == "title":
                return 1
            if name.startswith("heading ") and name[8:].isdecimal():
                return min(int(name[8:]), 6)
            if (outline := value(style, "pPr/outlineLvl") or "") in _OUTLINE:
                return int(outline) + 1
        return 0

    def is_list(self, properties: Any) -> bool:
        """Whether the paragraph is an item by the name of its style."""
        style = next(self.chain(value(properties, "pStyle")), None)
        return (value(style, "name") or "").startswith("List")

    def run_properties(self, properties: Any) -> list[Any]:
        """The properties that styles give a run, the nearest last."""
        styles = [at(style, "rPr") for style in self.chain(value(properties, "rStyle"))]
        return [found for found in reversed(styles) if found is not None]

    def numbering(self, properties: Any) -> tuple[str, int] | None:
        """Number of the list and level of a paragraph, by itself or its style."""
        sources = [at(properties, "numPr")]
        sources += [at(style, "pPr/numPr") for style in self.chain(value(properties, "pStyle"))]
        found, level = (
            next((text for source in sources if (text := value(source, name)) is not None), None)
            for name in ("numId", "ilvl")
        )
        return (found, integer(level)) if found and found != "0" else None


class Numbering:
    """The numbers of a document's lists, counted as its paragraphs come."""

    def __init__(self, root: Any, styles: Styles) -> None:
        self._styles = styles
        self._levels: dict[str, dict[int, Any]] = {}  # levels of a list, by its number
        self._starts: dict[str, dict[int, int]] = {}
        """Where the levels of a list that has not begun begin again although another of its kind has gone before."""
        self._kinds: dict[str, str] = {}  # what a list counts together with
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        if root is not None:
            self._read(root)

    def _read(self, root: Any) -> None:
        kinds = {value(kind, name="abstractNumId") or "": kind for kind in root.iter("{*}abstractNum")}
        linked = {link: kind for kind in kinds.values() if (link := value(kind, "styleLink"))}
        for number in root.iter("{*}num"):
            identity, name = value(number, name="numId") or "", value(number, "abstractNumId") or ""
            if name not in kinds:
                continue
            kind = linked.get(value(kinds[name], "numStyleLink") or "", kinds[name])
            levels = {integer(value(level, name="ilvl")): level for level in kind.iter("{*}lvl")}
            starts: dict[int, int] = {}
            for override in number.iter("{*}lvlOverride"):
                place = integer(value(override, name="ilvl"))
                if (own := at(override, "lvl")) is not None:
                    levels[place] = own
                if (start := value(override, "startOverride")) is not None:
                    starts[place] = integer(start) - 1
            self._levels[identity], self._starts[identity], self._kinds[identity] = levels, starts, name

    def next_mark(self, properties: Any) -> str:
        """What is shown before the next paragraph: its number, "-" for a bullet; empty for what is in no list."""
        found = self._styles.numbering(properties)
        if found is None:
            return ""
        identity, place = found
        levels = self._levels.get(identity, {})
        if place not in levels:
            return "-"
        counts = self._counts[self._kinds[identity]]
        counts |= self._starts.pop(identity, {})
        counts[place] = counts.get(place, integer(value(levels[place], "start"), 1) - 1) + 1
        for deeper in [level for level in counts if level > place]:
            del counts[deeper]
        return _shown(levels, place, counts)


def _shown(levels: dict[int, Any], place: int, counts: dict[int, int]) -> str:
    level = levels[place]
    template, kind = value(level, "lvlText") or "", value(level, "numFmt")
    if kind == "bullet":
        font = value(level, "rPr/rFonts", "ascii")
        sign = symbols(template, font) if is_symbol_font(font) else template
        return sign if sign in ("☐", "☑", "☒", "✓", "✗") else "-"
    if kind == "none":
        return template.strip()
    legal = at(level, "isLgl") is not None
    for other in range(place + 1):
        shown = levels.get(other, level)
        form = "decimal" if legal and other < place else value(shown, "numFmt") or "decimal"
        count = counts.get(other, integer(value(shown, "start"), 1))
        template = template.replace(f"%{other + 1}", _number(count, form))
    return template.strip() or "-"


def _number(count: int, form: str) -> str:
    if form in _FORMATS:
        return number_text(count, _FORMATS[form])
    if form == "decimalZero":
        return f"{count:02}"
    if form.startswith("decimalEnclosedCircle") and 0 < count <= 20:
        return chr(0x245F + count)
    if form == "ordinal":
        ending = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
        return f"{count}{ending}"
    if form in _CHINESE and 0 < count < 100:
        tens, ones = divmod(count, 10)
        digits = " 一二三四五六七八九"
        return (digits[tens] if tens > 1 else "") + "十" * (tens > 0) + (digits[ones] if ones else "")
    return str(count)
