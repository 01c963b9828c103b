"""Styles and automatic numbers of Word documents: which paragraph is a heading, and which number it is shown with."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from .signs import is_symbol_font, number_text, symbols

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FORMATS = {"lowerLetter": "a", "upperLetter": "A", "lowerRoman": "i", "upperRoman": "I"}
_CHINESE = frozenset(
    ["chineseCounting", "chineseCountingThousand", "ideographDigital", "japaneseCounting", "taiwaneseCounting"]
)
_DEEPEST = 20
"""Styles that are based on each other: they may be so in a circle."""


def _value(element: Any, name: str) -> str | None:
    """The value of a property of `element`."""
    found = None if element is None else element.find(_W + name)
    return None if found is None else found.get(_W + "val", "")


class Styles:
    """The styles of a document."""

    def __init__(self, root: Any) -> None:
        styles = () if root is None else root.iter(_W + "style")
        self._by_id = {style.get(_W + "styleId") or "": style for style in styles}
        self._default = next(
            (
                s.get(_W + "styleId") or ""
                for s in self._by_id.values()
                if s.get(_W + "type") == "paragraph" and s.get(_W + "default") in ("1", "true")
            ),
            "",
        )

    def chain(self, identity: str | None) -> Iterator[Any]:
        """A style and those that it is based on, nearest first."""
        for _ in range(_DEEPEST):
            style = self._by_id.get(identity or "")
            if style is None:
                return
            yield style
            identity = _value(style, "basedOn")

    def level(self, properties: Any) -> int:
        """Of a heading, from 1; 0 of text."""
        own = _value(properties, "outlineLvl")
        if own in tuple("012345"):
            return int(own) + 1
        for style in self.chain(_value(properties, "pStyle") or self._default):
            name = (_value(style, "name") or "").lower()
            if name == "title":
                return 1
            if name.startswith("heading ") and name[8:].isdecimal():
                return min(int(name[8:]), 6)
            outline = _value(style.find(_W + "pPr"), "outlineLvl")
            if outline in tuple("012345"):
                return int(outline) + 1
        return 0

    def is_list(self, properties: Any) -> bool:
        """Whether the paragraph is an item by the name of its style."""
        style = next(self.chain(_value(properties, "pStyle")), None)
        return style is not None and (_value(style, "name") or "").startswith("List")

    def run_properties(self, properties: Any) -> list[Any]:
        """The properties that styles give a run, the nearest last."""
        styles = self.chain(_value(properties, "rStyle"))
        return [found for style in reversed(list(styles)) if (found := style.find(_W + "rPr")) is not None]

    def numbering(self, properties: Any) -> tuple[str, int] | None:
        """Number of the list and level of a paragraph, by itself or its style."""
        own = None if properties is None else properties.find(_W + "numPr")
        found = None if own is None else _value(own, "numId")
        level = None if own is None else _value(own, "ilvl")
        for style in self.chain(_value(properties, "pStyle")) if found is None or level is None else ():
            inherited = style.find(f"{_W}pPr/{_W}numPr")
            if inherited is not None:
                found = found if found is not None else _value(inherited, "numId")
                level = level if level is not None else _value(inherited, "ilvl")
        return (found, int(level) if level and level.isdecimal() else 0) if found and found != "0" else None


class Numbering:
    """The numbers of a document's lists, counted as its paragraphs come."""

    def __init__(self, root: Any, styles: Styles) -> None:
        self._styles = styles
        self._levels: dict[str, dict[int, Any]] = {}
        """Levels of a list, by its number."""
        self._starts: dict[tuple[str, int], int] = {}
        """Where a list begins again although another of its kind has gone before."""
        self._kinds: dict[str, str] = {}
        """What a list counts together with."""
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        self._begun: set[str] = set()
        if root is not None:
            self._read(root)

    def _read(self, root: Any) -> None:
        kinds = {kind.get(_W + "abstractNumId") or "": kind for kind in root.iter(_W + "abstractNum")}
        linked = {_value(kind, "styleLink"): kind for kind in kinds.values() if _value(kind, "styleLink")}
        for number in root.iter(_W + "num"):
            identity, name = number.get(_W + "numId") or "", _value(number, "abstractNumId") or ""
            kind = kinds.get(name)
            if kind is None:
                continue
            kind = linked.get(_value(kind, "numStyleLink"), kind)
            levels = {int(level.get(_W + "ilvl") or 0): level for level in kind.iter(_W + "lvl")}
            for override in number.iter(_W + "lvlOverride"):
                place = int(override.get(_W + "ilvl") or 0)
                if (own := override.find(_W + "lvl")) is not None:
                    levels[place] = own
                if (start := _value(override, "startOverride")) is not None and start.isdecimal():
                    self._starts[identity, place] = int(start)
            self._levels[identity] = levels
            self._kinds[identity] = name

    def next_mark(self, properties: Any) -> str:
        """What is shown before the next paragraph: its number, "-" for a bullet; empty for what is in no list."""
        found = self._styles.numbering(properties)
        if found is None:
            return ""
        identity, place = found
        levels = self._levels.get(identity)
        if levels is None or place not in levels:
            return "-"
        counts = self._counts[self._kinds[identity]]
        if identity not in self._begun:
            self._begun.add(identity)
            for (name, level), start in self._starts.items():
                if name == identity:
                    counts[level] = start - 1
        counts[place] = counts.get(place, self._start(levels[place]) - 1) + 1
        for deeper in [level for level in counts if level > place]:
            del counts[deeper]
        return self._shown(levels, place, counts)

    def _start(self, level: Any) -> int:
        start = _value(level, "start")
        return int(start) if start and start.lstrip("-").isdecimal() else 1

    def _shown(self, levels: dict[int, Any], place: int, counts: dict[int, int]) -> str:
        level = levels[place]
        template = _value(level, "lvlText") or ""
        kind = _value(level, "numFmt")
        if kind == "bullet":
            font = level.find(f"{_W}rPr/{_W}rFonts")
            name = "" if font is None else font.get(_W + "ascii") or ""
            sign = symbols(template, name) if is_symbol_font(name) else template
            return sign if sign in ("☐", "☑", "☒", "✓", "✗") else "-"
        if kind == "none":
            return template.strip()
        legal = level.find(_W + "isLgl") is not None
        for other in range(place + 1):
            count = counts.get(other, self._start(levels.get(other, level)))
            form = "decimal" if legal and other < place else _value(levels.get(other, level), "numFmt") or "decimal"
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
        teen = count % 100 in (11, 12, 13)
        return f"{count}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(count % 10, 'th')}"
    return _chinese(count) if form in _CHINESE and 0 < count < 100 else str(count)


def _chinese(count: int) -> str:
    digits = " 一二三四五六七八九"
    tens, ones = divmod(count, 10)
    return ((digits[tens] if tens > 1 else "") + "十" if tens else "") + (digits[ones] if ones else "")
