"""What a page shows in other ways than by its text, written into the parsed page as text, in place.

Raised and lowered text, formulas, the numbers of lists, the values of forms, labels of merged cells, the letters of
symbol fonts, descriptions of pictures: readers and extractors would drop them or join them to their neighbours.
"""

import re
from collections.abc import Callable, Collection
from typing import Any

from lxml import etree

from .formulas import formula, tex_formula
from .rows import Cell, joined_head, spread
from .signs import is_symbol_font, lowered, number_text, raised, symbols
from .text import CJK_WRAP

LONGEST_CELL = 1000
"""Characters: a table with larger cells is there for the layout."""
LONGEST_STRUCK = 200  # characters of struck-out text that is marked as such
CAPTION = 3
"""Words of a picture's description that is more than a name."""
LARGEST_TABLE = 50_000
"""Cells of a table in which merged ones are repeated."""
LONGEST_FIELD = 5000  # characters of a form field's value
_FORMULA_IMAGE = re.compile(r"math|latex|tex\b|formula|equation", re.IGNORECASE)
_CHART = re.compile(r"\b(?:chart|graph|diagram|plot|timeline|infographic)\b|图表|示意图|流程图", re.IGNORECASE)
_NOTE_CLASS = re.compile(r"reference|footnote|noteref|note-ref|\bfn\b|\bcite", re.IGNORECASE)
_TEXT_FIELDS = frozenset("text email tel url number date month week time datetime-local color range".split()) | {""}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
_FONT = re.compile(r"font-family\s*:\s*([^;,]+)", re.IGNORECASE)
_STYLES = {"decimal": "1", "lower-alpha": "a", "lower-latin": "a", "lower-roman": "i"}
_STYLES |= {"upper-alpha": "A", "upper-latin": "A", "upper-roman": "I"}
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that cannot be written into a parsed page, although one may be read from it."""


def write_signs(tree: Any) -> None:
    """Change the parsed page: everything named above becomes text."""
    for part in tree.iter():
        if part.text and part.text != (text := _cleaned(part.text)):
            part.text = text
        if part.tail and part.tail != (text := _cleaned(part.tail)):
            part.tail = text
    _formulas(tree)
    _symbol_fonts(tree)
    labelled = {label.get("for") for label in tree.iter("label", "span") if label.get("for")}
    for form in list(tree.iter("form")):
        _form(form, labelled)
    for field in list(tree.iter("input", "select", "textarea")):
        if _has_label(field, labelled):
            _write_field(field, labelled)
    steps: list[tuple[Callable[[Any], None], tuple[str, ...]]] = [
        (_raised, ("sup", "sub")),
        (_struck, ("s", "strike", "del")),
        (_ruby, ("ruby",)),
        (_number, ("ol",)),
        (_lists_in_cells, ("table",)),
        (_spans, ("table",)),
        (_image, ("img",)),
        (_figure, ("figure",)),
    ]
    for write, tags in steps:
        for element in list(tree.iter(*tags)):
            write(element)


def replace_by_text(element: Any, text: str) -> None:
    """Put `text` in the place of an element; what follows it stays."""
    parent, before = element.getparent(), element.getprevious()
    whole = _NO_XML.sub("", text) + (element.tail or "")
    if before is not None:
        before.tail = (before.tail or "") + whole
    else:
        parent.text = (parent.text or "") + whole
    element.tail = None
    parent.remove(element)


def _cleaned(text: str) -> str:
    """Without the line breaks within Chinese, which would be read as blanks, and what XML does not allow."""
    text = _NO_XML.sub("\ufffd", text)
    return CJK_WRAP.sub("", text) if "\n" in text and not text.isascii() else text


def _text(element: Any) -> str:
    return "".join(element.itertext())


def _before(element: Any) -> str:
    """The text right before an element."""
    before = element.getprevious()
    return str((before.tail if before is not None else element.getparent().text) or "")


def _raised(element: Any) -> None:
    if element.find(".//img") is not None or element.getparent() is None:
        return
    text = _text(element)
    if element.tag == "sub":
        replace_by_text(element, lowered(text))
        return
    links = [*element.iter("a"), *element.iterancestors("a")]
    named = [part.get(name) or "" for part in [element, *links] for name in ("class", "role", "epub:type")]
    local = any((link.get("href") or "").startswith("#") for link in links)
    note = bool(local or _NOTE_CLASS.search(" ".join(named)))
    replace_by_text(element, raised(text, _before(element), note))


def _formulas(tree: Any) -> None:
    for script in list(tree.iter("script")):
        if (script.get("type") or "").startswith("math/tex") and script.getparent() is not None:
            for drawn in list(script.itersiblings(preceding=True))[:2]:
                if "mathjax" in (drawn.get("class") or "").lower() and not (drawn.tail or "").strip():
                    replace_by_text(drawn, "")
            replace_by_text(script, f" {tex_formula(script.text or '')} ")
    for math in list(tree.iter("math", "{http://www.w3.org/1998/Math/MathML}math")):
        place = _outermost(math, tree)
        if place is None:
            continue
        text = formula(math)
        for beside in place.getparent().getchildren():
            if beside is not place and _shows_again(beside):
                replace_by_text(beside, "")
        replace_by_text(place, text)


def _outermost(math: Any, tree: Any) -> Any:
    """The outermost hidden element around a formula, or the formula itself; None where it is there no more."""
    around = list(math.iterancestors())
    if not around or around[-1] is not tree:
        return None
    hidden = [
        part
        for part in around
        if part.tag not in ("html", "body")
        and (_HIDDEN.search(part.get("style") or "") or "katex-mathml" in (part.get("class") or ""))
    ]
    return hidden[-1] if hidden else math


def _shows_again(element: Any) -> bool:
    """Whether an element beside a formula is its picture: an image, or the boxes that a script has drawn."""
    marks = f"{element.get('class') or ''} {element.get('src') or ''}"
    if element.tag == "img":
        return bool(_FORMULA_IMAGE.search(marks))
    return element.tag == "span" and ("katex-html" in marks or element.get("aria-hidden") == "true")


def _symbol_fonts(tree: Any) -> None:
    for element in tree.iter("font", "span"):
        named = element.get("face") or next(iter(_FONT.findall(element.get("style") or "")), "")
        font = named.split(",")[0].strip("\"' ")
        if is_symbol_font(font):
            for part in element.iter():
                part.text = symbols(part.text, font) if part.text else part.text
                if part is not element and part.tail:
                    part.tail = symbols(part.tail, font)


def _struck(element: Any) -> None:
    text = " ".join(_text(element).split())
    if text and element.getparent() is not None and len(text) <= LONGEST_STRUCK:
        replace_by_text(element, f"~~{text}~~")


def _ruby(element: Any) -> None:
    """Readings beside characters in brackets: 漢字(かんじ)."""
    for reading in list(element.iter("rt")) if element.find("rp") is None else ():
        replace_by_text(reading, f"({_text(reading).strip()})")


def _number(listing: Any) -> None:
    """The numbers of a list, written before its items."""
    items = listing.findall("li")
    declared = (_STYLES[name] for name in _STYLES if re.search(rf"{name}\b", listing.get("style") or ""))
    style = listing.get("type") or next(declared, "1")
    step = -1 if listing.get("reversed") is not None else 1
    number = _integer(listing.get("start"), len(items) if step < 0 else 1)
    if "none" in (listing.get("style") or ""):
        return
    for item in items:
        number = _integer(item.get("value"), number)
        mark = f"{number_text(number, item.get('type') or style)}. "
        inner = item if (item.text or "").strip() else next(iter(item.iterchildren("p", "div", "span")), item)
        inner.text = mark + (inner.text or "").lstrip()
        number += step


def _integer(text: str | None, default: int) -> int:
    return int(text) if text and re.fullmatch(r"-?\d{1,6}", text.strip()) else default


def _form(form: Any, labelled: Collection[str]) -> None:
    """A form with more than one value, or that is around the page, is content; others ask for something."""
    fields = [field for field in form.iter("input", "select", "textarea") if _value(field)]
    if len(fields) > 1 or any(_has_label(field, labelled) for field in fields) or len(_text(form).split()) > 100:
        if form.get("role") == "search":
            return
        form.tag = "div"
        for part in form.iter("label", "legend", "fieldset", "output"):
            part.tag = "div" if part.tag in ("legend", "fieldset") else "span"
        for field in fields:
            _write_field(field, labelled)


def _has_label(field: Any, labelled: Collection[str]) -> bool:
    """Whether a field has a label. labelled: ids of the fields that a label names."""
    if not _value(field):
        return False
    if field.get("id") in labelled:
        return True
    before = _before(field).strip() or (_text(field.getprevious()).strip() if field.getprevious() is not None else "")
    return before.endswith((":", "：")) or any(True for _ in field.iterancestors("label"))


def _value(field: Any) -> str:
    """What a field of a form shows."""
    kind = (field.get("type") or "").lower()
    if field.tag == "textarea":
        return _text(field).strip()[:LONGEST_FIELD]
    if field.tag == "select":
        chosen = [option for option in field.iter("option") if option.get("selected") is not None]
        return ", ".join(" ".join(_text(option).split()) for option in chosen)[:LONGEST_FIELD]
    if kind in ("checkbox", "radio"):
        return "☑" if field.get("checked") is not None else "☐"
    return (field.get("value") or "").strip()[:LONGEST_FIELD] if kind in _TEXT_FIELDS else ""


def _write_field(field: Any, labelled: Collection[str]) -> None:
    if field.getparent() is not None:
        value = _value(field)
        name = (
            "" if _has_label(field, labelled) or value in "☑☐" else field.get("aria-label") or field.get("title") or ""
        )
        replace_by_text(field, f" {name + ': ' if name else ''}{value} ")


def _lists_in_cells(table: Any) -> None:
    """Lists within cells of a table of data on one line: a table as Markdown has no other way."""
    if table.find(".//table") is None:
        for listing in [found for cell in table.iter("td", "th") for found in cell.iterchildren("ul", "ol")]:
            items = (" ".join(_text(item).split()) for item in listing.iter("li"))
            replace_by_text(listing, " " + "; ".join(filter(None, items)) + " ")


def _spans(table: Any) -> None:
    """A table of data whose cells cover several rows or columns, with their labels in each of them."""
    if table.find(".//table") is not None or not table.xpath("boolean(.//*[@rowspan != 1 or @colspan > 1])"):
        return
    rows = list(table.iter("tr"))
    cells = [[_cell(cell) for cell in row.iterchildren("td", "th")] for row in rows]
    if any(len(cell.text) > LONGEST_CELL for row in cells for cell in row):
        return
    found, wide = spread(cells)
    if sum(map(len, found)) > LARGEST_TABLE:
        return
    found = joined_head(found, wide)
    for row in rows:
        row.getparent().remove(row)
    for number, texts in enumerate(found):
        row = etree.SubElement(table, "tr")
        for text in texts:
            etree.SubElement(row, "th" if number == 0 else "td").text = text


def _cell(cell: Any) -> Cell:
    for line_break in cell.iter("br"):
        line_break.text = " "
    text = " ".join(_text(cell).split())
    rows = _integer(cell.get("rowspan"), 1)
    return Cell(text, rows if rows > 0 else 65_534, max(1, _integer(cell.get("colspan"), 1)))


def _image(image: Any) -> None:
    """A picture of a formula as the formula; a chart, and what is in a figure without saying so, as its description."""
    text = description(image)
    if not text or image.getparent() is None:
        return
    figure = next(image.iterancestors("figure"), None)
    if _FORMULA_IMAGE.search(f"{image.get('class') or ''} {image.get('src') or ''}"):
        replace_by_text(image, tex_formula(text))
    elif _CHART.search(text) or (
        figure is not None and len(text.split()) >= CAPTION and text not in " ".join(_text(figure).split())
    ):
        replace_by_text(image, f" [{text}] ")


def description(image: Any) -> str:
    """A picture's text alternative; empty for one that is part of a link."""
    linked = next(image.iterancestors("a"), None) is not None
    return "" if linked else " ".join((image.get("alt") or "").split())


def _figure(figure: Any) -> None:
    """A figure as a part of the text: extractors leave figures out, captions and all."""
    figure.tag = "div"
    for drawing in list(figure.iter("svg")):
        texts = (" ".join(_text(part).split()) for part in drawing.iter("title", "desc", "text"))
        if shown := "; ".join(dict.fromkeys(filter(None, texts))):
            replace_by_text(drawing, f" [{shown}] ")
    for caption in figure.iter("figcaption"):
        caption.tag = "p"
