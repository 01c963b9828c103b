"""Office packages (docx, xlsx, pptx): their parts as parsed XML, whichever program wrote them.

Strict Open XML is read as the usual kind, macro-enabled files as those without macros (which never run), and relations
that lead nowhere are passed over.
"""

import posixpath
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from lxml import etree

from ...errors import DocumentError
from ..documents import Block
from .cell_format import shown
from .rows import row_blocks
from .zipped import open_zip, unpacked

_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
_STRICT_NAMES = (
    (b"/2006/extendedProperties", b"/2006/extended-properties"),
    (b"/2006/customProperties", b"/2006/custom-properties"),
)
_RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CORE = "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}"
_TERMS = "{http://purl.org/dc/terms/}"


class Relation(NamedTuple):
    """What a part refers to."""

    kind: str
    """The last word of its type: styles, footnotes, chart."""
    target: str
    """Name of a part that is there."""


class Package:
    """An office file, read only. A context manager."""

    def __init__(self, path: Path) -> None:
        """Raises DocumentError for what is no bounded archive of an office program, OSError."""
        self.path = path
        self._archive = open_zip(path)
        self._names = {name.replace("\\", "/").lower(): name for name in self._archive.namelist()}
        if "[content_types].xml" not in self._names:
            self._archive.close()
            raise DocumentError(f"{path} is no office document.", "Give the file the suffix of what it is.")
        self.data("[Content_Types].xml")

    def __enter__(self) -> "Package":
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def data(self, name: str) -> bytes:
        """A part, in the usual namespaces; empty where there is none. Raises DocumentError for one that is damaged."""
        known = self._names.get(name.lower())
        if known is None:
            return b""
        data = unpacked(self._archive, known, self.path)
        if not known.endswith((".xml", ".rels")):
            return data
        if b"<!DOCTYPE" in data.replace(b"\0", b""):
            raise DocumentError(f"{self.path} declares a document type in {known}: an attack.", "Do not use it.")
        if b"purl.oclc.org/ooxml" in data:
            data = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/", data)
            for strict, usual in _STRICT_NAMES:
                data = data.replace(strict, usual)
        return data

    def xml(self, name: str) -> Any:
        """A part as parsed XML; None where there is none, or where it is not sound."""
        try:
            return etree.fromstring(self.data(name), _parser()) if name.lower() in self._names else None
        except etree.XMLSyntaxError:
            return None

    def main(self, kind: str) -> str:
        """The name of the part that everything begins with. kind: the one it has by custom, "word/document.xml".

        Raises DocumentError where there is none.
        """
        found = [relation.target for relation in self.relations("").values() if relation.kind == "officeDocument"]
        for name in [*found, kind]:
            if self.xml(name) is not None:
                return name
        raise DocumentError(
            f"{self.path} is damaged: it has no {kind}.", "Open it in the program that made it and save it again."
        )

    def relations(self, part: str) -> dict[str, Relation]:
        """What a part refers to, by the id of the relation; the package itself where `part` is empty."""
        folder, name = posixpath.split(part)
        root = self.xml(posixpath.join(folder, "_rels", name + ".rels"))
        found: dict[str, Relation] = {}
        for relation in () if root is None else root.iter(_RELATIONS + "Relationship"):
            target = unquote(relation.get("Target") or "")
            target = posixpath.normpath(posixpath.join(folder, target)) if target[:1] != "/" else target[1:]
            if relation.get("TargetMode") != "External" and target.lower() in self._names:
                found[relation.get("Id") or ""] = Relation((relation.get("Type") or "").rpartition("/")[2], target)
        return found

    def related(self, part: str, kind: str) -> Any:
        """The first part of that kind that `part` refers to, as parsed XML, or None."""
        return next((self.xml(found.target) for found in self.relations(part).values() if found.kind == kind), None)

    def about(self) -> dict[str, str]:
        """title, author, date and language, as far as they are declared; others are empty."""
        root = self.related("", "core-properties")
        names = {"title": _DC + "title", "author": _DC + "creator", "language": _DC + "language"}
        dates = [_TERMS + "modified", _TERMS + "created"]
        text = (
            {}
            if root is None
            else {child.tag: (child.text or "").strip() for child in root if isinstance(child.tag, str)}
        )
        found = {name: text.get(tag, "") for name, tag in names.items()}
        return {**found, "date": next((text[tag][:10] for tag in dates if text.get(tag)), "")}


def _parser() -> Any:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, huge_tree=True
    )


def chart_blocks(root: Any, page: int | None = None) -> list[Block]:
    """A chart as its title and the figures that it is drawn from, a row for each category."""
    title = root.find(".//{*}chart/{*}title")
    blocks = []
    if title is not None and (
        text := " ".join("".join(part.text or "" for part in title.iter("{*}t", "{*}v")).split())
    ):
        blocks.append(Block("paragraph", text, page=page))
    series = [
        (_words(one.find("{*}tx")) or f"Series {number}", _points(one, "cat", "xVal"), _points(one, "val", "yVal"))
        for number, one in enumerate(root.iter("{*}ser"), 1)
    ]
    places = sorted({place for _, names, values in series for place in (*names, *values)})
    names = {place: name for _, found, _ in series for place, name in found.items()}
    rows = [["Category", *(name for name, _, _ in series)]]
    rows += [
        [names.get(place, str(place + 1)), *(values.get(place, "") for _, _, values in series)] for place in places
    ]
    return blocks + row_blocks(rows, page)


def _points(series: Any, *names: str) -> dict[int, str]:
    """Values of a series by place, as they are cached beside the chart."""
    holder = next((found for name in names if (found := series.find("{*}" + name)) is not None), None)
    points = () if holder is None else holder.iter("{*}pt")
    code = "" if holder is None else holder.findtext(".//{*}formatCode") or ""
    return {int(point.get("idx") or 0): _figure(_words(point), point.get("formatCode") or code) for point in points}


def _words(element: Any) -> str:
    return (
        "" if element is None else " ".join(" ".join(part.text or "" for part in element.iter("{*}v", "{*}t")).split())
    )


def _figure(text: str, code: str) -> str:
    """A value as the chart shows it; names of categories stay as they are."""
    try:
        return shown(float(text), code)
    except ValueError:
        return text


def diagram_texts(root: Any) -> list[str]:
    """The texts of a diagram (SmartArt), in order."""
    texts = (" ".join("".join(part.text or "" for part in point.iter("{*}t")).split()) for point in root.iter("{*}pt"))
    return [text for text in texts if text]
