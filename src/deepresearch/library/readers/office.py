"""Office packages (docx, xlsx, pptx): their parts as parsed XML, whichever program wrote them.

Elements are found by their local names, so Strict Open XML is read as the usual kind; macro-enabled files are read as
those without macros (which never run), and relations that lead nowhere are passed over.
"""

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from lxml import etree

from ...errors import DocumentError
from ..documents import Block, Document
from .cell_format import shown
from .rows import about, row_blocks
from .zipped import open_zip, unpacked

_UNUSABLE = ("", "PowerPoint Presentation")  # titles that programs give by themselves


def local(element: Any) -> str:
    """The name of an element without its namespace: strict files have others than the usual kind."""
    return str(element.tag).rpartition("}")[2]


def at(element: Any, path: str) -> Any:
    """The first element at a path of local names ("rPr/vertAlign"); None where there is none, or no `element`."""
    return None if element is None else element.find("/".join("{*}" + step for step in path.split("/")))


def value(element: Any, path: str = "", name: str = "val") -> str | None:
    """An attribute by its local name, of the element at `path`; None where there is none."""
    found = at(element, path) if path else element
    attributes = {} if found is None else found.attrib
    return next((text for key, text in attributes.items() if key.rpartition("}")[2] == name), None)


def integer(text: str | None, default: int = 0) -> int:
    """A number as attributes have it; `default` where it is none."""
    try:
        return int(float(text or default))
    except (ValueError, OverflowError):
        return default


def words(element: Any, *names: str) -> str:
    """The text of all elements of these local names, "t" where none is given, on one line."""
    found = () if element is None else element.iter(*("{*}" + name for name in names or ("t",)))
    return " ".join("".join(part.text or "" for part in found).split())


class Relation(NamedTuple):
    """What a part refers to."""

    kind: str
    """The last word of its type: styles, footnotes, chart."""
    target: str
    """Name of a part that is there."""


class Package:
    """An office file, read only. A context manager."""

    def __init__(self, path: Path) -> None:
        """Raises DocumentError for what is not a bounded archive of an office program, OSError."""
        self.path = path
        self._archive = open_zip(path)
        self._names = {name.replace("\\", "/").lower(): name for name in self._archive.namelist()}
        if "[content_types].xml" not in self._names:
            self._archive.close()
            raise DocumentError(f"{path} is not an office document.", "Give the file the suffix of what it is.")
        self.data("[Content_Types].xml")

    def __enter__(self) -> "Package":
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def data(self, name: str) -> bytes:
        """A part; empty where there is none. Raises DocumentError for one that is damaged."""
        known = self._names.get(name.lower())
        if known is None:
            return b""
        data = unpacked(self._archive, known, self.path)
        if known.endswith((".xml", ".rels")) and b"<!DOCTYPE" in data.replace(b"\0", b""):
            raise DocumentError(f"{self.path} declares a document type in {known}: an attack.", "Do not use it.")
        return data

    def xml(self, name: str) -> Any:
        """A part as parsed XML; None where there is none, or where it is not sound."""
        try:
            return etree.fromstring(self.data(name), PARSER) if name.lower() in self._names else None
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
        for relation in () if root is None else root.iter("{*}Relationship"):
            target = unquote(relation.get("Target") or "")
            target = posixpath.normpath(posixpath.join(folder, target)) if target[:1] != "/" else target[1:]
            if relation.get("TargetMode") != "External" and target.lower() in self._names:
                found[relation.get("Id") or ""] = Relation((relation.get("Type") or "").rpartition("/")[2], target)
        return found

    def related(self, part: str, *kinds: str) -> Iterator[tuple[Relation, Any]]:
        """The parts of these kinds that `part` refers to, as parsed XML."""
        for relation in self.relations(part).values():
            if relation.kind in kinds and (root := self.xml(relation.target)) is not None:
                yield relation, root

    def document(self, blocks: list[Block], title: str = "") -> Document:
        """The document of these blocks, with what the file declares; `title` where it declares none."""
        root = next((root for _, root in self.related("", "core-properties")), None)
        meta = {local(child): (child.text or "").strip() for child in (() if root is None else root)}
        declared = meta.get("title", "")
        return Document(
            str(self.path),
            (declared if declared not in _UNUSABLE else title) or self.path.stem,
            about(author=meta.get("creator")) + blocks,
            date=(meta.get("modified") or meta.get("created") or "")[:10] or None,
            language=meta.get("language") or None,
        )


PARSER: Any = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, huge_tree=True
)


def drawing_blocks(
    package: Package, relations: dict[str, Relation], drawing: Any, page: int | None = None
) -> list[Block]:
    """A chart as its figures or a diagram as its texts, by the element that refers to it; none where there is none."""
    relation = relations.get(value(drawing, name="id") or value(drawing, name="dm") or "")
    root = package.xml(relation.target) if relation else None
    if root is None:
        return []
    if local(drawing) == "chart":
        return chart_blocks(root, page)
    return [Block("item", f"- {text}", page=page) for point in root.iter("{*}pt") if (text := words(point))]


def chart_blocks(root: Any, page: int | None = None) -> list[Block]:
    """A chart as its title and the figures that it is drawn from, a row for each category."""
    text = words(root.find(".//{*}chart/{*}title"), "t", "v")
    series = [
        (words(at(one, "tx"), "v", "t") or f"Series {number}", _points(one, "cat", "xVal"), _points(one, "val", "yVal"))
        for number, one in enumerate(root.iter("{*}ser"), 1)
    ]
    places = sorted({place for _, names, values in series for place in (*names, *values)})
    names = {place: name for _, found, _ in series for place, name in found.items()}
    rows = [["Category", *(name for name, _, _ in series)]]
    rows += [
        [names.get(place, str(place + 1)), *(values.get(place, "") for _, _, values in series)] for place in places
    ]
    return [Block("paragraph", text, page=page)] * bool(text) + row_blocks(rows, page)


def _points(series: Any, *names: str) -> dict[int, str]:
    """Values of a series by place, as they are cached beside the chart and as it shows them."""
    holder = next((found for name in names if (found := at(series, name)) is not None), None)
    points = () if holder is None else holder.iter("{*}pt")
    code = "" if holder is None else holder.findtext(".//{*}formatCode") or ""
    return {
        integer(point.get("idx")): _figure(words(point, "v", "t"), point.get("formatCode") or code) for point in points
    }


def _figure(text: str, code: str) -> str:
    try:
        return shown(float(text), code)
    except ValueError:  # the name of a category
        return text
